"""MJCF to a list of bodies, by MuJoCo's own compiler."""

# MuJoCo's compiled classes have no type stubs.
# pyright: reportAttributeAccessIssue=false

from typing import Any, List, Optional

import mujoco
import numpy as np

from . import _rotations as rot
from ._tree import Body, Inertial, Joint, Shape

GEOMS = {
    int(mujoco.mjtGeom.mjGEOM_SPHERE): ("sphere", 1),
    int(mujoco.mjtGeom.mjGEOM_CAPSULE): ("capsule", 2),
    int(mujoco.mjtGeom.mjGEOM_CYLINDER): ("cylinder", 2),
    int(mujoco.mjtGeom.mjGEOM_BOX): ("box", 3),
}
FREE, HINGE, SLIDE = (int(getattr(mujoco.mjtJoint, f"mjJNT_{k}")) for k in ("FREE", "HINGE", "SLIDE"))


def read_mjcf(path: str) -> List[Body]:
    """The bodies below the one top-level body. Joint ranges and frictionloss are lost, as in Isaac Gym."""
    model = mujoco.MjModel.from_xml_path(path)
    tops = np.flatnonzero(model.body_parentid[1:] == 0)
    if len(tops) != 1:
        raise ValueError(f"isaacgym double: {path} has {len(tops)} top-level bodies, not one.")
    pairs = {int(g) for g in [*model.pair_geom1, *model.pair_geom2]}
    return [_body(model, b, pairs) for b in range(1, model.nbody)]


def _body(model: Any, b: int, pairs: Any) -> Body:
    inertia_axes = rot.to_matrix(rot.to_xyzw(model.body_iquat[b]))
    inertia = inertia_axes @ np.diag(model.body_inertia[b]) @ inertia_axes.T
    first, count = model.body_geomadr[b], model.body_geomnum[b]
    touches = [
        g
        for g in range(first, first + count)
        if g in pairs or model.geom_contype[g] or model.geom_conaffinity[g]
    ]
    return Body(
        name=model.body(b).name,
        parent=int(model.body_parentid[b]) - 1,
        pos=model.body_pos[b].copy(),
        quat=rot.to_xyzw(model.body_quat[b]),
        joint=_joint(model, b),
        inertial=Inertial(float(model.body_mass[b]), model.body_ipos[b].copy(), inertia),
        shapes=[_shape(model, g) for g in touches],
    )


def _joint(model: Any, b: int) -> Optional[Joint]:
    first, count = model.body_jntadr[b], model.body_jntnum[b]
    name = model.body(b).name
    if count > 1:
        raise ValueError(f"isaacgym double: body '{name}' has {count} joints; the double takes one a body.")
    kind = int(model.jnt_type[first]) if count else None
    if model.body_parentid[b] == 0 and kind in (None, FREE):
        return None
    if kind is None:
        return Joint(f"{name}_fixed", "fixed")
    if kind not in (HINGE, SLIDE) or model.body_parentid[b] == 0:
        raise ValueError(f"isaacgym double: the joint of body '{name}' is no hinge or slide below a root.")
    dof = model.jnt_dofadr[first]
    return Joint(
        name=model.joint(first).name,
        kind="hinge" if kind == HINGE else "slide",
        axis=model.jnt_axis[first].copy(),
        anchor=model.jnt_pos[first].copy(),
        damping=float(model.dof_damping[dof]),
        armature=float(model.dof_armature[dof]),
    )


def _shape(model: Any, g: int) -> Shape:
    if int(model.geom_type[g]) not in GEOMS:
        raise ValueError(
            f"isaacgym double: geom '{model.geom(g).name}' has a shape that the double does not have. "
            f"It has: {', '.join(sorted(k for k, _ in GEOMS.values()))}."
        )
    kind, count = GEOMS[int(model.geom_type[g])]
    size = tuple(float(x) for x in model.geom_size[g][:count])
    return Shape(kind, size, model.geom_pos[g].copy(), rot.to_xyzw(model.geom_quat[g]))
