"""Policies without a file, and states to begin in, for tests."""

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from gpugym_jax.config import Config
from gpugym_jax.gate import world
from gpugym_jax.policy.description import describe
from gpugym_jax.policy.file import Act, Hidden, Policy
from gpugym_jax.policy.metadata import parse
from gpugym_jax.robots import ROBOTS
from gpugym_jax.robots.robot import Robot

RNG = np.random.default_rng(3)
START = RNG.bit_generator.state


@pytest.fixture(autouse=True)
def fresh_draws() -> None:
    """Each test of a module that imports this draws the same numbers, whichever ran before it."""
    RNG.bit_generator.state = START


def agent(cfg: Config, act: Act | None = None) -> Policy:
    """A policy without a file, for one of our robots: zero, or the function given."""
    return agent_of(cfg, ROBOTS[cfg.robot], act)


def agent_of(cfg: Config, robot: Robot, act: Act | None = None) -> Policy:
    """Likewise for any robot."""
    data = describe(cfg, robot)
    contract = parse(data, "test")

    def zero(obs: np.ndarray, hidden: Hidden) -> tuple[np.ndarray, np.ndarray, Hidden]:
        nothing = np.zeros((len(obs), contract.action_size))
        return nothing, nothing, hidden

    return Policy(contract, data, act or zero, "test")


def random_state(num_dofs: int, n: int) -> world.State:
    """Robots anywhere, in any pose."""
    quat = Rotation.random(n, rng=RNG).as_quat(scalar_first=True)
    return world.State(
        *(RNG.normal(size=(n, 3)), quat, RNG.normal(size=(n, 3)), RNG.normal(size=(n, 3))),
        *(RNG.normal(size=(n, num_dofs)), RNG.normal(size=(n, num_dofs)) * 5.0),
    )
