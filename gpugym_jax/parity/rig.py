"""A physics under orders: one compiled piece a backend and robot, which all experiments share."""

# `types.py` speaks of JAX arrays; here NumPy's stand in for them.
# pyright: reportArgumentType=false, reportReturnType=false

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from flax import struct
from jaxtyping import Array, Bool, Float

from gpugym_jax.loops import compile_for, scan_for
from gpugym_jax.parity.setup import Setup
from gpugym_jax.types import Physics, Reading, RobotState, Variation


class Orders(struct.PyTreeNode):
    """What is asked of the robots in each substep."""

    target: Float[Array, "*time env dof"]  # rad or m
    hold: Float[Array, "*time env"]  # what the PD gains are multiplied by; 0 is limp
    feed: Float[Array, "*time env dof"]  # N m or N, added
    kick: Float[Array, "*time env 6"]  # m/s, rad/s, world: added to the base's velocities after the substep


class Trace(struct.PyTreeNode):
    """What was read after each substep, before any kick."""

    reading: Reading  # with a leading time axis
    torque: Float[Array, "time env dof"]  # N m, during the substep


Advance = Callable[[Any, Orders], tuple[Any, Trace]]


@dataclass(frozen=True)
class Rig:
    """A physics ready for experiments."""

    name: str
    setup: Setup
    physics: Physics
    advance: Advance  # one chunk
    kept: dict[str, Any] = field(default_factory=dict)  # rollouts that several experiments read


def make_advance(setup: Setup, physics: Physics) -> Advance:
    """The function that takes the robots through one chunk of orders."""
    kp, kd, limit = (np.asarray(x, np.float32) for x in (setup.kp, setup.kd, setup.limit))

    def torque(robot: RobotState, order: Orders) -> Float[Array, "env dof"]:
        pd = kp * (order.target - robot.dof_pos) - kd * robot.dof_vel
        return jnp.clip(order.hold[:, None] * pd + order.feed, -limit, limit)

    def kicked(robot: RobotState, kick: Float[Array, "env 6"]) -> tuple[Bool[Array, " env"], RobotState]:
        return jnp.any(kick != 0, -1), robot.replace(
            base_lin_vel=robot.base_lin_vel + kick[:, :3], base_ang_vel=robot.base_ang_vel + kick[:, 3:]
        )

    torque, kicked = jax.jit(torque), jax.jit(kicked)
    scan = scan_for(physics)

    def advance(sim: Any, orders: Orders) -> tuple[Any, Trace]:
        def substep(sim: Any, order: Orders) -> tuple[Any, Trace]:
            tau = torque(physics.read(sim).robot, order)
            sim = physics.step(sim, tau)
            reading = physics.read(sim)
            mask, robot = kicked(reading.robot, order.kick)
            return physics.write(sim, mask, robot, {}), Trace(reading, tau)

        return scan(substep, sim, orders)

    return compile_for(physics, advance)


def make_rig(name: str, setup: Setup, physics: Physics) -> Rig:
    """The rig of a physics."""
    return Rig(name, setup, physics, make_advance(setup, physics))


def variation_of(friction: Float[np.ndarray, " env"] | None) -> Variation:
    """Sliding coefficients, nominal where None."""
    return {} if friction is None else {"friction": friction}


def still(setup: Setup, seconds: float, hold: float = 1.0) -> Orders:
    """Orders to keep the default pose by `hold` times the gains, for at least so long, in whole chunks."""
    n, dofs = setup.num_envs, len(setup.robot.dofs)
    steps = setup.chunk * int(np.ceil(seconds / setup.timestep / setup.chunk - 1e-6))
    return Orders(
        target=np.tile(np.float32(setup.robot.default_dof_pos), (steps, n, 1)),
        hold=np.full((steps, n), hold, np.float32),
        feed=np.zeros((steps, n, dofs), np.float32),
        kick=np.zeros((steps, n, 6), np.float32),
    )


def clock(setup: Setup, orders: Orders) -> Float[np.ndarray, " time"]:
    """Times at the ends of the substeps, s."""
    return setup.timestep * np.arange(1, len(orders.hold) + 1)


def chunks(setup: Setup, orders: Orders) -> Iterator[Orders]:
    """The orders in pieces of one chunk."""
    for i in range(0, len(orders.hold), setup.chunk):
        yield jax.tree.map(lambda x, i=i: x[i : i + setup.chunk], orders)


def join(traces: list[Trace]) -> Trace:
    """Traces of successive chunks as one."""
    return jax.tree.map(lambda *parts: np.concatenate(parts), *traces)


def run(
    rig: Rig, start: RobotState, orders: Orders, friction: Float[np.ndarray, " env"] | None = None
) -> Trace:
    """Carry the orders out from a start."""
    sim, traces = rig.physics.init(start, variation_of(friction)), []
    for piece in chunks(rig.setup, orders):
        sim, trace = rig.advance(sim, piece)
        traces.append(jax.device_get(trace))
    return join(traces)
