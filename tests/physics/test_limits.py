"""What a physics says when its room is used up, and after its end."""

import jax
import numpy as np
import pytest
from physics.rigs import DT, NUM_ENVS, gpu, no_gpu, settled, standing, varied

from gpugym_jax.config import PhysicsConfig
from gpugym_jax.physics import make_physics
from gpugym_jax.robots import ROBOTS
from gpugym_jax.robots.scene import Scene


@pytest.mark.parametrize("impl", ["jax", pytest.param("warp", marks=[gpu, no_gpu])])
def test_overflow_is_told(impl: str) -> None:
    """Four feet on the ground want more room than for three contacts, and the air wants none."""
    robot = ROBOTS["toy"]
    cfg = PhysicsConfig(backend="mjx", impl=impl, contacts=3)
    physics = make_physics(Scene(robot), cfg, NUM_ENVS, DT, varied={})
    torque = np.zeros((NUM_ENVS, 4), np.float32)
    overflow = jax.jit(lambda sim: physics.read(physics.step(sim, torque)).overflow)
    assert np.all(overflow(physics.init(settled("toy"), varied())))
    assert not np.any(overflow(physics.init(standing(robot, 2.0), varied())))


def test_closing_twice_is_fine_and_ends_it() -> None:
    physics = make_physics(Scene(ROBOTS["toy"]), PhysicsConfig(backend="mujoco"), NUM_ENVS, DT)
    sim = physics.init(standing(ROBOTS["toy"]), varied())
    physics.close()
    physics.close()
    with pytest.raises(RuntimeError, match="closed"):
        physics.step(sim, np.zeros((NUM_ENVS, 4), np.float32))
