"""Where a robot's bodies are and how fast they move, for one robot in JAX.

MuJoCo's `mj_kinematics` and `mj_comVel` without what nobody reads. Bodies that hang alike from their parents,
such as the four thighs of a quadruped, are worked out at once. A vector is a tuple of its components, so that
XLA makes few kernels of it.
"""

# MuJoCo's compiled classes have no type stubs.
# pyright: reportAttributeAccessIssue=false

from collections.abc import Callable, Sequence
from typing import NamedTuple

import jax
import jax.numpy as jnp
import mujoco
import numpy as np
from jaxtyping import Array, Float

from gpugym_jax.physics.kinematics import reorder
from gpugym_jax.robots.layout import Layout

Numbers = Float[Array, " body"] | Float[np.ndarray, " body"] | float
Vec = tuple[Numbers, ...]
"""x, y, z of some bodies; w, x, y, z if it is a quaternion."""
Kind = tuple[tuple[int, ...], ...]
"""The types of the joints of a body's ancestors and of its own, from the world down."""


class Frames(NamedTuple):
    """Of some bodies of one kind, in the world."""

    pos: Vec  # m, of the origin
    quat: Vec
    vel: Vec  # m/s, of the origin
    spin: Vec  # rad/s


def add(a: Vec, b: Vec) -> Vec:
    """a + b."""
    return tuple(x + y for x, y in zip(a, b, strict=True))


def times(s: Numbers, a: Vec) -> Vec:
    """s a."""
    return tuple(s * x for x in a)


def cross(a: Vec, b: Vec) -> Vec:
    """a x b."""
    (ax, ay, az), (bx, by, bz) = a, b
    return ay * bz - az * by, az * bx - ax * bz, ax * by - ay * bx


def rotate(quat: Vec, v: Vec) -> Vec:
    """`v` in the world, of `v` in the frame of `quat`."""
    w, *axis = quat
    twice = times(2.0, cross(tuple(axis), v))
    return add(add(v, times(w, twice)), cross(tuple(axis), twice))


def multiply(a: Vec, b: Vec) -> Vec:
    """The rotation `b` followed by `a`."""
    (aw, ax, ay, az), (bw, bx, by, bz) = a, b
    return (
        aw * bw - ax * bx - ay * by - az * bz,
        aw * bx + ax * bw + ay * bz - az * by,
        aw * by - ax * bz + ay * bw + az * bx,
        aw * bz + ax * by - ay * bx + az * bw,
    )


def shifted(f: Frames, offset: Vec) -> Frames:
    """Frames that are fixed to `f`, their origin at `offset` in it."""
    if all(isinstance(x, np.ndarray) and not x.any() for x in offset):
        return f
    arm = rotate(f.quat, offset)
    return f._replace(pos=add(f.pos, arm), vel=add(f.vel, cross(f.spin, arm)))


class Joints(NamedTuple):
    """One joint of each of some bodies, all of one type, and where they stand."""

    pos: Vec  # m, in the body's frame
    axis: Vec  # likewise
    at: Numbers  # rad or m, from where the model has it
    speed: Numbers


def hinge(f: Frames, j: Joints) -> Frames:
    """Turned about the joint's axis, through its anchor."""
    anchor, half = shifted(f, j.pos), 0.5 * j.at
    turn = (jnp.cos(half), *times(jnp.sin(half), j.axis))
    spin = add(f.spin, times(j.speed, rotate(f.quat, j.axis)))
    return shifted(anchor._replace(quat=multiply(f.quat, turn), spin=spin), times(-1.0, j.pos))


def slide(f: Frames, j: Joints) -> Frames:
    """Moved along the joint's axis."""
    moved = shifted(f, times(j.at, j.axis))
    return moved._replace(vel=add(moved.vel, times(j.speed, rotate(f.quat, j.axis))))


MOVES = {int(mujoco.mjtJoint.mjJNT_HINGE): hinge, int(mujoco.mjtJoint.mjJNT_SLIDE): slide}
FREE = int(mujoco.mjtJoint.mjJNT_FREE)
UNTURNED = (1.0, 0.0, 0.0, 0.0)


