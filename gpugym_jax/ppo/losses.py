"""The numbers that PPO descends, each a formula.

PPO: Schulman et al. 2017, arXiv:1707.06347. GAE: Schulman et al. 2015, arXiv:1506.02438.
"""

import jax
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float

from gpugym_jax.ppo.shards import Axis, mean_over

TimeEnv = Float[Array, " time *env"]
Actions = Float[Array, "*batch act"]
Rows = Float[Array, "*batch"]

MAX_LOG_RATIO = 20.0
"""Of new to old probability: exp(20) is far outside any clip range, and its square still fits a float32."""


def bootstrap_values(
    value: TimeEnv, last_value: Float[Array, "*env"], final_value: TimeEnv, ended: Bool[Array, " time *env"]
) -> TimeEnv:
    """The value that follows each step.

    Where the episode goes on it is the next step's own, which also knows of a push or a new command drawn
    in between; where it ended, that of the observation before the reset.
    """
    following = jnp.concatenate([value[1:], last_value[None]])
    return jnp.where(ended, final_value, following)


def advantages(
    reward: TimeEnv,
    value: TimeEnv,
    next_value: TimeEnv,
    terminated: Bool[Array, " time *env"],
    timed_out: Bool[Array, " time *env"],
    discount: float,
    gae_lambda: float,
) -> TimeEnv:
    """Generalised advantage estimates: PPO eq. 11 and 12, GAE eq. 16.

    After a termination no value follows; after a time-out `next_value` does. Either cuts the sum.
    """
    # `where` and not a product: the value of a state that is not finite would make 0 * NaN.
    following = jnp.where(terminated, 0.0, next_value)
    delta = reward + discount * following - value
    decay = discount * gae_lambda * ~(terminated | timed_out)

    def backward(advantage: Array, x: tuple[Array, Array]) -> tuple[Array, Array]:
        delta, decay = x
        advantage = delta + decay * advantage
        return advantage, advantage

    return jax.lax.scan(backward, jnp.zeros_like(value[0]), (delta, decay), reverse=True)[1]


def normalized(x: Rows, axis: Axis = None) -> Rows:
    """With zero mean and unit standard deviation over all of them, on all shards."""
    centred = x - mean_over(axis, jnp.mean(x))
    return centred / (jnp.sqrt(mean_over(axis, jnp.mean(jnp.square(centred)))) + 1e-8)


def log_prob(mean: Actions, std: Float[Array, " act"], action: Actions) -> Rows:
    """Log density of a diagonal Gaussian."""
    z = (action - mean) / std
    return -0.5 * jnp.sum(jnp.square(z), -1) - jnp.sum(jnp.log(std) + 0.5 * jnp.log(2 * jnp.pi), -1)


def entropy(std: Float[Array, " act"]) -> Float[Array, ""]:
    """Of a diagonal Gaussian, nats."""
    return jnp.sum(jnp.log(std) + 0.5 * jnp.log(2 * jnp.pi * jnp.e))


def kl_divergence(
    old_mean: Actions, old_std: Float[Array, " act"], mean: Actions, std: Float[Array, " act"]
) -> Rows:
    """KL(old || new) of diagonal Gaussians, nats.

    rsl_rl adds 1e-5 inside the logarithm; the floor of std makes that needless.
    """
    square = jnp.square(old_std) + jnp.square(old_mean - mean)
    return jnp.sum(jnp.log(std / old_std) + square / (2 * jnp.square(std)) - 0.5, -1)


def surrogate_loss(
    log_prob: Rows,
    old_log_prob: Rows,
    advantage: Rows,
    clip: float,
) -> Float[Array, ""]:
    """The clipped surrogate, PPO eq. 7, as a cost.

    For a bad action eq. 7 has no upper bound; a policy with a small std would overflow, hence this one.
    """
    ratio = jnp.exp(jnp.clip(log_prob - old_log_prob, -MAX_LOG_RATIO, MAX_LOG_RATIO))
    clipped = jnp.clip(ratio, 1 - clip, 1 + clip)
    return -jnp.mean(jnp.minimum(ratio * advantage, clipped * advantage))


def value_loss(
    value: Rows,
    old_value: Rows,
    returns: Rows,
    clip: float | None,
) -> Float[Array, ""]:
    """Mean squared error, PPO eq. 9's L^VF; with `clip`, a step of more than that gains nothing.

    The clipped form is that of OpenAI baselines' `ppo2`, without its factor of one half, as in rsl_rl.
    """
    error = jnp.square(value - returns)
    if clip is None:
        return jnp.mean(error)
    near = old_value + jnp.clip(value - old_value, -clip, clip)
    return jnp.mean(jnp.maximum(error, jnp.square(near - returns)))
