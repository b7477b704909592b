"""The learner finds the values and actions of environments where they are known."""

from dataclasses import replace
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from gpugym_jax.config import Ppo
from gpugym_jax.loops import live_scan
from gpugym_jax.ppo.learn import make_learner
from gpugym_jax.ppo.networks import make_networks
from gpugym_jax.ppo.normalizer import normalize
from gpugym_jax.ppo.state import TrainState
from gpugym_jax.types import Env
from tests.ppo import probes
from tests.ppo.probes import PROBE


def train_with_numbers(
    env: Env, iterations: int, cfg: Ppo = PROBE
) -> tuple[TrainState, dict[str, jax.Array]]:
    learner = make_learner(cfg, env, dt=0.02)
    iterate = jax.jit(learner.iterate, donate_argnums=0)
    ts = jax.jit(learner.init)(jax.random.key(0))
    for _ in range(iterations):
        ts, metrics = iterate(ts)
    return ts, metrics


def train(env: Env, iterations: int, cfg: Ppo = PROBE) -> TrainState:
    return train_with_numbers(env, iterations, cfg)[0]


def meet(env: Env, ts: TrainState, x: jax.Array, cfg: Ppo) -> tuple[Any, jax.Array, jax.Array, jax.Array]:
    """Memory, mean action, its deviation and value of robots that begin an episode at `x`."""
    networks = make_networks(cfg, env.obs_sizes, 1)
    obs = {"actor": x[:, None], "critic": jnp.stack([x, jnp.ones_like(x)], -1)}
    return networks.step(ts.policy.params, networks.start(len(x)), normalize(ts.policy.normalizer, obs))


def values(env: Env, ts: TrainState, xs: list[float], cfg: Ppo = PROBE) -> np.ndarray:
    x = jnp.asarray(xs)
    return np.asarray(meet(env, ts, x, cfg)[3])


def actions(env: Env, ts: TrainState, xs: list[float], cfg: Ppo = PROBE) -> np.ndarray:
    return np.asarray(meet(env, ts, jnp.asarray(xs), cfg)[1][:, 0])


def test_constant_reward() -> None:
    env = probes.constant_reward()
    np.testing.assert_allclose(values(env, train(env, 60), [0.0]), [1.0], atol=0.1)


def test_observed_value() -> None:
    env = probes.observed_value()
    np.testing.assert_allclose(values(env, train(env, 60), [-1.0, 1.0]), [-1.0, 1.0], atol=0.1)


def test_discount() -> None:
    env = probes.late_reward()
    ts, metrics = train_with_numbers(env, 60)
    np.testing.assert_allclose(values(env, ts, [0.0, 1.0]), [0.5, 1.0], atol=0.1)
    # Every episode is two steps long, earns 1 and is terminated.
    assert [float(metrics[f"episode/{x}"]) for x in ("return", "length", "early_share")] == [1.0, 2.0, 1.0]
    assert float(metrics["step/reward"]) == 0.5


def test_best_action() -> None:
    env = probes.best_action()
    np.testing.assert_allclose(actions(env, train(env, 60), [0.0]), [0.5], atol=0.1)


@pytest.mark.parametrize("normalize_obs", [False, True])
def test_observed_action(normalize_obs: bool) -> None:
    env, cfg = probes.observed_action(), replace(PROBE, normalize_obs=normalize_obs)
    ts = train(env, 80, cfg)
    np.testing.assert_allclose(actions(env, ts, [-1.0, 1.0], cfg), [-0.5, 0.5], atol=0.1)
    # With the best mean, the reward of an action drawn around it is on average minus its variance.
    variance = float(ts.policy.params.std[0]) ** 2
    np.testing.assert_allclose(values(env, ts, [-1.0, 1.0], cfg), [-variance] * 2, atol=0.1)


def test_value_goes_on_after_a_time_out() -> None:
    # As if it never ended: V(0) = V(1) / 2, V(1) = 1 + V(0) / 2, so V(1) = 4/3, V(0) = 2/3.
    # Were the reset's observation taken for the final one: V(0) = (V(0) + V(1)) / 4, so V(1) = 1.2.
    env = probes.coin_ends(by_time=True)
    np.testing.assert_allclose(values(env, train(env, 60), [0.0, 1.0]), [2 / 3, 4 / 3], atol=0.02)


def test_no_value_after_a_termination() -> None:
    # Half of the steps are the last: V(0) = V(1) / 4, V(1) = 1 + V(0) / 4, so V(1) = 16/15, V(0) = 4/15.
    env = probes.coin_ends(by_time=False)
    np.testing.assert_allclose(values(env, train(env, 60), [0.0, 1.0]), [4 / 15, 16 / 15], atol=0.1)


def test_live_scan_equals_lax_scan() -> None:
    traced = make_learner(PROBE, probes.coin_ends(by_time=True), dt=0.02)
    live = make_learner(PROBE, probes.coin_ends(by_time=True, scan=live_scan), dt=0.02)
    iterate = jax.jit(traced.iterate)
    a, b = jax.jit(traced.init)(jax.random.key(3)), live.init(jax.random.key(3))
    for _ in range(3):
        (a, a_metrics), (b, b_metrics) = iterate(a), live.iterate(b)
    for x, y in zip(jax.tree.leaves((a, a_metrics)), jax.tree.leaves((b, b_metrics)), strict=True):
        if jnp.issubdtype(x.dtype, jax.dtypes.prng_key):
            x, y = jax.random.key_data(x), jax.random.key_data(y)
        np.testing.assert_array_equal(x, y)
