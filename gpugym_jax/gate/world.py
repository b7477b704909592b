"""Robots in C MuJoCo, many episodes at once, with a more careful solver than training has."""

# MuJoCo's compiled classes have no type stubs.
# pyright: reportAttributeAccessIssue=false

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import NamedTuple

import mujoco
import numpy as np
from jaxtyping import Bool, Float, Int
from mujoco.batch import Batch, SimulationError
from numpy import ndarray

from gpugym_jax.cores import cores
from gpugym_jax.gate.exam import Exam
from gpugym_jax.gate.rotation import rotate_inverse
from gpugym_jax.robots.layout import Layout, make_layout
from gpugym_jax.robots.model import load_model
from gpugym_jax.robots.robot import Robot

SOLVER = {"integrator": "implicitfast", "cone": "elliptic", "iterations": 100, "ls_iterations": 50}
"""The gate's own. Training takes few iterations, and pyramids for friction cones."""


@dataclass(frozen=True)
class State:
    """Where robots are: what MuJoCo's state says at this moment, in no noise and no delay."""

    base_pos: Float[ndarray, "n 3"]  # m, world
    base_quat: Float[ndarray, "n 4"]  # base to world
    base_lin_vel: Float[ndarray, "n 3"]  # m/s, world, of the base link's origin
    base_ang_vel: Float[ndarray, "n 3"]  # rad/s, base frame
    dof_pos: Float[ndarray, "n dof"]  # rad or m
    dof_vel: Float[ndarray, "n dof"]  # rad/s or m/s


class World(NamedTuple):
    """Robots in a simulator, as the gate's loop drives them. Only its functions know the simulator."""

    place: Callable[[State], None]  # set all robots
    look: Callable[[], State]
    forces: Callable[[], Float[ndarray, "n body 3"]]  # N, world: net contact force, over the last substep
    foot_positions: Callable[[], Float[ndarray, "n foot 3"]]  # m, world: centres; may be a substep late
    advance: Callable[[Float[ndarray, "n dof"]], Float[ndarray, "n dof"]]
    """One substep under joint torques, N m. Returns those that the motors gave: the robot's limits bind."""
    kick: Callable[[Bool[ndarray, " n"], Float[ndarray, "n 5"]], None]
    """Add vx, vy, m/s, and a spin, rad/s, all in the world frame, to the base velocities of some robots."""
    robot: Robot
    feet: Int[ndarray, " foot"]  # indices into `Robot.bodies`
    sim_dt: float  # s, a substep


def feet_of(robot: Robot) -> Int[ndarray, " foot"]:
    """Indices into `Robot.bodies` of the feet."""
    return np.array(robot.body_ids(robot.groups.get("foot", ())), int)


def torque_limits(robot: Robot) -> Float[ndarray, " dof"]:
    """N m; 0 where there is no motor."""
    limits = np.zeros(len(robot.dofs))
    limits[list(robot.actuated_ids)] = robot.torque_limit
    return limits


def make_model(exam: Exam, careful: bool = True) -> mujoco.MjModel:
    """The exam's robot at the exam's time step, with the gate's solver or, not careful, with training's."""
    model = load_model(exam.scene, timestep=exam.sim_dt, cfg=exam.physics, sensors=True)
    if careful:
        model.opt.integrator = mujoco.mjtIntegrator.mjINT_IMPLICITFAST
        model.opt.cone = mujoco.mjtCone.mjCONE_ELLIPTIC
        model.opt.iterations, model.opt.ls_iterations = SOLVER["iterations"], SOLVER["ls_iterations"]
    # A robot that diverges is to be seen, and not silently put back to its start.
    model.opt.disableflags |= mujoco.mjtDisableBit.mjDSBL_AUTORESET
    return model


def make_world(exam: Exam, friction: Float[ndarray, " n"], careful: bool = True) -> World:
    """C MuJoCo, with one simulation for each entry of `friction`, the sliding coefficient on the ground."""
    model = make_model(exam, careful)
    batch, at = Batch(model, len(friction), exam.physics.threads or cores()), make_layout(exam.robot, model)
    if len(at.ground_pairs):
        batch.expand("pair_friction")[:, at.ground_pairs, :2] = friction[:, None, None]
    feet, limits = feet_of(exam.robot), torque_limits(exam.robot)
    return World(
        place=partial(place, batch, at),
        look=partial(look, batch, at),
        forces=partial(forces, batch, at),
        foot_positions=partial(foot_positions, batch, at, feet),
        advance=partial(advance, batch, at, limits, model.qpos0),
        kick=partial(kick, batch, at),
        robot=exam.robot,
        feet=feet,
        sim_dt=exam.sim_dt,
    )


