"""One control step of one robot: ends, resets, pushes, commands, and what is observed when."""

import dataclasses

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from gpugym_jax.config import (
    ActionTerm,
    Commands,
    Config,
    Control,
    Draw,
    Observations,
    Pushes,
    Randomize,
    RewardOptions,
)
from gpugym_jax.functions import Mdp
from gpugym_jax.mdp import make_mdp
from gpugym_jax.tables import UserError
from gpugym_jax.types import Reading, TaskState
from tests.mdp.snapshots import ROBOT

BASE = Config(
    robot="mini_cheetah",
    episode_s=1.0,
    control=Control(hz=50, physics_hz=200),
    actions={"dof_pos_target": ActionTerm(scale=(0.5,))},
    observations=Observations(actor=("base_height", "command", "dof_pos", "target_history")),
    commands=Commands(lin_vel_x=(-1, 1), resample_s=0.2),
    rewards={"tracking_lin_vel": {"weight": 2.0}, "torques": {"weight": 0.0}},
    terminations={"height": {"below": 0.1}},
    randomize=Randomize(start_step=False),
)


def change(**fields: object) -> Mdp:
    return make_mdp(dataclasses.replace(BASE, **fields), ROBOT)  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def mdp() -> Mdp:
    return change()


def begin(mdp: Mdp) -> tuple[TaskState, Reading]:
    task, robot = mdp.start(jax.random.key(3))
    nothing = jnp.zeros((len(ROBOT.bodies), 3))
    return task, Reading(robot, nothing, nothing, nothing, jnp.zeros((), bool))


def at(reading: Reading, **robot: object) -> Reading:
    return reading.replace(robot=reading.robot.replace(**robot))


def test_reward_is_dt_times_weight_times_term(mdp: Mdp) -> None:
    task, reading = begin(mdp)
    v = mdp.judge(task, reading)
    # at rest, asked for command c: 0.02 * 2 * exp(-c^2 / 0.25)
    expected = 0.04 * np.exp(-(float(task.command[0]) ** 2) / 0.25)
    np.testing.assert_allclose(v.reward, expected, rtol=1e-5)
    np.testing.assert_allclose(v.metrics["rewards/tracking_lin_vel"], expected, rtol=1e-5)
    assert "rewards/torques" not in v.metrics, "weight 0 switches a term off"


def test_time_out_is_no_termination(mdp: Mdp) -> None:
    task, reading = begin(mdp)
    v = mdp.judge(task.replace(step=jnp.int32(49)), reading)
    assert bool(v.timed_out) and not bool(v.terminated) and bool(v.rewrite)
    assert int(v.task.step) == 0
    v = mdp.judge(task.replace(step=jnp.int32(48)), reading)
    assert not bool(v.timed_out) and not bool(v.rewrite) and int(v.task.step) == 49


def test_termination_wins_over_time_out(mdp: Mdp) -> None:
    task, reading = begin(mdp)
    fallen = at(reading, base_pos=jnp.array([0.0, 0.0, 0.05]))
    v = mdp.judge(task.replace(step=jnp.int32(49)), fallen)
    assert bool(v.terminated) and not bool(v.timed_out)
    # the final observation is of the fall, the state to go on from is a new one
    np.testing.assert_allclose(v.final_obs["actor"][0], 0.05)
    np.testing.assert_allclose(v.robot.base_pos[2], ROBOT.base_height)


def test_final_observation_equals_the_next_where_nothing_ended(mdp: Mdp) -> None:
    task, reading = begin(mdp)
    v = mdp.judge(task.replace(step=jnp.int32(9)), reading)  # step 10: a new command is due
    assert float(v.task.command[0]) != float(task.command[0])
    np.testing.assert_array_equal(v.final_obs["actor"], mdp.observe(v.task, reading)[1]["actor"])


def test_termination_reward() -> None:
    for by_dt, cost in ((False, -3.0), (True, -3.0 * 0.02)):
        mdp = change(reward=RewardOptions(termination=-3.0, termination_by_dt=by_dt), rewards={})
        task, reading = begin(mdp)
        fallen = at(reading, base_pos=jnp.array([0.0, 0.0, 0.05]))
        np.testing.assert_allclose(mdp.judge(task, fallen).reward, cost, rtol=1e-6)
        np.testing.assert_allclose(mdp.judge(task.replace(step=jnp.int32(49)), reading).reward, 0.0)


def test_negative_reward_is_clipped_before_the_termination_cost() -> None:
    mdp = change(
        reward=RewardOptions(clip_negative=True, termination=-1.0),
        rewards={"base_height": {"weight": -9, "target": 1.0}},
    )
    task, reading = begin(mdp)
    assert float(mdp.judge(task, reading).reward) == 0.0
    fallen = at(reading, base_pos=jnp.array([0.0, 0.0, 0.05]))
    assert float(mdp.judge(task, fallen).reward) == -1.0


