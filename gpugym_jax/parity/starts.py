"""States to begin in: the same numbers on every backend."""

# `types.py` speaks of JAX arrays; here NumPy's stand in for them.
# pyright: reportArgumentType=false

from functools import cache

import jax
import numpy as np

from gpugym_jax.parity.rig import make_rig, run, still
from gpugym_jax.parity.setup import Setup
from gpugym_jax.physics.mujoco import MujocoPhysics
from gpugym_jax.types import RobotState

SETTLE_S = 2.0
"""s of holding the default pose, after which a robot stands still."""


def upright(setup: Setup, height: np.ndarray | float | None = None) -> RobotState:
    """At rest in the default pose, the base at its reset height or at `height`, m."""
    robot, n = setup.robot, setup.num_envs
    zero = np.zeros((n, 3), np.float32)
    pos = zero.copy()
    pos[:, 2] = robot.base_height if height is None else height
    return RobotState(
        base_pos=pos,
        base_quat=np.tile(np.float32([1, 0, 0, 0]), (n, 1)),
        base_lin_vel=zero,
        base_ang_vel=zero,
        dof_pos=np.tile(np.float32(robot.default_dof_pos), (n, 1)),
        dof_vel=np.zeros((n, len(robot.dofs)), np.float32),
    )


def hanging(setup: Setup) -> RobotState:
    """A fixed-base robot at rest with its last hinge half a turn from the default, where a pole hangs."""
    state = upright(setup)
    dof_pos = np.array(state.dof_pos)
    dof_pos[:, -1] += np.float32(np.pi)
    return state.replace(dof_pos=dof_pos)


@cache
def standing(setup: Setup, hold: float = 1.0) -> RobotState:
    """Standing still, held by `hold` times the gains, as C MuJoCo has it settle: common to all backends."""
    physics = MujocoPhysics(setup.scene, setup.physics, setup.num_envs, setup.timestep)
    trace = run(make_rig("mujoco", setup, physics), upright(setup), still(setup, SETTLE_S, hold))
    physics.close()
    last = jax.tree.map(lambda x: x[-1], trace.reading.robot)
    return last.replace(
        base_lin_vel=0 * last.base_lin_vel, base_ang_vel=0 * last.base_ang_vel, dof_vel=0 * last.dof_vel
    )
