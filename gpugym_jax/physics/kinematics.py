"""Between MuJoCo's coordinates and ours, for one robot in JAX."""

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Int

from gpugym_jax.frames import rotate, rotate_inverse
from gpugym_jax.robots.layout import Layout
from gpugym_jax.types import RobotState


def from_robot(robot: RobotState, layout: Layout) -> tuple[Float[Array, " qpos"], Float[Array, " qvel"]]:
    """MuJoCo's qpos and qvel, whose free joint turns in the base frame."""
    robot = robot.replace(**{k: jnp.asarray(v, jnp.float32) for k, v in vars(robot).items()})
    qpos = reorder(robot.dof_pos, np.argsort(layout.qpos))
    qvel = reorder(robot.dof_vel, np.argsort(layout.qvel))
    if not layout.floating:
        return qpos, qvel
    turn = rotate_inverse(robot.base_quat, robot.base_ang_vel)
    return (
        jnp.concatenate([robot.base_pos, robot.base_quat, qpos]),
        jnp.concatenate([robot.base_lin_vel, turn, qvel]),
    )


def to_robot(qpos: Float[Array, " qpos"], qvel: Float[Array, " qvel"], layout: Layout) -> RobotState:
    """The inverse of `from_robot`. A fixed base is where the model has it."""
    if layout.floating:
        pos, quat, vel, turn = qpos[:3], qpos[3:7], qvel[:3], rotate(qpos[3:7], qvel[3:6])
        qpos, qvel = qpos[7:], qvel[6:]
    else:
        pos, quat = jnp.asarray(layout.base_pos, jnp.float32), jnp.asarray(layout.base_quat, jnp.float32)
        vel = turn = jnp.zeros(3, jnp.float32)
    return RobotState(
        base_pos=pos,
        base_quat=quat,
        base_lin_vel=vel,
        base_ang_vel=turn,
        dof_pos=reorder(qpos, np.argsort(np.argsort(layout.qpos))),
        dof_vel=reorder(qvel, np.argsort(np.argsort(layout.qvel))),
    )


def reorder(x: Float[Array, " dof"], order: Int[np.ndarray, " dof"]) -> Float[Array, " dof"]:
    """`x[order]`, without a gather where the order is the same."""
    return x if np.array_equal(order, np.arange(len(x))) else x[order]
