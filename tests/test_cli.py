"""Flags, overrides and their errors."""

import os
import subprocess
import sys
from dataclasses import dataclass, field

import pytest
import tyro

from gpugym_jax import cli
from gpugym_jax.cli import Common
from gpugym_jax.tables import UserError


@dataclass(frozen=True)
class Flags:
    """A command."""

    common: tyro.conf.OmitArgPrefixes[Common] = field(default_factory=Common)
    resume: bool = False
    """Go on."""


@pytest.mark.parametrize(
    ("arg", "resume"),
    [("--resume", True), ("--resume=True", True), ("--resume=false", False), ("--no_resume", False)],
)
def test_booleans_are_bare_or_have_a_value(arg: str, resume: bool) -> None:
    assert cli.parse(Flags, [arg])[0].resume is resume


def test_flags_take_underscores_and_hyphens() -> None:
    argv = [
        "--num_envs=4",
        "--experiment-name",
        "x",
        "--checkpoint",
        "-1",
        "--load_run=-1",
        "--no_compile_cache",
    ]
    found, overrides = cli.parse(Flags, argv)
    assert found.common == Common(num_envs=4, experiment_name="x", compile_cache=False)
    assert overrides == []


def test_the_rest_are_overrides() -> None:
    argv = ["ppo.clip=0.3", "--task=a", "--runner.seed=-3", "episode_s=2", "--robot=b"]
    found, overrides = cli.parse(Flags, argv)
    assert found.common.task == "a"
    assert overrides == ["ppo.clip=0.3", "runner.seed=-3", "episode_s=2", "robot=b"]


@pytest.mark.parametrize(
    ("arg", "part"),
    [
        ("--num_env=4", "no flag '--num_env'. Did you mean '--num_envs'? There are: --task,"),
        ("--resme", "Did you mean '--resume'?"),
        ("cartpole", "no flag or override 'cartpole'."),
        ("--ppo.clip", "'--ppo.clip' has no value; write ppo.clip=VALUE"),
        ("--num_envs=abc", "--num_envs"),
        ("--seed", "Missing value for argument '--seed'"),
    ],
)
def test_a_wrong_flag_is_one_line(arg: str, part: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(Flags, lambda flags, overrides: 0, [arg]) == 2
    error = capsys.readouterr().err
    assert error.startswith("error: ")
    assert part in error
    assert error.count("\n") == 1


def test_flags_that_are_fields_win_over_overrides() -> None:
    common = Common(num_envs=4, seed=3, backend="mjx", impl="jax", run_name="1e5")
    assert cli.flag_overrides(common) == [
        'physics.backend="mjx"',
        'physics.impl="jax"',
        "runner.num_envs=4",
        "runner.seed=3",
        'runner.run_name="1e5"',
    ]


def test_a_missing_task_lists_them() -> None:
    with pytest.raises(UserError, match=r"--task is missing\. There are: "):
        cli.configure(Common(), [])
    with pytest.raises(UserError, match="not both"):
        cli.configure(Common(task="a", config="b.yaml"), [])


@pytest.mark.parametrize(
    ("common", "overrides"),
    [
        (Common(backend="isaacgym"), []),
        (Common(backend="isaacgym", headless=True), ["physics.isaac.headless=true"]),
        (
            Common(backend="isaacgym", sim_device="gpu:1", rl_device="cpu"),
            ['physics.isaac.device="cuda:1"'],
        ),
        (
            Common(backend="isaacgym", device="cpu"),
            ['physics.isaac.device="cpu"'],
        ),
        (Common(backend="mjx", device="cpu", headless=True), []),
    ],
)
def test_isaac_gym_has_flags_of_its_own(common: Common, overrides: list[str]) -> None:
    assert [o for o in cli.flag_overrides(common) if "isaac." in o] == overrides


def test_isaac_gym_opens_a_window_unless_headless(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XLA_PYTHON_CLIENT_PREALLOCATE", "true")
    common = Common(task="cartpole", backend="isaacgym", isaac_python="/opt/python")
    cfg = cli.configure(common, [])
    assert (cfg.physics.isaac.headless, cfg.physics.isaac.python) == (False, "/opt/python")
    assert cli.configure(common, ["physics.isaac.headless=true"]).physics.isaac.headless
    assert cli.configure(Common(task="cartpole"), []).physics.isaac.headless


def test_isaac_gym_leaves_memory_of_the_gpu(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XLA_PYTHON_CLIENT_PREALLOCATE", "")
    monkeypatch.delenv("XLA_PYTHON_CLIENT_PREALLOCATE")
    cli.configure(Common(task="cartpole"), [])
    assert "XLA_PYTHON_CLIENT_PREALLOCATE" not in os.environ
    cli.configure(Common(task="cartpole", backend="isaacgym"), [])
    assert os.environ["XLA_PYTHON_CLIENT_PREALLOCATE"] == "false"


def test_a_device_of_isaac_gym_needs_its_name_on_the_command_line() -> None:
    with pytest.raises(UserError, match="--backend=isaacgym on the command line"):
        cli.configure(Common(task="cartpole", sim_device="cpu"), ["physics.backend=isaacgym"])


def test_reading_flags_imports_nothing_heavy() -> None:
    code = "import sys, gpugym_jax.cli; print({'jax', 'mujoco', 'flax', 'orbax'} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"
