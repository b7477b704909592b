"""Differences, and whether they are within tolerance."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np

from gpugym_jax.parity.experiment import Bound, Experiment, Limits, Record, Records

KINDS = Limits._fields
THEORY = "theory"
TINY = 1e-12
"""Nothing is smaller, as what differences are a share of."""


@dataclass(frozen=True)
class Row:
    """A figure of a backend beside what it is compared with."""

    experiment: str
    figure: str
    unit: str
    backend: str
    against: str  # "theory", or the reference's name
    at: tuple[int, ...]  # index of the worst entry
    label: str  # what that entry is: a joint, a time, ...; empty for a single number
    value: float  # at the worst entry
    wanted: float
    difference: float  # a share if `relative`
    limit: float | None
    relative: bool
    passed: bool | None  # None: not judged. What is not a number never passes
    reason: str


def fitted(wanted: np.ndarray, value: np.ndarray) -> np.ndarray:
    """`wanted` in the shape of `value`; not a number where it has another."""
    if np.shape(wanted) not in ((), np.shape(value)):
        return np.full(np.shape(value), np.nan)
    return np.broadcast_to(np.asarray(wanted, float), np.shape(value))


def differences(value: np.ndarray, wanted: np.ndarray, relative: bool) -> np.ndarray:
    """How far apart, entry by entry; infinite where either is not finite."""
    known = np.isfinite(value) & np.isfinite(wanted)
    apart = np.abs(np.where(known, value, 0.0) - np.where(known, wanted, 0.0))
    apart = apart / np.maximum(np.abs(wanted), TINY) if relative else apart
    return np.where(known, apart, np.inf)


def label_of(record: Record, name: str, at: tuple[int, ...]) -> str:
    """What the entry `at` of a figure or a trace is called."""
    labels = record.labels.get(name, ())
    if name in record.traces and name not in record.figures:
        when = f"{record.time[at[0]]:.2f} s"
        return f"{when}, {labels[at[1]]}" if labels else when
    return labels[at[0]] if labels and at else ""


def compare(
    experiment: Experiment,
    bound: Bound,
    backend: str,
    record: Record,
    other: Record | None,
    against: str,
    limits: Limits,
    kind: str,
) -> Row:
    """One row: of a record against another, or against its own theory."""
    name = bound.figure
    table, theirs = ("figures", record.theory) if other is None else _tables(record, other, name)
    value = np.asarray(getattr(record, table)[name], float)
    wanted = fitted(theirs[name], value)
    apart = differences(value, wanted, bound.relative)
    at = np.unravel_index(int(np.argmax(apart)), apart.shape)
    limit = None if backend in bound.reported_on else getattr(limits, kind)
    difference = float(apart[at])
    return Row(
        experiment=experiment.name,
        figure=name,
        unit=bound.unit,
        backend=backend,
        against=against,
        at=tuple(map(int, at)),
        label=label_of(record, name, tuple(map(int, at))),
        value=float(value[at]),
        wanted=float(wanted[at]),
        difference=difference,
        limit=limit,
        relative=bound.relative,
        passed=None if limit is None else bool(difference <= limit),
        reason=bound.reason,
    )


def _tables(record: Record, other: Record, name: str) -> tuple[str, Mapping[str, np.ndarray]]:
    table = "figures" if name in record.figures else "traces"
    return table, getattr(other, table)


def judge(experiment: Experiment, records: Records, kinds: Mapping[str, str]) -> Iterator[Row]:
    """All rows of an experiment. The reference, which comes first, is compared with theory only."""
    reference = next(iter(records))
    for bound in experiment.bounds:
        for backend, record in records.items():
            kind = kinds[backend]
            if bound.theory is not None:
                yield compare(experiment, bound, backend, record, None, THEORY, bound.theory, kind)
            if bound.reference is not None and backend != reference:
                other, limits = records[reference], bound.reference
                # two of Isaac Gym's kind are as far apart as the looser of them may be
                looser = max(kind, kinds[reference], key=KINDS.index)
                yield compare(experiment, bound, backend, record, other, reference, limits, looser)


def verdict(rows: list[Row]) -> bool:
    """Whether every judged row is within tolerance. Nothing judged is no pass."""
    judged = [row.passed for row in rows if row.passed is not None]
    return bool(judged) and all(judged)
