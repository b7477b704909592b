"""How robots differ from each other."""

from collections.abc import Callable
from dataclasses import fields

import jax
import jax.numpy as jnp
from jaxtyping import Array, Key

from gpugym_jax.config import PhysicsConfig, Randomize
from gpugym_jax.tables import UserError
from gpugym_jax.types import Variation

NONE = (0.0, 0.0)


def varied(cfg: Randomize) -> frozenset[str]:
    """The fields of `Variation` that differ from robot to robot."""
    return frozenset(f.name for f in fields(Variation) if getattr(cfg, f.name) is not None)


def check_redraws(cfg: Randomize, redraws: bool) -> None:
    """Raise if bodies are to be drawn anew each episode in a physics that makes them once."""
    drawn = sorted(varied(cfg))
    if drawn and cfg.every == "episode" and not redraws:
        raise UserError(
            f"randomize.every=episode draws {', '.join(drawn)} anew, but this physics makes its robots once: "
            "set randomize.every=run."
        )


def make_sample_variation(cfg: Randomize, physics: PhysicsConfig) -> Callable[[Key[Array, ""]], Variation]:
    """Uniform draws in the configured ranges; what has none stays nominal."""
    if cfg.every not in ("run", "episode"):
        raise UserError(f"randomize.every is 'run' or 'episode', not '{cfg.every}'.")

    def sample(key: Key[Array, ""]) -> Variation:
        k_friction, k_mass = jax.random.split(key)
        k_restitution, k_com = jax.random.split(jax.random.fold_in(key, 1))
        low, high = cfg.friction or (physics.friction, physics.friction)
        return Variation(
            friction=jax.random.uniform(k_friction, (), jnp.float32, low, high),
            restitution=jax.random.uniform(k_restitution, (), jnp.float32, *(cfg.restitution or NONE)),
            base_mass=jax.random.uniform(k_mass, (), jnp.float32, *(cfg.base_mass or NONE)),
            base_com=jax.random.uniform(k_com, (3,), jnp.float32, *(cfg.base_com or NONE)),
        )

    return sample
