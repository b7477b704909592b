"""A robot and the ground under it: what every physics, the gate and the films are made from."""

from dataclasses import dataclass

from gpugym_jax.robots import ROBOTS
from gpugym_jax.robots.robot import Robot
from gpugym_jax.tables import lookup


@dataclass(frozen=True)
class Scene:
    """A robot on a plane. It is made where a configuration is resolved, and passed on from there."""

    robot: Robot


def make_scene(robot: str) -> Scene:
    """The scene of one of our robots, by name."""
    return Scene(lookup("robot", robot, ROBOTS))