def place(batch: Batch, at: Layout, state: State) -> None:
    """Set all robots."""
    for name in ("sensordata", "geom_xpos", "xpos"):
        batch.bind(name)  # from now on it is filled
    batch.reset(stage=mujoco.mjtStage.mjSTAGE_NONE.value)
    qpos, qvel = batch.bind("qpos"), batch.bind("qvel")
    if at.floating:
        qpos[:, :3], qpos[:, 3:7] = state.base_pos, state.base_quat
        qvel[:, :3], qvel[:, 3:6] = state.base_lin_vel, state.base_ang_vel
    qpos[:, at.qpos], qvel[:, at.qvel] = state.dof_pos, state.dof_vel
    batch.forward()


def look(batch: Batch, at: Layout) -> State:
    """Where the robots are now. A fixed base is where the model has it."""
    qpos, qvel = batch.bind("qpos").copy(), batch.bind("qvel").copy()
    still = np.zeros((len(qpos), 3))
    return State(
        base_pos=qpos[:, :3] if at.floating else still + at.base_pos,
        base_quat=qpos[:, 3:7] if at.floating else np.tile(at.base_quat, (len(qpos), 1)),
        base_lin_vel=qvel[:, :3] if at.floating else still,
        base_ang_vel=qvel[:, 3:6] if at.floating else still,  # MuJoCo's free joints turn in their own frame
        dof_pos=qpos[:, at.qpos],
        dof_vel=qvel[:, at.qvel],
    )


def forces(batch: Batch, at: Layout) -> Float[ndarray, "n body 3"]:
    """Net contact force on each of `Robot.bodies` over the last substep, N, world."""
    return at.force_of_sensors @ batch.bind("sensordata")[:, at.force]


def foot_positions(batch: Batch, at: Layout, feet: Int[ndarray, " foot"]) -> Float[ndarray, "n foot 3"]:
    """Centres of the feet, m, world; one substep late."""
    geoms, bodies = at.geom[feet], at.body[feet]
    of_geom = batch.bind("geom_xpos")[:, np.maximum(geoms, 0)]
    return np.where(geoms[:, None] < 0, batch.bind("xpos")[:, bodies], of_geom)


def advance(
    batch: Batch,
    at: Layout,
    limits: Float[ndarray, " dof"],
    home: Float[ndarray, " qpos"],
    torque: Float[ndarray, "n dof"],
) -> Float[ndarray, "n dof"]:
    """One substep under joint torques within `limits`. What MuJoCo cannot step becomes NaN, and so a fall."""
    given = np.clip(torque, -limits, limits)
    batch.bind("qfrc_applied")[:, at.qvel] = given
    qvel = batch.bind("qvel")
    lost = np.flatnonzero(~np.isfinite(qvel).all(1) | ~np.isfinite(given).all(1))
    _rest(batch, lost, home)
    try:
        batch.step()
    except SimulationError as error:
        qvel[error.ids] = np.nan
    qvel[lost] = np.nan
    return given


def _rest(batch: Batch, who: Int[ndarray, " k"], home: Float[ndarray, " qpos"]) -> None:
    """Put robots that are NaN where the model has them: MuJoCo's solver takes 50 times as long over NaN."""
    if len(who):
        batch.bind("qpos")[who] = home
        for name in ("qvel", "qfrc_applied", "qacc_warmstart"):
            batch.bind(name)[who] = 0.0


def kick(batch: Batch, at: Layout, who: Bool[ndarray, " n"], change: Float[ndarray, "n 5"]) -> None:
    """Add vx, vy and a spin, world frame, to base velocities."""
    if not at.floating or not who.any():
        return
    qvel, quat = batch.bind("qvel"), batch.bind("qpos")[who, 3:7]
    qvel[who, :2] += change[who, :2]
    qvel[who, 3:6] += rotate_inverse(quat, change[who, 2:])


def base_velocity(state: State) -> Float[ndarray, "n 3"]:
    """Velocity in the base frame, m/s."""
    return rotate_inverse(state.base_quat, state.base_lin_vel)


def gravity(state: State) -> Float[ndarray, "n 3"]:
    """Unit vector of gravity in the base frame."""
    return rotate_inverse(state.base_quat, np.array([0.0, 0.0, -1.0]))


def poses(
    robot: Robot,
    model: mujoco.MjModel,
    base_pos: Float[ndarray, "step 3"],
    base_quat: Float[ndarray, "step 4"],
    dof_pos: Float[ndarray, "step dof"],
) -> Float[ndarray, "step qpos"]:
    """A recorded robot's poses as MuJoCo's `qpos`, to be drawn."""
    at, qpos = make_layout(robot, model), np.zeros((len(dof_pos), model.nq))
    if at.floating:
        qpos[:, :7] = np.concatenate([base_pos, base_quat], -1)
    qpos[:, at.qpos] = dof_pos
    return qpos
