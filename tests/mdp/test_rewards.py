"""Every reward term on a snapshot whose value is worked by hand in the comment."""

from dataclasses import replace

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from gpugym_jax.mdp import gait  # noqa: F401  (enters its rewards)
from gpugym_jax.mdp.rewards import REWARDS
from tests.mdp.snapshots import ROBOT, make_snapshot

HOME = np.array(ROBOT.default_dof_pos)
PI = float(np.pi)


def joint(i: int, value: float) -> jnp.ndarray:
    return jnp.zeros(12).at[i].set(value)


# name, parameters, fields, value
CASES = [
    # |(1,0)-(0.5,0)|^2 = 0.25; exp(-0.25/0.25) = e^-1
    ("tracking_lin_vel", {}, {"command": [1, 0, 0], "base_lin_vel": [0.5, 0, 0]}, np.exp(-1)),
    # error 0.5 / (1+1) = 0.25; exp(-0.0625/0.25) = e^-0.25
    ("tracking_lin_vel_relative", {}, {"command": [1, 0, 0], "base_lin_vel": [0.5, 0, 0]}, np.exp(-0.25)),
    # (1-0)^2/0.5 = 2
    ("tracking_ang_vel", {"sigma": 0.5}, {"command": [0, 0, 1]}, np.exp(-2)),
    ("lin_vel_z", {}, {"base_lin_vel": [1, 1, 3]}, 9.0),
    # (0.5/1)^2/0.25 = 1
    ("lin_vel_z_exp", {}, {"base_lin_vel": [0, 0, 0.5]}, np.exp(-1)),
    # 1 + 4, yaw does not count
    ("ang_vel_xy", {}, {"base_ang_vel": [1, 2, 9]}, 5.0),
    # roll: e^-(0.5^2/0.25), pitch: 1
    ("ang_vel_xy_exp", {}, {"base_ang_vel": [0.5, 0, 9]}, np.exp(-1) + 1),
    # 0.6^2
    ("orientation", {}, {"projected_gravity": [0.6, 0, -0.8]}, 0.36),
    # e^-(0.5^2/0.25) + 1
    ("orientation_exp", {}, {"projected_gravity": [0.5, 0, -0.866]}, np.exp(-1) + 1),
    # (0.3 - 0.5)^2
    ("base_height", {"target": 0.5}, {}, 0.04),
    # ((0.3-0.8)/1)^2/0.25 = 1
    ("base_height_exp", {"target": 0.8}, {}, np.exp(-1)),
    ("min_base_height_exp", {"target": 0.8}, {}, np.exp(-1)),
    # too high costs nothing
    ("min_base_height_exp", {"target": 0.1}, {}, 1.0),
    # 9 + 16
    ("torques", {}, {"torque": joint(0, 3.0) + joint(5, 4.0)}, 25.0),
    ("dof_vel", {}, {"dof_vel": joint(0, 3.0) + joint(5, 4.0)}, 25.0),
    ("dof_acc", {}, {"dof_acc": joint(2, -2.0)}, 4.0),
    # |3 * -2| + |1 * 4|
    ("power", {}, {"torque": joint(0, 3.0) + joint(1, 1.0), "dof_vel": joint(0, -2.0) + joint(1, 4.0)}, 10.0),
    # joint 1 has scale 2: (1/2)^2/0.25 = 1; eleven joints at home
    ("dof_near_home", {"scale": (1.0, 2.0, 1.0) * 4}, {"dof_pos": HOME + joint(1, 1.0)}, 11 + np.exp(-1)),
    # (1/2)^2
    ("dof_deviation", {"scale": (1.0, 2.0, 1.0) * 4}, {"dof_pos": HOME + joint(1, 1.0)}, 0.25),
    # 2^2 + 1^2
    ("action_rate", {}, {"action": joint(0, 2.0), "last_action": joint(1, 1.0)}, 5.0),
    # (0.1 / 0.02)^2
    ("target_rate", {}, {"target_history": jnp.stack([joint(0, 0.1), joint(0, 0), joint(0, 0)])}, 25.0),
    # (0.1 - 2*0.3 + 0.1)/0.02 = -20
    ("target_rate2", {}, {"target_history": jnp.stack([joint(0, 0.1), joint(0, 0.3), joint(0, 0.1)])}, 400.0),
    # haa range +-1.5, soft 0.8: limit 1.2; at 1.3
    ("dof_pos_limits", {"soft": 0.8}, {"dof_pos": HOME + joint(0, 1.3)}, 0.1),
    # limit 41 * 0.5 = 20.5: 0.25 beyond; joint 1 far beyond counts 1
    ("dof_vel_limits", {"soft": 0.5}, {"dof_vel": joint(0, 20.75) + joint(1, 40.0)}, 1.25),
    # as in legged_gym, the limits themselves where nothing else is said: 1.6 of 1.5, 41.5 of 41, 19 of 18
    ("dof_pos_limits", {}, {"dof_pos": HOME + joint(0, 1.6)}, 0.1),
    ("dof_vel_limits", {}, {"dof_vel": joint(0, 41.5)}, 0.5),
    ("torque_limits", {}, {"torque": joint(0, 19.0)}, 1.0),
    # 18 * 0.5 = 9: 1 beyond
    ("torque_limits", {"soft": 0.5}, {"torque": joint(0, -10.0)}, 1.0),
    ("stand_still", {}, {"dof_pos": HOME + joint(0, -0.3)}, 0.3),
    ("stand_still", {}, {"dof_pos": HOME + joint(0, -0.3), "command": [1, 0, 0]}, 0.0),
    # bodies 1 and 2 are asked for, only 2 is pushed
    ("collision", {"bodies": (1, 2)}, {"body_force": jnp.zeros((13, 3)).at[jnp.array([2, 5]), 0].set(1)}, 1.0),
    # (0.7 - 0.5) + nothing of the foot that stays up
    ("feet_air_time", {}, {"air_time": [0.7, 0.9, 0, 0], "touched_down": [True, False, False, False],
                           "command": [1, 0, 0]}, 0.2),
    ("feet_air_time", {}, {"air_time": [0.7, 0.9, 0, 0], "touched_down": [True, False, False, False]}, 0.0),
    # (0.2 - 0.1) + min(0.9 - 0.1, 0.2); turning counts as moving
    ("feet_air_time_clipped", {}, {"air_time": [0.2, 0.9, 0, 0], "touched_down": [True, True, False, False],
                                   "command": [0, 0, 1]}, 0.3),
    # 3^2 + 4^2 for the foot on the ground, vertical speed does not count
    ("foot_slip", {}, {"foot_vel": jnp.zeros((4, 3)).at[:2].set(jnp.array([3.0, 4.0, 7.0])),
                       "foot_contact": [True, False, False, False]}, 25.0),
    # (0.03 - 0.08)^2 * 2 m/s
    ("foot_clearance", {}, {"foot_pos": jnp.full((4, 3), 0.03),
                            "foot_vel": jnp.zeros((4, 3)).at[0, 1].set(2.0)}, 0.005),
    # 6 > 5 * 1
    ("stumble", {}, {"foot_force": jnp.zeros((4, 3)).at[0].set(jnp.array([6.0, 0, 1]))}, 1.0),
    ("stumble", {}, {"foot_force": jnp.zeros((4, 3)).at[0].set(jnp.array([4.0, 0, 1]))}, 0.0),
    # |(0,30,40)| = 50, 10 beyond
    ("feet_contact_forces", {"limit": 40.0}, {"foot_force": jnp.zeros((4, 3)).at[0].set(jnp.array([0, 30.0, 40]))}, 10.0),
    ("no_fly", {}, {"foot_force": jnp.zeros((4, 3)).at[0, 2].set(1.0)}, 1.0),
    ("no_fly", {}, {"foot_force": jnp.zeros((4, 3)).at[:2, 2].set(1.0)}, 0.0),
    ("dof_upright", {"dof": 0}, {"dof_pos": HOME + joint(0, PI / 3)}, 0.5),
    ("dof_pos_square", {"dof": 0}, {"dof_pos": HOME + joint(0, -2.0)}, 4.0),
    ("dof_vel_square", {"dof": 0}, {"dof_vel": joint(0, -2.0)}, 4.0),
    # 2 pi + 0.5 is 0.5: e^-(0.25/0.25)
    ("dof_upright_exp", {"dof": 0}, {"dof_pos": HOME + joint(0, 2 * PI + 0.5)}, np.exp(-1)),
    # asked to walk (S = exp(-0.8^2/0.1) = 0.00166): feet rf and lh should swing, both press
    ("swing_grf", {}, {"command": [1, 0, 0], "clock": 1.0, "foot_force": jnp.full((4, 3), 60.0)}, 2 * (1 - np.exp(-6.4))),
    ("stance_grf", {}, {"command": [1, 0, 0], "clock": 4.0,
                        "foot_force": jnp.zeros((4, 3)).at[0, 2].set(60.0)}, 1 - np.exp(-6.4)),
    # standing: nothing is paid
    ("stance_grf", {}, {"clock": 4.0, "foot_force": jnp.full((4, 3), 60.0)}, 0.0),
    # at phase 0 the trot is at home: error 0, bell 1
    ("reference_traj", {"motion": "mini_cheetah_trot"}, {"command": [1, 0, 0]}, 1 - np.exp(-6.4)),
    # one joint is 0.5 off: (11 + e^-1)/12 - 0.2*0.5/12
    ("reference_traj", {"motion": "mini_cheetah_trot"}, {"command": [1, 0, 0], "dof_pos": HOME + joint(0, 0.5)},
     (1 - np.exp(-6.4)) * ((11 + np.exp(-1)) / 12 - 0.1 / 12)),
    ("tracking_lin_vel_moving", {}, {"command": [1, 0, 0], "base_lin_vel": [0.5, 0, 0]},
     (1 - np.exp(-6.4)) * np.exp(-0.25)),
    # at rest and at home: 1 + 1, base drifts with v^2 = 3, mean 1
    ("stand_still_exp", {}, {"base_lin_vel": [1, 1, 1]}, 1.0),
]  # fmt: skip


