"""From a scene to a compiled MuJoCo model: the robot's MJCF, the ground, and nothing that acts beside us."""

# MuJoCo's compiled classes have no type stubs.
# pyright: reportAttributeAccessIssue=false

import logging
import os

import mujoco

from gpugym_jax.config import PhysicsConfig
from gpugym_jax.robots.check import check_model, check_robot
from gpugym_jax.robots.ground import add_contacts, add_ground
from gpugym_jax.robots.layout import FORCE, VELOCITY
from gpugym_jax.robots.robot import Robot
from gpugym_jax.robots.scene import Scene
from gpugym_jax.robots.strip import take_out
from gpugym_jax.tables import UserError, unknown

log = logging.getLogger(__name__)


def _tell(message: str) -> None:
    """Take a warning of MuJoCo's, which would else go into a file MUJOCO_LOG.TXT of the working folder.

    What it warns of (a state that is not finite, no room for contacts) is counted by those who simulate.
    """
    log.debug("MuJoCo: %s", message)


if mujoco.get_mju_user_warning() is None:
    mujoco.set_mju_user_warning(_tell)


def load_model(
    scene: Scene, *, timestep: float, cfg: PhysicsConfig, sensors: bool, velocities: bool = False
) -> mujoco.MjModel:
    """The scene's model with a step of `timestep` s and the solver and contacts of `cfg`.

    With `sensors` it measures the net contact force on each of `Robot.bodies`, with `velocities` the velocity
    of its origin, m/s, world; `Layout` says where they are. A model that breaks what we take for granted is a
    `UserError` with a line for each breach.
    """
    robot = scene.robot
    _raise(robot, check_robot(robot))
    spec = read_spec(robot)
    add_contacts(spec, robot, cfg)
    try:
        add_ground(spec, scene)
    except ValueError as error:  # a name of the ground's is the file's too
        raise _refused(robot, error) from None
    _set_solver(spec, timestep, cfg)
    for name in robot.bodies if sensors else ():
        _add_force_sensor(spec, robot, name)
    for name in robot.bodies if velocities else ():
        _add_velocity_sensor(spec, robot, name)
    model = compile_spec(spec, robot)
    _raise(robot, check_model(model, robot))
    return model


def read_spec(robot: Robot) -> mujoco.MjSpec:
    """The robot's MJCF, without what is not the robot."""
    if not robot.xml.is_file():
        raise UserError(f"robot '{robot.name}': there is no file {robot.xml}.")
    try:
        spec = mujoco.MjSpec.from_file(os.fsencode(robot.xml))  # whatever the locale reads names by
    except ValueError as error:
        raise _refused(robot, error) from None
    take_out(spec, robot.xml)
    return spec


def compile_spec(spec: mujoco.MjSpec, robot: Robot) -> mujoco.MjModel:
    """The model of a robot's spec, or what MuJoCo says against it as a `UserError`."""
    try:
        return spec.compile()
    except ValueError as error:
        raise _refused(robot, error) from None


def _raise(robot: Robot, breaches: list[str]) -> None:
    if breaches:
        raise UserError(f"robot '{robot.name}' ({robot.xml}) cannot be simulated: " + "\n".join(breaches))


def _refused(robot: Robot, error: ValueError) -> UserError:
    return UserError(f"robot '{robot.name}' ({robot.xml}): MuJoCo says: {' '.join(str(error).split())}")


def _set_solver(spec: mujoco.MjSpec, timestep: float, cfg: PhysicsConfig) -> None:
    spec.option.timestep = timestep
    spec.option.integrator = mujoco.mjtIntegrator.mjINT_EULER
    spec.option.cone = mujoco.mjtCone.mjCONE_PYRAMIDAL
    spec.option.iterations = cfg.solver_iterations
    spec.option.ls_iterations = cfg.line_search_iterations
    # MJX-JAX solves for all possible contacts, or for this many; others do not read it
    spec.add_numeric(name="max_contact_points", size=1, data=[cfg.contacts])


def _object_type(spec: mujoco.MjSpec, robot: Robot, name: str) -> mujoco.mjtObj:
    """Whether `name` is a body (which goes first) or a geom."""
    if spec.body(name) is not None:
        return mujoco.mjtObj.mjOBJ_BODY
    if spec.geom(name) is not None:
        return mujoco.mjtObj.mjOBJ_GEOM
    there = {b.name for b in spec.bodies} | {g.name for g in spec.geoms}
    raise unknown(f"body or geom of {robot.name}", name, filter(None, there))


def _add_force_sensor(spec: mujoco.MjSpec, robot: Robot, name: str) -> None:
    force = 1 << int(mujoco.mjtConDataField.mjCONDATA_FORCE)
    netforce = 3  # the fourth of MJCF's reductions: none, mindist, maxforce, netforce
    spec.add_sensor(
        name=FORCE + name,
        type=mujoco.mjtSensor.mjSENS_CONTACT,
        objtype=_object_type(spec, robot, name),
        objname=name,
        intprm=[force, netforce, 1],
    )


def _add_velocity_sensor(spec: mujoco.MjSpec, robot: Robot, name: str) -> None:
    kind = _object_type(spec, robot, name)
    # MuJoCo's "body" is the inertial frame, "xbody" the body's own
    kind = mujoco.mjtObj.mjOBJ_XBODY if kind == mujoco.mjtObj.mjOBJ_BODY else kind
    velocity = mujoco.mjtSensor.mjSENS_FRAMELINVEL
    spec.add_sensor(name=VELOCITY + name, type=velocity, objtype=kind, objname=name)
