"""Networks with memory, through the learner, the checkpoint, the policy file and the gate."""

from dataclasses import replace
from pathlib import Path

import jax
import numpy as np
import pytest

from gpugym_jax.config import Ppo
from gpugym_jax.loops import live_scan
from gpugym_jax.ppo.learn import make_learner
from gpugym_jax.runs.flat import flatten, unflatten
from gpugym_jax.tables import UserError
from tests.ppo import probes, remembering
from tests.ppo.remembering import GRU, LEARNING

CFG: Ppo = replace(LEARNING, memory=GRU, normalize_obs=True)


def test_a_gru_learns_what_an_mlp_cannot() -> None:
    # Nothing remembered: -0.75 and less. All remembered: minus the variance of three actions.
    assert remembering.probe_return(GRU) > -0.05
    assert remembering.probe_return({}) < -0.7


N = 3


def test_2n_iterations_are_n_and_n_from_saved_leaves() -> None:
    learner = make_learner(CFG, probes.remembered_action(), dt=0.02)
    iterate = jax.jit(learner.iterate)
    ts = jax.jit(learner.init)(jax.random.key(0))
    for _ in range(N):
        ts, _ = iterate(ts)
    saved = flatten(ts)
    assert np.abs(saved[".memory.actor"]).max() > 0.01, "an episode is to be under way"
    resumed = unflatten(jax.eval_shape(learner.init, jax.random.key(0)), saved, "test")
    for _ in range(N):
        ts, _ = iterate(ts)
        resumed, _ = iterate(resumed)
    want, got = flatten(ts), flatten(resumed)
    assert want.keys() == got.keys()
    for name, value in want.items():
        np.testing.assert_array_equal(value, got[name], err_msg=name)


def test_a_live_rollout_equals_a_traced_one() -> None:
    """Two programs, so not bit for bit."""
    states = []
    for scan, compile_ in ((jax.lax.scan, jax.jit), (live_scan, lambda f: f)):
        learner = make_learner(CFG, probes.remembered_action(scan), dt=0.02)
        states.append(compile_(learner.iterate)(jax.jit(learner.init)(jax.random.key(3)))[0])
    for a, b in zip(*map(jax.tree.leaves, (states[0].memory, states[1].memory)), strict=True):
        np.testing.assert_allclose(a, b, atol=1e-6)


def test_a_memory_begins_anew_with_the_episode() -> None:
    """All robots' fourth step ends an episode, so that after a rollout of four nothing is remembered."""
    learner = make_learner(replace(CFG, rollout_length=4), probes.remembered_action(), dt=0.02)
    ts, _ = jax.jit(learner.iterate)(learner.init(jax.random.key(0)))
    assert all(np.all(x == 0.0) for x in jax.tree.leaves(ts.memory))


def test_whole_robots_are_too_few() -> None:
    with pytest.raises(
        UserError, match="of 65 cannot be made of 64 envs, which a memory keeps whole.* is 64"
    ):
        make_learner(replace(CFG, minibatches=65), probes.remembered_action(), dt=0.02)


def test_the_policy_file_agrees_with_flax_in_the_gate(tmp_path: Path) -> None:
    got = remembering.file_differences(tmp_path)
    assert got["actions_std"] > 0.05, "the policy is to be at work"
    assert got["written"] < 1e-5
    assert got["gate"] < 1e-5
