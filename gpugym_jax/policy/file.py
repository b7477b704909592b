"""A policy as one ONNX file, checked before it appears; and back."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import onnxruntime
from jaxtyping import Float
from numpy import ndarray

from gpugym_jax.policy.graph import Actor, build_model
from gpugym_jax.policy.metadata import Contract, parse
from gpugym_jax.runs.results import write_whole
from gpugym_jax.tables import UserError

TOLERANCE = 1e-5
"""Largest difference that a file may have from its reference: max |difference| / max(1, max |reference|)."""
BATCHES = (1, 5, 64)
"""Batch sizes at which files are checked."""

Batch = Float[ndarray, "n size"]
Act = Callable[[Batch], tuple[Batch, Batch]]
"""Observations `(n, obs)` to targets and raw actions, each `(n, act)`."""


@dataclass(frozen=True)
class Policy:
    """A policy and what one must know to run it."""

    contract: Contract
    metadata: Mapping[str, str]
    act: Act
    source: str  # file or agent, as messages call it


def open_session(model: bytes) -> onnxruntime.InferenceSession:
    """An ONNX model in onnxruntime, on one thread: a policy is too small to share."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    return onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])


def _act(session: onnxruntime.InferenceSession) -> Act:
    def act(obs: Batch) -> tuple[Batch, Batch]:
        actions, raw = session.run(["actions", "raw_actions"], {"obs": np.asarray(obs, np.float32)})
        return np.asarray(actions), np.asarray(raw)

    return act


def difference(got: Batch, want: Batch) -> float:
    """Max |got - want| / max(1, max |want|): absolute where outputs are of order one."""
    return float(np.max(np.abs(got - want)) / max(1.0, float(np.max(np.abs(want)))))


def check_model(model: bytes, actor: Actor, reference: Callable[[Batch], Batch], seed: int = 0) -> float:
    """Largest difference between the ONNX model and `reference`, which gives raw actions.

    Observations are drawn around the normaliser's mean, as wide as its deviation.
    """
    act, rng, worst = _act(open_session(model)), np.random.default_rng(seed), []
    mean = 0.0 if actor.obs_mean is None else actor.obs_mean
    std = 1.0 if actor.obs_std is None else actor.obs_std
    for n in BATCHES:
        obs = (mean + std * rng.standard_normal((n, actor.obs_size))).astype(np.float32)
        actions, raw = act(obs)
        want = np.asarray(reference(obs), np.float32)
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


def write_policy(
    path: Path | str, actor: Actor, metadata: Mapping[str, str], reference: Callable[[Batch], Batch]
) -> float:
    """Write the policy file, or raise and leave `path` as it was.

    Args:
        path: The file; its folder is made if there is none.
        actor: The policy's numbers.
        metadata: From `policy.description.describe`.
        reference: The original, observations to raw actions, to compare the file with.

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
    except Exception as error:  # onnxruntime has one exception class for each way to fail
        raise UserError(f"{path} is not a whole ONNX file: {str(error).splitlines()[0]}") from None
    metadata = dict(session.get_modelmeta().custom_metadata_map)
    return Policy(parse(metadata, str(path)), metadata, _act(session), str(path))
