"""Where an episode begins."""

from collections.abc import Callable, Mapping

import jax
import jax.numpy as jnp
from jaxtyping import Array, Key

from gpugym_jax.bounds import Finite, NotNegative, Range
from gpugym_jax.frames import from_rpy
from gpugym_jax.mdp.terms import naming
from gpugym_jax.robots.robot import Robot
from gpugym_jax.tables import UserError, bind_parameters, lookup, register, unknown
from gpugym_jax.types import RobotState

BEYOND = 1.0e-3
"""rad or m beyond a joint's range that a start may be, for rounding."""
RESETS: dict[str, Callable[..., RobotState]] = {}
reset = register(RESETS)


@reset
def basic(key: Key[Array, ""], robot: Robot) -> RobotState:
    """At rest in the default pose."""
    del key
    num_dofs = len(robot.dofs)
    return RobotState(
        base_pos=jnp.array([0.0, 0.0, robot.base_height]),
        base_quat=jnp.array([1.0, 0.0, 0.0, 0.0]),
        base_lin_vel=jnp.zeros(3),
        base_ang_vel=jnp.zeros(3),
        dof_pos=jnp.array(robot.default_dof_pos),
        dof_vel=jnp.zeros(num_dofs),
    )


def _around(key: Key[Array, ""], shape: int, half: float) -> Array:
    return jax.random.uniform(key, (shape,), minval=-half, maxval=half)


@reset
def range(  # noqa: A001  (gpuGym's name for it, and only a table entry)
    key: Key[Array, ""],
    robot: Robot,
    *,
    base_height: Range | None = None,
    tilt: NotNegative = 0.0,
    yaw: NotNegative = 0.0,
    lin_vel: NotNegative = 0.0,
    ang_vel: NotNegative = 0.0,
    dof_pos: dict[str, Range] | None = None,
    dof_pos_around: NotNegative = 0.0,
    dof_vel: NotNegative = 0.0,
) -> RobotState:
    """Uniform draws: base height m; roll and pitch +-tilt, yaw rad; velocities +-; joints in given ranges.

    `dof_pos` maps a joint, or the end of the names of several, to its range, rad or m; the others start
    within +-dof_pos_around of the default. A base that is fixed stays where it is.
    """
    nominal = basic(key, robot)
    k_height, k_rpy, k_lin, k_ang, k_pos, k_vel = jax.random.split(key, 6)
    home = nominal.dof_pos
    low, high = home - dof_pos_around, home + dof_pos_around
    for name, (a, b) in (dof_pos or {}).items():
        hits = [i for i, dof in enumerate(robot.dofs) if dof == name or dof.endswith("_" + name)]
        if not hits:
            raise unknown(f"joint of {robot.name}", name, robot.dofs)
        for i in hits:
            least, most = robot.dof_pos_limit[i]
            if a < least - BEYOND or b > most + BEYOND:
                raise UserError(
                    f"dof_pos of '{robot.dofs[i]}' is [{a:g}, {b:g}], beyond its range [{least:g}, {most:g}]."
                )
        low, high = low.at[jnp.array(hits)].set(a), high.at[jnp.array(hits)].set(b)
    joints = nominal.replace(
        dof_pos=jax.random.uniform(k_pos, low.shape, minval=low, maxval=high),
        dof_vel=_around(k_vel, len(robot.dofs), dof_vel),
    )
    if not robot.floating:
        return joints
    z_low, z_high = base_height or (robot.base_height, robot.base_height)
    rpy = _around(k_rpy, 3, 1.0) * jnp.array([tilt, tilt, yaw])
    return joints.replace(
        base_pos=nominal.base_pos.at[2].set(jax.random.uniform(k_height, (), minval=z_low, maxval=z_high)),
        base_quat=from_rpy(rpy),
        base_lin_vel=_around(k_lin, 3, lin_vel),
        base_ang_vel=_around(k_ang, 3, ang_vel),
    )


@reset
def scaled(
    key: Key[Array, ""], robot: Robot, *, low: Finite = 0.5, high: Finite = 1.5, vel: NotNegative = 0.5
) -> RobotState:
    """Default joint angles times U(low, high), base velocities +-vel. legged_gym, `_reset_dofs`."""
    if low > high:
        raise UserError(f"low is {low:g} and high is {high:g}.")
    nominal = basic(key, robot)
    k_pos, k_lin, k_ang = jax.random.split(key, 3)
    factor = jax.random.uniform(k_pos, nominal.dof_pos.shape, minval=low, maxval=high)
    return nominal.replace(
        dof_pos=nominal.dof_pos * factor,
        base_lin_vel=_around(k_lin, 3, vel),
        base_ang_vel=_around(k_ang, 3, vel),
    )


def make_sample_state(
    terms: Mapping[str, Mapping[str, object]], robot: Robot
) -> Callable[[Key[Array, ""]], RobotState]:
    """The reset that the configuration names: exactly one."""
    if len(terms) != 1:
        raise UserError(f"reset takes one entry, not {len(terms)}. There are: {', '.join(sorted(RESETS))}.")
    ((name, params),) = terms.items()
    sampler = lookup("reset", name, RESETS)
    bound = bind_parameters("reset", name, sampler, params)
    return naming("reset", name, lambda key: sampler(key, robot, **bound))