@pytest.mark.parametrize(("name", "params", "fields", "value"), CASES, ids=[c[0] for c in CASES])
def test_by_hand(name: str, params: dict, fields: dict, value: float) -> None:
    with jax.numpy_rank_promotion("raise"):
        got = REWARDS[name](make_snapshot(**fields), **params)
    assert got.shape == () and got.dtype == jnp.float32
    np.testing.assert_allclose(got, value, rtol=2e-5, atol=1e-6)


def test_what_has_no_limit_is_never_beyond_it() -> None:
    """The first joint turns on and on, the second has an end above; each motor but the third has no limit."""
    free, half, ranged = (-np.inf, np.inf), (-np.inf, 1.0), (-1.0, 3.0)
    robot = replace(
        ROBOT,
        dof_pos_limit=(free, half, ranged) * 4,
        dof_vel_limit=(np.inf, np.inf, 10.0) * 4,
        torque_limit=(np.inf, np.inf, 5.0) * 4,
    )

    def value(name: str, soft: float, numbers: jnp.ndarray) -> float:
        fields = {name: jnp.zeros(12).at[:3].set(numbers) for name in ("dof_pos", "dof_vel", "torque")}
        return float(REWARDS[name](make_snapshot(**fields).replace(robot=robot), soft=soft))

    # 1.5 of 1; 2.2 of 1 + 0.5 * 2, the middle and half of half the range
    assert value("dof_pos_limits", 0.5, jnp.array([90.0, 1.5, 2.2])) == pytest.approx(0.5 + 0.2)
    # -1.2 of 1 - 1.0 * 2; the others have no end there
    assert value("dof_pos_limits", 1.0, jnp.array([-90.0, -90.0, -1.2])) == pytest.approx(0.2)
    # 10.5 of 10, 8 of 5; with soft 0 all that has a limit is beyond it
    assert value("dof_vel_limits", 1.0, jnp.array([90.0, 90.0, 10.5])) == pytest.approx(0.5)
    assert value("torque_limits", 1.0, jnp.array([90.0, 90.0, 8.0])) == pytest.approx(3.0)
    assert value("dof_vel_limits", 0.0, jnp.array([90.0, 90.0, 0.7])) == pytest.approx(0.7)
    assert value("torque_limits", 0.0, jnp.array([90.0, 90.0, 8.0])) == pytest.approx(8.0)


def test_every_term_is_worked_by_hand() -> None:
    assert {case[0] for case in CASES} == set(REWARDS)
