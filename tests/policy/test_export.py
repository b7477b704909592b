"""From a checkpoint on disk to a file that acts as the network does, and to the gate's verdict."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flax import struct

from gpugym_jax import evaluate, export
from gpugym_jax.config import Config, Observations, Ppo, Runner
from gpugym_jax.config_yaml import dump, load_config
from gpugym_jax.mdp import make_mdp
from gpugym_jax.policy.exporting import blank_policy, reference_of
from gpugym_jax.policy.file import read_policy
from gpugym_jax.ppo.state import PolicyState
from gpugym_jax.robots import ROBOTS
from gpugym_jax.runs import checkpoint

SIZES = {"actor": 8, "critic": 8}
SEEN = Observations(actor=("dof_sin_cos", "dof_pos_abs", "dof_vel"))


class Trained(struct.PyTreeNode):
    """As much of a training state as a checkpoint needs."""

    policy: Any
    iteration: Any


def random_policy(cfg: Config, seed: int) -> PolicyState:
    """Weights, biases and normaliser, all random."""
    leaves, structure = jax.tree.flatten(blank_policy(cfg, SIZES, 1))
    rng = np.random.default_rng(seed)
    drawn = [jnp.asarray(rng.uniform(0.1, 1.0, x.shape) - 0.3 * (x.ndim > 1), x.dtype) for x in leaves]
    return jax.tree.unflatten(structure, drawn)


PPO = Ppo(actor=(16, 8), critic=(8,), activation="tanh", normalize_obs=True)


@pytest.fixture(scope="module")
def logs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of logs with one run of two checkpoints, 3 and 7."""
    return write_run(tmp_path_factory.mktemp("logs"), PPO)


def write_run(home: Path, ppo: Ppo) -> Path:
    cfg = load_config("cartpole")
    cfg = replace(cfg, observations=SEEN, ppo=ppo, runner=Runner(log_dir=str(home), num_envs=2))
    run = home / "cartpole" / "2020-01-01_00-00-00_first"
    run.mkdir(parents=True)
    dump(cfg, run / "config.yaml")
    (run / "run.json").write_text(json.dumps({"commit": "feed"}))
    robot = ROBOTS["cartpole"]
    assert make_mdp(cfg, robot).obs_sizes == SIZES
    meta, saver = checkpoint.describe(cfg, robot, SIZES), checkpoint.Checkpoints(run, keep=5)
    for step in (3, 7):
        saver.save(step, Trained(random_policy(cfg, step), jnp.array(step)), meta)
    saver.close()
    return home


def where(logs: Path) -> list[str]:
    return ["--task=cartpole", f"runner.log_dir={logs}"]


@pytest.mark.parametrize(("flags", "step"), [([], 7), (["--checkpoint=3"], 3)])
def test_the_file_acts_as_the_network(logs: Path, tmp_path: Path, flags: list[str], step: int) -> None:
    out = tmp_path / "p.onnx"
    assert export.main([*where(logs), *flags, f"--out={out}"]) == 0
    policy = read_policy(out)
    assert policy.contract.iteration == step
    assert policy.metadata["git_commit"] == "feed"
    cfg = policy.contract.cfg
    obs = np.random.default_rng(0).normal(0.5, 1.0, (9, 8)).astype(np.float32)
    want, _ = reference_of(cfg, random_policy(cfg, step), SIZES).step(obs, ())
    actions, raw, _ = policy.act(obs, policy.start(9))
    assert np.ptp(want) > 0.1
    np.testing.assert_allclose(raw, want, atol=1e-5)
    np.testing.assert_allclose(actions, 10.0 * want, atol=1e-4)


def test_a_run_with_memory_is_exported(tmp_path: Path) -> None:
    ppo, out = replace(PPO, memory={"gru": {"size": 5}}), tmp_path / "p.onnx"
    assert export.main([*where(write_run(tmp_path, ppo)), f"--out={out}"]) == 0
    policy = read_policy(out)
    cfg = policy.contract.cfg
    assert cfg.ppo == ppo
    reference, obs = reference_of(cfg, random_policy(cfg, 7), SIZES), np.ones((2, 8), np.float32)
    hidden, memory = policy.start(2), reference.start(2)
    for _ in range(3):
        want, memory = reference.step(obs, memory)
        _, raw, hidden = policy.act(obs, hidden)
        np.testing.assert_allclose(raw, want, atol=1e-5)
    np.testing.assert_allclose(hidden[0][0], memory, atol=1e-5)


