"""What a network may remember between control steps: a layer before its perceptron, by name."""

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from flax import nnx
from jaxtyping import Array, Bool, Float, Key

from gpugym_jax.bounds import Width
from gpugym_jax.tables import UserError, choose, register


class Cell(NamedTuple):
    """A layer with memory, as pure functions of its parameters. Leaves of a memory are `(env, ...)`."""

    draw: Callable[[Key[Array, ""]], Any]  # -> parameters
    start: Callable[[int], Any]  # robots -> memory as an episode begins
    step: Callable[
        [Any, Any, Array], tuple[Any, Array]
    ]  # parameters, memory, (env, in) -> memory, (env, out)
    replay: Callable[[Any, Any, Array, Array], Array]  # parameters, memory, (time, env, in), ended -> outputs
    size: int  # of the output


MEMORIES: dict[str, Callable[..., Cell]] = {}
"""Cells by name. The first argument is the width of the input; the keyword-only ones are the YAML's."""


def cleared(memory: Any, fresh: Any, ended: Bool[Array, " env"]) -> Any:
    """`memory`, but `fresh` where an episode has ended."""

    def leaf(old: Array, new: Array) -> Array:
        return jnp.where(ended.reshape(-1, *[1] * (old.ndim - 1)), new, old)

    return jax.tree.map(leaf, memory, fresh)


def nothing(inputs: int) -> Cell:
    """No memory: the input is the output, free of cost."""
    return Cell(
        draw=lambda _: (),
        start=lambda _: (),
        step=lambda _, memory, x: (memory, x),
        replay=lambda _, __, x, ___: x,
        size=inputs,
    )


def in_turn(
    start: Callable[[int], Any],
    step: Callable[[Any, Any, Array], tuple[Any, Array]],
    params: Any,
    memory: Any,
    x: Float[Array, "time env inputs"],
    ended: Bool[Array, "time env"],
) -> Float[Array, "time env outputs"]:
    """The outputs of a rollout: `step` after `step`, forgetting where an episode ended."""
    fresh = start(x.shape[1])

    def one(memory: Any, now: tuple[Array, Array]) -> tuple[Any, Array]:
        memory, out = step(params, memory, now[0])
        return cleared(memory, fresh, now[1]), out

    return jax.lax.scan(one, memory, (x, ended))[1]


@register(MEMORIES)
def gru(inputs: int, *, size: Width) -> Cell:
    """Gated recurrent unit, Cho et al. 2014, arXiv:1406.1078, as `flax.nnx.GRUCell` has it."""

    def build(rngs: nnx.Rngs) -> nnx.GRUCell:
        return nnx.GRUCell(inputs, size, rngs=rngs)

    graph = nnx.graphdef(nnx.eval_shape(lambda: build(nnx.Rngs(0))))

    def start(num_envs: int) -> Float[Array, "env size"]:
        return jnp.zeros((num_envs, size), jnp.float32)

    def step(params: Any, memory: Array, x: Array) -> tuple[Array, Array]:
        return nnx.merge(graph, params)(memory, x)

    return Cell(
        draw=lambda key: nnx.to_pure_dict(nnx.state(build(nnx.Rngs(key)))),
        start=start,
        step=step,
        replay=partial(in_turn, start, step),
        size=size,
    )


def make_cell(memory: Mapping[str, Mapping[str, object]], inputs: int) -> Cell:
    """The cell that a configuration names: `{gru: {size: 32}}`, or none."""
    if len(memory) > 1:
        raise UserError(f"ppo.memory names {' and '.join(memory)}: a network has one memory, or none.")
    for name, given in memory.items():
        return choose("memory", name, MEMORIES, given)(inputs)
    return nothing(inputs)
