"""What a URDF cannot say, found before it is written."""

# MuJoCo's compiled classes have no type stubs.
# pyright: reportAttributeAccessIssue=false

import mujoco
import numpy as np

from gpugym_jax.robots.layout import Layout
from gpugym_jax.robots.robot import Robot
from gpugym_jax.tables import UserError

SHAPES = {
    int(mujoco.mjtGeom.mjGEOM_SPHERE): "sphere",
    int(mujoco.mjtGeom.mjGEOM_BOX): "box",
    int(mujoco.mjtGeom.mjGEOM_CAPSULE): "capsule",
}
MOVES = (int(mujoco.mjtJoint.mjJNT_HINGE), int(mujoco.mjtJoint.mjJNT_SLIDE))


def check_model(model: mujoco.MjModel, robot: Robot, layout: Layout) -> None:
    """Raise `UserError`, naming the body and its joint, for what a URDF has no words for."""
    if model.neq:
        raise UserError(f"robot '{robot.name}' has equality constraints, for which a URDF has no words.")
    for body in range(layout.base, model.nbody):
        where = f"robot '{robot.name}': body '{model.body(body).name}'"
        joints = [j for j in range(model.njnt) if model.jnt_bodyid[j] == body]
        if len(joints) > 1:
            names = ", ".join(f"'{model.joint(j).name}'" for j in joints)
            raise UserError(f"{where} has {len(joints)} joints ({names}); a link of a URDF has one.")
        if body != layout.base and model.body_parentid[body] < layout.base:
            raise UserError(f"{where} hangs on the world, not on the base; a URDF has one root.")
        if model.body_mass[body] <= 0 and (layout.floating or body != layout.base):
            raise UserError(f"{where} has no mass; every moving link of a URDF needs one.")
        for joint in joints:
            why = _unsayable(model, joint)
            if why:
                raise UserError(f"{where}: joint '{model.joint(joint).name}' {why}.")


def _unsayable(model: mujoco.MjModel, joint: int) -> str:
    """Why a URDF cannot have the joint; empty if it can."""
    kind = int(model.jnt_type[joint])
    if kind == int(mujoco.mjtJoint.mjJNT_FREE):
        return ""
    if kind not in MOVES:
        return "is neither a hinge nor a slide"
    if np.any(model.jnt_pos[joint]):
        return "is off its body's origin, where a URDF has it"
    if model.qpos0[model.jnt_qposadr[joint]] != 0:
        return "has a reference position; in a URDF it is 0"
    if model.jnt_stiffness[joint] != 0:
        return "has a spring, which a URDF has not"
    if kind == int(mujoco.mjtJoint.mjJNT_SLIDE) and not model.jnt_limited[joint]:
        return "slides without a range, which a URDF must give"
    return ""


def touching_geoms(model: mujoco.MjModel, robot: Robot) -> set[int]:
    """Ids of the robot's geoms that may touch the ground; `UserError` for what a URDF cannot say of them."""
    on_robot: set[int] = set()
    for pair in range(model.npair):
        both = [int(model.pair_geom1[pair]), int(model.pair_geom2[pair])]
        mine = [g for g in both if model.geom_bodyid[g] != 0]
        names = [model.geom(g).name for g in both]
        if len(mine) != 1:
            raise UserError(
                f"robot '{robot.name}': contact pair of '{names[0]}' and '{names[1]}' is not with the "
                "ground: in this backend a robot does not touch itself."
            )
        if int(model.geom_type[mine[0]]) not in SHAPES:
            body = model.body(model.geom_bodyid[mine[0]]).name
            raise UserError(
                f"robot '{robot.name}': geom '{model.geom(mine[0]).name}' of body '{body}' touches the "
                f"ground but is none of: {', '.join(sorted(SHAPES.values()))}."
            )
        on_robot.update(mine)
    return on_robot
