"""What a physics varies from robot to robot, what it refuses and why, and the leaves that follow."""

# MuJoCo's compiled classes have no type stubs.
# pyright: reportAttributeAccessIssue=false
# `types.py` speaks of JAX arrays; here NumPy's stand in for them.
# pyright: reportArgumentType=false, reportReturnType=false

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial

import jax
import jax.numpy as jnp
import mujoco
import numpy as np
from jaxtyping import Array

from gpugym_jax.config import Draw
from gpugym_jax.robots.layout import Layout
from gpugym_jax.robots.robot import Robot
from gpugym_jax.robots.varied import VARIED, Leaves, fold
from gpugym_jax.tables import UserError, lookup
from gpugym_jax.types import Variation

NO_LEAF = {name: "MuJoCo's contacts have none" for name, varied in VARIED.items() if varied.apply is None}
"""What neither C MuJoCo nor MJX can apply."""
POSITIVE = ("body_mass", "body_inertia")
"""Leaves that must be above 0 wherever the model's are."""
WEIGHTLESS = 1.0e-3
"""m/s^2: less than this upwards is none at all, but for rounding."""
NOT_NEGATIVE = ("pair_friction", "dof_armature", "dof_frictionloss", "dof_damping")


@dataclass(frozen=True)
class Rules:
    """What may differ among the robots of a physics."""

    robot: Robot
    model: mujoco.MjModel  # nominal
    layout: Layout
    names: tuple[str, ...]  # of `VARIED`
    renewed: frozenset[str]  # of `names`: what `write` may change
    refused: dict[str, str]  # names that this physics cannot vary, and why

    def nominal(self, name: str) -> np.ndarray:
        """The value of one robot that changes nothing."""
        varied = VARIED[name]
        return np.full(varied.size(self.robot), varied.nominal(self.model), np.float32)

    def complete(self, variation: Variation, num_envs: int) -> Variation:
        """The values of all robots in all of `names`, float32; what is not given is nominal."""
        self.check(variation)
        plain = {n: np.tile(self.nominal(n), (num_envs, *(1,) * self.nominal(n).ndim)) for n in self.names}
        return plain | {name: single(value) for name, value in variation.items()}

    def check(self, variation: Variation) -> None:
        """Raise `UserError`, a `ValueError`, for what cannot be applied. Traced numbers pass."""
        for name, value in variation.items():
            varied = lookup("property that may differ", name, VARIED)
            if name not in self.names:
                why = self.refused.get(name, "this physics was made without it")
                raise UserError(f"variation of {name} cannot be applied: {why}.")
            if np.shape(value)[1:] != varied.size(self.robot):
                wanted = varied.size(self.robot)
                raise UserError(f"variation of {name} is of size {np.shape(value)[1:]}, it must be {wanted}.")
            if not is_traced(value) and not within(np.asarray(value), varied.low, varied.high):
                span = f"[{varied.low:g}, {varied.high:g}]"
                raise UserError(f"variation of {name} cannot be applied: a value is not in {span}.")

    def check_leaves(self, leaves: Leaves) -> None:
        """Raise `UserError` if a robot's model has no meaning. Traced leaves pass."""
        known = {name: np.asarray(value) for name, value in leaves.items() if not is_traced(value)}
        wrong = breach(self.model, known)
        if wrong:
            raise UserError(f"variation cannot be applied: {wrong}.")

    def check_renewed(self, variation: Variation) -> None:
        """Raise `UserError` if a write changes what is kept."""
        self.check(variation)
        for name in sorted(set(variation) - self.renewed):
            raise UserError(f"variation of {name} cannot be changed by a write: this physics keeps it.")


def single(value: Array | np.ndarray) -> Array | np.ndarray:
    """float32, of NumPy where it can be."""
    return value.astype(jnp.float32) if is_traced(value) else np.asarray(value, np.float32)


def is_traced(value: object) -> bool:
    """Whether the numbers are not known yet."""
    return isinstance(value, jax.core.Tracer)


def within(value: np.ndarray, low: float, high: float) -> bool:
    """Whether all numbers are in a range; NaN is in none."""
    return bool(np.all((value >= low) & (value <= high)))


