"""What the networks see: value / scale, clipped, in the order of the configuration."""

from collections.abc import Callable

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, Key

from gpugym_jax.config import Observations
from gpugym_jax.mdp.snapshot import Snapshot
from gpugym_jax.tables import UserError, lookup, register, unknown
from gpugym_jax.types import Obs

Vector = Float[Array, " n"]
OBSERVATIONS: dict[str, Callable[[Snapshot], Vector]] = {}
observation = register(OBSERVATIONS)


@observation
def base_height(s: Snapshot) -> Vector:
    """Base origin above the ground, m."""
    return s.base_height[None]


@observation
def base_lin_vel(s: Snapshot) -> Vector:
    """Velocity, m/s, base frame."""
    return s.base_lin_vel


@observation
def base_ang_vel(s: Snapshot) -> Vector:
    """Angular velocity, rad/s, base frame."""
    return s.base_ang_vel


@observation
def projected_gravity(s: Snapshot) -> Vector:
    """Unit vector of gravity, base frame."""
    return s.projected_gravity


@observation
def command(s: Snapshot) -> Vector:
    """Commanded vx, vy, m/s, and yaw rate, rad/s, base frame."""
    return s.command


@observation
def dof_pos(s: Snapshot) -> Vector:
    """Joint positions from the default pose, rad."""
    return s.dof_pos - s.default_dof_pos


@observation
def dof_pos_abs(s: Snapshot) -> Vector:
    """Joint positions, rad or m."""
    return s.dof_pos


@observation
def dof_sin_cos(s: Snapshot) -> Vector:
    """Sines, then cosines of the joint positions."""
    return jnp.concatenate([jnp.sin(s.dof_pos), jnp.cos(s.dof_pos)])


@observation
def dof_vel(s: Snapshot) -> Vector:
    """Joint speeds, rad/s."""
    return s.dof_vel


@observation
def action(s: Snapshot) -> Vector:
    """The last action, as the policy gave it."""
    return s.action


@observation
def target_history(s: Snapshot) -> Vector:
    """The last three joint targets from the default pose, rad, the newest first."""
    return s.target_history.reshape(-1)


@observation
def gait_phase(s: Snapshot) -> Vector:
    """Sine and cosine of the gait clock."""
    return jnp.stack([jnp.sin(s.phase), jnp.cos(s.phase)])


@observation
def foot_contact(s: Snapshot) -> Vector:
    """1 for each foot that touches the ground."""
    return s.foot_contact.astype(jnp.float32)


def make_observe(cfg: Observations) -> Callable[[Snapshot, Key[Array, ""]], Obs]:
    """The function from a snapshot and a key for the noise to both observation groups."""
    groups = {"actor": cfg.actor, "critic": cfg.actor if cfg.critic == "same" else tuple(cfg.critic)}
    named = {name for names in groups.values() for name in names}
    if not cfg.actor:
        raise UserError(f"observations.actor is empty. There are: {', '.join(sorted(OBSERVATIONS))}.")
    terms = {name: lookup("observation", name, OBSERVATIONS) for name in named}
    for setting in ("scale", "noise"):
        for name in getattr(cfg, setting):
            if name not in named:
                raise unknown(f"observation in use (observations.{setting})", name, named)

    def scaled(name: str, value: Vector) -> Vector:
        scale = jnp.asarray(cfg.scale.get(name, 1.0), jnp.float32)
        if scale.ndim and value.shape[0] % scale.shape[0]:
            raise UserError(
                f"observations.scale.{name} has {scale.shape[0]} numbers; '{name}' has {value.shape[0]}."
            )
        scale = jnp.resize(scale, value.shape) if scale.ndim else scale
        return jnp.clip(value / scale, -cfg.clip, cfg.clip)

    def observe(s: Snapshot, key: Key[Array, ""]) -> Obs:
        values = {name: f(s) for name, f in terms.items()}
        clean = {name: scaled(name, value) for name, value in values.items()}
        noisy = dict(clean)
        for i, name in enumerate(sorted(cfg.noise)):
            draw = jax.random.uniform(jax.random.fold_in(key, i), values[name].shape, minval=-1.0)
            noisy[name] = scaled(name, values[name] + cfg.noise[name] * draw)
        return {
            "actor": jnp.concatenate([noisy[name] for name in groups["actor"]]),
            "critic": jnp.concatenate([clean[name] for name in groups["critic"]]),
        }

    return observe
