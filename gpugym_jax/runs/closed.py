"""What of a finished configuration may still be changed: all that a policy was trained with is closed.

Every field of `Config` is in one of the tables below; a test says so of each new one.
"""

import dataclasses
import functools
import typing
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Literal

from gpugym_jax.config import Config
from gpugym_jax.config_yaml import Override, parse_override, to_mapping, with_overrides
from gpugym_jax.tables import UserError
from gpugym_jax.values.faults import shown

Use = Literal["resume", "test"]
"""`train --resume`; or `export`, `evaluate` and `play`."""
Table = dict[str, str]
"""Names of fields by section; "" is the whole."""

CLOSED: Table = {
    "": "task robot actuator actions clock",
    "control": "hz physics_hz",
    "observations": "actor critic groups scale noise clip encoder_offset",
    "ppo": "actor critic activation memory init_std normalize_obs",
    "randomize": "every start_step properties",  # drawn at the start
}
"""The robot, what the networks are and see, motors, rates and clock."""

RESUME: Table = {
    "physics": "friction solver_iterations line_search_iterations contacts constraints",
    "": "episode_s rewards reset terminations",
    "commands": "sampler lin_vel_x lin_vel_y ang_vel_yaw resample_s zero_below zero_probability",
    "pushes": "every_s lin_vel ang_vel force torque seconds mode",
    "reward": "clip_negative termination termination_by_dt",
    "ppo": "rollout_length epochs minibatches discount discount_horizon_s gae_lambda gae_horizon_s "
    "learning_rate desired_kl min_learning_rate max_learning_rate adapt_at_first clip value_clip value_coef "
    "entropy_coef max_grad_norm clip_apart normalize_advantage",
}
"""How it learns on. Of a test it is no part: an exam has starts, commands, pushes and ground of its own."""

TEST: Table = {"runner": "num_envs seed"}
"""The state of a run has them; a test has robots and draws of its own."""

OPEN: Table = {
    "physics": "backend impl self_collisions threads",
    "physics.isaac": "python contact device pipeline headless camera graphics_device terrain start_timeout_s "
    "step_timeout_s",
    "physics.isaac.physx": "threads solver_type position_iterations velocity_iterations contact_offset "
    "rest_offset bounce_threshold_velocity max_depenetration_velocity friction_offset_threshold "
    "friction_correlation_distance buffer_size_multiplier max_gpu_contact_pairs",
    "runner": "iterations save_every keep experiment_name run_name log_dir trackers stop_at_reward",
    "evaluate": "episodes seconds friction max_falls max_lin_vel_error max_ang_vel_error max_action_jerk "
    "max_torque max_dof_vel max_foot_slip min_upright_share",
    "evaluate.start": "height tilt yaw lin_vel ang_vel dof_pos dof_vel dofs",
    "evaluate.commands": "lin_vel_x lin_vel_y ang_vel_yaw resample_s zero_below zero_share",
    "evaluate.pushes": "every_s lin_vel ang_vel",
    "evaluate.falls": "bodies force tilt height",
}
"""What it is tested with, by whom it is computed, where files go."""


def paths(*tables: Table) -> list[str]:
    """The dotted names in the tables."""
    rows = [(home, name) for table in tables for home, names in table.items() for name in names.split()]
    return [f"{home}.{name}" if home else name for home, name in rows]


def fields(cls: Any, home: str = "") -> list[str]:
    """The dotted names of all fields that hold no section."""
    found, hints = [], typing.get_type_hints(cls)
    for f in dataclasses.fields(cls):
        path, hint = f"{home}{f.name}", hints[f.name]
        found += fields(hint, f"{path}.") if dataclasses.is_dataclass(hint) else [path]
    return found


def open_for(use: Use) -> list[str]:
    """What may be changed."""
    return paths(OPEN, RESUME if use == "resume" else TEST)


def _get(cfg: Config, field: str) -> Any:
    return functools.reduce(getattr, field.split("."), cfg)


def value_at(data: Any, path: Iterable[str]) -> Any:
    """What lies at a place in plain data, or None."""
    for step in path:
        data = data.get(step) if isinstance(data, Mapping) else None
    return data


def _summary(names: Sequence[str]) -> str:
    """The names; of a section that is open as a whole, its own, whatever its depth."""
    every = fields(Config)

    def shortest(name: str) -> str:
        homes = [name[:i] for i, letter in enumerate(name) if letter == "."]
        return next((h for h in homes if all(f in names for f in every if f.startswith(f"{h}."))), name)

    return ", ".join(dict.fromkeys(map(shortest, names)))


def _override_of(field: str, overrides: Sequence[Override]) -> Override:
    """The last override that sets a field, something in it or the section around it."""
    path = tuple(field.split("."))
    home = path[:-1]

    def related(key: tuple[str, ...]) -> bool:
        return all(a == b for a, b in zip(key, path, strict=False))

    # What an open section holds beside its fields has another name there than in the configuration's type.
    return next(
        o for test in (related, lambda k: k[: len(home)] == home) for o in reversed(overrides) if test(o.key)
    )


def changed(trained: Config, overrides: Sequence[str], use: Use, source: str) -> Config:
    """The configuration under overrides.

    Raises:
        UserError: One gives another value to what is closed; it says with what `source` was trained.
    """
    cfg, names = with_overrides(trained, overrides), open_for(use)
    for field in fields(Config):
        if field not in names and _get(cfg, field) != _get(trained, field):
            key, _, text = _override_of(field, [parse_override(o) for o in overrides])
            place = key if len(key) > field.count(".") else tuple(field.split("."))
            was = f"{'.'.join(place)}={shown(value_at(to_mapping(trained), place))}"
            raise UserError(
                f"{text}: {source} was trained with {was}. What can be changed: {_summary(names)}."
            )
    return cfg
