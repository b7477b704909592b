"""One seed and one sequence of actions on two physics: what is drawn must be equal, what is simulated close.

`python -m tests.same_draws --out FILE` writes the figures for 64 mini cheetahs and 100 control steps.
"""

import argparse
from pathlib import Path
from typing import Any

import jax
import numpy as np

from gpugym_jax.config import draws_of
from gpugym_jax.config_yaml import load_config
from gpugym_jax.env import make_env
from gpugym_jax.loops import compile_for
from gpugym_jax.physics import make_physics
from gpugym_jax.robots import ROBOTS
from gpugym_jax.robots.scene import Scene

BUSY = ("episode_s=0.7", "pushes.every_s=0.25", "commands.resample_s=0.3", "randomize.friction=[0.5, 1.0]")
"""Short episodes, so that much ends, is pushed and is drawn anew in a hundred steps."""


def play(task: str, backend: list[str], num_envs: int, steps: int, scale: float) -> dict[str, np.ndarray]:
    """`(steps, env, ...)` arrays of what happened."""
    cfg = load_config(task, [*BUSY, *backend])
    robot = ROBOTS[cfg.robot]
    physics = make_physics(
        Scene(robot), cfg.physics, num_envs, 1.0 / cfg.control.physics_hz, draws_of(cfg.randomize)
    )
    env = make_env(cfg, robot, physics)
    reset, step, read = (compile_for(physics, f) for f in (env.reset, env.step, physics.read))
    state, _ = reset(jax.random.key(7))
    actions = np.random.default_rng(0).normal(0.0, scale, (steps, num_envs, env.action_size))
    seen: list[dict[str, Any]] = []
    for action in actions.astype(np.float32):
        state, out = step(state, action)
        base = read(state.sim).robot
        seen.append(
            {
                "terminated": out.terminated,
                "timed_out": out.timed_out,
                "command": state.task.command,
                "age": state.task.step,
                "friction": state.task.variation.get("friction", np.zeros(num_envs)),
                "key": jax.random.key_data(state.task.key),
                "base_pos": base.base_pos,
                "base_lin_vel": base.base_lin_vel,
                "dof_pos": base.dof_pos,
            }
        )
    physics.close()
    return {name: np.stack([np.asarray(s[name]) for s in seen]) for name in seen[0]}


DRAWN = ("terminated", "timed_out", "command", "age", "friction", "key")


def compare(task: str, num_envs: int, steps: int, scale: float = 1.0) -> dict[str, Any]:
    """Which of the drawn things differ on MJX and C MuJoCo, and how far the bases are apart."""
    mjx = play(task, ["physics.backend=mjx", "physics.impl=jax"], num_envs, steps, scale)
    mujoco = play(task, ["physics.backend=mujoco"], num_envs, steps, scale)
    apart = np.abs(mjx["base_pos"] - mujoco["base_pos"]).max(-1)
    return {
        "task": task,
        "num_envs": num_envs,
        "control_steps": steps,
        "terminations": int(mjx["terminated"].sum()),
        "time_outs": int(mjx["timed_out"].sum()),
        "commands_redrawn": int((np.diff(mjx["command"], axis=0) != 0).any(-1).sum()),
        "unequal": {name: int((mjx[name] != mujoco[name]).sum()) for name in DRAWN},
        "base_pos_apart_max_m": float(apart.max()),
        "base_pos_apart_mean_m": float(apart.mean()),
    }


if __name__ == "__main__":
    from gpugym_jax.runs.results import write_result

    parser = argparse.ArgumentParser()
    parser.add_argument("--out", type=Path, required=True)
    figures = compare("mini_cheetah", 64, 100)
    print(figures)
    write_result(parser.parse_args().out, figures)
