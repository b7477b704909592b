"""Leaves of varied robots and the constants that follow from them, against C MuJoCo's `mj_setConst`."""

import copy
from operator import attrgetter

import jax
import mujoco
import numpy as np
import pytest
from jaxtyping import Array

from gpugym_jax.config import PhysicsConfig
from gpugym_jax.physics.set_const import set_const
from gpugym_jax.robots import ROBOTS
from gpugym_jax.robots.layout import Layout, make_layout
from gpugym_jax.robots.model import load_model
from gpugym_jax.robots.scene import Scene
from gpugym_jax.robots.varied import INPUTS, VARIED, fold

DRAWS = 100
RANGES = {
    "friction": (0.2, 1.5),
    "base_mass": (-1.0, 3.0),
    "link_mass": (0.5, 2.0),
    "base_com": (-0.05, 0.05),
    "armature": (0.0, 0.02),
    "dof_friction": (0.0, 0.5),
    "dof_damping": (0.0, 0.5),
    "gravity": (-1.0, 1.0),
}
TENDON = """
<mujoco><worldbody><body name="base"><freejoint/><geom size=".1"/>
  <body name="thigh" pos="0 0 -.1"><joint name="ball" type="ball"/><geom size=".05" pos="0 .02 -.1"/>
    <body name="shank" pos="0 0 -.2"><joint name="knee" axis="0 1 0"/><geom size=".03" pos=".01 0 -.1"/>
      <body name="sole" pos="0 0 -.2"><geom size=".02" mass=".1"/></body></body></body>
  <body name="arm" pos="0 .1 0"><joint name="elbow" axis="1 0 0"/><geom size=".03" pos=".01 0 -.1"/></body>
</body>
<body name="cart" pos="1 0 0"><joint type="slide" axis="1 0 0"/><geom size=".1"/></body>
<body name="post" pos="2 0 0"><geom size=".1"/></body></worldbody>
<tendon><fixed name="belt" armature=".01"><joint joint="knee" coef="1"/><joint joint="elbow" coef="-2"/></fixed>
</tendon></mujoco>"""
"""A ball joint, a tendon, a body that only slides and one that does not move: what our robots have not."""


def check(model: mujoco.MjModel, leaves: dict[str, Array], derived: dict[str, Array], count: int) -> None:
    """Every constant of every robot within 1e-5 of C's."""
    theirs = copy.copy(model)
    data = mujoco.MjData(theirs)
    derived = {name: np.asarray(value) for name, value in derived.items()}
    for i in range(count):
        for name, value in leaves.items():
            attrgetter(name)(theirs)[:] = value[i]
        mujoco.mj_setConst(theirs, data)
        for name, value in derived.items():
            np.testing.assert_allclose(value[i], getattr(theirs, name), rtol=1e-5, atol=1e-9, err_msg=name)


def draw(name: str, model: mujoco.MjModel, layout: Layout, rng: np.random.Generator) -> np.ndarray:
    shape = {"link_mass": (model.nbody - 2,)}.get(name, (len(layout.qvel),))
    shape = {"friction": (), "base_mass": (), "base_com": (3,), "gravity": (3,)}.get(name, shape)
    low, high = RANGES[name]
    # base masses are of the robot's own size
    scale = model.body_mass[layout.base] / 4 if name == "base_mass" else 1.0
    return rng.uniform(low * scale, high * scale, (DRAWS, *shape)).astype(np.float32)


@pytest.mark.parametrize("robot_name", sorted(ROBOTS))
def test_constants_follow_mj_set_const(robot_name: str) -> None:
    """Each property alone, then all at once; 100 robots each."""
    robot = ROBOTS[robot_name]
    model = load_model(Scene(robot), timestep=0.002, cfg=PhysicsConfig(), sensors=False)
    layout, rng = make_layout(robot, model), np.random.default_rng(1)
    has = [n for n, v in VARIED.items() if v.apply is not None and not v.absent(model, layout)]
    values = {name: draw(name, model, layout, rng) for name in has}
    make = jax.jit(jax.vmap(lambda v: fold(model, layout, v)))
    # one program for all: what is not varied has its nominal leaves
    every_leaf = {k: x[0] for k, x in make(values).items() if k in INPUTS}
    derive = jax.jit(jax.vmap(lambda leaves: set_const(model, leaves)))
    for names in [*([n] for n in has), has]:
        leaves = make({n: values[n] for n in names})
        nominal = {k: np.broadcast_to(attrgetter(k)(model), (DRAWS, *x.shape)) for k, x in every_leaf.items()}
        derived = derive(nominal | {k: x for k, x in leaves.items() if k in INPUTS})
        check(model, leaves, derived, DRAWS)


def test_constants_of_a_ball_joint_a_tendon_and_a_slide() -> None:
    model = mujoco.MjModel.from_xml_string(TENDON)
    rng = np.random.default_rng(2)
    leaves = {
        "body_mass": model.body_mass * rng.uniform(0.5, 2.0, (3, model.nbody)),
        "body_ipos": model.body_ipos
        + rng.uniform(-0.02, 0.02, (3, model.nbody, 3)) * (model.body_simple == 0)[:, None],
        "body_quat": np.tile(model.body_quat, (3, 1, 1)),
        "dof_armature": rng.uniform(0.0, 0.1, (3, model.nv)) * (model.dof_bodyid < 5),
    }
    leaves = {name: np.asarray(value, np.float32) for name, value in leaves.items()}
    derived = jax.jit(jax.vmap(lambda x: set_const(model, x)))(leaves)
    assert set(derived) == {"body_subtreemass", "body_invweight0", "dof_invweight0", "tendon_invweight0"}
    check(model, leaves, derived, 3)


def test_nothing_follows_from_friction_damping_or_gravity() -> None:
    model = mujoco.MjModel.from_xml_string(TENDON)
    assert set_const(model, {"pair_friction": np.ones((0, 5)), "opt.gravity": np.ones(3)}) == {}
