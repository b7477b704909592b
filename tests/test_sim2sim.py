"""The gate: its observations are those of training, it stands alone, and its numbers are right."""

import subprocess
import sys
from dataclasses import replace

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from gpugym_jax.config import ActionTerm, Config, Group, Observations
from gpugym_jax.config_yaml import load_config, task_names
from gpugym_jax.env import make_env
from gpugym_jax.gate import rotation, scenario, world
from gpugym_jax.gate.exam import exam_of
from gpugym_jax.gate.falls import make_fallen
from gpugym_jax.gate.observe import TERMS, begin, make_pupil, observe
from gpugym_jax.gate.rollout import control_step, start
from gpugym_jax.mdp import make_mdp
from gpugym_jax.mdp.observations import MEANINGS, OBSERVATIONS
from gpugym_jax.physics import make_physics
from gpugym_jax.policy.file import Hidden, Policy
from gpugym_jax.robots import ROBOTS
from gpugym_jax.robots.scene import Scene
from gpugym_jax.tables import UserError
from gpugym_jax.types import Reading, RobotState
from tests.agents import RNG, agent, fresh_draws, random_state  # noqa: F401

TASKS = task_names()


def quiet(cfg: Config) -> Config:
    return replace(cfg, observations=replace(cfg.observations, noise={}))


def everything() -> Config:
    """A task that observes all there is, late, with history, scales of every kind and a tight clip."""
    cfg = load_config("mini_cheetah_ref")
    scale = {"base_lin_vel": (0.5, 1.0, 2.0), "dof_pos": (0.1, 1.0, 2.0), "target_history": 0.3}
    group = Group(terms=tuple(sorted(OBSERVATIONS)), history=3, delay=(0, 2))
    seen = Observations(actor=group, scale=scale, clip=1.5, encoder_offset=(-0.1, 0.1))
    actions = {"tau_ff": ActionTerm((0.5,), 0.7), "dof_pos_target": ActionTerm((0.1, 0.2, 0.3), 0.6)}
    return replace(cfg, observations=seen, actions=actions)


def random_policy(cfg: Config) -> Policy:
    """A linear policy of random weights, with clip and scale as a file has them."""
    policy = agent(cfg)
    c = policy.contract
    weights = RNG.normal(0.0, 0.3, (c.obs_size, c.action_size))

    def act(obs: np.ndarray, hidden: Hidden) -> tuple[np.ndarray, np.ndarray, Hidden]:
        raw = np.asarray(obs, float) @ weights
        return np.clip(raw, -c.action_clip, c.action_clip) * c.action_scale, raw, hidden

    return replace(policy, act=act)


def as_training(state: world.State) -> RobotState:
    return RobotState(
        state.base_pos,
        state.base_quat,
        state.base_lin_vel,
        rotation.rotate(state.base_quat, state.base_ang_vel),
        state.dof_pos,
        state.dof_vel,
    )


@pytest.mark.parametrize("cfg", [*map(load_config, TASKS), everything()], ids=[*TASKS, "everything"])
def test_observations_are_those_of_training(cfg: Config) -> None:
    cfg, robot, n = quiet(cfg), ROBOTS[cfg.robot], 8
    pupil = make_pupil(agent(cfg))
    joints, feet = len(robot.actuated_ids), len(robot.groups.get("foot", ()))
    state, command = random_state(len(robot.dofs), n), RNG.normal(size=(n, 3))
    memory = replace(
        begin(pupil, n, RNG),
        phase=RNG.uniform(0, 2 * np.pi, n),
        raw_action=RNG.normal(size=(n, pupil.contract.action_size)),
        target_history=RNG.normal(size=(n, 3, joints)),
        encoder_offset=RNG.normal(size=(n, len(robot.dofs))),
    )
    force = RNG.normal(size=(n, len(robot.bodies), 3)) * 3.0
    mdp = make_mdp(cfg, robot)
    keys = jax.random.split(jax.random.key(0), n)
    shapes, _ = jax.eval_shape(jax.vmap(mdp.start), keys)
    blank = jax.tree.map(lambda x: keys if x.dtype == keys.dtype else jnp.zeros(x.shape, x.dtype), shapes)
    task = blank.replace(
        command=jnp.array(command),
        action=jnp.array(memory.raw_action),
        target_history=jnp.array(memory.target_history),
        phase=jnp.array(memory.phase),
        encoder_offset=jnp.array(memory.encoder_offset),
    )
    reading = Reading(as_training(state), force * 0, force * 0, force, np.zeros(n, bool))
    want = jax.jit(jax.vmap(mdp.observe))(task, jax.tree.map(jnp.asarray, reading))[1]["actor"]
    on_feet = force[:, list(robot.body_ids(robot.groups["foot"]))] if feet else np.zeros((n, 0, 3))
    _, got = observe(pupil, state, memory, command, on_feet)
    np.testing.assert_allclose(got, want, atol=1e-5)


def test_the_gate_observes_all_that_training_does() -> None:
    assert set(TERMS) == set(OBSERVATIONS) == set(MEANINGS)


