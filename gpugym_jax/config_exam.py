"""What `evaluate` asks of a policy and demands of it: the section `evaluate:` of a task."""

from dataclasses import dataclass, field
from typing import Annotated

from annotated_types import Ge, Lt

from gpugym_jax.bounds import (
    Angle,
    Episodes,
    NotNegative,
    NotNegativeRange,
    Range,
    Seconds,
    SecondsOrNone,
    Share,
)
from gpugym_jax.tables import UserError

SETTLED_S = 1.0
"""Of an episode, which does not count."""
BelowOne = Annotated[float, Ge(0), Lt(1)]


@dataclass(frozen=True)
class ExamStart:
    """Where episodes begin: uniform around the robot's standing (for a fixed base: default) pose."""

    height: Range = (0.0, 0.05)  # m above the robot's own base height
    tilt: Angle = 0.1  # rad, half width of roll and of pitch
    yaw: Angle = 3.14159  # rad, half width
    lin_vel: NotNegative = 0.2  # m/s, half width, each axis
    ang_vel: NotNegative = 0.2  # rad/s, half width, each axis
    dof_pos: NotNegative = 0.1  # rad or m, half width around the default
    dof_vel: NotNegative = 0.5  # rad/s or m/s, half width
    dofs: dict[str, Range] = field(default_factory=dict)  # rad or m: joints with ranges in place of it


AT_REST = ExamStart((0.0, 0.0), tilt=0.0, yaw=0.0, lin_vel=0.0, ang_vel=0.0, dof_pos=0.0, dof_vel=0.0)
"""Without noise."""


@dataclass(frozen=True)
class ExamCommands:
    """What is asked for. None: as much as the task's `commands` ever ask."""

    lin_vel_x: Range | None = None  # m/s
    lin_vel_y: Range | None = None  # m/s
    ang_vel_yaw: Range | None = None  # rad/s
    resample_s: Seconds | None = None
    zero_below: NotNegative | None = None  # m/s; slower planar commands become zero
    zero_share: Share = 0.2  # of the robots that are told to stand, in every draw


@dataclass(frozen=True)
class ExamPushes:
    """Kicks of the base, added to its velocity. A fixed base gets none."""

    every_s: SecondsOrNone = 4.0  # 0: never
    lin_vel: NotNegative = 0.5  # m/s, half width, world x and y
    ang_vel: NotNegative = 0.0  # rad/s, half width, each axis


@dataclass(frozen=True)
class Falls:
    """What counts as a fall: any of these, or a state that is not finite. A fixed base cannot fall."""

    bodies: tuple[str, ...] = ("base",)  # bodies or groups that must not touch the ground
    force: NotNegative = 1.0  # N; more is a touch
    tilt: Angle = 1.2  # rad from upright
    height: Share = 0.5  # of the robot's own base height; the base must not be lower


@dataclass(frozen=True)
class Gate:
    """The exam of a task: what is asked, and bounds. A bound that is None is reported, not judged."""

    episodes: Episodes = 100  # in each of the two scenarios, pushed and calm
    seconds: Seconds = 10.0
    start: ExamStart = field(default_factory=ExamStart)
    commands: ExamCommands = field(default_factory=ExamCommands)
    pushes: ExamPushes = field(default_factory=ExamPushes)
    friction: NotNegativeRange = (0.5, 1.25)
    falls: Falls = field(default_factory=Falls)
    max_falls: BelowOne = 0.0  # pushed: share of episodes with a fall; 0.002 is one in 500
    max_lin_vel_error: NotNegative | None = None  # m/s, mean after 1 s, no pushes, commands <= 1 m/s
    max_ang_vel_error: NotNegative | None = None  # rad/s, likewise
    max_action_jerk: NotNegative | None = None  # rms second difference of joint targets, rad
    max_torque: NotNegative | None = None  # rms, N m
    max_dof_vel: NotNegative | None = None  # rms, rad/s
    max_foot_slip: NotNegative | None = None  # m/s, mean speed of feet in contact
    min_upright_share: Share | None = None  # cartpole, pendulum: share of the last half, |angle| < 0.2 rad


def check_gate(gate: Gate) -> None:
    """Raise for episodes that end before they count."""
    if gate.seconds <= SETTLED_S:
        raise UserError(
            f"evaluate.seconds={gate.seconds:g}: the first {SETTLED_S:g} s do not count, give more."
        )
