"""Rotations in NumPy. Quaternions are w x y z, of unit length, from base to world."""

import numpy as np
from jaxtyping import Float
from numpy import ndarray

Vec = Float[ndarray, "*#n 3"]
Quat = Float[ndarray, "*#n 4"]


def rotate(quat: Quat, vec: Vec) -> Vec:
    """`vec`, given in the base frame, in the world frame."""
    w, x, y, z = np.moveaxis(quat, -1, 0)
    matrix = np.stack(
        [
            np.stack([1 - 2 * (y * y + z * z), 2 * (x * y - w * z), 2 * (x * z + w * y)], -1),
            np.stack([2 * (x * y + w * z), 1 - 2 * (x * x + z * z), 2 * (y * z - w * x)], -1),
            np.stack([2 * (x * z - w * y), 2 * (y * z + w * x), 1 - 2 * (x * x + y * y)], -1),
        ],
        -2,
    )
    return np.einsum("...ij,...j->...i", matrix, vec)


def rotate_inverse(quat: Quat, vec: Vec) -> Vec:
    """`vec`, given in the world frame, in the base frame."""
    return rotate(quat * np.array([1.0, -1.0, -1.0, -1.0]), vec)


def multiply(a: Quat, b: Quat) -> Quat:
    """The rotation `b` followed by `a`."""
    aw, bw = a[..., :1], b[..., :1]
    scalar = aw * bw - np.sum(a[..., 1:] * b[..., 1:], -1, keepdims=True)
    vector = aw * b[..., 1:] + bw * a[..., 1:] + np.cross(a[..., 1:], b[..., 1:])
    return np.concatenate([scalar, vector], -1)


def from_rpy(rpy: Vec) -> Quat:
    """The rotation Rz(yaw) Ry(pitch) Rx(roll) of angles in rad."""

    def about(axis: int) -> Quat:
        quat = np.zeros((*rpy.shape[:-1], 4))
        quat[..., 0] = np.cos(rpy[..., axis] / 2)
        quat[..., 1 + axis] = np.sin(rpy[..., axis] / 2)
        return quat

    return multiply(about(2), multiply(about(1), about(0)))


def yaw_of(quat: Quat) -> Float[ndarray, "*n"]:
    """Heading of the base's x axis in the world, rad in (-pi, pi]."""
    w, x, y, z = np.moveaxis(quat, -1, 0)
    return np.arctan2(2 * (w * z + x * y), 1 - 2 * (y * y + z * z))
