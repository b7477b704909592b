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

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from jaxtyping import Float
from numpy import ndarray

from gpugym_jax.config import Config
from gpugym_jax.config_yaml import from_mapping
from gpugym_jax.tables import UserError, repeated

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


def _numbers(text: str, separator: str = ",") -> ndarray:
    return np.array([float(v) for v in text.split(separator)])


def _terms(data: Mapping[str, str]) -> tuple[Term, ...]:
    keys = ("observation_names", "observation_sizes", "observation_terms_scale")
    rows = zip(
        *(data[key].split(",") for key in keys), json.loads(data["observation_parameters"]), strict=True
    )
    return tuple(
        Term(name, np.array(repeated(_numbers(scale, ";"), int(size), f"the scale of '{name}'")), given)
        for name, size, scale, given in rows
    )


def _entry(told: Mapping[str, Any]) -> tuple[str, dict[str, Any]]:
    given = told["parameters"].items()
    return told["name"], {k: tuple(v) if isinstance(v, list) else v for k, v in given}


def _pair(text: str) -> Any:
    low, high = json.loads(text)
    return low, high


def parse(data: Mapping[str, str], source: str) -> Contract:
    """Metadata as data. `source` is the file, for errors."""
    try:
        joints = data["joint_names"].split(",")
        return Contract(
            task=data["task"],
            robot=data["robot"],
            joint_names=tuple(joints),
            actuated=tuple(joints.index(n) for n in data["actuated_joint_names"].split(",")),
            default_joint_pos=_numbers(data["default_joint_pos"]),
            stiffness=_numbers(data["joint_stiffness"]),
            damping=_numbers(data["joint_damping"]),
            torque_limits=_numbers(data["torque_limits"]),
            observations=_terms(data),
            observation_clip=float(data["observation_clip"]),
            observation_history=int(data["observation_history"]),
            observation_delay=_pair(data["observation_delay"]),
            encoder_offset=_pair(data["encoder_offset"]),
            action_blocks=tuple(data["action_blocks"].split(",")),
            action_scale=_numbers(data["action_scale"]),
            action_clip=_numbers(data["action_clip"]),
            command_ranges=np.array([_numbers(r, ";") for r in data["command_ranges"].split(",")]),
            step_dt=float(data["step_dt"]),
            sim_dt=float(data["sim_dt"]),
            motors=tuple(map(_entry, json.loads(data["motors"]))),
            clock=_entry(json.loads(data["clock"])),
            iteration=int(data["iteration"]),
            cfg=from_mapping(json.loads(data["gpugym_config"]), f"configuration in {source}"),
        )
    except KeyError as error:
        raise UserError(f"{source} is no policy of ours: its metadata lack {error}.") from None
