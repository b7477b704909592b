"""Running mean and variance of observations. An empty dictionary of them is the identity, free of cost."""

from collections.abc import Mapping

import jax.numpy as jnp
from jaxtyping import Array, Float

from gpugym_jax.ppo.shards import Axis, mean_over, shard_count
from gpugym_jax.ppo.state import RunningStats
from gpugym_jax.types import Obs

EPSILON = 1e-2
"""Added to the standard deviation, so that an input that never changes stays small (value as in rsl_rl)."""


def start_stats(size: int) -> RunningStats:
    """Before anything is seen: mean 0, variance 1, so that `normalize` is nearly the identity."""
    return RunningStats(
        count=jnp.zeros((), jnp.float32),
        mean=jnp.zeros(size, jnp.float32),
        var=jnp.ones(size, jnp.float32),
    )


def divisor(stats: RunningStats) -> Float[Array, " size"]:
    """What a centred observation is divided by."""
    return jnp.sqrt(stats.var) + EPSILON


def normalize(normalizer: Mapping[str, RunningStats], obs: Obs) -> Obs:
    """Observations with zero mean and unit spread, in the groups that have statistics."""
    return {
        name: (x - normalizer[name].mean) / divisor(normalizer[name]) if name in normalizer else x
        for name, x in obs.items()
    }


def merge(stats: RunningStats, x: Float[Array, "*batch size"], axis: Axis = None) -> RunningStats:
    """Statistics that include a batch, of all shards.

    The pairwise merge of Chan, Golub and LeVeque 1979 in means instead of sums: no sum grows, and no
    two large ones are subtracted, so float32 suffices. A float32 count is exact to one part in 2^24.
    """
    flat = x.reshape(-1, x.shape[-1])
    seen = flat.shape[0] * shard_count(axis)
    count = stats.count + seen
    weight = seen / count
    mean = mean_over(axis, jnp.mean(flat, 0))
    var = mean_over(axis, jnp.mean(jnp.square(flat - mean), 0))
    delta = mean - stats.mean
    return RunningStats(
        count=count,
        mean=stats.mean + weight * delta,
        var=(1 - weight) * stats.var + weight * var + weight * (1 - weight) * jnp.square(delta),
    )


def merge_all(normalizer: Mapping[str, RunningStats], obs: Obs, axis: Axis = None) -> dict[str, RunningStats]:
    """Every group's statistics with its observations included."""
    return {name: merge(stats, obs[name], axis) for name, stats in normalizer.items()}
