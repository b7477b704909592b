"""A policy as its file says that it is run: what it sees, remembers and is driven by."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

import numpy as np
from jaxtyping import Float, Int
from numpy import ndarray

from gpugym_jax.gate.clocks import Clock, make_clock
from gpugym_jax.gate.motors import Motor, Plant, Rng, make_motor
from gpugym_jax.gate.rotation import yaw_of
from gpugym_jax.gate.world import State, base_velocity, gravity
from gpugym_jax.policy.file import Policy
from gpugym_jax.policy.metadata import Contract, Term
from gpugym_jax.tables import UserError, choose

CONTACT_FORCE = 1.0
"""N, vertical: a foot pressed harder than this touches the ground."""


@dataclass(frozen=True)
class Memory:
    """What a consumer of the policy remembers from one control step to the next."""

    raw_action: Float[ndarray, "n act"]
    target_history: Float[ndarray, "n 3 joint"]  # rad from default, of the actuated joints, newest first
    motor: Any  # the motors' own
    phase: Float[ndarray, "n ..."]  # rad, of the clock
    encoder_offset: Float[ndarray, "n dof"]  # rad, what encoders say too much
    seen: Float[ndarray, "n age size"] | None  # observations of the control steps before, the newest first
    late: Int[ndarray, " n"]  # control steps by which the policy sees late
    rng: Rng  # of what is drawn as the episode goes on


@dataclass(frozen=True)
class Facts:
    """What an observation term may read."""

    state: State
    memory: Memory
    command: Float[ndarray, "n 3"]
    foot_force: Float[ndarray, "n foot 3"]  # N, world
    default: Float[ndarray, " dof"]  # rad

    @property
    def encoders(self) -> Float[ndarray, "n dof"]:
        """Joint positions as the encoders say, rad."""
        return self.state.dof_pos + self.memory.encoder_offset

    @property
    def phase(self) -> Float[ndarray, "n ..."]:
        """Of the clock, rad."""
        if not self.memory.phase.size:
            raise UserError("the policy observes the phase of a clock, and its clock is 'none'.")
        return self.memory.phase


TERMS: dict[str, Callable[..., Float[ndarray, "n size"]]] = {
    "base_height": lambda f: f.state.base_pos[:, 2:],
    "base_lin_vel": lambda f: base_velocity(f.state),
    "base_ang_vel": lambda f: f.state.base_ang_vel,
    "projected_gravity": lambda f: gravity(f.state),
    "heading": lambda f: np.stack([g(yaw_of(f.state.base_quat)) for g in (np.sin, np.cos)], -1),
    "command": lambda f: f.command,
    "dof_pos": lambda f: f.encoders - f.default,
    "dof_pos_abs": lambda f: f.encoders,
    "dof_sin_cos": lambda f: np.concatenate([np.sin(f.encoders), np.cos(f.encoders)], -1),
    "dof_vel": lambda f: f.state.dof_vel,
    "action": lambda f: f.memory.raw_action,
    "target_history": lambda f: f.memory.target_history.reshape(len(f.command), -1),
    "gait_phase": lambda f: np.stack([np.sin(f.phase), np.cos(f.phase)], -1),
    "foot_contact": lambda f: (f.foot_force[..., 2] > CONTACT_FORCE).astype(float),
}


class Pupil(NamedTuple):
    """A policy with what its file names, looked up: all that runs on a robot's computer."""

    policy: Policy
    clock: Clock
    motor: Motor
    terms: tuple[Callable[[Facts], Float[ndarray, "n size"]], ...]

    @property
    def contract(self) -> Contract:
        """The policy's."""
        return self.policy.contract


def make_pupil(policy: Policy) -> Pupil:
    """The policy, ready to act."""
    c = policy.contract
    joints = list(c.actuated)
    plant = Plant(c.default_joint_pos[joints], c.torque_limits[joints])
    terms = tuple(choose("observation", t.name, TERMS, t.parameters) for t in c.observations)
    return Pupil(policy, make_clock(c.clock), make_motor(plant, c.motors), terms)


def begin(pupil: Pupil, n: int, rng: Rng) -> Memory:
    """The memory at the start of episodes, with what an episode draws."""
    contract = pupil.contract
    joints, dofs = len(contract.actuated), len(contract.joint_names)
    low, high = contract.observation_delay
    return Memory(
        raw_action=np.zeros((n, contract.action_size)),
        target_history=np.zeros((n, 3, joints)),
        motor=pupil.motor.init(rng, n),
        phase=pupil.clock.init(rng, n),
        encoder_offset=rng.uniform(*contract.encoder_offset, (n, dofs)),
        seen=None,
        late=rng.integers(low, high + 1, n),
        rng=rng,
    )


def take_in(
    contract: Contract, memory: Memory, now: Float[ndarray, "n size"]
) -> tuple[Memory, Float[ndarray, "n obs"]]:
    """Remember what is seen now, and give what is due: the history, as late as the policy sees."""
    history, (_, most) = contract.observation_history, contract.observation_delay
    before = np.repeat(now[:, None], history + most, 1) if memory.seen is None else memory.seen
    seen = np.concatenate([now[:, None], before[:, : history + most - 1]], 1)
    ages = memory.late[:, None] + np.arange(history)
    due = np.take_along_axis(seen, ages[..., None], 1)
    return replace(memory, seen=seen), due.reshape(len(now), -1)


def scaled(value: Float[ndarray, "n size"], term: Term) -> Float[ndarray, "n size"]:
    """A term as the policy is fed it."""
    if value.shape[-1] != term.scale.size:
        has, is_ = term.scale.size, value.shape[-1]
        raise UserError(f"the policy's file has {has} numbers of '{term.name}'; on this robot it has {is_}.")
    return value * term.scale


def observe(
    pupil: Pupil,
    state: State,
    memory: Memory,
    command: Float[ndarray, "n 3"],
    foot_force: Float[ndarray, "n foot 3"],
) -> tuple[Memory, Float[ndarray, "n obs"]]:
    """The memory after, and what the policy is fed: each term times its scale, clipped, in order."""
    contract = pupil.contract
    facts = Facts(state, memory, command, foot_force, contract.default_joint_pos)
    rows = zip(pupil.terms, contract.observations, strict=True)
    parts = [scaled(value(facts), term) for value, term in rows]
    clip = contract.observation_clip
    # A robot that MuJoCo lost is counted as fallen elsewhere; here it must not poison the others' batch.
    now = np.nan_to_num(np.clip(np.concatenate(parts, -1), -clip, clip)).astype(np.float32)
    return take_in(contract, memory, now)
