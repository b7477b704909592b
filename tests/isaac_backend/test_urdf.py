"""The URDF against the MJCF that it is made from, by MuJoCo's own URDF reader."""

from pathlib import Path
from typing import Any

import mujoco
import numpy as np
import pytest

from gpugym_jax.config import PhysicsConfig
from gpugym_jax.robots import ROBOTS
from gpugym_jax.robots.model import load_model
from gpugym_jax.robots.robot import Robot
from gpugym_jax.robots.scene import Scene
from gpugym_jax.tables import UserError
from isaac_backend.urdf import write_urdf
from isaac_backend.urdf.write_xml import rpy_of

Pair = tuple[mujoco.MjModel, mujoco.MjModel, dict[str, Any]]
KEEP = '<mujoco><compiler fusestatic="false" discardvisual="true" balanceinertia="false"/></mujoco>'


def mjcf(robot: Robot) -> mujoco.MjModel:
    return load_model(Scene(robot), timestep=0.002, cfg=PhysicsConfig(), sensors=False)


def reload(entry: dict[str, Any]) -> mujoco.MjModel:
    """The URDF as MuJoCo reads it, with the armature that only the spec has and a free base if it floats."""
    text = Path(entry["urdf"]).read_text()
    spec = mujoco.MjSpec.from_string(text.replace("<link", KEEP + "<link", 1))
    if entry["floating"]:
        spec.body(entry["base"]).add_freejoint()
    for name, armature in zip(entry["dofs"], entry["dof"]["armature"], strict=True):
        spec.joint(name).armature = armature
    return spec.compile()


@pytest.fixture(params=ROBOTS)
def pair(request: pytest.FixtureRequest, tmp_path: Path) -> Pair:
    robot = ROBOTS[request.param]
    model = mjcf(robot)
    entry = write_urdf(model, robot, tmp_path)
    return model, reload(entry), entry


def posed(models: tuple[mujoco.MjModel, ...], entry: dict[str, Any], seed: int) -> list[mujoco.MjData]:
    """Both models in one random configuration."""
    rng = np.random.default_rng(seed)
    base = np.concatenate([rng.normal(size=3), rng.normal(size=4)])
    base[3:] /= np.linalg.norm(base[3:])
    angles = dict(zip(entry["dofs"], rng.uniform(-1, 1, len(entry["dofs"])), strict=True))
    posed = [mujoco.MjData(model) for model in models]
    for model, data in zip(models, posed, strict=True):
        if entry["floating"]:
            data.qpos[:7] = base
        for name, angle in angles.items():
            data.joint(name).qpos = angle
        mujoco.mj_forward(model, data)
    return posed


def mass_matrix(model: mujoco.MjModel, data: mujoco.MjData, entry: dict[str, Any]) -> np.ndarray:
    full, rows = np.zeros((model.nv, model.nv)), np.eye(model.nv)
    for i in range(model.nv):
        mujoco.mj_mulM(model, data, full[i], rows[i])
    order = list(range(6 * entry["floating"])) + [int(model.joint(n).dofadr[0]) for n in entry["dofs"]]
    return full[np.ix_(order, order)]


def place_of(model: mujoco.MjModel, data: mujoco.MjData, name: str) -> np.ndarray:
    is_body = mujoco.mj_name2id(model, mujoco.mjtObj.mjOBJ_BODY, name) >= 0
    return (data.body(name) if is_body else data.geom(name)).xpos


def moving_mass(model: mujoco.MjModel, entry: dict[str, Any]) -> float:
    """All of it, less a fixed base."""
    fixed = 0.0 if entry["floating"] else model.body(entry["base"]).mass[0]
    return float(model.body_mass.sum() - fixed)


@pytest.mark.parametrize("seed", range(3))
def test_masses_and_places_are_the_models(pair: Pair, seed: int) -> None:
    model, urdf, entry = pair
    a, b = posed((model, urdf), entry, seed)
    ours, theirs = mass_matrix(model, a, entry), mass_matrix(urdf, b, entry)
    np.testing.assert_allclose(theirs, ours, atol=1e-7, rtol=1e-7)
    np.testing.assert_allclose(moving_mass(urdf, entry), moving_mass(model, entry), rtol=1e-9)
    for name in entry["bodies"]:
        np.testing.assert_allclose(place_of(urdf, b, name), place_of(model, a, name), atol=1e-9, err_msg=name)
    if entry["floating"]:
        base = entry["base"]
        np.testing.assert_allclose(
            b.subtree_com[urdf.body(base).id], a.subtree_com[model.body(base).id], atol=1e-9
        )


def test_gravity_and_velocity_act_alike(pair: Pair) -> None:
    """The bias forces hold centres of mass and tensors of each body, not only their sums."""
    model, urdf, entry = pair
    both = posed((model, urdf), entry, 7)
    bias = []
    for m, data in zip((model, urdf), both, strict=True):
        m.opt.disableflags |= mujoco.mjtDisableBit.mjDSBL_CONTACT
        for i, name in enumerate(entry["dofs"]):
            data.joint(name).qvel = 0.5 + i
        mujoco.mj_forward(m, data)
        order = list(range(6 * entry["floating"])) + [int(m.joint(n).dofadr[0]) for n in entry["dofs"]]
        bias.append(data.qfrc_bias[order])
    np.testing.assert_allclose(bias[1], bias[0], atol=1e-7, rtol=1e-7)


