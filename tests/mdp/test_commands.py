"""Commands and clocks: what they ask, by hand, and the gate's clocks beside ours."""

import dataclasses

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from gpugym_jax.bounds import Positive
from gpugym_jax.config import ActionTerm, Commands, Config, Control, Entry, Observations
from gpugym_jax.config_yaml import load_config
from gpugym_jax.frames import from_rpy
from gpugym_jax.functions import Command, Mdp
from gpugym_jax.gate import clocks as gate
from gpugym_jax.gate.commands import SAMPLERS
from gpugym_jax.gate.exam import exam_of
from gpugym_jax.mdp import make_mdp
from gpugym_jax.mdp.clocks import CLOCKS, make_clock
from gpugym_jax.mdp.commands import COMMANDS, as_drawn, configured, make_command
from gpugym_jax.mdp.resets import make_sample_state
from gpugym_jax.policy.description import describe
from gpugym_jax.policy.metadata import parse
from gpugym_jax.schema import task_schema
from gpugym_jax.tables import UserError, parameters
from gpugym_jax.types import Reading, RobotState, TaskState
from tests.mdp.snapshots import ROBOT

KEY = jax.random.key(0)
KEYS = jax.random.split(KEY, 2000)
RANGES = Commands(lin_vel_x=(-1, 3), lin_vel_y=(-0.5, 0.5), ang_vel_yaw=(-2, 2))


def sampled(sampler: Entry) -> Commands:
    return dataclasses.replace(RANGES, sampler=sampler)


def facing(yaw: float) -> RobotState:
    robot = make_sample_state({"basic": {}}, ROBOT)(KEY)
    return robot.replace(base_quat=from_rpy(jnp.array([0.0, 0.0, yaw])))


@pytest.mark.parametrize(
    ("heading", "yaw", "rate"),
    [
        (1.0, 0.4, 0.3),  # 0.5 * 0.6
        (0.0, 3.0, -1.0),  # 0.5 * -3 is cut at 1
        (3.0, -3.0, -0.5 * (2 * np.pi - 6.0)),  # the short way round
    ],
)
def test_a_heading_asks_to_turn_to_it(heading: float, yaw: float, rate: float) -> None:
    ask = make_command(sampled("heading")).command
    np.testing.assert_allclose(
        ask(jnp.array([0.5, 0.1, heading, 1.0]), facing(yaw)), [0.5, 0.1, rate], rtol=1e-5
    )
    np.testing.assert_allclose(ask(jnp.array([0.5, 0.1, heading, 0.0]), facing(yaw)), [0, 0, 0])


def test_headings_fill_their_range_and_some_robots_are_to_stand() -> None:
    cfg = dataclasses.replace(sampled({"heading": {"range": [-1.0, 2.0]}}), zero_probability=0.1)
    goals = np.asarray(jax.vmap(make_command(cfg).sample, (0, None))(KEYS, jnp.zeros(())))
    assert -1.0 <= goals[:, 2].min() < -0.98 and 1.98 < goals[:, 2].max() <= 2.0
    assert 0.07 < np.mean(goals[:, 3] == 0.0) < 0.13


def test_ends_are_asked_alike_often() -> None:
    goals = np.asarray(jax.vmap(make_command(sampled("ends")).sample, (0, None))(KEYS, jnp.zeros(())))
    for i, (low, high) in enumerate(((-1, 3), (-0.5, 0.5), (-2, 2))):
        shares = [np.mean(goals[:, i] == value) for value in (low, 0, high)]
        np.testing.assert_allclose(shares, 1 / 3, atol=0.04)


def test_a_curriculum_widens_the_ranges_with_progress() -> None:
    sample = make_command(sampled({"curriculum": {"first_share": 0.2}})).sample
    for progress, most in ((0.0, 0.6), (0.5, 1.8), (1.0, 3.0)):  # 3 m/s times 0.2 + 0.8 progress
        goals = np.asarray(jax.vmap(sample, (0, None))(KEYS, jnp.float32(progress)))
        assert 0.99 * most < goals[:, 0].max() <= most * (1 + 1e-6)


