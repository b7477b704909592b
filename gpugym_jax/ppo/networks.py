"""Actor and critic: Flax NNX modules, split once into functions of their parameters and memory."""

from collections.abc import Callable, Mapping, Sequence
from itertools import pairwise
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from flax import nnx
from jaxtyping import Array, Float, Key

from gpugym_jax.config import Ppo
from gpugym_jax.ppo.memories import Cell, make_cell
from gpugym_jax.ppo.normalizer import divisor
from gpugym_jax.ppo.state import Memory, Params, PolicyState
from gpugym_jax.tables import lookup
from gpugym_jax.types import Obs

Activation = Callable[[Array], Array]
ACTIVATIONS: dict[str, Activation] = {
    "elu": jax.nn.elu,
    "gelu": jax.nn.gelu,
    "leaky_relu": jax.nn.leaky_relu,
    "relu": jax.nn.relu,
    "selu": jax.nn.selu,
    "sigmoid": jax.nn.sigmoid,
    "softplus": jax.nn.softplus,
    "swish": jax.nn.swish,
    "tanh": jnp.tanh,
}

MIN_STD = 1e-3
"""The least standard deviation of an action: `Networks.project` puts it back there after a gradient step."""

PRECISION: jax.lax.Precision | None = None
"""Of the layers' matrix products. None leaves it to JAX's `jax_default_matmul_precision`."""

HIDDEN_GAIN, ACTOR_GAIN, CRITIC_GAIN = 2.0**0.5, 0.01, 1.0
"""Gains of the initial layers: a small last one of the actor starts every robot near its default pose
(Andrychowicz et al. 2021, "What matters in on-policy reinforcement learning?", section 3.2)."""


Mean = Float[Array, "*batch act"]
Std = Float[Array, " act"]
Value = Float[Array, "*batch"]


class Networks(NamedTuple):
    """Actor and critic as pure functions."""

    init: Callable[[Key[Array, ""]], Params]
    start: Callable[[int], Memory]  # robots -> memory as an episode begins
    step: Callable[[Params, Memory, Obs], tuple[Memory, Mean, Std, Value]]
    replay: Callable[[Params, Memory, Obs, Array], tuple[Mean, Std, Value]]  # whole rollout, from before it
    project: Callable[[Params], Params]  # the nearest parameters that are allowed


class Mlp(nnx.Module):
    """Linear layers with an activation between them."""

    def __init__(self, sizes: Sequence[int], activation: Activation, rngs: nnx.Rngs) -> None:
        self.activation = activation
        self.layers = nnx.List(nnx.Linear(a, b, precision=PRECISION, rngs=rngs) for a, b in pairwise(sizes))

    def __call__(self, x: Float[Array, "*batch inputs"]) -> Float[Array, "*batch outputs"]:
        """The last layer's output, without activation."""
        *hidden, last = self.layers
        for layer in hidden:
            x = self.activation(layer(x))
        return last(x)


def draw_layers(key: Key[Array, ""], sizes: Sequence[int], gain: float) -> dict[str, Any]:
    """Parameters of an `Mlp`: biases 0; uniform kernels whose outputs have about the size of their inputs.

    The last layer's outputs have `gain` times it. (He et al. 2015 eq. 10, the gain being that of a ReLU.)
    """
    gains = [HIDDEN_GAIN] * (len(sizes) - 2) + [gain]
    shapes = list(pairwise(sizes))
    # One draw for all layers: each draw compiled apart takes as long as this one.
    ends = np.cumsum([a * b for a, b in shapes])
    draws = jnp.split(jax.random.uniform(key, (int(ends[-1]),), jnp.float32, -1.0, 1.0), ends[:-1])
    layers = {
        i: {"kernel": g * (3 / a) ** 0.5 * draw.reshape(a, b), "bias": jnp.zeros(b, jnp.float32)}
        for i, ((a, b), g, draw) in enumerate(zip(shapes, gains, draws, strict=True))
    }
    return {"layers": layers}


def split_mlp(sizes: Sequence[int], activation: Activation) -> Callable[[Any, Array], Array]:
    """A network as `apply(params, x)`, its graph taken apart once."""
    graph = nnx.graphdef(nnx.eval_shape(lambda: Mlp(sizes, activation, nnx.Rngs(0))))
    return lambda params, x: nnx.merge(graph, params)(x)


