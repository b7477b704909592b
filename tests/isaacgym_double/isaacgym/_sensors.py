"""Force sensors on leaf bodies."""

# MuJoCo's compiled classes have no type stubs.
# pyright: reportAttributeAccessIssue=false

from typing import Any, NamedTuple

import mujoco
import numpy as np

from . import _rotations as rot
from ._types import to_array


class Table(NamedTuple):
    """All sensors of a world, a row each."""

    row: Any  # of their body among all bodies
    env: Any
    body: Any  # in their environment's model
    pos: Any  # (n, 3) m and
    quat: Any  # (n, 4), in their body
    feels_solver: Any
    feels_dynamics: Any
    in_world: Any


def make_table(world: Any) -> Table:
    """The sensors of all actors, in the actors' order."""
    pairs = [(a, s) for a in world.sim.actors for s in a.asset.sensors]
    row = np.array([a.first_body + s.body for a, s in pairs], int)
    env = np.array([world.env_of_actor[a.number] for a, _ in pairs], int)
    first = np.array([cell.bodies.start for cell in world.cells], int)
    props = [s.props for _, s in pairs]
    return Table(
        row=row,
        env=env,
        body=row - first[env] + 1,
        pos=np.array([s.pos for _, s in pairs]).reshape(-1, 3),
        quat=np.array([s.quat for _, s in pairs]).reshape(-1, 4),
        feels_solver=np.array([p.enable_constraint_solver_forces for p in props], bool),
        feels_dynamics=np.array([p.enable_forward_dynamics_forces for p in props], bool),
        in_world=np.array([p.use_world_frame for p in props], bool),
    )


def sensor_readings(world: Any) -> Any:
    """(sensors, 6): force and torque, N and N m, in the sensor's axes or the world's.

    Constraint-solver forces are those of contacts, with friction; forward-dynamics forces are gravity and what
    was applied from outside. Isaac Gym's count joint forces as well; for a body at rest the sum is zero in both.
    """
    t: Table = world.sensors
    pos, quat = np.zeros((len(t.row), 3)), np.zeros((len(t.row), 4))
    for env in np.unique(t.env):
        here, data = t.env == env, world.cells[env].data
        pos[here], quat[here] = data.xpos[t.body[here]], rot.to_xyzw(data.xquat[t.body[here]])
    at = pos + rot.rotate(quat, t.pos)
    felt = t.feels_solver[:, None]
    force = np.where(felt, world.contacts.full[t.row], 0.0)
    torque = np.where(felt, world.contacts.moment[t.row] - rot.cross(at, force), 0.0)
    for i in np.flatnonzero(t.feels_dynamics & world.alive[t.env]):
        force[i], torque[i] = _with_dynamics(
            world, world.cells[t.env[i]], t.body[i], force[i], torque[i], t.feels_solver[i]
        )
    turned = np.where(t.in_world[:, None], [0.0, 0.0, 0.0, 1.0], rot.conjugate(rot.product(quat, t.quat)))
    reading = np.concatenate([rot.rotate(turned, force), rot.rotate(turned, torque)], axis=1)
    reading[~world.alive[t.env]] = np.nan
    return reading


def _with_dynamics(world: Any, cell: Any, body: int, force: Any, torque: Any, feels_solver: bool) -> Any:
    """Add gravity; with both kinds on, the joint carries the rest, and the sum is mass times acceleration."""
    model, data = cell.model, cell.data
    mass = float(model.body_mass[body])
    if not feels_solver:
        return force + mass * to_array(world.sim.params.gravity), torque
    felt = np.zeros(6)
    mujoco.mj_rnePostConstraint(model, data)
    mujoco.mj_objectAcceleration(model, data, mujoco.mjtObj.mjOBJ_BODY, body, felt, 0)
    return mass * (felt[3:] + to_array(world.sim.params.gravity)), torque
