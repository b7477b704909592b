"""What a run shows says what happened."""

import dataclasses
import io

import pytest
from rich.console import Console

from gpugym_jax.runs.console import Progress, lines_reporter, plain_line, speed, table

NUMBERS = {
    "episode/return": 1.5,
    "episode/length": 20.0,
    "step/torques": -0.25,
    "step/events/overflow": 0.01,
    "step/events/not_finite": 0.0,
    "loss/value": 0.125,
    "policy/learning_rate": 1e-3,
    "policy/std": 0.9,
}
HERE = Progress(
    3, 10, NUMBERS, env_steps=1000, seconds=0.5, collect_s=0.4, elapsed_s=61.0, eta_s=3723.0, saved=2
)


def test_the_table_has_all_numbers() -> None:
    console = Console(width=120, record=True, file=io.StringIO())
    console.print(table(dataclasses.replace(HERE, stages={"compile": 9.04}), "cartpole"))
    text = console.export_text()
    for part in ("3/10", "1:02:03", "1.500", "20 steps", "1.00e-03", "-0.25", "0.125", "9.0 s", "model_2"):
        assert part in text
    assert "overflow" in text
    assert " 10 " in text  # 1 % of 1000 steps


def test_before_any_episode_has_ended_no_reward_is_shown() -> None:
    early = dataclasses.replace(HERE, numbers=NUMBERS | {"episode/return": 0.0, "episode/length": 0.0})
    assert "episode reward none ended yet" in plain_line(early)
    assert "episode reward 1.500" in plain_line(HERE)


def test_speed_is_split_where_it_can_be() -> None:
    assert speed(HERE) == "2,000 (collection 2,500, learning 10,000)"
    whole = dataclasses.replace(HERE, collect_s=None)
    assert speed(whole) == "2,000 (collection and learning are one program)"


def test_lines_are_few_but_have_the_first_and_the_last(capsys: pytest.CaptureFixture[str]) -> None:
    reporter = lines_reporter()
    for iteration in range(1, 11):
        reporter.show(dataclasses.replace(HERE, iteration=iteration))
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[1] for line in lines] == ["1/10", "10/10"]
    assert lines[-1] == plain_line(dataclasses.replace(HERE, iteration=10))
