"""The worker's forward kinematics against C MuJoCo."""

from pathlib import Path

import numpy as np
import pytest
from physics.rigs import NUM_ENVS, make_rig, tumbling, varied

from gpugym_jax.config import PhysicsConfig
from gpugym_jax.robots import ROBOTS
from gpugym_jax.robots.model import load_model
from gpugym_jax.robots.scene import Scene
from isaac_backend.kinematics import link_states, make_chain
from isaac_backend.urdf import write_urdf

FIELDS = ("base_pos", "base_quat", "base_lin_vel", "base_ang_vel", "dof_pos", "dof_vel")


@pytest.mark.parametrize("name", ROBOTS)
def test_links_are_where_mujoco_has_them(name: str, tmp_path: Path) -> None:
    rig = make_rig(name, "mujoco")
    limits = [(max(low, -4.0), min(high, 4.0)) for low, high in rig.robot.dof_pos_limit]
    state = tumbling(rig.robot.__class__(**{**vars(rig.robot), "dof_pos_limit": tuple(limits)}), seed=2)
    reading = rig.read(rig.init(state, varied()))
    model = load_model(Scene(rig.robot), timestep=0.002, cfg=PhysicsConfig(), sensors=False)
    entry = write_urdf(model, rig.robot, tmp_path)
    pos, vel = link_states(make_chain(entry), *(np.asarray(getattr(reading.robot, f)) for f in FIELDS))
    assert pos.shape == (NUM_ENVS, len(rig.robot.bodies), 3)
    np.testing.assert_allclose(pos, reading.body_pos, atol=1e-5)
    np.testing.assert_allclose(vel, reading.body_vel, atol=3e-5)


def test_rows_that_are_not_finite_stay_alone(tmp_path: Path) -> None:
    robot = ROBOTS["toy"]
    model = load_model(Scene(robot), timestep=0.002, cfg=PhysicsConfig(), sensors=False)
    entry = write_urdf(model, robot, tmp_path)
    state = tumbling(robot)
    state.base_pos[1] = np.nan
    pos, _ = link_states(make_chain(entry), *(np.asarray(getattr(state, f)) for f in FIELDS))
    assert np.isnan(pos[1]).all() and np.isfinite(np.delete(pos, 1, axis=0)).all()
