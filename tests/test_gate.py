"""The gate: its world, its scenarios and its numbers, by hand."""

from dataclasses import replace

import numpy as np
import pytest

from gpugym_jax.config import Gate, Observations
from gpugym_jax.config_yaml import load_config
from gpugym_jax.gate import measure, rotation, scenario, verdict, world
from gpugym_jax.gate.falls import make_fallen
from gpugym_jax.gate.rollout import Frame, rollout, start
from gpugym_jax.robots import ROBOTS
from gpugym_jax.robots.scene import Scene
from tests.agents import RNG, agent, random_state


def test_feet_bear_the_robots_weight() -> None:
    cfg = load_config("mini_cheetah_ref")
    policy, robot = agent(cfg), ROBOTS["mini_cheetah"]
    plan = scenario.draw_scenario(
        policy.contract, Scene(robot), episodes=2, seconds=1.5, seed=0, calm=True, friction=(0.8, 0.8)
    )
    record = rollout(policy, plan)
    weight = record.foot_force[-1, :, :, 2].sum(-1)
    model = world.make_model(policy.contract, Scene(robot))
    np.testing.assert_allclose(weight, model.body_mass.sum() * 9.81, rtol=0.02)
    assert not record.fallen.any()


def test_falls_are_seen() -> None:
    robot = ROBOTS["mini_cheetah"]
    fallen = make_fallen(
        {
            "contact": {"bodies": ("base", "thigh"), "force": 5.0},
            "tilt": {"angle": 1.0},
            "height": {"below": 0.1},
        },
        robot,
    )
    state = scenario.basic(RNG, robot, 6)
    force = np.zeros((6, len(robot.bodies), 3))
    force[1, robot.body_ids(("base",))[0]] = [3.0, 0.0, 4.1]
    force[2, robot.body_ids(("foot",))[0], 2] = 100.0
    quat, pos, vel = state.base_quat.copy(), state.base_pos.copy(), state.dof_vel.copy()
    quat[3] = rotation.from_rpy(np.array([1.1, 0.0, 2.0]))
    pos[4, 2], vel[5, 3] = 0.05, np.nan
    state = replace(state, base_quat=quat, base_pos=pos, dof_vel=vel)
    assert fallen(state, force).tolist() == [False, True, False, True, True, True]
    pole = make_fallen({"dof_range": {"dof": "slider_to_cart", "limit": 2.0}}, ROBOTS["cartpole"])
    cart = replace(scenario.basic(RNG, ROBOTS["cartpole"], 2), dof_pos=np.array([[2.5, 0.0], [-1.0, 9.0]]))
    assert pole(cart, np.zeros((2, 3, 3))).tolist() == [True, False]


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


def test_scenarios_are_as_asked() -> None:
    cfg = load_config("mini_cheetah_ref")
    c, robot = agent(cfg).contract, ROBOTS["mini_cheetah"]
    given = {"episodes": 50, "seconds": 10.0, "seed": 4, "friction": (0.5, 1.25)}
    pushed = scenario.draw_scenario(c, Scene(robot), calm=False, **given)
    again = scenario.draw_scenario(c, Scene(robot), calm=False, **given)
    calm = scenario.draw_scenario(c, Scene(robot), calm=True, **given)
    np.testing.assert_array_equal(pushed.command, again.command)
    assert 3.0 < pushed.command[..., 0].max() <= 4.0
    assert np.linalg.norm(calm.command[..., :2], axis=-1).max() <= 1.0 + 1e-9
    assert np.ptp(calm.command, 0).max() == 0.0
    assert not calm.kicked.any()
    assert pushed.kicked.any(0).all()
    assert np.abs(pushed.kick[..., :2]).max() <= cfg.pushes.lin_vel
    assert 0.5 <= pushed.friction.min() < 0.6
    assert 1.15 < pushed.friction.max() <= 1.25


def test_kicks_change_the_world_velocity() -> None:
    cfg = load_config("mini_cheetah_ref")
    policy, robot = agent(cfg), ROBOTS["mini_cheetah"]
    plan = scenario.draw_scenario(
        policy.contract, Scene(robot), episodes=3, seconds=1.0, seed=0, calm=True, friction=(1.0, 1.0)
    )
    state = random_state(12, 3)
    gate, _, _ = start(policy, replace(plan, start=state))
    change = RNG.normal(size=(3, 5))
    world.kick(gate, np.array([True, False, True]), change, keep=1.0)
    after = world.look(gate)
    spin = rotation.rotate(after.base_quat, after.base_ang_vel) - rotation.rotate(
        state.base_quat, state.base_ang_vel
    )
    np.testing.assert_allclose(
        after.base_lin_vel[:, :2] - state.base_lin_vel[:, :2], [[1], [0], [1]] * change[:, :2]
    )
    np.testing.assert_allclose(spin, [[1], [0], [1]] * change[:, 2:], atol=1e-12)


def test_friction_is_applied() -> None:
    """A robot pushed along slides further on ice."""
    cfg = load_config("mini_cheetah_ref")
    policy, robot = agent(cfg), ROBOTS["mini_cheetah"]
    plan = scenario.draw_scenario(
        policy.contract, Scene(robot), episodes=2, seconds=1.0, seed=0, calm=True, friction=(1.0, 1.0)
    )
    moving = replace(plan.start, base_lin_vel=np.tile([1.0, 0.0, 0.0], (2, 1)))
    record = rollout(policy, replace(plan, start=moving, friction=np.array([0.05, 1.0])))
    slid = record.base_pos[-1, :, 0]
    assert slid[0] > 2.0 * slid[1]


def test_verdicts() -> None:
    measures = {"pushed": {"falls": 1.0}, "calm": {"lin_vel_error": 0.1, "torque": float("nan")}}
    gate = Gate(max_falls=0, max_lin_vel_error=0.15, max_torque=1.0)
    assert [(r.bound, r.passed) for r in verdict.judge(measures, gate)] == [
        ("max_falls", False),
        ("max_lin_vel_error", True),
        ("max_torque", False),
    ]
    with pytest.raises(ValueError, match="has no upright_share"):
        verdict.judge(measures, Gate(min_upright_share=0.9))


def test_a_balanced_pole_passes_and_a_hanging_one_does_not() -> None:
    """A hand-made linear controller holds the pole up through the whole chain."""
    cfg = load_config("cartpole")
    reset = {"range": {"dof_pos": {"slider_to_cart": (-0.2, 0.2), "cart_to_pole": (-0.15, 0.15)}}}
    cfg = replace(cfg, reset=reset, observations=Observations(actor=("dof_pos_abs", "dof_vel")))

    def balance(obs: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        x, angle, x_rate, rate = obs.T
        # The pole turns about x and the rail is y: a positive angle leans to -y.
        force = np.clip(1.0 * x + 2.0 * x_rate - 40.0 * angle - 10.0 * rate, -10.0, 10.0)[:, None]
        return force, force / 10.0

    scene, gate = Scene(ROBOTS["cartpole"]), Gate(episodes=4, seconds=4.0, min_upright_share=0.95)
    _, rows, _ = verdict.evaluate(agent(cfg, balance), scene, gate, seed=0)
    assert all(r.passed for r in rows), rows
    hanging = replace(cfg, reset={"range": {"dof_pos": {"cart_to_pole": (3.0, 3.1)}}})
    _, rows, _ = verdict.evaluate(agent(hanging), scene, gate, seed=0)
    assert [r.passed for r in rows] == [True, False]