def test_a_potential_pays_what_it_gained() -> None:
    """weight (discount now - before), no dt; nothing in the first step, and now is 0 at an early end."""
    mdp = change(rewards={"base_height": {"weight": 2.0, "target": 0.0, "potential": 0.9}})
    task, reading = begin(mdp)
    paid = []
    for height in (0.5, 0.6, 0.2, 0.05):  # the height squared; below 0.1 the episode ends
        v = mdp.judge(task, at(reading, base_pos=jnp.array([0.0, 0.0, height])))
        task = v.task
        paid.append(float(v.reward))
    # 2 (0.9 * 0.36 - 0.25), 2 (0.9 * 0.04 - 0.36), 2 (0 - 0.04)
    np.testing.assert_allclose(paid, [0.0, 0.148, -0.648, -0.08], rtol=1e-5)
    assert bool(v.terminated) and np.isnan(task.potentials["base_height"])


def test_a_potential_that_is_no_number_is_not_hidden() -> None:
    """The square of 1e30 m is infinite in float32, and so is what it gains; at a start it is unknown."""
    mdp = change(rewards={"base_height": {"weight": 2.0, "target": 0.0, "potential": 0.5}})
    task, reading = begin(mdp)
    paid = []
    for height in (1e30, 1.0, 2.0, 1e30):
        v = mdp.judge(task, at(reading, base_pos=jnp.array([0.0, 0.0, height])))
        task = v.task
        paid.append(float(v.reward))
    # inf - inf, 0.5 - inf, 2 (0.5 * 4 - 1), inf - 4
    np.testing.assert_array_equal(paid, [np.nan, -np.inf, 2.0, np.inf])


def test_robot_that_is_not_finite_is_reset_and_counted(mdp: Mdp) -> None:
    task, reading = begin(mdp)
    v = mdp.judge(task, at(reading, dof_vel=jnp.full(12, jnp.nan)))
    assert bool(v.terminated) and float(v.metrics["events/not_finite"]) == 1.0 and float(v.reward) == 0.0
    for leaf in jax.tree.leaves(
        (v.robot, v.final_obs, v.reward, v.metrics, v.task.replace(key=None, run_key=None))
    ):
        assert np.all(np.isfinite(leaf))


def test_pushes_come_every_so_often_and_are_written() -> None:
    mdp = change(pushes=Pushes(every_s=0.1, lin_vel=0.5))
    task, reading = begin(mdp)
    task = task.replace(push_in=jnp.int32(3))
    for step in range(1, 14):
        v = mdp.judge(task, reading)
        task, pushed = v.task, step in (3, 8, 13)
        assert bool(v.rewrite) is pushed
        assert bool(jnp.any(v.robot.base_lin_vel != 0)) is pushed


def test_the_first_push_is_anywhere_in_the_period_after_each_reset() -> None:
    mdp = change(pushes=Pushes(every_s=0.1, lin_vel=0.5))
    keys = jax.random.split(jax.random.key(1), 500)
    task, robot = jax.vmap(mdp.start)(keys)
    counts = np.bincount(task.push_in, minlength=6)
    assert counts[0] == 0 and counts[1:].min() > 70 and counts.sum() == 500
    nothing = jnp.zeros((500, len(ROBOT.bodies), 3))
    reading = Reading(robot, nothing, nothing, nothing, jnp.zeros(500, bool))
    again = jax.vmap(mdp.judge)(task.replace(step=jnp.full(500, 49)), reading).task.push_in
    assert np.bincount(again, minlength=6)[1:].min() > 70


def test_a_pull_lasts_its_seconds_and_writes_no_robot() -> None:
    mdp = change(pushes=Pushes(every_s=0.16, force=30.0, torque=2.0, seconds=0.06))
    assert mdp.wrench is not None and change().wrench is None
    task, reading = begin(mdp)
    task, seen = task.replace(push_in=jnp.int32(2)), []
    for _ in range(10):
        v = mdp.judge(task, reading)
        assert not bool(v.rewrite)
        task = v.task
        seen.append(np.asarray(mdp.wrench(task)))
    # drawn after the second step, held for three, and again eight steps later
    assert [bool(w.any()) for w in seen] == [False, True, True, True, False, False, False, False, False, True]
    np.testing.assert_array_equal(seen[1], seen[3])
    assert np.all(seen[1] != seen[9], where=np.arange(6) != 2)
    assert seen[1][2] == 0 and np.abs(seen[1][:2]).max() <= 30.0 and np.abs(seen[1][3:]).max() <= 2.0


