"""The gate: its world, its scenarios and its numbers, by hand."""

import time
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from gpugym_jax.config import Config, Observations
from gpugym_jax.config_exam import Falls, Gate, check_gate
from gpugym_jax.config_yaml import load_config
from gpugym_jax.gate import measure, rotation, scenario, verdict, world
from gpugym_jax.gate.exam import Exam, exam_of
from gpugym_jax.gate.falls import make_fallen
from gpugym_jax.gate.rollout import Frame, rollout
from gpugym_jax.policy.file import Hidden, Policy
from gpugym_jax.robots import ROBOTS
from gpugym_jax.tables import UserError
from tests.agents import RNG, agent, fresh_draws, random_state  # noqa: F401


def exam(cfg: Config, episodes: int, seconds: float, **changes: Any) -> Exam:
    """A small exam of a configuration."""
    gate = replace(cfg.evaluate, episodes=episodes, seconds=seconds, **changes)
    return exam_of(replace(cfg, evaluate=gate))


def calm(policy: Policy, exam: Exam) -> scenario.Scenario:
    return scenario.draw_scenario(exam, policy.contract.step_dt, seed=0, calm=True)


def played(policy: Policy, exam: Exam, plan: scenario.Scenario) -> Frame:
    fallen = make_fallen(exam.gate.falls, exam.robot)
    return rollout(policy, world.make_world(exam, plan.friction), fallen, plan)


def test_feet_bear_the_robots_weight() -> None:
    cfg = load_config("mini_cheetah_ref")
    policy, small = agent(cfg), exam(cfg, 2, 1.5, friction=(0.8, 0.8))
    record = played(policy, small, calm(policy, small))
    weight = record.foot_force[-1, :, :, 2].sum(-1)
    model = world.make_model(small)
    np.testing.assert_allclose(weight, model.body_mass.sum() * 9.81, rtol=0.02)
    assert not record.fallen.any()


def test_falls_are_seen() -> None:
    robot = ROBOTS["mini_cheetah"]  # its base stands at 0.33 m
    fallen = make_fallen(Falls(bodies=("base", "thigh"), force=5.0, tilt=1.0, height=0.4), robot)
    state = scenario.at_rest(robot, 7)
    force = np.zeros((7, len(robot.bodies), 3))
    force[1, robot.body_ids(("base",))[0]] = [3.0, 0.0, 4.1]
    force[2, robot.body_ids(("foot",))[0], 2] = 100.0
    quat, pos, vel = state.base_quat.copy(), state.base_pos.copy(), state.dof_vel.copy()
    quat[3] = rotation.from_rpy(np.array([1.1, 0.0, 2.0]))
    pos[4, 2], pos[6, 2], vel[5, 3] = 0.131, 0.133, np.nan
    state = replace(state, base_quat=quat, base_pos=pos, dof_vel=vel)
    assert fallen(state, force).tolist() == [False, True, False, True, True, True, False]


def test_a_fixed_base_falls_only_when_it_is_lost() -> None:
    robot = ROBOTS["cartpole"]
    state = replace(scenario.at_rest(robot, 2), dof_pos=np.array([[2.5, 3.1], [np.inf, 9.0]]))
    assert make_fallen(Falls(), robot)(state, np.full((2, 3, 3), 99.0)).tolist() == [False, True]


def made_up(steps: int = 200, n: int = 2) -> Frame:
    """Robots that stand still, without error."""
    flat = np.zeros((steps, n, 3))
    legs, feet = np.zeros((steps, n, 12)), np.zeros((steps, n, 4, 3))
    quat = np.tile([1.0, 0, 0, 0], (steps, n, 1))
    fallen = np.zeros((steps, n), bool)
    return Frame(flat, flat, quat, flat, flat, legs, legs, legs, legs, feet, feet, fallen)


