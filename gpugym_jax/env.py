"""A task bound to a physics: the MDP of one robot, mapped over all, around the simulator's substeps."""

from typing import Any

import jax
from jaxtyping import Array, Float, Key

from gpugym_jax.config import Config
from gpugym_jax.loops import scan_for
from gpugym_jax.mdp import make_mdp
from gpugym_jax.robots.robot import Robot
from gpugym_jax.types import Env, EnvState, Obs, Physics, StepResult


def make_env(cfg: Config, robot: Robot, physics: Physics) -> Env:
    """The environment. On a traceable physics its functions are pure and may be compiled whole."""
    mdp = make_mdp(cfg, robot)
    scan = scan_for(physics)
    start, act, torque, judge, observe, renew = (
        jax.jit(jax.vmap(f)) for f in (mdp.start, mdp.act, mdp.torque, mdp.judge, mdp.observe, mdp.renew)
    )
    wrench = jax.jit(jax.vmap(mdp.wrench)) if mdp.wrench else None
    split = jax.jit(jax.random.split, static_argnums=1)

    def reset(key: Key[Array, ""]) -> tuple[EnvState, Obs]:
        task, state = start(split(key, physics.num_envs))
        sim = physics.init(state, task.variation)
        task, obs = observe(task, physics.read(sim))
        return EnvState(sim, task), obs

    def substep(carry: tuple[Any, Any], _: None) -> tuple[tuple[Any, Any], None]:
        task, sim = carry
        task, tau = torque(task, physics.read(sim))
        return (task, physics.step(sim, tau, wrench(task) if wrench else None)), None

    def step(state: EnvState, action: Float[Array, "env act"]) -> tuple[EnvState, StepResult]:
        if action.shape != (physics.num_envs, mdp.action_size):
            wanted = (physics.num_envs, mdp.action_size)
            raise ValueError(
                f"an action of shape {action.shape}; {wanted} is wanted: robots, numbers of each."
            )
        task = act(state.task, action)
        (task, sim), _ = scan(substep, (task, state.sim), None, mdp.decimation)
        v = judge(task, physics.read(sim))
        sim = physics.write(sim, v.rewrite, v.robot, v.variation)
        task, obs = renew(v, physics.read(sim))
        result = StepResult(obs, v.final_obs, v.reward, v.terminated, v.timed_out, v.metrics)
        return EnvState(sim, task), result

    sizes = (physics.num_envs, mdp.action_size, mdp.obs_sizes)
    return Env(reset, step, scan, *sizes, spread=cfg.randomize.start_step)
