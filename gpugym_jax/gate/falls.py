"""What ends an episode early: the terminations of the policy's configuration, written a second time."""

from collections.abc import Callable

import numpy as np
from jaxtyping import Bool, Float
from numpy import ndarray

from gpugym_jax.bounds import Angle, Finite, NotNegative
from gpugym_jax.config import Terms
from gpugym_jax.gate.world import State, gravity
from gpugym_jax.robots.robot import Robot
from gpugym_jax.tables import bind_parameters, lookup, register, unknown

Flags = Bool[ndarray, " n"]
FALLS: dict[str, Callable[..., Flags]] = {}
fall = register(FALLS)


@fall
def contact(
    robot: Robot, state: State, force_on: ndarray, *, bodies: tuple[str, ...], force: NotNegative = 1.0
) -> Flags:
    """One of the bodies feels more than `force` N."""
    ids = robot.body_ids(bodies)
    return np.linalg.norm(force_on[:, ids], axis=-1).max(-1) > force


@fall
def tilt(robot: Robot, state: State, force_on: ndarray, *, angle: Angle = 1.2) -> Flags:
    """The base leans more than `angle` rad from upright."""
    return np.arccos(np.clip(-gravity(state)[:, 2], -1.0, 1.0)) > angle


@fall
def height(robot: Robot, state: State, force_on: ndarray, *, below: Finite) -> Flags:
    """The base is lower than `below` m."""
    return state.base_pos[:, 2] < below


@fall
def dof_range(robot: Robot, state: State, force_on: ndarray, *, dof: str, limit: NotNegative) -> Flags:
    """A joint is further than `limit` rad (or m) from zero."""
    if dof not in robot.dofs:
        raise unknown(f"joint of {robot.name}", dof, robot.dofs)
    return np.abs(state.dof_pos[:, robot.dofs.index(dof)]) > limit


def lost(state: State) -> Flags:
    """MuJoCo no longer knows where the robot is."""
    parts = (
        state.base_pos,
        state.base_quat,
        state.base_lin_vel,
        state.base_ang_vel,
        state.dof_pos,
        state.dof_vel,
    )
    return np.isfinite(np.concatenate(parts, -1)).min(-1) == 0


def make_fallen(terms: Terms, robot: Robot) -> Callable[[State, Float[ndarray, "n body 3"]], Flags]:
    """The function that says which robots have fallen."""
    tests = []
    for name, params in terms.items():
        test = lookup("termination", name, FALLS)
        tests.append((test, bind_parameters("termination", name, test, params)))

    def fallen(state: State, force_on: Float[ndarray, "n body 3"]) -> Flags:
        return np.logical_or.reduce(
            [lost(state), *(f(robot, state, force_on, **params) for f, params in tests)]
        )

    return fallen
