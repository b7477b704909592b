"""The environment: every task on two physics, the same draws on both, purity."""

from typing import Any

import jax
import mujoco
import numpy as np
import pytest

from gpugym_jax.config import PhysicsConfig, draws_of
from gpugym_jax.config_yaml import load_config, task_names
from gpugym_jax.env import make_env
from gpugym_jax.physics import make_physics
from gpugym_jax.robots import ROBOTS
from gpugym_jax.robots.layout import make_layout
from gpugym_jax.robots.model import load_model
from gpugym_jax.robots.scene import Scene
from gpugym_jax.types import Env, RobotState
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


def test_a_pull_moves_the_base() -> None:
    """A robot in the air, pulled with F N for t s, has the horizontal momentum F t, whatever its legs do."""
    cfg = load_config(
        "mini_cheetah_walk",
        [
            "physics.backend=mujoco",
            "pushes={every_s: 100, force: 50, seconds: 0.1}",
            "reset={range: {base_height: [2, 2]}}",
            "randomize={}",
            "terminations={}",
        ],
    )
    scene = Scene(ROBOTS[cfg.robot])
    physics = make_physics(scene, cfg.physics, NUM_ENVS, 1.0 / cfg.control.physics_hz)
    env = make_env(cfg, scene.robot, physics)
    state, _ = env.reset(jax.random.key(0))
    state = state.replace(task=state.task.replace(push_in=np.ones(NUM_ENVS, np.int32)))
    forces = []
    for _ in range(6):
        state, _ = env.step(state, np.zeros((NUM_ENVS, env.action_size), np.float32))
        forces.append(np.asarray(state.task.wrench))
    robots = physics.read(state.sim).robot
    got = [momentum(scene, jax.tree.map(lambda x, i=i: x[i], robots)) for i in range(NUM_ENVS)]
    physics.close()
    assert np.abs(forces[0]).max() > 10.0 and not np.any(forces[-1])
    np.testing.assert_allclose(got, 0.1 * forces[0][:, :2], rtol=0.01, atol=0.01)


def momentum(scene: Scene, robot: RobotState) -> np.ndarray:
    """Horizontal momentum of a robot, kg m/s."""
    model = load_model(scene, timestep=0.005, cfg=PhysicsConfig(), sensors=False)
    data, at = mujoco.MjData(model), make_layout(scene.robot, model)
    data.qpos[:7] = np.concatenate([robot.base_pos, robot.base_quat])
    data.qvel[:3] = robot.base_lin_vel
    mujoco.mju_negQuat(turn := np.zeros(4), np.asarray(robot.base_quat, float))
    mujoco.mju_rotVecQuat(spin := np.zeros(3), np.asarray(robot.base_ang_vel, float), turn)
    data.qvel[3:6] = spin
    data.qpos[at.qpos], data.qvel[at.qvel] = robot.dof_pos, robot.dof_vel
    mujoco.mj_forward(model, data)
    mujoco.mj_subtreeVel(model, data)
    return data.subtree_linvel[0, :2] * model.body_subtreemass[0]


def test_the_same_draws_on_two_physics() -> None:
    figures = compare("mini_cheetah", 16, 40, scale=0.3)
    assert figures["time_outs"] > 0 and figures["commands_redrawn"] > 16, figures
    assert not any(figures["unequal"].values()), figures
    assert figures["base_pos_apart_max_m"] < 1e-3, figures
