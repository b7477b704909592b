"""The worker's simulator over the double, spoken to through its socket: what the five verbs do not show."""

import json
import os
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import mujoco
import numpy as np
import pytest
from physics.rigs import DT, config_of, no_double, standing, tumbling

from gpugym_jax.config import PhysicsConfig
from gpugym_jax.robots import ROBOTS
from gpugym_jax.robots.model import load_model
from gpugym_jax.robots.scene import Scene
from gpugym_jax.types import RobotState
from isaac_backend import protocol
from isaac_backend.connection import Connection, WorkerError
from isaac_backend.spec import make_spec

pytestmark = no_double
NUM_ENVS = 12  # as the states of the rigs
STATE = ("base_pos", "base_quat", "base_lin_vel", "base_ang_vel", "dof_pos", "dof_vel")


def connect(name: str, simulator: Path | None = None, **isaac: Any) -> Connection:
    """A worker with a robot's spec, nothing varied, its states and torques zero."""
    cfg = config_of("isaacgym/force_sensor")
    cfg = replace(cfg, isaac=replace(cfg.isaac, **isaac))
    robot = ROBOTS[name]
    model = load_model(Scene(robot), timestep=DT, cfg=cfg, sensors=False)
    spec = make_spec(robot, model, cfg, NUM_ENVS, DT, None, simulator)
    connection = Connection(cfg.isaac.python, spec, 120.0)
    connection.arena["friction"][:] = 1.0
    connection.arena["new_base_quat"][:, 0] = 1.0
    return connection


@pytest.fixture
def toy() -> Iterator[Connection]:
    connection = connect("toy")
    yield connection
    connection.close()


def put(connection: Connection, state: RobotState) -> None:
    for name in STATE:
        connection.arena["new_" + name][:] = getattr(state, name)


def write(connection: Connection, mask: np.ndarray, state: RobotState) -> None:
    put(connection, state)
    connection.arena["mask"][:] = mask
    connection.ask(protocol.WRITE)


def init(connection: Connection, state: RobotState) -> dict[str, Any]:
    put(connection, state)
    return json.loads(connection.ask(protocol.INIT))


def now(connection: Connection) -> dict[str, np.ndarray]:
    return {name: np.array(view) for name, view in connection.arena.items()}


ROW = np.arange(NUM_ENVS)


def test_says_what_it_is(toy: Connection) -> None:
    report = init(toy, standing(ROBOTS["toy"]))
    assert toy.hello["double"] is True and toy.hello["torch"]
    # depth first by joint name: not our order, so that the tests of order could fail
    assert report["dof_names"] == ["lf_hip", "lh_hip", "rf_hip", "rh_hip"]
    assert report["body_names"][:3] == ["base", "lf_leg", "lf_foot"]
    assert report["differs"] == []
    effective = report["effective"]
    assert effective["sim"]["substeps"] == 1 and effective["sim"]["gravity"] == pytest.approx([0, 0, -9.81])
    assert effective["dof"]["armature"] == pytest.approx([0.005] * 4)
    assert effective["mass"] == pytest.approx(4 + 4 * 0.3, rel=1e-6)
    assert {shape["friction"] for shape in effective["shapes"]} == {
        2.0
    }  # the average with the ground's 0 is 1


def test_one_simulation_a_process(toy: Connection) -> None:
    init(toy, standing(ROBOTS["toy"]))
    with pytest.raises(WorkerError, match="one simulation a process"):
        toy.ask(protocol.INIT)


def test_writes_between_two_steps_add_up(toy: Connection) -> None:
    """Isaac Gym would forget the rows of all but the last."""
    robot = ROBOTS["toy"]
    first, second = tumbling(robot, seed=1), tumbling(robot, seed=2)
    init(toy, standing(robot, height=2.0))
    toy.ask(protocol.STEP)
    write(toy, ROW < 4, first)
    write(toy, (ROW >= 3) & (ROW < 8), second)
    toy.ask(protocol.STEP)
    after = now(toy)
    for rows, state in ((ROW < 3, first), ((ROW >= 3) & (ROW < 8), second)):
        way = after["base_pos"][rows] - state.base_pos[rows]
        np.testing.assert_allclose(way, DT * after["base_lin_vel"][rows], atol=1e-6)
        np.testing.assert_allclose(after["dof_pos"][rows], state.dof_pos[rows], atol=0.01)
    np.testing.assert_allclose(after["base_pos"][8:, 2], 2.0, atol=1e-3)


