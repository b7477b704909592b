"""Which policy a command means: a file, a run's checkpoint exported on the fly, or no network at all."""

import dataclasses
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from gpugym_jax import cli
from gpugym_jax.config_yaml import with_override
from gpugym_jax.robots import ROBOTS
from gpugym_jax.runs.directory import experiment_dir
from gpugym_jax.runs.policy_file import Act, Batch, Policy, read_policy
from gpugym_jax.runs.policy_metadata import Contract, describe, parse
from gpugym_jax.tables import UserError, lookup

OPEN_SECTIONS = ("evaluate", "commands", "pushes", "reset", "terminations", "physics")
"""What may be changed of a finished policy's configuration: its tests, not what it was made with."""


@dataclass(frozen=True)
class Choice:
    """A policy, and where what is made of it belongs."""

    policy: Policy
    folder: Path


def zero(contract: Contract, seed: int) -> Act:
    """An agent that always answers nought."""

    def act(obs: Batch) -> tuple[Batch, Batch]:
        nothing = np.zeros((len(obs), contract.action_size), np.float32)
        return nothing, nothing

    return act


def random(contract: Contract, seed: int) -> Act:
    """An agent of standard normal raw actions."""
    rng = np.random.default_rng(seed)

    def act(obs: Batch) -> tuple[Batch, Batch]:
        raw = rng.standard_normal((len(obs), contract.action_size))
        return np.clip(raw, -contract.action_clip, contract.action_clip) * contract.action_scale, raw

    return act


AGENTS: dict[str, Callable[[Contract, int], Act] | None] = {"policy": None, "zero": zero, "random": random}
"""Who acts; None is the policy's own network."""


def override(policy: Policy, overrides: Sequence[str]) -> Policy:
    """The policy with another test: `evaluate.max_falls=1` and the like."""
    cfg = policy.contract.cfg
    for text in overrides:
        if text.partition("=")[0].split(".")[0] not in OPEN_SECTIONS:
            raise UserError(
                f"{text}: the policy in {policy.source} was made with another value. "
                f"What can be changed of its test: {', '.join(OPEN_SECTIONS)}."
            )
        cfg = with_override(cfg, text)
    return dataclasses.replace(policy, contract=dataclasses.replace(policy.contract, cfg=cfg))


def from_run(common: cli.Common, overrides: Sequence[str]) -> Choice:
    """The policy of a run's checkpoint, through a policy file that is thrown away."""
    cli.start_jax(common)
    from gpugym_jax.runs.exporting import export_run, locate

    run, cfg = locate(common, overrides)
    with tempfile.TemporaryDirectory() as folder:
        done = export_run(run, cfg, common.checkpoint, Path(folder) / "policy.onnx")
        policy = read_policy(done.path)
    return Choice(dataclasses.replace(policy, source=f"{run}, iteration {done.iteration}"), run)


def without_network(common: cli.Common, overrides: Sequence[str], agent: str) -> Choice:
    """An agent on a task, with no run."""
    cfg = cli.configure(common, overrides)
    data = describe(cfg, lookup("robot", cfg.robot, ROBOTS))
    contract = parse(data, cfg.task)
    make = lookup("agent", agent, AGENTS)
    assert make is not None, "the agent 'policy' has a network"
    return Choice(
        Policy(contract, data, make(contract, common.seed or 0), f"agent {agent}"), experiment_dir(cfg)
    )


def choose(
    common: cli.Common, overrides: Sequence[str], file: Path | None = None, agent: str = "policy"
) -> Choice:
    """The policy that the flags name.

    Args:
        common: The flags that all commands have.
        overrides: Changes of the configuration.
        file: A policy file; without it, a run's checkpoint.
        agent: A name in `AGENTS`, which may act in the policy's place.
    """
    make = lookup("agent", agent, AGENTS)
    if file is None:
        return without_network(common, overrides, agent) if make else from_run(common, overrides)
    policy = override(read_policy(file), overrides)
    if common.task and common.task != policy.contract.task:
        raise UserError(f"{file} is of task '{policy.contract.task}', not of '{common.task}'.")
    if make:
        act = make(policy.contract, common.seed or 0)
        policy = dataclasses.replace(policy, act=act, source=f"agent {agent}")
    return Choice(policy, file.parent)
