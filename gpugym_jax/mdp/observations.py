"""What can be observed of a robot, and what each number of it is: name, unit and frame.

Each has a twin of the same name and parameters in `gate/observe.py`.
"""

from collections.abc import Callable
from typing import NamedTuple, TypeVar

import jax.numpy as jnp
from jaxtyping import Array, Float

from gpugym_jax.frames import yaw_of
from gpugym_jax.mdp.snapshot import Snapshot
from gpugym_jax.robots.robot import Robot
from gpugym_jax.tables import register

Vector = Float[Array, " n"]
OBSERVATIONS: dict[str, Callable[..., Vector]] = {}
enter = register(OBSERVATIONS)

Numbers = Callable[[Robot, tuple[str, ...]], tuple[tuple[str, str], ...]]
"""From a robot and the names of the action's blocks to the name and unit of each number, in order."""


class Meaning(NamedTuple):
    """What the numbers of an observation are."""

    numbers: Numbers
    frame: str  # "base", "world", or none for what has no direction


MEANINGS: dict[str, Meaning] = {}
"""What the observations of that name are."""


F = TypeVar("F", bound=Callable[..., Vector])


def observation(numbers: Numbers, frame: str = "") -> Callable[[F], F]:
    """A decorator that enters a function into the table, and what its numbers are beside it."""

    def decorate(f: F) -> F:
        MEANINGS[f.__name__] = Meaning(numbers, frame)
        return enter(f)

    return decorate


# --- Names and units -----------------------------------------------------------------------------------


def called(*names: str, unit: str) -> Numbers:
    """Numbers of these names, all of one unit."""
    return lambda robot, blocks: tuple((name, unit) for name in names)


def xyz(unit: str) -> Numbers:
    """A vector."""
    return called("x", "y", "z", unit=unit)


def unit_of(robot: Robot, dof: str, unit: str) -> str:
    """`unit` of a joint that turns, with m for rad if it slides."""
    return unit.replace("rad", "m") if dof in robot.sliders else unit


def joints(unit: str) -> Numbers:
    """One number a joint."""
    return lambda robot, blocks: tuple((dof, unit_of(robot, dof, unit)) for dof in robot.dofs)


def _sin_cos(robot: Robot, blocks: tuple[str, ...]) -> tuple[tuple[str, str], ...]:
    return tuple((f"{f} {dof}", "1") for f in ("sin", "cos") for dof in robot.dofs)


def _targets(robot: Robot, blocks: tuple[str, ...]) -> tuple[tuple[str, str], ...]:
    driven = [robot.dofs[i] for i in robot.actuated_ids]
    ages = ("newest", "second", "third")
    return tuple((f"{age} {dof}", unit_of(robot, dof, "rad")) for age in ages for dof in driven)


def _actions(robot: Robot, blocks: tuple[str, ...]) -> tuple[tuple[str, str], ...]:
    return tuple((f"{block} {robot.dofs[i]}", "1") for block in blocks for i in robot.actuated_ids)


def _feet(robot: Robot, blocks: tuple[str, ...]) -> tuple[tuple[str, str], ...]:
    return tuple((foot, "1") for foot in robot.groups.get("foot", ()))


# --- Observations --------------------------------------------------------------------------------------


@observation(called("z", unit="m"), frame="world")
def base_height(s: Snapshot) -> Vector:
    """Base origin above the ground."""
    return s.base_height[None]


@observation(xyz("m/s"), frame="base")
def base_lin_vel(s: Snapshot) -> Vector:
    """Velocity of the base's origin."""
    return s.base_lin_vel


@observation(xyz("rad/s"), frame="base")
def base_ang_vel(s: Snapshot) -> Vector:
    """Angular velocity of the base."""
    return s.base_ang_vel


@observation(xyz("1"), frame="base")
def projected_gravity(s: Snapshot) -> Vector:
    """Unit vector of gravity: (0, 0, -1) when upright."""
    return s.projected_gravity


def _command(robot: Robot, blocks: tuple[str, ...]) -> tuple[tuple[str, str], ...]:
    return (("lin_vel_x", "m/s"), ("lin_vel_y", "m/s"), ("ang_vel_yaw", "rad/s"))


@observation(_command, frame="base")
def command(s: Snapshot) -> Vector:
    """What the robot is asked for."""
    return s.command


@observation(called("sin", "cos", unit="1"), frame="world")
def heading(s: Snapshot) -> Vector:
    """Sine and cosine of the base's heading, counter-clockwise from the world's x axis."""
    yaw = yaw_of(s.base_quat)
    return jnp.stack([jnp.sin(yaw), jnp.cos(yaw)])


@observation(joints("rad"))
def dof_pos(s: Snapshot) -> Vector:
    """Joint positions from the default pose, as the encoders say."""
    return s.encoders - s.default_dof_pos


@observation(joints("rad"))
def dof_pos_abs(s: Snapshot) -> Vector:
    """Joint positions, as the encoders say."""
    return s.encoders


@observation(_sin_cos)
def dof_sin_cos(s: Snapshot) -> Vector:
    """Sines, then cosines of the joint positions, as the encoders say."""
    return jnp.concatenate([jnp.sin(s.encoders), jnp.cos(s.encoders)])


@observation(joints("rad/s"))
def dof_vel(s: Snapshot) -> Vector:
    """Joint speeds."""
    return s.dof_vel


@observation(_actions)
def action(s: Snapshot) -> Vector:
    """The last action as the policy gave it, neither scaled nor clipped; 0 at a start."""
    return s.action


@observation(_targets)
def target_history(s: Snapshot) -> Vector:
    """The last three joint targets from the default pose, clipped and scaled, newest first; 0 at a start."""
    return s.target_history.reshape(-1)


@observation(called("sin", "cos", unit="1"))
def gait_phase(s: Snapshot) -> Vector:
    """Sine and cosine of the clock."""
    return jnp.stack([jnp.sin(s.phase), jnp.cos(s.phase)])


@observation(_feet)
def foot_contact(s: Snapshot) -> Vector:
    """1 for each foot that presses on the ground with more than 1 N, else 0."""
    return s.foot_contact.astype(jnp.float32)
