"""The metadata of a policy file, from the configuration and the task that it was trained with."""

import inspect
import json
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy import ndarray

from gpugym_jax import __version__
from gpugym_jax.config import Config, Entry, decimation_of, groups_of, named
from gpugym_jax.config_yaml import to_mapping
from gpugym_jax.mdp.actuators import MOTORS, WRAPPERS, resolved
from gpugym_jax.mdp.clocks import CLOCKS
from gpugym_jax.mdp.commands import make_command
from gpugym_jax.mdp.groups import make_observer
from gpugym_jax.mdp.observations import MEANINGS, OBSERVATIONS
from gpugym_jax.robots.robot import Robot
from gpugym_jax.tables import choose, parameters, repeated
from gpugym_jax.types import Number

COMMAND_NAMES = ("lin_vel_x", "lin_vel_y", "ang_vel_yaw")

RULES = {
    "observation": "Every step_dt, each of observation_names gives its numbers, which observation_layout "
    "names in order with unit and frame. Each is multiplied by its scale, then clipped to "
    "+-observation_clip. That vector is put before those of the steps before; the newest "
    "observation_history of them, the newest first, are the input obs. At the start of an "
    "episode all are the first. observation_delay is by how many step_dt the policy saw late "
    "in training, a whole number drawn each episode: a robot needs to add none.",
    "encoders": "Where a term or a motor reads a joint's position, it is the encoder's. encoder_offset is "
    "by how much encoders were off in training, drawn each episode for each joint.",
    "action": "The output actions holds the blocks of action_blocks one after the other, each with a "
    "number for each of actuated_joint_names: dof_pos_target are position targets as offsets "
    "from default_joint_pos, tau_ff torques in N m. They are clipped and scaled already. The "
    "output raw_actions is what the network gave.",
    "motors": "Every sim_dt, which is step_dt / decimation, torques are worked out anew from the "
    "actions and the joints' state at that moment: motors lists the motor and then what is "
    "wrapped around it, innermost first. Joints that are not actuated get none. What a "
    "wrapper draws, it draws once an episode.",
    "clock": "Every sim_dt the phase advances as clock says. All numbers of an observation are of the phase "
    "after that.",
    "memory": "Where is_recurrent is true, the graph takes and gives one more of memory_names, of "
    "memory_shape with N robots: what came out is put in at the next step_dt. At the start of an episode "
    "every number of it is memory_start.",
    "frames": "base: x forwards, y left, z up, fixed to the base. world: z up.",
}
"""How a policy file's numbers are used, in words: it is all that its reader has."""


def number(x: float) -> str:
    """The shortest text that reads back as the same double: up to 17 digits."""
    return repr(float(x))


def csv(values: ndarray | list[float] | tuple[float, ...], separator: str = ",") -> str:
    """Numbers as mjlab writes a list, but exact."""
    return separator.join(number(v) for v in np.asarray(values, float).reshape(-1))


def gains(cfg: Config, robot: Robot) -> tuple[ndarray, ndarray, ndarray]:
    """Stiffness, damping and torque limit of every joint; zero where it is not actuated or has none."""
    (_, motor), *_ = resolved(robot, cfg.actuator)
    each = {"kp": motor.get("kp", 0.0), "kd": motor.get("kd", 0.0), "torque_limit": robot.torque_limit}
    rows = np.zeros((3, len(robot.dofs)))
    ids = list(robot.actuated_ids)
    rows[:, ids] = [repeated(values, len(ids), f"actuator: {name}") for name, values in each.items()]
    return rows[0], rows[1], rows[2]


def told(kind: str, table: Mapping[str, Any], entry: Entry) -> str:
    """An entry as JSON, with all its parameters and, in words, its rule."""
    name, given = named(entry, kind)
    bound = choose(kind, name, table, given).keywords
    defaults = {k: p.default for k, p in parameters(table[name]).items()}
    rule = inspect.getdoc(table[name])
    return json.dumps({"name": name, "parameters": {**defaults, **bound}, "rule": rule})


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
    scale = [repeated(b.scale, size, f"actions.{name}.scale") for name, b in cfg.actions.items()]
    clip = [np.full(size, block.clip) for block in cfg.actions.values()]
    return np.concatenate(scale), np.concatenate(clip)


def _term_scale(numbers: Sequence[Number]) -> str:
    """One number, or one for each component: what the value is multiplied by."""
    scales = [1.0 / n.scale for n in numbers]
    return number(scales[0]) if len(set(scales)) == 1 else csv(scales, ";")


def observation(cfg: Config, robot: Robot) -> dict[str, str]:
    """What the policy sees: its terms, and each number."""
    group = groups_of(cfg.observations)["actor"]
    layout = make_observer(cfg.observations, robot, tuple(cfg.actions)).layout["actor"]
    entries = [named(entry, "observations.actor") for entry in group.terms]
    sizes = [len(MEANINGS[name].numbers(robot, tuple(cfg.actions))) for name, _ in entries]
    ends = np.cumsum(sizes)
    numbers = [layout[end - size : end] for end, size in zip(ends, sizes, strict=True)]
    each = [
        {**n._asdict(), "name": f"{n.term} {n.name}", "index": n.name, "scale": 1.0 / n.scale} for n in layout
    ]
    return {
        "observation_names": ",".join(name for name, _ in entries),
        "observation_sizes": ",".join(map(str, sizes)),
        "observation_terms_scale": ",".join(map(_term_scale, numbers)),
        "observation_parameters": json.dumps([params for _, params in entries]),
        "observation_meanings": json.dumps({n: inspect.getdoc(OBSERVATIONS[n]) for n, _ in entries}),
        "observation_layout": json.dumps(each),
        "observation_clip": number(cfg.observations.clip),
        "observation_history": str(group.history),
        "observation_delay": json.dumps(group.delay),
        "encoder_offset": json.dumps(cfg.observations.encoder_offset or (0.0, 0.0)),
        "obs_dim": str(len(layout)),
    }


def describe(cfg: Config, robot: Robot, iteration: int = 0, git_commit: str = "") -> dict[str, str]:
    """The metadata of a policy of `cfg` for `robot`."""
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
        "command_ranges": ",".join(csv(r, ";") for r in make_command(cfg.commands).ranges),
        **observation(cfg, robot),
        "action_blocks": ",".join(cfg.actions),
        "action_scale": csv(scale),
        "action_clip": csv(clip),
        "step_dt": number(1.0 / cfg.control.hz),
        "sim_dt": number(1.0 / cfg.control.physics_hz),
        "decimation": str(decimation_of(cfg.control)),
        "motors": motors(cfg, robot),
        "clock": told("clock", CLOCKS, cfg.clock),
        "act_dim": str(scale.size),
        "rules": json.dumps(RULES),
        "robot": robot.name,
        "task": cfg.task,
        "iteration": str(iteration),
        "gpugym_version": __version__,
        "git_commit": git_commit,
        "gpugym_config": json.dumps(to_mapping(cfg)),
    }
