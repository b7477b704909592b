"""`jax.lax.scan` or Python: the only place where a traceable and a live physics differ."""

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp

from gpugym_jax.types import Physics, Scan


def live_scan(
    f: Callable[[Any, Any], tuple[Any, Any]], carry: Any, xs: Any = None, length: int | None = None
) -> tuple[Any, Any]:
    """`jax.lax.scan`, run by Python so that `f` may act on the world."""
    leaves = jax.tree.leaves(xs)
    n = leaves[0].shape[0] if leaves else length
    if n is None:
        raise ValueError("live_scan needs xs or length")
    ys = []
    for i in range(n):
        carry, y = f(carry, jax.tree.map(lambda x: x[i], xs))  # noqa: B023  (used within this turn)
        ys.append(y)
    return carry, jax.tree.map(lambda *leaves: jnp.stack(leaves), *ys)


def scan_for(physics: Physics) -> Scan:
    """The scan that may drive `physics`."""
    return jax.lax.scan if physics.traceable else live_scan


def compile_for(physics: Physics, f: Callable[..., Any], **jit_options: Any) -> Callable[..., Any]:
    """Compile `f` whole if it may be traced; else leave it to Python, which runs its compiled parts."""
    return jax.jit(f, **jit_options) if physics.traceable else f
