"""Damage to policy files: each is one way, by what a generator draws."""

import contextlib
import json
import random
import re
from collections.abc import Callable
from typing import Any

import numpy as np
import onnx
from onnx import numpy_helper

VALUES = ("NaN", "0", "-1", "1e9", "text", "null", "", "1e999", "-0.0", "1e-30", "[]", "0.5")
OTHER = (float("nan"), 0, -1, 1e9, "text", None, "", float("inf"), [], {}, 0.5, True)
OPERATORS = ("Add", "Relu", "MatMul", "Identity", "Softmax", "Nonsense", "Tanh", "Loop")
NUMBER = re.compile(r"-?\d+(\.\d*)?(e-?\d+)?")
Rng = random.Random


# ---------------------------------------------------------------- bytes


def flipped(rng: Rng, data: bytes) -> bytes:
    """Some bytes anywhere."""
    found = bytearray(data)
    for _ in range(rng.choice((1, 1, 3, 20))):
        found[rng.randrange(len(found))] ^= 1 << rng.randrange(8)
    return bytes(found)


def truncated(rng: Rng, data: bytes) -> bytes:
    """An end that is missing, or one too many."""
    return (
        data[: rng.randrange(len(data))] if rng.random() < 0.8 else data + rng.randbytes(rng.randrange(1, 99))
    )


# ---------------------------------------------------------------- what the file says of itself


def entry_dropped(rng: Rng, model: onnx.ModelProto) -> None:
    """A field that is missing."""
    del model.metadata_props[rng.randrange(len(model.metadata_props))]


def entry_renamed(rng: Rng, model: onnx.ModelProto) -> None:
    """A field by another name."""
    entry = rng.choice(model.metadata_props)
    entry.key = rng.choice(
        (entry.key + "s", entry.key.upper(), entry.key[:-1], rng.choice(model.metadata_props).key)
    )


def entry_replaced(rng: Rng, model: onnx.ModelProto) -> None:
    """Another value."""
    rng.choice(model.metadata_props).value = rng.choice(VALUES)


def number_replaced(rng: Rng, model: onnx.ModelProto) -> None:
    """Another number among those of a field."""
    entry = rng.choice([e for e in model.metadata_props if NUMBER.search(e.value)])
    place = rng.choice(list(NUMBER.finditer(entry.value)))
    entry.value = entry.value[: place.start()] + rng.choice(VALUES) + entry.value[place.end() :]


def length_changed(rng: Rng, model: onnx.ModelProto) -> None:
    """A list that is shorter, longer or in another order."""
    entry = rng.choice([e for e in model.metadata_props if "," in e.value and e.value[0] not in "[{"])
    parts = entry.value.split(",")
    _resize(rng, parts)
    entry.value = ",".join(parts)


def _resize(rng: Rng, parts: list[Any]) -> None:
    way, place = rng.choice(("less", "more", "order")), rng.randrange(len(parts)) if parts else 0
    if way == "less" and parts:
        del parts[place]
    elif way == "more":
        parts.insert(place, parts[place] if parts else 1)
    else:
        rng.shuffle(parts)


def tree_damaged(rng: Rng, model: onnx.ModelProto) -> None:
    """Another value, key or length within a field of JSON."""
    entry = rng.choice([e for e in model.metadata_props if e.value[:1] in ("[", "{") and len(e.value) > 2])
    tree = json.loads(entry.value)
    node = tree
    while rng.random() < 0.75 and (inner := [v for v in _values(node) if isinstance(v, dict | list) and v]):
        node = rng.choice(inner)
    if isinstance(node, list) and rng.random() < 0.5:
        _resize(rng, node)
    else:
        key = rng.choice(list(node) if isinstance(node, dict) else range(len(node)))
        if isinstance(node, dict) and rng.random() < 0.3:
            node[f"{key}x"] = node.pop(key)
        elif rng.random() < 0.2:
            del node[key]
        else:
            node[key] = rng.choice(OTHER)
    entry.value = json.dumps(tree)


def _values(node: Any) -> list[Any]:
    return list(node.values() if isinstance(node, dict) else node)


# ---------------------------------------------------------------- what the file computes


