"""Motors and their wrappers: torques by hand, draws in their ranges, and the gate's twins beside them."""

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from gpugym_jax.gate import motors as gate
from gpugym_jax.mdp.actuators import MOTORS, WRAPPERS, make_actuator, resolved
from gpugym_jax.tables import UserError, parameters
from gpugym_jax.types import Reading, RobotState, Targets
from tests.mdp.snapshots import ROBOT

KEY = jax.random.key(0)
HOME, LIMIT = np.array(ROBOT.default_dof_pos), np.array(ROBOT.torque_limit)
ONES = jnp.ones(12)


def reading_at(dof_pos: Any, dof_vel: Any) -> Reading:
    nothing = jnp.zeros((len(ROBOT.bodies), 3))
    base = (jnp.zeros(3), jnp.array([1.0, 0, 0, 0]), jnp.zeros(3), jnp.zeros(3))
    robot = RobotState(*base, jnp.asarray(dof_pos, jnp.float32), jnp.asarray(dof_vel, jnp.float32))
    return Reading(robot, nothing, nothing, nothing, jnp.zeros((), bool))


def asked(dof_pos: float = 0.0, tau_ff: float = 0.0) -> Targets:
    return Targets(dof_pos * ONES, tau_ff * ONES, ONES, ONES)


def torques(entries: tuple, targets: list[Targets], offset: float = 0.0, speed: float = 0.0) -> np.ndarray:
    """The first joint's torques under one target after the other."""
    actuator, out = make_actuator(ROBOT, entries), []
    memory, reading = actuator.init(KEY), reading_at(HOME + offset, speed * np.ones(12))
    for target in targets:
        memory, tau = actuator.torque(memory, target, reading)
        out.append(float(tau[0]))
    return np.array(out)


def test_pd_by_hand() -> None:
    # 20 * (0.3 - 0.1) - 0.5 * 2
    np.testing.assert_allclose(torques(("pd",), [asked(0.3)], 0.1, 2.0), [3.0], rtol=1e-5)
    # 10 * 0.2 - 0.1 * 2 + 1
    given = ({"pd": {"kp": 10, "kd": (0.1, 9.0, 9.0)}},)
    np.testing.assert_allclose(torques(given, [asked(0.3, 1.0)], 0.1, 2.0), [2.8], rtol=1e-5)
    np.testing.assert_allclose(torques(("pd",), [asked()], 5.0), [-18.0])


def test_direct_by_hand() -> None:
    np.testing.assert_allclose(torques(("direct",), [asked(1.0, 20.0), asked(1.0, -3.0)]), [18.0, -3.0])


@pytest.mark.parametrize(
    ("speed", "pull", "want"),
    [
        (0.0, 99.0, 18.0),  # at rest the limit of 18 is nearer than the stall torque of 20
        (5.0, 99.0, 10.0),  # 20 * (1 - 5/10)
        (5.0, -99.0, -18.0),  # braking: 20 * (-1 - 5/10) is beyond the limit
        (12.0, 99.0, 0.0),  # faster than without load: no torque that way
        (-5.0, -99.0, -10.0),
        (5.0, 3.0, 3.0),  # below the curve it is a PD law
    ],
)
def test_dc_motor_by_hand(speed: float, pull: float, want: float) -> None:
    motor = ({"dc_motor": {"kp": 0.0, "kd": 0.0, "stall": 20.0, "no_load": 10.0}},)
    np.testing.assert_allclose(torques(motor, [asked(0.0, pull)], 0.0, speed), [want], atol=1e-5)


def test_smoothing_is_a_moving_average_over_substeps() -> None:
    entries = ({"pd": {"kp": 10.0, "kd": 0.0}}, {"smoothed": {"weight": 0.25}})
    # targets 0.25, 0.25 + 0.75*0.25 = 0.4375, 0.25 + 0.75*0.4375 = 0.578125
    np.testing.assert_allclose(torques(entries, [asked(1.0)] * 3), [2.5, 4.375, 5.78125], rtol=1e-5)


def test_delay_holds_targets_back_by_substeps() -> None:
    entries = ({"pd": {"kp": 10.0, "kd": 0.0}}, {"delay": {"steps": (2, 2)}})
    sent = [asked(x) for x in (0.1, 0.2, 0.3, 0.4)]
    np.testing.assert_allclose(torques(entries, sent), [0.0, 0.0, 1.0, 2.0], rtol=1e-5)


def test_wrappers_draw_in_their_ranges_once_an_episode() -> None:
    entries = (
        {"pd": {"kp": 10.0, "kd": 1.0}},
        {"strength": {"range": (0.5, 0.9)}},
        {"gains": {"kp": (0.8, 1.2)}},
        {"delay": {"steps": (0, 3)}},
    )
    actuator = make_actuator(ROBOT, entries)
    _, late, ((p, d), ((factor,), _)) = jax.vmap(actuator.init)(jax.random.split(KEY, 2000))
    assert set(np.asarray(late)) == {0, 1, 2, 3}
    assert factor.shape == p.shape == (2000, 12)
    assert 0.5 <= factor.min() < 0.51 and 0.89 < factor.max() <= 0.9
    assert 0.8 <= p.min() < 0.81 and 1.19 < p.max() <= 1.2
    assert np.all(d == 1.0)
    assert abs(np.corrcoef(np.asarray(p)[:, 0], np.asarray(factor)[:, 0])[0, 1]) < 0.1


