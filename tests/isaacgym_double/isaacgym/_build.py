"""From an environment's actors to a MuJoCo model: one model an environment, shared by those that are equal."""

# MuJoCo's compiled classes have no type stubs.
# pyright: reportAttributeAccessIssue=false

import xml.etree.ElementTree as ET
from typing import Any, Dict, List, Tuple

import mujoco
import numpy as np

from . import _rotations as rot
from ._asset import shape_ranges
from ._enums import DofDriveMode
from ._tree import FLT_MAX, Inertial
from ._types import to_array
from ._world import Actor, Env, Sim

POS, VEL = int(DofDriveMode.DOF_MODE_POS), int(DofDriveMode.DOF_MODE_VEL)
EFFORT = int(DofDriveMode.DOF_MODE_EFFORT)
MIN_MASS, MIN_INERTIA = 1e-6, 1e-9  # kg, kg m^2: what MuJoCo still takes for a moving body

Part = Tuple[int, int, int]  # actor, body, parent: fixed links count as the body that they are fixed to
Geom = Tuple[str, Any, Part, bool]  # name, properties, whose it is, whether it can move


def build_model(sim: Sim, env: Env, cache: Dict[str, Any]) -> Any:
    """The model of an environment."""
    text = ET.tostring(_mjcf(sim, env), encoding="unicode")
    if text not in cache:
        cache[text] = model = mujoco.MjModel.from_xml_string(text)
        for i, terrain in enumerate(sim.terrains):
            start = model.hfield_adr[i]
            model.hfield_data[start : start + terrain.heights.size] = terrain.unit_heights.ravel()
    return cache[text]


def _mjcf(sim: Sim, env: Env) -> ET.Element:
    root = ET.Element("mujoco")
    _add(root, "compiler", angle="radian", autolimits="false", inertiafromgeom="false")
    props = [p for a in env.actors for p in a.dof_props]
    driven = any(p["driveMode"] in (POS, VEL) for p in props)
    # a drive's damping is implicit in PhysX; without drives Euler is what our own backend integrates with
    option = {"integrator": "implicitfast" if driven else "Euler", "cone": "pyramidal"}
    _add(root, "option", timestep=_text(sim.params.dt / sim.params.substeps), **option)
    _add(_add(root, "visual"), "headlight", ambient="0.4 0.4 0.4", diffuse="0.5 0.5 0.5")
    asset, world = _add(root, "asset"), _add(root, "worldbody")
    grounds = _add_grounds(sim, asset, world)
    geoms: List[Geom] = []
    for number, actor in enumerate(env.actors):
        geoms += _add_actor(world, number, actor)
    _add_pairs(_add(root, "contact"), grounds, geoms, env.actors)
    _add_drives(_add(root, "actuator"), env.actors)
    return root


def _add_grounds(sim: Sim, asset: ET.Element, world: ET.Element) -> List[Tuple[str, Any]]:
    """Names and parameters of the planes and height fields."""
    named = []
    for i, plane in enumerate(sim.grounds):
        normal = to_array(plane.normal)
        at = {
            "pos": _text(-plane.distance * normal),
            "quat": _text(rot.to_wxyz(rot.between((0, 0, 1), normal))),
        }
        _add(world, "geom", name=f"plane{i}", type="plane", size="0 0 0.05", **_GROUND, **at)
        named.append((f"plane{i}", plane))
    for i, terrain in enumerate(sim.terrains):
        name = f"terrain{i}"
        rows, columns = terrain.heights.shape
        _add(asset, "hfield", name=name, nrow=str(rows), ncol=str(columns), size=_text(terrain.size))
        _add(world, "geom", name=name, type="hfield", hfield=name, pos=_text(terrain.centre), **_GROUND)
        named.append((name, terrain.params))
    return named


_FREE = {"contype": "0", "conaffinity": "0"}  # contacts are listed pair by pair
_GROUND, _ROBOT = {"rgba": "0.60 0.65 0.70 1", **_FREE}, {"rgba": "0.90 0.50 0.20 1", **_FREE}


def _add_actor(world: ET.Element, number: int, actor: Actor) -> List[Geom]:
    elements, geoms, welded, still = [], [], [], []
    dof = iter(actor.dof_props)
    for i, (body, (first, count)) in enumerate(zip(actor.asset.bodies, shape_ranges(actor.asset.bodies))):
        root = body.parent < 0
        pos, quat = (actor.pos, actor.quat) if root else (body.pos, body.quat)
        parent = world if root else elements[body.parent]
        name = f"a{number}b{i}"
        at = {"pos": _text(pos), "quat": _text(rot.to_wxyz(quat))}
        elements.append(_add(parent, "body", name=name, **at))
        fixed = root and actor.asset.options.fix_base_link
        moves = not fixed and (root or (body.joint is not None and body.joint.kind != "fixed"))
        welded.append(i if moves or root else welded[body.parent])
        above = actor.asset.bodies[welded[-1]].parent
        above = welded[above] if above >= 0 else -1
        still.append(fixed or (not moves and still[body.parent]))
        if actor.asset.options.disable_gravity:
            elements[-1].set("gravcomp", "1")
        if fixed:
            elements[-1].set("mocap", "true")
        elif root:
            _add(elements[-1], "freejoint")
        elif moves:
            _add_joint(elements[-1], f"a{number}j{i}", body.joint, next(dof))
        _add_inertial(elements[-1], actor.inertials[i])
        for k in range(count):
            _add_geom(elements[-1], name + f"g{k}", body.shapes[k])
            props = actor.shape_props[first + k]
            geoms.append((name + f"g{k}", props, (number, welded[-1], above), not still[-1]))
    return geoms


