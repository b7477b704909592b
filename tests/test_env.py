"""The environment: every task on two physics, the same draws on both, purity."""

from typing import Any

import jax
import numpy as np
import pytest

from gpugym_jax.config import draws_of
from gpugym_jax.config_yaml import load_config, task_names
from gpugym_jax.env import make_env
from gpugym_jax.physics import make_physics
from gpugym_jax.robots import ROBOTS
from gpugym_jax.robots.scene import Scene
from gpugym_jax.types import Env
from tests.same_draws import compare

NUM_ENVS = 3


def make(task: str, backend: str) -> Env:
    cfg = load_config(task, [f"physics.backend={backend}", "physics.impl=jax"])
    robot = ROBOTS[cfg.robot]
    timestep = 1.0 / cfg.control.physics_hz
    physics = make_physics(Scene(robot), cfg.physics, NUM_ENVS, timestep, draws_of(cfg.randomize))
    return make_env(cfg, robot, physics)


def three_steps(env: Env) -> None:
    state, obs = env.reset(jax.random.key(0))
    assert {name: group.shape for name, group in obs.items()} == {
        name: (NUM_ENVS, size) for name, size in env.obs_sizes.items()
    }
    for _ in range(3):
        state, out = env.step(state, np.zeros((NUM_ENVS, env.action_size), np.float32))
        for x in jax.tree.leaves((out.obs, out.final_obs, out.reward, out.metrics)):
            assert np.all(np.isfinite(x))


@pytest.mark.parametrize("task", task_names())
def test_every_task_steps_on_mujoco(task: str) -> None:
    three_steps(make(task, "mujoco"))


def avals(tree: Any) -> Any:
    return jax.tree.map(lambda x: (x.shape, x.dtype, getattr(x, "weak_type", False)), tree)


@pytest.mark.parametrize("task", task_names())
def test_every_task_traces_on_mjx_and_keeps_its_state_s_types(task: str) -> None:
    """A weak type or a changed shape in the carry would compile the program twice."""
    env = make(task, "mjx")
    state, obs = jax.eval_shape(env.reset, jax.random.key(0))
    action = jax.ShapeDtypeStruct((NUM_ENVS, env.action_size), np.float32)
    after, out = jax.eval_shape(env.step, state, action)
    assert avals(after) == avals(state)
    assert avals(out.obs) == avals(obs) == avals(out.final_obs)


def test_a_push_changes_the_velocity_that_is_seen_and_no_contact() -> None:
    """Standing robots, pushed every third step: right after a write a simulator reports no contact."""
    cfg = load_config(
        "mini_cheetah_walk",
        [
            "physics.backend=mujoco",
            "observations={actor: [foot_contact, base_lin_vel]}",
            "pushes={every_s: 0.06, lin_vel: 0.1}",
            "randomize={}",
        ],
    )
    robot = ROBOTS[cfg.robot]
    physics = make_physics(Scene(robot), cfg.physics, NUM_ENVS, 1.0 / cfg.control.physics_hz)
    env = make_env(cfg, robot, physics)
    state, _ = env.reset(jax.random.key(0))
    contacts, jumps = [], []
    for step in range(40):
        state, out = env.step(state, np.zeros((NUM_ENVS, env.action_size), np.float32))
        np.testing.assert_array_equal(out.obs["actor"], out.final_obs["actor"])
        moves = np.asarray(physics.read(state.sim).robot.base_lin_vel)[:, :2]
        np.testing.assert_allclose(out.obs["actor"][:, 4:6], moves, atol=0.02)  # it hardly leans
        if step >= 20:
            contacts.append(out.obs["actor"][:, :4])
            jumps.append(np.abs(moves).max(-1) > 0.02)
    physics.close()
    assert np.mean(contacts) == 1.0
    assert np.sum(jumps) > 10, "the pushes are to be seen"


def test_the_same_draws_on_two_physics() -> None:
    figures = compare("mini_cheetah", 16, 40, scale=0.3)
    assert figures["time_outs"] > 0 and figures["commands_redrawn"] > 16, figures
    assert not any(figures["unequal"].values()), figures
    assert figures["base_pos_apart_max_m"] < 1e-3, figures
