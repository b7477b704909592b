"""A base that is fixed on a mount, turned twice: where it is, in every physics, in the gate and for Isaac Gym.

The mount is 0.5 m up and turned by 90 degrees about z, the base 0.2 m ahead of it and 0.1 m above, turned by
90 degrees about its x. In the world that is 0.2 m along y and 0.6 m up, with x to y, y to z and z to x.
"""

from math import inf
from pathlib import Path

import jax
import numpy as np
import pytest

from gpugym_jax.config import Config, PhysicsConfig
from gpugym_jax.gate import world
from gpugym_jax.gate.exam import exam_of
from gpugym_jax.physics import make_physics
from gpugym_jax.robots.model import load_model
from gpugym_jax.robots.robot import Robot
from gpugym_jax.robots.scene import Scene
from gpugym_jax.types import RobotState
from isaac_backend.urdf import write_urdf

PLACE, TURN = (0.0, 0.2, 0.6), (0.5, 0.5, 0.5, 0.5)
DOWN = (0.0, -1.0, 0.0)
"""Gravity in the base's axes: what is up in the world is the base's y."""
MJCF = """
<mujoco>
  <compiler angle="degree"/>
  <worldbody>
    <body name="mount" pos="0 0 0.5" euler="0 0 90">
      <body name="base" pos="0.2 0 0.1" euler="90 0 0">
        <geom type="box" size="0.05 0.05 0.05" mass="1"/>
        <body name="arm">
          <joint name="elbow" axis="0 0 1"/>
          <geom type="capsule" fromto="0 0 0 0 -0.3 0" size="0.02" mass="0.5"/>
        </body>
      </body>
    </body>
  </worldbody>
</mujoco>"""
NUM_ENVS, DT = 2, 0.002


@pytest.fixture
def robot(tmp_path: Path) -> Robot:
    (tmp_path / "mounted.xml").write_text(MJCF)
    return Robot(
        name="mounted",
        dofs=("elbow",),
        bodies=("base", "arm"),
        default_dof_pos=(0.0,),
        base_height=0.0,
        kp=(1.0,),
        kd=(0.1,),
        torque_limit=(1.0,),
        dof_vel_limit=(10.0,),
        dof_pos_limit=((-inf, inf),),
        floating=False,
        mjcf=tmp_path / "mounted.xml",
    )


def anywhere(robot: Robot) -> RobotState:
    """At the origin, as a start is written whose base stays where it is."""
    zero = np.zeros((NUM_ENVS, 3), np.float32)
    quat = zero[:, :1] + np.float32([1, 0, 0, 0])
    joints = np.zeros((NUM_ENVS, len(robot.dofs)), np.float32)
    return RobotState(zero, quat, zero, zero, joints, joints)


@pytest.mark.parametrize("backend", ["mujoco", "mjx"])
def test_a_physics_reads_it_in_the_world(robot: Robot, backend: str) -> None:
    impl = "jax" if backend == "mjx" else "auto"
    physics = make_physics(Scene(robot), PhysicsConfig(backend=backend, impl=impl), NUM_ENVS, DT, varied={})
    read = jax.jit(physics.read) if physics.traceable else physics.read
    reading = read(physics.init(anywhere(robot), {}))
    for row in range(NUM_ENVS):
        np.testing.assert_allclose(reading.robot.base_pos[row], PLACE, atol=1e-6)
        np.testing.assert_allclose(reading.robot.base_quat[row], TURN, atol=1e-6)
        np.testing.assert_allclose(reading.body_pos[row, 0], PLACE, atol=1e-6)
    assert not np.any(reading.robot.base_lin_vel) and not np.any(reading.robot.base_ang_vel)
    physics.close()


def test_the_gate_sees_it_where_training_does(robot: Robot) -> None:
    exam = exam_of(Config(robot=robot.name, physics=PhysicsConfig(backend="mujoco")), scene=Scene(robot))
    gate = world.make_world(exam, np.ones(NUM_ENVS))
    state = anywhere(robot)
    gate.place(world.State(**{name: np.asarray(x, float) for name, x in vars(state).items()}))
    seen = gate.look()
    np.testing.assert_allclose(seen.base_pos, [PLACE] * NUM_ENVS, atol=1e-9)
    np.testing.assert_allclose(seen.base_quat, [TURN] * NUM_ENVS, atol=1e-9)
    np.testing.assert_allclose(world.gravity(seen), [DOWN] * NUM_ENVS, atol=1e-9)
    assert not np.any(seen.base_lin_vel) and not np.any(seen.base_ang_vel)


def test_isaac_gym_is_told_where_it_is(robot: Robot, tmp_path: Path) -> None:
    model = load_model(Scene(robot), timestep=DT, cfg=PhysicsConfig(), sensors=False)
    base = write_urdf(model, robot, tmp_path)["links"][0]
    np.testing.assert_allclose(base["pos"], PLACE, atol=1e-9)
    np.testing.assert_allclose(base["quat"], TURN, atol=1e-9)
