"""From a robot's MJCF to a compiled MuJoCo model."""

# MuJoCo's compiled classes have no type stubs.
# pyright: reportAttributeAccessIssue=false

import mujoco

from gpugym_jax.config import PhysicsConfig
from gpugym_jax.robots.robot import Robot
from gpugym_jax.tables import unknown


def load_model(
    robot: Robot, *, timestep: float, cfg: PhysicsConfig, sensors: bool, velocities: bool = False
) -> mujoco.MjModel:
    """The robot's model with a step of `timestep` s and the solver and ground friction of `cfg`.

    With `sensors`, `sensordata` begins with the net contact force between each of `robot.bodies` and the
    ground, N, world; `Layout.force_of_sensors` makes the forces on the bodies of it. With `velocities`, the
    velocities of the bodies' origins follow, m/s, world.
    """
    spec = mujoco.MjSpec.from_file(str(robot.xml))
    spec.option.timestep = timestep
    spec.option.iterations = cfg.solver_iterations
    spec.option.ls_iterations = cfg.line_search_iterations
    for pair in spec.pairs:
        pair.friction[:2] = cfg.friction
    for name in robot.bodies if sensors else ():
        _add_force_sensor(spec, name)
    for name in robot.bodies if velocities else ():
        _add_velocity_sensor(spec, name)
    return spec.compile()


def _object_type(spec: mujoco.MjSpec, name: str) -> mujoco.mjtObj:
    """Whether `name` is a body (which goes first) or a geom."""
    if spec.body(name) is not None:
        return mujoco.mjtObj.mjOBJ_BODY
    if spec.geom(name) is not None:
        return mujoco.mjtObj.mjOBJ_GEOM
    raise unknown("body or geom", name, {b.name for b in spec.bodies} | {g.name for g in spec.geoms})


def _add_force_sensor(spec: mujoco.MjSpec, name: str) -> None:
    force = 1 << int(mujoco.mjtConDataField.mjCONDATA_FORCE)
    netforce = 3  # the fourth of MJCF's reductions: none, mindist, maxforce, netforce
    spec.add_sensor(
        name=f"force of {name}",
        type=mujoco.mjtSensor.mjSENS_CONTACT,
        objtype=_object_type(spec, name),
        objname=name,
        intprm=[force, netforce, 1],
    )


def _add_velocity_sensor(spec: mujoco.MjSpec, name: str) -> None:
    kind = _object_type(spec, name)
    # MuJoCo's "body" is the inertial frame, "xbody" the body's own
    kind = mujoco.mjtObj.mjOBJ_XBODY if kind == mujoco.mjtObj.mjOBJ_BODY else kind
    velocity = mujoco.mjtSensor.mjSENS_FRAMELINVEL
    spec.add_sensor(name=f"velocity of {name}", type=velocity, objtype=kind, objname=name)
