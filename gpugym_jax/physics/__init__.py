"""Physics backends by name, imported only when asked for."""

import contextlib
import importlib.util
import io
from collections.abc import Mapping

import jax

from gpugym_jax.bounds import Robots
from gpugym_jax.config import Draw, PhysicsConfig
from gpugym_jax.robots.scene import Scene
from gpugym_jax.tables import UserError, read, unknown
from gpugym_jax.types import Physics

BACKENDS = ("mjx", "mujoco", "isaacgym")
IMPLS = ("jax", "warp")


def resolve(cfg: PhysicsConfig) -> tuple[str, str]:
    """Backend and, of mjx, implementation: those asked for, or what the hardware does best.

    An NVIDIA GPU: mjx, with Warp if it is installed. No GPU: mujoco.
    """
    gpu = jax.default_backend() == "gpu"
    backend = cfg.backend if cfg.backend != "auto" else "mjx" if gpu else "mujoco"
    if backend not in BACKENDS:
        raise unknown("backend", backend, (*BACKENDS, "auto"))
    if backend != "mjx":
        return backend, ""
    impl = cfg.impl if cfg.impl != "auto" else "warp" if gpu and has_warp() else "jax"
    if impl not in IMPLS:
        raise unknown("impl of mjx", impl, (*IMPLS, "auto"))
    if impl == "warp" and not has_warp():
        raise UserError("impl 'warp' of mjx needs the package warp-lang: pip install 'gpugym-jax[warp]'.")
    return backend, impl


def has_warp() -> bool:
    """Whether MJX's Warp implementation can be imported."""
    return importlib.util.find_spec("warp") is not None


def make_physics(
    scene: Scene,
    cfg: PhysicsConfig,
    num_envs: int,
    timestep: float,
    varied: Mapping[str, Draw] | None = None,
) -> Physics:
    """`num_envs` robots of the scene in the backend that `cfg` asks for, with substeps of `timestep` s.

    `varied` holds the properties that may differ from robot to robot; None stands for all that the robot can
    have. Fewer may be faster. One that the backend cannot apply or renew is a `UserError`, and so is a range
    of which an end has no meaning.
    """
    num_envs = read("num_envs", Robots, num_envs)
    backend, impl = resolve(cfg)
    if backend == "mujoco":
        from gpugym_jax.physics.mujoco import MujocoPhysics

        return MujocoPhysics(scene, cfg, num_envs, timestep, varied)
    if backend == "isaacgym":
        from isaac_backend.client import IsaacPhysics

        return IsaacPhysics(scene, cfg, num_envs, timestep, varied)
    # Without Warp, MJX prints two lines as it is imported; standard output belongs to the commands.
    with contextlib.redirect_stdout(io.StringIO()):
        from gpugym_jax.physics.mjx import MjxPhysics

    return MjxPhysics(scene, cfg, num_envs, timestep, impl, varied)