def test_limits_and_order(pair: Pair) -> None:
    model, urdf, entry = pair
    robot = ROBOTS[entry["name"]]
    assert entry["dofs"] == list(robot.dofs) and entry["bodies"] == list(robot.bodies)
    assert [entry["links"][i]["name"] for i in entry["reported"]] == list(robot.bodies)
    for i, link in enumerate(entry["links"]):
        assert -1 <= link["parent"] < i or i == 0
    for dof, name in enumerate(entry["dofs"]):
        here, there = model.joint(name), urdf.joint(name)
        assert here.limited == there.limited and here.type == there.type
        if here.limited[0]:
            np.testing.assert_allclose(there.range, here.range)
            assert [entry["dof"]["lower"][dof], entry["dof"]["upper"][dof]] == here.range.tolist()
        else:
            assert entry["dof"]["lower"][dof] is None


def test_what_touches_is_what_the_pairs_name(pair: Pair) -> None:
    """As many collision shapes as pairs, a capsule by the length of its straight part."""
    model, urdf, entry = pair
    assert urdf.ngeom == model.npair
    cylinders = [g for g in range(urdf.ngeom) if urdf.geom_type[g] == mujoco.mjtGeom.mjGEOM_CYLINDER]
    pairs = [g for p in range(model.npair) for g in (model.pair_geom1[p], model.pair_geom2[p])]
    capsules = [g for g in pairs if model.geom_type[g] == mujoco.mjtGeom.mjGEOM_CAPSULE]
    ours = sorted(tuple(model.geom_size[g, :2]) for g in capsules)
    np.testing.assert_allclose(sorted(tuple(urdf.geom_size[g, :2]) for g in cylinders), ours)
    assert set(entry["sensors"]) == {n for n in entry["bodies"] if n.endswith("foot")}


@pytest.mark.parametrize("pitch", [0.3, np.pi / 2, -np.pi / 2, np.pi])
def test_angles_of_a_rotation(pitch: float) -> None:
    quat, back = np.zeros(4), np.zeros(4)
    mujoco.mju_euler2Quat(quat, [0.4, pitch, -1.1], "XYZ")
    mujoco.mju_euler2Quat(back, rpy_of(quat), "XYZ")
    np.testing.assert_allclose(abs(back @ quat), 1.0, atol=1e-9)


UNSAYABLE = {
    "is off its body's origin": '<joint name="odd" pos="0 0 0.1"/>',
    r"has 2 joints \('odd', 'b'\)": '<joint name="odd"/><joint name="b" axis="1 0 0"/>',
    "is neither a hinge nor a slide": '<joint name="odd" type="ball"/>',
    "has a spring": '<joint name="odd" stiffness="1"/>',
    "has a reference position": '<joint name="odd" ref="0.5"/>',
    "slides without a range": '<joint name="odd" type="slide"/>',
}


@pytest.mark.parametrize("message", UNSAYABLE)
def test_names_what_a_urdf_cannot_say(message: str, tmp_path: Path) -> None:
    text = f"""<mujoco><worldbody><geom name="floor" type="plane" size="0 0 1"/><body name="base">
      <body name="arm">{UNSAYABLE[message]}<geom name="rod" type="sphere" size="0.1"/></body></body></worldbody></mujoco>"""
    model = mujoco.MjModel.from_xml_string(text)
    robot = Robot("odd", _joints(model), ("base", "arm"), (0.0,), 0.0, (), (), (), (), (), floating=False)
    with pytest.raises(UserError, match=message) as caught:
        _check(model, robot)
    assert "body 'arm'" in str(caught.value) and "'odd'" in str(caught.value)


def _joints(model: mujoco.MjModel) -> tuple[str, ...]:
    return tuple(model.joint(j).name for j in range(model.njnt))


def _check(model: mujoco.MjModel, robot: Robot) -> None:
    from gpugym_jax.robots.layout import Layout
    from isaac_backend.urdf.checks import check_model

    empty = np.zeros(0, int)
    check_model(model, robot, Layout(False, 1, *[empty] * 9, np.zeros((0, 0))))


@pytest.mark.parametrize("what", ["mesh-like shape", "pair of its own"])
def test_names_what_cannot_touch(what: str, tmp_path: Path) -> None:
    shape, other = ("ellipsoid", "floor") if what == "mesh-like shape" else ("sphere", "trunk")
    text = f"""<mujoco><worldbody><geom name="floor" type="plane" size="0 0 1"/><body name="base"><freejoint/>
      <geom name="trunk" type="box" size="0.1 0.1 0.1"/><body name="arm"><joint name="elbow"/>
      <geom name="hand" type="{shape}" size="0.1 0.1 0.2"/></body></body></worldbody>
      <contact><pair geom1="{other}" geom2="hand"/></contact></mujoco>"""
    robot = Robot(
        "odd", ("elbow",), ("base", "arm"), (0.0,), 0.0, (1.0,), (1.0,), (1.0,), (1.0,), ((-1.0, 1.0),)
    )
    with pytest.raises(UserError, match="'hand'"):
        write_urdf(mujoco.MjModel.from_xml_string(text), robot, tmp_path)
