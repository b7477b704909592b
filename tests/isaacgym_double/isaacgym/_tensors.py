"""Tensors: buffers that `refresh_*` fills, and descriptors of them."""

from typing import Any, Callable, Optional, Tuple

import numpy as np

from . import _rotations as rot
from ._cell import kinematics
from ._enums import TensorDataType
from ._sensors import sensor_readings
from ._settings import Settings, refuse
from ._stepping import World
from ._world import Sim

DTYPES = {
    "float32": TensorDataType.DTYPE_FLOAT32,
    "int32": TensorDataType.DTYPE_UINT32,
    "uint8": TensorDataType.DTYPE_UINT8,
    "int16": TensorDataType.DTYPE_INT16,
}


class Tensor:
    """A descriptor by address: of a buffer of the simulator, or of somebody's array that must still be there."""

    device = -1  # the CPU

    def __init__(self, array: Any, dead: Optional[Callable[[], bool]] = None) -> None:
        self.array, self.dead, self.own_data = array, dead, dead is None

    @property
    def shape(self) -> Tuple[int, ...]:
        return tuple(self.array.shape)

    @property
    def ndim(self) -> int:
        return self.array.ndim

    @property
    def dtype(self) -> Any:
        return DTYPES[self.array.dtype.name]

    @property
    def data_address(self) -> int:
        return self.array.ctypes.data

    data_ptr = data_address


def prepare_sim(sim: Sim) -> bool:
    """Make the world. All environments and actors are there, and no tensor has been asked for."""
    if sim.prepared:
        refuse("prepare_sim was called twice.")
    world_of(sim)
    sim.prepared = True
    return True


def world_of(sim: Sim) -> World:
    if sim.world is None:
        sim.world = World(sim)
    return sim.world


def simulate(sim: Sim) -> None:
    """Advance by `dt`."""
    world_of(sim).step(sim.params.substeps)
    sim.frame, sim.time = sim.frame + 1, sim.time + sim.params.dt
    sim.fetched = sim.params.use_gpu_pipeline


def fetch_results(sim: Sim, wait: bool) -> None:
    """On the CPU pipeline, needed before a refresh."""
    sim.fetched = True


def _root_states(world: World) -> Any:
    pose, velocity = world.fixed_pose.copy(), np.zeros((len(world.fixed_pose), 6))
    base = world.q[world.base_q]
    pose[world.free, :3], pose[world.free, 3:] = base[:, :3], rot.to_xyzw(base[:, 3:])
    quat = pose[world.free, 3:]
    spin = rot.rotate(quat, world.v[world.base_v][:, 3:])
    arm = rot.rotate(quat, world.root_com[world.free])
    velocity[world.free, :3] = world.v[world.base_v][:, :3] + rot.cross(spin, arm)
    velocity[world.free, 3:] = spin
    pose[:, :3] -= origins(world)[world.env_of_actor]
    return np.hstack([pose, velocity])


def origins(world: World) -> Any:
    return np.array([e.origin for e in world.sim.envs]).reshape(-1, 3)


def _dof_states(world: World) -> Any:
    return np.stack([world.q[world.dof_q], world.v[world.dof_v]], axis=-1)


def _body_states(world: World) -> Any:
    """Origins' positions, environment's frame; velocities of the centres of mass, world axes."""
    states = np.full((len(world.push), 13), np.nan)
    alive = world.alive[world.env_of_body]
    pos, quat, velocity, spin = kinematics([c for c, a in zip(world.cells, world.alive) if a])
    pos = pos - origins(world)[world.env_of_body[alive]]
    states[alive] = np.hstack([pos, rot.to_xyzw(quat), velocity, spin])
    return states


def body_places(world: World) -> Any:
    """Origins (bodies, 3), quaternions x y z w and centres of mass, in the world, of the last step's kinematics."""
    data = [cell.data for cell in world.cells]
    quat = rot.to_xyzw(np.concatenate([d.xquat[1:] for d in data]))
    return np.concatenate([d.xpos[1:] for d in data]), quat, np.concatenate([d.xipos[1:] for d in data])


def _net_contact_forces(world: World) -> Any:
    return np.where(world.alive[world.env_of_body, None], world.contacts.net(), np.nan)


def _dof_forces(world: World) -> Any:
    sensed = np.array([a.senses_dofs for a in world.sim.actors], bool)
    return np.where(sensed[world.actor_of_dof], world.dof_force, 0.0)


TABLE = {
    "actor_root_state": _root_states,
    "dof_state": _dof_states,
    "rigid_body_state": _body_states,
    "net_contact_force": _net_contact_forces,
    "force_sensor": sensor_readings,
    "dof_force": _dof_forces,
}


def _acquire(kind: str) -> Callable[[Sim], Tensor]:
    def acquire(sim: Sim) -> Tensor:
        if not sim.prepared:
            refuse(f"acquire_{kind}_tensor came before prepare_sim.")
        return buffer_of(sim, kind, TABLE[kind](world_of(sim)))

    return acquire


def buffer_of(sim: Sim, key: Any, values: Any) -> Tensor:
    """The one buffer of that kind, made with the values of now."""
    if key not in sim.tensors:
        sim.tensors[key] = Tensor(np.ascontiguousarray(values, np.float32))
    return sim.tensors[key]


def _refresh(kind: str) -> Callable[[Sim], bool]:
    def refresh(sim: Sim) -> bool:
        return fill(sim, kind, TABLE[kind])

    return refresh


def fill(sim: Sim, key: Any, read: Callable[[World], Any]) -> bool:
    """Put present values into a buffer, if it was acquired."""
    if Settings.strict and not sim.fetched:
        refuse(f"a refresh of {key} came before fetch_results, which the CPU pipeline needs.")
    tensor = sim.tensors.get(key)
    if tensor is None:
        refuse(f"a refresh of {key} came before it was acquired.")
        return False
    tensor.array[...] = read(world_of(sim))
    return True


for _kind in TABLE:
    globals()[f"acquire_{_kind}_tensor"] = _acquire(_kind)
    globals()[f"refresh_{_kind}_tensor"] = _refresh(_kind)