def test_who_goes_on_is_seen_as_judged_and_who_begins_anew_as_written(mdp: Mdp) -> None:
    task, reading = begin(mdp)
    elsewhere = at(reading, base_pos=jnp.array([0.0, 0.0, 0.7]))
    v = mdp.judge(task, reading)
    _, obs = mdp.renew(v, elsewhere)
    np.testing.assert_array_equal(obs["actor"], v.final_obs["actor"])
    v = mdp.judge(task.replace(step=jnp.int32(49)), reading)
    _, obs = mdp.renew(v, elsewhere)
    np.testing.assert_allclose(obs["actor"][0], 0.7)


def test_noise_is_drawn_anew_as_an_episode_ends_and_as_one_begins() -> None:
    seen = Observations(actor=("dof_pos",), noise={"dof_pos": 0.1})
    mdp = change(observations=seen)
    task, reading = begin(mdp)
    noises = [mdp.observe(task, reading)[1]["actor"]]  # the robot is at home: what it sees is noise
    for step in (10, 49):
        v = mdp.judge(task.replace(step=jnp.int32(step)), reading)
        noises += [v.final_obs["actor"], mdp.renew(v, reading)[1]["actor"]]
    before, goes_on, the_same, ended, begun = (np.round(np.asarray(n), 6) for n in noises)
    np.testing.assert_array_equal(goes_on, the_same)  # one look, in one step
    np.testing.assert_array_equal(goes_on, ended)  # from the same key
    for a, b in ((before, goes_on), (before, begun), (ended, begun)):
        assert not np.isin(a, b).any() and np.abs(a).max() <= 0.1


def test_variation_is_kept_or_redrawn() -> None:
    """Each property by its own period; a write gets only what is renewed."""
    properties = {"friction": (0.5, 1.0), "base_mass": Draw((-1.0, 1.0), "episode")}
    mdp = change(randomize=Randomize(start_step=False, properties=properties))
    task, reading = begin(mdp)
    for step, renewed in ((48, False), (49, True)):
        v = mdp.judge(task.replace(step=jnp.int32(step)), reading)
        assert v.task.variation["friction"] == task.variation["friction"]
        assert (v.task.variation["base_mass"] != task.variation["base_mass"]) == renewed
        assert set(v.variation) == {"base_mass"}
        assert v.variation["base_mass"] == v.task.variation["base_mass"]


def test_targets_are_remembered_newest_first(mdp: Mdp) -> None:
    task, _ = begin(mdp)
    for value in (1.0, 2.0):
        task = mdp.act(task, jnp.full(12, value))
    np.testing.assert_allclose(task.target_history[:, 0], [1.0, 0.5, 0.0])
    np.testing.assert_allclose([task.action[0], task.last_action[0]], [2.0, 1.0])


def test_air_time_is_paid_once_and_survives_a_flicker() -> None:
    mdp = change(rewards={"feet_air_time": {"weight": 1.0, "target": 0.0, "moving": -1.0}})
    task, up = begin(mdp)
    foot = ROBOT.body_ids(["foot"])[0]
    down = up.replace(body_force=up.body_force.at[foot, 2].set(9.0))
    paid = []
    for reading in (up, up, down, down, up, down, up, up, down):
        v = mdp.judge(task, reading)
        # no command is due in these steps, and reward is dt * weight * air time of the first foot
        paid.append(float(v.reward) / 0.02)
        task = v.task
    # The first contact pays its own step too: 3 * 0.02. A single step without force counts as contact.
    # The foot that left at the seventh step is held for it, then flies one step, then lands.
    np.testing.assert_allclose(paid, [0, 0, 0.06, 0, 0, 0, 0, 0, 0.04], atol=1e-6)


def test_wrong_rates_and_names_are_told_before_anything_is_compiled() -> None:
    with pytest.raises(UserError, match="225 Hz.*50 Hz.*nearest that is: 200 Hz|250 Hz"):
        change(control=Control(hz=50, physics_hz=225))
    with pytest.raises(UserError, match="no reward named 'lin_velz'. Did you mean 'lin_vel_z'"):
        change(rewards={"lin_velz": {"weight": 1.0}})
    with pytest.raises(
        UserError, match="reward 'tracking_lin_vel' has no parameter 'sigm'. Did you mean 'sigma'"
    ):
        change(rewards={"tracking_lin_vel": {"weight": 1.0, "sigm": 1.0}})
    with pytest.raises(UserError, match="needs a weight"):
        change(rewards={"tracking_lin_vel": {}})
    with pytest.raises(
        UserError, match="no body or group of mini_cheetah named 'tigh'. Did you mean 'thigh'"
    ):
        change(terminations={"contact": {"bodies": ["tigh"]}})
    with pytest.raises(UserError, match="needs a value for 'below'"):
        change(terminations={"height": {}})
