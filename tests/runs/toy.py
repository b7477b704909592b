"""A training state in small: every kind of leaf that the real one has, all a function of the iteration."""

from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import optax
from flax import struct

from gpugym_jax.config import ActionTerm, Config, Observations, Ppo, Runner
from gpugym_jax.robots.robot import Robot


class Policy(struct.PyTreeNode):
    """Parameters and normaliser."""

    params: Any
    normalizer: Any


class TrainState(struct.PyTreeNode):
    """As `ppo.state.TrainState`."""

    policy: Policy
    opt: Any
    env: Any
    key: Any
    iteration: Any


def state(iteration: int, width: int = 16) -> TrainState:
    """The state after `iteration` iterations."""
    key = jax.random.key(iteration)
    params = {"actor": {"kernel": jax.random.normal(key, (width, width)), "bias": jnp.zeros(width)}}
    opt = optax.adam(1e-3)
    grads = jax.tree.map(jnp.ones_like, params)
    env = {
        "keys": jax.random.split(key, 3),
        "contact": jnp.array([True, False]),
        "feet": jnp.zeros((3, 0)),  # a cartpole has none
        "step": jnp.arange(3, dtype=jnp.int32),
    }
    policy = Policy(params, {"mean": jnp.full(3, float(iteration)), "count": jnp.array(1e-4)})
    return TrainState(policy, opt.update(grads, opt.init(params))[1], env, key, jnp.array(iteration))


def robot(name: str = "toy") -> Robot:
    """A robot of two joints."""
    return Robot(name, ("a", "b"), ("base",), (0.0, 0.0), 1.0, (1.0,), (1.0,), (1.0,), (1.0,), ((0.0, 1.0),))


def config(folder: Path, **ppo: Any) -> Config:
    """An experiment that logs into `folder`."""
    return Config(
        task="toy",
        robot="toy",
        actions={"dof_pos_target": ActionTerm()},
        observations=Observations(actor=("dof_pos", "dof_vel")),
        ppo=Ppo(**ppo),
        runner=Runner(log_dir=str(folder), num_envs=3),
    )
