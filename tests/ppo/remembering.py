"""Figures of policies with memory: `python -m tests.ppo.remembering docs/results/memory.json`."""

import json
import sys
import tempfile
from dataclasses import replace
from pathlib import Path

import jax
import numpy as np

from gpugym_jax.config import Config, Observations, Ppo
from gpugym_jax.config_yaml import load_config
from gpugym_jax.gate.exam import exam_of
from gpugym_jax.gate.falls import make_fallen
from gpugym_jax.gate.observe import make_pupil, observe
from gpugym_jax.gate.rollout import control_step, start
from gpugym_jax.gate.scenario import draw_scenario
from gpugym_jax.gate.world import make_world
from gpugym_jax.mdp import make_mdp
from gpugym_jax.policy.description import describe
from gpugym_jax.policy.exporting import actor_of, blank_policy, reference_of
from gpugym_jax.policy.file import difference, read_policy, write_policy
from gpugym_jax.ppo.learn import make_learner
from gpugym_jax.ppo.state import PolicyState
from gpugym_jax.robots import ROBOTS
from gpugym_jax.runs.directory import versions
from tests.ppo import probes

GRU: dict[str, dict[str, object]] = {"gru": {"size": 32}}
LEARNING = replace(probes.PROBE, rollout_length=6)
"""Episodes have four steps, so most rollouts begin in the middle of one."""
ITERATIONS, STEPS, ROBOTS_AT_ONCE = 40, 50, 4


def probe_return(memory: dict[str, dict[str, object]], seed: int = 0) -> float:
    """Mean return of the last episodes of training on `remembered_action`."""
    learner = make_learner(replace(LEARNING, memory=memory), probes.remembered_action(), dt=0.02)
    iterate = jax.jit(learner.iterate, donate_argnums=0)
    ts, metrics = jax.jit(learner.init)(jax.random.key(seed)), {}
    for _ in range(ITERATIONS):
        ts, metrics = iterate(ts)
    return float(metrics["episode/return"])


def remembering_task() -> Config:
    """The cartpole, seen without its velocities."""
    ppo = Ppo(actor=(64, 32), critic=(16,), memory=GRU, normalize_obs=True)
    return replace(load_config("cartpole"), observations=Observations(actor=("dof_pos_abs",)), ppo=ppo)


def random_policy(cfg: Config, sizes: dict[str, int], actions: int, seed: int = 0) -> PolicyState:
    """Weights, biases and normaliser, all random."""
    leaves, structure = jax.tree.flatten(blank_policy(cfg, sizes, actions))
    rng = np.random.default_rng(seed)
    drawn = [rng.uniform(0.1, 0.6, x.shape) - 0.35 * (x.ndim > 1) for x in leaves]
    return jax.tree.unflatten(structure, [np.asarray(x, np.float32) for x in drawn])


def file_differences(folder: Path) -> dict[str, float]:
    """Of a policy file with memory from Flax, raw actions of `STEPS` control steps in the gate.

    `written` is that of the check before the file appears: onnxruntime alone, on random observations.
    """
    cfg, robot = remembering_task(), ROBOTS["cartpole"]
    mdp = make_mdp(cfg, robot)
    trained = random_policy(cfg, mdp.obs_sizes, mdp.action_size)
    reference = reference_of(cfg, trained, mdp.obs_sizes)
    path = folder / "policy.onnx"
    written = write_policy(path, actor_of(cfg, robot, trained), describe(cfg, robot), reference)
    policy, exam, n = read_policy(path), exam_of(cfg), ROBOTS_AT_ONCE
    exam = replace(exam, gate=replace(exam.gate, episodes=n))
    plan = draw_scenario(exam, policy.contract.step_dt, seed=0, calm=True)
    gate, fallen = make_world(exam, plan.friction), make_fallen(exam.gate.falls, robot)
    pupil = make_pupil(policy)
    tick = start(pupil, gate, plan)
    memory, worst, spread = reference.start(n), 0.0, []
    for _ in range(STEPS):
        command = np.zeros((n, 3))
        _, seen = observe(pupil, gate.look(), tick.memory, command, tick.foot_force)
        want, memory = reference.step(seen, memory)
        tick, _ = control_step(pupil, gate, fallen, tick, command)
        worst = max(worst, difference(tick.memory.raw_action, want))
        spread.append(want)
    return {"written": written, "gate": worst, "actions_std": float(np.std(spread))}


def main(out: Path) -> None:
    """Measure all, and write it down."""
    with tempfile.TemporaryDirectory() as folder:
        differences = file_differences(Path(folder))
    figures = {
        "command": "JAX_PLATFORMS=cpu python -m tests.ppo.remembering docs/results/memory.json",
        "versions": versions(),
        "probe": {
            "iterations": ITERATIONS,
            "best_without_memory": -0.75,
            "returns_gru_32": [probe_return(GRU, seed) for seed in range(3)],
            "returns_mlp": [probe_return({}, seed) for seed in range(3)],
        },
        "policy_file": {"steps": STEPS, "difference_from_flax": differences},
    }
    out.write_text(json.dumps(figures, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
