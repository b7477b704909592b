"""Rigid bodies as mass, centre of mass and inertia: taking a part out of one."""

from typing import NamedTuple

import numpy as np

SHARES = (0.1, 0.03, 0.01, 0.003, 0.001)
"""Shares of a body's mass that a part may take, tried in this order: a heavy part is easier on a solver."""


class Inertial(NamedTuple):
    """A rigid body's mass distribution, in the axes of some frame."""

    mass: float  # kg
    com: np.ndarray  # (3,) m
    tensor: np.ndarray  # (3, 3) kg m^2, about the centre of mass


def steiner(mass: float, arm: np.ndarray) -> np.ndarray:
    """What the parallel-axis theorem adds for a point mass at `arm`: (3, 3) kg m^2."""
    return mass * (arm @ arm * np.eye(3) - np.outer(arm, arm))


def sphere(mass: float, com: np.ndarray, radius: float) -> Inertial:
    """A uniform ball."""
    return Inertial(mass, com, 0.4 * mass * radius**2 * np.eye(3))


def join(a: Inertial, b: Inertial) -> Inertial:
    """Both as one body."""
    mass = a.mass + b.mass
    com = (a.mass * a.com + b.mass * b.com) / mass
    moved = [part.tensor + steiner(part.mass, part.com - com) for part in (a, b)]
    return Inertial(mass, com, moved[0] + moved[1])


def remove(whole: Inertial, part: Inertial) -> Inertial:
    """What is left of `whole` so that `join(remove(whole, part), part)` is `whole`."""
    mass = whole.mass - part.mass
    com = (whole.mass * whole.com - part.mass * part.com) / mass
    about_com = whole.tensor - part.tensor - steiner(part.mass, part.com - whole.com)
    return Inertial(mass, com, about_com - steiner(mass, com - whole.com))


def is_physical(body: Inertial) -> bool:
    """Whether some matter could have this mass and tensor: principal moments obey A + B >= C > 0."""
    moments = np.linalg.eigvalsh(body.tensor)
    return body.mass > 0 and moments[0] > 0 and moments[0] + moments[1] >= moments[2]


def split(whole: Inertial, at: np.ndarray, radius: float) -> tuple[Inertial, Inertial] | None:
    """`whole` as a rest and a small ball at `at`, or None if no share leaves a physical rest."""
    for share in SHARES:
        ball = sphere(share * whole.mass, at, radius)
        rest = remove(whole, ball)
        if is_physical(rest):
            return rest, ball
    return None
