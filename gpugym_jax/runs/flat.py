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


def unflatten(like: Any, flat: Flat, what: str) -> Any:
    """A tree as `like`, placed as `like` is, with the leaves of `flat`."""
    leaves, structure = jax.tree_util.tree_flatten_with_path(like)
    return jax.tree_util.tree_unflatten(
        structure, [_leaf(jax.tree_util.keystr(path), leaf, flat, what) for path, leaf in leaves]
    )


def _leaf(name: str, like: Any, flat: Flat, what: str) -> Any:
    shape = like.shape
    if 0 in shape:
        return np.zeros(shape, like.dtype)
    if name not in flat:
        raise UserError(f"{what} lacks '{name}': it is of another version of the training state")
    value = flat[name]
    if _is_key(like):
        value = jax.random.wrap_key_data(jnp.asarray(value))
    if value.shape != shape or value.dtype != like.dtype:
        there, here = f"{value.dtype}{value.shape}", f"{like.dtype}{shape}"
        raise UserError(f"{what} has '{name}' as {there}, this run as {here}")
    sharding = getattr(like, "sharding", None)
    # Onto one device without committing to it, as fresh arrays are: else all is compiled once more.
    return jax.device_put(value, sharding if sharding and len(sharding.device_set) > 1 else None)


def checksum(flat: Flat) -> int:
    """CRC-32 of all names and bytes."""
    total = 0
    for name in sorted(flat):
        total = zlib.crc32(flat[name].tobytes(), zlib.crc32(name.encode(), total))
    return total