def breach(model: mujoco.MjModel, leaves: Mapping[str, np.ndarray]) -> str:
    """What has no meaning in leaves, of one robot or of many, or nothing."""
    for name in (*POSITIVE, *NOT_NEGATIVE):
        if name not in leaves:
            continue
        value, nominal = leaves[name], getattr(model, name)
        wrong = ~(value > 0) & (nominal > 0) if name in POSITIVE else ~(value >= 0)
        if wrong.any():
            place = tuple(np.argwhere(wrong)[0])
            must = "be positive" if name in POSITIVE else "not be negative"
            whose = owner(model, name, int(place[-nominal.ndim]))
            return f"{name} of {whose} would be {value[place]:g}, it must {must}"
    fall = leaves.get("opt.gravity", model.opt.gravity)[..., 2]
    return "" if np.all(fall < WEIGHTLESS) else f"gravity would be {np.max(fall):g} m/s^2 along z, upwards"


def leaves_of(rules: Rules, values: Variation) -> dict[str, np.ndarray]:
    """The leaves of all robots that have these values, in double precision, on the CPU."""
    one = partial(fold, rules.model, rules.layout)
    return (
        exactly(lambda: jax.vmap(one)({n: np.asarray(x, float) for n, x in values.items()})) if values else {}
    )


def owner(model: mujoco.MjModel, leaf: str, i: int) -> str:
    """What entry `i` of a leaf belongs to, for a message."""
    kind = leaf.partition("_")[0]
    if kind == "pair":
        return f"contact pair {i}"
    item = model.body(i) if kind == "body" else model.joint(model.dof_jntid[i])
    return f"{'body' if kind == 'body' else 'joint'} '{item.name}'"


def exactly(f: Callable[[], Leaves]) -> dict[str, np.ndarray]:
    """The leaves that `f` makes, in double precision on the CPU."""
    with jax.enable_x64(True), jax.default_device(jax.local_devices(backend="cpu")[0]):
        return {name: np.asarray(value) for name, value in f().items()}


def make_rules(
    asked: Mapping[str, Draw] | None,
    robot: Robot,
    model: mujoco.MjModel,
    layout: Layout,
    cannot: Mapping[str, str],
    renews: bool = True,
) -> Rules:
    """The rules of a physics that `cannot` vary some properties, and `renews` the others or does not.

    What is asked for may differ; if None, all that the model can have. A wrong name, a property that cannot
    be varied or renewed, and a range of which an end has no meaning are a `UserError`.
    """
    absent = {name: varied.absent(model, layout) for name, varied in VARIED.items()}
    refused = dict(cannot) | {name: why for name, why in absent.items() if why}
    if asked is None:
        names = [name for name in VARIED if name not in refused]
        return Rules(robot, model, layout, tuple(names), frozenset(names if renews else ()), refused)
    for name in asked:
        lookup("property to randomize", name, VARIED)
        if name in refused:
            raise UserError(f"{name} cannot be varied: {refused[name]}.")
    renewed = frozenset(name for name, draw in asked.items() if draw.every == "episode")
    if renewed and not renews:
        raise UserError(
            f"randomize: {', '.join(sorted(renewed))} cannot be drawn anew each episode: this physics "
            "makes its robots once. Set randomize.every=run."
        )
    rules = Rules(robot, model, layout, tuple(n for n in VARIED if n in asked), renewed, refused)
    for name in rules.names:
        check_range(rules, name, asked[name].range)
    return rules


def check_range(rules: Rules, name: str, ends: tuple[float, float]) -> None:
    """Raise `UserError` unless both ends of a range have a meaning on this robot."""
    varied, where = VARIED[name], f"randomize.{name}"
    if not np.all(np.isfinite(ends)) or ends[0] > ends[1]:
        raise UserError(
            f"{where} wants [low, high], both finite and low <= high, got [{ends[0]:g}, {ends[1]:g}]."
        )
    for end in ends:
        if not varied.low <= end <= varied.high:
            raise UserError(f"{where}: {end:g} is not in [{varied.low:g}, {varied.high:g}].")
        value = {name: np.full(varied.size(rules.robot), end)}
        wrong = breach(rules.model, exactly(lambda value=value: fold(rules.model, rules.layout, value)))
        if wrong:
            raise UserError(f"{where}: with {f'{end:g} {varied.unit}'.strip()} {wrong}.")