def task_of(**fields: object) -> Mdp:
    cfg = Config(
        robot="mini_cheetah",
        episode_s=1.0,
        control=Control(hz=50, physics_hz=200),
        actions={"dof_pos_target": ActionTerm()},
        observations=Observations(actor=("command",)),
    )
    return make_mdp(dataclasses.replace(cfg, **fields), ROBOT)  # type: ignore[arg-type]


def begin(mdp: Mdp) -> tuple[TaskState, Reading]:
    task, robot = mdp.start(KEY)
    nothing = jnp.zeros((len(ROBOT.bodies), 3))
    return task, Reading(robot, nothing, nothing, nothing, jnp.zeros((), bool))


def test_progress_is_a_robots_own_and_outlasts_its_episodes() -> None:
    mdp = task_of(
        commands=Commands(sampler={"curriculum": {"growth": 0.25}}, lin_vel_x=(-1, 1)),
        terminations={"tilt": {}},
    )
    task, reading = begin(mdp)
    assert float(task.progress) == 0.0
    ends = task.replace(step=jnp.int32(49))
    grown = mdp.judge(ends.replace(followed=jnp.float32(0.9)), reading).task
    assert float(grown.progress) == 0.25 and float(grown.followed) == 0.0
    assert (
        float(
            mdp.judge(
                ends.replace(followed=jnp.float32(0.5), progress=jnp.float32(0.5)), reading
            ).task.progress
        )
        == 0.5
    )
    lost = reading.replace(robot=reading.robot.replace(dof_vel=jnp.full(12, jnp.nan)))
    assert float(mdp.judge(task.replace(progress=jnp.float32(0.5)), lost).task.progress) == 0.25
    assert float(mdp.judge(task, lost).task.progress) == 0.0
    # a fall in the very last step is no full episode
    fallen = reading.replace(robot=reading.robot.replace(base_quat=from_rpy(jnp.array([np.pi, 0.0, 0.0]))))
    v = mdp.judge(ends.replace(followed=jnp.float32(0.9), progress=jnp.float32(0.5)), fallen)
    assert bool(v.terminated) and float(v.task.progress) == 0.25
    # at rest, asked for c: 0 + (exp(-c^2 / 0.25) - 0) * 0.02 / 2
    seen = mdp.judge(task.replace(step=jnp.int32(3), command=jnp.array([0.5, 0.0, 0.0])), reading).task
    np.testing.assert_allclose(seen.followed, 0.01 * np.exp(-1.0), rtol=1e-5)


