"""What a policy file says of itself, so that a robot or a simulator can feed it and obey it.

Keys and encoding are mjlab's (`mjlab/rl/exporter_utils.py`: `,` between entries, `;` inside one) with every
digit kept, plus our own. The input of the graph is the concatenation of the terms in `observation_names`;
each is the value in its own unit, times its entry of `observation_terms_scale`, clipped to
+-`observation_clip`. The normaliser and the action's clip and scale are in the graph. Of its outputs,

- `actions` are targets: rad from `default_joint_pos` in a `dof_pos_target` block, N m in a `tau_ff` block;
- `raw_actions` are what the network gave: the observation `action` is those of the step before, unscaled and
  unclipped, zero at reset.

The observation `target_history` is the last three blocks `dof_pos_target` of `actions`, the newest first
(that of the step before), zero at reset. Torque is worked out anew at every `sim_dt`, N m: `motors` names the
motor and then what is wrapped around it from the inside out, each with its parameters and its rule.
The gait clock advances 2 pi `gait_hz` `step_dt` a step.
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
from gpugym_jax.tables import UserError

Motors = tuple[tuple[str, dict[str, Any]], ...]
"""A motor and the wrappers around it, innermost first: names and parameters."""


@dataclass(frozen=True)
class Term:
    """A part of the observation vector."""

    name: str
    scale: Float[ndarray, " n"]  # what the value is multiplied by


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
    action_blocks: tuple[str, ...]  # each as wide as `actuated`
    action_scale: Float[ndarray, " act"]
    action_clip: Float[ndarray, " act"]
    command_ranges: Float[ndarray, "3 2"]  # m/s, m/s, rad/s
    step_dt: float  # s
    sim_dt: float  # s
    decimation: int
    motors: Motors  # the motor first, then its wrappers from the inside out
    gait_hz: float  # 0: no gait clock
    iteration: int
    cfg: Config  # the whole of the training configuration

    @property
    def obs_size(self) -> int:
        """Width of the observation."""
        return sum(t.scale.size for t in self.observations)

    @property
    def action_size(self) -> int:
        """Width of the action."""
        return self.action_scale.size


def _numbers(text: str, separator: str = ",") -> ndarray:
    return np.array([float(v) for v in text.split(separator)])


def _terms(data: Mapping[str, str]) -> tuple[Term, ...]:
    keys = ("observation_names", "observation_sizes", "observation_terms_scale")
    rows = zip(*(data[key].split(",") for key in keys), strict=True)
    return tuple(Term(name, np.resize(_numbers(scale, ";"), int(size))) for name, size, scale in rows)


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
            action_blocks=tuple(data["action_blocks"].split(",")),
            action_scale=_numbers(data["action_scale"]),
            action_clip=_numbers(data["action_clip"]),
            command_ranges=np.array([_numbers(r, ";") for r in data["command_ranges"].split(",")]),
            step_dt=float(data["step_dt"]),
            sim_dt=float(data["sim_dt"]),
            decimation=int(data["decimation"]),
            motors=tuple((m["name"], m["parameters"]) for m in json.loads(data["motors"])),
            gait_hz=float(data["gait_hz"]),
            iteration=int(data["iteration"]),
            cfg=from_mapping(json.loads(data["gpugym_config"]), f"configuration in {source}"),
        )
    except KeyError as error:
        raise UserError(f"{source} is no policy of ours: its metadata lack {error}.") from None
