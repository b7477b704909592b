"""Run directories: made, found and filled."""

import datetime
import json
from pathlib import Path

import pytest

from gpugym_jax.config import Config
from gpugym_jax.config_yaml import load_config
from gpugym_jax.runs import checkpoint, directory
from gpugym_jax.tables import UserError
from tests.runs import toy


def at(second: int) -> datetime.datetime:
    return datetime.datetime(2026, 1, 2, 3, 4, second)


def test_a_run_lies_under_its_experiment_by_date_and_name(tmp_path: Path) -> None:
    cfg = toy.config(tmp_path)
    assert directory.create(cfg, at(5)) == tmp_path / "toy" / "2026-01-02_03-04-05-000"
    named = load_config(
        "cartpole", [f"runner.log_dir={tmp_path}", "runner.experiment_name=e", "runner.run_name=fast"]
    )
    assert directory.create(named, at(5)) == tmp_path / "e" / "2026-01-02_03-04-05-000_fast"


def test_the_last_run_is_the_newest_with_a_checkpoint(tmp_path: Path) -> None:
    cfg = toy.config(tmp_path)
    old, new, empty = (directory.create(cfg, at(s)) for s in (1, 2, 3))
    for run in (old, new):
        saver = checkpoint.Checkpoints(run, keep=1)
        saver.save(1, toy.state(1), checkpoint.describe(cfg, toy.robot(), {}))
        saver.close()
    assert directory.find(cfg) == new
    assert directory.find(cfg, old.name) == old
    assert directory.find(cfg, str(empty)) == empty


def save(run: Path, cfg: Config, step: int = 1) -> None:
    """What a run that began has, and a checkpoint."""
    directory.record(run, cfg)
    saver = checkpoint.Checkpoints(run, keep=1)
    saver.save(step, toy.state(step), checkpoint.describe(cfg, toy.robot(), {}))
    saver.close()


def test_a_half_written_checkpoint_is_none(tmp_path: Path) -> None:
    cfg = toy.config(tmp_path)
    whole, half = (directory.create(cfg, at(s)) for s in (1, 2))
    for run in (whole, half):
        save(run, cfg)
    (half / "checkpoints" / "model_1").rename(half / "checkpoints" / "model_1.orbax-checkpoint-tmp")
    assert directory.find(cfg) == whole


def test_the_last_run_began_last_whatever_the_clock_says(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    cfg = toy.config(tmp_path)
    first = directory.create(cfg, at(9))
    save(first, cfg)
    assert not caplog.text
    second = directory.create(cfg, at(3))
    save(second, cfg)
    assert caplog.messages == [
        f"the clock was set back: {first.name} is dated later; runs stay in their order"
    ]
    assert directory.find(cfg) == second


def test_two_that_begin_in_one_millisecond_both_live(tmp_path: Path) -> None:
    cfg = toy.config(tmp_path)
    assert [directory.create(cfg, at(1)).name[-3:] for _ in range(3)] == ["000", "001", "002"]


def test_a_place_where_nothing_can_be_made_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "logs").write_text("a file")
    with pytest.raises(
        UserError, match=r"no run can be made in .*logs/toy \(runner.log_dir\): Not a directory"
    ):
        directory.create(toy.config(tmp_path / "logs"))


def test_a_run_that_is_not_there_says_where_it_looked(tmp_path: Path) -> None:
    cfg = toy.config(tmp_path)
    (tmp_path / "other").mkdir()
    with pytest.raises(UserError, match=r"looked in .*toy for the last run: there is no run.*: other\."):
        directory.find(cfg)
    run = directory.create(cfg, at(1))
    with pytest.raises(UserError, match="1 runs, none with a checkpoint"):
        directory.find(cfg)
    with pytest.raises(UserError, match=rf"looked in .*toy: no run named '2026'.*There are: {run.name}\."):
        directory.find(cfg, "2026")


def test_a_run_records_what_it_takes_to_repeat_it(tmp_path: Path) -> None:
    cfg = toy.config(tmp_path)
    run = directory.create(cfg)
    directory.record(run, cfg, "elsewhere/model_3")
    assert load_config(str(run / "config.yaml")) == cfg
    facts = json.loads((run / "run.json").read_text())
    assert facts["seed"] == cfg.runner.seed
    assert facts["resumed_from"] == "elsewhere/model_3"
    assert {"python", "jax", "mujoco", "orbax-checkpoint"} <= facts["versions"].keys()
    assert facts["machine"]["devices"] >= 1
    assert (run / "git.diff").exists() == (facts["commit"] is not None)


def test_without_git_the_log_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    caplog.set_level("INFO")
    cfg = toy.config(tmp_path)
    run = directory.create(cfg)
    directory.record(run, cfg)
    assert json.loads((run / "run.json").read_text())["commit"] is None
    assert not (run / "git.diff").exists()
    assert "no git checkout" in caplog.text


def test_a_run_names_no_program_to_start(tmp_path: Path) -> None:
    """A folder from elsewhere may hold anything; the command line and ISAAC_PYTHON are the user's own."""
    cfg = load_config("cartpole", [f"runner.log_dir={tmp_path}", "physics.isaac.python=/tmp/script"])
    run = directory.create(cfg)
    directory.record(run, cfg)
    assert directory.configuration(run, [], "resume").physics.isaac.python == ""
    mine = directory.configuration(run, ["physics.isaac.python=/usr/bin/python3.8"], "resume")
    assert mine.physics.isaac.python == "/usr/bin/python3.8"