def free(qpos: Array, qvel: Array) -> Frames:
    """The body of the free joint, which is the first of all."""
    numbers = [x[None] for x in (*qpos[:7], *qvel[:6])]
    pos, quat, vel, turn = numbers[:3], numbers[3:7], numbers[7:10], numbers[10:]
    quat = times(1.0 / jnp.sqrt(sum(x * x for x in quat)), tuple(quat))
    return Frames(tuple(pos), quat, tuple(vel), rotate(quat, tuple(turn)))


def kinds_of(model: mujoco.MjModel) -> list[Kind]:
    """Of each body."""
    kinds: list[Kind] = [()]
    for body in range(1, model.nbody):
        joints = model.jnt_type[model.body_jntadr[body] :][: model.body_jntnum[body]]
        kinds.append((*kinds[model.body_parentid[body]], tuple(int(t) for t in joints)))
    return kinds


def constants(rows: np.ndarray) -> Vec:
    """Rows of the model, as components."""
    return tuple(np.asarray(rows, np.float32).T)


def of(frames: Frames, order: Sequence[int]) -> Frames:
    """Some of them, in that order."""
    return jax.tree.map(lambda x: reorder(x, np.asarray(order)), frames)


def place(model: mujoco.MjModel, bodies: list[int], f: Frames, qpos: Array, qvel: Array) -> Frames:
    """Bodies of one kind, of their parents' frames."""
    f = shifted(f, constants(model.body_pos[bodies]))
    if np.any(model.body_quat[bodies] != UNTURNED):
        f = f._replace(quat=multiply(f.quat, constants(model.body_quat[bodies])))
    for i in range(model.body_jntnum[bodies[0]]):
        ids = model.body_jntadr[bodies] + i
        joint_type, at = int(model.jnt_type[ids[0]]), model.jnt_qposadr[ids]
        if joint_type == FREE:
            f = free(qpos, qvel)
            continue
        turned, speed = qpos[at] - model.qpos0[at].astype(np.float32), qvel[model.jnt_dofadr[ids]]
        joints = Joints(constants(model.jnt_pos[ids]), constants(model.jnt_axis[ids]), turned, speed)
        f = MOVES[joint_type](f, joints)
    return f


def world() -> Frames:
    """The world's own frame, as that of one body."""
    zero, one = np.zeros(1, np.float32), np.ones(1, np.float32)
    return Frames((zero,) * 3, (one, zero, zero, zero), (zero,) * 3, (zero,) * 3)


def make_read_bodies(model: mujoco.MjModel, layout: Layout) -> Callable[..., tuple[Array, Array]]:
    """Of a robot's qpos and qvel: positions (m) and velocities (m/s) of the reported bodies, world."""
    kinds = kinds_of(model)
    members = {kind: [b for b, k in enumerate(kinds) if k == kind] for kind in dict.fromkeys(kinds)}
    reported = {kind: [i for i, b in enumerate(layout.body) if kinds[b] == kind] for kind in members}
    order = np.argsort([i for rows in reported.values() for i in rows]).tolist()
    offsets = np.where(layout.geom[:, None] >= 0, model.geom_pos[layout.geom], 0.0)

    def read_bodies(qpos: Array, qvel: Array) -> tuple[Float[Array, "body 3"], Float[Array, "body 3"]]:
        frames: dict[Kind, Frames] = {(): world()}
        points: list[Frames] = []
        for kind, bodies in members.items():
            if kind:
                above = [members[kind[:-1]].index(model.body_parentid[b]) for b in bodies]
                frames[kind] = place(model, bodies, of(frames[kind[:-1]], above), qpos, qvel)
            if rows := reported[kind]:
                on = of(frames[kind], [bodies.index(layout.body[i]) for i in rows])
                points.append(shifted(on, constants(offsets[rows])))
        all_points = of(jax.tree.map(lambda *x: jnp.concatenate(x), *points), order)
        return jnp.stack(all_points.pos, -1), jnp.stack(all_points.vel, -1)

    return read_bodies
