"""Groups of observations: scaled, clipped, with noise, from the newest control steps or late ones."""

from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Key

from gpugym_jax.config import Entry, Group, Observations, groups_of, named
from gpugym_jax.mdp.observations import MEANINGS, OBSERVATIONS
from gpugym_jax.mdp.snapshot import Snapshot
from gpugym_jax.mdp.terms import bind_term
from gpugym_jax.robots.robot import Robot
from gpugym_jax.tables import UserError, lookup, repeated, unknown
from gpugym_jax.types import Number, Obs, ObsLayout, Seen


class Observer(NamedTuple):
    """Observing, as a pair of pure functions of one robot, and what its numbers are."""

    init: Callable[[Key[Array, ""]], dict[str, Seen]]
    observe: Callable[[dict[str, Seen], Snapshot, Key[Array, ""]], tuple[dict[str, Seen], Obs]]
    layout: ObsLayout


class Part(NamedTuple):
    """One term of a group."""

    name: str
    value: Callable[[Snapshot], Float[Array, " n"]]
    scale: Float[np.ndarray, " n"]  # what each number is divided by
    numbers: tuple[Number, ...]


def make_part(cfg: Observations, robot: Robot, blocks: tuple[str, ...], entry: Entry, group: str) -> Part:
    """A term with its parameters and scale."""
    name, params = named(entry, f"observations.{group}")
    lookup("observation", name, OBSERVATIONS)
    known = MEANINGS[name].numbers(robot, blocks)
    scale = np.array(repeated(cfg.scale.get(name, 1.0), len(known), f"observations.scale.{name}"))
    numbers = tuple(
        Number(name, each, unit, MEANINGS[name].frame, float(scale[i]), 0)
        for i, (each, unit) in enumerate(known)
    )
    value = bind_term("observation", OBSERVATIONS, name, params, robot, scale.shape)
    return Part(name, value, scale, numbers)


def check(cfg: Observations, groups: dict[str, Group], parts: dict[str, list[Part]]) -> None:
    """Raise if a group has nothing, or a scale or noise is of what no one sees, or sees with noise."""
    for name, group in groups.items():
        if not group.terms:
            raise UserError(f"observations.{name} is empty. There are: {', '.join(sorted(OBSERVATIONS))}.")
    used = {part.name for some in parts.values() for part in some}
    noisy = {part.name for name, some in parts.items() if groups[name].noise for part in some}
    for name in cfg.scale:
        if name not in used:
            raise unknown("observation in use (observations.scale)", name, used)
    for name in cfg.noise:
        if name not in noisy:
            raise unknown("observation in use in a group with noise (observations.noise)", name, noisy)


def aged(parts: list[Part], history: int) -> tuple[Number, ...]:
    """What the numbers of a group are, the newest step first."""
    now = [number for part in parts for number in part.numbers]
    return tuple(number._replace(age=age) for age in range(history) for number in now)


def with_history(group: Group, seen: Seen, now: Float[Array, " n"]) -> tuple[Seen, Float[Array, " m"]]:
    """Take in what is seen now, and give what is due: `history` steps, from `late` steps ago backwards."""
    shifted = jnp.concatenate([now[None], seen.queue[:-1]])
    queue = jnp.where(seen.filled, shifted, jnp.broadcast_to(now, shifted.shape))
    due = jax.lax.dynamic_slice_in_dim(queue, seen.late, group.history)
    return seen.replace(queue=queue, filled=jnp.ones((), bool)), due.reshape(-1)


def start_memory(
    groups: dict[str, Group], sizes: dict[str, int]
) -> Callable[[Key[Array, ""]], dict[str, Seen]]:
    """The memory of the groups that have history or delay, with an episode's delays."""

    def init(key: Key[Array, ""]) -> dict[str, Seen]:
        memory = {}
        for i, (name, group) in enumerate(groups.items()):
            low, high = group.delay
            if group.history + high > 1:
                queue = jnp.zeros((high + group.history, sizes[name]))
                late = jax.random.randint(jax.random.fold_in(key, i), (), low, high + 1, jnp.int32)
                memory[name] = Seen(queue, late, jnp.zeros((), bool))
        return memory

    return init


def make_observer(cfg: Observations, robot: Robot, blocks: tuple[str, ...]) -> Observer:
    """The function from a memory, a snapshot and a key for the noise to all groups.

    Noise is one draw for each term that has any, the same in every group that is noisy.
    """
    groups = groups_of(cfg)
    parts = {
        name: [make_part(cfg, robot, blocks, entry, name) for entry in group.terms]
        for name, group in groups.items()
    }
    check(cfg, groups, parts)
    noisy = {name: i for i, name in enumerate(sorted(cfg.noise))}

    def number_of(part: Part, s: Snapshot, key: Key[Array, ""], noise: bool) -> Float[Array, " n"]:
        value = part.value(s)
        if noise and part.name in noisy:
            draw = jax.random.uniform(jax.random.fold_in(key, noisy[part.name]), value.shape, minval=-1.0)
            value = value + cfg.noise[part.name] * draw
        return jnp.clip(value / part.scale.astype(np.float32), -cfg.clip, cfg.clip)

    def observe(memory: dict[str, Seen], s: Snapshot, key: Key[Array, ""]) -> tuple[dict[str, Seen], Obs]:
        memory, obs = dict(memory), {}
        for name, group in groups.items():
            values: list[Any] = [number_of(part, s, key, bool(group.noise)) for part in parts[name]]
            obs[name] = jnp.concatenate(values)
            if name in memory:
                memory[name], obs[name] = with_history(group, memory[name], obs[name])
        return memory, obs

    sizes = {name: sum(len(part.numbers) for part in some) for name, some in parts.items()}
    layout = {name: aged(some, groups[name].history) for name, some in parts.items()}
    return Observer(start_memory(groups, sizes), observe, layout)