def test_measures_by_hand() -> None:
    dt, r = 0.01, made_up()
    time = np.arange(200)[:, None] * dt
    swing = np.stack([0.3 + 0.4 * np.sign(np.sin(8 * np.pi * time)), 0 * time, 0 * time], -1).repeat(2, 1)
    r2 = replace(r, base_lin_vel=swing)
    assert measure.lin_vel_error(r2, dt) == pytest.approx(np.mean(np.abs(swing[100:, 0, 0])))
    assert measure.lin_vel_error_average(r2, dt) == pytest.approx(0.3, abs=0.02)
    early = np.where(time[..., None] < 1.0, 9.0, 0.2).repeat(2, 1).repeat(3, 2)
    assert measure.ang_vel_error(replace(r, base_ang_vel=early), dt) == pytest.approx(0.2)
    zigzag = (np.arange(200) % 2)[:, None, None] * np.ones((200, 2, 12))
    assert measure.action_jerk(replace(r, target=0.1 * zigzag), dt) == pytest.approx(0.2)
    force, pos = np.zeros((200, 2, 4, 3)), np.zeros((200, 2, 4, 3))
    down = (np.arange(200) // 25) % 2 == 1  # 0.25 s up, 0.25 s down: 2 touch-downs a second
    force[down, :, 0, 2] = 30.0
    force[:, :, 1, 2] = 30.0
    pos[:, :, 1, 0] = 0.5 * time
    r3 = replace(r, foot_force=force, foot_pos=pos)
    np.testing.assert_allclose(measure.duty_factors(r3, dt), [0.5, 1.0, 0.0, 0.0])
    np.testing.assert_allclose(measure.touch_down_rates(r3, dt), [2.0, 0.0, 0.0, 0.0])
    held = [24 * 4, 199]
    assert measure.foot_slip(r3, dt) == pytest.approx(0.5 * held[1] / sum(held))
    fell = np.zeros((200, 2), bool)
    fell[50:60, 1] = True
    assert measure.falls(replace(r, fallen=fell), dt) == 1.0
    angle = np.zeros((200, 2, 2))
    angle[:, 0, 1], angle[:, 1, 1] = 2 * np.pi + 0.1, np.pi
    assert measure.upright_share(replace(r, dof_pos=angle, dof_vel=0 * angle), dt) == 0.5


def test_steps_at_zero_command_by_hand() -> None:
    """One robot is told to stand from 0.5 s on, so it is counted from 1.5 s on; the other walks."""
    dt, r = 0.01, made_up(300)
    command = np.zeros((300, 2, 3))
    command[:50, 0, 2], command[:, 1, 0] = 0.1, 0.5
    force = np.full((300, 2, 4, 3), 30.0)
    up = (np.arange(300) // 10) % 5 == 0  # 0.1 s of every 0.5 s: two steps a second
    force[up, 0, 2, 2] = 0.0
    force[:, 1, :, 2] = 0.0
    r = replace(r, command=command, foot_force=force)
    assert measure.zero_share(r, dt) == pytest.approx(0.25)
    np.testing.assert_allclose(measure.zero_step_rates(r, dt), [0.0, 0.0, 2.0, 0.0])
    assert measure.zero_air_share(r, dt) == pytest.approx(0.2)
    walking = replace(r, command=command + 0.3)
    assert np.isnan(measure.zero_step_rates(walking, dt)).all() and np.isnan(
        measure.zero_air_share(walking, dt)
    )


def test_commands_are_as_asked() -> None:
    cfg = load_config("mini_cheetah_ref")  # up to 4 m/s; its exam draws anew every 10 s
    small = exam(cfg, 50, 20.0)
    pushed, again, slow = (scenario.draw_scenario(small, 0.01, seed=4, calm=c) for c in (False, False, True))
    np.testing.assert_array_equal(pushed.command, again.command)
    assert 3.0 < pushed.command[..., 0].max() <= 4.0
    assert np.ptp(pushed.command[:1000], 0).max() == 0.0 < np.ptp(pushed.command, 0).max()
    planar = np.linalg.norm(slow.command[..., :2], axis=-1)
    assert planar.max() <= 1.0 + 1e-9 and np.ptp(slow.command, 0).max() == 0.0
    assert planar[planar > 0].min() > 0.2, "what was never trained is not asked for"
    for plan in (pushed, slow):
        assert np.all(plan.command == 0, -1).sum(-1).tolist() == [10] * 2000, "a fifth is told to stand"
    own = load_config(
        "mini_cheetah_ref", ["evaluate.commands.lin_vel_x=[2,3]", "evaluate.commands.zero_share=0"]
    )
    plan = scenario.draw_scenario(exam_of(own), 0.01, seed=0, calm=False)
    assert plan.command[..., 0].min() >= 2.0 and plan.command[..., 1].min() < -0.9


def test_starts_pushes_and_ground_are_as_asked() -> None:
    cfg = load_config("mini_cheetah_ref")
    small = exam(cfg, 200, 5.0)
    plan, noise = scenario.draw_scenario(small, 0.01, seed=4, calm=False), small.gate.start
    state, home = plan.start, np.array(small.robot.default_dof_pos)
    tilt = np.arccos(rotation.rotate(state.base_quat, np.array([0.0, 0.0, 1.0]))[:, 2])
    for got, half in (
        (state.base_pos[:, 2] - 0.33 - np.mean(noise.height), np.ptp(noise.height) / 2),
        (tilt, noise.tilt * np.sqrt(2)),
        (rotation.yaw_of(state.base_quat), noise.yaw),
        (state.base_lin_vel, noise.lin_vel),
        (rotation.rotate(state.base_quat, state.base_ang_vel), noise.ang_vel),
        (state.dof_pos - home, noise.dof_pos),
        (state.dof_vel, noise.dof_vel),
        (plan.friction - 0.875, 0.375),
        (plan.kick[..., :2], small.gate.pushes.lin_vel),
    ):
        assert 0.8 * half < np.abs(got).max() <= half + 1e-9
    assert plan.kicked.sum() == pytest.approx(200 * 5.0 / small.gate.pushes.every_s, rel=0.1)
    assert not scenario.draw_scenario(small, 0.01, seed=4, calm=True).kicked.any()


def test_a_toy_starts_hanging() -> None:
    small = exam(load_config("cartpole"), 100, 2.0)
    pole = scenario.draw_scenario(small, 0.02, seed=0, calm=True).start.dof_pos
    assert np.abs(pole[:, 1] - np.pi).max() < 0.11
    assert 2.0 < np.abs(pole[:, 0]).max() <= 2.5
    wrong = replace(small.gate.start, dofs={"cart_to_pol": (0.0, 1.0)})
    with pytest.raises(UserError, match=r"Did you mean 'cart_to_pole'"):
        scenario.draw_start(RNG, small.robot, wrong, 3)


def test_kicks_change_the_world_velocity() -> None:
    small = exam(load_config("mini_cheetah_ref"), 3, 1.5)
    state, gate = random_state(12, 3), world.make_world(small, np.ones(3))
    gate.place(state)
    change = RNG.normal(size=(3, 5))
    gate.kick(np.array([True, False, True]), change)
    after = gate.look()
    spin = rotation.rotate(after.base_quat, after.base_ang_vel) - rotation.rotate(
        state.base_quat, state.base_ang_vel
    )
    np.testing.assert_allclose(
        after.base_lin_vel[:, :2] - state.base_lin_vel[:, :2], [[1], [0], [1]] * change[:, :2]
    )
    np.testing.assert_allclose(spin, [[1], [0], [1]] * change[:, 2:], atol=1e-12)


def test_motors_give_no_more_than_the_robot_has() -> None:
    small = exam(load_config("cartpole"), 2, 1.5)
    gate = world.make_world(small, np.ones(2))
    gate.place(scenario.at_rest(small.robot, 2))
    given = gate.advance(np.array([[1e9, 5.0], [-3.0, 0.0]]))
    np.testing.assert_array_equal(given, [[10.0, 0.0], [-3.0, 0.0]])  # the pole has no motor
    speed = gate.look().dof_vel
    assert speed[0, 0] / speed[1, 0] == pytest.approx(-10.0 / 3.0, rel=1e-3)


def test_a_robot_that_is_not_a_number_stays_so_and_costs_what_others_do() -> None:
    """MuJoCo's solver takes 50 times as long over NaN; a damaged policy gave it some."""
    small = exam(load_config("mini_cheetah_ref"), 2, 1.5)
    ours, alone = (world.make_world(small, np.ones(2)) for _ in range(2))
    spent = []
    for gate, first in ((alone, 1.0), (ours, np.nan)):
        gate.place(scenario.at_rest(small.robot, 2))
        begun = time.process_time()
        for _ in range(150):
            gate.advance(np.array([[first], [1.0]]) * np.ones(12))
        spent.append(time.process_time() - begun)
    np.testing.assert_array_equal(np.isnan(ours.look().dof_vel).all(1), [True, False])
    np.testing.assert_array_equal(ours.look().dof_pos[1], alone.look().dof_pos[1])
    assert spent[1] < 10 * spent[0]


def test_friction_is_applied() -> None:
    """A robot pushed along slides further on ice."""
    cfg = load_config("mini_cheetah_ref")
    policy, small = agent(cfg), exam(cfg, 2, 1.5)
    plan = calm(policy, small)
    start = scenario.at_rest(small.robot, 2)
    moving = replace(start, base_lin_vel=np.tile([1.0, 0.0, 0.0], (2, 1)))
    record = played(policy, small, replace(plan, start=moving, friction=np.array([0.05, 1.0])))
    slid = record.base_pos[-1, :, 0]
    assert slid[0] > 2.0 * slid[1]


def test_verdicts() -> None:
    measures = {"pushed": {"fall_share": 0.002}, "calm": {"lin_vel_error": 0.1, "torque": float("nan")}}
    gate = Gate(max_falls=0.0, max_lin_vel_error=0.15, max_torque=1.0)
    assert [(r.bound, r.passed) for r in verdict.judge(measures, gate)] == [
        ("max_falls", False),
        ("max_lin_vel_error", True),
        ("max_torque", False),
    ]
    with pytest.raises(ValueError, match="has no upright_share"):
        verdict.judge(measures, Gate(min_upright_share=0.9))


def test_one_fall_in_500_may_be_allowed() -> None:
    fell = np.zeros((3, 500), bool)
    fell[1, 7] = True
    record = replace(made_up(3, 500), fallen=fell)
    for falls, passed in ((1, True), (2, False)):
        fell[2, :falls] = True
        fell[1, 7] = False
        share = measure.fall_share(record, 0.01)
        (row,) = verdict.judge({"pushed": {"fall_share": share}}, Gate(max_falls=0.002))
        assert row.passed is passed


def test_episodes_outlast_what_does_not_count() -> None:
    check_gate(Gate(seconds=1.1))
    with pytest.raises(UserError, match="the first 1 s do not count"):
        check_gate(Gate(seconds=1.0))


def test_a_balanced_pole_passes_and_a_hanging_one_does_not() -> None:
    """A hand-made linear controller holds the pole up through the whole chain."""
    cfg = replace(load_config("cartpole"), observations=Observations(actor=("dof_pos_abs", "dof_vel")))

    def balance(obs: np.ndarray, hidden: Hidden) -> tuple[np.ndarray, np.ndarray, Hidden]:
        x, angle, x_rate, rate = obs.T
        # The pole turns about x and the rail is y: a positive angle leans to -y.
        force = np.clip(1.0 * x + 2.0 * x_rate - 40.0 * angle - 10.0 * rate, -10.0, 10.0)[:, None]
        return force, force / 10.0, hidden

    hanging = exam(cfg, 4, 4.0, min_upright_share=0.95)
    up = {"slider_to_cart": (-0.2, 0.2), "cart_to_pole": (-0.15, 0.15)}
    upright = exam(cfg, 4, 4.0, min_upright_share=0.95, start=replace(cfg.evaluate.start, dofs=up))
    _, rows, _ = verdict.evaluate(agent(cfg, balance), upright, seed=0)
    assert all(r.passed for r in rows), rows
    _, rows, _ = verdict.evaluate(agent(cfg), hanging, seed=0)
    assert [r.passed for r in rows] == [True, False]
