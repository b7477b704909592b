"""What a policy file says of itself, so that a robot or a simulator can feed it and obey it.

Keys and encoding are mjlab's (`mjlab/rl/exporter_utils.py`: `,` between entries, `;` inside one) with every
digit kept, plus our own. The input of the graph is the concatenation of the terms in `observation_names`;
each is the value in its own unit, times its entry of `observation_terms_scale`, clipped to
+-`observation_clip`. The normaliser and the action's clip and scale are in the graph. Of its outputs,

- `actions` are targets: rad from `default_joint_pos` in a `dof_pos_target` block, N m in a `tau_ff` block;
- `raw_actions` are what the network gave: the observation `action` is those of the step before, unscaled and
  unclipped, zero at reset.

The observation `target_history` is the last three blocks `dof_pos_target` of `actions`, the newest first
(that of the step before), zero at reset. Torque at every `sim_dt`, in N m, clipped to +-`torque_limits`:
`smoothed += smoothing * (target - smoothed)` (zero at reset), then
`joint_stiffness * (default_joint_pos + smoothed - q) - joint_damping * qd + tau_ff`.
The gait clock advances 2 pi `gait_hz` `step_dt` a step.
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float
from numpy import ndarray

from gpugym_jax import __version__
from gpugym_jax.config import Config, decimation_of
from gpugym_jax.config_yaml import from_mapping, to_mapping
from gpugym_jax.robots.robot import Robot
from gpugym_jax.tables import UserError, lookup

COMMAND_NAMES = ("lin_vel_x", "lin_vel_y", "ang_vel_yaw")

TERM_SIZES: dict[str, Callable[[Robot], int]] = {
    "base_height": lambda robot: 1,
    "base_lin_vel": lambda robot: 3,
    "base_ang_vel": lambda robot: 3,
    "projected_gravity": lambda robot: 3,
    "command": lambda robot: 3,
    "dof_pos": lambda robot: len(robot.dofs),
    "dof_pos_abs": lambda robot: len(robot.dofs),
    "dof_sin_cos": lambda robot: 2 * len(robot.dofs),
    "dof_vel": lambda robot: len(robot.dofs),
    "target_history": lambda robot: 3 * len(robot.actuated_ids),
    "gait_phase": lambda robot: 2,
    "foot_contact": lambda robot: len(robot.body_ids(robot.groups.get("foot", ()))),
}
"""Widths of the observations that a policy file can describe; `action` is as wide as the action."""


def _pd(cfg: Config, robot: Robot) -> tuple[tuple[float, ...], tuple[float, ...]]:
    kp, kd = cfg.control.kp, cfg.control.kd
    return robot.kp if kp is None else (kp,), robot.kd if kd is None else (kd,)


GAINS: dict[str, Callable[[Config, Robot], tuple[tuple[float, ...], tuple[float, ...]]]] = {
    "pd": _pd,
    "direct": lambda cfg, robot: ((0.0,), (0.0,)),
}
"""Stiffness and damping of the actuators that a policy file can describe; they repeat over the joints."""


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
    smoothing: float
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


def number(x: float) -> str:
    """The shortest text that reads back as the same double: up to 17 digits."""
    return repr(float(x))


def csv(values: ndarray | list[float] | tuple[float, ...], separator: str = ",") -> str:
    """Numbers as mjlab writes a list, but exact."""
    return separator.join(number(v) for v in np.asarray(values, float).reshape(-1))


def spread(values: tuple[float, ...], size: int) -> Float[ndarray, " size"]:
    """`values` repeated up to `size` entries."""
    return np.resize(np.asarray(values, float), size)


def gains(cfg: Config, robot: Robot) -> tuple[ndarray, ndarray, ndarray]:
    """Stiffness, damping and torque limit of every joint; zero where it is not actuated."""
    kp, kd = lookup("actuator in a policy file", cfg.control.actuator, GAINS)(cfg, robot)
    rows = np.zeros((3, len(robot.dofs)))
    rows[:, list(robot.actuated_ids)] = [
        spread(values, len(robot.actuated_ids)) for values in (kp, kd, robot.torque_limit)
    ]
    return rows[0], rows[1], rows[2]


def action_numbers(cfg: Config, robot: Robot) -> tuple[ndarray, ndarray]:
    """Scale and clip of every action, block after block."""
    size = len(robot.actuated_ids)
    scale = [spread(block.scale, size) for block in cfg.actions.values()]
    clip = [np.full(size, block.clip) for block in cfg.actions.values()]
    return np.concatenate(scale), np.concatenate(clip)


def _term_size(name: str, cfg: Config, robot: Robot) -> int:
    sizes = {**TERM_SIZES, "action": lambda r: len(cfg.actions) * len(r.actuated_ids)}
    return lookup("observation in a policy file", name, sizes)(robot)


def _term_scale(name: str, size: int, cfg: Config) -> str:
    """One number, or one for each component: what the value is multiplied by."""
    scale = cfg.observations.scale.get(name, 1.0)
    if isinstance(scale, int | float):
        return number(1.0 / scale)
    return csv(1.0 / spread(tuple(scale), size), ";")


def describe(cfg: Config, robot: Robot, iteration: int = 0, git_commit: str = "") -> dict[str, str]:
    """The metadata of a policy of `cfg` for `robot`."""
    c, names = cfg.commands, cfg.observations.actor
    sizes = [_term_size(name, cfg, robot) for name in names]
    stiffness, damping, limits = gains(cfg, robot)
    scale, clip = action_numbers(cfg, robot)
    return {
        "joint_names": ",".join(robot.dofs),
        "actuated_joint_names": ",".join(robot.dofs[i] for i in robot.actuated_ids),
        "joint_stiffness": csv(stiffness),
        "joint_damping": csv(damping),
        "default_joint_pos": csv(robot.default_dof_pos),
        "torque_limits": csv(limits),
        "command_names": ",".join(COMMAND_NAMES),
        "command_ranges": ",".join(csv(r, ";") for r in (c.lin_vel_x, c.lin_vel_y, c.ang_vel_yaw)),
        "observation_names": ",".join(names),
        "observation_sizes": ",".join(map(str, sizes)),
        "observation_terms_scale": ",".join(map(lambda n, s: _term_scale(n, s, cfg), names, sizes)),
        "observation_clip": number(cfg.observations.clip),
        "action_blocks": ",".join(cfg.actions),
        "action_scale": csv(scale),
        "action_clip": csv(clip),
        "step_dt": number(1.0 / cfg.control.hz),
        "sim_dt": number(1.0 / cfg.control.physics_hz),
        "decimation": str(decimation_of(cfg.control)),
        "smoothing": number(cfg.control.smoothing),
        "gait_hz": number(cfg.gait.get("hz", 0.0)),
        "obs_dim": str(sum(sizes)),
        "act_dim": str(scale.size),
        "is_recurrent": "false",
        "robot": robot.name,
        "task": cfg.task,
        "iteration": str(iteration),
        "gpugym_version": __version__,
        "git_commit": git_commit,
        "gpugym_config": json.dumps(to_mapping(cfg)),
    }


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
            smoothing=float(data["smoothing"]),
            gait_hz=float(data["gait_hz"]),
            iteration=int(data["iteration"]),
            cfg=from_mapping(json.loads(data["gpugym_config"]), f"configuration in {source}"),
        )
    except KeyError as error:
        raise UserError(f"{source} is no policy of ours: its metadata lack {error}.") from None
