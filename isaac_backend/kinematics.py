"""Where a robot's reported links are and how fast their origins move, for many robots at once.

Isaac Gym's own link poses stay at their old values after a state is written, until the next `simulate`; these
stand in for them. NumPy only, for Python 3.8 on: the worker loads this file by itself.
"""

from typing import Any, Dict, Tuple

import numpy as np


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
    """Rotations (n, 3, 3) by `angle` (n,) rad about a unit axis (3,)."""
    half = angle[:, None] / 2
    return rotations(np.concatenate([np.cos(half), np.sin(half) * axis], axis=1))


def link_states(
    robot: Dict[str, Any],
    base_pos: np.ndarray,
    base_quat: np.ndarray,
    base_lin_vel: np.ndarray,
    base_ang_vel: np.ndarray,
    dof_pos: np.ndarray,
    dof_vel: np.ndarray,
) -> Tuple[np.ndarray, np.ndarray]:
    """World positions and velocities of the origins of the reported links: twice (n, body, 3).

    `robot` is the spec's entry: `links` with the parents first, `reported` indices into them. The states are
    in this project's conventions, n rows. A row that is not finite gives links that are not finite.
    """
    double = [np.asarray(x, float) for x in (base_pos, base_quat, base_lin_vel, base_ang_vel)]
    pos, frame, lin_vel, ang_vel = [double[0]], [rotations(double[1])], [double[2]], [double[3]]
    for link in robot["links"][1:]:
        parent, dof = link["parent"], link["dof"]
        here = frame[parent]
        arm = here @ np.array(link["pos"])
        axes = here @ rotations(np.array([link["quat"]]))[0]
        along = axes @ np.array(link["axis"])
        spin, slip = ang_vel[parent], np.zeros_like(along)
        if dof >= 0 and link["slide"]:
            arm = arm + along * dof_pos[:, dof, None]
            slip = along * dof_vel[:, dof, None]
        elif dof >= 0:
            axes = axes @ turn(np.array(link["axis"]), np.asarray(dof_pos[:, dof], float))
            spin = spin + along * dof_vel[:, dof, None]
        pos.append(pos[parent] + arm)
        lin_vel.append(lin_vel[parent] + np.cross(ang_vel[parent], arm) + slip)
        frame.append(axes)
        ang_vel.append(spin)
    reported = robot["reported"]
    return tuple(np.stack([x[i] for i in reported], axis=1) for x in (pos, lin_vel))  # type: ignore
