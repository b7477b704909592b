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


def printing(arguments: list[str], **variables: str) -> subprocess.CompletedProcess[bytes]:
    """A command that prints its --run_name, in a process of its own with such variables."""
    code = (
        "import sys; from gpugym_jax import cli, evaluate; "
        "sys.exit(cli.main(evaluate.Flags, lambda flags, _: print(flags.common.run_name), sys.argv[1:]))"
    )
    return subprocess.run(
        [sys.executable, "-c", code, *arguments], env=os.environ | variables, capture_output=True
    )


@pytest.mark.parametrize(
    ("variables", "code", "shown"),
    [
        ({"LC_ALL": "C"}, 0, "δοκιμή".encode()),  # Python itself takes UTF-8 then
        ({"PYTHONIOENCODING": "ascii"}, 0, rb"\u03b4\u03bf\u03ba\u03b9\u03bc\u03ae"),
        ({"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}, 2, b""),
    ],
)
def test_a_name_in_greek_ends_in_no_traceback(variables: dict[str, str], code: int, shown: bytes) -> None:
    done = printing(["--run_name=δοκιμή"], **variables)
    assert (done.returncode, done.stdout.strip()) == (code, shown)
    told = done.stderr.decode().splitlines()
    assert len(told) == (code == 2)
    assert (
        not told or "is not text in ascii, by which the shell's arguments are read; LC_ALL=C.UTF-8" in told[0]
    )


def test_a_full_disk_under_what_is_printed_is_one_line() -> None:
    code = (
        "import sys; from gpugym_jax import cli, evaluate; "
        "sys.exit(cli.main(evaluate.Flags, lambda *_: print('x' * 100_000), []))"
    )
    with open("/dev/full", "w") as full:
        done = subprocess.run([sys.executable, "-c", code], stdout=full, stderr=subprocess.PIPE, text=True)
    assert (done.returncode, done.stderr) == (3, "error: No space left on device\n")


def test_float64_that_the_shell_asks_for_is_not_heeded(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    from gpugym_jax import devices

    for asked, heeded in (("1", "0"), ("True", "0"), ("0", "0")):
        monkeypatch.setenv("JAX_ENABLE_X64", asked)
        devices.single_precision()
        assert os.environ["JAX_ENABLE_X64"] == heeded
    assert caplog.messages == ["JAX_ENABLE_X64 is set and not heeded: training and policies are float32"] * 2


@pytest.mark.skipif(not hasattr(os, "sched_setaffinity"), reason="Linux only")
def test_threads_follow_the_cores_that_are_allotted() -> None:
    code = (
        "import os; os.sched_setaffinity(0, {min(os.sched_getaffinity(0))}); import mujoco.batch; "
        "from gpugym_jax.config_yaml import load_config; from gpugym_jax.robots.scene import make_scene; "
        "from gpugym_jax.physics.mujoco import MujocoPhysics; cfg = load_config('cartpole'); "
        "print(MujocoPhysics(make_scene(cfg.robot), cfg.physics, 8, 0.005)._batch.nthread)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "1"