def test_shifted_centre_of_mass(toy: Connection) -> None:
    """A step in the air is that of plain MuJoCo with the base's centre of mass shifted, and mass added."""
    robot = ROBOTS["toy"]
    state = tumbling(robot)
    shift = np.random.default_rng(0).uniform(-0.05, 0.05, (NUM_ENVS, 3)).astype(np.float32)
    added = np.linspace(-0.5, 1.0, NUM_ENVS, dtype=np.float32)
    toy.arena["base_com"][:], toy.arena["base_mass"][:] = shift, added
    init(toy, state)
    for name in STATE:
        np.testing.assert_allclose(toy.arena[name], getattr(state, name), atol=2e-6)
    for _ in range(5):
        toy.ask(protocol.STEP)
    for i in range(NUM_ENVS):
        data = mujoco_after(state, i, shift[i], float(added[i]), steps=5)
        np.testing.assert_allclose(toy.arena["base_pos"][i], data.qpos[:3], atol=1e-5)
        np.testing.assert_allclose(toy.arena["base_lin_vel"][i], data.qvel[:3], atol=2e-4)
        np.testing.assert_allclose(toy.arena["dof_vel"][i], data.qvel[6:], atol=1e-3)


def mujoco_after(state: RobotState, i: int, shift: np.ndarray, added: float, steps: int) -> mujoco.MjData:
    model = load_model(Scene(ROBOTS["toy"]), timestep=DT, cfg=PhysicsConfig(), sensors=False)
    scale = (model.body_mass[1] + added) / model.body_mass[1]
    model.body_ipos[1] += shift
    model.body_mass[1] *= scale
    model.body_inertia[1] *= scale
    data, back = mujoco.MjData(model), np.zeros(4)
    mujoco.mj_setConst(model, data)
    data.qpos[:] = np.concatenate([state.base_pos[i], state.base_quat[i], state.dof_pos[i]])
    mujoco.mju_normalize4(data.qpos[3:7])
    mujoco.mju_negQuat(back, data.qpos[3:7])
    data.qvel[:3], data.qvel[6:] = state.base_lin_vel[i], state.dof_vel[i]
    mujoco.mju_rotVecQuat(data.qvel[3:6], state.base_ang_vel[i].astype(float), back)
    for _ in range(steps):
        mujoco.mj_step(model, data)
    return data


def test_restitution_is_halved_by_the_ground(toy: Connection) -> None:
    toy.arena["restitution"][:] = 0.25
    report = init(toy, standing(ROBOTS["toy"]))
    assert {shape["restitution"] for shape in report["effective"]["shapes"]} == {0.5}


@pytest.mark.parametrize(("name", "value"), [("restitution", 0.6), ("friction", -0.1)])
def test_refuses_what_no_shape_can_have(toy: Connection, name: str, value: float) -> None:
    toy.arena[name][3] = value
    with pytest.raises(WorkerError, match=f"{name} {value:g}|with {name} {value:g}"):
        init(toy, standing(ROBOTS["toy"]))


@pytest.mark.parametrize("what", ["torque", "dof_vel", "base_quat"])
def test_what_is_not_finite_stays_with_its_row(toy: Connection, what: str) -> None:
    state = standing(ROBOTS["toy"], height=1.0)
    init(toy, state)
    toy.ask(protocol.STEP)
    if what == "torque":
        toy.arena["torque"][2, 1] = np.inf
    else:
        getattr(state, what)[2] = np.nan
        write(toy, ROW == 2, state)
        assert np.isnan(toy.arena[what][2]).all()
    for _ in range(3):
        toy.ask(protocol.STEP)
    toy.arena["torque"][:] = 0.0
    toy.ask(protocol.STEP)
    broken = now(toy)
    assert np.isnan(broken["base_pos"][2]).all() and np.isnan(broken["dof_pos"][2]).all()
    others = ROW != 2
    np.testing.assert_allclose(broken["base_lin_vel"][others, 2], -9.81 * DT * 5, rtol=1e-4)
    write(toy, ROW == 2, standing(ROBOTS["toy"], height=1.0))
    toy.ask(protocol.STEP)
    np.testing.assert_allclose(toy.arena["base_lin_vel"][2, 2], -9.81 * DT, rtol=1e-4)


