"""The leaves of MJX's model that differ from robot to robot, and the constants that follow from them."""

# `types.py` speaks of JAX arrays; here NumPy's stand in for them.
# MuJoCo's compiled classes have no type stubs.
# pyright: reportArgumentType=false, reportAttributeAccessIssue=false

from collections.abc import Callable
from operator import attrgetter

import jax
import mujoco
from jaxtyping import Array

from gpugym_jax.physics.set_const import set_const
from gpugym_jax.physics.variation import Rules, exactly
from gpugym_jax.robots.varied import INPUTS, Leaves, fold
from gpugym_jax.types import Variation


def make_leaves(rules: Rules, names: frozenset[str] | tuple[str, ...]) -> Callable[[Variation], Leaves]:
    """The function from one robot's values, of all that varies, to the leaves that `names` change."""
    plain = {name: rules.nominal(name) for name in names}
    changed = jax.eval_shape(lambda: fold(rules.model, rules.layout, plain)).keys()

    def leaves(values: Variation) -> dict[str, Array]:
        folded = fold(rules.model, rules.layout, values)
        constants = set_const(rules.model, folded) if INPUTS & changed else {}
        return {name: folded[name] for name in changed} | constants

    return leaves


def make_room(rules: Rules, model: mujoco.MjModel) -> None:
    """Put the leaves of a nominal robot that may differ into a model, in place.

    They are the model's own, but for a trace where a physics would else have no place for more.
    """
    plain = {name: rules.nominal(name) for name in rules.names}
    for name, value in exactly(lambda: fold(rules.model, rules.layout, plain)).items():
        attrgetter(name)(model)[:] = value
