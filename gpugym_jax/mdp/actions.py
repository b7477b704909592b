"""From the policy's action to targets with units."""

from collections.abc import Callable

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from gpugym_jax.config import ActionTerm
from gpugym_jax.robots.robot import Robot
from gpugym_jax.tables import UserError, repeated, unknown
from gpugym_jax.types import Targets

BLOCKS = {
    "dof_pos_target": "joint position targets as offsets from the default pose, rad",
    "tau_ff": "torques added to the actuator's own, N m",
}
ASKS = {"dof_pos_target": "dof_pos", "tau_ff": "tau_ff"}
"""Which field of `Targets` each of them fills."""


def action_size(actions: dict[str, ActionTerm], robot: Robot) -> int:
    """Width of the action: one number for each actuated joint a block."""
    return len(actions) * len(robot.actuated_ids)


def make_targets(
    actions: dict[str, ActionTerm], robot: Robot
) -> Callable[[Float[Array, " action"]], Targets]:
    """The function from an action to targets: each block is clipped, then scaled."""
    n = len(robot.actuated_ids)
    if not actions:
        raise UserError(f"actions is empty. There are: {', '.join(BLOCKS)}.")
    for name in actions:
        if name not in BLOCKS:
            raise unknown("action", name, BLOCKS)
    scales = {
        name: np.array(repeated(term.scale, n, f"actions.{name}.scale"), np.float32)
        for name, term in actions.items()
    }
    ones = jnp.ones(n)

    def targets(action: Float[Array, " action"]) -> Targets:
        values = {field: jnp.zeros(n) for field in ASKS.values()}
        for i, (name, term) in enumerate(actions.items()):
            block = action[i * n : (i + 1) * n]
            values[ASKS[name]] = jnp.clip(block, -term.clip, term.clip) * scales[name]
        return Targets(**values, stiffness=ones, damping=ones)

    return targets
