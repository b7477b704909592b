"""What may differ from robot to robot, and what to say when it cannot."""

# MuJoCo's compiled classes have no type stubs.
# pyright: reportAttributeAccessIssue=false
# `types.py` speaks of JAX arrays; here NumPy's stand in for them.
# pyright: reportArgumentType=false

from collections.abc import Iterable
from dataclasses import dataclass, fields

import jax
import mujoco
import numpy as np

from gpugym_jax.tables import UserError, unknown
from gpugym_jax.types import Variation

FIELDS = frozenset(f.name for f in fields(Variation))
NO_BOUNCE = {"restitution": "MuJoCo's contacts have none"}
"""What neither C MuJoCo nor MJX can apply."""


def meaningless(model: mujoco.MjModel, base: int) -> dict[str, str]:
    """For each field of `Variation` that has no meaning for the model: why."""
    refused = {}
    if model.npair == 0:
        refused |= dict.fromkeys(("friction", "restitution"), "the robot touches nothing")
    if model.body_dofnum[base] == 0:
        refused |= dict.fromkeys(("base_mass", "base_com"), "the base is fixed")
    return refused


def nominal(num_envs: int, friction: float | np.ndarray) -> Variation:
    """Robots as their model has them, on ground of that sliding coefficient. NumPy, float32."""
    zero = np.zeros((num_envs, 3), np.float32)
    return Variation(
        friction=np.broadcast_to(np.float32(friction), (num_envs,)),
        restitution=zero[:, 0],
        base_mass=zero[:, 0],
        base_com=zero,
    )


@dataclass(frozen=True)
class Rules:
    """What a physics takes of `Variation`, and why not the rest."""

    varied: frozenset[str]  # fields that may differ from nominal
    refused: dict[str, str]  # fields that cannot, and why
    base_mass: float  # kg, of the model's base
    friction: float  # nominal sliding coefficient

    def check(self, variation: Variation) -> None:
        """Raise `UserError`, a `ValueError`, for numbers that cannot be applied. Traced ones pass."""
        if any(isinstance(x, jax.core.Tracer) for x in jax.tree.leaves(variation)):
            return
        for name in sorted(FIELDS - self.varied):
            wanted = np.float32(self.friction if name == "friction" else 0.0)
            if np.any(np.asarray(getattr(variation, name)) != wanted):
                why = self.refused.get(name, "this physics was made without it")
                raise UserError(f"variation of {name} cannot be applied: {why}. It must be {wanted:g}.")
        if np.any(np.asarray(variation.friction) < 0):
            raise UserError("variation of friction cannot be applied: a coefficient is negative.")
        bounce = np.asarray(variation.restitution)
        if np.any((bounce < 0) | (bounce > 1)):
            raise UserError("variation of restitution cannot be applied: a coefficient is not in [0, 1].")
        mass = self.base_mass
        if np.any(mass + np.asarray(variation.base_mass) <= 0) and "base_mass" in self.varied:
            raise UserError(f"variation of base_mass cannot be applied: the base has only {mass:g} kg.")


def make_rules(
    asked: Iterable[str] | None,
    model: mujoco.MjModel,
    base: int,
    friction: float,
    cannot: dict[str, str],
) -> Rules:
    """The rules of a physics that `cannot` apply some fields to any robot.

    The fields that may differ are those asked for, or if None all that the model can have. A wrong or refused
    one is a `UserError`.
    """
    refused = cannot | meaningless(model, base)
    for name in asked or ():
        if name not in FIELDS:
            raise unknown("field of Variation", name, FIELDS)
        if name in refused:
            raise UserError(f"{name} cannot be varied: {refused[name]}.")
    varied = FIELDS - set(refused) if asked is None else frozenset(asked)
    return Rules(varied, refused, float(model.body_mass[base]), friction)
