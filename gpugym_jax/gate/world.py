"""Robots in C MuJoCo, many episodes at once, with a more careful solver than training has."""

# MuJoCo's compiled classes have no type stubs.
# pyright: reportAttributeAccessIssue=false

from dataclasses import dataclass

import mujoco
import numpy as np
from jaxtyping import Bool, Float, Int
from mujoco.batch import Batch, SimulationError
from numpy import ndarray

from gpugym_jax.gate.rotation import rotate_inverse
from gpugym_jax.policy.metadata import Contract
from gpugym_jax.robots.layout import Layout, make_layout
from gpugym_jax.robots.model import load_model
from gpugym_jax.robots.robot import Robot
from gpugym_jax.robots.scene import Scene
from gpugym_jax.tables import UserError

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


@dataclass(frozen=True)
class World:
    """The simulator and what one needs to read it. Only the batch changes."""

    robot: Robot
    layout: Layout
    model: mujoco.MjModel
    batch: Batch
    feet: Int[ndarray, " foot"]  # indices into `Robot.bodies`


def make_model(contract: Contract, scene: Scene, careful: bool = True) -> mujoco.MjModel:
    """The scene's model at training's time step, with the gate's solver or, not careful, with training's."""
    model = load_model(scene, timestep=contract.sim_dt, cfg=contract.cfg.physics, sensors=True)
    if careful:
        model.opt.integrator = mujoco.mjtIntegrator.mjINT_IMPLICITFAST
        model.opt.cone = mujoco.mjtCone.mjCONE_ELLIPTIC
        model.opt.iterations, model.opt.ls_iterations = SOLVER["iterations"], SOLVER["ls_iterations"]
    # A robot that diverges is to be seen, and not silently put back to its start.
    model.opt.disableflags |= mujoco.mjtDisableBit.mjDSBL_AUTORESET
    return model


def make_world(
    contract: Contract, scene: Scene, friction: Float[ndarray, " n"], careful: bool = True
) -> World:
    """One simulation for each entry of `friction`, the sliding coefficient on the ground."""
    robot = scene.robot
    if robot.dofs != contract.joint_names:
        raise UserError(
            f"the policy's joints {', '.join(contract.joint_names)} are not those of our {robot.name}, "
            f"which are {', '.join(robot.dofs)}."
        )
    model = make_model(contract, scene, careful)
    layout = make_layout(robot, model)
    batch = Batch(model, len(friction), contract.cfg.physics.threads)
    if len(layout.ground_pairs):
        batch.expand("pair_friction")[:, layout.ground_pairs, :2] = friction[:, None, None]
    return World(
        robot=robot,
        layout=layout,
        model=model,
        batch=batch,
        feet=np.array(robot.body_ids(robot.groups.get("foot", ())), int),
    )


def place(world: World, state: State) -> None:
    """Set all robots."""
    batch, at = world.batch, world.layout
    for name in ("sensordata", "geom_xpos", "xpos"):
        batch.bind(name)  # from now on it is filled
    batch.reset(stage=mujoco.mjtStage.mjSTAGE_NONE.value)
    qpos, qvel = batch.bind("qpos"), batch.bind("qvel")
    if at.floating:
        qpos[:, :3], qpos[:, 3:7] = state.base_pos, state.base_quat
        qvel[:, :3], qvel[:, 3:6] = state.base_lin_vel, state.base_ang_vel
    qpos[:, at.qpos], qvel[:, at.qvel] = state.dof_pos, state.dof_vel
    batch.forward()


def look(world: World) -> State:
    """Where the robots are now."""
    batch, at = world.batch, world.layout
    qpos, qvel = batch.bind("qpos").copy(), batch.bind("qvel").copy()
    fixed = np.zeros((len(qpos), 3))
    upright = np.tile([1.0, 0.0, 0.0, 0.0], (len(qpos), 1))
    return State(
        base_pos=qpos[:, :3] if at.floating else fixed,
        base_quat=qpos[:, 3:7] if at.floating else upright,
        base_lin_vel=qvel[:, :3] if at.floating else fixed,
        base_ang_vel=qvel[:, 3:6] if at.floating else fixed,  # MuJoCo's free joints turn in their own frame
        dof_pos=qpos[:, at.qpos],
        dof_vel=qvel[:, at.qvel],
    )


def forces(world: World) -> Float[ndarray, "n body 3"]:
    """Net contact force on each of `Robot.bodies` over the last substep, N, world."""
    return world.layout.force_of_sensors @ world.batch.bind("sensordata")[:, world.layout.force]


def foot_positions(world: World) -> Float[ndarray, "n foot 3"]:
    """Centres of the feet, m, world; one substep late."""
    at = world.layout
    geoms, bodies = at.geom[world.feet], at.body[world.feet]
    of_geom = world.batch.bind("geom_xpos")[:, np.maximum(geoms, 0)]
    return np.where(geoms[:, None] < 0, world.batch.bind("xpos")[:, bodies], of_geom)


def advance(world: World, torque: Float[ndarray, "n dof"]) -> None:
    """One substep under joint torques, N m. What MuJoCo cannot step becomes NaN, and so a fall."""
    world.batch.bind("qfrc_applied")[:, world.layout.qvel] = torque
    try:
        world.batch.step()
    except SimulationError as error:
        world.batch.bind("qvel")[error.ids] = np.nan


def kick(world: World, who: Bool[ndarray, " n"], change: Float[ndarray, "n 5"], keep: float) -> None:
    """Change base velocities: `keep` times the old planar one plus vx, vy (world); plus a spin (world)."""
    if not world.layout.floating or not who.any():
        return
    qvel, quat = world.batch.bind("qvel"), world.batch.bind("qpos")[who, 3:7]
    qvel[who, :2] = keep * qvel[who, :2] + change[who, :2]
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
