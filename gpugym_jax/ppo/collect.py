"""Acting: a rollout under the env's own scan.

Between two control steps only compiled functions run, so that Python may drive a live simulator here;
traced, they dissolve into the program around them.
"""

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, Key

from gpugym_jax.ppo.networks import Networks
from gpugym_jax.ppo.normalizer import normalize
from gpugym_jax.ppo.state import Episodes, PolicyState, Tally, Transition
from gpugym_jax.types import Env, EnvState, Obs, StepResult

Collected = tuple[EnvState, Obs, Episodes, Transition]


def start_episodes(num_envs: int, spread: bool = False) -> Episodes:
    """No episode has ended yet, and all numbers say 0. With `spread` those under way began before the run."""
    return Episodes(
        whole=jnp.full(num_envs, not spread),
        running_return=jnp.zeros(num_envs, jnp.float32),
        running_length=jnp.zeros(num_envs, jnp.float32),
        mean_return=jnp.zeros((), jnp.float32),
        mean_length=jnp.zeros((), jnp.float32),
        early_share=jnp.zeros((), jnp.float32),
    )


def count(episodes: Episodes, out: StepResult) -> tuple[Episodes, Tally]:
    """Add a control step to the episodes under way, and take the ended ones off."""
    known = episodes.whole
    returns, lengths = episodes.running_return + out.reward, episodes.running_length + 1
    ended = out.terminated | out.timed_out
    tally = Tally(
        ended=jnp.sum(ended & known, dtype=jnp.float32),
        early=jnp.sum(out.terminated & known, dtype=jnp.float32),
        returns=jnp.sum(jnp.where(ended & known, returns, 0.0)),
        lengths=jnp.sum(jnp.where(ended & known, lengths, 0.0)),
        metrics=jax.tree.map(lambda x: jnp.mean(x, dtype=jnp.float32), out.metrics),
    )
    running = episodes.replace(
        whole=known | ended,
        running_return=jnp.where(ended, 0.0, returns),
        running_length=jnp.where(ended, 0.0, lengths),
    )
    return running, tally


def summarize(episodes: Episodes, tally: Tally) -> Episodes:
    """With the means of the episodes that ended in a rollout; where none did, the last ones stay."""
    ended, early, returns, lengths = (
        jnp.sum(x) for x in (tally.ended, tally.early, tally.returns, tally.lengths)
    )

    def mean(total: Array, before: Float[Array, ""]) -> Float[Array, ""]:
        return jnp.where(ended > 0, total / jnp.maximum(ended, 1.0), before)

    return episodes.replace(
        mean_return=mean(returns, episodes.mean_return),
        mean_length=mean(lengths, episodes.mean_length),
        early_share=mean(early, episodes.early_share),
    )


def make_collect(env: Env, networks: Networks, length: int) -> Callable[..., Collected]:
    """`collect(policy, env_state, obs, episodes, key)`: `length` control steps of every robot.

    Of the observations before a reset only their value is kept, worked out where they arise: storing
    them would double the rollout. The values of all others come later, in one pass over the rollout.
    """

    @jax.jit
    def decide(policy: PolicyState, obs: Obs, key: Key[Array, ""]) -> tuple[Array, Array, Key[Array, ""]]:
        key, k_action = jax.random.split(key)
        mean, std = networks.policy(policy.params, normalize(policy.normalizer, obs))
        return mean + std * jax.random.normal(k_action, mean.shape), mean, key

    @jax.jit
    def value_of(policy: PolicyState, obs: Obs) -> Float[Array, " env"]:
        return networks.value(policy.params, normalize(policy.normalizer, obs))

    counted = jax.jit(count)

    def collect(
        policy: PolicyState, state: EnvState, obs: Obs, episodes: Episodes, key: Key[Array, ""]
    ) -> Collected:
        def one(carry: tuple[Any, ...], _: None) -> tuple[tuple[Any, ...], Transition]:
            state, obs, episodes, key = carry
            action, mean, key = decide(policy, obs, key)
            state, out = env.step(state, action)
            final_value = value_of(policy, out.final_obs)
            episodes, tally = counted(episodes, out)
            ends = (out.terminated, out.timed_out)
            step = Transition(obs, action, mean, out.reward, *ends, final_value, tally)
            return (state, out.obs, episodes, key), step

        (state, obs, episodes, _), rollout = env.scan(one, (state, obs, episodes, key), None, length)
        return state, obs, episodes, rollout

    return collect
