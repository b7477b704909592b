"""What a robot's steps keep time by: pairs of pure functions of one robot, advanced at every substep.

Each has a twin of the same name and parameters in `gate/clocks.py`.
"""

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, Key

from gpugym_jax.bounds import NotNegative, Positive
from gpugym_jax.config import Entry, named
from gpugym_jax.functions import Clock
from gpugym_jax.mdp.terms import like, naming
from gpugym_jax.tables import choose, register
from gpugym_jax.types import Reading

CLOCKS: dict[str, Callable[..., Clock]] = {}
clock = register(CLOCKS)

Phase = Float[Array, "*clock"]


@clock
def none() -> Clock:
    """No clock: the phase has no numbers, and terms that read it are refused."""
    return Clock(lambda key: jnp.zeros(0), lambda phase, reading, command, key, dt: phase)


@clock
def steady(*, hz: Positive) -> Clock:
    """One phase, rad: plus 2 pi hz dt every dt, modulo 2 pi; it begins anywhere in [0, pi), uniformly."""

    def advance(
        phase: Phase, reading: Reading, command: Float[Array, "3"], key: Key[Array, ""], dt: float
    ) -> Phase:
        return jnp.mod(phase + 2.0 * jnp.pi * hz * dt, 2.0 * jnp.pi)

    return Clock(lambda key: jax.random.uniform(key, maxval=jnp.pi), advance)


@clock
def paced(*, hz: NotNegative = 0.0, per_speed: NotNegative) -> Clock:
    """One phase, rad: plus 2 pi (hz + per_speed |command_xy|) dt every dt, modulo 2 pi; begun as steady's.

    `per_speed` is in turns a metre.
    """

    def advance(
        phase: Phase, reading: Reading, command: Float[Array, "3"], key: Key[Array, ""], dt: float
    ) -> Phase:
        rate = hz + per_speed * jnp.linalg.norm(command[:2])
        return jnp.mod(phase + 2.0 * jnp.pi * rate * dt, 2.0 * jnp.pi)

    return Clock(lambda key: jax.random.uniform(key, maxval=jnp.pi), advance)


def make_clock(entry: Entry) -> Clock:
    """The clock that the configuration names."""
    name, params = named(entry, "clock")
    made = choose("clock", name, CLOCKS, params)()

    def advance(phase: Phase, *rest: Any) -> Phase:
        return like(phase, made.advance(phase, *rest))

    return Clock(naming("clock", name, made.init), naming("clock", name, advance))
