"""Each property of `VARIED` changes the stepped state as physics says, by hand-worked numbers.

Friction, base mass and base centre of mass: test_contract.py, point 6. The pendulum has 1 kg at 1 m on a
hinge, and 0.0267 kg m^2 about its centre of mass; it is up at 0, where gravity has no moment.
"""

import jax
import numpy as np
import pytest
from physics.plain import reference
from physics.rigs import (
    DT,
    GRAVITY,
    NUM_ENVS,
    Rig,
    config_of,
    gpu,
    hold,
    make_rig,
    no_gpu,
    settled,
    standing,
    varied,
    zero_torque,
)

from gpugym_jax.bounds import LEAST_FRICTION
from gpugym_jax.config import Draw
from gpugym_jax.physics import make_physics
from gpugym_jax.robots import ROBOTS
from gpugym_jax.robots.scene import Scene
from gpugym_jax.robots.varied import VARIED
from gpugym_jax.tables import UserError

WARP = pytest.param("mjx/warp", marks=[gpu, no_gpu])
MUJOCO = ["mujoco", "mjx/jax", WARP]
INERTIA = 1.0267  # kg m^2, of the pendulum about its hinge
RAMP = np.linspace(0.0, 1.0, NUM_ENVS, dtype=np.float32)


@pytest.fixture(params=MUJOCO)
def pendulum(request: pytest.FixtureRequest) -> Rig:
    return make_rig("pendulum", request.param)


@pytest.fixture(params=MUJOCO)
def toy(request: pytest.FixtureRequest) -> Rig:
    return make_rig("toy", request.param)


def speed(rig: Rig, start: float, torque: np.ndarray | float, steps: int, **given: object) -> np.ndarray:
    """Of pendulums that are up with a speed of `start` rad/s, after some substeps under a torque."""
    state = standing(rig.robot)
    sim = rig.init(state.replace(dof_vel=state.dof_vel + np.float32(start)), varied(**given))
    tau = np.broadcast_to(np.float32(torque), (NUM_ENVS,))[:, None]
    for _ in range(steps):
        sim = rig.step(sim, tau)
    return np.asarray(rig.read(sim).robot.dof_vel)[:, 0]


def test_armature_resists_a_torque(pendulum: Rig) -> None:
    got = speed(pendulum, 0.0, 2.0, 1, armature=RAMP[:, None])
    np.testing.assert_allclose(got, DT * 2.0 / (INERTIA + RAMP), rtol=1e-4)


def test_link_mass_resists_a_torque(pendulum: Rig) -> None:
    got = speed(pendulum, 0.0, 2.0, 1, link_mass=1.0 + RAMP[:, None])
    np.testing.assert_allclose(got, DT * 2.0 / (INERTIA * (1.0 + RAMP)), rtol=1e-4)


def test_dry_friction_holds_what_is_weaker(pendulum: Rig) -> None:
    """Under 1 N m: friction of less lets the rest through, friction of more holds."""
    friction = 2.0 * RAMP
    got = speed(pendulum, 0.0, 1.0, 5, dof_friction=friction[:, None])
    slips = friction < 0.95
    np.testing.assert_allclose(got[slips], 5 * DT * (1.0 - friction[slips]) / INERTIA, rtol=0.02, atol=2e-4)
    # a soft constraint holds by creeping
    assert np.all(np.abs(got[friction > 1.05]) < 0.1 * 5 * DT)


def test_damping_takes_its_share_of_the_speed(pendulum: Rig) -> None:
    """Without gravity the speed falls by d dt / I in each substep; the model has d = 0.1 itself."""
    weightless = [0.0, 0.0, GRAVITY]
    got = speed(pendulum, 3.0, 0.0, 20, dof_damping=RAMP[:, None], gravity=weightless)
    np.testing.assert_allclose(got, 3.0 * (1.0 - (0.1 + RAMP) * DT / INERTIA) ** 20, rtol=1e-5)


