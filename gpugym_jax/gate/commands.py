"""What the samplers of `mdp/commands.py` ask for at most: twins of the same names and parameters."""

from collections.abc import Callable

import numpy as np
from jaxtyping import Float
from numpy import ndarray

from gpugym_jax.bounds import Range, Share
from gpugym_jax.config import Commands, named
from gpugym_jax.tables import choose, register

Ranges = Float[ndarray, "3 2"]
"""Lowest and highest vx, vy, m/s, and yaw rate, rad/s."""
SAMPLERS: dict[str, Callable[..., Ranges]] = {}
sampler = register(SAMPLERS)


@sampler
def uniform(cfg: Commands) -> Ranges:
    """The configured ranges."""
    return np.array([cfg.lin_vel_x, cfg.lin_vel_y, cfg.ang_vel_yaw], float)


@sampler
def curriculum(cfg: Commands, *, first_share: Share = 0.25, growth: Share = 0.1) -> Ranges:
    """The configured ranges: all of them at the end."""
    return uniform(cfg)


@sampler
def heading(cfg: Commands, *, range: Range = (-3.14159, 3.14159)) -> Ranges:  # noqa: A002
    """A robot may have to turn to any heading as fast as it is ever asked to: by 1 rad/s."""
    return np.array([cfg.lin_vel_x, cfg.lin_vel_y, (-1.0, 1.0)], float)


@sampler
def ends(cfg: Commands) -> Ranges:
    """From the lower to the higher of the ends and zero."""
    ranges = uniform(cfg)
    return np.stack([np.minimum(ranges[:, 0], 0.0), np.maximum(ranges[:, 1], 0.0)], -1)


def asked_ranges(cfg: Commands) -> Ranges:
    """What a task asks for at most."""
    name, params = named(cfg.sampler, "commands.sampler")
    return choose("command sampler", name, SAMPLERS, params)(cfg)
