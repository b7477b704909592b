"""Which robots have fallen: the exam's own rule."""

from collections.abc import Callable

import numpy as np
from jaxtyping import Bool, Float
from numpy import ndarray

from gpugym_jax.config_exam import Falls
from gpugym_jax.gate.world import State, gravity
from gpugym_jax.robots.robot import Robot

Fallen = Callable[[State, ndarray], ndarray]
"""State and forces on bodies, N `(n, body, 3)`, to flags `(n,)`."""


def touching(force: Float[ndarray, "n body 3"], above: float) -> Bool[ndarray, " n"]:
    """One of the bodies feels more than `above` N."""
    return np.max(np.linalg.norm(force, axis=-1), -1, initial=0.0) > above


def tilt(state: State) -> Float[ndarray, " n"]:
    """The base's angle from upright, rad."""
    return np.arccos(np.clip(-gravity(state)[:, 2], -1.0, 1.0))


def lost(state: State) -> Bool[ndarray, " n"]:
    """The simulator no longer knows where the robot is."""
    return ~np.all(np.isfinite(np.concatenate(list(vars(state).values()), -1)), -1)


def make_fallen(rule: Falls, robot: Robot) -> Fallen:
    """The function that says which robots have fallen."""
    if not robot.floating:
        return lambda state, force: lost(state)
    low, bodies = rule.height * robot.base_height, list(robot.body_ids(rule.bodies))

    def fallen(state: State, force: Float[ndarray, "n body 3"]) -> Bool[ndarray, " n"]:
        down = touching(force[:, bodies], rule.force) | (state.base_pos[:, 2] < low)
        return lost(state) | down | (tilt(state) > rule.tilt)

    return fallen
