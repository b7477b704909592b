"""What happens in a set of episodes, drawn beforehand: starts, commands, kicks, frictions."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
from jaxtyping import Bool, Float
from numpy import ndarray

from gpugym_jax.config_exam import ExamPushes, ExamStart
from gpugym_jax.gate.exam import Asked, Exam
from gpugym_jax.gate.rotation import from_rpy, rotate_inverse
from gpugym_jax.gate.world import State
from gpugym_jax.robots.robot import Robot
from gpugym_jax.tables import unknown

CALM_LIMITS = (1.0, 1.0)
"""m/s (planar norm) and rad/s: commands of the calm scenario are no faster."""

Rng = np.random.Generator


@dataclass(frozen=True)
class Scenario:
    """Episodes to come. `step` counts control steps."""

    start: State
    friction: Float[ndarray, " n"]
    command: Float[ndarray, "step n 3"]  # m/s, m/s, rad/s, base frame
    kicked: Bool[ndarray, "step n"]
    kick: Float[ndarray, "step n 5"]  # vx, vy m/s; spin rad/s; world
    seed: int  # of what robots draw by themselves: phases, strengths of motors, delays


def at_rest(robot: Robot, n: int) -> State:
    """Robots at rest in the default pose."""
    zero = np.zeros((n, 3))
    return State(
        base_pos=np.tile([0.0, 0.0, robot.base_height], (n, 1)),
        base_quat=np.tile([1.0, 0.0, 0.0, 0.0], (n, 1)),
        base_lin_vel=zero,
        base_ang_vel=zero,
        dof_pos=np.tile(robot.default_dof_pos, (n, 1)),
        dof_vel=np.zeros((n, len(robot.dofs))),
    )


def dof_ranges(
    robot: Robot, around: float, named: Mapping[str, tuple[float, float]]
) -> tuple[Float[ndarray, " dof"], Float[ndarray, " dof"]]:
    """Where joints may start: as `named`, else within +-around of the default; never beyond their limits."""
    home, (lowest, highest) = np.array(robot.default_dof_pos), np.array(robot.dof_pos_limit).T
    low, high = home - around, home + around
    for name, (a, b) in named.items():
        if name not in robot.dofs:
            raise unknown(f"joint of {robot.name}", name, robot.dofs)
        low[robot.dofs.index(name)], high[robot.dofs.index(name)] = a, b
    return np.clip(low, lowest, highest), np.clip(high, lowest, highest)


def draw_start(rng: Rng, robot: Robot, noise: ExamStart, n: int) -> State:
    """First states: the default pose and the exam's noise around it."""
    rest, dofs = at_rest(robot, n), len(robot.dofs)
    low, high = dof_ranges(robot, noise.dof_pos, noise.dofs)
    joints = replace(
        rest,
        dof_pos=rng.uniform(low, high, (n, dofs)),
        dof_vel=rng.uniform(-noise.dof_vel, noise.dof_vel, (n, dofs)),
    )
    if not robot.floating:
        return joints
    up = np.array([0.0, 0.0, 1.0]) * rng.uniform(*noise.height, (n, 1))
    quat = from_rpy(rng.uniform(-1.0, 1.0, (n, 3)) * np.array([noise.tilt, noise.tilt, noise.yaw]))
    return replace(
        joints,
        base_pos=rest.base_pos + up,
        base_quat=quat,
        base_lin_vel=rng.uniform(-noise.lin_vel, noise.lin_vel, (n, 3)),
        base_ang_vel=rotate_inverse(quat, rng.uniform(-noise.ang_vel, noise.ang_vel, (n, 3))),
    )


def draw_commands(rng: Rng, asked: Asked, dt: float, steps: int, n: int) -> Float[ndarray, "step n 3"]:
    """Commands over the ranges, drawn anew every `resample_s`; in each draw a share of the robots stands."""
    every = max(1, round(asked.resample_s / dt))
    draws = -(-steps // every)
    command = rng.uniform(asked.ranges[:, 0], asked.ranges[:, 1], (draws, n, 3))
    command[np.linalg.norm(command[..., :2], axis=-1) <= asked.zero_below, :2] = 0.0
    stands = np.arange(n) < round(asked.zero_share * n)
    command[rng.permuted(np.tile(stands, (draws, 1)), axis=1)] = 0.0
    return np.repeat(command, every, 0)[:steps]


def slow_down(command: Float[ndarray, "... 3"]) -> Float[ndarray, "... 3"]:
    """Commands within `CALM_LIMITS`: planar ones shortened, yaw rates clipped."""
    planar, yaw = CALM_LIMITS
    speed = np.linalg.norm(command[..., :2], axis=-1, keepdims=True)
    slow = command * np.minimum(1.0, planar / np.maximum(speed, planar))
    return np.concatenate([slow[..., :2], np.clip(command[..., 2:], -yaw, yaw)], -1)


def draw_kicks(
    rng: Rng, pushes: ExamPushes, dt: float, steps: int, n: int
) -> tuple[Bool[ndarray, "step n"], Float[ndarray, "step n 5"]]:
    """When and how robots are kicked: every `every_s`, the first at random but within the episode."""
    kicked = np.zeros((steps, n), bool)
    half = np.array([pushes.lin_vel] * 2 + [pushes.ang_vel] * 3)
    kick = rng.uniform(-half, half, (steps, n, 5))
    every = round(pushes.every_s / dt)
    if every:
        first = rng.integers(0, min(every, steps), n)
        age = np.arange(steps)[:, None] - first
        kicked = (age >= 0) & (age % every == 0)
    return kicked, kick


def draw_scenario(exam: Exam, step_dt: float, *, seed: int, calm: bool) -> Scenario:
    """The exam's episodes, with a control step of `step_dt` s.

    Calm: no pushes, and one command an episode, within `CALM_LIMITS`.
    """
    gate, n = exam.gate, exam.gate.episodes
    rng, steps = np.random.default_rng(seed), round(gate.seconds / step_dt)
    command = draw_commands(rng, exam.asked, step_dt, steps, n)
    kicked, kick = draw_kicks(rng, gate.pushes, step_dt, steps, n)
    if calm:
        command = np.repeat(slow_down(command[:1]), steps, 0)
        kicked = np.zeros_like(kicked)
    return Scenario(
        start=draw_start(rng, exam.robot, gate.start, n),
        friction=rng.uniform(*gate.friction, n),
        command=command,
        kicked=kicked,
        kick=kick,
        seed=seed,
    )
