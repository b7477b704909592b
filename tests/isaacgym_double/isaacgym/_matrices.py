"""Jacobians and mass matrices, from MuJoCo."""

# MuJoCo's compiled classes have no type stubs.
# pyright: reportAttributeAccessIssue=false

from typing import Any, List, Tuple

import mujoco
import numpy as np

from . import _rotations as rot
from ._cell import kinematics
from ._settings import refuse
from ._stepping import World
from ._tensors import Tensor, buffer_of, fill, world_of
from ._world import Sim


def _with_actor(world: World, name: str) -> List[Tuple[Any, Any]]:
    """Cells and their actors of that name, one an environment."""
    found = [(c, a) for c in world.cells for a in c.env.actors if a.name == name]
    if not found:
        names = sorted({a.name for a in world.sim.actors})
        raise ValueError(f"isaacgym double: no actor is named '{name}'. There are: {', '.join(names)}.")
    return found


def _jacobians(world: World, name: str) -> Any:
    """(env, link, 6, dof): velocities of centres of mass and spins, of those of the root and of the DOFs."""
    return np.stack([_jacobian(world, cell, actor) for cell, actor in _with_actor(world, name)])


def _jacobian(world: World, cell: Any, actor: Any) -> Any:
    model, data = cell.model, cell.data
    kinematics([cell])  # of now
    free, count = not actor.asset.options.fix_base_link, len(actor.asset.dofs)
    first = int(world.root_v[actor.number]) if free else int(world.dof_v[actor.first_dof])
    columns = slice(first - cell.v.start, first - cell.v.start + count + 6 * free)
    jac, rows = np.zeros((6, model.nv)), []
    for body in range(len(actor.asset.bodies)):
        index = actor.first_body - cell.bodies.start + 1 + body
        mujoco.mj_jacBodyCom(model, data, jac[:3], jac[3:], index)
        rows.append(jac[:, columns] @ _from_isaac(world, actor, data) if free else jac[:, columns].copy())
    return np.stack(rows if free else rows[1:])


def _from_isaac(world: World, actor: Any, data: Any) -> Any:
    """Isaac Gym's velocity (centre of mass of the root, spin in world axes) to MuJoCo's (origin, own axes)."""
    body = actor.first_body - world.cells[world.env_of_actor[actor.number]].bodies.start + 1
    quat = rot.to_xyzw(data.xquat[body])
    arm = rot.rotate(quat, world.root_com[actor.number])
    turn = np.eye(6 + len(actor.asset.dofs))
    turn[:3, 3:6] = -np.stack([rot.cross(axis, arm) for axis in np.eye(3)], axis=-1)
    turn[3:6, 3:6] = rot.to_matrix(quat).T
    return turn


def _mass_matrices(world: World, name: str) -> Any:
    """(env, dof, dof), without the root's rows."""
    return np.stack([_mass_matrix(world, cell, actor) for cell, actor in _with_actor(world, name)])


def _mass_matrix(world: World, cell: Any, actor: Any) -> Any:
    model, data = cell.model, cell.data
    kinematics([cell])
    mujoco.mj_crb(model, data)
    count = len(actor.asset.dofs)
    first = int(world.dof_v[actor.first_dof]) - cell.v.start
    result, unit, columns = np.zeros(model.nv), np.zeros(model.nv), []
    for i in range(first, first + count):
        unit[:] = 0.0
        unit[i] = 1.0
        mujoco.mj_mulM(model, data, result, unit)
        columns.append(result[first : first + count].copy())
    return np.stack(columns, axis=-1)


READERS = {"jacobian": _jacobians, "mass_matrix": _mass_matrices}


def _acquire(kind: str, sim: Sim, name: str) -> Tensor:
    if not sim.prepared:
        refuse(f"acquire_{kind}_tensor came before prepare_sim.")
    return buffer_of(sim, (kind, name), READERS[kind](world_of(sim), name))


def _refresh(kind: str, sim: Sim) -> bool:
    for key in [k for k in sim.tensors if k[0] == kind]:
        fill(sim, key, lambda world, key=key: READERS[kind](world, key[1]))
    return True


def acquire_jacobian_tensor(sim: Sim, name: str) -> Tensor:
    return _acquire("jacobian", sim, name)


def refresh_jacobian_tensors(sim: Sim) -> bool:
    return _refresh("jacobian", sim)


def acquire_mass_matrix_tensor(sim: Sim, name: str) -> Tensor:
    return _acquire("mass_matrix", sim, name)


def refresh_mass_matrix_tensors(sim: Sim) -> bool:
    return _refresh("mass_matrix", sim)