def test_gravity_makes_falls_faster(toy: Rig) -> None:
    added = np.stack([RAMP, -RAMP, 2.0 * RAMP], axis=1)
    sim = toy.init(standing(toy.robot, height=2.0), varied(gravity=added))
    for _ in range(20):
        sim = toy.step(sim, zero_torque(toy))
    # the legs hang on hinges about y, so sideways and down the robot falls as one
    got = np.asarray(toy.read(sim).robot.base_lin_vel)
    np.testing.assert_allclose(got[:, 1:], 20 * DT * (added - [0, 0, GRAVITY])[:, 1:], rtol=1e-3, atol=2e-4)


def test_link_mass_is_carried(toy: Rig) -> None:
    """Every leg of another weight: what the feet carry is the sum."""
    model, _ = reference(toy)
    factor = 0.5 + RAMP[:, None] * np.float32([0.5, 1.0, 1.5, 2.0])
    sim = hold(toy, toy.init(settled("toy"), varied(link_mass=factor)), 600)
    legs = np.array([model.body(f"{leg}_leg").mass[0] for leg in ("rf", "lf", "rh", "lh")])
    weight = (model.body("base").mass[0] + factor @ legs) * GRAVITY
    feet = list(toy.robot.body_ids(["foot"]))
    np.testing.assert_allclose(np.asarray(toy.read(sim).body_force)[:, feet, 2].sum(1), weight, rtol=0.01)


def test_sliding_robots_are_slowed_by_their_friction(toy: Rig) -> None:
    friction = 0.1 + 0.2 * RAMP
    state = settled("toy")
    start = state.replace(base_lin_vel=state.base_lin_vel + np.float32([0, 1.0, 0]))
    sim = hold(toy, toy.init(start, varied(friction=friction)), 50)
    before = np.asarray(toy.read(sim).robot.base_lin_vel)[:, 1]
    slowed = before - np.asarray(toy.read(hold(toy, sim, 100)).robot.base_lin_vel)[:, 1]
    wanted = friction * GRAVITY * 100 * DT
    # contacts are soft: a robot bounces a little, and what it was slowed by then is within a fifth
    np.testing.assert_allclose(slowed, wanted, rtol=0.2)
    np.testing.assert_allclose(slowed.mean(), wanted.mean(), rtol=0.05)


def test_the_least_friction_slows_as_any(toy: Rig) -> None:
    """At the edge of what is allowed; on MJX-JAX toy is NaN at 0.0003, in float32."""
    state = settled("toy")
    start = state.replace(base_lin_vel=state.base_lin_vel + np.float32([0, 0.5, 0]))
    sim = hold(toy, toy.init(start, varied(friction=LEAST_FRICTION)), 250)
    before = np.asarray(toy.read(sim).robot.base_lin_vel)[:, 1]
    after = np.asarray(toy.read(hold(toy, sim, 250)).robot.base_lin_vel)[:, 1]
    np.testing.assert_allclose(before - after, LEAST_FRICTION * GRAVITY * 250 * DT, rtol=0.01)


ALL = {"friction": 0.5, "base_mass": 1.0, "link_mass": 1.5, "armature": 0.01, "dof_friction": 0.1}


def test_all_at_once_agree_with_c_mujoco() -> None:
    """Written in a second step, so that each starts from what the others had made."""
    ends = []
    for backend in ("mujoco", "mjx/jax"):
        rig = make_rig("toy", backend)
        kept = varied(base_com=[0.01, 0.0, 0.01], gravity=[0.1, 0.0, -0.2], base_mass=2.0)
        sim = rig.init(settled("toy"), kept)
        size = {name: (4,) if name.startswith(("link", "arm", "dof")) else () for name in ALL}
        new = {
            name: x * (1 + 0.1 * RAMP).reshape(-1, *(1,) * len(size[name])) + np.zeros(size[name], np.float32)
            for name, x in ALL.items()
        }
        sim = rig.write(sim, np.arange(NUM_ENVS) % 2 == 0, settled("toy"), new)
        ends.append(rig.read(hold(rig, sim, 60)).robot)
    np.testing.assert_allclose(ends[1].base_pos, ends[0].base_pos, atol=2e-5)
    np.testing.assert_allclose(ends[1].dof_pos, ends[0].dof_pos, atol=2e-4)
    # and they differ: the written from the others, and among themselves
    assert np.ptp(ends[0].base_pos[::2, 2]) > 1e-5
    assert abs(ends[0].base_pos[0, 2] - ends[0].base_pos[1, 2]) > 1e-5


