"""What ends an episode early."""

from collections.abc import Callable

import jax.numpy as jnp
from jaxtyping import Array, Bool

from gpugym_jax.bounds import Angle, Bodies, Dof, Finite, NotNegative
from gpugym_jax.mdp.snapshot import Snapshot
from gpugym_jax.tables import register

Flag = Bool[Array, ""]
TERMINATIONS: dict[str, Callable[..., Flag]] = {}
termination = register(TERMINATIONS)


@termination
def contact(s: Snapshot, *, bodies: Bodies, force: NotNegative = 1.0) -> Flag:
    """One of the bodies feels more than `force` N. legged_gym, `check_termination`."""
    return jnp.any(jnp.linalg.norm(s.body_force[jnp.array(bodies)], axis=-1) > force)


@termination
def tilt(s: Snapshot, *, angle: Angle = 1.2) -> Flag:
    """The base leans more than `angle` rad from upright."""
    return -s.projected_gravity[2] < jnp.cos(angle)


@termination
def height(s: Snapshot, *, below: Finite) -> Flag:
    """The base is lower than `below` m."""
    return s.base_height < below


@termination
def dof_range(s: Snapshot, *, dof: Dof, limit: NotNegative) -> Flag:
    """A joint is further than `limit` rad (or m) from zero."""
    return jnp.abs(s.dof_pos[dof]) > limit
