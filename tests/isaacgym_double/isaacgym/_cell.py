"""One environment in MuJoCo, and what is worked out of its present state."""

# MuJoCo's compiled classes have no type stubs.
# pyright: reportAttributeAccessIssue=false

from dataclasses import dataclass
from typing import Any, List, Tuple

import mujoco
import numpy as np

from . import _rotations as rot
from ._world import Env


@dataclass(eq=False)
class Cell:
    """One environment in MuJoCo, with its places in the flat arrays."""

    env: Env
    model: Any
    data: Any
    q: slice
    v: slice
    bodies: slice
    drives: Any = None  # DOF rows of the actuators
    drag: Any = None  # linear and angular damping of each body, 1/s, if there is any


def kinematics(cells: List[Cell]) -> Tuple[Any, Any, Any, Any]:
    """Positions and quaternions (MuJoCo's order) of bodies' origins, velocities of their centres of mass, and spins.

    World axes, at the present states, one row a body of `cells`.
    """
    parts = [_kinematics(cell.model, cell.data) for cell in cells] or [_NONE]
    pos, quat, com, centre, twist = (np.concatenate(x) for x in zip(*parts))
    spin = twist[:, :3]  # of MuJoCo's twists at the robot's centre of mass
    return pos, quat, twist[:, 3:] + rot.cross(spin, com - centre), spin


_NONE = tuple(np.zeros((0, n)) for n in (3, 4, 3, 3, 6))


def _kinematics(model: Any, data: Any) -> Tuple[Any, ...]:
    mujoco.mj_kinematics(model, data)
    mujoco.mj_comPos(model, data)
    mujoco.mj_comVel(model, data)
    centre = data.subtree_com[model.body_rootid[1:]]
    return data.xpos[1:], data.xquat[1:], data.xipos[1:], centre, data.cvel[1:]


def drag(cell: Cell) -> Any:
    """Force and torque that slow bodies down at the rates `cell.drag` (bodies, 2), 1/s."""
    *_, velocity, spin = kinematics([cell])
    model, data, damping = cell.model, cell.data, cell.drag
    axes = data.ximat[1:].reshape(-1, 3, 3)
    principal = np.einsum("bji,bj->bi", axes, spin) * model.body_inertia[1:]
    momentum = np.einsum("bij,bj->bi", axes, principal)
    forces = -damping[:, :1] * model.body_mass[1:, None] * velocity
    return np.hstack([forces, -damping[:, 1:] * momentum])
