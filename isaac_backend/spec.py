"""What the worker is told once: the robot, the ground and every parameter of the simulation."""

# MuJoCo's compiled classes have no type stubs.
# pyright: reportAttributeAccessIssue=false

import hashlib
import os
import re
import tempfile
from dataclasses import asdict
from pathlib import Path
from typing import Any

import mujoco
import numpy as np

from gpugym_jax.config import IsaacGym, PhysicsConfig
from gpugym_jax.robots.robot import Robot
from gpugym_jax.tables import UserError, unknown


def make_spec(
    robot: Robot,
    model: mujoco.MjModel,
    cfg: PhysicsConfig,
    num_envs: int,
    timestep: float,
    terrain: Any,
    simulator: Path | None,
) -> dict[str, Any]:
    """The hello's JSON but for what the connection adds to it: protocol and layout."""
    isaac = cfg.isaac
    settings = ("contact", "device", "headless", "camera", "graphics_device")
    return {
        "num_envs": num_envs,
        "num_dofs": len(robot.dofs),
        "num_bodies": len(robot.bodies),
        "simulator": None if simulator is None else str(Path(simulator).resolve()),
        "robot": robot_entry(model, robot),
        "timestep": timestep,
        "gravity": [float(g) for g in model.opt.gravity],
        **{name: getattr(isaac, name) for name in settings},
        "pipeline": "cpu" if isaac.device == "cpu" else isaac.pipeline,  # there is no other on a CPU
        "physx": asdict(isaac.physx),
        # PhysX averages the two frictions: with none on the ground a shape has twice the pair's
        "ground": {"static_friction": 0.0, "dynamic_friction": 0.0, "restitution": 0.0},
        "terrain": None if terrain is None else terrain_entry(terrain, isaac.terrain),
    }


CHOICES = {
    "contact": ("force_sensor", "net"),
    "pipeline": ("gpu", "cpu"),
    "terrain": ("triangle_mesh", "height_field"),
}


def check_settings(isaac: IsaacGym) -> None:
    """Raise a `UserError` for a word that is none of the settings'."""
    for name, choices in CHOICES.items():
        if getattr(isaac, name) not in choices:
            raise unknown(f"physics.isaac.{name}", getattr(isaac, name), choices)
    if not re.fullmatch(r"cpu|cuda:\d+", isaac.device):
        raise UserError(f"physics.isaac.device is '{isaac.device}'. There are: cpu, cuda:0, cuda:1, ...")


def robot_entry(model: mujoco.MjModel, robot: Robot) -> dict[str, Any]:
    """The robot's tables, and its URDF in the cache."""
    from isaac_backend.urdf import write_urdf

    with tempfile.TemporaryDirectory(dir=cache()) as folder:
        entry = write_urdf(model, robot, Path(folder))
        return {**entry, "urdf": str(keep(Path(entry["urdf"])))}


def terrain_entry(terrain: Any, kind: str) -> dict[str, Any]:
    """A terrain of `heights` (rows, cols) m, `spacing` m and `origin`, x and y of its first height, m."""
    with tempfile.TemporaryDirectory(dir=cache()) as folder:
        file = Path(folder) / "terrain.npy"
        np.save(file, np.asarray(terrain.heights, np.float32))
        kept = keep(file)
    origin = [float(x) for x in terrain.origin]
    return {"kind": kind, "file": str(kept), "spacing": float(terrain.spacing), "origin": origin}


def cache() -> Path:
    """The folder of what Isaac Gym reads from files."""
    folder = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "gpugym_jax" / "isaacgym"
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def keep(file: Path) -> Path:
    """Move a file into the cache under a name of its content, so that runs beside each other share it.

    A file that is removed after use would be left behind by a run that is killed; one of these is used again.
    """
    digest = hashlib.sha256(file.read_bytes()).hexdigest()[:16]
    kept = cache() / f"{file.stem}-{digest}{file.suffix}"
    os.replace(file, kept)
    return kept
