"""Networks and the observation normaliser."""

from dataclasses import replace

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from gpugym_jax.config import Ppo
from gpugym_jax.ppo.networks import MIN_STD, actor_layers, actor_normalizer, make_networks
from gpugym_jax.ppo.normalizer import EPSILON, merge, merge_all, normalize, spread, start_stats
from gpugym_jax.ppo.state import PolicyState
from gpugym_jax.tables import UserError

CFG = Ppo(actor=(8, 6), critic=(5,), activation="elu", init_std=0.7)
SIZES = {"actor": 4, "critic": 3}
NETWORKS = make_networks(CFG, SIZES, 2)


def test_shapes() -> None:
    params = jax.jit(NETWORKS.init)(jax.random.key(0))
    obs = {"actor": jnp.ones((10, 7, 4)), "critic": jnp.ones((10, 7, 3))}
    mean, std = NETWORKS.policy(params, obs)
    assert mean.shape == (10, 7, 2)
    assert NETWORKS.value(params, obs).shape == (10, 7)
    np.testing.assert_array_equal(std, np.full(2, 0.7, np.float32))
    assert {x.dtype for x in jax.tree.leaves(params)} == {jnp.dtype(jnp.float32)}


def test_actor_and_critic_see_their_own_group() -> None:
    params = NETWORKS.init(jax.random.key(0))
    assert NETWORKS.policy(params, {"actor": jnp.ones(4)})[0].shape == (2,)
    assert NETWORKS.value(params, {"critic": jnp.ones(3)}).shape == ()


def test_a_new_actor_hardly_acts() -> None:
    obs = {"actor": jax.random.normal(jax.random.key(1), (100, 4))}
    mean, _ = NETWORKS.policy(NETWORKS.init(jax.random.key(0)), obs)
    assert 0.001 < float(jnp.sqrt(jnp.mean(jnp.square(mean)))) < 0.1


def test_layers_in_numpy_equal_the_actor() -> None:
    obs = np.random.default_rng(0).normal(size=(5, 4)).astype(np.float32)
    params = NETWORKS.init(jax.random.key(2))
    layers = actor_layers(PolicyState(params, {}))
    assert [(k.shape, b.shape) for k, b in layers] == [((4, 8), (8,)), ((8, 6), (6,)), ((6, 2), (2,))]
    x = obs
    for kernel, bias in layers[:-1]:
        x = x @ kernel + bias
        x = np.where(x > 0, x, np.expm1(x))
    kernel, bias = layers[-1]
    mean, _ = NETWORKS.policy(params, {"actor": jnp.asarray(obs)})
    np.testing.assert_allclose(x @ kernel + bias, mean, rtol=1e-4, atol=1e-6)


def test_ten_layers_keep_their_order() -> None:
    widths = tuple(range(3, 15))
    deep = make_networks(replace(CFG, actor=widths), SIZES, 2)
    layers = actor_layers(PolicyState(jax.jit(deep.init)(jax.random.key(0)), {}))
    assert [k.shape[1] for k, _ in layers] == [*widths, 2]


def test_the_std_has_a_floor_with_a_live_gradient() -> None:
    params = NETWORKS.init(jax.random.key(0)).replace(std=jnp.asarray([-1.0, 0.5]))
    projected = NETWORKS.project(params)
    np.testing.assert_allclose(projected.std, [MIN_STD, 0.5])
    slope = jax.grad(lambda p: jnp.sum(NETWORKS.policy(p, {"actor": jnp.ones(4)})[1]))(projected).std
    np.testing.assert_array_equal(slope, [1.0, 1.0])


def test_wrong_activation() -> None:
    with pytest.raises(UserError, match=r"no activation named 'rellu'\. Did you mean 'relu'\?"):
        make_networks(replace(CFG, activation="rellu"), SIZES, 2)


def test_normalizer_equals_numpy_over_all_batches() -> None:
    rng = np.random.default_rng(0)
    # Far from zero, so that a sum of squares in float32 would lose the variance.
    batches = [(1000.0 + rng.normal(size=(6, 50, 3)) * [0.1, 1.0, 10.0]).astype(np.float32) for _ in range(9)]
    stats = start_stats(3)
    for batch in batches:
        stats = jax.jit(merge)(stats, batch)
    every = np.concatenate(batches).reshape(-1, 3).astype(np.float64)
    assert float(stats.count) == every.shape[0]
    np.testing.assert_allclose(stats.mean, every.mean(0), rtol=1e-6)
    np.testing.assert_allclose(stats.var, every.var(0), rtol=5e-3)
    x = jax.jit(normalize)({"actor": stats}, {"actor": jnp.asarray(batches[0])})["actor"]
    np.testing.assert_allclose(
        x, (batches[0] - every.mean(0)) / (every.std(0) + EPSILON), rtol=5e-3, atol=5e-3
    )


def test_no_statistics_is_the_identity() -> None:
    obs = {"actor": jnp.ones((2, 4)), "critic": jnp.zeros((2, 3))}
    same = normalize({}, obs)
    assert all(same[name] is obs[name] for name in obs)
    assert merge_all({}, obs) == {}


def test_an_input_that_never_changes_stays_small() -> None:
    stats = merge(start_stats(1), jnp.full((100, 1), 5.0))
    assert float(jnp.abs(normalize({"actor": stats}, {"actor": jnp.asarray([[5.001]])})["actor"])[0, 0]) < 0.2


def test_actor_normalizer() -> None:
    params = NETWORKS.init(jax.random.key(0))
    mean, divisor = actor_normalizer(PolicyState(params, {}))
    np.testing.assert_array_equal(mean, np.zeros(4))
    np.testing.assert_array_equal(divisor, np.ones(4))
    stats = merge(start_stats(4), jax.random.normal(jax.random.key(1), (50, 4)) * 3 + 1)
    mean, divisor = actor_normalizer(PolicyState(params, {"actor": stats, "critic": start_stats(3)}))
    np.testing.assert_array_equal(mean, stats.mean)
    np.testing.assert_array_equal(divisor, spread(stats))
