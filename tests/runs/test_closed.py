"""What a policy was trained with is closed to overrides: every field of the configuration, for each command."""

import typing
from pathlib import Path

import pytest

from gpugym_jax import evaluate, export, play, train
from gpugym_jax.config import Config
from gpugym_jax.config_yaml import dump, load_config, with_overrides
from gpugym_jax.runs.closed import CLOSED, OPEN, RESUME, TEST, Use, changed, fields, open_for, paths
from gpugym_jax.tables import UserError

TRAINED = load_config("mini_cheetah_walk")
CANDIDATES = "true false 0.5 0.7 3 [0.1,0.2] [7] other other:1 cpu {} {dof_vel: 3} {theta: [0,1]} {torques: {weight: 2}} {tau_ff: {}}"


def test_every_field_is_decided_once() -> None:
    assert sorted(paths(CLOSED, RESUME, TEST, OPEN)) == sorted(fields(Config))


def choices(field: str) -> list[str]:
    """Values to try: words that the field's type has, and some of every kind."""
    cls: typing.Any = Config
    *homes, name = field.split(".")
    for home in homes:
        cls = typing.get_type_hints(cls)[home]
    words = typing.get_args(typing.get_type_hints(cls)[name])
    return [str(w) for w in words if isinstance(w, str | int)] + CANDIDATES.replace(": ", ":").split()


def another(field: str) -> str:
    """An override that gives the field a value that it may have and has not."""
    for value in choices(field):
        text = f"{field}={value.replace(':', ': ') if '{' in value else value}"
        try:
            if with_overrides(TRAINED, [text]) != TRAINED:
                return text
        except UserError:
            continue
    raise AssertionError(f"no other value found for {field}")


@pytest.mark.parametrize("field", fields(Config))
def test_another_value_is_taken_where_open_and_refused_in_one_line_where_closed(field: str) -> None:
    text = another(field)
    for use in typing.get_args(Use):
        if field in open_for(use):
            assert changed(TRAINED, [text], use, "x") == with_overrides(TRAINED, [text])
            continue
        with pytest.raises(UserError) as error:
            changed(TRAINED, ["runner.keep=3", text], use, "logs/x")
        message = str(error.value)
        assert message.startswith(f"{text}: logs/x was trained with {field}=")
        assert "What can be changed: " in message
        assert "\n" not in message


@pytest.mark.parametrize(
    "text",
    [
        "control.hz=50.0",
        "ppo.actor=[256, 128, 64]",
        "ppo.activation=elu",
        "observations.scale.dof_vel=2e1",
        "ppo.normalize_obs=False",
        "robot=mini_cheetah",
    ],
)
def test_the_value_that_it_has_is_no_other(text: str) -> None:
    for use in typing.get_args(Use):
        assert changed(TRAINED, [text], use, "x") == TRAINED


@pytest.mark.parametrize(
    ("text", "was"),
    [
        ("observations.scale.dof_vel=10", "observations.scale.dof_vel=20"),
        ("observations.scale.command=10", "observations.scale.command=null"),
        ("control={hz: 100}", "control.hz=50"),
        ("randomize.friction=[1, 2]", "randomize.friction=[0.4, 1.25]"),
        ("ppo={}", "ppo.actor=[256, 128, 64]"),
        ("actions.dof_pos_target.clip=1", "actions.dof_pos_target.clip=100"),
    ],
)
def test_the_line_says_what_was_trained_with_at_the_place_that_is_meant(text: str, was: str) -> None:
    with pytest.raises(UserError) as error:
        changed(TRAINED, [text], "resume", "x")
    assert str(error.value).startswith(f"{text}: x was trained with {was}")


def test_what_is_open_is_listed_by_sections_where_it_can_be() -> None:
    with pytest.raises(UserError) as error:
        changed(TRAINED, ["ppo.activation=relu"], "test", "x")
    listed = str(error.value).partition("What can be changed: ")[2]
    mine = "physics.backend, physics.impl, physics.self_collisions, physics.threads, physics.isaac"
    assert listed == f"{mine}, runner, evaluate."


@pytest.mark.parametrize(
    ("command", "argv"),
    [
        (export.main, []),
        (evaluate.main, []),
        (play.main, ["--headless"]),
        (train.main, ["--task=cartpole", "--resume"]),
    ],
    ids=["export", "evaluate", "play", "resume"],
)
def test_each_command_refuses_what_is_closed_before_it_reads_a_checkpoint(
    command: typing.Callable[[list[str]], int],
    argv: list[str],
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    dump(load_config("cartpole"), tmp_path / "config.yaml")
    assert command(["--device=cpu", f"--load_run={tmp_path}", *argv, "ppo.activation=relu"]) == 2
    error = capsys.readouterr().err.strip().splitlines()
    assert len(error) == 1
    assert f"ppo.activation=relu: {tmp_path} was trained with ppo.activation='tanh'." in error[0]
    assert [p.name for p in tmp_path.iterdir()] == ["config.yaml"]
