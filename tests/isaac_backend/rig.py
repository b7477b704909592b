"""What the boundary's tests share: an interpreter, a physics on a simulator of ours, states of random robots."""

import os
import shutil
import subprocess
import sys
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np

from gpugym_jax.config import IsaacGym, PhysicsConfig
from gpugym_jax.robots import ROBOTS
from gpugym_jax.robots.scene import Scene
from gpugym_jax.types import RobotState, Variation
from isaac_backend.client import IsaacPhysics

HERE = Path(__file__).parent
BALLISTIC = HERE / "ballistic.py"
NUM_ENVS, DT = 5, 0.01
ROBOT = ROBOTS["mini_cheetah"]


@lru_cache
def python38() -> str:
    """A Python 3.8 that has NumPy: PYTHON38, else python3.8 of the path; "" if there is none."""
    for name in (os.environ.get("PYTHON38", ""), shutil.which("python3.8") or ""):
        try:
            done = subprocess.run(
                [name, "-c", "import numpy, sys; print(sys.version_info[:2] == (3, 8))"],
                capture_output=True,
                text=True,
                timeout=60,
                check=False,
            )
        except OSError:
            continue
        if done.stdout.strip() == "True":
            return name
    return ""


def worker_python() -> str:
    """A real Python 3.8 if one is found, else this one."""
    return python38() or sys.executable


def make_physics(
    simulator: Path = BALLISTIC, num_envs: int = NUM_ENVS, varied: Any = None, **isaac: Any
) -> IsaacPhysics:
    """Mini cheetahs on a simulator of ours, in the real worker."""
    settings = {"python": worker_python(), "start_timeout_s": 60.0, "step_timeout_s": 10.0, **isaac}
    cfg = PhysicsConfig(backend="isaacgym", isaac=IsaacGym(**settings))
    return IsaacPhysics(Scene(ROBOT), cfg, num_envs, DT, varied, simulator=simulator)


def random_state(seed: int = 0, num_envs: int = NUM_ENVS) -> RobotState:
    """Numbers of which no two are equal, so that each is seen to land where it should."""
    rng, dofs = np.random.default_rng(seed), len(ROBOT.dofs)
    widths = {
        "base_pos": 3,
        "base_quat": 4,
        "base_lin_vel": 3,
        "base_ang_vel": 3,
        "dof_pos": dofs,
        "dof_vel": dofs,
    }
    return RobotState(**{k: rng.normal(size=(num_envs, w)).astype(np.float32) for k, w in widths.items()})


def variation(friction: Any = 1.0, base_mass: Any = 0.0, num_envs: int = NUM_ENVS) -> Variation:
    """Friction and mass: for all robots, or for each."""
    given = {"friction": friction, "base_mass": base_mass}
    return {name: np.broadcast_to(np.float32(x), (num_envs,)) for name, x in given.items()}


def torque(value: float = 0.0, num_envs: int = NUM_ENVS) -> np.ndarray:
    return np.full((num_envs, len(ROBOT.dofs)), value, np.float32)
