"""Motor models: pairs of pure functions of one robot, asked for torque at every physics substep."""

from collections.abc import Callable
from typing import Any

import jax.numpy as jnp
from jaxtyping import Array, Float

from gpugym_jax.config import Control
from gpugym_jax.mdp.actions import Targets
from gpugym_jax.robots.robot import Robot
from gpugym_jax.tables import lookup, register
from gpugym_jax.types import Actuator, Reading

ACTUATORS: dict[str, Callable[[Robot, Control], Actuator]] = {}
actuator = register(ACTUATORS)


def _gains(own: tuple[float, ...], override: float | None) -> Float[Array, " act"]:
    return jnp.array(own) if override is None else jnp.full(len(own), override)


@actuator
def pd(robot: Robot, control: Control) -> Actuator:
    """Torque kp (default + target - q) - kd qd + tau_ff, clipped. legged_gym, `_compute_torques`."""
    ids = jnp.array(robot.actuated_ids)
    kp, kd = _gains(robot.kp, control.kp), _gains(robot.kd, control.kd)
    home, limit = jnp.array(robot.default_dof_pos)[ids], jnp.array(robot.torque_limit)

    def torque(memory: tuple[()], target: Targets, reading: Reading) -> tuple[tuple[()], Array]:
        q, qd = reading.robot.dof_pos[ids], reading.robot.dof_vel[ids]
        tau = kp * (home + target.dof_pos - q) - kd * qd + target.tau_ff
        return memory, jnp.clip(tau, -limit, limit)

    return Actuator(lambda: (), torque)


@actuator
def direct(robot: Robot, control: Control) -> Actuator:
    """tau_ff alone, within the torque limits."""
    del control  # has no gains
    limit = jnp.array(robot.torque_limit)

    def torque(memory: tuple[()], target: Targets, reading: Reading) -> tuple[tuple[()], Array]:
        del reading
        return memory, jnp.clip(target.tau_ff, -limit, limit)

    return Actuator(lambda: (), torque)


def smoothed(inner: Actuator, weight: float, size: int) -> Actuator:
    """`inner` behind a moving average of the position target: weight new + (1 - weight) old, every substep.

    gpuGym, `exp_avg_alpha` (sheim/QGym e58553e, `gym/envs/base/legged_robot.py`).
    """

    def torque(memory: tuple[Array, Any], target: Targets, reading: Reading) -> tuple[Any, Array]:
        old, rest = memory
        now = weight * target.dof_pos + (1.0 - weight) * old
        rest, tau = inner.torque(rest, target.replace(dof_pos=now), reading)
        return (now, rest), tau

    return Actuator(lambda: (jnp.zeros(size), inner.init()), torque)


def make_actuator(robot: Robot, control: Control) -> Actuator:
    """The actuator that the configuration names, smoothed if it says so."""
    made = lookup("actuator", control.actuator, ACTUATORS)(robot, control)
    if control.smoothing >= 1.0:
        return made
    return smoothed(made, control.smoothing, len(robot.actuated_ids))
