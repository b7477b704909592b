"""Control steps a second of an environment, and of its bare physics.

Both run the same model, batch, substeps and control law (hold the default pose), so the robots stay in the
same contacts; the ratio is what observations, rewards, randomness and resets leave of the simulator's speed.
"""

import statistics
import time
from collections.abc import Callable
from typing import Any

import jax
import numpy as np

from gpugym_jax.config import Config
from gpugym_jax.env import make_env
from gpugym_jax.loops import compile_for, scan_for
from gpugym_jax.mdp import make_mdp
from gpugym_jax.mdp.randomize import varied
from gpugym_jax.physics import make_physics
from gpugym_jax.robots import ROBOTS
from gpugym_jax.types import Physics


def timed(run: Callable[[Any], Any], state: Any) -> tuple[float, Any]:
    """Wall time of one run, s, and the state after it."""
    begin = time.perf_counter()
    state = jax.block_until_ready(run(state))
    return time.perf_counter() - begin, state


def env_program(cfg: Config, physics: Physics, steps: int) -> tuple[Callable[[Any], Any], Any]:
    """`steps` control steps of the environment under the action zero, and where they begin.

    Observations and rewards are part of the carry, so that nothing of them is optimised away.
    """
    env = make_env(cfg, ROBOTS[cfg.robot], physics)
    action = np.zeros((env.num_envs, env.action_size), np.float32)
    total = jax.jit(lambda kept, out: kept + out.reward + sum(o.sum(-1) for o in out.final_obs.values()))

    def one(carry: tuple[Any, Any, Any], _: None) -> tuple[Any, None]:
        state, _, kept = carry
        state, out = env.step(state, action)
        return (state, out.obs, total(kept, out)), None

    state, obs = env.reset(jax.random.key(0))
    begin = (state, obs, np.zeros(env.num_envs, np.float32))
    return lambda carry: env.scan(one, carry, None, steps)[0], begin


def physics_program(cfg: Config, physics: Physics, steps: int) -> tuple[Callable[[Any], Any], Any]:
    """As many substeps of the physics alone, under the task's actuator holding the default pose."""
    mdp = make_mdp(cfg, ROBOTS[cfg.robot])
    torque = jax.jit(jax.vmap(mdp.torque))
    scan = scan_for(physics)
    task, robot = jax.jit(jax.vmap(mdp.start))(jax.random.split(jax.random.key(0), physics.num_envs))

    def substep(carry: tuple[Any, Any], _: None) -> tuple[tuple[Any, Any], None]:
        task, sim = carry
        task, tau = torque(task, physics.read(sim))
        return (task, physics.step(sim, tau)), None

    begin = (task, physics.init(robot, task.variation))
    return lambda carry: scan(substep, carry, None, steps * mdp.decimation)[0], begin


def compare(cfg: Config, num_envs: int, steps: int, repeats: int) -> dict[str, float | int]:
    """Control steps a second of both, and their ratio: medians of runs taken in turns."""
    robot, timestep = ROBOTS[cfg.robot], 1.0 / cfg.control.physics_hz
    runs, states, compile_s, times = {}, {}, {}, {"env": [], "physics": []}
    for name, program in (("env", env_program), ("physics", physics_program)):
        # A live simulator has one state, so each program gets its own.
        physics = make_physics(robot, cfg.physics, num_envs, timestep, varied=varied(cfg.randomize))
        f, begin = program(cfg, physics, steps)
        runs[name] = compile_for(physics, f)
        compile_s[name], state = timed(runs[name], begin)
        _, states[name] = timed(runs[name], state)
    for _ in range(repeats):
        for name, run in runs.items():
            took, states[name] = timed(run, states[name])
            times[name].append(took)
    rate = {name: num_envs * steps / statistics.median(t) for name, t in times.items()}
    return {
        "num_envs": num_envs,
        "env_steps_per_s": round(rate["env"]),
        "physics_steps_per_s": round(rate["physics"]),
        "ratio": round(rate["env"] / rate["physics"], 4),
        "spread": round(max(max(t) / min(t) for t in times.values()) - 1.0, 4),
        "compile_s_env": round(compile_s["env"], 2),
        "compile_s_physics": round(compile_s["physics"], 2),
    }
