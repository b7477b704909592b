"""Acting: a rollout under the env's own scan.

Between two control steps only compiled functions run, so that Python may drive a live simulator here;
traced, they dissolve into the program around them.
"""

from typing import Any, Protocol, runtime_checkable

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, Key

from gpugym_jax.ppo.memories import cleared
from gpugym_jax.ppo.networks import Networks
from gpugym_jax.ppo.normalizer import normalize
from gpugym_jax.ppo.shards import Axis, mean_over
from gpugym_jax.ppo.state import Episodes, Memory, PolicyState, Rollout, Tally, Transition
from gpugym_jax.types import Env, EnvState, Obs, StepResult

Collected = tuple[EnvState, Episodes, Rollout]


@runtime_checkable
class Collect(Protocol):
    """Control steps of every robot: the simulator and the episodes after them, and what was seen."""

    def __call__(
        self,
        policy: PolicyState,
        state: EnvState,
        obs: Obs,
        memory: Memory,
        episodes: Episodes,
        key: Key[Array, ""],
    ) -> Collected:
        """From a state, what is seen of it and what is remembered."""
        ...


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


def summarize(episodes: Episodes, tally: Tally, axis: Axis = None) -> Episodes:
    """With the means of the episodes that ended in a rollout; where none did, the last ones stay."""
    sums = [jnp.sum(x) for x in (tally.ended, tally.early, tally.returns, tally.lengths)]
    ended, early, returns, lengths = mean_over(axis, sums)

    def mean(total: Array, before: Float[Array, ""]) -> Float[Array, ""]:
        return jnp.where(ended > 0, total / jnp.where(ended > 0, ended, 1.0), before)

    return episodes.replace(
        mean_return=mean(returns, episodes.mean_return),
        mean_length=mean(lengths, episodes.mean_length),
        early_share=mean(early, episodes.early_share),
    )


def make_collect(env: Env, networks: Networks, length: int) -> Collect:
    """A rollout of `length` control steps.

    Of the observations before a reset only their value is kept, worked out where they arise: storing
    them would double the rollout. The values of all others come later, in one pass over the rollout.
    """

    @jax.jit
    def decide(
        policy: PolicyState, memory: Memory, obs: Obs, key: Key[Array, ""]
    ) -> tuple[Array, Array, Memory, Key[Array, ""]]:
        key, k_action = jax.random.split(key)
        memory, mean, std, _ = networks.step(policy.params, memory, normalize(policy.normalizer, obs))
        return mean + std * jax.random.normal(k_action, mean.shape), mean, memory, key

    @jax.jit
    def settle(
        policy: PolicyState, memory: Memory, episodes: Episodes, out: StepResult
    ) -> tuple[Array, Memory, Episodes, Tally]:
        # The memory that the last observation of an episode would leave is thrown away.
        *_, value = networks.step(policy.params, memory, normalize(policy.normalizer, out.final_obs))
        memory = cleared(memory, networks.start(env.num_envs), out.terminated | out.timed_out)
        return value, memory, *count(episodes, out)

    def collect(
        policy: PolicyState,
        state: EnvState,
        obs: Obs,
        memory: Memory,
        episodes: Episodes,
        key: Key[Array, ""],
    ) -> Collected:
        def one(carry: tuple[Any, ...], _: None) -> tuple[tuple[Any, ...], Transition]:
            state, obs, memory, episodes, key = carry
            action, mean, memory, key = decide(policy, memory, obs, key)
            state, out = env.step(state, action)
            final_value, memory, episodes, tally = settle(policy, memory, episodes, out)
            ends = (out.terminated, out.timed_out)
            step = Transition(obs, action, mean, out.reward, *ends, final_value, tally)
            return (state, out.obs, memory, episodes, key), step

        first = (state, obs, memory, episodes, key)
        (state, obs, last, episodes, _), steps = env.scan(one, first, None, length)
        return state, episodes, Rollout(memory, steps, last, obs)

    return collect
