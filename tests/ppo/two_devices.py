"""Run by `test_shards.py` in a process of its own, which has two devices: learning in shards."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import jax
import numpy as np
from jax import P

from gpugym_jax.config import Ppo
from gpugym_jax.ppo.collect import make_collect
from gpugym_jax.ppo.learn import make_learner, placed
from gpugym_jax.ppo.networks import make_networks
from gpugym_jax.ppo.state import Rollout, Transition
from gpugym_jax.ppo.update import make_update
from gpugym_jax.runs.flat import flatten
from tests.ppo import probes

AXIS = "shard"
CFG = replace(probes.PROBE, desired_kl=0.01, normalize_obs=True, rollout_length=6, entropy_coef=0.01)
REMEMBERING = replace(CFG, memory={"gru": {"size": 8}})


def sharded(f: Callable[..., Any], devices: int, given: Any, gives: Any) -> Callable[..., Any]:
    """`f` on so many devices, compiled."""
    kinds = (jax.sharding.AxisType.Auto,)
    mesh = jax.make_mesh((devices,), (AXIS,), kinds, devices=jax.devices()[:devices])
    return jax.jit(jax.shard_map(f, mesh=mesh, in_specs=given, out_specs=gives, check_vma=False))


def train(cfg: Ppo, devices: int, iterations: int = 3) -> Any:
    """A training state after some iterations, and the policy of every shard one under the other."""
    learner = make_learner(cfg, probes.remembered_action(), dt=0.02, axis=AXIS)
    where = placed(AXIS)
    ts = sharded(learner.init, devices, P(), where)(jax.random.key(0))
    iterate = sharded(learner.iterate, devices, (where,), (where, P()))
    for _ in range(iterations):
        ts, metrics = iterate(ts)
    each = sharded(lambda p: jax.tree.map(lambda x: x[None], p), devices, P(), P(AXIS))(ts.policy)
    return ts, metrics, each


def assert_one_shard_is_the_plain_path(cfg: Ppo) -> None:
    learner = make_learner(cfg, probes.remembered_action(), dt=0.02)
    ts, iterate = jax.jit(learner.init)(jax.random.key(0)), jax.jit(learner.iterate)
    for _ in range(3):
        ts, metrics = iterate(ts)
    other, other_metrics, _ = train(cfg, 1)
    want, got = flatten((ts, metrics)), flatten((other, other_metrics))
    assert want.keys() == got.keys()
    for name, value in want.items():
        np.testing.assert_array_equal(value, got[name], err_msg=name)


def assert_shards_stay_alike(cfg: Ppo) -> None:
    ts, _, each = train(cfg, 2)
    for name, (a, b) in flatten(each).items():
        np.testing.assert_array_equal(a, b, err_msg=name)
    # But each has robots of its own: 64, with other cues.
    first, second = np.split(np.asarray(ts.env.sim.cue), 2)
    assert first.shape == (probes.NUM_ENVS,)
    assert np.any(first != second)
    assert float(ts.policy.normalizer["actor"].count) == 3 * CFG.rollout_length * 2 * probes.NUM_ENVS


def assert_an_update_is_that_of_one_device(cfg: Ppo) -> None:
    """Where it is well defined: with one minibatch, so that the order does not matter."""
    cfg = replace(cfg, minibatches=1)
    env = probes.remembered_action()
    learner, networks = make_learner(cfg, env, dt=0.02), make_networks(cfg, env.obs_sizes, 1)
    ts, _ = jax.jit(learner.iterate)(jax.jit(learner.init)(jax.random.key(0)))
    collect = jax.jit(make_collect(env, networks, cfg.rollout_length))
    _, _, rollout = collect(ts.policy, ts.env, ts.obs, ts.memory, ts.episodes, jax.random.key(1))
    by_env = P(None, AXIS)
    steps = Transition(*[by_env] * 7, P())  # the tally is not the update's
    given = (P(), P(), Rollout(P(AXIS), steps, P(AXIS), P(AXIS)), P())
    plain, split = (make_update(cfg, networks, 0.9, 0.8, axis) for axis in (None, AXIS))
    arguments = (ts.policy, ts.opt, rollout, jax.random.key(2))
    want, got = jax.jit(plain)(*arguments), sharded(split, 2, given, P())(*arguments)
    start, before = flatten(want), flatten((ts.policy, ts.opt, {}))
    moved = max(np.abs(start[n] - before[n]).max() for n in before if ".params" in n)
    assert moved > 1e-3
    for name, value in start.items():
        np.testing.assert_allclose(flatten(got)[name], value, rtol=1e-4, atol=0.01 * moved, err_msg=name)


if __name__ == "__main__":
    assert len(jax.devices()) == 2
    checks = {
        assert_one_shard_is_the_plain_path: (CFG,),
        assert_shards_stay_alike: (REMEMBERING,),
        assert_an_update_is_that_of_one_device: (CFG, REMEMBERING),
    }
    for check, kinds in checks.items():
        for cfg in kinds:
            check(cfg)
            print(check.__name__, *cfg.memory)
