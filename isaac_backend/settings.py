"""Every parameter of Isaac Gym that the worker sets, as tables.

Many defaults are documented differently in different places, so none is relied on. Python 3.8, Isaac Gym.
"""

from typing import List

import numpy as np
from isaacgym import gymapi

from values import Values


def sim_values(spec: Values) -> Values:
    """Fields of `SimParams`."""
    return {
        "dt": spec["timestep"],
        "substeps": 1,
        "up_axis": gymapi.UP_AXIS_Z,
        "gravity": gymapi.Vec3(*spec["gravity"]),
        "use_gpu_pipeline": spec["pipeline"] == "gpu",
        "num_client_threads": 0,
        "enable_actor_creation_warning": True,
        "stress_visualization": False,
    }


def physx_values(spec: Values) -> Values:
    """Fields of `SimParams.physx`."""
    physx = spec["physx"]
    return {
        "use_gpu": spec["device"] != "cpu",
        "num_threads": physx["threads"],
        "num_subscenes": 0,
        "solver_type": physx["solver_type"],
        "num_position_iterations": physx["position_iterations"],
        "num_velocity_iterations": physx["velocity_iterations"],
        "contact_offset": physx["contact_offset"],
        "rest_offset": physx["rest_offset"],
        "bounce_threshold_velocity": physx["bounce_threshold_velocity"],
        "max_depenetration_velocity": physx["max_depenetration_velocity"],
        "friction_offset_threshold": physx["friction_offset_threshold"],
        "friction_correlation_distance": physx["friction_correlation_distance"],
        "default_buffer_size_multiplier": physx["buffer_size_multiplier"],
        "max_gpu_contact_pairs": physx["max_gpu_contact_pairs"],
        # there is one substep; summing over all of them is reported to give wrong forces
        "contact_collection": gymapi.CC_LAST_SUBSTEP,
        "always_use_articulations": True,  # else a robot of one link could have no force sensor
    }


def asset_values(robot: Values) -> Values:
    """Fields of `AssetOptions`."""
    return {
        "angular_damping": 0.0,
        "linear_damping": 0.0,
        "max_angular_velocity": 1000.0,  # rad/s
        "max_linear_velocity": 1000.0,  # m/s
        "armature": 0.0,  # of links; that of joints is a property of the DOFs
        "use_physx_armature": True,
        "collapse_fixed_joints": False,  # so that feet keep rows of their own
        "convex_decomposition_from_submeshes": False,
        "default_dof_drive_mode": int(gymapi.DOF_MODE_EFFORT),
        "density": 1000.0,
        "disable_gravity": False,
        "enable_gyroscopic_forces": True,
        "fix_base_link": not robot["floating"],
        "flip_visual_attachments": False,
        "mesh_normal_mode": gymapi.FROM_ASSET,
        "min_particle_mass": 1e-12,
        "override_com": False,
        "override_inertia": False,
        "replace_cylinder_with_capsule": True,
        "slices_per_cylinder": 20,
        "tendon_limit_stiffness": 1.0,
        "thickness": 0.01,
        "use_mesh_materials": False,
        "vhacd_enabled": False,
    }


def dof_values(dof: Values, order: List[int]) -> Values:
    """Columns of the DOF properties in Isaac Gym's order; `order` are indices into the spec's.

    Damping is 0 here and applied as a torque at each step: whether it acts in effort mode is not known. The
    effort has room for that torque, in case PhysX clamps to it. Where the spec has no limit a column holds
    NaN: the asset's own value stays.
    """
    columns = {name: np.array(dof[name], float)[order] for name in dof}
    zero = np.zeros(len(order))
    return {
        "driveMode": zero + int(gymapi.DOF_MODE_EFFORT),
        "stiffness": zero,
        "damping": zero,
        "armature": columns["armature"],
        "friction": columns["friction"],
        "velocity": columns["velocity"],
        "effort": columns["effort"] + columns["damping"] * columns["velocity"],
        "lower": columns["lower"],
        "upper": columns["upper"],
    }
