"""How robots differ from each other: draws, each property's from a key of its own."""

import zlib
from collections.abc import Callable

import jax
import jax.numpy as jnp
from jaxtyping import Array, Key

from gpugym_jax.config import Draw, Randomize, draws_of
from gpugym_jax.robots.robot import Robot
from gpugym_jax.robots.varied import VARIED
from gpugym_jax.tables import unknown
from gpugym_jax.types import Variation

SampleVariation = Callable[[Key[Array, ""], Key[Array, ""]], Variation]


def make_sample_variation(cfg: Randomize, robot: Robot) -> SampleVariation:
    """The function from a robot's two keys, the run's and the episode's, to what differs about it.

    A property is drawn from one of them and its name: another one beside it changes nothing.
    """
    draws = draws_of(cfg)
    for name in draws:
        if name not in VARIED:
            raise unknown("property or key in randomize", name, {*VARIED, "every", "start_step"})
    sizes = {name: VARIED[name].size(robot) for name in draws}

    def sample(run: Key[Array, ""], episode: Key[Array, ""]) -> Variation:
        keys = {name: episode if draw.every == "episode" else run for name, draw in draws.items()}
        return {name: uniform(keys[name], name, draw, sizes[name]) for name, draw in draws.items()}

    return sample


def uniform(key: Key[Array, ""], name: str, draw: Draw, size: tuple[int, ...]) -> Array:
    """A property's numbers, from a key that it shares with others."""
    return jax.random.uniform(
        jax.random.fold_in(key, zlib.crc32(name.encode())), size, jnp.float32, *draw.range
    )


def renewed(cfg: Randomize) -> frozenset[str]:
    """The properties that are drawn anew each episode."""
    return frozenset(name for name, draw in draws_of(cfg).items() if draw.every == "episode")
