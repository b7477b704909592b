"""The ground under a robot: what it looks like, and what may touch it."""

# MuJoCo's compiled classes have no type stubs.
# pyright: reportAttributeAccessIssue=false

from typing import Any

import mujoco

from gpugym_jax.config import PhysicsConfig
from gpugym_jax.robots.robot import Robot
from gpugym_jax.robots.scene import Scene
from gpugym_jax.tables import UserError, unknown

FLOOR = "floor"
CONTACT: dict[str, Any] = {
    "condim": 3,
    "solref": [0.02, 1.0],  # s, damping ratio
    "solimp": [0.9, 0.95, 0.001, 0.5, 2.0],
    "solreffriction": [0.0, 0.0],  # as `solref`
    "margin": 0.0,  # m
    "gap": 0.0,  # m
}
"""Every contact's: MuJoCo's defaults, said here lest a file's geoms say otherwise."""
ROLLING = (0.005, 0.0001, 0.0001)
"""Torsional and rolling friction, m; unused at condim 3."""


def add_ground(spec: mujoco.MjSpec, scene: Scene) -> None:
    """The plane on which the robot stands, a sky and a light. A height field would be added here."""
    _add_looks(spec)
    spec.worldbody.add_geom(
        name=FLOOR,
        type=mujoco.mjtGeom.mjGEOM_PLANE,
        pos=[0, 0, scene.robot.ground_height],
        size=[0, 0, 0.05],
        material="scene floor",
        contype=0,
        conaffinity=0,
    )


def add_contacts(spec: mujoco.MjSpec, robot: Robot, cfg: PhysicsConfig) -> None:
    """Pairs of the ground with `Robot.ground_geoms` and, if asked for, `Robot.self_collisions`; no others.

    To be called before the ground is added.
    """
    pairs = [(FLOOR, geom) for name in robot.ground_geoms for geom in _geoms(spec, robot, name)]
    for a, b in robot.self_collisions if cfg.self_collisions else ():
        pairs += [(one, other) for one in _geoms(spec, robot, a) for other in _geoms(spec, robot, b)]
    for geom in spec.geoms:
        geom.contype = geom.conaffinity = 0
    for one, other in dict.fromkeys(pairs):  # a geom may be named by itself and by its body
        spec.add_pair(geomname1=one, geomname2=other, friction=[cfg.friction] * 2 + [*ROLLING], **CONTACT)
    if not pairs:
        spec.option.disableflags |= mujoco.mjtDisableBit.mjDSBL_CONTACT


def _geoms(spec: mujoco.MjSpec, robot: Robot, name: str) -> list[str]:
    """Names of the geom of that name, or else of all geoms of the body of that name that can collide."""
    if spec.geom(name) is not None:
        return [name]
    body = spec.body(name)
    if body is None:
        there = {g.name for g in spec.geoms} | {b.name for b in spec.bodies}
        raise unknown(f"geom or body of {robot.name}", name, filter(None, there))
    can_collide = [g for g in body.geoms if g.contype or g.conaffinity]
    if not can_collide:
        raise UserError(f"robot '{robot.name}': no geom of body '{name}' can collide; name one of its geoms.")
    for i, geom in enumerate(can_collide):
        geom.name = geom.name or f"{name} {i}"
    return [g.name for g in can_collide]


def _add_looks(spec: mujoco.MjSpec) -> None:
    """Sky, chequered floor and sun. The names have a space, so that no file's are the same."""
    texture = mujoco.mjtTexture
    spec.add_texture(
        name="scene sky",
        type=texture.mjTEXTURE_SKYBOX,
        builtin=mujoco.mjtBuiltin.mjBUILTIN_GRADIENT,
        rgb1=[0.97, 0.98, 1.0],
        rgb2=[0.62, 0.73, 0.86],
        width=256,
        height=1536,
    )
    spec.add_texture(
        name="scene checker",
        type=texture.mjTEXTURE_2D,
        builtin=mujoco.mjtBuiltin.mjBUILTIN_CHECKER,
        mark=mujoco.mjtMark.mjMARK_EDGE,
        rgb1=[0.87, 0.89, 0.91],
        rgb2=[0.77, 0.80, 0.84],
        markrgb=[0.70, 0.73, 0.78],
        width=512,
        height=512,
    )
    floor = spec.add_material(name="scene floor", texrepeat=[2, 2], texuniform=True, reflectance=0.08)
    floor.textures[mujoco.mjtTextureRole.mjTEXROLE_RGB] = "scene checker"
    spec.worldbody.add_light(
        name="scene sun",
        type=mujoco.mjtLightType.mjLIGHT_DIRECTIONAL,
        pos=[0.0, 0.0, 6.0],
        dir=[-0.25, 0.25, -1.0],
        diffuse=[0.6, 0.6, 0.58],
    )
    light = spec.visual.headlight
    light.ambient, light.diffuse, light.specular = [0.35, 0.35, 0.38], [0.35] * 3, [0.0] * 3
    spec.visual.rgba.haze = [0.86, 0.90, 0.94, 1.0]
    spec.visual.quality.shadowsize = 4096
    spec.visual.map.znear, spec.visual.map.shadowclip = 0.02, 2.0
    spec.visual.global_.offwidth, spec.visual.global_.offheight = 1920, 1080
