"""Networks and the observation normaliser."""

from dataclasses import replace

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from gpugym_jax.config import Ppo
from gpugym_jax.ppo.memories import cleared, make_cell
from gpugym_jax.ppo.networks import MIN_STD, Networks, actor_layers, actor_normalizer, make_networks
from gpugym_jax.ppo.normalizer import EPSILON, divisor, merge, merge_all, normalize, start_stats
from gpugym_jax.ppo.state import Memory, Params, PolicyState
from gpugym_jax.tables import UserError
from gpugym_jax.types import Obs

CFG = Ppo(actor=(8, 6), critic=(5,), activation="elu", init_std=0.7)
SIZES = {"actor": 4, "critic": 3}
NETWORKS = make_networks(CFG, SIZES, 2)
REMEMBERING = make_networks(replace(CFG, memory={"gru": {"size": 3}}), SIZES, 2)


def mean_of(params: Params, actor: jax.Array, networks: Networks = NETWORKS) -> jax.Array:
    """The mean action of robots, at the start of an episode."""
    obs = {"actor": actor, "critic": jnp.zeros((len(actor), SIZES["critic"]))}
    return networks.step(params, networks.start(len(actor)), obs)[1]


@pytest.mark.parametrize("networks", [NETWORKS, REMEMBERING])
def test_shapes(networks: Networks) -> None:
    params = jax.jit(networks.init)(jax.random.key(0))
    obs = {"actor": jnp.ones((10, 7, 4)), "critic": jnp.ones((10, 7, 3))}
    mean, std, value = networks.replay(params, networks.start(7), obs, jnp.zeros((10, 7), bool))
    assert (mean.shape, value.shape) == ((10, 7, 2), (10, 7))
    np.testing.assert_array_equal(std, np.full(2, 0.7, np.float32))
    assert {x.dtype for x in jax.tree.leaves(params)} == {jnp.dtype(jnp.float32)}


def test_actor_and_critic_see_their_own_group() -> None:
    """With a memory each: neither's output knows of the other's observations."""
    params = REMEMBERING.init(jax.random.key(0))
    obs = {"actor": jnp.ones((1, 1, 4)), "critic": jnp.ones((1, 1, 3))}
    for group, seen in (("actor", 0), ("critic", 2)):
        slope = jax.grad(lambda x, i=seen, g=group: jnp.sum(_replay(params, obs | {g: x})[i]))(obs[group])
        other = jax.grad(lambda x, i=2 - seen, g=group: jnp.sum(_replay(params, obs | {g: x})[i]))(obs[group])
        assert np.all(slope != 0.0)
        assert np.all(other == 0.0)


def _replay(params: Params, obs: Obs) -> tuple[jax.Array, jax.Array, jax.Array]:
    return REMEMBERING.replay(params, REMEMBERING.start(1), obs, jnp.zeros((1, 1), bool))


def test_a_replay_is_one_step_after_the_other() -> None:
    """With episodes that end on the way, from a memory that is not empty."""
    params, rng = REMEMBERING.init(jax.random.key(0)), np.random.default_rng(0)
    obs = {n: jnp.asarray(rng.normal(size=(9, 5, k)), jnp.float32) for n, k in SIZES.items()}
    ended = rng.random((9, 5)) < 0.3
    memory = jax.tree.map(lambda x: x + 0.4, REMEMBERING.start(5))
    got = jax.jit(REMEMBERING.replay)(params, memory, obs, jnp.asarray(ended))
    for t in range(9):
        memory, mean, _, value = REMEMBERING.step(params, memory, {n: x[t] for n, x in obs.items()})
        np.testing.assert_allclose(got[0][t], mean, atol=1e-6)
        np.testing.assert_allclose(got[2][t], value, atol=1e-6)
        memory = jax.tree.map(lambda x, t=t: jnp.where(ended[t][:, None], 0.0, x), memory)


def test_a_gru_by_hand() -> None:
    """One input, one unit: r = s(2 x - h), z = s(x + h), n = tanh(3 x + r h / 2), h' = (1 - z) n + z h."""
    cell = make_cell({"gru": {"size": 1}}, 1)
    kernels = {"kernel": jnp.asarray([[2.0, 1.0, 3.0]]), "bias": jnp.zeros(3)}
    params = {"dense_i": kernels, "dense_h": {"kernel": jnp.asarray([[-1.0, 1.0, 0.5]])}}
    memory, out = cell.step(params, jnp.asarray([[0.5]]), jnp.asarray([[0.2]]))
    # r = s(-0.1) = 0.475021, z = s(0.7) = 0.668188, n = tanh(0.6 + 0.118755) = 0.616134.
    np.testing.assert_allclose(out, [[0.331812 * 0.616134 + 0.668188 * 0.5]], atol=1e-5)
    np.testing.assert_array_equal(memory, out)


def test_only_the_ended_forget() -> None:
    memory = Memory(jnp.ones((3, 2)), ())
    after = cleared(memory, Memory(jnp.zeros((3, 2)), ()), jnp.asarray([False, True, False]))
    np.testing.assert_array_equal(after.actor[:, 0], [1.0, 0.0, 1.0])


@pytest.mark.parametrize(
    ("memory", "message"),
    [
        ({"gr": {"size": 3}}, r"no memory named 'gr'\. Did you mean 'gru'\?"),
        ({"gru": {}}, "memory 'gru' needs a value for 'size'"),
        ({"gru": {"size": 0}}, "memory 'gru': size"),
        ({"gru": {"size": 2}, "lstm": {}}, "ppo.memory names gru and lstm: a network has one memory"),
    ],
)
def test_wrong_memory(memory: dict[str, dict[str, object]], message: str) -> None:
    with pytest.raises(UserError, match=message):
        make_networks(replace(CFG, memory=memory), SIZES, 2)


def test_a_new_actor_hardly_acts() -> None:
    mean = mean_of(NETWORKS.init(jax.random.key(0)), jax.random.normal(jax.random.key(1), (100, 4)))
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
    mean = mean_of(params, jnp.asarray(obs))
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
    obs = {"actor": jnp.ones((1, 4)), "critic": jnp.ones((1, 3))}
    slope = jax.grad(lambda p: jnp.sum(NETWORKS.step(p, NETWORKS.start(1), obs)[2]))(projected).std
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
    mean, scale = actor_normalizer(PolicyState(params, {}))
    np.testing.assert_array_equal(mean, np.zeros(4))
    np.testing.assert_array_equal(scale, np.ones(4))
    stats = merge(start_stats(4), jax.random.normal(jax.random.key(1), (50, 4)) * 3 + 1)
    mean, scale = actor_normalizer(PolicyState(params, {"actor": stats, "critic": start_stats(3)}))
    np.testing.assert_array_equal(mean, stats.mean)
    np.testing.assert_array_equal(scale, divisor(stats))