def weights_replaced(rng: Rng, model: onnx.ModelProto) -> None:
    """Weights of another value or shape."""
    tensor = rng.choice(model.graph.initializer)
    values = numpy_helper.to_array(tensor).copy()
    way = rng.choice(("one", "all", "shape", "kind", "elsewhere"))
    if way == "elsewhere":
        tensor.data_location = onnx.TensorProto.EXTERNAL
        tensor.external_data.add(
            key="location", value=rng.choice(("weights.bin", "../secret", "/etc/hostname"))
        )
        return
    if way in ("one", "all") and values.size:
        number = rng.choice((np.nan, 0, -1, 1e9, np.inf, 3e38))
        with np.errstate(all="ignore"):
            place = rng.randrange(values.size) if way == "one" else slice(None)
            values.flat[place] = np.asarray(number, float).astype(values.dtype)
    if way == "shape":
        values = rng.choice(
            (values.T, values[..., None], values[:-1] if values.ndim else values, values.reshape(-1))
        )
    name, kind = tensor.name, rng.choice((np.float64, np.int64, np.float16))
    with np.errstate(all="ignore"):
        values = values.astype(kind) if way == "kind" else values
    tensor.CopyFrom(numpy_helper.from_array(np.ascontiguousarray(values), name))


def end_renamed(rng: Rng, model: onnx.ModelProto) -> None:
    """An input or output by another name, of another kind or shape."""
    end = rng.choice([*model.graph.input, *model.graph.output])
    kind = end.type.tensor_type
    way = rng.choice(("name", "both", "kind", "shape", "rank"))
    if way == "kind":
        kind.elem_type = rng.choice(
            (onnx.TensorProto.DOUBLE, onnx.TensorProto.INT64, onnx.TensorProto.STRING, 0)
        )
    elif way == "shape":
        size = rng.choice(kind.shape.dim)
        size.dim_value = rng.choice((0, 1, 7, 2**31))
    elif way == "rank":
        kind.shape.dim.add().dim_value = 1
    else:
        old, end.name = end.name, f"{end.name}x"
        for node in model.graph.node if way == "both" else ():
            node.input[:] = [end.name if name == old else name for name in node.input]
            node.output[:] = [end.name if name == old else name for name in node.output]


def node_damaged(rng: Rng, model: onnx.ModelProto) -> None:
    """A node that is missing, another operator, fed by something else or with another setting."""
    place = rng.randrange(len(model.graph.node))
    node, way = model.graph.node[place], rng.choice(("drop", "operator", "input", "setting", "order"))
    if way == "drop":
        del model.graph.node[place]
    elif way == "operator":
        node.op_type = rng.choice(OPERATORS)
    elif way == "input" and node.input:
        names = [name for other in model.graph.node for name in (*other.input, *other.output)]
        node.input[rng.randrange(len(node.input))] = rng.choice(names)
    elif way == "setting" and node.attribute:
        setting = rng.choice(node.attribute)
        setting.i, setting.f = rng.choice((0, -1, 10**9)), rng.choice((0.0, -1.0, float("nan")))
    else:
        model.graph.node.append(node)
        del model.graph.node[place]


def version_replaced(rng: Rng, model: onnx.ModelProto) -> None:
    """Another version of the format or of its operators."""
    if rng.random() < 0.5:
        model.ir_version = rng.choice((0, 1, 3, 99, 2**40))
    else:
        model.opset_import[0].version = rng.choice((1, 5, 11, 99, 2**40))


ON_BYTES: tuple[Callable[[Rng, bytes], bytes], ...] = (flipped, truncated)
ON_MODELS: tuple[Callable[[Rng, onnx.ModelProto], None], ...] = (
    *(entry_dropped, entry_renamed, entry_replaced, number_replaced, number_replaced, length_changed),
    *(tree_damaged, tree_damaged, weights_replaced, end_renamed, node_damaged, version_replaced),
)


def damaged(rng: Rng, data: bytes) -> tuple[bytes, str]:
    """A policy file with one to three damages, and which they are."""
    if rng.random() < 0.2:
        way = rng.choice(ON_BYTES)
        return way(rng, data), way.__name__
    model = onnx.ModelProto.FromString(data)
    ways = [rng.choice(ON_MODELS) for _ in range(rng.choice((1, 1, 2, 3)))]
    for each in ways:
        with contextlib.suppress(Exception):  # what an earlier damage left may be no JSON and no array
            each(rng, model)
    return model.SerializeToString(), " ".join(each.__name__ for each in ways)
