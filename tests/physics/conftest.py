"""Fixtures: each robot on each backend."""

import pytest
from physics.rigs import BACKENDS, Rig, make_rig


@pytest.fixture(params=["toy", "mini_cheetah"])
def robot_name(request: pytest.FixtureRequest) -> str:
    """A robot to test on."""
    return request.param


@pytest.fixture(params=BACKENDS)
def rig(robot_name: str, request: pytest.FixtureRequest) -> Rig:
    """That robot on a backend."""
    return make_rig(robot_name, request.param)
