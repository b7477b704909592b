"""The metadata of a policy file, from the configuration and the task that it was trained with."""

import inspect
import json
from collections.abc import Callable

import numpy as np
from jaxtyping import Float
from numpy import ndarray

from gpugym_jax import __version__
from gpugym_jax.config import Config, decimation_of
from gpugym_jax.config_yaml import to_mapping
from gpugym_jax.mdp.actuators import MOTORS, WRAPPERS, resolved
from gpugym_jax.robots.robot import Robot
from gpugym_jax.tables import lookup

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


def number(x: float) -> str:
    """The shortest text that reads back as the same double: up to 17 digits."""
    return repr(float(x))


def csv(values: ndarray | list[float] | tuple[float, ...], separator: str = ",") -> str:
    """Numbers as mjlab writes a list, but exact."""
    return separator.join(number(v) for v in np.asarray(values, float).reshape(-1))


def spread(values: tuple[float, ...] | float, size: int) -> Float[ndarray, " size"]:
    """`values` repeated up to `size` entries."""
    return np.resize(np.asarray(values, float), size)


def gains(cfg: Config, robot: Robot) -> tuple[ndarray, ndarray, ndarray]:
    """Stiffness, damping and torque limit of every joint; zero where it is not actuated or has none."""
    (_, motor), *_ = resolved(robot, cfg.actuator)
    each = (motor.get("kp", 0.0), motor.get("kd", 0.0), robot.torque_limit)
    rows = np.zeros((3, len(robot.dofs)))
    rows[:, list(robot.actuated_ids)] = [spread(values, len(robot.actuated_ids)) for values in each]
    return rows[0], rows[1], rows[2]


def motors(cfg: Config, robot: Robot) -> str:
    """Motor and wrappers as JSON, each with all its parameters and, in words, its rule."""
    entries = [
        {"name": name, "parameters": params, "rule": inspect.getdoc({**MOTORS, **WRAPPERS}[name])}
        for name, params in resolved(robot, cfg.actuator)
    ]
    return json.dumps(entries)


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
        "motors": motors(cfg, robot),
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