def test_a_new_command_is_one_entry_with_parameters_and_progress_of_its_own(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def faster(cfg: Commands, *, step: Positive) -> Command:
        """Straight ahead, as fast as the progress."""
        return Command(lambda key, progress: jnp.stack([progress, 0.0, 0.0]), as_drawn, configured(cfg), step)

    monkeypatch.setitem(COMMANDS, "faster", faster)
    mdp = task_of(commands=Commands(sampler={"faster": {"step": 0.5}}))
    task, reading = begin(mdp)
    followed = task.replace(step=jnp.int32(49), followed=jnp.float32(0.9))
    np.testing.assert_allclose(mdp.judge(followed, reading).task.command, [0.5, 0.0, 0.0])
    assert "faster" in task_schema()["$defs"]["Commands"]["properties"]["sampler"]["anyOf"][0]["enum"]
    with pytest.raises(UserError, match="command sampler 'faster': step wants a number above 0, got 0"):
        task_of(commands=Commands(sampler={"faster": {"step": 0.0}}))


@pytest.mark.parametrize(
    ("override", "message"),
    [
        ("headin", "no command sampler named 'headin'. Did you mean 'heading'"),
        ("{heading: {range: [1, -1]}}", "'heading': range wants [low, high] with low <= high, got [1, -1]"),
        ("{curriculum: {growth: 2}}", "'curriculum': growth wants a number of at least 0 and at most 1"),
        ("{uniform: {growth: 0.1}}", "command sampler 'uniform' has no parameter 'growth'"),
        ("{uniform: , ends: }", "commands.sampler: an entry is one name with its parameters"),
    ],
)
def test_a_wrong_sampler_is_told_in_one_line(override: str, message: str) -> None:
    cfg = load_config("mini_cheetah_walk", [f"commands.sampler={override}"])
    with pytest.raises(UserError) as error:
        make_mdp(cfg, ROBOT)
    assert message in str(error.value) and "\n" not in str(error.value)


@pytest.mark.parametrize("name", sorted(COMMANDS))
def test_all_that_is_asked_fills_the_ranges_that_a_command_tells(name: str) -> None:
    command = make_command(sampled(name))
    goals = jax.vmap(command.sample, (0, None))(KEYS, jnp.ones(()))
    got = np.asarray(jax.vmap(lambda goal: command.command(goal, facing(1.0)))(goals))
    low, high = np.array(command.ranges).T
    assert np.all(got >= low - 1e-6) and np.all(got <= high + 1e-6)
    width = high - low
    assert np.all(got.min(0) < low + 0.05 * width) and np.all(got.max(0) > high - 0.05 * width)


@pytest.mark.parametrize("sampler", [*sorted(COMMANDS), {"heading": {"range": (0.2, 0.3)}}], ids=str)
def test_file_and_exam_say_what_the_command_asks(sampler: Entry) -> None:
    asks = dataclasses.replace(RANGES, lin_vel_x=(0.5, 3.0), ang_vel_yaw=(0.0, 0.0), sampler=sampler)
    want = {"ends": [[0.0, 3.0], [-0.5, 0.5], [0.0, 0.0]]}.get(
        str(sampler), [[0.5, 3.0], [-0.5, 0.5], [0, 0]]
    )
    if "heading" in sampler:
        want[2] = [-1.0, 1.0]
    cfg = dataclasses.replace(load_config("mini_cheetah_walk"), commands=asks)
    assert np.array(make_command(asks).ranges).tolist() == want
    assert parse(describe(cfg, ROBOT), "x").command_ranges.tolist() == want
    assert exam_of(cfg, own=True).asked.ranges.tolist() == want


def test_an_exam_s_own_ranges_come_first() -> None:
    cfg = load_config("mini_cheetah_walk", ["commands.sampler=heading", "evaluate.commands.lin_vel_x=[0, 2]"])
    assert exam_of(cfg).asked.ranges.tolist() == [[0, 2], [-1, 1], [-1, 1]]


def test_the_gate_has_the_same_samplers_and_parameters() -> None:
    assert {n: set(parameters(f)) for n, f in COMMANDS.items()} == {
        n: set(parameters(f)) for n, f in SAMPLERS.items()
    }


def test_a_sampler_may_be_named_alone() -> None:
    cfg = load_config("mini_cheetah_walk", ["commands.sampler=heading"])
    assert make_command(cfg.commands).sample(KEY, jnp.zeros(())).shape == (4,)


def test_the_command_follows_the_robot_between_two_goals() -> None:
    mdp = task_of(commands=Commands(sampler={"heading": {"range": (1.0, 1.0)}}))
    task, reading = begin(mdp)
    np.testing.assert_allclose(task.command, [0, 0, 0.5], rtol=1e-5)
    turned = reading.replace(robot=reading.robot.replace(base_quat=from_rpy(jnp.array([0.0, 0.0, 0.8]))))
    v = mdp.judge(task.replace(step=jnp.int32(3)), turned)
    np.testing.assert_allclose(v.task.command, [0, 0, 0.1], rtol=1e-4)
    np.testing.assert_allclose(v.final_obs["actor"], v.task.command)


# ------------------------------------------------------------------ clocks


def test_a_steady_clock_turns_so_often_in_a_second() -> None:
    mdp = task_of(clock={"steady": {"hz": 3.0}})
    task, reading = begin(mdp)
    first = float(task.phase)
    assert 0.0 <= first < np.pi
    task = mdp.act(task, jnp.zeros(12))
    for _ in range(4):
        task, _ = mdp.torque(task, reading)
    assert int(task.substep) == 4 and int(mdp.act(task, jnp.zeros(12)).substep) == 0
    # four substeps of 5 ms: 0.02 s * 3 Hz
    np.testing.assert_allclose(float(task.phase), (first + 2 * np.pi * 0.06) % (2 * np.pi), rtol=1e-5)


def test_a_paced_clock_turns_with_the_commanded_speed() -> None:
    clock = make_clock({"paced": {"hz": 1.0, "per_speed": 2.0}})
    _, reading = begin(task_of())
    # (1 + 2 * 0.5) Hz for 0.05 s
    phase = clock.advance(jnp.zeros(()), reading, jnp.array([0.3, 0.4, 9.0]), KEY, 0.05)
    np.testing.assert_allclose(phase, 2 * np.pi * 0.1, rtol=1e-5)


PHASED = {
    "observation 'gait_phase'": {"observations": Observations(actor=("gait_phase",))},
    "reward 'swing_grf'": {"rewards": {"swing_grf": {"weight": -1.0}}},
    "reward 'stance_grf'": {"rewards": {"stance_grf": {"weight": 1.0}}},
    "reward 'reference_traj'": {"rewards": {"reference_traj": {"weight": 1, "motion": "mini_cheetah_trot"}}},
}


@pytest.mark.parametrize("term", PHASED)
def test_a_term_that_reads_the_phase_wants_a_clock(term: str) -> None:
    with pytest.raises(UserError) as error:
        task_of(**PHASED[term])
    said = "it reads the phase of a clock, and clock is 'none'. There are: paced, steady."
    assert str(error.value) == f"{term}: {said}"
    task_of(**PHASED[term], clock={"steady": {"hz": 3.0}})


def test_without_a_clock_there_is_no_phase() -> None:
    assert begin(task_of())[0].phase.shape == (0,)


def test_a_wrong_clock_is_told() -> None:
    with pytest.raises(UserError, match="no clock named 'stedy'. Did you mean 'steady'"):
        make_clock({"stedy": {"hz": 3.0}})
    with pytest.raises(UserError, match="needs a value for 'hz'"):
        make_clock("steady")


def test_the_gate_has_the_same_clocks_and_parameters() -> None:
    assert {n: set(parameters(f)) for n, f in CLOCKS.items()} == {
        n: set(parameters(f)) for n, f in gate.CLOCKS.items()
    }


@pytest.mark.parametrize(
    ("name", "params"), [("none", {}), ("steady", {"hz": 3.7}), ("paced", {"hz": 1.0, "per_speed": 2.0})]
)
def test_twins_tell_the_same_time(name: str, params: dict) -> None:
    ours, theirs = make_clock({name: params}), gate.make_clock((name, params))
    _, reading = begin(task_of())
    phase = ours.init(KEY)
    other, rng = np.full((2, *phase.shape), phase, float), np.random.default_rng(0)
    for i in range(50):
        command = rng.normal(size=3)
        phase = ours.advance(phase, reading, jnp.float32(command), jax.random.fold_in(KEY, i), 0.005)
        other = theirs.advance(other, lambda: np.zeros((2, 13, 3)), np.tile(command, (2, 1)), rng, 0.005)
        np.testing.assert_allclose(phase, other[1], atol=2e-5)
    assert np.asarray(theirs.init(rng, 5)).shape == (5, *phase.shape)
