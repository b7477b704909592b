"""Which velocity is asked of the robot."""

from collections.abc import Callable

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, Key

from gpugym_jax.config import Commands
from gpugym_jax.tables import lookup, register

Command = Float[Array, "3"]
COMMANDS: dict[str, Callable[[Key[Array, ""], Commands], Command]] = {}
command = register(COMMANDS)


@command
def uniform(key: Key[Array, ""], cfg: Commands) -> Command:
    """Uniform in each range; slow planar commands and a share of all become zero. legged_gym."""
    low, high = jnp.array([cfg.lin_vel_x, cfg.lin_vel_y, cfg.ang_vel_yaw], jnp.float32).T
    k_value, k_zero = jax.random.split(key)
    value = jax.random.uniform(k_value, (3,), minval=low, maxval=high)
    slow = jnp.linalg.norm(value[:2]) <= cfg.zero_below
    value = value * jnp.where(slow, jnp.array([0.0, 0.0, 1.0]), 1.0)
    return jnp.where(jax.random.uniform(k_zero) < cfg.zero_probability, 0.0, value)


def make_sample_command(cfg: Commands) -> Callable[[Key[Array, ""]], Command]:
    """The sampler that the configuration names."""
    sampler = lookup("command sampler", cfg.sampler, COMMANDS)
    return lambda key: sampler(key, cfg)
