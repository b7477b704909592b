"""Kicks and pulls from outside."""

from collections.abc import Callable

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, Key

from gpugym_jax.config import Pushes
from gpugym_jax.types import RobotState


def make_push(cfg: Pushes) -> Callable[[Key[Array, ""], RobotState], RobotState] | None:
    """The function that kicks a robot: base velocity by U(+-lin_vel) in world x, y and U(+-ang_vel).

    None where a push changes no velocity.
    """
    if not cfg.every_s or not (cfg.lin_vel or cfg.ang_vel or cfg.mode == "set"):
        return None
    keep = 1.0 if cfg.mode == "add" else 0.0

    def push(key: Key[Array, ""], robot: RobotState) -> RobotState:
        k_lin, k_ang = jax.random.split(key)
        kick = jax.random.uniform(k_lin, (2,), minval=-cfg.lin_vel, maxval=cfg.lin_vel)
        spin = jax.random.uniform(k_ang, (3,), minval=-cfg.ang_vel, maxval=cfg.ang_vel)
        planar = keep * robot.base_lin_vel[:2] + kick
        return robot.replace(
            base_lin_vel=jnp.concatenate([planar, robot.base_lin_vel[2:]]),
            base_ang_vel=robot.base_ang_vel + spin,
        )

    return push


def make_pull(cfg: Pushes) -> Callable[[Key[Array, ""]], Float[Array, "6"]] | None:
    """The function that draws a force in world x, y and a torque; None where neither is asked for."""
    if not cfg.every_s or not (cfg.force or cfg.torque):
        return None
    half = jnp.array([cfg.force, cfg.force, 0.0, cfg.torque, cfg.torque, cfg.torque])
    return lambda key: half * jax.random.uniform(key, (6,), minval=-1.0)
