"""What mechanics says of a robot's model, without simulating: weight, momentum, energy, small swings."""

# MuJoCo's compiled classes have no type stubs.
# pyright: reportAttributeAccessIssue=false
# `types.py` speaks of JAX arrays; here NumPy's stand in for them.
# pyright: reportArgumentType=false

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache

import mujoco
import numpy as np
from jaxtyping import Float
from numpy import ndarray

from gpugym_jax.parity.setup import Setup
from gpugym_jax.physics.mujoco import to_mujoco
from gpugym_jax.robots.layout import Layout, make_layout
from gpugym_jax.robots.model import load_model
from gpugym_jax.types import RobotState

NUDGE = 1e-4
"""rad or m, of finite differences."""


@dataclass(frozen=True, eq=False)
class Model:
    """A robot's equations of motion."""

    mj: mujoco.MjModel
    layout: Layout

    @property
    def gravity(self) -> float:
        """m/s^2, downwards."""
        return float(-self.mj.opt.gravity[2])

    @property
    def mass(self) -> float:
        """kg, of the whole robot."""
        return float(self.mj.body_mass.sum())

    @property
    def weight(self) -> float:
        """N."""
        return self.mass * self.gravity


@cache
def model_of(setup: Setup) -> Model:
    """The model that the setup simulates."""
    mj = load_model(setup.scene, timestep=setup.timestep, cfg=setup.physics, sensors=False)
    mj.opt.enableflags |= mujoco.mjtEnableBit.mjENBL_ENERGY
    return Model(mj, make_layout(setup.robot, mj))


def _rows(model: Model, robot: RobotState) -> tuple[ndarray, ndarray]:
    """All states, in one row each, as MuJoCo's qpos and qvel."""
    flat = RobotState(**{k: np.reshape(v, (-1, np.shape(v)[-1])) for k, v in vars(robot).items()})
    return to_mujoco(flat, np.arange(len(flat.dof_pos)), model.layout, model.mj)


def _visit(model: Model, robot: RobotState) -> Iterator[mujoco.MjData]:
    data = mujoco.MjData(model.mj)
    for qpos, qvel in zip(*_rows(model, robot), strict=True):
        data.qpos[:], data.qvel[:] = qpos, qvel
        yield data


def com_velocity(model: Model, robot: RobotState) -> Float[ndarray, "*time env 3"]:
    """Velocity of the whole robot's centre of mass, m/s, world."""
    found = []
    for data in _visit(model, robot):
        mujoco.mj_kinematics(model.mj, data)
        mujoco.mj_comPos(model.mj, data)
        mujoco.mj_comVel(model.mj, data)
        mujoco.mj_subtreeVel(model.mj, data)
        found.append(data.subtree_linvel[0].copy())
    return np.reshape(found, (*np.shape(robot.base_pos)[:-1], 3))


def energy(model: Model, robot: RobotState) -> Float[ndarray, "*time env"]:
    """Potential and kinetic energy, J."""
    found = []
    for data in _visit(model, robot):
        mujoco.mj_forward(model.mj, data)
        found.append(data.energy.sum())
    return np.reshape(found, np.shape(robot.base_pos)[:-1])


def acceleration(
    model: Model, robot: RobotState, torque: Float[ndarray, "env dof"]
) -> Float[ndarray, "env dof"]:
    """What the equations of motion make of joint torques, rad/s^2 or m/s^2, without contacts."""
    found = []
    for data, tau in zip(_visit(model, robot), torque, strict=True):
        data.qfrc_applied[model.layout.qvel] = tau
        mujoco.mj_forward(model.mj, data)
        found.append(data.qacc[model.layout.qvel].copy())
    return np.array(found)


def small_swing_period(model: Model, robot: RobotState) -> float:
    """Period of the fastest small oscillation about the first of the states, s; joint damping counts.

    Eigenvalues of M q" + D q' + K q = 0, with K by differences of gravity's torques.
    """
    data, nv = next(_visit(model, robot)), model.mj.nv
    home = data.qpos.copy()
    stiffness = np.zeros((nv, nv))
    for i in range(nv):
        ends = []
        for sign in (1.0, -1.0):
            data.qpos[:] = home
            data.qpos[i] += sign * NUDGE
            mujoco.mj_forward(model.mj, data)
            ends.append(data.qfrc_bias.copy())
        stiffness[:, i] = (ends[0] - ends[1]) / (2.0 * NUDGE)
    data.qpos[:] = home
    mujoco.mj_forward(model.mj, data)
    mass = np.zeros((nv, nv))
    for row, unit in zip(mass, np.eye(nv), strict=True):  # M is symmetrical
        mujoco.mj_mulM(model.mj, data, row, unit)
    back = np.linalg.solve(mass, np.concatenate([stiffness, np.diag(model.mj.dof_damping)], 1))
    system = np.block([[np.zeros((nv, nv)), np.eye(nv)], [-back]])
    return float(2.0 * np.pi / np.linalg.eigvals(system).imag.max())


def dissipated(
    model: Model, dof_vel: Float[ndarray, "time env dof"], dt: float
) -> Float[ndarray, "time env"]:
    """Energy that joint damping has taken by each time, J."""
    damping = model.mj.dof_damping[model.layout.qvel]
    return np.cumsum(np.sum(damping * np.square(np.asarray(dof_vel, float)), -1), 0) * dt
