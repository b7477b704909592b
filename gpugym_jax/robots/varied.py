"""What may differ from robot to robot: a table from the property's name to how it changes a model.

A *leaf* is an array of MuJoCo's model, under its name there; `opt.` stands before those of its options.
The properties of one robot are folded in the table's order, each on the leaves that the one before made.
"""

# MuJoCo's compiled classes have no type stubs.
# pyright: reportAttributeAccessIssue=false

from collections.abc import Callable, Mapping
from functools import cache
from math import inf
from operator import attrgetter
from typing import NamedTuple

import jax.numpy as jnp
import mujoco
import numpy as np
from jaxtyping import Array, Float

from gpugym_jax.bounds import LEAST_FRICTION
from gpugym_jax.robots.layout import Layout
from gpugym_jax.robots.model import compile_spec, read_spec
from gpugym_jax.robots.robot import Robot

Leaves = dict[str, Array]
Apply = Callable[[mujoco.MjModel, Layout, Leaves, Array], Leaves]

INPUTS = frozenset(
    {
        *("qpos0", "body_pos", "body_quat", "body_ipos", "body_iquat", "body_mass", "body_inertia"),
        *("jnt_pos", "jnt_axis", "dof_armature", "tendon_armature"),
    }
)
"""The leaves from which MuJoCo derives constants of the model (`mj_setConst`)."""


class Varied(NamedTuple):
    """One property of a body or of the ground that may differ from robot to robot."""

    about: str
    unit: str
    size: Callable[[Robot], tuple[int, ...]]  # shape of one robot's value; each number is drawn for itself
    apply: (
        Apply | None
    )  # model, layout, leaves so far, value -> leaves so far; None: MuJoCo has no such thing
    nominal: Callable[[mujoco.MjModel], float] = lambda model: 0.0  # the number that changes nothing
    low: float = -inf  # of what has a meaning
    high: float = inf
    absent: Callable[[mujoco.MjModel, Layout], str] = lambda model, layout: ""  # why a robot has none of it


def leaf(model: mujoco.MjModel, leaves: Leaves, name: str) -> Array:
    """The leaf as it is so far."""
    return leaves[name] if name in leaves else jnp.asarray(attrgetter(name)(model), float)


def links(model: mujoco.MjModel, layout: Layout) -> np.ndarray:
    """Ids of all bodies but the base."""
    return np.setdiff1d(np.arange(1, model.nbody), [layout.base])


@cache
def num_links(robot: Robot) -> int:
    """Bodies of the robot's file, without the base."""
    return compile_spec(read_spec(robot), robot).nbody - 2  # the world is a body too


def scalar(robot: Robot) -> tuple[int, ...]:
    """One number a robot."""
    del robot
    return ()


def vector(robot: Robot) -> tuple[int, ...]:
    """x, y and z."""
    del robot
    return (3,)


def each_dof(robot: Robot) -> tuple[int, ...]:
    """One number a joint, in the order of `Robot.dofs`."""
    return (len(robot.dofs),)


def each_link(robot: Robot) -> tuple[int, ...]:
    """One number a body but the base, in the order of the robot's file."""
    return (num_links(robot),)


def no_base(model: mujoco.MjModel, layout: Layout) -> str:
    """A base that does not move has no inertia that matters."""
    return "" if model.body_dofnum[layout.base] else "the base is fixed"


def no_contact(model: mujoco.MjModel, layout: Layout) -> str:
    """Cartpole and pendulum."""
    del model
    return "" if len(layout.ground_pairs) else "the robot touches nothing"


def no_link(model: mujoco.MjModel, layout: Layout) -> str:
    """A robot of one body."""
    return "" if len(links(model, layout)) else "the base is the robot's only body"


def set_friction(model: mujoco.MjModel, layout: Layout, leaves: Leaves, value: Float[Array, ""]) -> Leaves:
    """The sliding coefficient of the contacts with the ground."""
    slides = np.zeros(model.pair_friction.shape, bool)
    slides[layout.ground_pairs, :2] = True  # of two sliding, one torsional, two rolling
    return leaves | {"pair_friction": jnp.where(slides, value, leaf(model, leaves, "pair_friction"))}


def add_base_mass(model: mujoco.MjModel, layout: Layout, leaves: Leaves, value: Float[Array, ""]) -> Leaves:
    """Weight in the shape of the base: its inertia grows as its mass does."""
    mass = leaf(model, leaves, "body_mass")[layout.base]
    return scale_bodies(model, leaves, layout.base, 1 + value / mass)


