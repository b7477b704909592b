"""Groups of observations: what their numbers are, history, delay, encoders that are off."""

import dataclasses
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from gpugym_jax.config import ActionTerm, Config, Group, Observations
from gpugym_jax.config_yaml import load_config
from gpugym_jax.mdp import make_mdp
from gpugym_jax.mdp.groups import make_observer
from gpugym_jax.mdp.observations import OBSERVATIONS
from gpugym_jax.robots import ROBOTS
from gpugym_jax.tables import UserError
from gpugym_jax.types import Reading
from tests.mdp.snapshots import ROBOT, make_snapshot

KEY = jax.random.key(0)


def heights(group: Group, seen: list[float], key: jax.Array = KEY) -> list[list[float]]:
    """What a group of `base_height` says from step to step."""
    observer = make_observer(Observations(actor=group), ROBOT, ())
    memory, said = observer.init(key), []
    for height in seen:
        memory, obs = observer.observe(memory, make_snapshot(base_height=height), KEY)
        said.append([round(float(x), 6) for x in obs["actor"]])
    return said


def test_history_is_newest_first_and_begins_full_of_the_first() -> None:
    group = Group(terms=("base_height",), history=3)
    assert heights(group, [1, 2, 3, 4]) == [[1, 1, 1], [2, 1, 1], [3, 2, 1], [4, 3, 2]]


def test_delay_is_drawn_and_holds_back() -> None:
    group = Group(terms=("base_height",), history=2, delay=(2, 2))
    assert heights(group, [1, 2, 3, 4, 5]) == [[1, 1], [1, 1], [1, 1], [2, 1], [3, 2]]
    late = make_observer(Observations(actor=Group(terms=("base_height",), delay=(1, 3))), ROBOT, ()).init
    drawn = jax.vmap(late)(jax.random.split(KEY, 300))["actor"].late
    assert set(np.asarray(drawn)) == {1, 2, 3}


def test_groups_of_any_name_with_noise_where_it_is_asked_for() -> None:
    cfg = Observations(
        actor=("dof_pos",),
        groups={"teacher": ("base_lin_vel", "dof_pos"), "probe": Group(terms=("dof_pos",), noise=True)},
        noise={"dof_pos": 0.1},
    )
    observer = make_observer(cfg, ROBOT, ())
    _, obs = observer.observe(observer.init(KEY), make_snapshot(base_lin_vel=[1, 2, 3]), KEY)
    assert set(obs) == {"actor", "critic", "teacher", "probe"}
    np.testing.assert_allclose(obs["teacher"][:4], [1, 2, 3, 0])
    assert np.all(np.asarray(obs["actor"]) != 0) and np.all(np.asarray(obs["critic"]) == 0)
    np.testing.assert_array_equal(obs["probe"], obs["actor"])  # one sensor, one noise


def test_the_short_form_of_the_critic() -> None:
    actor = Group(terms=("base_height",), history=2, delay=(1, 1))
    observer = make_observer(Observations(actor=actor), ROBOT, ())
    assert [len(numbers) for numbers in observer.layout.values()] == [2, 2]
    memory, _ = observer.observe(observer.init(KEY), make_snapshot(base_height=1.0), KEY)
    _, obs = observer.observe(memory, make_snapshot(base_height=2.0), KEY)
    np.testing.assert_allclose(obs["actor"], [1, 1])
    np.testing.assert_allclose(obs["critic"], [2, 1])


def test_groups_in_yaml(tmp_path: Any) -> None:
    file = tmp_path / "x.yaml"
    file.write_text(
        "observations: {actor: {terms: [base_height, {dof_pos: }], history: 3}, critic: [dof_vel], teacher: [command]}"
    )
    seen = load_config(str(file)).observations
    assert seen.actor == Group(terms=("base_height", {"dof_pos": {}}), history=3)
    assert (seen.critic, seen.groups) == (("dof_vel",), {"teacher": ("command",)})
    assert load_config(str(file), ["observations.teacher=[dof_pos]"]).observations.groups["teacher"] == (
        "dof_pos",
    )


def test_a_student_s_group_is_yaml_alone() -> None:
    cfg = load_config(str(Path(__file__).with_name("student.yaml")))
    mdp = make_mdp(cfg, ROBOT)
    assert mdp.obs_sizes == {"actor": 36, "critic": 36, "student": 5 * (3 + 12 + 12)}
    task, robot = mdp.start(KEY)
    nothing = jnp.zeros((len(ROBOT.bodies), 3))
    task, obs = mdp.observe(task, Reading(robot, nothing, nothing, nothing, jnp.zeros((), bool)))
    np.testing.assert_allclose(obs["student"].reshape(5, 27)[:, :3], np.tile([0, 0, -1.0], (5, 1)))
    assert task.seen["student"].queue.shape == (7, 27)


