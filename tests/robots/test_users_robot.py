"""A user's MJCF, with servos, sensors, contacts and units of its own, in every physics, in the gate and on film."""

import logging
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import mujoco
import numpy as np
import pytest
from robots.menagerie import LEGS, WEIGHT, make_robot

from gpugym_jax.config import ActionTerm, Config, Control, Draw, Observations, PhysicsConfig
from gpugym_jax.config_exam import AT_REST, Gate
from gpugym_jax.env import make_env
from gpugym_jax.gate.exam import exam_of
from gpugym_jax.gate.verdict import sit
from gpugym_jax.gate.video import make_camera
from gpugym_jax.physics import make_physics
from gpugym_jax.robots.layout import make_layout
from gpugym_jax.robots.model import load_model
from gpugym_jax.robots.robot import Robot
from gpugym_jax.robots.scene import Scene
from gpugym_jax.robots.strip import take_out
from gpugym_jax.robots.varied import num_links
from gpugym_jax.types import Physics, Reading, RobotState, Variation
from tests.agents import agent_of

DT, NUM_ENVS = 0.002, 4
STANDING, SLIPPERY, PUSHED, FALLING = range(NUM_ENVS)  # what each robot does
FRICTION = np.float32([1.0, 0.1, 1.0, 1.0])
SPEED = 0.6  # m/s, of the pushed ones
CROSSED = (0.7344, -0.5, 0.0, -1.0, -0.2344, -0.5, 0.0, -1.0)
"""rad: FL and RL overlap by 1 mm. Both are mirror images: hip' = -(hip + knee)."""
BACKENDS = [
    "mujoco",
    "jax",
    pytest.param(
        "warp",
        marks=[
            pytest.mark.gpu,
            pytest.mark.skipif(jax.default_backend() != "gpu", reason="mjx/warp needs an NVIDIA GPU"),
        ],
    ),
]


class Rig(NamedTuple):
    """A physics of the robot and its compiled verbs."""

    robot: Robot
    physics: Physics
    drive: Callable[[Any, Any], Any]  # a substep with each robot's gains times a number
    read: Callable[[Any], Reading]


@pytest.fixture(scope="module")
def robot(tmp_path_factory: pytest.TempPathFactory) -> Robot:
    return make_robot(tmp_path_factory.mktemp("user"))


@pytest.fixture(scope="module", params=BACKENDS)
def rig(robot: Robot, request: pytest.FixtureRequest) -> Rig:
    live = request.param == "mujoco"
    cfg = PhysicsConfig(
        backend="mujoco" if live else "mjx", impl="auto" if live else request.param, self_collisions=True
    )
    physics = make_physics(Scene(robot), cfg, NUM_ENVS, DT, varied={"friction": Draw((0.1, 1.0), "run")})
    pose, kp, kd = (np.float32(x) for x in (robot.default_dof_pos, robot.kp, robot.kd))

    def drive(sim: Any, gain: Any) -> Any:
        now = physics.read(sim).robot
        return physics.step(sim, gain[:, None] * (kp * (pose - now.dof_pos) - kd * now.dof_vel))

    if live:
        return Rig(robot, physics, drive, physics.read)
    return Rig(robot, physics, jax.jit(drive), jax.jit(physics.read))


def start(robot: Robot, heights: Any, speeds: Any) -> RobotState:
    """At rest in the default pose but for sideways speeds."""
    zero = np.zeros((NUM_ENVS, 3), np.float32)
    return RobotState(
        base_pos=zero + np.outer(heights, [0, 0, 1]).astype(np.float32),
        base_quat=zero[:, :1] + np.float32([1, 0, 0, 0]),
        base_lin_vel=zero + np.outer(speeds, [0, 1, 0]).astype(np.float32),
        base_ang_vel=zero,
        dof_pos=np.tile(np.float32(robot.default_dof_pos), (NUM_ENVS, 1)),
        dof_vel=np.zeros((NUM_ENVS, len(robot.dofs)), np.float32),
    )


def after(rig: Rig, sim: Any, gain: Any, steps: int) -> tuple[Any, Reading]:
    for _ in range(steps):
        sim = rig.drive(sim, np.float32(gain))
    return sim, jax.tree.map(np.asarray, rig.read(sim))


def on_ground() -> Variation:
    return {"friction": FRICTION}


