"""Each line of `check_model`, by the one thing that breaks it in a model that has none."""

from dataclasses import replace
from pathlib import Path

import mujoco
import numpy as np
import pytest

from gpugym_jax.config import PhysicsConfig
from gpugym_jax.robots.check import check_model, check_robot
from gpugym_jax.robots.layout import make_layout
from gpugym_jax.robots.model import load_model
from gpugym_jax.robots.robot import Robot
from gpugym_jax.robots.scene import Scene
from gpugym_jax.tables import UserError

SOUND = """
<mujoco>
  <compiler angle="radian"/>
  <option gravity="0 0 -9.81"/>
  <default><geom contype="0" conaffinity="0"/></default>
  <worldbody>
    <geom name="floor" type="plane" size="0 0 1"/>
    <body name="trunk" pos="0 0 1">
      <freejoint name="free"/>
      <inertial pos="0 0 0" mass="2" diaginertia="0.1 0.2 0.3"/>
      <geom name="belly" type="box" size="0.1 0.1 0.1"/>
      <body name="arm">
        <joint name="elbow" range="-1 2"/>
        <inertial pos="0 0 0" mass="1" diaginertia="0.1 0.1 0.1"/>
        <geom name="hand" type="sphere" size="0.1"/>
      </body>
    </body>
  </worldbody>
  <contact><pair geom1="floor" geom2="hand" condim="3"/></contact>
</mujoco>"""
ROBOT = Robot(
    name="odd",
    dofs=("elbow",),
    bodies=("trunk", "hand"),
    default_dof_pos=(0.0,),
    base_height=1.0,
    kp=(1.0,),
    kd=(1.0,),
    torque_limit=(1.0,),
    dof_vel_limit=(1.0,),
    dof_pos_limit=((-1.0, 2.0),),
    ground_geoms=("hand",),
)
ELBOW = '<joint name="elbow" range="-1 2"/>'
TENDON = '<tendon><fixed name="t" stiffness="3"><joint joint="elbow" coef="1"/></fixed></tendon></mujoco>'
WELD = '</worldbody><equality><weld name="hook" body1="trunk"/></equality>'
BREACHES = {
    "equality 'hook' ties it to the world, though it floats": ("</worldbody>", WELD),
    "it floats, so it has one free joint, and that first; this has none": ('<freejoint name="free"/>', ""),
    "joint 'elbow' is neither a hinge nor a slide": (ELBOW, '<joint name="elbow" type="ball"/>'),
    "there is no joint named 'elbow'; did you mean 'elbov'?": ('name="elbow"', 'name="elbov"'),
    "joint 'wrist' of the MJCF is not among Robot.dofs": (
        ELBOW,
        ELBOW + '<joint name="wrist" axis="1 0 0"/>',
    ),
    "the base, 'trunk', is not a body": ('<body name="trunk"', '<body name="torso"'),
    "joint 'elbow' moves in [-1, 1.5] by the MJCF, in [-1, 2] by Robot.dof_pos_limit": ("-1 2", "-1 1.5"),
    "in [-0.01745, 0.03491] by the MJCF, in [-1, 2] by Robot.dof_pos_limit (one of them is in degrees)": (
        'angle="radian"',
        'angle="degree"',
    ),
    "joint 'elbow' moves in [-inf, inf] by the MJCF": ('range="-1 2"', ""),
    "geoms touch by contype and conaffinity, not by a pair: 'belly'": (
        'name="belly"',
        'name="belly" contype="1"',
    ),
    "the friction cone is not pyramidal": ("<option ", '<option cone="elliptic" '),
    "contacts are not of condim 3: 'hand'": ('condim="3"', 'condim="6"'),
    "there are actuators: 1": (
        "</mujoco>",
        '<actuator><position joint="elbow" kp="1"/></actuator></mujoco>',
    ),
    "there are keyframes: 1": ("</mujoco>", '<keyframe><key name="home"/></keyframe></mujoco>'),
    "there are mocap bodies: 1": ("</worldbody>", '<body name="target" mocap="true"/></worldbody>'),
    "there are bodies with gravity compensation: 1": ('<body name="arm"', '<body name="arm" gravcomp="1"'),
    "there are tendons with a spring, damper, friction or limit: 1": ("</mujoco>", TENDON),
    "there are sensors that are not ours: 1": (
        "</mujoco>",
        '<sensor><jointpos joint="elbow"/></sensor></mujoco>',
    ),
    "gravity is 1 0 -9.81 m/s^2, not along -z": ('gravity="0', 'gravity="1'),
    "gravity is 0 0 9.81 m/s^2, not along -z": ("-9.81", "9.81"),
}


def lines_of(text: str, robot: Robot = ROBOT) -> list[str]:
    return check_model(mujoco.MjModel.from_xml_string(text), robot)


def test_a_sound_model_has_no_breach() -> None:
    assert lines_of(SOUND) == []


@pytest.mark.parametrize("line", BREACHES)
def test_a_breach_is_a_line(line: str) -> None:
    before, after = BREACHES[line]
    assert SOUND.count(before) >= 1
    assert any(line in found for found in lines_of(SOUND.replace(before, after, 1)))


def test_a_breach_of_mass() -> None:
    """MuJoCo refuses such a file; a model may be changed later."""
    model = mujoco.MjModel.from_xml_string(SOUND)
    model.body_inertia[2] = [0.1, 0.1, 0.3]
    model.body_mass[1] = 0.0
    assert check_model(model, ROBOT) == [
        "body 'trunk' moves and has no mass",
        "body 'arm' has moments of inertia that no matter has: 0.1, 0.1, 0.3 kg m^2",
    ]


