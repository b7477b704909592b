"""Which policy a command means: a file, a run's checkpoint exported on the fly, or no network at all."""

import dataclasses
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from gpugym_jax.hearing import unfinished
from gpugym_jax.policy.file import Act, Batch, Hidden, Policy, read_policy
from gpugym_jax.policy.metadata import Contract, parse
from gpugym_jax.robots.scene import make_scene
from gpugym_jax.runs.closed import changed
from gpugym_jax.runs.directory import Wanted, experiment_dir, locate
from gpugym_jax.tables import UserError, lookup


@dataclass(frozen=True)
class Choice:
    """A policy, and where what is made of it belongs."""

    policy: Policy
    folder: Path


def zero(contract: Contract, seed: int) -> Act:
    """An agent that always answers nought."""

    def act(obs: Batch, hidden: Hidden) -> tuple[Batch, Batch, Hidden]:
        nothing = np.zeros((len(obs), contract.action_size), np.float32)
        return nothing, nothing, hidden

    return act


def random(contract: Contract, seed: int) -> Act:
    """An agent of standard normal raw actions."""
    rng = np.random.default_rng(seed)

    def act(obs: Batch, hidden: Hidden) -> tuple[Batch, Batch, Hidden]:
        raw = rng.standard_normal((len(obs), contract.action_size))
        return np.clip(raw, -contract.action_clip, contract.action_clip) * contract.action_scale, raw, hidden

    return act


AGENTS: dict[str, Callable[[Contract, int], Act] | None] = {"policy": None, "zero": zero, "random": random}
"""Who acts; None is the policy's own network."""


def override(policy: Policy, overrides: Sequence[str]) -> Policy:
    """The policy with another test: `evaluate.max_falls=1` and the like."""
    cfg = changed(policy.contract.cfg, overrides, "test", policy.source)
    return dataclasses.replace(policy, contract=dataclasses.replace(policy.contract, cfg=cfg))


def has_network(agent: str) -> bool:
    """Whether it is the policy itself that acts."""
    return lookup("agent", agent, AGENTS) is None


def acting(policy: Policy, agent: str, seed: int) -> Policy:
    """The policy with the agent in its network's place."""
    make = lookup("agent", agent, AGENTS)
    if make is None:
        return policy
    return dataclasses.replace(policy, act=make(policy.contract, seed), source=f"agent {agent}")


def from_run(wanted: Wanted) -> Choice:
    """The policy of a run's checkpoint, through a policy file that is thrown away. JAX must have started."""
    from gpugym_jax.policy.exporting import export_run

    run, cfg = locate(wanted)
    with tempfile.TemporaryDirectory() as folder, unfinished(folder):
        done = export_run(run, cfg, wanted.checkpoint, Path(folder) / "policy.onnx")
        policy = read_policy(done.path)
    return Choice(dataclasses.replace(policy, source=f"{run}, iteration {done.iteration}"), run)


def without_network(wanted: Wanted, agent: str, seed: int) -> Choice:
    """An agent on a task, with no run. JAX must have started."""
    from gpugym_jax.policy.description import describe

    cfg = wanted.cfg or locate(wanted)[1]
    data = describe(cfg, make_scene(cfg.robot).robot)
    contract = parse(data, cfg.task)
    policy = Policy(contract, data, zero(contract, seed), "")
    return Choice(acting(policy, agent, seed), experiment_dir(cfg))


def from_file(file: Path, task: str, overrides: Sequence[str], agent: str, seed: int) -> Choice:
    """The policy of a file, which must be of `task` if one is named."""
    policy = override(read_policy(file), overrides)
    if task and task != policy.contract.task:
        raise UserError(f"{file} is of task '{policy.contract.task}', not of '{task}'.")
    return Choice(acting(policy, agent, seed), file.parent)
