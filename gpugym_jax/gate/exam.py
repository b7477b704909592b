"""Which exam a policy sits, and whether it may.

An exam is the section `evaluate:` of a shipped task, with that task's commands, robot, physics and time step.
From the policy's file the gate takes what a robot's computer needs, and nothing that judges.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from jaxtyping import Float
from numpy import ndarray

from gpugym_jax.config import Commands, Config, PhysicsConfig
from gpugym_jax.config_exam import ExamCommands, Gate
from gpugym_jax.config_yaml import load_config, task_names, with_overrides
from gpugym_jax.gate.commands import asked_ranges
from gpugym_jax.policy.metadata import Contract
from gpugym_jax.robots.check import check_exam
from gpugym_jax.robots.robot import Robot
from gpugym_jax.robots.scene import Scene, make_scene
from gpugym_jax.tables import unknown

MAX_STEP_S = 0.2
"""s: a policy that acts more seldom cannot be measured."""


class NotJudgedError(Exception):
    """There is no exam for the policy; the text says why, in one line."""


@dataclass(frozen=True)
class Asked:
    """The exam's commands, with the task's where the exam says nothing."""

    ranges: Float[ndarray, "3 2"]  # m/s, m/s, rad/s
    resample_s: float
    zero_below: float  # m/s; slower planar commands become zero
    zero_share: float  # of the robots that are told to stand, in every draw


@dataclass(frozen=True)
class Exam:
    """All that judges a policy."""

    task: str
    scene: Scene
    gate: Gate
    asked: Asked
    physics: PhysicsConfig
    sim_dt: float  # s, a substep of the simulator
    own: bool = False  # whether it is the pupil's own configuration
    changed: tuple[str, ...] = ()  # the examiner's overrides

    @property
    def robot(self) -> Robot:
        """The scene's robot."""
        return self.scene.robot


def asked_of(exam: ExamCommands, task: Commands) -> Asked:
    """The commands of an exam for a task."""

    def or_else(own: Any, other: Any) -> Any:
        return other if own is None else own

    said = (exam.lin_vel_x, exam.lin_vel_y, exam.ang_vel_yaw)
    return Asked(
        ranges=np.array([*map(or_else, said, asked_ranges(task))], float),
        resample_s=or_else(exam.resample_s, task.resample_s),
        zero_below=or_else(exam.zero_below, task.zero_below),
        zero_share=exam.zero_share,
    )


def exam_of(
    cfg: Config, *, scene: Scene | None = None, own: bool = False, changed: Sequence[str] = ()
) -> Exam:
    """The exam that a configuration holds; of a robot that is none of ours if a scene is given."""
    return Exam(
        task=cfg.task,
        scene=scene or make_scene(cfg.robot),
        gate=cfg.evaluate,
        asked=asked_of(cfg.evaluate.commands, cfg.commands),
        physics=cfg.physics,
        sim_dt=1.0 / cfg.control.physics_hz,
        own=own,
        changed=tuple(changed),
    )


def find_exam(contract: Contract, task: str = "", own: bool = False, overrides: Sequence[str] = ()) -> Exam:
    """The exam of the shipped task `task`, or of the one that the policy names, or the policy's own.

    Raises:
        NotJudgedError: the policy names a task that is not ours, or cannot sit the exam.
        UserError: `task` is not ours, or an override is wrong.
    """
    if task and task not in task_names():
        raise unknown("task", task, task_names())
    if own:
        cfg = with_overrides(contract.cfg, overrides)
    elif task or contract.task in task_names():
        cfg = load_config(task or contract.task, overrides)
    else:
        raise NotJudgedError(
            f"its task '{contract.task}' is none of ours ({', '.join(task_names())}). "
            "--task=NAME takes the exam of one of them, --own_exam its own configuration."
        )
    exam = exam_of(cfg, own=own, changed=overrides)
    check_exam(exam.gate, exam.robot)
    admit(exam, contract)
    return exam


def admit(exam: Exam, contract: Contract) -> None:
    """Raise `NotJudgedError` for a policy of another robot, or of a control step that cannot be simulated."""
    robot, ratio = exam.robot, contract.step_dt / exam.sim_dt
    mine = (robot.name, robot.dofs, robot.actuated_ids)
    if (contract.robot, contract.joint_names, contract.actuated) != mine:
        raise NotJudgedError(f"its robot '{contract.robot}' or its joints are not those of our {robot.name}.")
    if not (ratio > 0.5 and contract.step_dt <= MAX_STEP_S and abs(ratio - round(ratio)) < 1e-6):
        raise NotJudgedError(
            f"its control step of {contract.step_dt:g} s is no whole number of the exam's steps of "
            f"{exam.sim_dt:g} s, or longer than {MAX_STEP_S:g} s."
        )
