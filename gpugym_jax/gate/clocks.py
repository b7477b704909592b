"""What a robot's steps keep time by, in NumPy: twins of `mdp/clocks.py`, of the same names and parameters."""

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import numpy as np
from jaxtyping import Float
from numpy import ndarray

from gpugym_jax.bounds import NotNegative, Positive
from gpugym_jax.tables import choose, register

Rng = np.random.Generator
Phase = Float[ndarray, "n ..."]
Forces = Callable[[], Float[ndarray, "n body 3"]]
"""Contact forces on the robot's bodies, N, world: read only by a clock that feels them."""


class Clock(NamedTuple):
    """The clocks of a batch of robots: a pair of functions."""

    init: Callable[[Rng, int], Phase]
    advance: Callable[[Phase, Forces, Float[ndarray, "n 3"], Rng, float], Phase]  # command, rng, dt s


CLOCKS: dict[str, Callable[..., Clock]] = {}
clock = register(CLOCKS)


@clock
def none() -> Clock:
    """No clock."""
    return Clock(lambda rng, n: np.zeros((n, 0)), lambda phase, forces, command, rng, dt: phase)


@clock
def steady(*, hz: Positive) -> Clock:
    """A phase that advances by `hz` turns a second."""

    def advance(phase: Phase, forces: Forces, command: ndarray, rng: Rng, dt: float) -> Phase:
        turns = phase / (2.0 * np.pi) + hz * dt
        return 2.0 * np.pi * (turns - np.floor(turns))

    return Clock(lambda rng, n: rng.uniform(0.0, np.pi, n), advance)


@clock
def paced(*, hz: NotNegative = 0.0, per_speed: NotNegative) -> Clock:
    """A phase that advances the faster, the faster the robot is to go."""

    def advance(phase: Phase, forces: Forces, command: ndarray, rng: Rng, dt: float) -> Phase:
        speed = np.sqrt(np.sum(command[:, :2] ** 2, -1))
        return np.mod(phase + 2.0 * np.pi * (hz + per_speed * speed) * dt, 2.0 * np.pi)

    return Clock(lambda rng, n: rng.uniform(0.0, np.pi, n), advance)


def make_clock(entry: tuple[str, Mapping[str, Any]]) -> Clock:
    """The clock of that name and parameters."""
    return choose("clock", entry[0], CLOCKS, entry[1])()