def test_it_stands_slides_and_falls(rig: Rig) -> None:
    height = rig.robot.base_height
    state = start(rig.robot, [height, height, height, 3.0], [0.0, SPEED, SPEED, 0.0])
    sim, reading = after(rig, rig.physics.init(state, on_ground()), [1, 1, 1, 0], 50)
    way = reading.body_pos[:, 1:, 1].mean(1)  # of the feet
    assert way[SLIPPERY] > 2 * way[PUSHED] > 0
    # no servo pulls the joints of a falling robot to its ctrl of 0, and no air brakes it
    np.testing.assert_allclose(reading.robot.dof_pos[FALLING], state.dof_pos[FALLING], atol=1e-4)
    np.testing.assert_allclose(reading.robot.base_lin_vel[FALLING, 2], -9.81 * 50 * DT, rtol=1e-3)
    assert not np.any(reading.body_force[FALLING])

    sim, reading = after(rig, sim, [1, 1, 1, 0], 450)
    foot = reading.body_force[STANDING, 1:]
    np.testing.assert_allclose(foot[:, 2].sum(), WEIGHT, rtol=0.01)
    np.testing.assert_allclose(foot[:, :2].sum(0), 0.0, atol=0.01 * WEIGHT)
    np.testing.assert_array_equal(reading.body_force[STANDING, 0], 0.0)
    # the front feet carry the front feet's share: moments about the hind feet
    x = reading.body_pos[STANDING, :, 0]
    moment = WEIGHT * (centre_of_mass(rig.robot, reading) - x[3:].mean())
    front = moment / (x[1:3].mean() - x[3:].mean())
    assert front > 0.55 * WEIGHT
    np.testing.assert_allclose(foot[:2, 2].sum(), front, rtol=0.01)
    np.testing.assert_allclose(foot[0, 2], foot[1, 2], rtol=0.05)


def centre_of_mass(robot: Robot, reading: Reading) -> float:
    """x of the standing robot's, m."""
    model = load_model(Scene(robot), timestep=DT, cfg=PhysicsConfig(), sensors=False)
    data = mujoco.MjData(model)
    state = reading.robot
    data.qpos[:] = np.concatenate([x[STANDING] for x in (state.base_pos, state.base_quat, state.dof_pos)])
    mujoco.mj_forward(model, data)
    return float(data.subtree_com[0, 0])


def test_feet_that_may_touch_push_each_other(rig: Rig) -> None:
    state = start(rig.robot, np.full(NUM_ENVS, 3.0), np.zeros(NUM_ENVS))
    state = state.replace(dof_pos=np.tile(np.float32(CROSSED), (NUM_ENVS, 1)))
    _, reading = after(rig, rig.physics.init(state, on_ground()), np.zeros(NUM_ENVS), 1)
    force = dict(zip(rig.robot.bodies, reading.body_force[0], strict=True))
    assert force["FL"][0] > 0.1
    np.testing.assert_allclose(force["RL"], -force["FL"], atol=1e-3)
    assert not np.any(force["FR"]) and not np.any(force["RR"])


