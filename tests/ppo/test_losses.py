"""Every formula against numbers worked by hand."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from gpugym_jax.ppo import losses

REWARD = [1.0, 2.0, 3.0]
VALUE = [0.5, 1.0, 1.5]
NEXT = [1.0, 1.5, 4.0]
NO = [False, False, False]


def estimate(terminated: list[bool], timed_out: list[bool], next_value: list[float] = NEXT) -> np.ndarray:
    column = (jnp.asarray(x)[:, None] for x in (REWARD, VALUE, next_value, terminated, timed_out))
    return np.asarray(losses.advantages(*column, 0.5, 0.8)[:, 0])


def test_advantages_without_an_end() -> None:
    # delta = [1 + 0.5 * 1 - 0.5, 2 + 0.5 * 1.5 - 1, 3 + 0.5 * 4 - 1.5] = [1, 1.75, 3.5].
    # Each later one counts 0.5 * 0.8 = 0.4 of the one before.
    # A2 = 3.5, A1 = 1.75 + 0.4 * 3.5 = 3.15, A0 = 1 + 0.4 * 3.15 = 2.26.
    np.testing.assert_allclose(estimate(NO, NO), [2.26, 3.15, 3.5], rtol=1e-6)


def test_advantages_after_a_termination() -> None:
    # Step 1 is the last: delta1 = 2 - 1 = 1 and nothing of step 2 counts. A0 = 1 + 0.4 * 1 = 1.4.
    np.testing.assert_allclose(estimate([False, True, False], NO), [1.4, 1.0, 3.5], rtol=1e-6)


def test_advantages_after_a_time_out() -> None:
    # Step 1 is the last, but its next value counts: delta1 = 2 + 0.5 * 1.5 - 1 = 1.75, A0 = 1 + 0.4 * 1.75.
    np.testing.assert_allclose(estimate(NO, [False, True, False]), [1.7, 1.75, 3.5], rtol=1e-6)


def test_a_termination_outweighs_a_time_out() -> None:
    both = [False, True, False]
    np.testing.assert_array_equal(estimate(both, both), estimate(both, NO))


def test_a_broken_final_state_spoils_nothing() -> None:
    broken = [1.0, float("nan"), 4.0]
    ends = [False, True, False]
    np.testing.assert_array_equal(estimate(ends, NO, broken), estimate(ends, NO))


def plain_advantages(
    reward: np.ndarray,
    value: np.ndarray,
    following: np.ndarray,
    terminated: np.ndarray,
    timed_out: np.ndarray,
    discount: float,
    gae_lambda: float,
) -> np.ndarray:
    out = np.zeros_like(reward)
    for env in range(reward.shape[1]):
        later = 0.0
        for t in reversed(range(reward.shape[0])):
            bootstrap = 0.0 if terminated[t, env] else discount * following[t, env]
            if terminated[t, env] or timed_out[t, env]:
                later = 0.0
            later = reward[t, env] + bootstrap - value[t, env] + discount * gae_lambda * later
            out[t, env] = later
    return out


def test_advantages_equal_a_plain_loop() -> None:
    rng = np.random.default_rng(0)
    numbers = [rng.normal(size=(24, 7)).astype(np.float32) for _ in range(3)]
    ends = [rng.random((24, 7)) < 0.1 for _ in range(2)]
    ours = losses.advantages(*map(jnp.asarray, numbers + ends), 0.99, 0.95)
    np.testing.assert_allclose(ours, plain_advantages(*numbers, *ends, 0.99, 0.95), rtol=1e-4, atol=1e-5)


def test_bootstrap_values() -> None:
    # The next step's value, the last from after the rollout; at the end of an episode the final one.
    value, final = jnp.asarray([[1.0], [2.0], [3.0]]), jnp.asarray([[10.0], [20.0], [30.0]])
    ended = jnp.asarray([[False], [True], [False]])
    following = losses.bootstrap_values(value, jnp.asarray([4.0]), final, ended)
    np.testing.assert_array_equal(following[:, 0], [2.0, 20.0, 4.0])


def test_normalized() -> None:
    # Mean 2, standard deviation of the population sqrt(8 / 3).
    np.testing.assert_allclose(
        losses.normalized(jnp.asarray([0.0, 2.0, 4.0])), [-1.2247449, 0, 1.2247449], rtol=1e-6
    )


def test_log_prob() -> None:
    # z = [1, -2]: -(1 + 4) / 2 - ln 1 - ln 2 - 2 * ln(2 pi) / 2 = -2.5 - 0.693147 - 1.837877.
    mean, std, action = jnp.asarray([0.0, 4.0]), jnp.asarray([1.0, 2.0]), jnp.asarray([1.0, 0.0])
    np.testing.assert_allclose(losses.log_prob(mean, std, action), -5.031024, rtol=1e-6)


def test_entropy() -> None:
    # Of a unit Gaussian ln(2 pi e) / 2 = 1.418939; a std of 2 adds ln 2.
    np.testing.assert_allclose(losses.entropy(jnp.asarray([1.0, 2.0])), 2 * 1.418939 + 0.693147, rtol=1e-6)


def test_kl_divergence() -> None:
    # ln(2 / 1) + (1^2 + (0 - 3)^2) / (2 * 2^2) - 1/2 = 0.693147 + 1.25 - 0.5; of equal ones 0.
    old_mean, old_std = jnp.asarray([0.0, 5.0]), jnp.asarray([1.0, 0.1])
    mean, std = jnp.asarray([3.0, 5.0]), jnp.asarray([2.0, 0.1])
    np.testing.assert_allclose(losses.kl_divergence(old_mean, old_std, mean, std), 1.443147, rtol=1e-6)
    assert float(losses.kl_divergence(mean, std, mean, std)) == 0.0


def test_kl_divergence_is_the_mean_log_ratio() -> None:
    means = jnp.full((100_000, 1), 0.3), jnp.full((100_000, 1), -0.2)
    old, new = (means[0], jnp.asarray([0.7])), (means[1], jnp.asarray([1.1]))
    drawn = old[0] + old[1] * jax.random.normal(jax.random.key(0), (100_000, 1))
    sampled = jnp.mean(losses.log_prob(*old, drawn) - losses.log_prob(*new, drawn))
    np.testing.assert_allclose(losses.kl_divergence(*old, *new)[0], sampled, atol=0.01)


@pytest.mark.parametrize(
    ("ratio", "advantage", "loss"),
    [
        (1.1, 2.0, -2.2),  # inside the range
        (1.5, 2.0, -2.4),  # a good action gains nothing beyond 1.2
        (0.5, 2.0, -1.0),  # and loses in full
        (0.5, -2.0, 1.6),  # a bad action gains nothing below 0.8
        (1.5, -2.0, 3.0),  # and costs in full
    ],
)
def test_surrogate_loss(ratio: float, advantage: float, loss: float) -> None:
    old = jnp.asarray([-1.0])
    ours = losses.surrogate_loss(old + jnp.log(ratio), old, jnp.asarray([advantage]), 0.2)
    np.testing.assert_allclose(ours, loss, rtol=1e-6)


def test_surrogate_loss_stays_finite() -> None:
    def loss(log_prob: jax.Array) -> jax.Array:
        return losses.surrogate_loss(log_prob, jnp.zeros(1), jnp.asarray([-1.0]), 0.2)

    value, slope = jax.value_and_grad(loss)(jnp.asarray([1e4]))
    assert jnp.isfinite(value)
    assert jnp.isfinite(slope).all()


def test_value_loss() -> None:
    value, old, returns = jnp.asarray([1.0, 1.0]), jnp.asarray([0.5, 1.0]), jnp.asarray([2.0, 0.0])
    # Plain: ((1 - 2)^2 + (1 - 0)^2) / 2 = 1.
    np.testing.assert_allclose(losses.value_loss(value, old, returns, None), 1.0, rtol=1e-6)
    # Clipped to 0.2: the first counts as 0.5 + 0.2 = 0.7, (0.7 - 2)^2 = 1.69 > 1; the second did not move.
    np.testing.assert_allclose(losses.value_loss(value, old, returns, 0.2), (1.69 + 1.0) / 2, rtol=1e-6)