def test_a_breach_of_the_bodies() -> None:
    assert lines_of(SOUND, replace(ROBOT, bodies=("trunk", "hnad"))) == [
        "there is no body or geom named 'hnad'; did you mean 'hand'?"
    ]
    assert lines_of(SOUND, replace(ROBOT, floating=False)) == [
        "it does not float, but joint 'free' is free",
        "it does not float, but its base, 'trunk', moves by a joint",
    ]
    assert lines_of(SOUND, replace(ROBOT, bodies=("arm", "hand"))) == [
        "the free joint is on 'trunk', not on the base, 'arm'"
    ]
    assert lines_of(SOUND, replace(ROBOT, bodies=("trunk", "hand", "hand"))) == [
        "body or geom 'hand' is named 2 times"
    ]


def load(folder: Path, text: str, **facts: object) -> mujoco.MjModel:
    file = folder / "odd.xml"
    file.write_text(text)
    scene = Scene(replace(ROBOT, mjcf=file, **facts))
    return load_model(scene, timestep=0.002, cfg=PhysicsConfig(), sensors=True)


def test_loading_gives_a_line_for_each_breach(tmp_path: Path) -> None:
    wrong = SOUND.replace("-1 2", "-1 1.5").replace('gravity="0', 'gravity="1')
    with pytest.raises(UserError) as caught:
        load(tmp_path, wrong)
    first, second = str(caught.value).splitlines()
    assert first.startswith(f"robot 'odd' ({tmp_path / 'odd.xml'}) cannot be simulated: joint 'elbow' moves")
    assert second.startswith("gravity is 1 0 -9.81")


def test_what_touches_is_a_geom_or_a_bodys_colliding_geoms(tmp_path: Path) -> None:
    text = (
        SOUND.replace('name="hand"', 'contype="1"')
        .replace('condim="3"', "")
        .replace('<contact><pair geom1="floor" geom2="hand" /></contact>', "")
    )
    model = load(tmp_path, text, bodies=("trunk",), ground_geoms=("arm", "belly"))
    touching = [model.geom(g).name for g in model.pair_geom2]
    assert sorted(touching) == ["arm 0", "belly"]
    assert model.geom_bodyid[model.geom("arm 0").id] == model.body("arm").id
    with pytest.raises(UserError, match="no geom of body 'trunk' can collide"):
        load(tmp_path, text, bodies=("trunk",), ground_geoms=("trunk",))
    with pytest.raises(UserError, match="no geom or body of odd named 'bely'. Did you mean 'belly'"):
        load(tmp_path, text, bodies=("trunk",), ground_geoms=("bely",))


def test_a_file_that_mujoco_refuses_is_one_line(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"robot 'odd' \(.*\): MuJoCo says: .*diagonal"):
        load(tmp_path, SOUND.replace("diaginertia", "diagonal"))
    with pytest.raises(UserError, match="there is no file"):
        load_model(
            Scene(replace(ROBOT, mjcf=tmp_path / "none.xml")),
            timestep=0.002,
            cfg=PhysicsConfig(),
            sensors=False,
        )


def test_sensors_are_found_by_name() -> None:
    """Of a model that has others before ours, and ours in another order than the robot's bodies."""
    sensors = (
        '<sensor><jointpos joint="elbow"/><framelinvel name="force of hand" objtype="geom" objname="hand"/>'
        '<framequat objtype="body" objname="arm"/>'
        '<framelinvel name="force of trunk" objtype="xbody" objname="trunk"/></sensor></mujoco>'
    )
    layout = make_layout(ROBOT, mujoco.MjModel.from_xml_string(SOUND.replace("</mujoco>", sensors)))
    np.testing.assert_array_equal(layout.force, [[8, 9, 10], [1, 2, 3]])
    assert layout.velocity.shape == (0, 3)


@pytest.mark.parametrize(
    ("facts", "says"),
    [
        ({"default_dof_pos": (0.0, 0.0)}, "Robot.default_dof_pos has 2 entries, of 1 joints"),
        ({"dof_pos_limit": ()}, "Robot.dof_pos_limit has 0 entries, of 1 joints"),
        ({"kp": (1.0, 2.0)}, "Robot.kp has 2 entries, of 1 joints"),
        ({"actuated": ("zz",)}, "Robot.actuated names 'zz', which is not among Robot.dofs"),
        ({"kp": (float("nan"),)}, "Robot.kp is (nan,); none of them can be negative or NaN"),
        ({"torque_limit": (-3.0,)}, "Robot.torque_limit is (-3.0,); none of them can be negative or NaN"),
        (
            {"default_dof_pos": (2.5,)},
            "Robot.default_dof_pos of 'elbow' is 2.5, outside of its range [-1, 2]",
        ),
        (
            {"ground_geoms": ()},
            "it floats, and Robot.ground_geoms is empty: it would fall through the ground",
        ),
        ({"base_height": 0.0}, "Robot.base_height is 0 m, and the ground is at 0 m"),
        ({"dofs": ("a,b",)}, "'a,b' cannot be a name: policy files list names with commas between them"),
    ],
)
def test_facts_that_contradict_each_other_are_told_before_there_is_a_model(
    facts: dict[str, tuple[float, ...]], says: str
) -> None:
    assert check_robot(ROBOT) == []
    assert check_robot(replace(ROBOT, **facts)) == [says]
    with pytest.raises(UserError, match="cannot be simulated: "):
        load_model(Scene(replace(ROBOT, **facts)), timestep=0.002, cfg=PhysicsConfig(), sensors=False)


def test_nothing_holds_a_free_base() -> None:
    held = SOUND.replace('<freejoint name="free"/>', '<joint name="free" type="free" damping="50"/>')
    (line,) = check_model(mujoco.MjModel.from_xml_string(held), ROBOT)
    assert line == "the free joint 'free' has damping, friction or armature, which hold it in place"