def move_base_com(model: mujoco.MjModel, layout: Layout, leaves: Leaves, value: Float[Array, "3"]) -> Leaves:
    """The base's centre of mass, in the base's frame; the inertia about it stays."""
    return leaves | {"body_ipos": leaf(model, leaves, "body_ipos").at[layout.base].add(value)}


def scale_links(
    model: mujoco.MjModel, layout: Layout, leaves: Leaves, value: Float[Array, " link"]
) -> Leaves:
    """Mass of each body but the base, and its inertia with it."""
    return scale_bodies(model, leaves, links(model, layout), value)


def scale_bodies(model: mujoco.MjModel, leaves: Leaves, body: int | np.ndarray, factor: Array) -> Leaves:
    """Other masses of bodies, of which their inertia takes its share."""
    mass, inertia = leaf(model, leaves, "body_mass"), leaf(model, leaves, "body_inertia")
    return leaves | {
        "body_mass": mass.at[body].multiply(factor),
        "body_inertia": inertia.at[body].multiply(factor[..., None]),
    }


TRACE = 1.0e-6
"""N m: the least dry friction of a joint whose friction differs from robot to robot. MJX-JAX has rows only
for joints that rub in the model it is made from, and in a row without friction it holds the joint fast."""


def add_dof_friction(
    model: mujoco.MjModel, layout: Layout, leaves: Leaves, value: Float[Array, " dof"]
) -> Leaves:
    """Dry friction, and a trace where there would be none."""
    friction = leaf(model, leaves, "dof_frictionloss")
    total = friction[layout.qvel] + value
    least = jnp.where(total < 0, total, jnp.maximum(total, TRACE))
    return leaves | {"dof_frictionloss": friction.at[layout.qvel].set(least)}


def add_to_dofs(name: str) -> Apply:
    """The function that adds a value a joint to a leaf of the dofs."""

    def apply(model: mujoco.MjModel, layout: Layout, leaves: Leaves, value: Float[Array, " dof"]) -> Leaves:
        return leaves | {name: leaf(model, leaves, name).at[layout.qvel].add(value)}

    return apply


def add_gravity(model: mujoco.MjModel, layout: Layout, leaves: Leaves, value: Float[Array, "3"]) -> Leaves:
    """Acceleration of free fall, world."""
    del layout
    return leaves | {"opt.gravity": leaf(model, leaves, "opt.gravity") + value}


def sliding_friction(model: mujoco.MjModel) -> float:
    """The model's own coefficient, if it touches anything."""
    return float(model.pair_friction[0, 0]) if model.npair else 1.0


def one(model: mujoco.MjModel) -> float:
    """The factor that changes nothing."""
    del model
    return 1.0


VARIED: dict[str, Varied] = {
    "friction": Varied(
        "the coefficient of sliding",
        "",
        scalar,
        set_friction,
        sliding_friction,
        low=LEAST_FRICTION,
        absent=no_contact,
    ),
    "restitution": Varied(
        "of the contact with the ground: 0 is dead, 1 gives all speed back; Isaac Gym only",
        *("", scalar, None),
        low=0.0,
        high=1.0,
        absent=no_contact,
    ),
    "base_mass": Varied("added to the base's", "kg", scalar, add_base_mass, absent=no_base),
    "link_mass": Varied(
        "times each other body's mass", "", each_link, scale_links, one, low=0.0, absent=no_link
    ),
    "base_com": Varied(
        "added, each axis, base frame",
        *("m", vector, move_base_com),
        low=-1.0,
        high=1.0,
        absent=no_base,
    ),
    "armature": Varied(
        "added to each joint's: the inertia of its rotor, times the gear ratio squared",
        *("kg m^2", each_dof, add_to_dofs("dof_armature")),
    ),
    "dof_friction": Varied("added to each joint's dry friction", "N m", each_dof, add_dof_friction),
    "dof_damping": Varied(
        "added to each joint's, which is linear in its speed",
        *("N m s/rad", each_dof, add_to_dofs("dof_damping")),
    ),
    "gravity": Varied("added, each axis, world", "m/s^2", vector, add_gravity),
}
"""What may differ, in the order in which it is folded. What is added, not scaled, also changes robots that
have none of it; a sum without a meaning (a negative mass) is refused before anything is compiled."""


def fold(model: mujoco.MjModel, layout: Layout, values: Mapping[str, Array]) -> Leaves:
    """The leaves of one robot that has these values; what is not among them stays nominal."""
    leaves: Leaves = {}
    for name, varied in VARIED.items():
        if name in values and varied.apply is not None:
            leaves = varied.apply(model, layout, leaves, jnp.asarray(values[name], float))
    return leaves