def _add_joint(element: ET.Element, name: str, joint: Any, props: Any) -> None:
    keys = {"name": name, "type": joint.kind, "axis": _text(joint.axis), "pos": _text(joint.anchor)}
    if props["hasLimits"]:
        lower, upper = float(props["lower"]), float(props["upper"])
        keys.update(limited="true", range=_text([lower, max(upper, lower + 1e-6)]))
    # what a drive damps is in its actuator; in EFFORT mode damping is taken to act by itself
    damping = props["damping"] if props["driveMode"] == EFFORT else 0.0
    keys.update(
        damping=_text(damping), armature=_text(props["armature"]), frictionloss=_text(props["friction"])
    )
    _add(element, "joint", **keys)


def _add_inertial(element: ET.Element, own: Inertial) -> None:
    """Principal axes; moments that no mass distribution has are raised to the nearest that one has."""
    moments, axes = np.linalg.eigh(own.inertia)
    moments = np.maximum(moments, MIN_INERTIA)
    moments[0] = max(moments[0], (moments[2] - moments[1]) * (1 + 1e-9))
    axes = axes * np.sign(np.linalg.det(axes))
    keys = {"pos": own.com, "quat": rot.to_wxyz(rot.from_matrix(axes)), "diaginertia": moments}
    _add(element, "inertial", mass=_text(max(own.mass, MIN_MASS)), **{k: _text(v) for k, v in keys.items()})


def _add_geom(element: ET.Element, name: str, shape: Any) -> None:
    keys = {"size": shape.size, "pos": shape.pos, "quat": rot.to_wxyz(shape.quat)}
    _add(element, "geom", name=name, type=shape.kind, **_ROBOT, **{k: _text(v) for k, v in keys.items()})


def _add_pairs(contact: ET.Element, grounds: Any, geoms: List[Geom], actors: List[Actor]) -> None:
    for ground, params in grounds:
        for name, props, _, moves in geoms:
            if moves:
                _add_pair(contact, ground, name, params.dynamic_friction, props.friction)
    for i, (name, props, body, moves) in enumerate(geoms):
        for other, other_props, other_body, other_moves in geoms[i + 1 :]:
            meet = not props.filter & other_props.filter and (moves or other_moves)
            if meet and _apart(actors, body, other_body):
                _add_pair(contact, name, other, props.friction, other_props.friction)


def _apart(actors: List[Actor], a: Part, b: Part) -> bool:
    """Whether two bodies may touch: not one body, not parent and child, and in groups that collide."""
    if a[0] == b[0]:
        return a[1] != b[1] and a[2] != b[1] and a[1] != b[2]
    groups = {actors[a[0]].group, actors[b[0]].group} - {-1}
    return len(groups) < 2


def _add_pair(contact: ET.Element, a: str, b: str, friction_a: float, friction_b: float) -> None:
    """PhysX takes the average of two frictions. The other three are MuJoCo's own defaults."""
    slide = _text(0.5 * (friction_a + friction_b))
    keys = {"condim": "3", "friction": f"{slide} {slide} 0.005 0.0001 0.0001"}
    _add(contact, "pair", geom1=a, geom2=b, **keys)


def _add_drives(actuators: ET.Element, actors: List[Actor]) -> None:
    """kp * (target - q) + kd * (target velocity - q'), clamped to the effort; ctrl is kp and kd on the targets."""
    for number, actor in enumerate(actors):
        for index, props in zip(actor.asset.dofs, actor.dof_props):
            if props["driveMode"] in (POS, VEL):
                kp = float(props["stiffness"]) if props["driveMode"] == POS else 0.0
                effort = min(float(props["effort"]), FLT_MAX)
                keys = {
                    "joint": f"a{number}j{index}",
                    "gaintype": "fixed",
                    "gainprm": "1",
                    "biastype": "affine",
                    "biasprm": _text([0.0, -kp, -float(props["damping"])]),
                    "forcelimited": "true",
                    "forcerange": _text([-max(effort, 1e-9), max(effort, 1e-9)]),
                }
                _add(actuators, "general", **keys)


def _add(parent: ET.Element, tag: str, **keys: str) -> ET.Element:
    return ET.SubElement(parent, tag, keys)


def _text(numbers: Any) -> str:
    return " ".join(repr(float(x)) for x in np.atleast_1d(numbers))
