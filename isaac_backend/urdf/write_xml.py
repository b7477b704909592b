"""URDF elements of links and joints."""

# MuJoCo's compiled classes have no type stubs.
# pyright: reportAttributeAccessIssue=false

from math import atan2, hypot
from xml.etree.ElementTree import Element, SubElement

import mujoco
import numpy as np

from isaac_backend.urdf.checks import SHAPES
from isaac_backend.urdf.inertia import Inertial
from isaac_backend.urdf.links import Link

URDF_TYPES = {int(mujoco.mjtJoint.mjJNT_HINGE): "revolute", int(mujoco.mjtJoint.mjJNT_SLIDE): "prismatic"}


def add_link(root: Element, model: mujoco.MjModel, link: Link, touching: list[int]) -> None:
    """A `<link>`: inertial in the link's axes, all primitives to be seen, `touching` to collide."""
    element = SubElement(root, "link", name=link.name)
    _add_inertial(element, link.inertial)
    for kind, geoms in (("visual", link.geoms), ("collision", touching)):
        for g in geoms:
            if int(model.geom_type[g]) in SHAPES:
                _add_shape(SubElement(element, kind), model, g, is_link=link.geom == g)


def add_joint(
    root: Element, model: mujoco.MjModel, link: Link, parent: str, limits: dict[str, float]
) -> None:
    """The `<joint>` between `parent` and `link`: fixed, prismatic, revolute, or continuous (no range)."""
    kind = URDF_TYPES[int(model.jnt_type[link.joint])] if link.joint >= 0 else "fixed"
    if kind == "revolute" and "lower" not in limits:
        kind = "continuous"
    name = model.joint(link.joint).name if link.joint >= 0 else f"{link.name}_fixed"
    element = SubElement(root, "joint", name=name, type=kind)
    _add_origin(element, link.pos, link.quat)
    SubElement(element, "parent", link=parent)
    SubElement(element, "child", link=link.name)
    if link.joint >= 0:
        SubElement(element, "axis", xyz=numbers(model.jnt_axis[link.joint]))
        # a URDF's limits have no word for "none": an effort or a velocity that is not given is zero
        given = {"effort": 1e6, "velocity": 1e6, **limits}
        SubElement(element, "limit", {name: numbers([x]) for name, x in given.items()})


def _add_inertial(link: Element, inertial: Inertial) -> None:
    element = SubElement(link, "inertial")
    _add_origin(element, inertial.com)
    SubElement(element, "mass", value=numbers([inertial.mass]))
    (xx, xy, xz), (_, yy, yz), (_, _, zz) = inertial.tensor
    tensor = {"ixx": xx, "ixy": xy, "ixz": xz, "iyy": yy, "iyz": yz, "izz": zz}
    SubElement(element, "inertia", {name: numbers([x]) for name, x in tensor.items()})


def _add_shape(element: Element, model: mujoco.MjModel, g: int, *, is_link: bool) -> None:
    """Origin and geometry of a geom. A capsule is a cylinder as long as its straight part."""
    pos = np.zeros(3) if is_link else model.geom_pos[g]
    _add_origin(element, pos, model.geom_quat[g])
    geometry, size = SubElement(element, "geometry"), model.geom_size[g]
    shape = SHAPES[int(model.geom_type[g])]
    if shape == "box":
        SubElement(geometry, "box", size=numbers(2 * size))
    elif shape == "sphere":
        SubElement(geometry, "sphere", radius=numbers(size[:1]))
    else:
        SubElement(geometry, "cylinder", radius=numbers(size[:1]), length=numbers(2 * size[1:2]))


def _add_origin(element: Element, pos: np.ndarray, quat: np.ndarray | None = None) -> None:
    rpy = (0.0, 0.0, 0.0) if quat is None else rpy_of(quat)
    SubElement(element, "origin", xyz=numbers(pos), rpy=numbers(rpy))


def rpy_of(quat: np.ndarray) -> tuple[float, float, float]:
    """Roll, pitch, yaw, rad, of a quaternion w x y z: a URDF turns about fixed x, then y, then z."""
    flat = np.zeros(9)
    mujoco.mju_quat2Mat(flat, np.asarray(quat, float))
    m = flat.reshape(3, 3)
    level = hypot(m[0, 0], m[1, 0])
    pitch = atan2(-m[2, 0], level)
    if level < 1e-9:
        return 0.0, pitch, atan2(-m[0, 1], m[1, 1])  # looking straight up or down, roll and yaw are one
    return atan2(m[2, 1], m[2, 2]), pitch, atan2(m[1, 0], m[0, 0])


def numbers(values: object) -> str:
    """Numbers to the last digit of a double."""
    return " ".join(repr(float(x)) for x in np.asarray(values, float).ravel())
