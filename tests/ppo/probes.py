"""Environments so small that the best action and every value are known.

One robot is one number `x`, seen by the actor as `[x]` and by the critic as `[x, 1]`.
"""

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
from flax import struct
from jaxtyping import Array, Float, Int, Key

from gpugym_jax.config import Ppo
from gpugym_jax.types import Env, EnvState, Obs, Scan, StepResult

NUM_ENVS = 64
PROBE = Ppo(
    actor=(16,),
    critic=(16,),
    activation="tanh",
    init_std=0.5,
    rollout_length=8,
    epochs=4,
    minibatches=2,
    discount=0.5,
    learning_rate=3e-3,
    desired_kl=None,
    entropy_coef=0.0,
)


class ProbeState(struct.PyTreeNode):
    """Of one robot, or with a leading axis of all."""

    key: Key[Array, "*env"]
    x: Float[Array, "*env"]
    cue: Float[Array, "*env"]  # the first x of the episode
    step: Int[Array, "*env"]  # since the episode began


Draw = Callable[[Key[Array, ""]], Array]
Reward = Callable[[ProbeState, Array], Array]  # state, action -> reward of the step that leaves the state
Move = Callable[[ProbeState], Array]  # state -> the next x
End = Callable[
    [ProbeState, Key[Array, ""]], Array
]  # state, key -> whether the step that leaves it is the last


def make_probe(
    reward: Reward,
    *,
    start: Draw = lambda _: jnp.zeros(()),
    move: Move = lambda s: s.x,
    end: End = lambda _, __: jnp.asarray(True),
    by_time: bool = False,
    scan: Scan = jax.lax.scan,
    num_envs: int = NUM_ENVS,
) -> Env:
    """An env whose episodes end by termination or, with `by_time`, by time-out."""

    def see(x: Array) -> Obs:
        return {"actor": x[None], "critic": jnp.stack([x, jnp.ones_like(x)])}

    def first(key: Key[Array, ""]) -> ProbeState:
        key, k_start = jax.random.split(key)
        x = start(k_start)
        return ProbeState(key, x, x, jnp.zeros((), jnp.int32))

    def one(state: ProbeState, action: Array) -> tuple[ProbeState, StepResult]:
        key, k_end, k_reset = jax.random.split(state.key, 3)
        gained, ended = reward(state, action[0]), end(state, k_end)
        after = ProbeState(key, move(state), state.cue, state.step + 1)
        state = jax.tree.map(lambda new, old: jnp.where(ended, new, old), first(k_reset), after)
        ends = (ended & (not by_time), ended & by_time)
        return state, StepResult(see(state.x), see(after.x), gained, *ends, {"gain": gained})

    def reset(key: Key[Array, ""]) -> tuple[EnvState, Obs]:
        state = jax.vmap(first)(jax.random.split(key, num_envs))
        return EnvState(state, None), jax.vmap(see)(state.x)

    def step(state: EnvState, action: Array) -> tuple[EnvState, Any]:
        probe, out = jax.vmap(one)(state.sim, action)
        return EnvState(probe, None), out

    return Env(jax.jit(reset), jax.jit(step), scan, num_envs, 1, {"actor": 1, "critic": 2})


def sign(key: Key[Array, ""]) -> Float[Array, ""]:
    """-1 or 1."""
    return jax.random.rademacher(key, (), jnp.float32)


def constant_reward() -> Env:
    """One step, reward 1: the value is 1."""
    return make_probe(lambda _, __: jnp.ones(()))


def observed_value() -> Env:
    """One step, reward x, which is drawn from -1 and 1: the value is x."""
    return make_probe(lambda s, _: s.x, start=sign)


def late_reward() -> Env:
    """Two steps, x = 0 then 1, reward 0 then 1: the values are the discount and 1."""
    return make_probe(lambda s, _: s.x, move=lambda s: s.x + 1.0, end=lambda s, _: s.step == 1)


def best_action() -> Env:
    """One step, reward -(action - 0.5)^2: the best action is 0.5."""
    return make_probe(lambda _, a: -jnp.square(a - 0.5))


def observed_action() -> Env:
    """One step, reward -(action - x / 2)^2, x from -1 and 1: the best action is x / 2."""
    return make_probe(lambda s, a: -jnp.square(a - 0.5 * s.x), start=sign)


def remembered_action(scan: Scan = jax.lax.scan) -> Env:
    """Four steps, of which only the first shows the cue, -1 or 1: then the reward is -(action - cue / 2)^2.

    The best that a policy without memory can do is to answer 0, at a return of -3 / 4.
    """
    return make_probe(
        lambda s, a: jnp.where(s.step > 0, -jnp.square(a - 0.5 * s.cue), 0.0),
        start=sign,
        move=lambda s: jnp.zeros_like(s.x),
        end=lambda s, _: s.step == 3,
        scan=scan,
    )


def coin_ends(by_time: bool, scan: Scan = jax.lax.scan) -> Env:
    """In turn `x` is 0 and 1, and is the reward; after each step a coin decides whether the episode ends.

    A new episode begins at 0, so that the value of its first observation is not that of the final one.
    """
    return make_probe(
        lambda s, _: s.x,
        move=lambda s: 1.0 - s.x,
        end=lambda _, key: jax.random.bernoulli(key, 0.5),
        by_time=by_time,
        scan=scan,
    )
