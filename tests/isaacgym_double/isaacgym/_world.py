"""Simulations, environments, actors and the ground: what is set up before the first step."""

import copy
from dataclasses import dataclass, field
from typing import Any, Dict, List, Optional

import numpy as np

from ._asset import Asset
from ._params import SimParams
from ._settings import refuse
from ._tree import Inertial
from ._types import Transform, Vec3, to_array, to_pose


@dataclass(eq=False)
class Actor:
    """A robot in an environment, with properties of its own."""

    asset: Asset
    name: str
    pos: Any  # world, m
    quat: Any  # x y z w
    group: int
    filter: int
    shape_props: List[Any]
    inertials: List[Inertial]
    dof_props: Any
    number: int  # in the simulation: the row of the root state tensor
    first_body: int  # rows of the tensors of the simulation
    first_dof: int
    first_sensor: int
    senses_dofs: bool = False


@dataclass(eq=False)
class Env:
    """A part of the world with a frame of its own. Robots of different environments never touch."""

    sim: Any
    index: int
    origin: Any  # world, m
    actors: List[Actor] = field(default_factory=list)
    cameras: List[Any] = field(default_factory=list)


@dataclass(eq=False)
class Sim:
    """Everything. `world` is made when it is complete."""

    params: Any
    graphics: int
    envs: List[Env] = field(default_factory=list)
    grounds: List[Any] = field(default_factory=list)
    terrains: List[Any] = field(default_factory=list)
    prepared: bool = False
    world: Any = None
    tensors: Dict[str, Any] = field(default_factory=dict)
    frame: int = 0
    time: float = 0.0
    fetched: bool = True  # whether the results of the last step were asked for

    @property
    def actors(self) -> List[Actor]:
        return [a for env in self.envs for a in env.actors]


_made: List[Sim] = []


def create_sim(compute_device: int = 0, graphics_device: int = 0, type: Any = 1, params: Any = None) -> Sim:
    if int(type) != 0:
        raise ValueError(f"isaacgym double: it has SIM_PHYSX only, not {type!r}.")
    if _made:
        refuse("this process has had a simulation already: a second one needs a process of its own.")
    _made.append(Sim(copy.deepcopy(params) if params is not None else SimParams(), int(graphics_device)))
    return _made[-1]


def destroy_sim(sim: Sim) -> None:
    """Forget it. The double then allows another one, which its tests need."""
    if sim in _made:
        _made.remove(sim)
    sim.world = None


def get_sim_params(sim: Sim) -> Any:
    return copy.deepcopy(sim.params)


def set_sim_params(sim: Sim, params: Any) -> None:
    """Gravity may change at any time; the rest is fixed once the simulation has begun."""
    sim.params = copy.deepcopy(params)
    if sim.world is not None:
        sim.world.set_options(sim.params)


def add_ground(sim: Sim, params: Any) -> None:
    """An infinite plane."""
    _before_world(sim, "add_ground")
    normal = to_array(params.normal)
    if sim.params.up_axis.name == "UP_AXIS_Z" and abs(normal[2]) < 1e-6:
        refuse(f"the ground's normal is {normal} although z is up: set PlaneParams.normal.")
    sim.grounds.append(copy.deepcopy(params))


def create_env(sim: Sim, lower: Vec3, upper: Vec3, num_per_row: int) -> Env:
    """Frames stand on a grid of the extents' size, rows along x. Zero extents put all at the world's."""
    _before_world(sim, "create_env")
    index, size = len(sim.envs), to_array(upper) - to_array(lower)
    row, column = divmod(index, max(int(num_per_row), 1))
    sim.envs.append(Env(sim, index, np.array([column * size[0], row * size[1], 0.0])))
    return sim.envs[-1]


def create_actor(
    env: Env,
    asset: Asset,
    pose: Transform,
    name: Optional[str] = None,
    group: int = -1,
    filter: int = -1,
    segmentationId: int = 0,
) -> int:
    """Handle of the actor: its index in the environment. `pose` is in the environment's frame."""
    sim = env.sim
    _before_world(sim, "create_actor")
    if env is not sim.envs[-1]:
        refuse(
            f"an actor was added to environment {env.index} although {sim.envs[-1].index} was begun: all actors of an environment come "
            "before the next one."
        )
    asset.used = True
    pos, quat = to_pose(pose)
    actors = sim.actors
    env.actors.append(
        Actor(
            asset=asset,
            name=name if name is not None else f"actor{len(env.actors)}",
            pos=pos + env.origin,
            quat=quat / np.linalg.norm(quat),
            group=int(group),
            filter=int(filter),
            shape_props=_shape_props(asset, int(filter)),
            inertials=[copy.deepcopy(b.inertial) for b in asset.bodies],
            dof_props=asset.dof_props.copy(),
            number=len(actors),
            first_body=sum(len(a.asset.bodies) for a in actors),
            first_dof=sum(len(a.asset.dofs) for a in actors),
            first_sensor=sum(len(a.asset.sensors) for a in actors),
        )
    )
    return len(env.actors) - 1


def _shape_props(asset: Asset, mask: int) -> List[Any]:
    props = copy.deepcopy(asset.shape_props)
    for p in props if mask >= 0 else ():
        p.filter = mask
    return props


def _before_world(sim: Sim, verb: str) -> None:
    if sim.world is not None:
        refuse(f"{verb} came after prepare_sim or the first step.")


def get_env_origin(env: Env) -> Vec3:
    return Vec3(*env.origin)


def get_env_count(sim: Sim) -> int:
    return len(sim.envs)


def get_env(sim: Sim, index: int) -> Env:
    return sim.envs[index]


def get_sim_actor_count(sim: Sim) -> int:
    return len(sim.actors)


def get_sim_rigid_body_count(sim: Sim) -> int:
    return sum(len(a.asset.bodies) for a in sim.actors)


def get_sim_dof_count(sim: Sim) -> int:
    return sum(len(a.asset.dofs) for a in sim.actors)


def get_sim_force_sensor_count(sim: Sim) -> int:
    return sum(len(a.asset.sensors) for a in sim.actors)


def get_frame_count(sim: Sim) -> int:
    return sim.frame


def get_sim_time(sim: Sim) -> float:
    return sim.time


def get_elapsed_time(sim: Sim) -> float:
    return sim.time
