"""Force sensors on leaf bodies."""

# MuJoCo's compiled classes have no type stubs.
# pyright: reportAttributeAccessIssue=false

from typing import Any

import mujoco
import numpy as np

from . import _rotations as rot
from ._types import to_array


def sensor_readings(world: Any) -> Any:
    """(sensors, 6): force and torque, N and N m, in the sensor's axes or the world's.

    Constraint-solver forces are those of contacts, with friction; forward-dynamics forces are gravity and what
    was applied from outside. Isaac Gym's count joint forces as well; for a body at rest the sum is zero in both.
    """
    rows = [_reading(world, a, s) for a in world.sim.actors for s in a.asset.sensors]
    return np.array(rows).reshape(-1, 6)


def _reading(world: Any, actor: Any, sensor: Any) -> Any:
    cell = world.cells[world.env_of_actor[actor.number]]
    if not world.alive[cell.env.index]:
        return np.full(6, np.nan)
    row = actor.first_body + sensor.body
    body = row - cell.bodies.start + 1
    data, model = cell.data, cell.model
    turn = rot.product(rot.to_xyzw(data.xquat[body]), sensor.quat)
    at = data.xpos[body] + rot.rotate(rot.to_xyzw(data.xquat[body]), sensor.pos)
    force, torque = np.zeros(3), np.zeros(3)
    if sensor.props.enable_constraint_solver_forces:
        force = world.contacts.full[row].copy()
        torque = world.contacts.moment[row] - rot.cross(at, force)
    if sensor.props.enable_forward_dynamics_forces:
        force, torque = _with_dynamics(world, model, data, body, force, torque, sensor)
    if not sensor.props.use_world_frame:
        force, torque = (rot.rotate(rot.conjugate(turn), x) for x in (force, torque))
    return np.concatenate([force, torque])


def _with_dynamics(world: Any, model: Any, data: Any, body: int, force: Any, torque: Any, sensor: Any) -> Any:
    """Add gravity; with both kinds on, the joint carries the rest, and the sum is mass times acceleration."""
    mass = float(model.body_mass[body])
    if not sensor.props.enable_constraint_solver_forces:
        return force + mass * to_array(world.sim.params.gravity), torque
    felt = np.zeros(6)
    mujoco.mj_rnePostConstraint(model, data)
    mujoco.mj_objectAcceleration(model, data, mujoco.mjtObj.mjOBJ_BODY, body, felt, 0)
    return mass * (felt[3:] + to_array(world.sim.params.gravity)), torque
