"""`python -m isaac_backend.bench`: what the process boundary costs a substep, with no simulator behind it."""

# `types.py` speaks of JAX arrays; here NumPy's stand in for them.
# pyright: reportArgumentType=false

import contextlib
import os
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

import numpy as np

from gpugym_jax import cli
from gpugym_jax.config import IsaacGym, PhysicsConfig
from gpugym_jax.files import check_file
from gpugym_jax.robots.robot import Robot
from gpugym_jax.robots.scene import Scene, make_scene
from gpugym_jax.runs.results import write_result
from gpugym_jax.types import RobotState
from isaac_backend import protocol
from isaac_backend.client import IsaacPhysics
from isaac_backend.connection import Connection

STILL = Path(__file__).with_name("still.py")
DECIMATION = 4  # substeps a control step, legged_gym's
CONTROL_STEP_S = 0.031  # 8,192 robots at 260,000 control steps/s: OmniIsaacGymEnvs, issue 12
WARM_UP = 50


@dataclass(frozen=True)
class Flags:
    """Measure the boundary between JAX's process and Isaac Gym's, with nothing behind it."""

    sizes: tuple[int, ...] = (64, 4096)
    """Numbers of robots."""
    robot: str = "mini_cheetah"
    """Whose joints and bodies."""
    substeps: int = 2000
    """Substeps a measurement."""
    isaac_python: str = ""
    """The worker's interpreter, which needs NumPy only; ISAAC_PYTHON or this one by default."""
    json: Path | None = None
    """Where to write the figures."""


def seconds(verb: Callable[[], Any], times: int) -> np.ndarray:
    """How long each of `times` calls took, s."""
    for _ in range(WARM_UP):
        verb()
    stamps = [time.perf_counter()]
    for _ in range(times):
        verb()
        stamps.append(time.perf_counter())
    return np.diff(stamps)


def summary(taken: np.ndarray) -> dict[str, float]:
    """Median and 99th percentile, microseconds."""
    median, p99 = (round(1e6 * float(np.percentile(taken, q)), 1) for q in (50, 99))
    return {"median_us": median, "p99_us": p99}


def through_client(scene: Scene, num_envs: int, substeps: int, python: str) -> np.ndarray:
    """A substep as an environment calls it: torque in, exchange, reading out."""
    cfg = PhysicsConfig(backend="isaacgym", isaac=IsaacGym(python=python))
    physics = IsaacPhysics(scene, cfg, num_envs, 0.005, simulator=STILL)
    arrays = {f.name: np.zeros(f.shape, np.float32) for f in table_of(scene.robot, num_envs)}
    state = RobotState(**{f.name: arrays[f.name] for f in fields(RobotState)})
    sim = physics.init(state, {})

    def step() -> None:
        nonlocal sim
        sim = physics.step(sim, arrays["torque"])

    with contextlib.closing(physics):
        return seconds(step, substeps)


def through_connection(robot: Robot, num_envs: int, substeps: int, python: str) -> np.ndarray:
    """The exchange of messages and what the worker does between them, with no copies on this side."""
    sizes = {"num_envs": num_envs, "num_dofs": len(robot.dofs), "num_bodies": len(robot.bodies)}
    connection = Connection(python, {**sizes, "simulator": str(STILL)}, limit_s=60.0)
    with contextlib.closing(connection):
        connection.ask(protocol.INIT)
        return seconds(lambda: connection.ask(protocol.STEP), substeps)


def table_of(robot: Robot, num_envs: int) -> protocol.Fields:
    """The arena's arrays."""
    return protocol.fields(num_envs, len(robot.dofs), len(robot.bodies))


def size_of(table: protocol.Fields) -> int:
    """Bytes of these arrays."""
    return sum(int(np.prod(f.shape)) * np.dtype(f.dtype).itemsize for f in table)


def measure(scene: Scene, num_envs: int, substeps: int, python: str) -> dict[str, Any]:
    """One size's figures."""
    robot = scene.robot
    step = through_client(scene, num_envs, substeps, python)
    exchange = through_connection(robot, num_envs, substeps, python)
    table = table_of(robot, num_envs)
    return {
        "robot": robot.name,
        "num_envs": num_envs,
        "dofs": len(robot.dofs),
        "bodies": len(robot.bodies),
        "bytes_to_worker": size_of(table[:2]),
        "bytes_from_worker": size_of(protocol.of_worker(table)),
        "step": summary(step),
        "exchange_without_client_copies": summary(exchange),
        "share_of_a_control_step": round(float(DECIMATION * np.median(step) / CONTROL_STEP_S), 4),
    }


def run(flags: Flags, overrides: list[str]) -> int:
    """Measure, print, write."""
    check_file(flags.json, "--json")
    scene = make_scene(flags.robot)
    python = flags.isaac_python or os.environ.get("ISAAC_PYTHON", "") or sys.executable
    rows = []
    for num_envs in flags.sizes:
        rows.append(measure(scene, num_envs, flags.substeps, python))
        print(rows[-1], flush=True)
    if flags.json:
        figures = {"substeps": flags.substeps, "decimation": DECIMATION, "control_step_s": CONTROL_STEP_S}
        write_result(flags.json, {**figures, "rows": rows})
    return 0


def main(argv: list[str] | None = None) -> int:
    """The command."""
    return cli.main(Flags, run, argv, prog="python -m isaac_backend.bench")


if __name__ == "__main__":
    sys.exit(main())
