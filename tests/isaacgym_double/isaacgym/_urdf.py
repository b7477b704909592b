"""URDF to a list of bodies: children in order of joint names, depth first; fixed joints merged if asked."""

import xml.etree.ElementTree as ET
from dataclasses import dataclass, replace
from typing import Any, Dict, List, Optional, Tuple

import numpy as np

from . import _rotations as rot
from ._tree import FLT_MAX, Body, Inertial, Joint, Shape, of_shapes, total

KINDS = {
    "fixed": "fixed",
    "revolute": "hinge",
    "continuous": "hinge",
    "prismatic": "slide",
}


@dataclass
class _Link:
    inertial: Optional[Inertial]
    shapes: List[Shape]


@dataclass
class _Edge:
    joint: Joint
    parent: str
    child: str
    pos: Any
    quat: Any
    keep: bool  # has the attribute dont_collapse


def read_urdf(text: str, options: Any) -> List[Body]:
    """The bodies of a URDF. An unknown shape or joint type raises `ValueError`."""
    robot = ET.fromstring(text)
    links = {_name(x): _Link(_inertial(x), _shapes(x, options)) for x in robot.findall("link")}
    edges = {_name(x): _edge(x) for x in robot.findall("joint")}
    roots = set(links) - {e.child for e in edges.values()}
    if len(roots) != 1:
        raise ValueError(f"the URDF has {len(roots)} root links ({sorted(roots)}), not one.")
    if options.collapse_fixed_joints:
        _collapse(links, edges, roots.copy().pop())
    bodies: List[Body] = []
    _walk(roots.pop(), None, -1, links, edges, options, bodies)
    return bodies


def _walk(
    name: str,
    edge: Optional[_Edge],
    parent: int,
    links: Dict[str, _Link],
    edges: Dict[str, _Edge],
    options: Any,
    bodies: List[Body],
) -> None:
    link, index = links[name], len(bodies)
    inertial = link.inertial or of_shapes(link.shapes, options.density)
    pos, quat = (edge.pos, edge.quat) if edge else (np.zeros(3), np.array([0.0, 0.0, 0.0, 1.0]))
    bodies.append(Body(name, parent, pos, quat, edge.joint if edge else None, inertial, link.shapes))
    for key in sorted(k for k, e in edges.items() if e.parent == name):
        _walk(edges[key].child, edges[key], index, links, edges, options, bodies)


def _collapse(links: Dict[str, _Link], edges: Dict[str, _Edge], name: str) -> None:
    """Merge the links at fixed joints into their parents, deepest first. The parent keeps its name."""
    for key in sorted(k for k, e in edges.items() if e.parent == name):
        edge = edges[key]
        _collapse(links, edges, edge.child)
        if edge.joint.kind == "fixed" and not edge.keep:
            _merge(links[name], links.pop(edge.child), edge)
            del edges[key]
            for below in edges.values():
                if below.parent == edge.child:
                    below.parent = name
                    below.pos = edge.pos + rot.rotate(edge.quat, below.pos)
                    below.quat = rot.product(edge.quat, below.quat)


def _merge(link: _Link, child: _Link, edge: _Edge) -> None:
    link.shapes += [s.moved(edge.pos, edge.quat) for s in child.shapes]
    if child.inertial:
        parts = [link.inertial] if link.inertial else []
        link.inertial = total([*parts, child.inertial.moved(edge.pos, edge.quat)])


def _edge(x: ET.Element) -> _Edge:
    kind = x.attrib["type"]
    if kind not in KINDS:
        raise ValueError(
            "joint '{}' is of type '{}', which the double does not have. It has: {}.".format(
                _name(x), kind, ", ".join(sorted(KINDS))
            )
        )
    limit, dynamics = x.find("limit"), x.find("dynamics")
    axis = _numbers(_get(x.find("axis"), "xyz", "1 0 0"))
    joint = Joint(_name(x), KINDS[kind], axis / max(float(np.linalg.norm(axis)), 1e-30))
    if kind in ("revolute", "prismatic"):
        joint = replace(
            joint,
            lower=float(_get(limit, "lower", -FLT_MAX)),
            upper=float(_get(limit, "upper", FLT_MAX)),
        )
    joint = replace(
        joint,
        velocity=float(_get(limit, "velocity", FLT_MAX)),
        effort=float(_get(limit, "effort", FLT_MAX)),
        damping=float(_get(dynamics, "damping", 0.0)),
        friction=float(_get(dynamics, "friction", 0.0)),
    )
    parent, child = x.find("parent"), x.find("child")
    if parent is None or child is None:
        raise ValueError(f"joint '{_name(x)}' has no parent or no child.")
    return _Edge(joint, parent.attrib["link"], child.attrib["link"], *_origin(x), "dont_collapse" in x.attrib)


def _inertial(link: ET.Element) -> Optional[Inertial]:
    x = link.find("inertial")
    if x is None:
        return None
    mass, tensor = x.find("mass"), x.find("inertia")
    i = {k: float(_get(tensor, k, 0.0)) for k in ("ixx", "ixy", "ixz", "iyy", "iyz", "izz")}
    matrix = np.array(
        [[i["ixx"], i["ixy"], i["ixz"]], [i["ixy"], i["iyy"], i["iyz"]], [i["ixz"], i["iyz"], i["izz"]]]
    )
    own = Inertial(float(_get(mass, "value", 0.0)), np.zeros(3), matrix)
    return own.moved(*_origin(x))


def _shapes(link: ET.Element, options: Any) -> List[Shape]:
    return [_shape(x, _name(link), options) for x in link.findall("collision")]


def _shape(x: ET.Element, link: str, options: Any) -> Shape:
    geometry = x.find("geometry")
    kinds = [] if geometry is None else list(geometry)
    if len(kinds) != 1 or kinds[0].tag not in ("box", "sphere", "cylinder", "capsule"):
        found = [k.tag for k in kinds]
        raise ValueError(
            f"link '{link}' has a collision shape {found} that the double does not have. "
            "It has: box, capsule, cylinder, sphere."
        )
    kind, tag = kinds[0], kinds[0].tag
    if tag == "box":
        size = tuple(0.5 * _numbers(kind.attrib["size"]))
    elif tag == "sphere":
        size = (float(kind.attrib["radius"]),)
    else:
        size = (float(kind.attrib["radius"]), 0.5 * float(kind.attrib["length"]))
        if tag == "cylinder" and options.replace_cylinder_with_capsule:
            tag = "capsule"  # the length becomes that of the middle part
    return Shape(tag, size, *_origin(x))


def _origin(x: ET.Element) -> Tuple[Any, Any]:
    """Position and quaternion x y z w of an element's <origin>."""
    origin = x.find("origin")
    return _numbers(_get(origin, "xyz", "0 0 0")), rot.from_rpy(*_numbers(_get(origin, "rpy", "0 0 0")))


def _get(x: Optional[ET.Element], key: str, default: Any) -> Any:
    return default if x is None else x.attrib.get(key, default)


def _name(x: ET.Element) -> str:
    return x.attrib["name"]


def _numbers(text: str) -> Any:
    return np.array([float(t) for t in text.split()])
