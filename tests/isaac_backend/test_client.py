"""The five verbs across the real process boundary, on a simulator of free bodies."""

from collections.abc import Iterator
from dataclasses import fields

import jax
import numpy as np
import pytest

from gpugym_jax.config import Draw, draws_of
from gpugym_jax.config_yaml import load_config
from gpugym_jax.tables import UserError
from gpugym_jax.types import Physics, Reading, RobotState
from isaac_backend.client import IsaacPhysics
from tests.isaac_backend.rig import (
    DT,
    NUM_ENVS,
    ROBOT,
    make_physics,
    python38,
    random_state,
    torque,
    variation,
)


@pytest.fixture
def physics() -> Iterator[IsaacPhysics]:
    made = make_physics()
    yield made
    made.close()


def assert_state(got: RobotState, wanted: RobotState) -> None:
    for f in fields(RobotState):
        np.testing.assert_array_equal(getattr(got, f.name), getattr(wanted, f.name), err_msg=f.name)


def test_the_worker_is_a_python_of_isaac_gym(physics: IsaacPhysics) -> None:
    physics.init(random_state(), variation())
    assert isinstance(physics, Physics)
    if not python38():
        pytest.skip("no Python 3.8 with NumPy here (PYTHON38 names one): the worker ran in this interpreter")
    assert physics.report["python"].startswith("3.8.")
    assert physics.report["isaacgym"] == "ballistic"


def test_init_puts_every_array_where_it_should(physics: IsaacPhysics) -> None:
    state = random_state()
    reading = physics.read(physics.init(state, variation()))
    assert_state(reading.robot, state)
    bodies = np.arange(len(ROBOT.bodies), dtype=np.float32)
    np.testing.assert_array_equal(reading.body_pos[:, :, 0], state.base_pos[:, :1] + bodies)
    np.testing.assert_array_equal(reading.body_vel, np.repeat(state.base_lin_vel[:, None], len(bodies), 1))
    np.testing.assert_array_equal(reading.body_force, 0.0)
    np.testing.assert_array_equal(reading.overflow, np.asarray(state.base_pos)[:, 2] < 0)
    assert physics.report["dof_names"] == list(ROBOT.dofs)
    assert physics.report["body_names"] == list(ROBOT.bodies)
    for leaf in jax.tree.leaves(reading):
        assert leaf.dtype in (np.float32, np.bool_)


def test_step_takes_the_torque_and_gives_forces(physics: IsaacPhysics) -> None:
    state, friction = random_state(), np.linspace(0.2, 1.0, NUM_ENVS, dtype=np.float32)
    base_mass = np.linspace(-0.5, 1.0, NUM_ENVS, dtype=np.float32)
    tau = np.random.default_rng(1).normal(size=(NUM_ENVS, len(ROBOT.dofs))).astype(np.float32)
    reading = physics.read(physics.step(physics.init(state, variation(friction, base_mass)), tau))
    np.testing.assert_allclose(reading.robot.dof_vel, state.dof_vel + np.float32(DT) * tau, rtol=1e-6)
    np.testing.assert_allclose(
        reading.robot.base_lin_vel[:, 2], state.base_lin_vel[:, 2] - 9.81 * DT, rtol=1e-5
    )
    np.testing.assert_array_equal(reading.body_force[:, 0, 0], friction)
    np.testing.assert_array_equal(reading.body_force[:, 0, 1], base_mass)
    np.testing.assert_array_equal(reading.body_force[:, 1:], 0.0)


def test_write_changes_the_masked_only(physics: IsaacPhysics) -> None:
    sim = physics.step(physics.init(random_state(), variation()), torque())
    before, new, mask = physics.read(sim), random_state(7), np.arange(NUM_ENVS) % 2 == 0
    after = physics.read(physics.write(sim, mask, new, {}))

    def rows(reading: Reading, which: np.ndarray) -> Reading:
        return jax.tree.map(lambda x: x[which], reading)

    assert_state(rows(after, mask).robot, jax.tree.map(lambda x: x[mask], new))
    np.testing.assert_array_equal(after.body_force[mask], 0.0)
    for a, b in zip(jax.tree.leaves(rows(after, ~mask)), jax.tree.leaves(rows(before, ~mask)), strict=True):
        np.testing.assert_array_equal(a, b)


def test_readings_are_our_own(physics: IsaacPhysics) -> None:
    """What was read does not change when the worker goes on."""
    sim = physics.init(random_state(), variation())
    first = physics.read(sim)
    kept = jax.tree.map(np.copy, first)
    for _ in range(3):
        sim = physics.step(sim, torque(1.0))
    for a, b in zip(jax.tree.leaves(first), jax.tree.leaves(kept), strict=True):
        np.testing.assert_array_equal(a, b)


def test_a_stale_state_is_refused(physics: IsaacPhysics) -> None:
    old = physics.init(random_state(), variation())
    physics.step(old, torque())
    with pytest.raises(
        RuntimeError, match="stale state: it is from tick 1, the simulator is at tick 2. A live"
    ):
        physics.step(old, torque())
    with pytest.raises(RuntimeError, match="stale state"):
        physics.write(old, np.ones(NUM_ENVS, bool), random_state(), {})


