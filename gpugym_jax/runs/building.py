"""What a run needs before its first iteration: every name resolved, a state to begin with, a program."""

import time
from pathlib import Path
from typing import Any, NamedTuple

import jax

from gpugym_jax.config import Config, draws_of
from gpugym_jax.env import make_env
from gpugym_jax.loops import compile_for
from gpugym_jax.physics import make_physics
from gpugym_jax.ppo.learn import Learner, make_learner
from gpugym_jax.robots.scene import make_scene
from gpugym_jax.runs import checkpoint
from gpugym_jax.runs.tracking import check_trackers
from gpugym_jax.tables import UserError
from gpugym_jax.types import Env, Physics, Scan


class Built(NamedTuple):
    """A task, its physics and its learner, before anything is compiled."""

    physics: Physics
    env: Env
    learner: Learner
    meta: checkpoint.Meta
    collecting: list[float]  # s of each rollout; stays empty on a traceable physics


class Start(NamedTuple):
    """Where a run begins."""

    ts: Any  # a TrainState
    iteration: int


def timed_scan(scan: Scan, spent: list[float]) -> Scan:
    """A live scan that notes its seconds."""

    def timed(*args: Any, **kwargs: Any) -> tuple[Any, Any]:
        begin = time.perf_counter()
        out = scan(*args, **kwargs)
        spent.append(time.perf_counter() - begin)
        return out

    return timed


def check_pays(cfg: Config) -> None:
    """Raise if nothing can be learned."""
    if not any(term.get("weight", True) for term in cfg.rewards.values()) and not cfg.reward.termination:
        raise UserError("no reward has a weight and reward.termination is 0: there is nothing to learn.")


def build(cfg: Config) -> Built:
    """Resolve every name of `cfg`; a wrong one is a `UserError` here."""
    check_trackers(cfg.runner.trackers)
    check_pays(cfg)
    scene = make_scene(cfg.robot)
    timestep = 1.0 / cfg.control.physics_hz
    physics = make_physics(scene, cfg.physics, cfg.runner.num_envs, timestep, draws_of(cfg.randomize))
    env = make_env(cfg, scene.robot, physics)
    collecting: list[float] = []
    if not physics.traceable:
        env = env._replace(scan=timed_scan(env.scan, collecting))
    learner = make_learner(cfg.ppo, env, 1.0 / cfg.control.hz)
    meta = checkpoint.describe(cfg, scene.robot, env.obs_sizes) | checkpoint.kind_of(physics)
    return Built(physics, env, learner, meta, collecting)


def find_start(cfg: Config, built: Built, resume: Path, step: int) -> checkpoint.Checkpoint:
    """The checkpoint to go on from; refused if it does not fit or if nothing is left to do."""
    found = checkpoint.find_train(resume, step, built.meta)
    if built.physics.traceable:
        checkpoint.check_train(found, jax.eval_shape(built.learner.init, jax.random.key(0)))
    if found.step >= cfg.runner.iterations:
        raise UserError(
            f"nothing to do: {found.name} is already at iteration {found.step} of {cfg.runner.iterations}; "
            f"give more with --max_iterations"
        )
    return found


def begin(cfg: Config, built: Built, found: checkpoint.Checkpoint | None) -> Start:
    """A fresh training state, or that of the checkpoint."""
    physics, key = built.physics, jax.random.key(cfg.runner.seed)
    init = compile_for(physics, built.learner.init)
    if found is None:
        return Start(init(key), 0)
    if physics.traceable:
        restored = checkpoint.restore_train(found, jax.eval_shape(init, key))
        return Start(_at_given_rate(restored, cfg, found), found.step)
    ts = init(key)
    restored = checkpoint.restore_train(found, checkpoint.portable(physics, ts))
    return Start(_at_given_rate(checkpoint.revive(physics, restored), cfg, found), found.step)


def _at_given_rate(ts: Any, cfg: Config, found: checkpoint.Checkpoint) -> Any:
    """The training state, with the learning rate that is asked for if the run began with another."""
    if cfg.ppo.learning_rate == found.meta["config"]["ppo"]["learning_rate"]:
        return ts
    rate = jax.numpy.full_like(ts.opt.learning_rate, cfg.ppo.learning_rate)
    return ts.replace(opt=ts.opt.replace(learning_rate=rate))