def make_network(cfg: Ppo, inputs: int, hidden: Sequence[int], outputs: int, gain: float) -> Cell:
    """A memory of `cfg`, or none, and a perceptron on what it gives, whose last layer starts with `gain`."""
    cell = make_cell(cfg.memory, inputs)
    sizes = (cell.size, *hidden, outputs)
    mlp = split_mlp(sizes, lookup("activation", cfg.activation, ACTIVATIONS))

    def draw(key: Key[Array, ""]) -> dict[str, Any]:
        return {"memory": cell.draw(jax.random.fold_in(key, 1)), **draw_layers(key, sizes, gain)}

    def finish(params: Any, x: Array) -> Array:
        return mlp({"layers": params["layers"]}, x)

    def step(params: Any, memory: Any, x: Array) -> tuple[Any, Array]:
        memory, x = cell.step(params["memory"], memory, x)
        return memory, finish(params, x)

    def replay(params: Any, memory: Any, x: Array, ended: Array) -> Array:
        return finish(params, cell.replay(params["memory"], memory, x, ended))

    return Cell(draw, cell.start, step, replay, outputs)


def make_actor(cfg: Ppo, obs_sizes: Mapping[str, int], action_size: int) -> Cell:
    """From `obs["actor"]` to the mean of the action."""
    return make_network(cfg, obs_sizes["actor"], cfg.actor, action_size, ACTOR_GAIN)


def project(params: Params) -> Params:
    """The standard deviation at its floor or above.

    Flooring the parameter, and not what is read from it, leaves the gradient alive at the floor.
    """
    return params.replace(std=jnp.maximum(params.std, MIN_STD))


def make_networks(cfg: Ppo, obs_sizes: Mapping[str, int], action_size: int) -> Networks:
    """An actor that sees `obs["actor"]` and a critic that sees `obs["critic"]`, with a memory each."""
    actor = make_actor(cfg, obs_sizes, action_size)
    critic = make_network(cfg, obs_sizes["critic"], cfg.critic, 1, CRITIC_GAIN)

    def init(key: Key[Array, ""]) -> Params:
        k_actor, k_critic = jax.random.split(key)
        std = jnp.full(action_size, cfg.init_std, jnp.float32)
        return project(Params(actor.draw(k_actor), critic.draw(k_critic), std))

    def start(num_envs: int) -> Memory:
        return Memory(actor.start(num_envs), critic.start(num_envs))

    def step(params: Params, memory: Memory, obs: Obs) -> tuple[Memory, Mean, Std, Value]:
        actor_memory, mean = actor.step(params.actor, memory.actor, obs["actor"])
        critic_memory, value = critic.step(params.critic, memory.critic, obs["critic"])
        return Memory(actor_memory, critic_memory), mean, params.std, value[..., 0]

    def replay(params: Params, memory: Memory, obs: Obs, ended: Array) -> tuple[Mean, Std, Value]:
        mean = actor.replay(params.actor, memory.actor, obs["actor"], ended)
        value = critic.replay(params.critic, memory.critic, obs["critic"], ended)
        return mean, params.std, value[..., 0]

    return Networks(init, start, step, replay, project)


def actor_layers(policy: PolicyState) -> list[tuple[np.ndarray, np.ndarray]]:
    """Kernels `(inputs, outputs)` and biases of the actor, first layer first; activations lie between."""
    layers = policy.params.actor["layers"]
    ordered = [layers[i] for i in sorted(layers, key=int)]
    return [(np.asarray(layer["kernel"]), np.asarray(layer["bias"])) for layer in ordered]


def actor_normalizer(policy: PolicyState) -> tuple[np.ndarray, np.ndarray]:
    """Mean and divisor that the actor's observations are normalised with; 0 and 1 where they are not."""
    if "actor" not in policy.normalizer:
        cell = policy.params.actor["memory"]
        size = (cell["dense_i"] if cell else policy.params.actor["layers"][0])["kernel"].shape[0]
        return np.zeros(size, np.float32), np.ones(size, np.float32)
    stats = policy.normalizer["actor"]
    return np.asarray(stats.mean), np.asarray(divisor(stats))