def test_a_worker_goes_on_while_the_variation_is_the_same(physics: IsaacPhysics) -> None:
    physics.init(random_state(1), variation())
    first = physics.report["pid"]
    assert_state(physics.read(physics.init(random_state(2), variation())).robot, random_state(2))
    assert physics.report["pid"] == first
    sim = physics.init(random_state(3), variation(friction=0.5))
    assert physics.report["pid"] != first
    forces = physics.read(physics.step(sim, torque())).body_force
    np.testing.assert_array_equal(forces[:, 0, 0], np.float32(0.5))


def test_step_takes_a_wrench(physics: IsaacPhysics) -> None:
    """On a base of 1 kg: 10 N add 10 m/s^2, in that substep and no other."""
    state, wrench = random_state(), np.zeros((NUM_ENVS, 6), np.float32)
    wrench[:, 0] = 10.0 * np.arange(NUM_ENVS)
    sim = physics.step(physics.init(state, variation()), torque(), wrench)
    pulled = state.base_lin_vel[:, 0] + wrench[:, 0] * np.float32(DT)
    np.testing.assert_allclose(physics.read(sim).robot.base_lin_vel[:, 0], pulled, rtol=1e-5)
    after = physics.read(physics.step(sim, torque())).robot
    np.testing.assert_allclose(after.base_lin_vel[:, 0], pulled, rtol=1e-5)


def test_write_refuses_another_variation(physics: IsaacPhysics) -> None:
    sim = physics.init(random_state(), variation())
    mask = np.arange(NUM_ENVS) == 1
    with pytest.raises(ValueError, match="variation of friction cannot be changed by a write"):
        physics.write(sim, mask, random_state(), {"friction": variation(0.5)["friction"]})
    reading = physics.read(physics.write(sim, mask, random_state(4), {}))
    np.testing.assert_array_equal(reading.robot.dof_pos[1], random_state(4).dof_pos[1])


def test_what_would_be_drawn_anew_is_refused() -> None:
    cfg = load_config("mini_cheetah_walk", ["randomize.every=episode", "randomize.base_mass=null"])
    with pytest.raises(UserError, match="friction cannot be drawn anew each episode: this physics makes"):
        make_physics(varied=draws_of(cfg.randomize))
    make_physics(varied={"friction": Draw((0.5, 1.0), "run")}).close()


def test_what_the_worker_does_not_take_is_refused() -> None:
    with pytest.raises(UserError, match="armature cannot be varied: the worker does not give it"):
        make_physics(varied={"armature": Draw((0.0, 0.01), "run")})


def test_init_refuses_what_cannot_be_applied(physics: IsaacPhysics) -> None:
    with pytest.raises(ValueError, match="body_mass of body 'base' would be -96.7, it must be positive"):
        physics.init(random_state(), variation(base_mass=-100.0))
    with pytest.raises(ValueError, match="Did you mean 'friction'"):
        make_physics(varied={"frictoin": Draw((0.5, 1.0), "run")})


def test_a_wrong_shape_is_refused_before_it_is_sent(physics: IsaacPhysics) -> None:
    sim = physics.init(random_state(), variation())
    with pytest.raises(ValueError, match=r"torque is of shape \(12,\), it must be \(5, 12\)"):
        physics.step(sim, np.zeros(12, np.float32))
    physics.step(sim, torque())


@pytest.mark.parametrize(
    ("settings", "says"),
    [
        (
            {"contact": "force_sensors"},
            "no physics.isaac.contact named 'force_sensors'. Did you mean 'force_sensor'?",
        ),
        ({"pipeline": "gpus"}, "Did you mean 'gpu'?"),
        ({"device": "gpu"}, "physics.isaac.device is 'gpu'. There are: cpu, cuda:0"),
    ],
)
def test_a_wrong_setting_is_one_line(settings: dict[str, str], says: str) -> None:
    with pytest.raises(UserError) as error:
        make_physics(**settings)
    assert says in str(error.value)


def test_camera(physics: IsaacPhysics) -> None:
    physics.init(random_state(), variation())
    image = physics.camera(0, (1, 0, 1), (0, 0, 0), width=4, height=3)
    assert image.shape == (3, 4, 3)
    np.testing.assert_array_equal(image[:, 0, 0], [0, 1, 2])


def test_close_twice_and_not_again(physics: IsaacPhysics) -> None:
    sim = physics.init(random_state(), variation())
    physics.close()
    physics.close()
    with pytest.raises(RuntimeError, match="this physics is closed"):
        physics.step(sim, torque())
    with pytest.raises(RuntimeError, match="this physics is closed"):
        physics.init(random_state(), variation())


def test_a_moved_centre_of_mass_is_refused_on_the_gpu_pipeline_only() -> None:
    with pytest.raises(ValueError, match="base_com cannot be varied: Isaac Gym's GPU pipeline ignores"):
        make_physics(varied={"base_com": Draw((0.0, 0.01), "run")}, device="cuda:0", pipeline="gpu")
    make_physics(varied={"base_com": Draw((0.0, 0.01), "run")}, device="cuda:0", pipeline="cpu").close()
    make_physics(varied={"base_com": Draw((0.0, 0.01), "run")}, device="cpu").close()
