"""One iteration: purity, types, bad settings, learning rate, episode numbers."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from gpugym_jax.ppo.collect import count, start_episodes, summarize
from gpugym_jax.ppo.learn import Learner, make_learner, per_step
from gpugym_jax.ppo.state import Params, TrainState
from gpugym_jax.ppo.update import adapted, clipped
from gpugym_jax.tables import UserError
from gpugym_jax.types import StepResult
from tests.ppo import probes
from tests.ppo.probes import PROBE

Iterate = Callable[[TrainState], tuple[TrainState, dict[str, jax.Array]]]
CFG = replace(PROBE, desired_kl=0.01, normalize_obs=True, entropy_coef=0.01)


@pytest.fixture(scope="module")
def learner() -> Learner:
    return make_learner(CFG, probes.observed_action(), dt=0.02)


@pytest.fixture(scope="module")
def compiled(learner: Learner) -> Any:
    """`iterate` as the runner compiles it: what it is given is gone afterwards."""
    return jax.jit(learner.iterate, donate_argnums=0)


@pytest.fixture(scope="module")
def iterate(compiled: Any) -> Iterate:
    return lambda ts: compiled(jax.tree.map(jnp.copy, ts))


@pytest.fixture(scope="module")
def start(learner: Learner) -> TrainState:
    return jax.jit(learner.init)(jax.random.key(0))


def numbers(tree: Any) -> list[np.ndarray]:
    plain = jax.tree.map(
        lambda x: jax.random.key_data(x) if jnp.issubdtype(x.dtype, jax.dtypes.prng_key) else x, tree
    )
    return [np.asarray(x) for x in jax.tree.leaves(plain)]


def assert_same_bits(a: Any, b: Any) -> None:
    for x, y in zip(numbers(a), numbers(b), strict=True):
        np.testing.assert_array_equal(x, y)


def test_iterate_is_pure(iterate: Iterate, start: TrainState) -> None:
    assert_same_bits(iterate(start), iterate(start))


def test_an_iteration_moves_everything(iterate: Iterate, start: TrainState) -> None:
    after, _ = iterate(start)
    assert int(after.iteration) == 1
    for part in ("policy", "key"):
        before, now = numbers(getattr(start, part)), numbers(getattr(after, part))
        assert all((x != y).any() for x, y in zip(before, now, strict=True))


def test_what_comes_out_has_the_types_of_what_went_in(learner: Learner, start: TrainState) -> None:
    after, metrics = jax.eval_shape(learner.iterate, start)
    assert jax.tree.map(jax.typeof, start) == jax.tree.map(jax.typeof, after)
    assert not any(x.weak_type for x in jax.tree.leaves(after))
    assert {(x.shape, x.dtype) for x in metrics.values()} == {((), jnp.dtype(jnp.float32))}


def test_it_compiles_once_and_takes_what_it_is_given(compiled: Any, learner: Learner) -> None:
    ts = jax.jit(learner.init)(jax.random.key(0))
    first = ts.policy.params.std
    for _ in range(3):
        ts, metrics = compiled(ts)
    assert compiled._cache_size() == 1
    assert first.is_deleted()
    assert all(np.isfinite(x) for x in metrics.values())


def test_many_seeds_at_once(learner: Learner, iterate: Iterate) -> None:
    keys = jax.random.split(jax.random.key(0), 2)
    ts, metrics = jax.jit(jax.vmap(learner.iterate))(jax.vmap(learner.init)(keys))
    assert metrics["loss/kl"].shape == (2,)
    alone, _ = iterate(learner.init(keys[1]))
    np.testing.assert_allclose(ts.policy.params.std[1], alone.policy.params.std, rtol=1e-4)


def test_metrics(iterate: Iterate, start: TrainState) -> None:
    _, metrics = iterate(start)
    # The probe's own metric is its reward under another name.
    assert metrics["step/gain"] == metrics["step/reward"] != 0
    assert set(metrics) == {
        "episode/return",
        "episode/length",
        "episode/early_share",
        "step/reward",
        "step/gain",
        "loss/surrogate",
        "loss/value",
        "loss/entropy",
        "loss/kl",
        "policy/learning_rate",
        "policy/std",
        "policy/value",
    }


def step_result(reward: list[float], terminated: list[bool], timed_out: list[bool]) -> StepResult:
    return StepResult(
        {}, {}, *map(jnp.asarray, (reward, terminated, timed_out)), {"term": jnp.asarray(reward)}
    )


def test_episode_numbers() -> None:
    # Robot 0: rewards 1, 2, terminated after the second. Robot 1: 3, 5, timed out after the first.
    episodes, first = count(start_episodes(2), step_result([1.0, 3.0], [False, False], [False, True]))
    episodes, second = count(episodes, step_result([2.0, 5.0], [True, False], [False, False]))
    np.testing.assert_array_equal(episodes.running_return, [0.0, 5.0])
    np.testing.assert_array_equal(episodes.running_length, [0.0, 1.0])
    np.testing.assert_array_equal([first.metrics["term"], second.metrics["term"]], [2.0, 3.5])
    tally = jax.tree.map(lambda *x: jnp.stack(x), first, second)
    # Ended: a return of 3 after 2 steps by termination, and a return of 3 after 1 step by time-out.
    ended = summarize(episodes, tally)
    assert (ended.mean_return, ended.mean_length, ended.early_share) == (3.0, 1.5, 0.5)


def test_an_episode_under_way_when_the_run_begins_is_not_counted() -> None:
    # Robot 0 ends at once, then after two steps of the run; robot 1 ends only what it had begun before.
    steps = [
        step_result([1.0, 1.0], [True, False], [False, False]),
        step_result([2.0, 2.0], [False, False], [False, True]),
        step_result([3.0, 3.0], [False, False], [True, False]),
    ]
    episodes, tallies = start_episodes(2, spread=True), []
    for step in steps:
        episodes, tally = count(episodes, step)
        tallies.append(tally)
    np.testing.assert_array_equal([t.ended for t in tallies], [0.0, 0.0, 1.0])
    after = summarize(episodes, jax.tree.map(lambda *x: jnp.stack(x), *tallies))
    assert (after.mean_return, after.mean_length, after.early_share) == (5.0, 2.0, 0.0)


def test_first_episodes_of_a_spread_env_are_not_counted() -> None:
    def first(spread: bool) -> dict[str, jax.Array]:
        env = probes.late_reward()._replace(spread=spread)
        learner = make_learner(replace(PROBE, rollout_length=2), env, dt=0.02)
        return jax.jit(learner.iterate)(learner.init(jax.random.key(0)))[1]

    assert (first(False)["episode/length"], first(True)["episode/length"]) == (2.0, 0.0)


def test_episode_numbers_stay_where_nothing_ended() -> None:
    before = start_episodes(2).replace(mean_return=jnp.float32(7.0), early_share=jnp.float32(0.25))
    episodes, tally = count(before, step_result([1.0, 3.0], [False, False], [False, False]))
    after = summarize(episodes, jax.tree.map(lambda x: x[None], tally))
    assert (after.mean_return, after.mean_length, after.early_share) == (7.0, 0.0, 0.25)


def test_rows_left_over_sit_out_an_epoch() -> None:
    """512 rows in 7 minibatches: 7 x 73, and one left over."""
    learner = make_learner(replace(PROBE, minibatches=7), probes.best_action(), dt=0.02)
    _, metrics = jax.jit(learner.iterate)(learner.init(jax.random.key(0)))
    assert all(np.isfinite(x) for x in metrics.values())


@pytest.mark.parametrize("minibatches", [0, -1, 10_000])
def test_impossible_minibatches(minibatches: int) -> None:
    with pytest.raises(UserError, match=f"ppo.minibatches of {minibatches} cannot be made"):
        make_learner(replace(PROBE, minibatches=minibatches), probes.best_action(), dt=0.02)


def test_horizons_are_discounts() -> None:
    assert per_step("discount_horizon_s", None, 0.01, 0.97) == 0.97
    assert per_step("discount_horizon_s", 0.5, 0.01, 0.97) == 1 - 1 / 50
    assert per_step("discount_horizon_s", 0.509, 0.01, 0.97) == 1 - 1 / 50
    # 0.29 / 0.01 is 28.999999999999996 in floats.
    assert per_step("discount_horizon_s", 0.29, 0.01, 0.97) == 1 - 1 / 29


def test_a_learner_takes_its_horizons() -> None:
    env = probes.observed_action()
    by_horizon = make_learner(replace(PROBE, discount_horizon_s=0.05, gae_horizon_s=0.1), env, dt=0.01)
    by_number = make_learner(replace(PROBE, discount=0.8, gae_lambda=0.9), env, dt=0.01)
    a, b = (
        jax.make_jaxpr(x.iterate)(jax.eval_shape(x.init, jax.random.key(0))) for x in (by_horizon, by_number)
    )
    assert str(a) == str(b)


def test_a_horizon_within_a_step() -> None:
    with pytest.raises(
        UserError, match=r"ppo.gae_horizon_s of 0.01 s is shorter than one control step of 0.02 s"
    ):
        make_learner(replace(PROBE, gae_horizon_s=0.01), probes.best_action(), dt=0.02)


@pytest.mark.parametrize(
    ("kl", "rate", "expected"),
    [
        (0.021, 3e-4, 2e-4),  # twice too far
        (0.019, 3e-4, 3e-4),
        (0.006, 3e-4, 3e-4),
        (0.004, 3e-4, 4.5e-4),  # less than half as far
        (1.0, 1.2e-5, 1e-5),  # not below the least
        (0.0, 9e-3, 1e-2),  # not above the greatest
    ],
)
def test_learning_rate_follows_kl(kl: float, rate: float, expected: float) -> None:
    ours = adapted(replace(PROBE, desired_kl=0.01), jnp.float32(rate), jnp.float32(kl))
    np.testing.assert_allclose(ours, expected, rtol=1e-6)


def from_rate(start: TrainState, rate: float) -> TrainState:
    return start.replace(opt=start.opt.replace(learning_rate=jnp.float32(rate)))


def test_learning_rate_moves_either_way(iterate: Iterate, start: TrainState) -> None:
    for rate, direction in ((1e-5, 1), (1e-1, -1)):
        after, metrics = iterate(from_rate(start, rate))
        assert np.sign(float(after.opt.learning_rate) - rate) == direction
        assert float(metrics["policy/learning_rate"]) == float(after.opt.learning_rate)


@pytest.mark.parametrize(("at_first", "times"), [(True, 8), (False, 7)])
def test_the_first_minibatch_of_an_iteration_says_nothing(at_first: bool, times: int) -> None:
    """From so small a rate that no KL is seen: it rises at each of 4 x 2 minibatches, or not at the first."""
    cfg = replace(CFG, adapt_at_first=at_first, min_learning_rate=0.0)
    learner = make_learner(cfg, probes.observed_action(), dt=0.02)
    after, _ = jax.jit(learner.iterate)(from_rate(learner.init(jax.random.key(0)), 1e-8))
    np.testing.assert_allclose(after.opt.learning_rate, 1e-8 * 1.5**times, rtol=1e-5)


def test_gradients_are_clipped_together_or_apart() -> None:
    # Actor (3, std 4): norm 5. Critic 12: norm 12. Together: 13.
    grads = Params(jnp.asarray([3.0]), jnp.asarray([12.0]), jnp.asarray([4.0]))
    together, apart = (clipped(replace(PROBE, max_grad_norm=1.0, clip_apart=x), grads) for x in (False, True))
    np.testing.assert_allclose(
        [together.actor[0], together.critic[0], together.std[0]], [3 / 13, 12 / 13, 4 / 13]
    )
    np.testing.assert_allclose([apart.actor[0], apart.critic[0], apart.std[0]], [0.6, 1.0, 0.8])


def test_learning_rate_stays_within_its_bounds(iterate: Iterate, start: TrainState) -> None:
    ts = from_rate(start, CFG.max_learning_rate)
    for _ in range(30):
        ts, _ = iterate(ts)
        assert np.float32(CFG.min_learning_rate) <= ts.opt.learning_rate <= np.float32(CFG.max_learning_rate)


def test_learning_rate_is_in_the_state_alone(learner: Learner, iterate: Iterate, start: TrainState) -> None:
    after, _ = iterate(start)
    assert float(after.opt.learning_rate) != CFG.learning_rate
    # A resumed run goes on with the state's rate: the program is the same whatever rate is configured.
    other = make_learner(replace(CFG, learning_rate=7e-3), probes.observed_action(), dt=0.02)
    assert str(jax.make_jaxpr(other.iterate)(after)) == str(jax.make_jaxpr(learner.iterate)(after))
    # And it steers: from another rate, other parameters.
    slow, fast = (iterate(from_rate(after, rate))[0].policy.params.std for rate in (1e-5, 1e-2))
    assert float(slow[0]) != float(fast[0])
