"""The observation vector, rebuilt from a policy file's metadata."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from jaxtyping import Float
from numpy import ndarray

from gpugym_jax.gate.motors import Motor, Plant, Rng, make_motor
from gpugym_jax.gate.world import State, base_velocity, gravity
from gpugym_jax.policy.metadata import Contract
from gpugym_jax.tables import lookup

CONTACT_FORCE = 1.0
"""N, vertical: a foot pressed harder than this touches the ground."""


@dataclass(frozen=True)
class Memory:
    """What a consumer of the policy remembers from one control step to the next."""

    raw_action: Float[ndarray, "n act"]
    target_history: Float[ndarray, "n 3 joint"]  # rad from default, of the actuated joints, newest first
    motor: Any  # the motors' own
    phase: Float[ndarray, " n"]  # rad, gait clock


@dataclass(frozen=True)
class Facts:
    """What an observation term may read."""

    state: State
    memory: Memory
    command: Float[ndarray, "n 3"]
    foot_force: Float[ndarray, "n foot 3"]  # N, world
    default: Float[ndarray, " dof"]  # rad


TERMS: dict[str, Callable[[Facts], Float[ndarray, "n size"]]] = {
    "base_height": lambda f: f.state.base_pos[:, 2:],
    "base_lin_vel": lambda f: base_velocity(f.state),
    "base_ang_vel": lambda f: f.state.base_ang_vel,
    "projected_gravity": lambda f: gravity(f.state),
    "command": lambda f: f.command,
    "dof_pos": lambda f: f.state.dof_pos - f.default,
    "dof_pos_abs": lambda f: f.state.dof_pos,
    "dof_sin_cos": lambda f: np.concatenate([np.sin(f.state.dof_pos), np.cos(f.state.dof_pos)], -1),
    "dof_vel": lambda f: f.state.dof_vel,
    "action": lambda f: f.memory.raw_action,
    "target_history": lambda f: f.memory.target_history.reshape(len(f.command), -1),
    "gait_phase": lambda f: np.stack([np.sin(f.memory.phase), np.cos(f.memory.phase)], -1),
    "foot_contact": lambda f: (f.foot_force[..., 2] > CONTACT_FORCE).astype(float),
}


def motor_of(contract: Contract) -> Motor:
    """The motors that the file names."""
    joints = list(contract.actuated)
    plant = Plant(contract.default_joint_pos[joints], contract.torque_limits[joints])
    return make_motor(plant, contract.motors)


def begin(contract: Contract, phase: Float[ndarray, " n"], rng: Rng) -> Memory:
    """The memory at the start of episodes, with what an episode draws."""
    n, joints = len(phase), len(contract.actuated)
    return Memory(
        raw_action=np.zeros((n, contract.action_size)),
        target_history=np.zeros((n, 3, joints)),
        motor=motor_of(contract).init(rng, n),
        phase=phase,
    )


def observe(
    contract: Contract,
    state: State,
    memory: Memory,
    command: Float[ndarray, "n 3"],
    foot_force: Float[ndarray, "n foot 3"],
) -> Float[ndarray, "n obs"]:
    """What the policy is fed: each term times its scale, clipped, in the file's order."""
    facts = Facts(state, memory, command, foot_force, contract.default_joint_pos)
    parts = [lookup("observation", t.name, TERMS)(facts) * t.scale for t in contract.observations]
    clip = contract.observation_clip
    # A robot that MuJoCo lost is counted as fallen elsewhere; here it must not poison the others' batch.
    return np.nan_to_num(np.clip(np.concatenate(parts, -1), -clip, clip)).astype(np.float32)
