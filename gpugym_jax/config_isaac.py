"""Isaac Gym's own settings: the section `physics.isaac:` of a task."""

from dataclasses import dataclass, field
from typing import Literal

from gpugym_jax.bounds import Count, Device, Finite, NotNegative, OrNone, Positive, Whole


@dataclass(frozen=True)
class PhysX:
    """Isaac Gym's solver. The defaults are legged_gym's, `legged_robot_config.py`, class `sim.physx`."""

    threads: Whole = 10  # of the CPU solver
    solver_type: Literal[0, 1] = 1  # 0: projected Gauss-Seidel, 1: temporal Gauss-Seidel
    position_iterations: Count = 4
    velocity_iterations: Whole = 0
    contact_offset: NotNegative = 0.01  # m; contacts are made at less than the sum of both shapes'
    rest_offset: Finite = 0.0  # m
    bounce_threshold_velocity: NotNegative = 0.5  # m/s; no restitution below it
    max_depenetration_velocity: NotNegative = 1.0  # m/s
    friction_offset_threshold: NotNegative = 0.04  # m, PhysX's default
    friction_correlation_distance: NotNegative = 0.025  # m, PhysX's default
    buffer_size_multiplier: Positive = 5.0  # of the GPU's buffers
    max_gpu_contact_pairs: Count = 2**23


@dataclass(frozen=True)
class IsaacGym:
    """Isaac Gym and the process that it runs in."""

    python: str = ""  # its interpreter; empty: the one of the variable ISAAC_PYTHON
    contact: Literal["force_sensor", "net"] = "force_sensor"  # of the feet; "net": the net contact tensor
    device: Device = "cuda:0"  # "cuda:N" | "cpu"
    pipeline: Literal["gpu", "cpu"] = "gpu"  # where its tensors are
    headless: bool = True
    camera: bool = False  # whether pictures will be asked for
    graphics_device: OrNone = 0  # -1: none
    terrain: Literal["triangle_mesh", "height_field"] = "triangle_mesh"
    physx: PhysX = field(default_factory=PhysX)
    start_timeout_s: Positive = 600.0  # the first start compiles gymtorch
    step_timeout_s: Positive = 60.0
