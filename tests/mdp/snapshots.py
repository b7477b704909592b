"""A snapshot of a mini cheetah that stands still, with the fields of interest replaced."""

from typing import Any

import jax.numpy as jnp

from gpugym_jax.mdp.snapshot import Feet, Snapshot
from gpugym_jax.robots import ROBOTS

ROBOT = ROBOTS["mini_cheetah"]
DT = 0.02


def make_snapshot(**fields: Any) -> Snapshot:
    dof, act, body, foot = len(ROBOT.dofs), len(ROBOT.actuated_ids), len(ROBOT.bodies), 4
    still: dict[str, Any] = {
        "base_pos": [0, 0, 0.3],
        "base_height": 0.3,
        "base_quat": [1, 0, 0, 0],
        "base_lin_vel": [0, 0, 0],
        "base_ang_vel": [0, 0, 0],
        "projected_gravity": [0, 0, -1],
        "dof_pos": ROBOT.default_dof_pos,
        "dof_vel": jnp.zeros(dof),
        "dof_acc": jnp.zeros(dof),
        "torque": jnp.zeros(dof),
        "command": [0, 0, 0],
        "action": jnp.zeros(act),
        "last_action": jnp.zeros(act),
        "target_history": jnp.zeros((3, act)),
        "body_pos": jnp.zeros((body, 3)),
        "body_vel": jnp.zeros((body, 3)),
        "body_force": jnp.zeros((body, 3)),
        "foot_force": jnp.zeros((foot, 3)),
        "foot_pos": jnp.zeros((foot, 3)),
        "foot_vel": jnp.zeros((foot, 3)),
        "foot_contact": jnp.zeros(foot, bool),
        "touched_down": jnp.zeros(foot, bool),
        "air_time": jnp.zeros(foot),
        "clock": 0.0,
        "encoder_offset": jnp.zeros(dof),
        "step": 0,
    }
    unknown = set(fields) - set(still)
    assert not unknown, unknown
    arrays = {k: v if hasattr(v, "dtype") else jnp.array(v) for k, v in {**still, **fields}.items()}
    floats = {k: v.astype(jnp.float32) if v.dtype != bool and k != "step" else v for k, v in arrays.items()}
    feet = Feet(**{name: floats.pop(name if name in floats else f"foot_{name}") for name in Feet._fields})
    return Snapshot(**floats, feet=feet, robot=ROBOT, dt=DT)