def test_strength_scales_the_torque_within_the_limit() -> None:
    entries = ({"pd": {"kp": 10.0, "kd": 0.0}}, {"strength": {"range": (1.5, 1.5)}})
    np.testing.assert_allclose(torques(entries, [asked(1.0), asked(9.0)]), [15.0, 18.0], rtol=1e-5)


def test_friction_opposes_the_speed() -> None:
    entries = ({"pd": {"kp": 0.0, "kd": 0.0}}, {"friction": {"coulomb": 0.5, "viscous": 0.1}})
    # 1 - 0.5 tanh(2 / 0.1) - 0.1 * 2
    np.testing.assert_allclose(torques(entries, [asked(0.0, 1.0)], 0.0, 2.0), [0.3], rtol=1e-5)


def test_gains_scale_stiffness_and_damping() -> None:
    entries = ({"pd": {"kp": 10.0, "kd": 1.0}}, {"gains": {"kp": (2.0, 2.0), "kd": (3.0, 3.0)}})
    # 2 * 10 * 0.3 - 3 * 1 * 1
    np.testing.assert_allclose(torques(entries, [asked(0.3)], 0.0, 1.0), [3.0], rtol=1e-5)


@pytest.mark.parametrize(
    ("entries", "message"),
    [
        ((), "actuator is empty: a motor comes first. There are: dc_motor, direct, pd"),
        (("delay",), "no motor named 'delay'"),
        (("pd", "pd"), "no wrapper of a motor named 'pd'"),
        (({"pd": {"kq": 1.0}},), "motor 'pd' has no parameter 'kq'. Did you mean"),
        (("pd", "smoothed"), "'smoothed' needs a value for 'weight'"),
        (
            ({"pd": {"kp": (1.0,) * 5}},),
            "actuator: kp has 5 numbers, which do not repeat evenly over 12. Give 1, 2, 3, 4, 6, 12",
        ),
        (("pd", {"delay": {"steps": (3, 1)}}), "steps wants [low, high] with low <= high"),
        (({"pd": {}, "direct": {}},), "one name with its parameters, not pd, direct"),
    ],
)
def test_a_wrong_actuator_is_told_in_one_line(entries: tuple, message: str) -> None:
    with pytest.raises(UserError) as error:
        make_actuator(ROBOT, entries)
    assert message in str(error.value) and "\n" not in str(error.value)


# ------------------------------------------------------------------ the gate's twins


@pytest.mark.parametrize(("ours", "theirs"), [(MOTORS, gate.MOTORS), (WRAPPERS, gate.WRAPPERS)])
def test_the_gate_has_the_same_motors_and_parameters(ours: dict, theirs: dict) -> None:
    assert {name: set(parameters(f)) for name, f in ours.items()} == {
        name: set(parameters(f)) for name, f in theirs.items()
    }


CHAINS = [
    ("pd",),
    ("direct",),
    ({"dc_motor": {"stall": 20.0}},),
    ("pd", {"smoothed": {"weight": 0.35}}),
    ("pd", {"strength": {"range": (0.8, 0.8)}}),
    ({"dc_motor": {"kp": (10.0, 20.0, 30.0)}}, {"gains": {"kp": (1.1, 1.1), "kd": (0.7, 0.7)}}),
    ("pd", {"smoothed": {"weight": 0.2}}, {"delay": {"steps": (3, 3)}}, {"strength": {"range": (1.2, 1.2)}}),
    ("pd", {"friction": {"coulomb": 0.4, "viscous": 0.02}}),
    ("pd", {"gains": {"kp": (0.9, 0.9)}}, {"delay": {"steps": (1, 1)}}),
]


@pytest.mark.parametrize("entries", CHAINS, ids=str)
def test_twins_walk_alike_for_fifty_substeps(entries: tuple) -> None:
    rng = np.random.default_rng(2)
    ours = make_actuator(ROBOT, entries)
    theirs = gate.make_motor(gate.Plant(HOME, LIMIT), resolved(ROBOT, entries))
    memory, other = ours.init(KEY), theirs.init(rng, 2)
    seen = set()
    for _ in range(50):
        q, qd = HOME + rng.normal(0, 0.3, 12), rng.normal(0, 15.0, 12)
        dof_pos, tau_ff = rng.normal(0, 0.5, (2, 12))
        target = Targets(jnp.float32(dof_pos), jnp.float32(tau_ff), ONES, ONES)
        memory, got = ours.torque(memory, target, reading_at(q, qd))
        both = gate.Targets(*np.tile([dof_pos, tau_ff], (2, 1, 1)).reshape(2, 2, 12).swapaxes(0, 1))
        other, want = theirs.torque(other, both, np.tile(q, (2, 1)), np.tile(qd, (2, 1)))
        np.testing.assert_allclose(got, want[1], rtol=1e-5, atol=2e-5)
        seen.add(float(got[0]))
    assert len(seen) > 30


def test_twins_draw_from_the_same_ranges() -> None:
    entries = (
        ("pd", {"kp": 1.0, "kd": 1.0}),
        ("strength", {"range": (0.5, 0.9)}),
        ("delay", {"steps": (0, 3)}),
    )
    motor = gate.make_motor(gate.Plant(HOME, LIMIT), entries)
    _, late, (factor, _) = motor.init(np.random.default_rng(0), 2000)
    assert set(late) == {0, 1, 2, 3}
    assert factor.shape == (2000, 12) and 0.5 <= factor.min() < 0.51 and 0.89 < factor.max() <= 0.9
