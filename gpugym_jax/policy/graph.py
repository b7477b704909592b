"""An actor as an ONNX graph, built node by node: normaliser, memory, perceptron, action clip and scale.

Inputs and outputs are named as rsl_rl and mjlab name theirs. Opset 18 and IR version 8 are set on purpose:
the defaults of today's `onnx` are newer than what onnxruntimes on robots accept.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import onnx
from jaxtyping import Float
from numpy import ndarray
from onnx import TensorProto, helper, numpy_helper

from gpugym_jax.tables import lookup

OPSET = 18
IR_VERSION = 8
MEMORY_IN, MEMORY_OUT = "h_in", "h_out"
"""Input and output of a policy with memory, `(1, N, size)` as a GRU of one layer has it in torch."""
Layers = Sequence[tuple[Float[ndarray, "in out"], Float[ndarray, " out"]]]
"""Kernel and bias of each dense layer, input first."""


@dataclass(frozen=True)
class Gru:
    """A gated recurrent unit in numbers, the gates in the order reset, update, new."""

    kernel: Float[ndarray, "in gates"]
    bias: Float[ndarray, " gates"]
    recurrent: Float[ndarray, "size gates"]

    @property
    def size(self) -> int:
        """Width of the memory, and of the output."""
        return self.recurrent.shape[0]


@dataclass(frozen=True)
class Actor:
    """A deterministic policy in numbers: the mean of the trained Gaussian."""

    layers: Layers
    activation: str  # of the hidden layers, a name in `ACTIVATIONS`
    action_scale: Float[ndarray, " act"]  # unit of the target an action unit
    action_clip: Float[ndarray, " act"]  # of the raw action, before scaling
    obs_mean: Float[ndarray, " obs"] | None = None  # None: no normaliser
    obs_std: Float[ndarray, " obs"] | None = None  # what the observation is divided by
    gru: Gru | None = None  # between normaliser and layers; None: no memory

    @property
    def obs_size(self) -> int:
        """Width of the observation."""
        return (self.layers[0][0] if self.gru is None else self.gru.kernel).shape[0]

    @property
    def action_size(self) -> int:
        """Width of the action."""
        return self.layers[-1][0].shape[1]


@dataclass(frozen=True)
class _Graph:
    """A chain of nodes under construction."""

    nodes: list[onnx.NodeProto]
    constants: list[TensorProto]

    def constant(self, name: str, value: ndarray | float) -> str:
        self.constants.append(numpy_helper.from_array(np.asarray(value, np.float32), name))
        return name

    def whole(self, name: str, value: list[int]) -> str:
        self.constants.append(numpy_helper.from_array(np.asarray(value, np.int64), name))
        return name

    def apply(self, op: str, inputs: list[str], output: str, **attributes: Any) -> str:
        self.nodes.append(helper.make_node(op, inputs, [output], name=output, **attributes))
        return output


def _op(op: str, **attributes: float) -> Callable[[_Graph, str, str], str]:
    return lambda graph, x, y: graph.apply(op, [x], y, **attributes)


def _swish(graph: _Graph, x: str, y: str) -> str:
    gate = graph.apply("Sigmoid", [x], f"{y}_gate")
    return graph.apply("Mul", [x, gate], y)


def _gelu(graph: _Graph, x: str, y: str) -> str:
    """`jax.nn.gelu`'s default, x (1 + tanh(sqrt(2/pi) (x + 0.044715 x^3))) / 2. Opset 18 has no Gelu."""
    cube = graph.apply("Pow", [x, graph.constant(f"{y}_three", 3.0)], f"{y}_cube")
    part = graph.apply("Mul", [cube, graph.constant(f"{y}_part", 0.044715)], f"{y}_bent")
    total = graph.apply("Add", [x, part], f"{y}_sum")
    inner = graph.apply("Mul", [total, graph.constant(f"{y}_rate", (2.0 / np.pi) ** 0.5)], f"{y}_inner")
    bent = graph.apply("Tanh", [inner], f"{y}_tanh")
    share = graph.apply("Add", [bent, graph.constant(f"{y}_one", 1.0)], f"{y}_twice")
    half = graph.apply("Mul", [share, graph.constant(f"{y}_half", 0.5)], f"{y}_share")
    return graph.apply("Mul", [x, half], y)


ACTIVATIONS: dict[str, Callable[[_Graph, str, str], str]] = {
    "elu": _op("Elu", alpha=1.0),
    "gelu": _gelu,
    "relu": _op("Relu"),
    "tanh": _op("Tanh"),
    "selu": _op("Selu"),
    "sigmoid": _op("Sigmoid"),
    "softplus": _op("Softplus"),
    "leaky_relu": _op("LeakyRelu", alpha=0.01),  # JAX's and torch's default slope
    "swish": _swish,
}
"""Activations that the file can hold, by the names of `jax.nn` and of `ppo.networks`."""


