"""The compiled models against `numbers.json`, and the robots' facts against the compiled models."""

import json
from typing import Any

import mujoco
import numpy as np
import pytest

from gpugym_jax.config import PhysicsConfig
from gpugym_jax.paths import ASSETS
from gpugym_jax.robots import ROBOTS
from gpugym_jax.robots.layout import make_layout
from gpugym_jax.robots.model import load_model
from gpugym_jax.robots.scene import Scene

SOURCED = ("cartpole", "mini_cheetah", "pendulum")
TYPES = {"revolute": mujoco.mjtJoint.mjJNT_HINGE, "prismatic": mujoco.mjtJoint.mjJNT_SLIDE}
DAMPING = {"mini_cheetah": 0.1, "cartpole": 0.0, "pendulum": 0.1}  # N m s/rad; assets/SOURCES.md


def model_of(name: str) -> mujoco.MjModel:
    return load_model(Scene(ROBOTS[name]), timestep=0.002, cfg=PhysicsConfig(), sensors=False)


def numbers_of(name: str) -> dict[str, Any]:
    return json.loads((ASSETS / "robots" / name / "numbers.json").read_text())


def bodies_of(name: str) -> list[tuple[Any, Any, dict[str, Any]]]:
    """(model, its body, the numbers of it)."""
    model = model_of(name)
    return [(model, model.body(b["name"]), b) for b in numbers_of(name)["bodies"]]


def tensor_of(body: Any) -> np.ndarray:
    """The inertia about the centre of mass in body axes."""
    rotation = np.zeros(9)
    mujoco.mju_quat2Mat(rotation, body.iquat)
    rotation = rotation.reshape(3, 3)
    return rotation @ np.diag(body.inertia) @ rotation.T


@pytest.mark.parametrize("name", SOURCED)
def test_masses_and_tensors(name: str) -> None:
    for _, body, b in bodies_of(name):
        if b["inertial"] is None:
            assert body.mass == 0
            continue
        i = b["inertial"]["inertia"]
        full = [
            [i["ixx"], i["ixy"], i["ixz"]],
            [i["ixy"], i["iyy"], i["iyz"]],
            [i["ixz"], i["iyz"], i["izz"]],
        ]
        np.testing.assert_allclose(body.mass, b["inertial"]["mass"], rtol=1e-9)
        np.testing.assert_allclose(body.ipos, b["inertial"]["com"], atol=1e-9)
        np.testing.assert_allclose(tensor_of(body), full, atol=1e-10, err_msg=b["name"])


@pytest.mark.parametrize("name", SOURCED)
def test_places(name: str) -> None:
    for model, body, b in bodies_of(name):
        assert model.body(body.parentid[0]).name == (b["parent"] or "world")
        if b["parent"]:
            np.testing.assert_allclose(body.pos, b["pos"], atol=1e-9)
            # the source's 3.141592 for pi leaves 3.3e-7 in the quaternion
            np.testing.assert_allclose(abs(body.quat @ b["quat_wxyz"]), 1.0, atol=1e-6)


@pytest.mark.parametrize("name", SOURCED)
def test_joints(name: str) -> None:
    robot = ROBOTS[name]
    for model, body, b in bodies_of(name):
        joint = b["joint"]
        if joint is None:
            continue
        j = model.joint(joint["name"])
        assert j.bodyid[0] == body.id
        assert j.type[0] == TYPES[joint["type"]]
        np.testing.assert_allclose(j.axis, joint["axis"], atol=1e-9)
        np.testing.assert_allclose(j.armature[0], joint["armature"] or 0.0)
        np.testing.assert_allclose(j.damping[0], DAMPING[name])
        assert j.frictionloss[0] == 0
        assert bool(j.limited[0]) == (joint["range"] is not None)
        if joint["range"]:
            np.testing.assert_allclose(j.range, joint["range"])
        dof = robot.dofs.index(joint["name"])
        assert robot.dof_vel_limit[dof] == joint["velocity_limit"]
        if joint["name"] in (robot.actuated or robot.dofs):
            assert robot.torque_limit[robot.actuated_ids.index(dof)] == joint["effort_limit"]