@pytest.mark.parametrize(
    "cfg",
    [*map(load_config, ("cartpole", "mini_cheetah_ref")), everything()],
    ids=["cartpole", "ref", "everything"],
)
def test_a_rollout_goes_as_in_training(cfg: Config) -> None:
    """With training's solver, 20 control steps of the gate are those of the environment."""
    cfg, robot, n = quiet(cfg), ROBOTS[cfg.robot], 3
    pushes = replace(cfg.pushes, every_s=0.0)
    randomize = replace(cfg.randomize, properties={})
    commands = replace(cfg.commands, resample_s=100.0)
    cfg = replace(
        cfg, pushes=pushes, randomize=randomize, commands=commands, terminations={}, reset={"basic": {}}
    )
    policy = random_policy(cfg)
    pupil = make_pupil(policy)
    physics = make_physics(Scene(robot), cfg.physics, n, policy.contract.sim_dt)
    env = make_env(cfg, robot, physics)
    state, obs = env.reset(jax.random.key(5))
    exam, command = exam_of(cfg), np.asarray(state.task.command)
    exam = replace(exam, gate=replace(exam.gate, episodes=n))
    plan = scenario.draw_scenario(exam, policy.contract.step_dt, seed=0, calm=True)
    plan = replace(plan, start=scenario.at_rest(robot, n))
    gate = world.make_world(exam, np.full(n, 1.0), careful=False)
    tick, fallen = start(pupil, gate, plan), make_fallen(exam.gate.falls, robot)
    drawn = {name: np.asarray(getattr(state.task, name)) for name in ("encoder_offset", "phase")}
    if "actor" in state.task.seen:
        drawn["late"] = np.asarray(state.task.seen["actor"].late)
    tick = replace(tick, memory=replace(tick.memory, **drawn))
    for _ in range(20):
        _, seen = observe(pupil, gate.look(), tick.memory, command, tick.foot_force)
        np.testing.assert_allclose(seen, np.asarray(obs["actor"]), rtol=1e-4, atol=1e-3)
        state, result = env.step(state, jnp.asarray(policy.act(np.asarray(obs["actor"]), ())[1], jnp.float32))
        obs = result.obs
        tick, frame = control_step(pupil, gate, fallen, tick, command)
        np.testing.assert_allclose(
            frame.torque, np.asarray(state.task.torque)[:, list(robot.actuated_ids)], atol=5e-3
        )
    physics.close()
    assert np.abs(frame.torque).max() > 0.1, "the robots are to be at work"


def test_the_gate_imports_neither_jax_nor_the_training_environment() -> None:
    code = (
        "import sys, pkgutil, importlib, gpugym_jax.gate as g;"
        "[importlib.import_module(m.name) for m in pkgutil.iter_modules(g.__path__, 'gpugym_jax.gate.')];"
        "print(*sorted(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    loaded = done.stdout.split()
    assert "gpugym_jax.gate.verdict" in loaded
    banned = ("jax", "flax", "gpugym_jax.mdp", "gpugym_jax.env", "gpugym_jax.physics", "gpugym_jax.ppo")
    assert [m for m in loaded if any(m == b or m.startswith(f"{b}.") for b in banned)] == []


def test_rotations_are_scipys() -> None:
    a, b = Rotation.random(9, rng=RNG), Rotation.random(9, rng=RNG)
    qa, qb = a.as_quat(scalar_first=True), b.as_quat(scalar_first=True)
    v, rpy = RNG.normal(size=(9, 3)), RNG.uniform(-1.5, 1.5, (9, 3))
    np.testing.assert_allclose(rotation.rotate(qa, v), a.apply(v), atol=1e-12)
    np.testing.assert_allclose(rotation.rotate_inverse(qa, v), a.apply(v, inverse=True), atol=1e-12)
    np.testing.assert_allclose(rotation.rotate(rotation.multiply(qa, qb), v), (a * b).apply(v), atol=1e-12)
    np.testing.assert_allclose(
        rotation.rotate(rotation.from_rpy(rpy), v), Rotation.from_euler("xyz", rpy).apply(v), atol=1e-12
    )
    np.testing.assert_allclose(rotation.yaw_of(rotation.from_rpy(rpy)), rpy[:, 2], atol=1e-12)


def test_a_policy_that_sees_a_phase_has_a_clock() -> None:
    pupil, n = make_pupil(agent(load_config("mini_cheetah_walk", ["clock=none"]))), 2
    memory, feet = begin(pupil, n, RNG), np.zeros((n, 4, 3))
    with pytest.raises(UserError, match="observes the phase of a clock, and its clock is 'none'"):
        observe(pupil, random_state(12, n), memory, np.zeros((n, 3)), feet)


def test_memory_begins_empty() -> None:
    memory = begin(make_pupil(agent(load_config("mini_cheetah_ref"))), 1, RNG)
    assert memory.target_history.shape == (1, 3, 12)
    assert not memory.target_history.any() and not memory.raw_action.any()
    assert not memory.motor[0].any()