def _normalise(graph: _Graph, actor: Actor, x: str) -> str:
    if actor.obs_mean is None or actor.obs_std is None:
        return x
    x = graph.apply("Sub", [x, graph.constant("obs_mean", actor.obs_mean)], "centred")
    return graph.apply("Div", [x, graph.constant("obs_std", actor.obs_std)], "normalised")


def _update_first(x: ndarray) -> ndarray:
    """Gates from reset, update, new to ONNX's order: update, reset, new; one row a gate's unit."""
    reset, update, new = np.split(np.asarray(x), 3, -1)
    return np.concatenate([update, reset, new], -1).T


def _remember(graph: _Graph, actor: Actor, x: str) -> str:
    """The operator is torch's, `linear_before_reset`; with a sequence of one step."""
    gru = actor.gru
    if gru is None:
        return x
    no_bias = np.zeros_like(gru.bias)
    weights = [
        graph.constant("gru_input", _update_first(gru.kernel)[None]),
        graph.constant("gru_recurrent", _update_first(gru.recurrent)[None]),
        graph.constant("gru_bias", np.concatenate([_update_first(gru.bias), no_bias])[None]),
    ]
    first = graph.whole("first_axis", [0])
    sequence = graph.apply("Unsqueeze", [x, first], "sequence")
    inputs = [sequence, *weights, "", MEMORY_IN]
    graph.nodes.append(
        helper.make_node(
            "GRU", inputs, ["", MEMORY_OUT], name="gru", hidden_size=gru.size, linear_before_reset=1
        )
    )
    return graph.apply("Squeeze", [MEMORY_OUT, first], "remembered")


def memory_facts(actor: Actor) -> dict[str, str]:
    """The metadata that say what the graph remembers: names, shape, value as an episode begins."""
    if actor.gru is None:
        return {"is_recurrent": "false"}
    return {
        "is_recurrent": "true",
        "memory_names": f"{MEMORY_IN};{MEMORY_OUT}",
        "memory_shape": f"1;N;{actor.gru.size}",
        "memory_start": "0.0",
    }


def _perceptron(graph: _Graph, actor: Actor, x: str) -> str:
    activate = lookup("activation in a policy file", actor.activation, ACTIVATIONS)
    last = len(actor.layers) - 1
    for i, (kernel, bias) in enumerate(actor.layers):
        weights = [graph.constant(f"kernel_{i}", kernel), graph.constant(f"bias_{i}", bias)]
        x = graph.apply("Gemm", [x, *weights], "raw_actions" if i == last else f"dense_{i}")
        if i < last:
            x = activate(graph, x, f"hidden_{i}")
    return x


def _targets(graph: _Graph, actor: Actor, raw: str) -> str:
    high = graph.constant("action_high", actor.action_clip)
    low = graph.constant("action_low", -np.asarray(actor.action_clip))
    x = graph.apply("Max", [graph.apply("Min", [raw, high], "bounded_above"), low], "bounded")
    return graph.apply("Mul", [x, graph.constant("action_scale", actor.action_scale)], "actions")


def build_model(actor: Actor, metadata: Mapping[str, str]) -> onnx.ModelProto:
    """The ONNX model `obs (N, obs) -> actions (N, act), raw_actions (N, act)`, N free.

    With a memory also `h_in (1, N, size) -> h_out (1, N, size)`.
    """
    graph = _Graph([], [])
    x = _remember(graph, actor, _normalise(graph, actor, "obs"))
    _targets(graph, actor, _perceptron(graph, actor, x))

    def value(name: str, *shape: int | str) -> onnx.ValueInfoProto:
        return helper.make_tensor_value_info(name, TensorProto.FLOAT, shape)

    inputs = [value("obs", "N", actor.obs_size)]
    outputs = [value("actions", "N", actor.action_size), value("raw_actions", "N", actor.action_size)]
    if actor.gru is not None:
        inputs.append(value(MEMORY_IN, 1, "N", actor.gru.size))
        outputs.append(value(MEMORY_OUT, 1, "N", actor.gru.size))
    body = helper.make_graph(graph.nodes, "policy", inputs, outputs, initializer=graph.constants)
    model = helper.make_model(
        body, opset_imports=[helper.make_opsetid("", OPSET)], producer_name="gpugym-jax"
    )
    model.ir_version = IR_VERSION
    helper.set_model_props(model, {**metadata, **memory_facts(actor)})
    onnx.checker.check_model(model, full_check=True)
    return model
