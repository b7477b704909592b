"""What a control step was worth: reward terms, weighed and added up."""

from collections.abc import Callable
from typing import Any, NamedTuple

import jax.numpy as jnp
from jaxtyping import Array, Bool, Float

from gpugym_jax.bounds import Finite, Share
from gpugym_jax.config import Config, Terms
from gpugym_jax.mdp import gait  # noqa: F401  (its rewards enter the table)
from gpugym_jax.mdp.rewards import REWARDS
from gpugym_jax.mdp.snapshot import Snapshot
from gpugym_jax.mdp.terms import bind
from gpugym_jax.robots.robot import Robot
from gpugym_jax.tables import UserError, lookup, read

Numbers = dict[str, Float[Array, ""]]
BESIDE = ("weight", "potential")
"""What stands beside a term's own parameters."""


class Reward(NamedTuple):
    """The reward of a control step, its terms' shares by name, and the potentials to go on with."""

    total: Float[Array, ""]
    shares: Numbers
    potentials: Numbers


def beside(cfg: Config, key: str, hint: Any) -> dict[str, float]:
    """The values of `key` of the terms that have it."""
    return {
        name: read(f"rewards.{name}.{key}", hint, term[key])
        for name, term in cfg.rewards.items()
        if key in term
    }


def check_weights(cfg: Config) -> None:
    """Raise unless every term is one of ours and has a weight."""
    for name, term in cfg.rewards.items():
        lookup("reward", name, REWARDS)
        if "weight" not in term:
            raise UserError(f"rewards.{name} needs a weight, a number.")


def potentials_of(cfg: Config) -> tuple[str, ...]:
    """The names of the terms that are potentials."""
    return tuple(beside(cfg, "potential", Share))


def gain(now: Float[Array, ""], before: Float[Array, ""]) -> Float[Array, ""]:
    """now - before: nothing where nothing was seen before, unless now is no number, which is not hidden."""
    return now - jnp.where(jnp.isnan(before), now, before)


def make_reward(
    cfg: Config, robot: Robot, dt: float
) -> Callable[[Snapshot, Bool[Array, ""], Numbers], Reward]:
    """The reward: dt times the weighed sum of the terms, and each term's share. Weight 0 switches off.

    A term with `potential: discount` pays weight (discount now - before), without dt; now is 0 where the
    episode ends early, and in the first step of an episode nothing is paid. Ng, Harada and Russell 1999.
    """
    check_weights(cfg)
    weights, discounts = beside(cfg, "weight", Finite), beside(cfg, "potential", Share)
    rest: Terms = {
        name: {k: v for k, v in term.items() if k not in BESIDE} for name, term in cfg.rewards.items()
    }
    terms = {name: f for name, f in bind("reward", REWARDS, rest, robot).items() if weights[name]}
    end = cfg.reward.termination * (dt if cfg.reward.termination_by_dt else 1.0)

    def reward(s: Snapshot, terminated: Bool[Array, ""], before: Numbers) -> Reward:
        values = {name: f(s) for name, f in terms.items()}
        now = {name: jnp.where(terminated, 0.0, values[name]) for name in discounts if name in values}
        gains = {name: gain(discounts[name] * now[name], before[name]) for name in now}
        shares = {name: weights[name] * (dt * value) for name, value in values.items()}
        shares |= {name: weights[name] * gain for name, gain in gains.items()}
        total = sum(shares.values(), jnp.zeros(()))
        if cfg.reward.clip_negative:
            total = jnp.maximum(total, 0.0)
        named = {f"rewards/{name}": share for name, share in shares.items()}
        return Reward(total + end * terminated, named, {**before, **now})

    return reward