def test_the_file_lies_in_the_run_by_default(logs: Path) -> None:
    run = logs / "cartpole" / "2020-01-01_00-00-00_first"
    assert export.main([f"--load_run={run}"]) == 0
    assert read_policy(run / "policy.onnx").contract.iteration == 7


@pytest.mark.parametrize(
    ("argv", "message"),
    [
        (["--task=cartpole", "runner.log_dir=/nowhere"], "looked in /nowhere/cartpole"),
        (["--checkpoint=5"], "no checkpoint model_5"),
        (["ppo.actor=[16,9]"], "was trained with ppo.actor="),
        (["observations.actor=[dof_pos_abs]"], "was trained with observations.actor="),
        (
            ["--task=pendulum", "--load_run={run}"],
            "is of task cartpole and robot cartpole, not of task pendulum",
        ),
    ],
)
def test_what_does_not_fit_is_refused(
    logs: Path, capsys: pytest.CaptureFixture[str], argv: list[str], message: str
) -> None:
    run = logs / "cartpole" / "2020-01-01_00-00-00_first"
    argv = [a.format(run=run) for a in argv]
    base = [] if any(a.startswith("--task") for a in argv) else where(logs)
    assert export.main([*base, *argv]) == 2
    error = capsys.readouterr().err
    assert message in error
    assert error.count("\n") == 1


def test_evaluate_gives_its_verdict_as_exit_code(logs: Path, tmp_path: Path) -> None:
    few = ["--episodes=3", "--seconds=1.5"]
    out = tmp_path / "gate.json"
    assert evaluate.main([*where(logs), *few, f"--json={out}"]) == 1
    assert evaluate.main([*where(logs), *few, "evaluate.min_upright_share=0"]) == 0
    said = json.loads(out.read_text())
    assert said["passed"] is False
    assert (said["iteration"], said["exam"]["episodes"], said["seed"]) == (7, 3, 0)
    assert said["exam"]["changed"] == ["evaluate.episodes=3", "evaluate.seconds=1.5"]
    assert {v["bound"]: v["passed"] for v in said["verdicts"]} == {
        "max_falls": True,
        "min_upright_share": False,
    }
    file = tmp_path / "p.onnx"
    assert export.main([*where(logs), f"--out={file}"]) == 0
    again = tmp_path / "again.json"
    assert evaluate.main([f"--policy={file}", *few, f"--json={again}"]) == 1
    assert json.loads(again.read_text())["measures"] == said["measures"]


@pytest.mark.parametrize(
    ("argv", "message"),
    [
        (["--policy=none.onnx"], "no policy file 'none.onnx'"),
        (["--episodes=0"], "--episodes wants a whole number of at least 1"),
        (["--seconds=0.5"], "the first 1 s do not count"),
        (["evaluate.max_fals=1"], "Did you mean 'max_falls'"),
        (["evaluate.max_foot_slip=1"], "this robot has no foot_slip"),
        (["pushes.every_s=1"], "physics.isaac, runner, evaluate."),
        (["--policy=none.onnx", "--own_exam"], "--task=cartpole or --own_exam, not both"),
    ],
)
def test_evaluate_refuses_in_one_line(
    logs: Path, capsys: pytest.CaptureFixture[str], argv: list[str], message: str
) -> None:
    assert evaluate.main([*where(logs), "--episodes=2", "--seconds=1.2", *argv]) == 2
    assert message in capsys.readouterr().err


def test_a_finished_policy_keeps_what_it_was_made_with(
    logs: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "p.onnx"
    assert export.main([*where(logs), f"--out={file}"]) == 0
    assert evaluate.main([f"--policy={file}", "control.hz=25"]) == 2
    assert "was trained with control.hz=50" in capsys.readouterr().err
    assert evaluate.main([f"--policy={file}", "--task=pendulum"]) == 1
    assert "not judged: " in capsys.readouterr().out
