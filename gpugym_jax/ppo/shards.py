"""Learning on several devices at once: means over a mesh axis, which `None` makes those of one device."""

from typing import TypeVar

import jax
import jax.numpy as jnp
from jaxtyping import Array, Key

Tree = TypeVar("Tree")
Axis = str | None
"""Name of the mesh axis over which robots are spread, within `shard_map`; None: all are here."""


def shard_count(axis: Axis) -> int:
    """How many shards there are."""
    return 1 if axis is None else jax.lax.axis_size(axis)


def mean_over(axis: Axis, tree: Tree) -> Tree:
    """Each leaf's mean over the shards; of one shard nothing is compiled."""
    return jax.lax.pmean(tree, axis) if shard_count(axis) > 1 else tree


def shard_key(axis: Axis, key: Key[Array, ""]) -> Key[Array, ""]:
    """A key of the shard's own. The first's is `key` itself, so that one shard alone draws as none would."""
    if axis is None or shard_count(axis) == 1:
        return key
    index = jax.lax.axis_index(axis)
    return jnp.where(index == 0, key, jax.random.fold_in(key, index))
