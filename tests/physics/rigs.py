"""Rigs: a physics of a few robots with its compiled verbs, made once a session.

The isaacgym backend runs over the double, in the interpreter that the variable ISAAC_DOUBLE_PYTHON names (a
Python 3.8 with NumPy, torch and MuJoCo), else in this one. On another Isaac Gym: `python -m isaac_backend.check
--contract`.
"""

import importlib.util
import os
import sys
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path
from typing import Any, NamedTuple

import jax
import numpy as np
import pytest

from gpugym_jax.config import IsaacGym, PhysicsConfig
from gpugym_jax.physics import make_physics
from gpugym_jax.robots import ROBOTS
from gpugym_jax.robots.robot import Robot
from gpugym_jax.robots.scene import Scene
from gpugym_jax.types import Physics, Reading, RobotState, Variation

NUM_ENVS = 12  # one for each joint of the mini cheetah
DT = 0.002  # s
GRAVITY = 9.81  # m/s^2, MuJoCo's default

gpu = pytest.mark.gpu
no_gpu = pytest.mark.skipif(jax.default_backend() != "gpu", reason="mjx/warp needs an NVIDIA GPU")
no_double = pytest.mark.skipif(
    not {"ISAAC_DOUBLE_PYTHON", "ISAAC_CONTRACT_PYTHON"} & set(os.environ)
    and importlib.util.find_spec("torch") is None,
    reason="the double of Isaac Gym needs torch: here, or in the interpreter ISAAC_DOUBLE_PYTHON",
)
ISAAC = [pytest.param(f"isaacgym/{contact}", marks=no_double) for contact in ("force_sensor", "net")]
BACKENDS = ["mujoco", "mjx/jax", pytest.param("mjx/warp", marks=[gpu, no_gpu]), *ISAAC]
LIVE = ["mujoco", *ISAAC]
DOUBLE = Path(__file__).parents[1] / "isaacgym_double"


class Rig(NamedTuple):
    """A physics and its verbs, compiled where they may be."""

    robot: Robot
    backend: str
    physics: Physics
    init: Callable[..., Any]
    step: Callable[..., Any]
    write: Callable[..., Any]
    read: Callable[..., Reading]


def config_of(backend_name: str) -> PhysicsConfig:
    """`BACKEND/VARIANT`: of mjx the implementation, of isaacgym what measures contact forces."""
    backend, _, variant = backend_name.partition("/")
    if backend != "isaacgym":
        return PhysicsConfig(backend=backend, impl=variant or "auto")
    contact = variant or "force_sensor"
    if "ISAAC_CONTRACT_PYTHON" in os.environ:
        return PhysicsConfig(backend=backend, isaac=asked_for(contact))
    os.environ["ISAAC_PYTHONPATH"] = str(DOUBLE)  # of the worker only
    python = os.environ.get("ISAAC_DOUBLE_PYTHON", sys.executable)
    return PhysicsConfig(backend=backend, isaac=double(python, contact=contact))


def asked_for(contact: str) -> IsaacGym:
    """The Isaac Gym that `python -m isaac_backend.check --contract` names."""
    python, device = os.environ["ISAAC_CONTRACT_PYTHON"], os.environ["ISAAC_CONTRACT_DEVICE"]
    pipeline = "cpu" if device == "cpu" else "gpu"
    return IsaacGym(python=python, device=device, pipeline=pipeline, contact=contact)


def double(python: str, **settings: Any) -> IsaacGym:
    """The double runs on the CPU; its threads would only take the cores from others."""
    return IsaacGym(python=python, device="cpu", pipeline="cpu", start_timeout_s=120.0, **settings)


@lru_cache
def make_rig(robot_name: str, backend_name: str) -> Rig:
    robot = ROBOTS[robot_name]
    physics = make_physics(Scene(robot), config_of(backend_name), NUM_ENVS, DT)
    verbs = (physics.step, physics.write, physics.read)
    return Rig(
        robot, backend_name, physics, physics.init, *(jax.jit(f) if physics.traceable else f for f in verbs)
    )


def standing(robot: Robot, height: float | None = None) -> RobotState:
    """At rest in the default pose, the base at its reset height or at `height`."""
    zero = np.zeros((NUM_ENVS, 3), np.float32)
    return RobotState(
        base_pos=zero + np.float32([0, 0, robot.base_height if height is None else height]),
        base_quat=np.tile(np.float32([1, 0, 0, 0]), (NUM_ENVS, 1)),
        base_lin_vel=zero,
        base_ang_vel=zero,
        dof_pos=np.tile(np.float32(robot.default_dof_pos), (NUM_ENVS, 1)),
        dof_vel=np.zeros((NUM_ENVS, len(robot.dofs)), np.float32),
    )


def tumbling(robot: Robot, seed: int = 0, height: float = 2.0) -> RobotState:
    """In the air at random attitudes, spins and joint states."""
    rng = np.random.default_rng(seed)
    quat = rng.normal(size=(NUM_ENVS, 4))
    low, high = np.array(robot.dof_pos_limit).T
    state = RobotState(
        base_pos=rng.uniform(-1, 1, (NUM_ENVS, 3)) + np.array([0, 0, height]),
        base_quat=quat / np.linalg.norm(quat, axis=1, keepdims=True),
        base_lin_vel=rng.uniform(-1, 1, (NUM_ENVS, 3)),
        base_ang_vel=rng.uniform(-3, 3, (NUM_ENVS, 3)),
        dof_pos=rng.uniform(0.8 * low, 0.8 * high, (NUM_ENVS, len(robot.dofs))),
        dof_vel=rng.uniform(-2, 2, (NUM_ENVS, len(robot.dofs))),
    )
    return jax.tree.map(np.float32, state)


def varied(**given: Any) -> Variation:
    """What is given: of each robot, or the same of all."""
    each = {name: np.asarray(x, np.float32) for name, x in given.items()}
    return {
        name: x if x.shape[:1] == (NUM_ENVS,) else np.tile(x, (NUM_ENVS, *(1,) * x.ndim))
        for name, x in each.items()
    }


def hold(rig: Rig, sim: Any, steps: int) -> Any:
    """Let the joints hold the default pose by their gains."""
    pose, kp, kd = (np.float32(x) for x in (rig.robot.default_dof_pos, rig.robot.kp, rig.robot.kd))
    for _ in range(steps):
        state = rig.read(sim).robot
        sim = rig.step(sim, kp * (pose - np.asarray(state.dof_pos)) - kd * np.asarray(state.dof_vel))
    return sim


@lru_cache
def settled(robot_name: str) -> RobotState:
    """Standing still, after two seconds of holding the default pose."""
    rig = make_rig(robot_name, "mujoco")
    return rig.read(hold(rig, rig.init(standing(rig.robot), varied()), 1000)).robot


def zero_torque(rig: Rig) -> np.ndarray:
    return np.zeros((NUM_ENVS, len(rig.robot.dofs)), np.float32)


def is_isaac(rig: Rig) -> bool:
    return rig.backend.startswith("isaacgym")