def test_what_is_left_out_is_said_once(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    scene = Scene(make_robot(tmp_path))
    with caplog.at_level(logging.INFO):
        for _ in range(2):
            model = load_model(scene, timestep=DT, cfg=PhysicsConfig(), sensors=True, velocities=True)
    (line,) = (r.getMessage() for r in caplog.records)
    assert line.split(": ", 1)[1].startswith(
        "left out keyframes (1), sensors (3), actuators (8), contact pairs (1), excludes (1), "
        "geoms of the world (1), lights (1), cameras (1), numbers (1), "
        "tuples (3), skies (1);"
    )
    assert (model.nu, model.nkey, model.ncam, model.nexclude, model.nsensor) == (0, 0, 0, 0, 10)


NAMED_BY_A_TUPLE = """
<mujoco>
  <worldbody><body name="arm"><joint name="elbow"/><geom size="0.1" mass="1"/></body></worldbody>
  <actuator><motor name="motor" joint="elbow"/></actuator>
  <sensor><jointpos name="encoder" joint="elbow"/></sensor>
  <keyframe><key name="home"/></keyframe>
  <custom>
    <tuple name="drive">
      <element objtype="actuator" objname="motor"/><element objtype="sensor" objname="encoder"/>
    </tuple>
  </custom>
</mujoco>"""


def test_a_tuple_goes_with_what_it_names_and_is_not_taken_out_again() -> None:
    """Before, a handle to the tuple that was gone was deleted: MuJoCo crashed."""
    spec = mujoco.MjSpec.from_string(NAMED_BY_A_TUPLE)
    take_out(spec, Path("arm.xml"))
    model = spec.compile()
    assert (model.nu, model.nsensor, model.nkey, model.ntuple, model.njnt) == (0, 0, 0, 0, 1)


FUSED = """
<mujoco>
  <compiler fusestatic="true"/>
  <worldbody>
    <body name="trunk" pos="0 0 1">
      <freejoint/>
      <geom type="sphere" size="0.1" mass="2"/>
      <body name="shank" pos="0.2 0 0">
        <joint name="knee" axis="0 1 0"/>
        <geom type="sphere" size="0.05" mass="0.5"/>
        <body name="toe" pos="0 0 -0.2"><geom type="sphere" size="0.02" mass="0.1"/></body>
      </body>
    </body>
  </worldbody>
</mujoco>"""


def test_a_file_that_fuses_bodies_has_them_all_in_every_model(tmp_path: Path) -> None:
    """MuJoCo fuses none in a model with sensors on them, and so every physics would have another robot."""
    (tmp_path / "ρομπότ.xml").write_text(FUSED)
    one, none = (0.0,), ((-np.inf, np.inf),)
    facts: Any = {"kp": one, "kd": one, "torque_limit": one, "dof_vel_limit": one, "dof_pos_limit": none}
    robot = Robot(
        "fused",
        ("knee",),
        ("trunk", "toe"),
        one,
        1.0,
        mjcf=tmp_path / "ρομπότ.xml",
        ground_geoms=("toe",),
        **facts,
    )
    for sensors in (False, True):
        model = load_model(Scene(robot), timestep=DT, cfg=PhysicsConfig(), sensors=sensors)
        np.testing.assert_allclose(model.body_mass, [0.0, 2.0, 0.5, 0.1])
    assert num_links(robot) == 2
    assert model.body(make_layout(robot, model).body[1]).name == "toe"


def test_the_model_is_ours_where_it_must_be(robot: Robot) -> None:
    model = load_model(Scene(robot), timestep=DT, cfg=PhysicsConfig(friction=0.7), sensors=False)
    assert model.npair == len(LEGS) + 1 and not np.any(model.geom_contype | model.geom_conaffinity)
    np.testing.assert_array_equal(model.pair_dim, 3)
    np.testing.assert_allclose(model.pair_friction[:, :2], 0.7)
    np.testing.assert_allclose(model.pair_solref, [[0.02, 1.0]] * model.npair)
    np.testing.assert_array_equal(model.pair_margin, 0.0)
    assert (model.opt.cone, model.opt.impratio, model.opt.density) == (0, 1.0, 0.0)
    assert model.opt.integrator == mujoco.mjtIntegrator.mjINT_EULER
    assert model.opt.disableflags == 0 and model.stat.meaninertia != 7
    np.testing.assert_allclose(model.joint("FL_hip").range, [-np.pi / 3, np.pi / 2])
    np.testing.assert_allclose(model.body_mass.sum() * 9.81, WEIGHT)
    np.testing.assert_allclose(model.geom("floor").pos, 0.0)


def task(robot: Robot) -> Config:
    return Config(
        robot=robot.name,
        control=Control(hz=50.0, physics_hz=500.0),
        actions={"dof_pos_target": ActionTerm()},
        observations=Observations(actor=("projected_gravity", "dof_pos", "dof_vel")),
        physics=PhysicsConfig(backend="mujoco"),
        episode_s=10.0,
    )


def test_it_goes_through_the_environment(robot: Robot) -> None:
    cfg, scene = task(robot), Scene(robot)
    physics = make_physics(scene, cfg.physics, NUM_ENVS, DT, varied={})
    env = make_env(cfg, robot, physics)
    state, obs = env.reset(jax.random.key(0))
    for _ in range(50):
        state, out = env.step(state, jnp.zeros((NUM_ENVS, 8)))
    assert obs["actor"].shape == (NUM_ENVS, 3 + 8 + 8) and not np.any(out.terminated)
    height = np.asarray(physics.read(state.sim).robot.base_pos[:, 2])
    np.testing.assert_allclose(height, robot.base_height, atol=0.02)
    physics.close()


def test_it_goes_through_the_gate(robot: Robot) -> None:
    """Careful: an elliptic cone, and 100 iterations."""
    cfg = task(robot)
    cfg = replace(cfg, evaluate=Gate(episodes=2, seconds=1.0, start=AT_REST, friction=(1.0, 1.0)))
    record = sit(agent_of(cfg, robot), exam_of(cfg, scene=Scene(robot)), seed=0, calm=True)
    last = record.foot_force[-1, 0, :, 2]
    np.testing.assert_allclose(last.sum(), WEIGHT, rtol=0.01)
    assert last[:2].min() > last[2:].max(), "the front feet carry more"


def test_a_camera_follows_the_base(robot: Robot) -> None:
    model = load_model(Scene(robot), timestep=DT, cfg=PhysicsConfig(), sensors=False)
    camera = make_camera(model)
    assert camera.type == mujoco.mjtCamera.mjCAMERA_TRACKING
    assert model.body(camera.trackbodyid).name == "trunk"
    assert camera.distance == pytest.approx(1.5 * model.stat.extent) and 0.3 < model.stat.extent < 2.0