@pytest.mark.parametrize("name", sorted(ROBOTS))
def test_every_observation_names_its_numbers(name: str) -> None:
    """As many as it gives, each another name, on each robot; `make_mdp` looks at the shapes."""
    absent = set() if "foot" in ROBOTS[name].groups else {"foot_contact"}
    cfg = Config(
        robot=name,
        actions={"dof_pos_target": ActionTerm(), "tau_ff": ActionTerm()},
        observations=Observations(actor=tuple(sorted(set(OBSERVATIONS) - absent))),
        clock={"steady": {"hz": 3.0}},
    )
    numbers = make_mdp(cfg, ROBOTS[name]).layout["actor"]
    assert len({(n.term, n.name) for n in numbers}) == len(numbers)
    assert {n.unit for n in numbers} <= {"m", "m/s", "rad", "rad/s", "1"}
    assert {n.frame for n in numbers} == {"", "base", "world"}


def test_a_slider_is_in_metres() -> None:
    observer = make_observer(Observations(actor=("dof_pos_abs", "dof_vel")), ROBOTS["cartpole"], ())
    assert [n.unit for n in observer.layout["actor"]] == ["m", "rad", "m/s", "rad/s"]


def test_scales_and_ages_are_in_the_layout() -> None:
    group = Group(terms=("base_height", "command"), history=2)
    cfg = Observations(actor=group, scale={"command": (1.0, 2.0, 4.0)})
    numbers = make_observer(cfg, ROBOT, ()).layout["actor"]
    assert [n.scale for n in numbers] == [1.0, 1.0, 2.0, 4.0] * 2
    assert [n.age for n in numbers] == [0] * 4 + [1] * 4
    assert [n.name for n in numbers[1:4]] == ["lin_vel_x", "lin_vel_y", "ang_vel_yaw"]


@pytest.mark.parametrize(
    ("cfg", "message"),
    [
        (Observations(), "observations.actor is empty"),
        (Observations(actor=("dof_pos",), critic="none"), "observations.critic is a list"),
        (Observations(actor=({"dof_pos": {"x": 1}},)), "observation 'dof_pos' has no parameter 'x'"),
        (
            Observations(actor=("command",), scale={"command": (1.0, 2.0)}),
            "observations.scale.command has 2 numbers, which do not repeat evenly over 3. Give 1, 3",
        ),
        (
            Observations(actor=("command",), scale={"comand": 2.0}),
            "no observation in use (observations.scale)",
        ),
        (
            Observations(actor=("command",), critic=("dof_vel",), noise={"dof_vel": 0.1}),
            "no observation in use in a group with noise (observations.noise) named 'dof_vel'. There are: command.",
        ),
        (
            Observations(actor=Group(terms=("dof_vel",), noise=False), noise={"dof_vel": 0.1}),
            "in a group with noise (observations.noise) named 'dof_vel'. There are: none.",
        ),
    ],
)
def test_a_wrong_group_is_told_in_one_line(cfg: Observations, message: str) -> None:
    with pytest.raises(UserError) as error:
        make_observer(cfg, ROBOT, ())
    assert message in str(error.value) and "\n" not in str(error.value)


def test_motor_and_observation_read_the_same_encoder() -> None:
    """A robot at home whose encoders say 0.1 rad too much is pulled back by kp times that."""
    seen = Observations(actor=("dof_pos",), encoder_offset=(0.1, 0.1))
    cfg = Config(robot="mini_cheetah", actions={"dof_pos_target": ActionTerm()}, observations=seen)
    mdp = make_mdp(cfg, ROBOT)
    task, robot = mdp.start(KEY)
    nothing = jnp.zeros((len(ROBOT.bodies), 3))
    reading = Reading(robot, nothing, nothing, nothing, jnp.zeros((), bool))
    np.testing.assert_allclose(mdp.observe(task, reading)[1]["actor"], 0.1, atol=1e-6)
    _, tau = mdp.torque(task, reading)
    np.testing.assert_allclose(tau, -20.0 * 0.1 * np.ones(12), rtol=1e-5)
    assert np.all(np.asarray(task.encoder_offset) == np.float32(0.1))  # exactly, where both ends are equal
    wide = make_mdp(
        dataclasses.replace(cfg, observations=dataclasses.replace(seen, encoder_offset=(-0.02, 0.02))), ROBOT
    )
    drawn = jax.vmap(wide.start)(jax.random.split(KEY, 300))[0].encoder_offset
    assert -0.02 <= drawn.min() < -0.019 and 0.019 < drawn.max() <= 0.02
    assert drawn.shape == (300, 12)
