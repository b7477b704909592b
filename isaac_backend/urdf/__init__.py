"""A robot's MJCF as the URDF that Isaac Gym loads, and what the worker must know of it.

URDF and not the MJCF itself: Isaac Gym's MJCF importer is reported to drop joint ranges, dry friction and
actuator gains and to take one top-level body only, and feet that are geoms of the shank would have no rows of
their own. Each link here is a body of the MJCF, or a reported geom of one, held by a fixed joint; such a
geom's link takes a little mass out of its body, so that the two together are exactly the MJCF's body.

Needs MuJoCo, so it runs in the parent. Source of the importer's behaviour: reference page, section 1.9 and 2.
"""

# MuJoCo's compiled classes have no type stubs.
# pyright: reportAttributeAccessIssue=false

from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import mujoco
import numpy as np

from gpugym_jax.robots.layout import Layout, make_layout
from gpugym_jax.robots.robot import Robot
from isaac_backend.urdf.checks import check_model, touching_geoms
from isaac_backend.urdf.links import Link, make_links
from isaac_backend.urdf.write_xml import URDF_TYPES, add_joint, add_link


def write_urdf(model: mujoco.MjModel, robot: Robot, folder: Path) -> dict[str, Any]:
    """Write `folder`/NAME.urdf and return the "robot" entry of the worker's spec.

    The entry's numbers are SI; "dof" lists are in `Robot.dofs` order, None where unlimited; "links" come
    parents first. `UserError` names the body and joint that a URDF cannot say.
    """
    layout = make_layout(robot, model)
    check_model(model, robot, layout)
    touching = touching_geoms(model, robot)
    links = make_links(model, robot, layout)
    root = ElementTree.Element("robot", name=robot.name)
    for link in links:
        add_link(root, model, link, [g for g in link.geoms if g in touching])
    for link in links[1:]:
        add_joint(root, model, link, links[link.parent].name, _limits(robot, model, link))
    ElementTree.indent(root)
    path = folder / f"{robot.name}.urdf"
    ElementTree.ElementTree(root).write(path, encoding="utf-8", xml_declaration=True)
    return _entry(model, robot, layout, links, path, touching)


def _limits(robot: Robot, model: mujoco.MjModel, link: Link) -> dict[str, float]:
    """`<limit>` of a link's joint: SI, without a range where there is none."""
    if link.joint < 0:
        return {}
    dof = robot.dofs.index(model.joint(link.joint).name)
    table = _dof_table(robot, model)
    values = {name: table[name][dof] for name in ("lower", "upper", "effort", "velocity")}
    return {name: x for name, x in values.items() if x is not None}


def _dof_table(robot: Robot, model: mujoco.MjModel) -> dict[str, list[float | None]]:
    """Numbers of the joints in `Robot.dofs` order; None where there is no limit."""
    joints = [model.joint(name).id for name in robot.dofs]
    address = model.jnt_dofadr[joints]
    limited = model.jnt_limited[joints].astype(bool)
    effort = dict(zip(robot.actuated_ids, robot.torque_limit, strict=True))
    ranges = model.jnt_range[joints]
    return {
        "damping": [float(x) for x in model.dof_damping[address]],
        "armature": [float(x) for x in model.dof_armature[address]],
        "friction": [float(x) for x in model.dof_frictionloss[address]],
        "lower": [float(r[0]) if on else None for r, on in zip(ranges, limited, strict=True)],
        "upper": [float(r[1]) if on else None for r, on in zip(ranges, limited, strict=True)],
        "velocity": [float(x) if np.isfinite(x) else None for x in robot.dof_vel_limit],
        "effort": [effort.get(i) for i in range(len(joints))],
    }


def _entry(
    model: mujoco.MjModel, robot: Robot, layout: Layout, links: list[Link], path: Path, touching: set[int]
) -> dict[str, Any]:
    names = [link.name for link in links]
    parents = {link.parent for link in links}
    leaves = {link.name for i, link in enumerate(links) if i not in parents and touching & set(link.geoms)}
    return {
        "name": robot.name,
        "urdf": str(path.resolve()),
        "dofs": list(robot.dofs),
        "bodies": list(robot.bodies),
        "base": names[0],
        "sensors": [name for name in robot.bodies if name in leaves],
        "floating": layout.floating,
        "touches": bool(touching),
        "dof": _dof_table(robot, model),
        "links": [_link_entry(model, robot, link) for link in links],
        "reported": [names.index(name) for name in robot.bodies],
        "base_mass": float(model.body_mass[layout.base]),
    }


def _link_entry(model: mujoco.MjModel, robot: Robot, link: Link) -> dict[str, Any]:
    moves = link.joint >= 0
    return {
        "name": link.name,
        "parent": link.parent,
        "pos": link.pos.tolist(),
        "quat": link.quat.tolist(),
        "dof": robot.dofs.index(model.joint(link.joint).name) if moves else -1,
        "slide": moves and URDF_TYPES[int(model.jnt_type[link.joint])] == "prismatic",
        "axis": model.jnt_axis[link.joint].tolist() if moves else [0.0, 0.0, 1.0],
    }
