"""Constants that follow from the base's mass against `mj_setConst`."""

import mujoco
import numpy as np
import pytest

from gpugym_jax.config import PhysicsConfig
from gpugym_jax.physics.set_const import constants, make_base_mass
from gpugym_jax.robots import ROBOTS
from gpugym_jax.robots.layout import make_layout
from gpugym_jax.robots.model import load_model
from gpugym_jax.robots.scene import Scene


@pytest.mark.parametrize("added", [-1.5, 0.0, 0.7, 5.0])
@pytest.mark.parametrize("name", ["toy", "mini_cheetah"])
def test_constants_follow_mj_set_const(name: str, added: float) -> None:
    model = load_model(Scene(ROBOTS[name]), timestep=0.002, cfg=PhysicsConfig(), sensors=False)
    base = make_layout(ROBOTS[name], model).base
    ours = constants(make_base_mass(model, base), np.float32(added))
    before = model.body_mass[base]
    model.body_mass[base] += added
    model.body_inertia[base] *= model.body_mass[base] / before
    mujoco.mj_setConst(model, mujoco.MjData(model))
    assert set(ours) == {"body_mass", "body_subtreemass", "body_inertia", "body_invweight0", "dof_invweight0"}
    for field, value in ours.items():
        np.testing.assert_allclose(value, getattr(model, field), rtol=1e-5, atol=1e-9, err_msg=field)
