"""Where a robot's reported links are and how fast their origins move, for many robots at once.

Isaac Gym's own link poses stay at their old values after a state is written, until the next `simulate`; these
stand in for them. NumPy only, for Python 3.8 on: the worker loads this file by itself.
"""

from typing import Any, Dict, List, NamedTuple, Tuple

import numpy as np


class Link(NamedTuple):
    """How a link hangs on its parent."""

    parent: int
    dof: int  # -1 if fixed
    slide: bool
    pos: np.ndarray  # (3,) m, in the parent's axes
    frame: np.ndarray  # (3, 3) its axes in the parent's, at 0
    axis: np.ndarray  # (3,) in its own axes


class Chain(NamedTuple):
    """A robot's links, parents first, and which of them are reported."""

    links: List[Link]
    reported: List[int]


def make_chain(robot: Dict[str, Any]) -> Chain:
    """The links of the spec's "robot" entry, ready for use."""
    frames = rotations(np.array([link["quat"] for link in robot["links"]], float))
    links = [
        Link(x["parent"], x["dof"], x["slide"], np.array(x["pos"]), frame, np.array(x["axis"]))
        for x, frame in zip(robot["links"], frames)
    ]
    return Chain(links, robot["reported"])


def rotations(quat: np.ndarray) -> np.ndarray:
    """Matrices (n, 3, 3) of quaternions (n, 4) w x y z of any length but zero."""
    w, x, y, z = (quat / np.linalg.norm(quat, axis=1, keepdims=True)).T
    rows = [
        [1 - 2 * (y * y + z * z), 2 * (x * y - w * z), 2 * (x * z + w * y)],
        [2 * (x * y + w * z), 1 - 2 * (x * x + z * z), 2 * (y * z - w * x)],
        [2 * (x * z - w * y), 2 * (y * z + w * x), 1 - 2 * (x * x + y * y)],
    ]
    return np.moveaxis(np.array(rows), -1, 0)


def turn(axis: np.ndarray, angle: np.ndarray) -> np.ndarray:
    """Rotations (n, 3, 3) by `angle` (n,) rad about a unit axis (3,): Rodrigues' formula."""
    x, y, z = axis
    skew = np.array([[0.0, -z, y], [z, 0.0, -x], [-y, x, 0.0]])
    angle = angle[:, None, None]
    return np.eye(3) + np.sin(angle) * skew + (1 - np.cos(angle)) * (skew @ skew)


def cross(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """`np.cross` of (n, 3) arrays, written out: it is several times as fast."""
    x, y, z = a.T
    u, v, w = b.T
    return np.stack([y * w - z * v, z * u - x * w, x * v - y * u], axis=1)


def times(frames: np.ndarray, constant: np.ndarray) -> np.ndarray:
    """(n, 3, 3) matrices times one (3, 3), as a single product."""
    return (frames.reshape(-1, 3) @ constant).reshape(-1, 3, 3)


def link_states(
    chain: Chain,
    base_pos: np.ndarray,
    base_quat: np.ndarray,
    base_lin_vel: np.ndarray,
    base_ang_vel: np.ndarray,
    dof_pos: np.ndarray,
    dof_vel: np.ndarray,
) -> Tuple[np.ndarray, np.ndarray]:
    """World positions and velocities of the origins of the reported links: twice (n, body, 3).

    The states are in this project's conventions, n rows. A row that is not finite gives links that are not
    finite.
    """
    double = [np.asarray(x, float) for x in (base_pos, base_quat, base_lin_vel, base_ang_vel)]
    pos, frame, lin_vel, ang_vel = [double[0]], [rotations(double[1])], [double[2]], [double[3]]
    for link in chain.links[1:]:
        here, above = frame[link.parent], ang_vel[link.parent]
        arm, axes, spin = here @ link.pos, times(here, link.frame), above
        slip: Any = 0.0
        if link.dof >= 0:
            along = axes @ link.axis
            rate = dof_vel[:, link.dof, None]
            if link.slide:
                arm, slip = arm + along * dof_pos[:, link.dof, None], along * rate
            else:
                axes = axes @ turn(link.axis, np.asarray(dof_pos[:, link.dof], float))
                spin = above + along * rate
        pos.append(pos[link.parent] + arm)
        lin_vel.append(lin_vel[link.parent] + cross(above, arm) + slip)
        frame.append(axes)
        ang_vel.append(spin)
    positions, velocities = (np.stack([x[i] for i in chain.reported], axis=1) for x in (pos, lin_vel))
    return positions, velocities
