"""2N iterations equal N, stop, resume, N: bit for bit on MJX, where the whole training state is a value."""

import csv
import dataclasses
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from gpugym_jax.config import Config
from gpugym_jax.config_yaml import load_config
from gpugym_jax.runs import building, checkpoint, training
from gpugym_jax.tables import UserError

N = 2


def config(folder: Path, iterations: int, backend: str = "mjx") -> Config:
    return load_config(
        "cartpole",
        [
            f"runner.log_dir={folder}",
            f"runner.iterations={iterations}",
            f"physics.backend={backend}",
            "physics.impl=jax",
            "runner.num_envs=8",
            "runner.trackers=[csv]",
            "ppo.rollout_length=8",
            "ppo.epochs=2",
            "ppo.minibatches=2",
            "ppo.normalize_obs=true",
            "pushes.every_s=0.05",
            "pushes.lin_vel=0.0",
            "episode_s=0.1",
        ],
    )


def rows(run: Path) -> list[dict[str, str]]:
    """The metrics of a run, but for times."""
    with (run / "metrics.csv").open(newline="") as file:
        return [{k: v for k, v in row.items() if not k.startswith("time/")} for row in csv.DictReader(file)]


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run of 2N iterations."""
    return training.train(config(tmp_path_factory.mktemp("whole"), 2 * N)).run


@pytest.fixture(scope="module")
def half(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run that stopped after N."""
    return training.train(config(tmp_path_factory.mktemp("half"), N)).run


def test_resume_is_exact_on_a_traceable_physics(whole: Path, half: Path, tmp_path: Path) -> None:
    resumed = training.train(config(tmp_path, 2 * N), half).run
    want, got = checkpoint.read(whole, 2 * N), checkpoint.read(resumed, 2 * N)
    for item in ("policy", "train"):
        assert want.items[item].keys() == got.items[item].keys()
        for name, value in want.items[item].items():
            np.testing.assert_array_equal(value, got.items[item][name], err_msg=name)
    assert rows(half) + rows(resumed) == rows(whole)
    assert len(rows(whole)) == 2 * N


def test_the_state_is_more_than_the_policy(whole: Path) -> None:
    names = " ".join(checkpoint.read(whole, 2 * N).items["train"])
    for part in (".opt", ".env.sim", ".env.task.key", ".obs", ".key", ".iteration", ".episodes"):
        assert part in names


def test_a_live_resume_says_that_it_is_not_exact(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO")
    first = training.train(config(tmp_path, 1, "mujoco")).run
    assert "not exact" not in caplog.text
    saved = checkpoint.read(first, 1).items["train"]
    built = building.build(config(tmp_path, 2, "mujoco"))
    start = building.begin(config(tmp_path, 2, "mujoco"), built, checkpoint.find_train(first, -1, built.meta))
    assert "this resume is not exact" in caplog.text
    assert start.iteration == 1
    robot = built.physics.read(start.ts.env.sim).robot
    np.testing.assert_allclose(robot.dof_pos, saved[".env.sim.dof_pos"], atol=1e-6)
    np.testing.assert_allclose(robot.dof_vel, saved[".env.sim.dof_vel"], atol=1e-6)
    assert np.abs(saved[".env.sim.dof_pos"]).max() > 0.1
    built.physics.close()


def test_what_does_not_fit_is_refused_before_anything_is_compiled(
    half: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO")
    with pytest.raises(UserError, match=r"nothing to do: .*model_2 is already at iteration 2 of 2"):
        training.train(config(tmp_path, N), half)
    cfg = config(tmp_path, 2 * N)
    wide = dataclasses.replace(cfg, ppo=dataclasses.replace(cfg.ppo, actor=(16,)))
    with pytest.raises(UserError, match=r"is of networks .*64.* this run is of networks .*16"):
        training.train(wide, half)
    live = config(tmp_path, 2 * N, "mujoco")
    with pytest.raises(
        UserError, match=r"of a traceable physics \(physics.backend=mjx\), this run of a live one"
    ):
        training.train(live, half)
    pushed = dataclasses.replace(cfg, commands=dataclasses.replace(cfg.commands, sampler="heading"))
    with pytest.raises(
        UserError, match=r"has '.env.task.goal' as float32\(8, 3\), this run as float32\(8, 4\)"
    ):
        training.train(pushed, half)
    assert "compile ..." not in caplog.text
    assert not list(tmp_path.iterdir())


def test_a_resume_takes_the_learning_rate_that_it_is_given(half: Path, tmp_path: Path) -> None:
    cfg = config(tmp_path, 2 * N)
    for rate, want in ((cfg.ppo.learning_rate, None), (3e-4, 3e-4)):
        given = dataclasses.replace(cfg, ppo=dataclasses.replace(cfg.ppo, learning_rate=rate))
        built = building.build(given)
        found = building.find_start(given, built, half, -1)
        start = building.begin(given, built, found)
        saved = found.items["train"][".opt.learning_rate"]
        np.testing.assert_array_equal(start.ts.opt.learning_rate, saved if want is None else np.float32(want))
        assert float(saved) != pytest.approx(3e-4)


def test_a_resume_needs_no_task_beside_a_path(half: Path, tmp_path: Path) -> None:
    """It is refused for what it asks, having read the run's own configuration."""
    given = ["--resume", f"--load_run={half}", f"--max_iterations={N}", f"--log_dir={tmp_path}"]
    done = subprocess.run([sys.executable, "-m", "gpugym_jax.train", *given], capture_output=True, text=True)
    assert (done.returncode, "nothing to do: " in done.stderr) == (2, True), done.stderr
    assert not list(tmp_path.iterdir())
