"""Quaternions x y z w and rotation matrices, in NumPy, over leading axes."""

import math
from typing import Any, Sequence

import numpy as np

Array = Any  # NumPy's own types of shapes need 3.9


def cross(a: Array, b: Array) -> Array:
    """Cross product of (..., 3) arrays."""
    ax, ay, az = a[..., 0], a[..., 1], a[..., 2]
    bx, by, bz = b[..., 0], b[..., 1], b[..., 2]
    return np.stack([ay * bz - az * by, az * bx - ax * bz, ax * by - ay * bx], axis=-1)


def rotate(quat: Array, vec: Array) -> Array:
    """Vectors (..., 3) turned by unit quaternions (..., 4)."""
    axis = quat[..., :3]
    twice = 2.0 * cross(axis, vec)
    return vec + quat[..., 3:4] * twice + cross(axis, twice)


def conjugate(quat: Array) -> Array:
    """The inverse of unit quaternions."""
    return quat * np.array([-1.0, -1.0, -1.0, 1.0])


def product(p: Array, q: Array) -> Array:
    """Hamilton product: first turn by q, then by p."""
    pv, pw, qv, qw = p[..., :3], p[..., 3:4], q[..., :3], q[..., 3:4]
    vector = pw * qv + qw * pv + cross(pv, qv)
    return np.concatenate([vector, pw * qw - np.sum(pv * qv, -1, keepdims=True)], axis=-1)


def to_wxyz(quat: Array) -> Array:
    """MuJoCo's order."""
    return np.roll(quat, 1, axis=-1)


def to_xyzw(quat: Array) -> Array:
    """Isaac Gym's order."""
    return np.roll(quat, -1, axis=-1)


def from_rpy(roll: float, pitch: float, yaw: float) -> Array:
    """URDF's angles about fixed axes: roll about x, then pitch about y, then yaw about z."""
    half = 0.5 * np.array([roll, pitch, yaw])
    (sr, sp, sy), (cr, cp, cy) = np.sin(half), np.cos(half)
    return np.array(
        [
            sr * cp * cy - cr * sp * sy,
            cr * sp * cy + sr * cp * sy,
            cr * cp * sy - sr * sp * cy,
            cr * cp * cy + sr * sp * sy,
        ]
    )


def to_matrix(quat: Array) -> Array:
    """(3, 3) of one quaternion; columns are the turned axes."""
    return np.stack([rotate(quat, axis) for axis in np.eye(3)], axis=-1)


def from_matrix(matrix: Array) -> Array:
    """One quaternion of a (3, 3) rotation, by the largest of its four squares."""
    m = np.asarray(matrix)
    k = np.array(
        [
            [m[0, 0] - m[1, 1] - m[2, 2], 0, 0, 0],
            [m[1, 0] + m[0, 1], m[1, 1] - m[0, 0] - m[2, 2], 0, 0],
            [m[2, 0] + m[0, 2], m[2, 1] + m[1, 2], m[2, 2] - m[0, 0] - m[1, 1], 0],
            [m[2, 1] - m[1, 2], m[0, 2] - m[2, 0], m[1, 0] - m[0, 1], m[0, 0] + m[1, 1] + m[2, 2]],
        ]
    )
    return np.linalg.eigh(k)[1][:, -1]  # of the largest eigenvalue (Bar-Itzhack 2000); reads the lower half


def between(start: Sequence[float], end: Sequence[float]) -> Array:
    """The shortest turn from one direction to another."""
    a, b = np.asarray(start, float), np.asarray(end, float)
    a, b = a / np.linalg.norm(a), b / np.linalg.norm(b)
    if a @ b < -1.0 + 1e-12:
        axis = cross(a, np.eye(3)[np.argmin(np.abs(a))])
        return np.append(axis / np.linalg.norm(axis), 0.0)
    quat = np.append(cross(a, b), 1.0 + a @ b)
    return quat / np.linalg.norm(quat)


def from_axis_angle(axis: Sequence[float], angle: float) -> Array:
    """Turn by `angle` rad about `axis`, of any length."""
    unit = np.asarray(axis, float) / max(float(np.linalg.norm(axis)), 1e-30)
    return np.append(unit * math.sin(0.5 * angle), math.cos(0.5 * angle))
