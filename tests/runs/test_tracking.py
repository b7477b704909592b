"""Trackers write what they are given where it can be read again."""

import csv
from pathlib import Path

import pytest
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from gpugym_jax.runs.tracking import TRACKERS, Tracker, check_trackers, fan_out, make_tracker
from gpugym_jax.tables import UserError


def rows(run: Path) -> list[dict[str, str]]:
    with (run / "metrics.csv").open(newline="") as file:
        return list(csv.DictReader(file))


def test_csv_takes_new_columns_and_missing_numbers(tmp_path: Path) -> None:
    tracker = make_tracker(tmp_path, ["csv"])
    tracker.track(1, {"a": 0.1, "b": 2.0})
    tracker.track(2, {"a": 0.2, "c,d": 1e-9})
    tracker.track(3, {"b": 5.0})
    tracker.close()
    assert rows(tmp_path) == [
        {"step": "1", "a": "0.1", "b": "2.0", "c,d": ""},
        {"step": "2", "a": "0.2", "b": "", "c,d": "1e-09"},
        {"step": "3", "a": "", "b": "5.0", "c,d": ""},
    ]


def test_csv_goes_on_in_a_file_that_there_is(tmp_path: Path) -> None:
    for step in (1, 2):
        tracker = make_tracker(tmp_path, ["csv"])
        tracker.track(step, {"a": step})
        tracker.close()
    assert [row["step"] for row in rows(tmp_path)] == ["1", "2"]


def test_tensorboard_can_be_read(tmp_path: Path) -> None:
    tracker = make_tracker(tmp_path, ["tensorboard"])
    tracker.track(1, {"loss/value": 0.5})
    tracker.track(2, {"loss/value": 0.25})
    tracker.close()
    events = EventAccumulator(str(tmp_path / "tensorboard")).Reload().Scalars("loss/value")
    assert [(e.step, e.value) for e in events] == [(1, 0.5), (2, 0.25)]


def test_fan_out_feeds_and_closes_all() -> None:
    seen: list[object] = []
    one = Tracker(lambda step, numbers: seen.append((step, dict(numbers))), lambda: seen.append("closed"))
    both = fan_out({"one": one, "other": one})
    both.track(4, {"a": 1.0})
    both.close()
    assert seen == [(4, {"a": 1.0}), (4, {"a": 1.0}), "closed", "closed"]


def test_a_tracker_that_fails_is_named_once_and_left_out(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    seen: list[object] = []

    def full(step: int, numbers: object) -> None:
        raise OSError(28, "No space left on device")

    sound = Tracker(lambda step, numbers: seen.append(step), lambda: seen.append("closed"))
    both = fan_out({"csv": Tracker(full, lambda: seen.append("never")), "other": sound})
    for step in (1, 2):
        both.track(step, {"a": 1.0})
    both.close()
    assert seen == [1, 2, "closed"]
    assert [r.getMessage() for r in caplog.records] == [
        "tracker csv failed and is left out: [Errno 28] No space left on device"
    ]


def test_an_unknown_tracker_names_those_there_are() -> None:
    with pytest.raises(
        UserError, match=r"no tracker named 'cvs'. Did you mean 'csv'\? There are: csv, tensor"
    ):
        check_trackers(["cvs"])
    check_trackers(list(TRACKERS))