def test_a_fixed_base_stays_where_the_model_has_it() -> None:
    connection = connect("pendulum")
    state = standing(ROBOTS["pendulum"]).replace(dof_pos=np.full((NUM_ENVS, 1), 1.0, np.float32))
    state = state.replace(base_pos=state.base_pos + np.float32(3.0))
    init(connection, state)
    np.testing.assert_array_equal(connection.arena["base_pos"], 0.0)
    connection.ask(protocol.STEP)
    after = now(connection)
    connection.close()
    np.testing.assert_allclose(after["base_pos"], 0.0, atol=1e-7)
    # g sin(angle) over the length's radius of gyration: 9.81 * sin 1 / (1 + 0.0267) rad/s^2
    np.testing.assert_allclose(after["dof_vel"], 9.81 * np.sin(1.0) / 1.0267 * DT, rtol=1e-4)


def test_damping_takes_speed(toy: Connection) -> None:
    """A joint's damping acts, once: as plain MuJoCo's does."""
    state = standing(ROBOTS["toy"], height=2.0)
    state.dof_vel[:] = 4.0
    init(toy, state)
    for _ in range(5):
        toy.ask(protocol.STEP)
    data = mujoco_after(state, 0, np.zeros(3), 0.0, steps=5)
    np.testing.assert_allclose(toy.arena["dof_vel"][0], data.qvel[6:], rtol=1e-4)


@pytest.mark.parametrize("headless", [True, False])
def test_pictures(headless: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where MuJoCo finds graphics: the robot is in the middle, in a picture of the size asked for."""
    monkeypatch.setenv("MUJOCO_GL", os.environ.get("MUJOCO_GL", "egl"))
    connection = connect("toy", camera=True, headless=headless)
    init(connection, standing(ROBOTS["toy"]))
    for _ in range(20):
        connection.ask(protocol.STEP)  # draws, if there is a window
    request = {"env": 1, "width": 64, "height": 48, "eye": [1.0, -1.0, 0.6], "target": [0, 0, 0.2]}
    try:
        picture = connection.ask(protocol.CAMERA, json.dumps(request).encode())
    except WorkerError as error:
        if "found no graphics" not in str(error):
            raise
        pytest.skip("MuJoCo found no graphics in the double's interpreter")
    finally:
        connection.close()
    pixels = np.frombuffer(picture, np.uint8).reshape(48, 64, 3).astype(int)
    assert np.abs(pixels[24, 32] - pixels[2, 2]).max() > 20


def test_no_picture_without_graphics(toy: Connection) -> None:
    init(toy, standing(ROBOTS["toy"]))
    with pytest.raises(WorkerError, match="no graphics: ask for a camera"):
        toy.ask(protocol.CAMERA, b"{}")


def test_keys_of_the_window() -> None:
    """V stops drawing and starts it again, ESC ends the run: a frame is 8 substeps of 2 ms."""
    connection = connect("toy", Path(__file__).with_name("at_the_window.py"), headless=False)
    init(connection, standing(ROBOTS["toy"]))
    drawn = []
    for _ in range(7):
        for _ in range(8):
            connection.ask(protocol.STEP)
        drawn.append(connection.ask(protocol.CAMERA, b"{}")[0])
    assert drawn == [1, 2, 2, 2, 2, 3, 4]
    with pytest.raises(WorkerError, match="the viewer was closed: the run ends"):
        for _ in range(8):
            connection.ask(protocol.STEP)
