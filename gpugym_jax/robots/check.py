"""What we take for granted of a compiled model, and a line for each thing that is not so."""

# MuJoCo's compiled classes have no type stubs.
# pyright: reportAttributeAccessIssue=false

from collections.abc import Callable, Iterable, Iterator, Sequence
from difflib import get_close_matches

import mujoco
import numpy as np

from gpugym_jax.config_exam import Gate, check_gate
from gpugym_jax.robots.layout import FORCE, VELOCITY
from gpugym_jax.robots.robot import Robot
from gpugym_jax.tables import UserError, unknown

Check = Callable[[mujoco.MjModel, Robot], Iterator[str]]
SAME = 1.0e-4
"""rad or m: a joint's range in the MJCF and in `Robot.dof_pos_limit` differ by no more."""
SLACK = 1.0e-6
"""Share by which principal moments may break A + B >= C, for rounding."""


def check_robot(robot: Robot) -> list[str]:
    """A line for each thing of the facts that contradicts another; before there is a model."""
    return [line for check in FACTS for line in check(robot)]


def _names(robot: Robot) -> Iterator[str]:
    """Names that a policy file lists with commas between them."""
    for name in (*robot.dofs, *robot.bodies):
        if not name or "," in name or ";" in name:
            yield f"'{name}' cannot be a name: policy files list names with commas between them"


def _stands(robot: Robot) -> Iterator[str]:
    """The home pose is within the joints' ranges, and what floats has ground to stand on."""
    for name, home, (low, high) in zip(robot.dofs, robot.default_dof_pos, robot.dof_pos_limit, strict=False):
        if not low - SAME <= home <= high + SAME:
            yield f"Robot.default_dof_pos of '{name}' is {home:g}, outside of its range [{low:g}, {high:g}]"
    if robot.floating and not robot.ground_geoms:
        yield "it floats, and Robot.ground_geoms is empty: it would fall through the ground"
    if robot.floating and robot.base_height <= robot.ground_height:
        yield f"Robot.base_height is {robot.base_height:g} m, and the ground is at {robot.ground_height:g} m"


def _sizes(robot: Robot) -> Iterator[str]:
    """There is one number a joint, or an actuated one, and each has a meaning."""
    strange = [name for name in robot.actuated if name not in robot.dofs]
    yield from (f"Robot.actuated names '{name}', which is not among Robot.dofs" for name in strange)
    dofs, actuated = len(robot.dofs), len(robot.actuated or robot.dofs)
    sizes = dict.fromkeys(("default_dof_pos", "dof_vel_limit", "dof_pos_limit"), dofs)
    for name, size in (sizes | dict.fromkeys(("kp", "kd", "torque_limit"), actuated)).items():
        given = getattr(robot, name)
        if len(given) != size:
            yield f"Robot.{name} has {len(given)} entries, of {size} joints"
        elif name != "default_dof_pos" and name != "dof_pos_limit" and not all(x >= 0 for x in given):
            yield f"Robot.{name} is {given}; none of them can be negative or NaN"


FACTS: tuple[Callable[[Robot], Iterator[str]], ...] = (_sizes, _names, _stands)


def check_exam(exam: Gate, robot: Robot) -> None:
    """Raise `UserError` for what an exam asks of a robot that it does not have, or cannot do."""
    check_gate(exam)
    try:
        robot.body_ids(exam.falls.bodies if robot.floating else ())
    except UserError as error:
        raise UserError(f"evaluate.falls.bodies: {error}") from None
    for name, (a, b) in exam.start.dofs.items():
        if name not in robot.dofs:
            raise unknown(f"joint of {robot.name} in evaluate.start.dofs", name, robot.dofs)
        low, high = robot.dof_pos_limit[robot.dofs.index(name)]
        if a < low - SAME or b > high + SAME:
            raise UserError(
                f"evaluate.start.dofs.{name} is [{a:g}, {b:g}], beyond the joint's range [{low:g}, {high:g}]."
            )


