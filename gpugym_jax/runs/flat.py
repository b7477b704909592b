"""Trees as flat arrays on the host, by the path of their leaf, and back."""

import zlib
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from gpugym_jax.tables import UserError

Flat = dict[str, np.ndarray]


def flatten(tree: Any) -> Flat:
    """The leaves on the host, by path. Random keys as bits; without empty arrays, which Orbax refuses."""
    leaves, _ = jax.tree_util.tree_flatten_with_path(tree)
    host = {jax.tree_util.keystr(path): _bits(leaf) for path, leaf in leaves}
    return {name: value for name, value in host.items() if value.size}


def _is_key(leaf: Any) -> bool:
    return hasattr(leaf, "dtype") and jnp.issubdtype(leaf.dtype, jax.dtypes.prng_key)


def _bits(leaf: Any) -> np.ndarray:
    # A copy: the device buffer behind a view may be donated while the write goes on.
    return np.array(jax.random.key_data(leaf) if _is_key(leaf) else leaf)


def check(like: Any, flat: Flat, what: str) -> None:
    """Raise `UserError` if `flat` lacks a leaf of `like`, which may be abstract, or has it otherwise."""
    for path, leaf in jax.tree_util.tree_flatten_with_path(like)[0]:
        name = jax.tree_util.keystr(path)
        if 0 in leaf.shape:
            continue
        if name not in flat:
            raise UserError(f"{what} lacks '{name}': it is of another version of the training state")
        bits = jax.eval_shape(jax.random.key_data, leaf) if _is_key(leaf) else leaf
        there, here = (f"{x.dtype}{x.shape}" for x in (flat[name], bits))
        if there != here:
            raise UserError(f"{what} has '{name}' as {there}, this run as {here}")


def unflatten(like: Any, flat: Flat, what: str) -> Any:
    """A tree as `like`, placed as `like` is, with the leaves of `flat`, which are checked."""
    check(like, flat, what)
    leaves, structure = jax.tree_util.tree_flatten_with_path(like)
    return jax.tree_util.tree_unflatten(
        structure, [_leaf(leaf, flat.get(jax.tree_util.keystr(path))) for path, leaf in leaves]
    )


def _leaf(like: Any, saved: np.ndarray | None) -> Any:
    if saved is None:
        return np.zeros(like.shape, like.dtype)
    value = jax.random.wrap_key_data(jnp.asarray(saved)) if _is_key(like) else saved
    sharding = getattr(like, "sharding", None)
    # Onto one device without committing to it, as fresh arrays are: else all is compiled once more.
    return jax.device_put(value, sharding if sharding and len(sharding.device_set) > 1 else None)


def checksum(flat: Flat) -> int:
    """CRC-32 of all names and bytes."""
    total = 0
    for name in sorted(flat):
        total = zlib.crc32(flat[name].tobytes(), zlib.crc32(name.encode(), total))
    return total
