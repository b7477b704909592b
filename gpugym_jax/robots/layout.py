"""Where a robot's joints and reported bodies are in a compiled model."""

# MuJoCo's compiled classes have no type stubs.
# pyright: reportAttributeAccessIssue=false

from dataclasses import dataclass

import mujoco
import numpy as np
from jaxtyping import Float, Int

from gpugym_jax.robots.robot import Robot

FORCE, VELOCITY = "force of ", "velocity of "
"""Our sensors are named by one of these and the reported body."""


@dataclass(frozen=True)
class Layout:
    """Indices into the arrays of a model and its data."""

    floating: bool  # the free joint then holds qpos[:7] and qvel[:6]
    base: int  # body id
    base_pos: Float[np.ndarray, "3"]  # m, world, in the model's own pose: where a fixed base stays
    base_quat: Float[np.ndarray, "4"]  # likewise
    qpos: Int[np.ndarray, " dof"]  # addresses, in `Robot.dofs` order
    qvel: Int[np.ndarray, " dof"]
    body: Int[np.ndarray, " body"]  # ids of the reported bodies; for a geom, of the body that it is on
    geom: Int[np.ndarray, " body"]  # ids of the reported geoms; -1 for a body
    ground_pairs: Int[np.ndarray, " pair"]  # ids of the contact pairs with the ground
    force: Int[np.ndarray, "sensed 3"]  # addresses in sensordata of the force sensors; (0, 3) without them
    velocity: Int[np.ndarray, "sensed 3"]  # likewise of the velocity sensors
    force_of_sensors: Float[
        np.ndarray, "body body"
    ]  # times the force sensors' readings: net force on each body


def make_layout(robot: Robot, model: mujoco.MjModel) -> Layout:
    """Find the robot's names in its model, which `check_model` has passed."""
    joints = [model.joint(name).id for name in robot.dofs]
    body, geom = np.array([_body_and_geom(model, name) for name in robot.bodies]).T
    home = mujoco.MjData(model)
    mujoco.mj_kinematics(model, home)
    on_world = (model.geom_bodyid[model.pair_geom1] == 0) | (model.geom_bodyid[model.pair_geom2] == 0)
    return Layout(
        floating=robot.floating,
        base=int(body[0]),
        base_pos=home.xpos[body[0]].copy(),
        base_quat=home.xquat[body[0]].copy(),
        qpos=model.jnt_qposadr[joints],
        qvel=model.jnt_dofadr[joints],
        body=body,
        geom=geom,
        ground_pairs=np.flatnonzero(on_world),
        force=_sensors(robot, model, FORCE),
        velocity=_sensors(robot, model, VELOCITY),
        force_of_sensors=_force_of_sensors(body, geom),
    )


def _body_and_geom(model: mujoco.MjModel, name: str) -> tuple[int, int]:
    """The body of that name and -1, or else the geom of that name and the body it is on."""
    body = mujoco.mj_name2id(model, mujoco.mjtObj.mjOBJ_BODY, name)
    if body >= 0:
        return body, -1
    geom = model.geom(name).id
    return int(model.geom_bodyid[geom]), geom


def _sensors(robot: Robot, model: mujoco.MjModel, what: str) -> Int[np.ndarray, "sensed 3"]:
    """Where the sensors of that name are in sensordata, one a reported body; none if the model has none."""
    kind = mujoco.mjtObj.mjOBJ_SENSOR
    sensors = [mujoco.mj_name2id(model, kind, what + name) for name in robot.bodies]
    if min(sensors) < 0:
        return np.zeros((0, 3), int)
    return model.sensor_adr[sensors][:, None] + np.arange(3)


def _force_of_sensors(body: np.ndarray, geom: np.ndarray) -> np.ndarray:
    """Turn the sign (sensors tell the force on the ground) and take reported geoms out of their bodies."""
    on_reported_body = (geom[:, None] < 0) & (geom[None] >= 0) & (body[:, None] == body[None])
    return on_reported_body - np.eye(len(body))
