"""Setters of tensors: what they take, and that it acts at the next step."""

from typing import Any, Callable, Optional

import numpy as np

from . import _rotations as rot
from ._enums import CoordinateSpace
from ._settings import Settings, refuse
from ._tensors import Tensor, body_places, origins, world_of
from ._world import Sim


def read(tensor: Any, what: str, size: int, dtype: Any = np.float32) -> Any:
    """The numbers behind a descriptor, checked. A tensor that is no more raises `RuntimeError`."""
    if not isinstance(tensor, Tensor):
        raise TypeError(
            f"isaacgym double: {what} takes a descriptor (gymtorch.unwrap_tensor), not {type(tensor).__name__}."
        )
    if tensor.dead is not None and tensor.dead():
        refuse(f"{what}: the tensor behind the descriptor is gone. Keep it in a variable.")
    array = tensor.array
    if array.dtype != dtype:
        refuse(f"{what} takes {np.dtype(dtype).name}, not {array.dtype.name}.")
    if size >= 0 and array.size != size:
        raise ValueError(
            f"isaacgym double: {what} takes {size} numbers, not {array.size} (shape {array.shape})."
        )
    return np.array(array, dtype)


def rows_of(tensor: Any, count: int, sim: Sim, what: str) -> Any:
    """Actor indices, checked."""
    rows = read(tensor, what + " indices", -1, np.int32).reshape(-1)
    if int(count) > len(rows):
        raise ValueError(f"isaacgym double: {what}: {int(count)} of {len(rows)} indices.")
    rows, total = rows[: int(count)].astype(int), len(sim.actors)
    if len(rows) and not (rows.min() >= 0 and rows.max() < total):
        raise IndexError(
            f"isaacgym double: {what}: indices from {rows.min()} to {rows.max()}, but there are {total} actors."
        )
    return rows


def _pend(sim: Sim, kind: str, rows: Any, values: Any) -> bool:
    """Record for the next step. In strict mode it replaces what was recorded, as on the GPU pipeline."""
    pending = world_of(sim).pending
    if not Settings.strict and kind in pending:
        old_rows, old = pending[kind]
        rows, values = _merge(world_of(sim), kind, old_rows, old, rows, values)
    pending[kind] = rows, values
    return True


def _merge(world: Any, kind: str, old_rows: Any, old: Any, rows: Any, values: Any) -> Any:
    both = np.union1d(old_rows, rows)
    if kind == "root":
        table = np.zeros((len(world.fixed_pose), 13))
        table[old_rows], table[rows] = old, values
        return both, table[both]
    new = np.isin(world.actor_of_dof, rows)[:, None]
    return both, np.where(new, values, old)


def set_actor_root_state_tensor(sim: Sim, state: Tensor) -> bool:
    values = read(state, "set_actor_root_state_tensor", 13 * len(sim.actors)).reshape(-1, 13)
    return _pend(sim, "root", np.arange(len(sim.actors)), values)


def set_actor_root_state_tensor_indexed(sim: Sim, state: Tensor, indices: Tensor, count: int) -> bool:
    what = "set_actor_root_state_tensor_indexed"
    values = read(state, what, 13 * len(sim.actors)).reshape(-1, 13)
    rows = np.unique(rows_of(indices, count, sim, what))
    return _pend(sim, "root", rows, values[rows])


def set_dof_state_tensor(sim: Sim, state: Tensor) -> bool:
    world = world_of(sim)
    values = read(state, "set_dof_state_tensor", 2 * len(world.dof_q)).reshape(-1, 2)
    return _pend(sim, "dof", np.unique(world.actor_of_dof), values)


def set_dof_state_tensor_indexed(sim: Sim, state: Tensor, indices: Tensor, count: int) -> bool:
    world, what = world_of(sim), "set_dof_state_tensor_indexed"
    values = read(state, what, 2 * len(world.dof_q)).reshape(-1, 2)
    rows = np.unique(rows_of(indices, count, sim, what))
    if not np.isin(rows, world.actor_of_dof).all():
        refuse(f"{what}: actors without DOFs are among {rows.tolist()}.")
    return _pend(sim, "dof", rows, values)


def _dof_setter(kind: str, field: str) -> Callable[..., bool]:
    """Of all DOFs. Modes that do not take it ignore it."""
    what = f"set_dof_{kind}_tensor"

    def set_all(sim: Sim, values: Tensor) -> bool:
        world = world_of(sim)
        getattr(world, field)[:] = read(values, what, len(world.dof_q)).reshape(-1)
        return True

    return set_all


def _dof_setter_indexed(kind: str, field: str, lasts: bool) -> Callable[..., bool]:
    """Of the DOFs of some actors. What acts for one step is replaced as a whole by a second call."""
    what = f"set_dof_{kind}_tensor_indexed"

    def set_indexed(sim: Sim, values: Tensor, indices: Tensor, count: int) -> bool:
        world = world_of(sim)
        new = read(values, what, len(world.dof_q)).reshape(-1)
        rows = np.isin(world.actor_of_dof, rows_of(indices, count, sim, what))
        if Settings.strict and not lasts:
            getattr(world, field)[:] = 0.0
        getattr(world, field)[rows] = new[rows]
        return True

    return set_indexed


for _kind, _field in (
    ("actuation_force", "effort"),
    ("position_target", "target_pos"),
    ("velocity_target", "target_vel"),
):
    globals()[f"set_dof_{_kind}_tensor"] = _dof_setter(_kind, _field)
    globals()[f"set_dof_{_kind}_tensor_indexed"] = _dof_setter_indexed(_kind, _field, _field != "effort")


def apply_rigid_body_force_tensors(
    sim: Sim, forceTensor: Optional[Tensor] = None, torqueTensor: Optional[Tensor] = None, space: Any = None
) -> bool:
    """At the centres of mass, N and N m, for one step."""
    push = world_of(sim).push
    local = _turns(sim, space)
    for tensor, part in ((forceTensor, slice(0, 3)), (torqueTensor, slice(3, 6))):
        if tensor is not None:
            values = read(tensor, "apply_rigid_body_force_tensors", 3 * len(push)).reshape(-1, 3)
            push[:, part] = values if local is None else rot.rotate(local, values)
    return True


def apply_rigid_body_force_at_pos_tensors(
    sim: Sim, forceTensor: Tensor, posTensor: Optional[Tensor] = None, space: Any = None
) -> bool:
    """At points, N and m, for one step. In the environment's or the body's frame; without points, at the origins."""
    world, what = world_of(sim), "apply_rigid_body_force_at_pos_tensors"
    size = 3 * len(world.push)
    force = read(forceTensor, what, size).reshape(-1, 3).astype(float)
    origin, quat, com = body_places(world)
    local = space is not None and int(space) == int(CoordinateSpace.LOCAL_SPACE)
    at = np.zeros_like(force) if posTensor is None else read(posTensor, what, size).reshape(-1, 3)
    if local:
        force, at = rot.rotate(quat, force), origin + rot.rotate(quat, at)
    else:
        at = origin if posTensor is None else at + origins(world)[world.env_of_body]
    world.push[:, :3], world.push[:, 3:] = force, rot.cross(at - com, force)
    return True


def _turns(sim: Sim, space: Any) -> Optional[Any]:
    """Quaternions of the bodies if `space` is theirs; environments' axes are the world's."""
    if space is None or int(space) != int(CoordinateSpace.LOCAL_SPACE):
        return None
    return body_places(world_of(sim))[1]
