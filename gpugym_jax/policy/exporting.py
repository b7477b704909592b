"""From a run's checkpoint to a policy file."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Float
from numpy import ndarray

from gpugym_jax.config import Config
from gpugym_jax.mdp import make_mdp
from gpugym_jax.policy.description import action_numbers, describe
from gpugym_jax.policy.file import Reference, write_policy
from gpugym_jax.policy.graph import Actor, Gru
from gpugym_jax.ppo.networks import actor_layers, actor_normalizer, make_actor, make_networks
from gpugym_jax.ppo.normalizer import normalize, start_stats
from gpugym_jax.ppo.state import PolicyState
from gpugym_jax.robots.robot import Robot
from gpugym_jax.robots.scene import make_scene
from gpugym_jax.runs import checkpoint


@dataclass(frozen=True)
class Exported:
    """What was written."""

    path: Path
    run: Path
    iteration: int
    difference: float  # from the network, as `policy.file.difference`


def blank_policy(cfg: Config, obs_sizes: dict[str, int], action_size: int) -> PolicyState:
    """The shapes of a policy of this configuration."""

    def init() -> PolicyState:
        networks = make_networks(cfg.ppo, obs_sizes, action_size)
        stats = {name: start_stats(n) for name, n in obs_sizes.items() if cfg.ppo.normalize_obs}
        return PolicyState(networks.init(jax.random.key(0)), stats)

    return jax.eval_shape(init)


def actor_of(cfg: Config, robot: Robot, policy: PolicyState) -> Actor:
    """A policy's numbers."""
    scale, clip = action_numbers(cfg, robot)
    mean, std = actor_normalizer(policy) if cfg.ppo.normalize_obs else (None, None)
    return Actor(actor_layers(policy), cfg.ppo.activation, scale, clip, mean, std, gru_of(policy))


def gru_of(policy: PolicyState) -> Gru | None:
    """The numbers of an actor's memory."""
    cell = policy.params.actor["memory"]
    if not cell:
        return None
    arrays = (cell["dense_i"]["kernel"], cell["dense_i"]["bias"], cell["dense_h"]["kernel"])
    return Gru(*map(np.asarray, arrays))


def reference_of(cfg: Config, policy: PolicyState, obs_sizes: dict[str, int]) -> Reference:
    """The trained network itself: observations to the mean action, in full float32."""
    size = actor_layers(policy)[-1][1].shape[0]
    actor = make_actor(cfg.ppo, obs_sizes, size)
    run = jax.jit(actor.step)

    def step(obs: Float[ndarray, "n obs"], memory: Any) -> tuple[Float[ndarray, "n act"], Any]:
        with jax.default_matmul_precision("highest"):
            seen = normalize(policy.normalizer, {"actor": jnp.asarray(obs)})
            memory, mean = run(policy.params.actor, memory, seen["actor"])
        return np.asarray(mean), memory

    return Reference(actor.start, step)


def _trained_commit(run: Path) -> str:
    """The commit that the run was started from; unknown if its run.json is damaged."""
    try:
        known = json.loads((run / "run.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return ""
    return str(known.get("commit") or "") if isinstance(known, dict) else ""


def export_run(run: Path, cfg: Config, step: int, out: Path) -> Exported:
    """Write the policy file of a run's checkpoint.

    Args:
        run: The run's folder.
        cfg: Its configuration.
        step: The checkpoint's iteration; -1 is the newest intact one.
        out: The file.
    """
    robot = make_scene(cfg.robot).robot
    mdp = make_mdp(cfg, robot)
    like = blank_policy(cfg, mdp.obs_sizes, mdp.action_size)
    meta = checkpoint.describe(cfg, robot, mdp.obs_sizes)
    policy, iteration = checkpoint.load_policy(run, step, like, meta)
    metadata = describe(cfg, robot, iteration, _trained_commit(run))
    actor, reference = actor_of(cfg, robot, policy), reference_of(cfg, policy, mdp.obs_sizes)
    return Exported(out, run, iteration, write_policy(out, actor, metadata, reference))