def check_model(model: mujoco.MjModel, robot: Robot) -> list[str]:
    """A line for each breach; none for a model that every physics simulates alike."""
    return [line for check in CHECKS for line in check(model, robot)]


def _joints(model: mujoco.MjModel, robot: Robot) -> Iterator[str]:
    """Each of `Robot.dofs` is a hinge or slide, and there is no other joint but a free base's."""
    names = [model.joint(j).name for j in range(model.njnt)]
    free = [j for j in range(model.njnt) if model.jnt_type[j] == mujoco.mjtJoint.mjJNT_FREE]
    if robot.floating and free != [0]:
        yield f"it floats, so it has one free joint, and that first; this has {_several(names, free)}"
    if free and any((model.dof_damping + model.dof_armature + model.dof_frictionloss)[:6]):
        yield f"the free joint '{names[free[0]]}' has damping, friction or armature, which hold it in place"
    if free and not robot.floating:
        yield f"it does not float, but joint '{names[free[0]]}' is free"
    yield from _present("joint", robot.dofs, names)
    moves = (int(mujoco.mjtJoint.mjJNT_HINGE), int(mujoco.mjtJoint.mjJNT_SLIDE))
    for j in set(range(model.njnt)) - set(free):
        if model.jnt_type[j] not in moves:
            yield f"joint '{names[j]}' is neither a hinge nor a slide"
        if names[j] not in robot.dofs:
            yield f"joint '{names[j]}' of the MJCF is not among Robot.dofs"


def _bodies(model: mujoco.MjModel, robot: Robot) -> Iterator[str]:
    """Reported bodies are there; the base is the body that floats, or is fixed."""
    bodies = [model.body(b).name for b in range(model.nbody)]
    geoms = [model.geom(g).name for g in range(model.ngeom)]
    yield from _present("body or geom", robot.bodies, bodies + geoms)
    if robot.bodies[0] not in bodies:
        yield f"the base, '{robot.bodies[0]}', is not a body"
        return
    base = bodies.index(robot.bodies[0])
    if robot.floating and model.njnt and model.jnt_bodyid[0] != base:
        yield f"the free joint is on '{bodies[model.jnt_bodyid[0]]}', not on the base, '{robot.bodies[0]}'"
    if not robot.floating and model.body_weldid[base] != 0:
        yield f"it does not float, but its base, '{robot.bodies[0]}', moves by a joint"


def _ranges(model: mujoco.MjModel, robot: Robot) -> Iterator[str]:
    """Joints stop where `Robot.dof_pos_limit` says, in radians or m."""
    for name, limit in zip(robot.dofs, robot.dof_pos_limit, strict=True):
        joint = mujoco.mj_name2id(model, mujoco.mjtObj.mjOBJ_JOINT, name)
        if joint < 0:
            continue
        found = model.jnt_range[joint] if model.jnt_limited[joint] else np.array([-np.inf, np.inf])
        if not np.allclose(found, limit, rtol=0.0, atol=SAME):
            degrees = np.allclose(np.rad2deg(found), limit, rtol=1e-3) or np.allclose(
                found, np.rad2deg(limit), rtol=1e-3
            )
            yield (
                f"joint '{name}' moves in {_range(found)} by the MJCF, in {_range(limit)} by "
                f"Robot.dof_pos_limit{' (one of them is in degrees)' if degrees else ''}"
            )


def _contacts(model: mujoco.MjModel, robot: Robot) -> Iterator[str]:
    """All contacts are pairs of condim 3 under a pyramidal cone: MJX-JAX's contact forces rest on it."""
    by_type = np.flatnonzero(model.geom_contype | model.geom_conaffinity)
    if len(by_type):
        names = [model.geom(g).name or f"of {model.body(model.geom_bodyid[g]).name}" for g in by_type]
        yield f"geoms touch by contype and conaffinity, not by a pair: {_several(names)}"
    if model.opt.cone != mujoco.mjtCone.mjCONE_PYRAMIDAL:
        yield "the friction cone is not pyramidal"
    odd = np.flatnonzero(model.pair_dim != 3)
    if len(odd):
        names = [model.geom(model.pair_geom2[p]).name for p in odd]
        yield f"contacts are not of condim 3: {_several(names)}"


