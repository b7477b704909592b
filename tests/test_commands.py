"""The commands as a user types them: what they refuse, in one line, and what they list."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from gpugym_jax import __main__ as gpugym
from gpugym_jax import train
from gpugym_jax.config_yaml import load_config, task_names
from gpugym_jax.runs import checkpoint, loop

TINY = [
    "--task=cartpole",
    "--backend=mujoco",
    "--num_envs=8",
    "ppo.rollout_length=8",
    "ppo.epochs=1",
    "ppo.minibatches=1",
    "ppo.actor=[8]",
    "ppo.critic=[8]",
]


@pytest.mark.parametrize(
    ("argv", "part"),
    [
        ([], "--task is missing. There are: cartpole,"),
        (["--task=cartpol"], "no task named 'cartpol'. Did you mean 'cartpole'?"),
        (["--task=cartpole", "--num_env=2"], "no flag '--num_env'. Did you mean '--num_envs'?"),
        (["--task=cartpole", "ppo.clp=1"], "no key in ppo named 'clp'. Did you mean 'clip'?"),
        (["--task=cartpole", "--load_run=x", "--resume"], "no run named 'x'"),
        (["--task=cartpole", "--resume"], "for the last run: there is no run."),
        (["--task=cartpole", "--sim_device=cpu", "--rl_device=gpu", "--backend=mjx"], "differ"),
        (["--task=cartpole", "--device=tpu"], "--device=tpu: no such device"),
        (
            ["--task=cartpole", "--backend=mjz"],
            "physics.backend wants auto or mjx or mujoco or isaacgym, got 'mjz'.",
        ),
        (["--task=cartpole", "--load_run=x"], "--load_run says what to go on with: give --resume too"),
        (["--task=cartpole", "--checkpoint=50"], "--checkpoint says what to go on with: give --resume too"),
        (["--task=cartpole", "--num_envs=0"], "--num_envs wants a whole number of at least 1"),
        (["--task=cartpole", "rewards.torques.weight=x"], "rewards.torques.weight wants a number, got 'x'"),
        (
            ["--task=cartpole", "rewards.dof_upright_exp.sigma=0"],
            "reward 'dof_upright_exp': sigma wants a number above 0, got 0",
        ),
        (["--task=cartpole", "--backend=isaacgym"], "give --isaac_python=PATH or set ISAAC_PYTHON"),
        (
            ["--task=cartpole", "--backend=isaacgym", "--isaac_python=/nowhere"],
            "'/nowhere' cannot be started as Python",
        ),
        (["--task=cartpole", "robot=cartpool"], "no robot named 'cartpool'. Did you mean 'cartpole'?"),
        (["--task=cartpole", "rewards.torqes.weight=1"], "no reward named 'torqes'. Did you mean 'torques'?"),
        (["--task=cartpole", "runner.trackers=[cvs]"], "no tracker named 'cvs'. Did you mean 'csv'?"),
        (
            ["--task=mini_cheetah", "--backend=mujoco", "--num_envs=2", "randomize.restitution=[0,0.1]"],
            "restitution cannot be varied: MuJoCo's contacts have none.",
        ),
        (["--task=cartpole", "control.physics_hz=130"], "130 Hz is no whole multiple of control.hz 50 Hz"),
    ],
)
def test_bad_input_is_one_line_and_code_2(
    argv: list[str],
    part: str,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name in ("JAX_PLATFORMS", "CUDA_VISIBLE_DEVICES", "XLA_PYTHON_CLIENT_PREALLOCATE"):
        monkeypatch.setenv(name, os.environ.get(name, ""))  # a command may set them; put them back
    monkeypatch.delenv("ISAAC_PYTHON", raising=False)
    assert train.main([*argv, f"--log_dir={tmp_path / 'logs'}"]) == 2
    error = capsys.readouterr().err.splitlines()[-1]
    assert error.startswith("error: ")
    assert part in error
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("kind", ["tasks", *gpugym.TABLES])
def test_every_table_is_listed_with_a_line_each(kind: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert gpugym.main(["list", kind]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in lines] == sorted(gpugym.entries(kind))
    assert all(len(line.split()) > 1 for line in lines)


def test_unknown_commands_and_lists_name_the_nearest(capsys: pytest.CaptureFixture[str]) -> None:
    assert gpugym.main(["trian"]) == 2
    assert "no command named 'trian'. Did you mean 'train'?" in capsys.readouterr().err
    assert gpugym.main(["list", "reward"]) == 2
    assert "no list named 'reward'. Did you mean 'rewards'?" in capsys.readouterr().err


@pytest.mark.parametrize("task", task_names())
def test_every_shipped_task_loads(task: str) -> None:
    assert load_config(task).task == task


def endless(folder: Path, *more: str) -> list[str]:
    """A training run that only ends if it is told to."""
    flags = ["--device=cpu", "--max_iterations=1000000", f"--log_dir={folder}", "runner.save_every=1000000"]
    return [sys.executable, "-m", "gpugym_jax", "train", *TINY, *flags, *more]


def check_saved(folder: Path, log: str) -> None:
    """The run of that folder lost nothing that was finished."""
    (run,) = (folder / "cartpole").iterdir()
    (step,) = checkpoint.steps(run)
    assert f"{step} of 1000000 iterations done" in log
    assert "Traceback" not in log
    assert checkpoint.read(run, step).meta["iteration"] == step
    last = (run / "metrics.csv").read_text().splitlines()[-1]
    assert last.split(",")[0] == str(step)


@pytest.mark.parametrize("name", ["SIGINT", "SIGTERM", "SIGHUP", "SIGUSR1"])
def test_a_signal_saves_and_has_a_code_of_its_own(name: str, tmp_path: Path) -> None:
    number, pipe = signal.Signals[name], subprocess.PIPE
    with subprocess.Popen(endless(tmp_path), stdout=pipe, stderr=pipe, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline().startswith("iteration 1/1000000")
        time.sleep(0.5)
        process.send_signal(number)
        _, log = process.communicate(timeout=60)
    assert process.returncode == 128 + number, log
    check_saved(tmp_path, log)


def test_a_reader_that_goes_away_is_a_wish_to_stop(tmp_path: Path) -> None:
    """As in `train | head -1`."""
    pipe = subprocess.PIPE
    with subprocess.Popen(endless(tmp_path), stdout=pipe, stderr=pipe, text=True) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        assert process.stdout.readline().startswith("iteration 1/1000000")
        process.stdout.close()
        log = process.stderr.read()
    assert process.wait(timeout=60) == 128 + signal.SIGPIPE, log
    check_saved(tmp_path, log)


@pytest.mark.parametrize("argv", ["train --help", "list rewards", "--help", "schema"])
def test_what_is_printed_may_be_left_unread(argv: str) -> None:
    """As in `gpugym list rewards | true`."""
    gone, out = os.pipe()
    os.close(gone)
    command = [sys.executable, "-m", "gpugym_jax", *argv.split()]
    done = subprocess.run(command, stdout=out, stderr=subprocess.PIPE, text=True)
    os.close(out)
    assert (done.returncode, done.stderr) == (128 + signal.SIGPIPE, "")


def test_before_its_loop_a_signal_ends_a_run_at_once(tmp_path: Path) -> None:
    """While MJX compiles, which takes long, in threads that nothing can interrupt."""
    flags = ["--backend=mjx", "--impl=jax", "--no_compile_cache"]
    with subprocess.Popen(endless(tmp_path, *flags), stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr is not None
        for line in process.stderr:
            if line.startswith("compile ..."):
                break
        begin = time.perf_counter()
        process.send_signal(signal.SIGINT)
        rest = process.stderr.read().splitlines()
    assert process.wait(timeout=60) == 128 + signal.SIGINT
    assert time.perf_counter() - begin < 3.0
    assert [line for line in rest if not line.endswith(" ...")] == ["interrupted"]


def test_robots_that_are_never_finite_stop_the_run(tmp_path: Path) -> None:
    """Each is put back, so that the numbers of the run stay finite; one sound step of one robot is enough."""
    loop.check_finite({"step/events/not_finite": 0.99}, 3, tmp_path)
    with pytest.raises(loop.DivergedError, match=r"iteration 3: no robot's state was finite"):
        loop.check_finite({"step/events/not_finite": 1.0}, 3, tmp_path)


def test_numbers_that_are_not_finite_stop_the_run(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)  # MuJoCo writes its warnings into the working folder
    argv = [*TINY, "--max_iterations=9", f"--log_dir={tmp_path}", "runner.save_every=1"]
    wild = ["ppo.learning_rate=1e30", "ppo.desired_kl=null", "ppo.max_grad_norm=1e30"]
    assert train.main([*argv, *wild]) == 3
    error = capsys.readouterr().err.splitlines()[-1]
    assert error.startswith("error: iteration ")
    assert " is nan" in error or " is inf" in error
    assert "Last good checkpoint: " in error
