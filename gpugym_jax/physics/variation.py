"""What may differ from robot to robot, and what to say when it cannot."""

# MuJoCo's compiled classes have no type stubs.
# pyright: reportAttributeAccessIssue=false

from collections.abc import Iterable
from dataclasses import fields

import jax
import mujoco
import numpy as np

from gpugym_jax.tables import unknown
from gpugym_jax.types import Variation

FIELDS = frozenset(f.name for f in fields(Variation))


def meaningless(model: mujoco.MjModel, base: int) -> dict[str, str]:
    """For each field of `Variation` that has no meaning for the model: why."""
    refused = {}
    if model.npair == 0:
        refused |= dict.fromkeys(("friction", "restitution"), "the robot touches nothing")
    if model.body_dofnum[base] == 0:
        refused |= dict.fromkeys(("base_mass", "base_com"), "the base is fixed")
    return refused


def varied_fields(asked: Iterable[str] | None, refused: dict[str, str]) -> frozenset[str]:
    """The fields that may differ from nominal: those asked for, or if None all that the model can have."""
    if asked is None:
        return FIELDS - set(refused)
    for name in asked:
        if name not in FIELDS:
            raise unknown("field of Variation", name, FIELDS)
        if name in refused:
            raise ValueError(f"{name} cannot be varied: {refused[name]}.")
    return frozenset(asked)


def check_variation(
    variation: Variation, varied: frozenset[str], refused: dict[str, str], mass: float, friction: float
) -> None:
    """Raise `ValueError` for numbers that cannot be applied. Traced ones cannot be checked and pass.

    `mass` is the base's, kg; `friction` the nominal coefficient.
    """
    if any(isinstance(x, jax.core.Tracer) for x in jax.tree.leaves(variation)):
        return
    for name in sorted(FIELDS - varied):
        nominal = np.float32(friction if name == "friction" else 0.0)
        if np.any(np.asarray(getattr(variation, name)) != nominal):
            why = refused.get(name, "this physics was made without it")
            raise ValueError(f"variation of {name} cannot be applied: {why}. It must be {nominal:g}.")
    if np.any(np.asarray(variation.friction) < 0):
        raise ValueError("variation of friction cannot be applied: a coefficient is negative.")
    bounce = np.asarray(variation.restitution)
    if np.any((bounce < 0) | (bounce > 1)):
        raise ValueError("variation of restitution cannot be applied: a coefficient is not in [0, 1].")
    if np.any(mass + np.asarray(variation.base_mass) <= 0) and "base_mass" in varied:
        raise ValueError(f"variation of base_mass cannot be applied: the base has only {mass:g} kg.")
