"""A policy as one ONNX file, checked before it appears; and back."""

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")  # else its import leaves `.ses` in the temporary folder
import onnxruntime
from jaxtyping import Float
from numpy import ndarray

from gpugym_jax.files import write_whole
from gpugym_jax.policy.graph import MEMORY_IN, MEMORY_OUT, Actor, build_model
from gpugym_jax.policy.metadata import Contract, parse
from gpugym_jax.tables import UserError

TOLERANCE = 1e-5
"""Largest difference that a file may have from its reference: max |difference| / max(1, max |reference|)."""
BATCHES = (1, 5, 64)
"""Batch sizes at which files are checked."""

Batch = Float[ndarray, "n size"]
STEPS = 50
"""Successive control steps at which files are checked."""

Hidden = tuple[Float[ndarray, "1 n size"], ...]
"""What a policy remembers of `n` robots from one control step to the next; empty where nothing."""
Act = Callable[[Batch, Hidden], tuple[Batch, Batch, Hidden]]
"""Observations `(n, obs)` and memory to targets and raw actions `(n, act)`, and the memory after them."""
Start = Callable[[int], Hidden]
"""Robots to the memory at the start of their episodes."""


class Reference(NamedTuple):
    """A policy to compare a file with, as pure functions: raw actions only, its memory its own."""

    start: Callable[[int], Any]
    step: Callable[[Batch, Any], tuple[Batch, Any]]


@dataclass(frozen=True)
class Policy:
    """A policy and what one must know to run it."""

    contract: Contract
    metadata: Mapping[str, str]
    act: Act
    source: str  # file or agent, as messages call it
    start: Start = lambda n: ()


def open_session(model: bytes) -> onnxruntime.InferenceSession:
    """An ONNX model in onnxruntime, on one thread: a policy is too small to share."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.log_severity_level = 4  # of a file that is wrong it says so in an exception, and in our words
    return onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])


def _functions(session: onnxruntime.InferenceSession) -> tuple[Act, Start]:
    """What a file computes, and where it begins."""
    sizes = [x.shape[-1] for x in session.get_inputs() if x.name == MEMORY_IN]
    names = ["actions", "raw_actions", *[MEMORY_OUT for _ in sizes]]

    def act(obs: Batch, hidden: Hidden) -> tuple[Batch, Batch, Hidden]:
        fed = {"obs": np.asarray(obs, np.float32)} | dict(zip([MEMORY_IN], hidden, strict=False))
        actions, raw, *after = map(np.asarray, session.run(names, fed))
        return actions, raw, tuple(after)

    def start(n: int) -> Hidden:
        return tuple(np.zeros((1, n, size), np.float32) for size in sizes)

    return act, start


def difference(got: Batch, want: Batch) -> float:
    """Max |got - want| / max(1, max |want|): absolute where outputs are of order one."""
    return float(np.max(np.abs(got - want)) / max(1.0, float(np.max(np.abs(want)))))


def check_model(model: bytes, actor: Actor, reference: Reference, seed: int = 0) -> float:
    """Largest difference between the ONNX model and `reference` over an episode's first steps.

    Observations are drawn around the normaliser's mean, as wide as its deviation. Where nothing is remembered
    every step is like the first, and one is enough.
    """
    (act, start), rng, worst = _functions(open_session(model)), np.random.default_rng(seed), []
    mean = 0.0 if actor.obs_mean is None else actor.obs_mean
    std = 1.0 if actor.obs_std is None else actor.obs_std
    for n in BATCHES:
        hidden, other = start(n), reference.start(n)
        for _ in range(STEPS if hidden else 1):
            obs = (mean + std * rng.standard_normal((n, actor.obs_size))).astype(np.float32)
            actions, raw, hidden = act(obs, hidden)
            want, other = reference.step(obs, other)
            want = np.asarray(want, np.float32)
            bounded = np.clip(want, -actor.action_clip, actor.action_clip)
            worst += [difference(raw, want), difference(actions, bounded * actor.action_scale)]
    return float(np.max(worst))  # a NaN stays


def _check_sizes(actor: Actor, contract: Contract) -> None:
    for kind, has, wants in (
        ("observation", actor.obs_size, contract.obs_size),
        ("action", actor.action_size, contract.action_size),
    ):
        if has != wants:
            raise UserError(
                f"the network's {kind} is {has} wide, "
                f"but task '{contract.task}' on '{contract.robot}' has {wants}."
            )


def write_policy(path: Path | str, actor: Actor, metadata: Mapping[str, str], reference: Reference) -> float:
    """Write the policy file, or raise and leave `path` as it was.

    Args:
        path: The file; its folder is made if there is none.
        actor: The policy's numbers.
        metadata: From `policy.description.describe`.
        reference: The original, to compare the file with.

    Returns:
        The largest difference found, in the sense of `difference`.
    """
    path = Path(path)
    _check_sizes(actor, parse(metadata, str(path)))
    model = build_model(actor, metadata).SerializeToString()
    worst = check_model(model, actor, reference)
    if not worst <= TOLERANCE:  # so that a NaN fails too
        raise UserError(
            f"{path} not written: onnxruntime and the network differ by {worst:.3g} > {TOLERANCE:g}."
        )
    write_whole(path, model)
    return worst


def read_policy(path: Path | str) -> Policy:
    """A policy from its file."""
    path = Path(path)
    if not path.is_file():
        raise UserError(f"no policy file '{path}'. Make one with python -m gpugym_jax.export.")
    try:
        session = open_session(path.read_bytes())
        metadata = dict(session.get_modelmeta().custom_metadata_map)  # of text that is none it raises too
    except Exception as error:  # onnxruntime has one exception class for each way to fail
        raise UserError(f"{path} is not a whole ONNX file: {str(error).splitlines()[0]}") from None
    contract = parse(metadata, str(path))
    _check_graph(session, contract, path)
    act, start = _functions(session)
    return Policy(contract, metadata, act, str(path), start)


def _check_graph(session: onnxruntime.InferenceSession, contract: Contract, path: Path) -> None:
    """Raise unless the graph takes and gives what the metadata say, for one robot and for more."""
    takes, gives = {x.name for x in session.get_inputs()}, {x.name for x in session.get_outputs()}
    memory = MEMORY_IN in takes
    _check_names(path, "inputs", takes, {"obs"} | ({MEMORY_IN} if memory else set()))
    _check_names(path, "outputs", gives, {"actions", "raw_actions"} | ({MEMORY_OUT} if memory else set()))
    act, start = _functions(session)
    for n in (1, 2):
        try:
            actions, raw, _ = act(np.zeros((n, contract.obs_size)), start(n))
        except Exception as error:  # onnxruntime has one exception class for each way to fail
            raise UserError(f"{path} cannot act on {n} robots: {str(error).splitlines()[0]}") from None
        wanted = (n, contract.action_size)
        if not actions.shape == raw.shape == wanted:
            raise UserError(f"{path} gives actions of shape {actions.shape}; {wanted} is wanted.")
        if not np.isfinite([actions, raw]).all():
            raise UserError(f"{path} gives actions that are not finite.")


def _check_names(path: Path, kind: str, has: set[str], wanted: set[str]) -> None:
    if has != wanted:
        there, wants = (", ".join(sorted(names)) for names in (has, wanted))
        raise UserError(f"{path}: its {kind} are {there}; {wants} are wanted.")
