"""Look-ups and properties of actors."""

import copy
from dataclasses import replace
from typing import Any, Dict, List

import numpy as np

from ._asset import DOF_PROPERTIES
from ._enums import IndexDomain
from ._params import RigidBodyProperties
from ._settings import refuse
from ._tree import Inertial
from ._types import Vec3, from_matrix, to_array, to_matrix
from ._world import Actor, Env

ACTOR, ENV = int(IndexDomain.DOMAIN_ACTOR), int(IndexDomain.DOMAIN_ENV)


def _actor(env: Env, handle: int) -> Actor:
    if not 0 <= handle < len(env.actors):
        raise IndexError(
            f"isaacgym double: environment {env.index} has no actor {handle}; it has {len(env.actors)}."
        )
    return env.actors[handle]


def _changed(env: Env, what: str) -> None:
    """Make the environment's model anew, if it has one; the GPU pipeline has no such thing."""
    if env.sim.world is not None:
        if env.sim.params.use_gpu_pipeline:
            refuse(f"{what} was changed after prepare_sim, which the GPU pipeline ignores.")
            return
        env.sim.world.rebuild(env)


def get_actor_count(env: Env) -> int:
    return len(env.actors)


def get_actor_handle(env: Env, index: int) -> int:
    return index if 0 <= index < len(env.actors) else -1


def get_actor_name(env: Env, handle: int) -> str:
    return _actor(env, handle).name


def find_actor_handle(env: Env, name: str) -> int:
    names = [a.name for a in env.actors]
    return names.index(name) if name in names else -1


def get_actor_asset(env: Env, handle: int) -> Any:
    return _actor(env, handle).asset


def get_actor_index(env: Env, handle: int, domain: Any) -> int:
    return handle if int(domain) in (ACTOR, ENV) else _actor(env, handle).number


def find_actor_index(env: Env, name: str, domain: Any) -> int:
    handle = find_actor_handle(env, name)
    return get_actor_index(env, handle, domain) if handle >= 0 else -1


def get_actor_rigid_body_count(env: Env, handle: int) -> int:
    return len(_actor(env, handle).asset.bodies)


def get_actor_dof_count(env: Env, handle: int) -> int:
    return len(_actor(env, handle).asset.dofs)


def get_actor_rigid_shape_count(env: Env, handle: int) -> int:
    return len(_actor(env, handle).shape_props)


def get_actor_rigid_body_names(env: Env, handle: int) -> List[str]:
    return _actor(env, handle).asset.body_names


def get_actor_dof_names(env: Env, handle: int) -> List[str]:
    return _actor(env, handle).asset.dof_names


def get_actor_joint_names(env: Env, handle: int) -> List[str]:
    return _actor(env, handle).asset.joint_names


def get_actor_rigid_body_dict(env: Env, handle: int) -> Dict[str, int]:
    return {n: i for i, n in enumerate(get_actor_rigid_body_names(env, handle))}


def get_actor_dof_dict(env: Env, handle: int) -> Dict[str, int]:
    return {n: i for i, n in enumerate(get_actor_dof_names(env, handle))}


def _first(env: Env, actor: Actor, domain: Any, field: str) -> int:
    """What to add to an index in the actor for one in the domain."""
    if int(domain) == ACTOR:
        return 0
    base = getattr(env.actors[0], field) if int(domain) == ENV else 0
    return getattr(actor, field) - base


def get_actor_rigid_body_index(env: Env, handle: int, index: int, domain: Any) -> int:
    return index + _first(env, _actor(env, handle), domain, "first_body")


def get_actor_dof_index(env: Env, handle: int, index: int, domain: Any) -> int:
    return index + _first(env, _actor(env, handle), domain, "first_dof")


def find_actor_rigid_body_index(env: Env, handle: int, name: str, domain: Any) -> int:
    index = get_actor_rigid_body_dict(env, handle).get(name, -1)
    return index if index < 0 else get_actor_rigid_body_index(env, handle, index, domain)


def find_actor_dof_index(env: Env, handle: int, name: str, domain: Any) -> int:
    index = get_actor_dof_dict(env, handle).get(name, -1)
    return index if index < 0 else get_actor_dof_index(env, handle, index, domain)


def find_actor_rigid_body_handle(env: Env, handle: int, name: str) -> int:
    """Of use as an index of bodies in the environment."""
    return find_actor_rigid_body_index(env, handle, name, ENV)


def find_actor_dof_handle(env: Env, handle: int, name: str) -> int:
    return find_actor_dof_index(env, handle, name, ENV)


def get_actor_dof_properties(env: Env, handle: int) -> Any:
    return _actor(env, handle).dof_props.copy()


def set_actor_dof_properties(env: Env, handle: int, props: Any) -> bool:
    actor, given = _actor(env, handle), np.asarray(props)
    if given.dtype != DOF_PROPERTIES or given.shape != actor.dof_props.shape:
        raise TypeError("isaacgym double: DOF properties are an array like get_actor_dof_properties gives.")
    actor.dof_props = given.copy()
    if env.sim.world is not None:
        env.sim.world.rebuild(env)
    return True


def get_actor_rigid_shape_properties(env: Env, handle: int) -> List[Any]:
    return copy.deepcopy(_actor(env, handle).shape_props)


def set_actor_rigid_shape_properties(env: Env, handle: int, props: List[Any]) -> bool:
    actor = _actor(env, handle)
    if len(props) != len(actor.shape_props):
        raise ValueError(
            f"isaacgym double: {len(props)} shape properties for {len(actor.shape_props)} shapes."
        )
    actor.shape_props = copy.deepcopy(list(props))
    if env.sim.world is not None:
        env.sim.world.rebuild(env)
    return True


def get_actor_rigid_body_properties(env: Env, handle: int) -> List[Any]:
    return [_body_properties(i) for i in _actor(env, handle).inertials]


def _body_properties(own: Inertial) -> Any:
    props = RigidBodyProperties()
    props.mass, props.com, props.inertia = own.mass, Vec3(*own.com), from_matrix(own.inertia)
    props.invMass = 1.0 / own.mass if own.mass else 0.0
    if np.linalg.det(own.inertia) > 0.0:
        props.invInertia = from_matrix(np.linalg.inv(own.inertia))
    return props


def set_actor_rigid_body_properties(
    env: Env, actorHandle: int, props: List[Any], recomputeInertia: bool = False
) -> bool:
    """Masses, centres of mass and inertias. With `recomputeInertia`, inertias go with the masses instead."""
    actor = _actor(env, actorHandle)
    if len(props) != len(actor.inertials):
        raise ValueError(f"isaacgym double: {len(props)} body properties for {len(actor.inertials)} bodies.")
    actor.inertials = [_new(old, p, recomputeInertia) for old, p in zip(actor.inertials, props)]
    _changed(env, "a mass")
    return True


def _new(old: Inertial, props: Any, recompute: bool) -> Inertial:
    own = replace(old, mass=props.mass, com=to_array(props.com))
    if recompute:
        return replace(own, inertia=old.inertia * (props.mass / old.mass if old.mass else 1.0))
    return replace(own, inertia=to_matrix(props.inertia))


def enable_actor_dof_force_sensors(env: Env, handle: int) -> bool:
    _actor(env, handle).senses_dofs = True
    return True


def set_actor_scale(env: Env, handle: int, scale: float) -> bool:
    if float(scale) != 1.0:
        raise ValueError(f"isaacgym double: it has no scaled actors; the scale is {scale}.")
    return True
