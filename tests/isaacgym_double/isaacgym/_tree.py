"""A robot as a list of bodies in Isaac Gym's order, whatever file it came from."""

import math
from dataclasses import dataclass, field
from typing import Any, List, Optional, Tuple

import numpy as np

from . import _rotations as rot

FLT_MAX = float(np.finfo(np.float32).max)


@dataclass(frozen=True)
class Shape:
    """A collision shape in its body's frame. Sizes are MuJoCo's: radii and half lengths, m."""

    kind: str  # sphere, box, cylinder or capsule
    size: Tuple[float, ...]
    pos: Any
    quat: Any

    def moved(self, pos: Any, quat: Any) -> "Shape":
        """The same shape in the frame in which this one's frame is at `pos`, `quat`."""
        return Shape(self.kind, self.size, pos + rot.rotate(quat, self.pos), rot.product(quat, self.quat))

    def volume(self) -> float:
        """In m^3."""
        if self.kind == "box":
            return 8.0 * self.size[0] * self.size[1] * self.size[2]
        ball = 4.0 / 3.0 * math.pi * self.size[0] ** 3
        if self.kind == "sphere":
            return ball
        tube = 2.0 * math.pi * self.size[0] ** 2 * self.size[1]
        return tube + (ball if self.kind == "capsule" else 0.0)

    def inertia(self, mass: float) -> Any:
        """(3, 3) about its own centre in its own axes; a capsule counts as a cylinder of its whole length."""
        if self.kind == "box":
            a, b, c = np.square(self.size) / 3.0
            return mass * np.diag([b + c, a + c, a + b])
        r = self.size[0]
        if self.kind == "sphere":
            return mass * 0.4 * r * r * np.eye(3)
        half = self.size[1] + (r if self.kind == "capsule" else 0.0)
        across = r * r / 4.0 + half * half / 3.0
        return mass * np.diag([across, across, r * r / 2.0])


@dataclass(frozen=True)
class Joint:
    """What connects a body to its parent: nothing moves if `kind` is "fixed"."""

    name: str
    kind: str  # fixed, hinge or slide
    axis: Any = (0.0, 0.0, 1.0)  # child frame
    lower: float = -FLT_MAX
    upper: float = FLT_MAX
    velocity: float = FLT_MAX
    effort: float = FLT_MAX
    damping: float = 0.0
    friction: float = 0.0
    armature: float = 0.0
    anchor: Any = (0.0, 0.0, 0.0)  # child frame; other than 0 in MJCF only

    @property
    def limited(self) -> bool:
        return self.lower > -FLT_MAX or self.upper < FLT_MAX


@dataclass(frozen=True)
class Inertial:
    """Mass, kg; centre of mass in the body frame, m; inertia (3, 3) about it in the body's axes."""

    mass: float
    com: Any
    inertia: Any

    def moved(self, pos: Any, quat: Any) -> "Inertial":
        matrix = rot.to_matrix(quat)
        return Inertial(self.mass, pos + rot.rotate(quat, self.com), matrix @ self.inertia @ matrix.T)


@dataclass
class Body:
    """A rigid body: a row of the rigid body tensors."""

    name: str
    parent: int  # -1: the root
    pos: Any  # in the parent's frame
    quat: Any  # x y z w
    joint: Optional[Joint]  # None: the root
    inertial: Inertial
    shapes: List[Shape] = field(default_factory=list)


def total(parts: List[Inertial]) -> Inertial:
    """Several masses as one, about the common centre of mass."""
    mass = sum(p.mass for p in parts)
    if mass <= 0.0:
        return Inertial(0.0, np.zeros(3), np.zeros((3, 3)))
    com = np.asarray(sum(p.mass * p.com for p in parts)) / mass
    inertia = np.zeros((3, 3))
    for p in parts:
        arm = p.com - com
        inertia += p.inertia + p.mass * (arm @ arm * np.eye(3) - np.outer(arm, arm))
    return Inertial(mass, com, inertia)


def of_shapes(shapes: List[Shape], density: float) -> Inertial:
    """The mass that the shapes have at `density` kg/m^3."""
    parts = []
    for shape in shapes:
        mass = density * shape.volume()
        own = Inertial(mass, np.zeros(3), shape.inertia(mass))
        parts.append(own.moved(shape.pos, shape.quat))
    return total(parts)
