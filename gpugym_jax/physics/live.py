"""What live simulators share: a state that is one only while it is the latest."""

import numpy as np
from flax import struct
from jaxtyping import Int

from gpugym_jax.types import Reading


class LiveSim(struct.PyTreeNode):
    """The last reading, and the tick of the simulator that it is from."""

    reading: Reading
    age: Int[np.ndarray, ""]


def check_latest(sim: LiveSim, tick: int) -> None:
    """Raise `RuntimeError` unless `sim` is of the simulator's present tick."""
    if int(sim.age) != tick:
        raise RuntimeError(
            f"stale state: it is from tick {int(sim.age)}, the simulator is at tick {tick}. "
            "A live simulator can only go on from its latest state."
        )
