"""What a policy file says of itself, so that a robot or a simulator can feed it and obey it.

Keys and encoding are mjlab's (`mjlab/rl/exporter_utils.py`: `,` between entries, `;` inside one) with every
digit kept, plus our own in JSON:

- `observation_layout`: for each number of the graph's input its term, name, unit, frame, what the value is
  multiplied by, and how many control steps old it is;
- `clock`: what the phase follows, with parameters and rule;
- `motors`: the motor and what is wrapped around it from the inside out, with parameters and rule;
- `rules`: in words, how observations, memory and torques are made, in which order, and how they start.

The normaliser and the action's clip and scale are in the graph. `policy/description.py` writes all this.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from jaxtyping import Float
from numpy import ndarray

from gpugym_jax.bounds import MOST_STEPS
from gpugym_jax.config import Config
from gpugym_jax.config_yaml import from_mapping
from gpugym_jax.policy.fields import Fields
from gpugym_jax.tables import repeated, unknown

Motors = tuple[tuple[str, dict[str, Any]], ...]
"""A motor and the wrappers around it, innermost first: names and parameters."""


@dataclass(frozen=True)
class Term:
    """A part of the observation vector."""

    name: str
    scale: Float[ndarray, " n"]  # what the value is multiplied by
    parameters: dict[str, Any]


@dataclass(frozen=True)
class Contract:
    """A policy file's metadata, read: what one must know to run it."""

    task: str
    robot: str
    joint_names: tuple[str, ...]
    actuated: tuple[int, ...]  # indices into `joint_names`
    default_joint_pos: Float[ndarray, " dof"]  # rad
    stiffness: Float[ndarray, " dof"]  # N m/rad, 0 where not actuated
    damping: Float[ndarray, " dof"]  # N m s/rad, likewise
    torque_limits: Float[ndarray, " dof"]  # N m, likewise
    observations: tuple[Term, ...]
    observation_clip: float
    observation_history: int  # control steps that the policy sees at once, the newest first
    observation_delay: tuple[int, int]  # control steps, drawn each episode
    encoder_offset: tuple[float, float]  # rad, likewise
    action_blocks: tuple[str, ...]  # each as wide as `actuated`
    action_scale: Float[ndarray, " act"]
    action_clip: Float[ndarray, " act"]
    command_ranges: Float[ndarray, "3 2"]  # m/s, m/s, rad/s
    step_dt: float  # s
    sim_dt: float  # s
    motors: Motors  # the motor first, then its wrappers from the inside out
    clock: tuple[str, dict[str, Any]]
    iteration: int
    cfg: Config  # the whole of the training configuration

    @property
    def obs_size(self) -> int:
        """Width of the observation."""
        return self.observation_history * sum(t.scale.size for t in self.observations)

    @property
    def action_size(self) -> int:
        """Width of the action."""
        return self.action_scale.size


BLOCKS = ("dof_pos_target", "tau_ff")
"""Names that `mdp/actions.py` gives to what an action may be."""


def _terms(fields: Fields) -> tuple[Term, ...]:
    names = fields.text("observation_names").split(",")  # a term may come twice, with other parameters
    sizes = fields.numbers("observation_sizes", len(names), 1).astype(int)
    scales = fields.text("observation_terms_scale").split(",")
    given = fields.json("observation_parameters", list, "a list of parameters")
    if not len(scales) == len(given) == len(names) or not all(
        isinstance(params, dict) and name for name, params in zip(names, given, strict=True)
    ):
        raise fields.wrong("observation_names", "a scale and parameters for each")
    each = [f"observation_terms_scale of '{name}' (number {i})" for i, name in enumerate(names)]
    told = Fields(dict(zip(each, scales, strict=True)), fields.source)
    wide = [told.numbers(key, len(scale.split(";"))) for key, scale in zip(each, scales, strict=True)]
    rows = zip(names, sizes, wide, given, strict=True)
    return tuple(
        Term(name, np.array(repeated(tuple(scale), size, f"{fields.source}: the scale of '{name}'")), params)
        for name, size, scale, params in rows
    )


def _delay(fields: Fields) -> tuple[int, int]:
    low, high = fields.pair("observation_delay", 0)
    if not (isinstance(low, int) and isinstance(high, int) and high <= MOST_STEPS):
        raise fields.wrong("observation_delay", f"[low, high], whole numbers up to {MOST_STEPS}")
    return low, high


def _history(fields: Fields) -> int:
    found = fields.whole("observation_history", 1)
    if found > MOST_STEPS:
        raise fields.wrong("observation_history", f"a whole number from 1 to {MOST_STEPS}")
    return found


def _ranges(fields: Fields) -> ndarray:
    found = fields.numbers("command_ranges", 6).reshape(3, 2)
    if (found[:, 0] > found[:, 1]).any():
        raise fields.wrong("command_ranges", "low;high of three commands")
    return found


def _listed(fields: Fields) -> list[Any]:
    found = fields.json("motors", list, "a list of motors")
    if not found:
        raise fields.wrong("motors", "a motor, and what is wrapped around it,")
    return found


def _blocks(fields: Fields) -> tuple[str, ...]:
    found = fields.names("action_blocks")
    for name in found:
        if name not in BLOCKS:
            raise unknown(f"action block of {fields.source}", name, BLOCKS)
    return found


def parse(data: Mapping[str, str], source: str) -> Contract:
    """Metadata as data, all of it checked.

    Args:
        data: Of the file, by key.
        source: The file, for errors.

    Raises:
        UserError: A field is missing, or is not what it should be; the line says which and what.
    """
    fields = Fields(data, source)
    joints, actuated = fields.names("joint_names"), fields.names("actuated_joint_names")
    for name in actuated:
        if name not in joints:
            raise unknown(f"actuated joint of {source}", name, joints)
    blocks, dofs = _blocks(fields), len(joints)
    actions = len(blocks) * len(actuated)
    return Contract(
        task=fields.text("task"),
        robot=fields.text("robot"),
        joint_names=joints,
        actuated=tuple(joints.index(n) for n in actuated),
        default_joint_pos=fields.numbers("default_joint_pos", dofs),
        stiffness=fields.numbers("joint_stiffness", dofs, 0),
        damping=fields.numbers("joint_damping", dofs, 0),
        torque_limits=fields.numbers("torque_limits", dofs, 0, endless=True),
        observations=_terms(fields),
        observation_clip=fields.number("observation_clip", 0, endless=True, above=True),
        observation_history=_history(fields),
        observation_delay=_delay(fields),
        encoder_offset=fields.pair("encoder_offset"),
        action_blocks=blocks,
        action_scale=fields.numbers("action_scale", actions),
        action_clip=fields.numbers("action_clip", actions, 0, endless=True, above=True),
        command_ranges=_ranges(fields),
        step_dt=fields.number("step_dt", 0, above=True),
        sim_dt=fields.number("sim_dt", 0, above=True),
        motors=tuple(fields.entry("motors", e) for e in _listed(fields)),
        clock=fields.entry("clock", fields.json("clock", dict, "a clock")),
        iteration=fields.whole("iteration", 0),
        cfg=from_mapping(fields.json("gpugym_config", dict, "a configuration"), f"configuration in {source}"),
    )
