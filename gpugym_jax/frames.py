"""Rotations. Quaternions are w x y z, of unit length, from base to world."""

import jax.numpy as jnp
from jaxtyping import Array, Float

Vec = Float[Array, "*env 3"]
Quat = Float[Array, "*env 4"]


def rotate(quat: Quat, vec: Vec) -> Vec:
    """`vec`, given in the base frame, in the world frame."""
    w, xyz = quat[..., :1], quat[..., 1:]
    twice = 2.0 * jnp.cross(xyz, vec)
    return vec + w * twice + jnp.cross(xyz, twice)


def conjugate(quat: Quat) -> Quat:
    """The inverse rotation."""
    return quat * jnp.array([1.0, -1.0, -1.0, -1.0], quat.dtype)


def rotate_inverse(quat: Quat, vec: Vec) -> Vec:
    """`vec`, given in the world frame, in the base frame."""
    return rotate(conjugate(quat), vec)


def multiply(a: Quat, b: Quat) -> Quat:
    """The rotation `b` followed by `a`."""
    aw, av = a[..., :1], a[..., 1:]
    bw, bv = b[..., :1], b[..., 1:]
    w = aw * bw - jnp.sum(av * bv, -1, keepdims=True)
    return jnp.concatenate([w, aw * bv + bw * av + jnp.cross(av, bv)], -1)


def from_rpy(rpy: Vec) -> Quat:
    """The rotation Rz(yaw) Ry(pitch) Rx(roll) of angles in rad (URDF's convention)."""
    c, s = jnp.cos(rpy / 2), jnp.sin(rpy / 2)
    cr, cp, cy = c[..., 0], c[..., 1], c[..., 2]
    sr, sp, sy = s[..., 0], s[..., 1], s[..., 2]
    return jnp.stack(
        [
            cr * cp * cy + sr * sp * sy,
            sr * cp * cy - cr * sp * sy,
            cr * sp * cy + sr * cp * sy,
            cr * cp * sy - sr * sp * cy,
        ],
        -1,
    )


def yaw_of(quat: Quat) -> Float[Array, "*env"]:
    """Heading of the base's x axis in the world, rad in (-pi, pi]."""
    w, x, y, z = quat[..., 0], quat[..., 1], quat[..., 2], quat[..., 3]
    return jnp.arctan2(2 * (w * z + x * y), 1 - 2 * (y * y + z * z))
