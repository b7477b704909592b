"""One training iteration: collect a rollout, learn from it, say how it went."""

from collections.abc import Callable
from functools import partial
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, Key

from gpugym_jax.config import Ppo
from gpugym_jax.ppo.collect import make_collect, start_episodes, summarize
from gpugym_jax.ppo.networks import Networks, make_networks
from gpugym_jax.ppo.normalizer import start_stats
from gpugym_jax.ppo.shards import Axis, mean_over, shard_key
from gpugym_jax.ppo.state import Episodes, Memory, OptState, PolicyState, Rollout, TrainState, Transition
from gpugym_jax.ppo.update import make_update, start_optimizer
from gpugym_jax.tables import UserError
from gpugym_jax.types import Env, Obs

Metrics = dict[str, Float[Array, ""]]


class Learner(NamedTuple):
    """PPO on one env, as a pair of functions: on a traceable physics pure, to be compiled whole."""

    init: Callable[[Key[Array, ""]], TrainState]
    iterate: Callable[[TrainState], tuple[TrainState, Metrics]]


def per_step(name: str, horizon_s: float | None, dt: float, given: float) -> float:
    """A discount per control step: `given`, or from a horizon 1 - 1 / int(horizon / dt), as gpuGym."""
    if horizon_s is None:
        return given
    # The quotient of two decimal fractions may miss a whole number by a rounding error.
    steps = int(round(horizon_s / dt, 6))
    if steps < 1:
        raise UserError(
            f"ppo.{name} of {horizon_s:g} s is shorter than one control step of {dt:g} s. "
            f"The least is {dt:g} s."
        )
    return 1 - 1 / steps


def check_batch(cfg: Ppo, num_envs: int) -> None:
    """Raise unless every minibatch has at least one row, or one whole robot where there is a memory."""
    rows = num_envs * cfg.rollout_length
    units, what = rows, f"{rows} rows ({num_envs} envs x {cfg.rollout_length} steps)"
    if cfg.memory:
        units, what = num_envs, f"{num_envs} envs, which a memory keeps whole"
    nearest = min(max(cfg.minibatches, 1), units)
    if cfg.minibatches != nearest:
        raise UserError(
            f"ppo.minibatches of {cfg.minibatches} cannot be made of {what}. "
            f"The nearest number that can is {nearest}."
        )


def check_rates(cfg: Ppo) -> None:
    """Raise unless a learning rate that adapts has room to, and begins there."""
    low, rate, high = cfg.min_learning_rate, cfg.learning_rate, cfg.max_learning_rate
    if cfg.desired_kl is not None and not low <= rate <= high:
        raise UserError(
            f"ppo.learning_rate of {rate:g} is not from ppo.min_learning_rate of {low:g} to "
            f"ppo.max_learning_rate of {high:g}, between which it adapts; ppo.desired_kl=null keeps it fixed."
        )


@partial(jax.jit, static_argnums=1)
def split(key: Key[Array, ""], num: int) -> tuple[Key[Array, ""], ...]:
    """`jax.random.split` as a tuple."""
    return tuple(jax.random.split(key, num))


def report(episodes: Episodes, steps: Transition, axis: Axis = None) -> Metrics:
    """What happened to the robots, as scalars."""
    shares = {"reward": jnp.mean(steps.reward)} | {n: jnp.mean(x) for n, x in steps.tally.metrics.items()}
    return {
        "episode/return": episodes.mean_return,
        "episode/length": episodes.mean_length,
        "episode/early_share": episodes.early_share,
        **{f"step/{name}": x for name, x in mean_over(axis, shares).items()},
    }


def make_init(
    cfg: Ppo, env: Env, networks: Networks, axis: Axis = None
) -> Callable[[Key[Array, ""]], TrainState]:
    """`init(key)`: new networks, all robots at the start of an episode."""

    @jax.jit
    def begin(key: Key[Array, ""]) -> tuple[PolicyState, OptState, Memory, Episodes]:
        params = networks.init(key)
        normalizer = {name: start_stats(n) for name, n in env.obs_sizes.items() if cfg.normalize_obs}
        episodes = start_episodes(env.num_envs, env.spread)
        memory = networks.start(env.num_envs)
        return PolicyState(params, normalizer), start_optimizer(cfg, params), memory, episodes

    @jax.jit
    def apart(obs: Obs) -> Obs:
        # Groups may share one array, and a buffer can be donated to `iterate` only once.
        return jax.tree.map(jnp.copy, obs)

    def init(key: Key[Array, ""]) -> TrainState:
        key, k_env, k_networks = split(key, 3)
        # The env's state goes around compiled code: a live simulator's is not a JAX value.
        state, obs = env.reset(shard_key(axis, k_env))
        policy, opt, memory, episodes = begin(k_networks)
        return TrainState(policy, opt, state, apart(obs), memory, key, jnp.zeros((), jnp.int32), episodes)

    return init


def placed(axis: str) -> TrainState:
    """Where a training state's parts lie under `shard_map`, as its specifications of what goes in and out."""
    own: Any = jax.P(axis)
    same: Any = jax.P()
    episodes = Episodes(own, own, own, same, same, same)
    return TrainState(same, same, own, own, own, same, same, episodes)


def make_learner(cfg: Ppo, env: Env, dt: float, axis: Axis = None) -> Learner:
    """PPO as `cfg` says, on `env`, whose control step lasts `dt` seconds.

    With `axis` both functions run under `jax.shard_map(..., check_vma=False)` over a mesh axis of that name
    (all means are explicit here), and `env` is a shard's. `placed` says what is the same on all shards.
    """
    check_batch(cfg, env.num_envs)
    check_rates(cfg)
    discount = per_step("discount_horizon_s", cfg.discount_horizon_s, dt, cfg.discount)
    gae_lambda = per_step("gae_horizon_s", cfg.gae_horizon_s, dt, cfg.gae_lambda)
    networks = make_networks(cfg, env.obs_sizes, env.action_size)
    collect = make_collect(env, networks, cfg.rollout_length)
    update = make_update(cfg, networks, discount, gae_lambda, axis)

    @jax.jit
    def learn(
        policy: PolicyState, opt: OptState, episodes: Episodes, rollout: Rollout, key: Key[Array, ""]
    ) -> tuple[PolicyState, OptState, Episodes, Metrics]:
        policy, opt, numbers = update(policy, opt, rollout, key)
        episodes = summarize(episodes, rollout.steps.tally, axis)
        return policy, opt, episodes, report(episodes, rollout.steps, axis) | numbers

    def iterate(ts: TrainState) -> tuple[TrainState, Metrics]:
        key, k_collect, k_learn = split(ts.key, 3)
        k_collect, k_learn = shard_key(axis, k_collect), shard_key(axis, k_learn)
        env_state, episodes, rollout = collect(ts.policy, ts.env, ts.obs, ts.memory, ts.episodes, k_collect)
        policy, opt, episodes, metrics = learn(ts.policy, ts.opt, episodes, rollout, k_learn)
        seen = (rollout.last_obs, rollout.last_memory)
        return TrainState(policy, opt, env_state, *seen, key, ts.iteration + 1, episodes), metrics

    return Learner(make_init(cfg, env, networks, axis), iterate)