@pytest.mark.parametrize("backend", ["mujoco", "mjx/jax"])
@pytest.mark.parametrize(
    ("name", "ends", "says"),
    [
        ("base_mass", (-9.0, -8.0), "with -9 kg body_mass of body 'base' would be -5, it must be positive"),
        ("base_mass", (-9.0, 1.0), "with -9 kg body_mass of body 'base' would be -5, it must be positive"),
        ("base_mass", (0.0, np.inf), "both finite"),
        ("friction", (0.001, 1.0), "0.001 is not in \\[0.01, inf\\]"),
        ("friction", (np.nan, 1.0), "both finite"),
        ("friction", (1.0, 0.5), "low <= high"),
        ("link_mass", (0.0, 1.0), "with 0 body_mass of body 'rf_leg' would be 0, it must be positive"),
        ("base_com", (-100.0, 0.0), "-100 is not in \\[-1, 1\\]"),
        ("gravity", (0.0, 20.0), "with 20 m/s\\^2 gravity would be 10.19 m/s\\^2 along z, upwards"),
        ("armature", (-0.1, 0.0), "dof_armature of joint 'rf_hip' would be -0.095, it must not be negative"),
        ("dof_friction", (-0.1, 0.1), "dof_frictionloss of joint 'rf_hip' would be -0.1"),
        ("restitution", (0.0, 0.1), "restitution cannot be varied: MuJoCo's contacts have none"),
    ],
)
def test_both_ends_of_a_range_must_have_a_meaning(
    backend: str, name: str, ends: tuple[float, float], says: str
) -> None:
    with pytest.raises(UserError, match=says) as error:
        make_physics(Scene(ROBOTS["toy"]), config_of(backend), NUM_ENVS, DT, {name: Draw(ends, "run")})
    assert "\n" not in str(error.value)


def test_what_is_kept_is_not_written_and_costs_no_leaf() -> None:
    kept = {"base_mass": Draw((-1.0, 1.0), "run"), "friction": Draw((0.5, 1.0), "episode")}
    physics = make_physics(Scene(ROBOTS["toy"]), config_of("mjx/jax"), NUM_ENVS, DT, kept)
    sim = physics.init(settled("toy"), varied(base_mass=RAMP))
    everyone, state = np.ones(NUM_ENVS, bool), settled("toy")
    renewed = physics.write(sim, everyone, state, varied(friction=0.5 + 0.1 * RAMP))
    assert all(renewed.leaves[name] is leaf for name, leaf in sim.leaves.items() if name != "pair_friction")
    np.testing.assert_allclose(renewed.leaves["pair_friction"][:, 0, 0], 0.5 + 0.1 * RAMP)
    moved = physics.write(sim, everyone, state, {})
    assert all(
        a is b for a, b in zip(jax.tree.leaves(sim.leaves), jax.tree.leaves(moved.leaves), strict=True)
    )
    with pytest.raises(UserError, match="base_mass cannot be changed by a write"):
        physics.write(sim, everyone, state, varied(base_mass=RAMP))


def test_every_property_is_looked_at_here() -> None:
    """A new entry of the table needs a test of its physics, here or in the contract."""
    looked_at = {"friction", "base_mass", "base_com", "restitution", "link_mass", "armature", "dof_friction"}
    assert set(VARIED) == looked_at | {"gravity", "dof_damping"}
