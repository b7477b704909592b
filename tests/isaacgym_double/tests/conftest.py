"""The double goes onto the path before anything imports torch."""

import sys
from pathlib import Path
from typing import Iterator

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import isaacgym
from isaacgym import _world, gymapi


@pytest.fixture
def gym() -> gymapi.Gym:
    return gymapi.acquire_gym()


@pytest.fixture(autouse=True)
def one_simulation_a_test() -> Iterator[None]:
    """Strict, and with no simulation left over."""
    isaacgym.strict(True)
    isaacgym.net_contact("normal")
    yield
    for sim in list(_world._made):
        _world.destroy_sim(sim)