def test_mini_cheetah_collision_geometry() -> None:
    for model, body, b in bodies_of("mini_cheetah"):
        geoms = [
            model.geom(i)
            for i in range(model.ngeom)
            if model.geom_bodyid[i] == body.id and model.geom(i).name
        ]
        assert len(geoms) == len(b["collision"])
        for geom, c in zip(geoms, b["collision"], strict=True):
            assert geom.type[0] == getattr(mujoco.mjtGeom, f"mjGEOM_{c['type'].upper()}")
            np.testing.assert_allclose(geom.size[: len(c["size"])], c["size"])
            np.testing.assert_allclose(geom.pos, c["pos"], atol=1e-9)


@pytest.mark.parametrize("name", SOURCED)
def test_total_mass_and_dof_order(name: str) -> None:
    numbers, model = numbers_of(name), model_of(name)
    np.testing.assert_allclose(model.body_mass.sum(), numbers["total_mass"], rtol=1e-9)
    assert list(ROBOTS[name].dofs) == numbers["dof_order"]


@pytest.mark.parametrize("name", ROBOTS)
def test_robot_agrees_with_its_model(name: str) -> None:
    robot, model = ROBOTS[name], model_of(name)
    layout = make_layout(robot, model)
    assert len(set(layout.qvel.tolist())) == len(robot.dofs)
    for joint, limit in zip(robot.dofs, robot.dof_pos_limit, strict=True):
        j = model.joint(joint)
        np.testing.assert_allclose(j.range if j.limited[0] else (-np.inf, np.inf), limit)
    sizes = {len(robot.kp), len(robot.kd), len(robot.torque_limit), len(robot.actuated or robot.dofs)}
    assert len(sizes) == 1
    assert len(robot.default_dof_pos) == len(robot.dof_vel_limit) == len(robot.dofs)
    assert robot.body_ids(list(robot.groups))[0] == 0
    feet = {model.geom(n).type[0] for n in robot.groups.get("foot", ())}
    assert feet <= {int(mujoco.mjtGeom.mjGEOM_SPHERE)}


@pytest.mark.parametrize("name", ROBOTS)
def test_only_pairs_with_the_floor_touch(name: str) -> None:
    model = model_of(name)
    assert not model.geom_contype.any() and not model.geom_conaffinity.any()
    floor = model.geom("floor").id
    assert all(floor in (model.pair_geom1[i], model.pair_geom2[i]) for i in range(model.npair))
    assert set(model.pair_dim.tolist()) <= {3}


def test_ground_friction_and_solver_are_the_configured_ones() -> None:
    cfg = PhysicsConfig(friction=0.7, solver_iterations=3, line_search_iterations=5)
    model = load_model(Scene(ROBOTS["mini_cheetah"]), timestep=0.004, cfg=cfg, sensors=True)
    np.testing.assert_allclose(model.pair_friction[:, :2], 0.7)
    assert (model.opt.timestep, model.opt.iterations, model.opt.ls_iterations) == (0.004, 3, 5)


@pytest.mark.parametrize(("name", "height"), [("mini_cheetah", None), ("toy", 0.22)])
def test_standing_height(name: str, height: float | None) -> None:
    robot, model = ROBOTS[name], model_of(name)
    layout, data = make_layout(robot, model), mujoco.MjData(model)
    data.qpos[layout.qpos] = robot.default_dof_pos
    mujoco.mj_kinematics(model, data)
    feet = layout.geom[list(robot.body_ids(["foot"]))]
    bottom = data.geom_xpos[feet, 2] - model.geom_size[feet, 0]
    wanted = height or numbers_of(name)["standing_base_height"]
    np.testing.assert_allclose(data.qpos[2] - bottom, wanted, atol=1e-4)
    # forward to the front, left to the left, and the feet under the hips
    hips = np.array([data.body(model.body_parentid[model.geom_bodyid[f]]).xpos for f in feet])
    feet_xy = data.geom_xpos[feet, :2]
    assert (np.sign(feet_xy) == [[1, -1], [1, 1], [-1, -1], [-1, 1]]).all()
    if name == "mini_cheetah":
        assert np.abs(feet_xy[:, 0] - hips[:, 0]).max() < 0.01
