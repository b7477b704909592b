"""Differences and verdicts."""

from typing import Any

import numpy as np
import pytest

from gpugym_jax.parity.experiment import EXPERIMENTS, Bound, Experiment, Limits, Record
from gpugym_jax.parity.judge import Row, judge, verdict
from gpugym_jax.parity.measuring import ORDER

TIME = np.array([0.1, 0.2, 0.3])


def record(value: Any, theory: Any = None, path: Any = (0.0, 0.0, 0.0)) -> Record:
    return Record(
        time=TIME,
        traces={"path": np.array(path)},
        figures={"figure": np.array(value, float)},
        theory={} if theory is None else {"figure": np.array(theory, float)},
        labels={"figure": ("left", "right")},
    )


def rows_of(records: dict[str, Record], kinds: dict[str, str], *bounds: Bound) -> list[Row]:
    def unused(*_: object) -> Any:
        raise AssertionError("judging runs and draws nothing")

    experiment = Experiment("name", "title", "", unused, bounds, unused, lambda setup: "", False)
    return list(judge(experiment, records, kinds))


TIGHT = Bound("figure", "m", "why", reference=Limits(0.1, 0.5, None))
SAME = {"a": "same", "b": "same"}


def test_the_worst_entry_is_shown_and_judged() -> None:
    (row,) = rows_of({"a": record([1.0, 2.0]), "b": record([1.05, 2.3])}, SAME, TIGHT)
    assert (row.label, row.value, row.wanted, row.passed) == ("right", 2.3, 2.0, False)
    assert row.difference == pytest.approx(0.3)
    (row,) = rows_of({"a": record([1.0, 2.0]), "b": record([1.05, 2.01])}, SAME, TIGHT)
    assert (row.label, row.passed) == ("left", True)


def test_relative_differences_are_shares_of_what_is_wanted() -> None:
    bound = Bound("figure", "m", "why", theory=Limits(0.1, 0.1, 0.1), relative=True)
    (row,) = rows_of({"a": record([10.5, 0.0], theory=[10.0, 0.0])}, {"a": "same"}, bound)
    assert row.difference == pytest.approx(0.05)
    assert row.passed


@pytest.mark.parametrize("broken", [np.nan, np.inf])
def test_what_is_not_a_number_is_out(broken: float) -> None:
    for mine, theirs in (
        ([1.0, broken], [1.0, 1.0]),
        ([1.0, 1.0], [1.0, broken]),
        ([1.0, broken], [1.0, broken]),
    ):
        (row,) = rows_of({"a": record(theirs), "b": record(mine)}, SAME, TIGHT)
        assert row.passed is False
        assert row.label == "right"


def test_other_shapes_are_out() -> None:
    (row,) = rows_of({"a": record([1.0, 2.0]), "b": record([1.0])}, SAME, TIGHT)
    assert row.passed is False


def test_traces_are_judged_by_their_largest_difference() -> None:
    bound = Bound("path", "m", "why", reference=Limits(0.1, 0.1, 0.1))
    (row,) = rows_of({"a": record([0, 0]), "b": record([0, 0], path=(0.0, -0.2, 0.1))}, SAME, bound)
    assert (row.label, row.passed) == ("0.20 s", False)
    assert row.difference == pytest.approx(0.2)


@pytest.mark.parametrize(("kind", "passed"), [("same", False), ("double", True), ("real", None)])
def test_each_kind_of_backend_has_its_limits(kind: str, passed: bool | None) -> None:
    records = {"a": record([1.0, 2.0]), "b": record([1.0, 2.3])}
    for kinds in ({"a": "same", "b": kind}, {"a": kind, "b": "same"}):
        (row,) = rows_of(records, kinds, TIGHT)
        assert row.passed is passed


def test_a_backend_may_be_reported_only() -> None:
    bound = Bound("figure", "m", "why", reference=Limits(0.1, 0.1, 0.1), reported_on=("b",))
    records = {"a": record([1.0, 2.0]), "b": record([1.0, 2.3]), "c": record([1.0, 2.3])}
    rows = rows_of(records, {**SAME, "c": "same"}, bound)
    assert [(row.backend, row.passed) for row in rows] == [("b", None), ("c", False)]


def test_theory_binds_the_reference_too() -> None:
    bound = Bound("figure", "m", "why", theory=Limits(0.1, 0.1, 0.1))
    rows = rows_of({"a": record([5, 5], theory=5.5), "b": record([5.5, 5.5], theory=5.5)}, SAME, bound)
    assert [(row.backend, row.against, row.passed) for row in rows] == [
        ("a", "theory", False),
        ("b", "theory", True),
    ]


def test_nothing_judged_is_no_pass() -> None:
    assert not verdict([])
    records = {"a": record([1.0, 2.0]), "b": record([1.0, 2.0])}
    assert not verdict(rows_of(records, {"a": "same", "b": "real"}, TIGHT))
    assert verdict(rows_of(records, SAME, TIGHT))


def test_every_experiment_has_its_place_and_every_tolerance_its_reason() -> None:
    assert sorted(ORDER) == sorted(EXPERIMENTS)
    for experiment in EXPERIMENTS.values():
        assert experiment.title and experiment.shows and experiment.bounds
        for bound in experiment.bounds:
            assert len(bound.reason) > 10 and (bound.theory or bound.reference), bound.figure
            for limits in filter(None, (bound.theory, bound.reference)):
                given = [limit for limit in limits if limit is not None]
                assert given == sorted(given), (
                    f"{experiment.name}.{bound.figure}: looser the more the engines differ"
                )
