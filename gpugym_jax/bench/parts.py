"""Where the seconds of one training iteration go: collecting, and learning from what was collected."""

import dataclasses
import statistics

import jax

from gpugym_jax.bench.throughput import timed
from gpugym_jax.config import Config
from gpugym_jax.env import make_env
from gpugym_jax.loops import compile_for
from gpugym_jax.ppo.learn import make_learner
from gpugym_jax.robots.robot import Robot
from gpugym_jax.types import Physics


def iteration_s(cfg: Config, robot: Robot, physics: Physics, repeats: int) -> float:
    """Seconds of a training iteration: the median after the first, which compiles."""
    env = make_env(cfg, robot, physics)
    learner = make_learner(cfg.ppo, env, 1.0 / cfg.control.hz)
    ts = compile_for(physics, learner.init)(jax.random.key(cfg.runner.seed))
    iterate, times = compile_for(physics, learner.iterate, donate_argnums=0), []
    for _ in range(repeats + 1):
        took, (ts, _) = timed(iterate, ts)
        times.append(took)
    return statistics.median(times[1:])


def parts(cfg: Config, robot: Robot, physics: Physics, repeats: int) -> dict[str, float]:
    """Seconds of an iteration, and of it collecting: the rollout, and the values and advantages of its steps.

    A program cannot be timed in parts, so collecting is another program, without epochs.
    """
    whole = iteration_s(cfg, robot, physics, repeats)
    collecting = dataclasses.replace(cfg, ppo=dataclasses.replace(cfg.ppo, epochs=0))
    collection = iteration_s(collecting, robot, physics, repeats)
    steps = physics.num_envs * cfg.ppo.rollout_length
    return {
        "iteration_s": round(whole, 5),
        "collection_s": round(collection, 5),
        "learning_s": round(whole - collection, 5),
        "trained_steps_per_s": round(steps / whole),
    }
