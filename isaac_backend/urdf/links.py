"""The links that a robot's URDF shall have: its bodies, and its reported geoms as links of their own."""

# MuJoCo's compiled classes have no type stubs.
# pyright: reportAttributeAccessIssue=false

from dataclasses import dataclass

import mujoco
import numpy as np

from gpugym_jax.robots.layout import Layout
from gpugym_jax.robots.robot import Robot
from gpugym_jax.tables import UserError
from isaac_backend.urdf.inertia import Inertial, split

NOMINAL = Inertial(1.0, np.zeros(3), 0.01 * np.eye(3))
"""A fixed base without mass in the MJCF gets this, lest the importer guess one. It never moves."""


@dataclass(frozen=True)
class Link:
    """A link to be: a body of the model, or one of its geoms."""

    name: str
    parent: int  # index into the links, -1 for the base
    pos: np.ndarray  # (3,) m, in the parent's frame; of the base in the world's
    quat: np.ndarray  # (4,) w x y z
    inertial: Inertial
    geoms: tuple[int, ...]  # ids of what is seen or touches
    joint: int = -1  # id, -1 if fixed
    geom: int = -1  # id of the geom that the link is, -1 for a body


def make_links(model: mujoco.MjModel, robot: Robot, layout: Layout) -> list[Link]:
    """The base and all below it, each body followed by its reported geoms."""
    links: list[Link] = []
    index_of_body: dict[int, int] = {}
    for body in range(layout.base, model.nbody):
        reported = [int(g) for g, b in zip(layout.geom, layout.body, strict=True) if g >= 0 and b == body]
        rest, balls = _split_off(model, robot, body, reported)
        index_of_body[body] = here = len(links)
        links.append(
            Link(
                name=model.body(body).name,
                parent=index_of_body.get(int(model.body_parentid[body]), -1),
                pos=model.body_pos[body] if body != layout.base else layout.base_pos,
                quat=model.body_quat[body] if body != layout.base else layout.base_quat,
                inertial=rest,
                geoms=tuple(
                    g for g in range(model.ngeom) if model.geom_bodyid[g] == body and g not in reported
                ),
                joint=int(model.body_jntadr[body]) if _has_joint(model, body) else -1,
            )
        )
        for g, ball in zip(reported, balls, strict=True):
            centred = ball._replace(com=np.zeros(3))
            still = np.array([1.0, 0.0, 0.0, 0.0])
            links.append(Link(model.geom(g).name, here, model.geom_pos[g], still, centred, (g,), geom=g))
    return links


def _has_joint(model: mujoco.MjModel, body: int) -> bool:
    free = mujoco.mjtJoint.mjJNT_FREE
    return model.body_jntnum[body] == 1 and model.jnt_type[model.body_jntadr[body]] != free


def _split_off(
    model: mujoco.MjModel, robot: Robot, body: int, reported: list[int]
) -> tuple[Inertial, list[Inertial]]:
    """A body's mass without its reported geoms, and what each of these takes of it."""
    rest, balls = inertial_of(model, body), []
    for g in reported:
        pair = split(rest, model.geom_pos[g], float(model.geom_size[g, 0]))
        if pair is None:
            raise UserError(
                f"robot '{robot.name}': body '{model.body(body).name}' is too light or thin for its geom "
                f"'{model.geom(g).name}' to be a link: report the body instead, or give it more inertia."
            )
        rest = pair[0]
        balls.append(pair[1])
    return rest, balls


def inertial_of(model: mujoco.MjModel, body: int) -> Inertial:
    """A body's mass, centre of mass and tensor in the body's axes."""
    if model.body_mass[body] == 0:
        return NOMINAL
    axes = np.zeros(9)
    mujoco.mju_quat2Mat(axes, model.body_iquat[body])
    axes = axes.reshape(3, 3)
    tensor = axes @ np.diag(model.body_inertia[body]) @ axes.T
    return Inertial(float(model.body_mass[body]), model.body_ipos[body].copy(), tensor)
