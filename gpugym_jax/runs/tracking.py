"""Where the numbers of a run go: a tracker is a function `(step, numbers) -> None`, and one to close it."""

# protobuf's classes have no type stubs.
# pyright: reportAttributeAccessIssue=false

import contextlib
import csv
import logging
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from gpugym_jax.files import whole
from gpugym_jax.tables import UserError, lookup

log = logging.getLogger(__name__)

Numbers = Mapping[str, float]


class Tracker(NamedTuple):
    """A sink of numbers by name."""

    track: Callable[[int, Numbers], None]
    close: Callable[[], None]


def _header(path: Path) -> list[str]:
    with path.open(newline="", encoding="utf-8") as file:
        return next(csv.reader(file), [])


def _widen(path: Path, columns: Sequence[str]) -> None:
    """Rewrite the file with more columns: the earlier rows have nothing there."""
    with path.open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    with whole(path) as beside, beside.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, columns, restval="")
        writer.writeheader()
        writer.writerows(rows)


def csv_file(run: Path) -> Tracker:
    """`metrics.csv`: a row a step, a column a number; new columns may appear at any time."""
    path = run / "metrics.csv"
    path.touch()
    columns = _header(path)

    def track(step: int, numbers: Numbers) -> None:
        if not path.exists():  # someone took it away: it begins anew
            path.touch()
            columns.clear()
        new = [name for name in ("step", *numbers) if name not in columns]
        if new:
            columns.extend(new)
            _widen(path, columns)
        with path.open("a", newline="", encoding="utf-8") as file:
            csv.DictWriter(file, columns, restval="").writerow({"step": step, **numbers})

    return Tracker(track, lambda: None)


def tensorboard(run: Path) -> Tracker:
    """Event files for TensorBoard in `tensorboard/`."""
    from tensorboardX.event_file_writer import EventsWriter
    from tensorboardX.proto.event_pb2 import Event
    from tensorboardX.proto.summary_pb2 import Summary

    # its SummaryWriter has a thread that a full disk ends, and then waits for that thread for ever
    (run / "tensorboard").mkdir(exist_ok=True)
    writer = EventsWriter(str(run / "tensorboard" / "events"))

    def track(step: int, numbers: Numbers) -> None:
        values = [Summary.Value(tag=name, simple_value=value) for name, value in numbers.items()]
        writer.write_event(Event(step=step, wall_time=time.time(), summary=Summary(value=values)))
        writer.flush()

    def close() -> None:
        writer.close()

    return Tracker(track, close)


TRACKERS: dict[str, Callable[[Path], Tracker]] = {"csv": csv_file, "tensorboard": tensorboard}
"""Trackers by the name that `runner.trackers` gives them."""


def check_trackers(names: Sequence[str]) -> None:
    """Raise if a name is not in `TRACKERS`, or there twice."""
    for i, name in enumerate(names):
        lookup("tracker", name, TRACKERS)
        if name in names[:i]:
            raise UserError(f"runner.trackers names '{name}' twice.")


@contextlib.contextmanager
def _told(name: str, left: dict[str, Tracker]) -> Iterator[None]:
    """Within, a tracker that fails is named and left out: the training is worth more."""
    try:
        yield
    except Exception as error:  # a tracker may be anything
        left.pop(name, None)
        log.warning("tracker %s failed and is left out: %s", name, " ".join(str(error).split()))


def fan_out(trackers: Mapping[str, Tracker]) -> Tracker:
    """One tracker that feeds all of them. One that fails is named once and left out from then on."""
    left = dict(trackers)

    def tell(do: Callable[[Tracker], None]) -> None:
        for name, tracker in list(left.items()):
            with _told(name, left):
                do(tracker)

    def track(step: int, numbers: Numbers) -> None:
        tell(lambda tracker: tracker.track(step, numbers))

    return Tracker(track, lambda: tell(lambda tracker: tracker.close()))


def make_tracker(run: Path, names: Sequence[str]) -> Tracker:
    """The trackers that `names` ask for, in `run`."""
    check_trackers(names)
    made: dict[str, Tracker] = {}
    for name in names:
        with _told(name, made):
            made[name] = TRACKERS[name](run)
    return fan_out(made)