def _nothing_acts(model: mujoco.MjModel, robot: Robot) -> Iterator[str]:
    """Only our torques, gravity, contacts and the joints' own damping and springs move the robot."""
    counts = {
        "actuators": model.nu,
        "keyframes": model.nkey,
        "mocap bodies": model.nmocap,
        "flexes": model.nflex,
        "plugins": model.nplugin,
        "bodies with gravity compensation": np.count_nonzero(model.body_gravcomp),
        "tendons with a spring, damper, friction or limit": np.count_nonzero(
            (model.tendon_stiffness != 0)
            | (model.tendon_damping != 0)
            | (model.tendon_frictionloss != 0)
            | (model.tendon_limited != 0)
        ),
        "sensors that are not ours": sum(
            not model.sensor(s).name.startswith((FORCE, VELOCITY)) for s in range(model.nsensor)
        ),
    }
    for kind, count in counts.items():
        if count:
            yield f"there are {kind}: {count}"
    x, y, z = model.opt.gravity
    if x or y or z >= 0:
        yield f"gravity is {x:g} {y:g} {z:g} m/s^2, not along -z"


def _ties(model: mujoco.MjModel, robot: Robot) -> Iterator[str]:
    """No equality holds the base of a robot that floats where it is."""
    if not robot.floating:
        return
    site = int(mujoco.mjtObj.mjOBJ_SITE)
    holds = (int(mujoco.mjtEq.mjEQ_WELD), int(mujoco.mjtEq.mjEQ_CONNECT))
    for e in range(model.neq):
        if model.eq_type[e] not in holds:
            continue
        ends = (model.eq_obj1id[e], model.eq_obj2id[e])
        bodies = [model.site_bodyid[x] if model.eq_objtype[e] == site else x for x in ends]
        if 0 in model.body_weldid[bodies]:
            yield f"equality '{model.equality(e).name or e}' ties it to the world, though it floats"


def _masses(model: mujoco.MjModel, robot: Robot) -> Iterator[str]:
    """What moves has mass, and moments of inertia that some matter could have."""
    for body in range(1, model.nbody):
        moments = np.sort(model.body_inertia[body])
        name, welded = model.body(body).name, model.body_weldid == model.body_weldid[body]
        if model.body_weldid[body] and model.body_mass[welded].sum() <= 0:
            yield f"body '{name}' moves and has no mass"
        elif (
            model.body_mass[body] < 0 or moments[0] < 0 or moments[0] + moments[1] < moments[2] * (1 - SLACK)
        ):
            yield f"body '{name}' has moments of inertia that no matter has: {_numbers(moments)} kg m^2"


CHECKS: tuple[Check, ...] = (_joints, _bodies, _ranges, _contacts, _nothing_acts, _ties, _masses)


def _present(kind: str, wanted: Sequence[str], there: Iterable[str]) -> Iterator[str]:
    """A line for each name that is missing or asked for twice."""
    there = sorted(filter(None, there))
    for name in dict.fromkeys(wanted):
        if name not in there:
            near = get_close_matches(name, there, n=1, cutoff=0.5)
            yield f"there is no {kind} named '{name}'" + (f"; did you mean '{near[0]}'?" if near else "")
        if wanted.count(name) > 1:
            yield f"{kind} '{name}' is named {wanted.count(name)} times"


def _several(names: Sequence[str], which: Iterable[int] | None = None) -> str:
    chosen = list(names) if which is None else [names[i] for i in which]
    more = f" and {len(chosen) - 3} more" if len(chosen) > 3 else ""
    return (", ".join(f"'{name}'" for name in chosen[:3]) or "none") + more


def _range(limit: Iterable[float]) -> str:
    return "[{:.4g}, {:.4g}]".format(*limit)


def _numbers(values: Iterable[float]) -> str:
    return ", ".join(f"{x:.4g}" for x in values)
