"""Where the numbers of a run go: a tracker is a function `(step, numbers) -> None`, and one to close it."""

import csv
import logging
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

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
    beside = path.with_suffix(".csv.new")
    with beside.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, columns, restval="")
        writer.writeheader()
        writer.writerows(rows)
    beside.replace(path)


def csv_file(run: Path) -> Tracker:
    """`metrics.csv`: a row a step, a column a number; new columns may appear at any time."""
    path = run / "metrics.csv"
    path.touch()
    columns = _header(path)

    def track(step: int, numbers: Numbers) -> None:
        new = [name for name in ("step", *numbers) if name not in columns]
        if new:
            columns.extend(new)
            _widen(path, columns)
        with path.open("a", newline="", encoding="utf-8") as file:
            csv.DictWriter(file, columns, restval="").writerow({"step": step, **numbers})

    return Tracker(track, lambda: None)


def tensorboard(run: Path) -> Tracker:
    """Event files for TensorBoard in `tensorboard/`."""
    from tensorboardX import SummaryWriter

    writer = SummaryWriter(str(run / "tensorboard"))

    def track(step: int, numbers: Numbers) -> None:
        for name, value in numbers.items():
            writer.add_scalar(name, value, step)

    return Tracker(track, writer.close)


TRACKERS: dict[str, Callable[[Path], Tracker]] = {"csv": csv_file, "tensorboard": tensorboard}
"""Trackers by the name that `runner.trackers` gives them."""


def check_trackers(names: Sequence[str]) -> None:
    """Raise if a name is not in `TRACKERS`, or there twice."""
    for i, name in enumerate(names):
        lookup("tracker", name, TRACKERS)
        if name in names[:i]:
            raise UserError(f"runner.trackers names '{name}' twice.")


def fan_out(trackers: Mapping[str, Tracker]) -> Tracker:
    """One tracker that feeds all of them. One that fails is named once and left out from then on."""
    left = dict(trackers)

    def tell(do: Callable[[Tracker], None]) -> None:
        for name, tracker in list(left.items()):
            try:
                do(tracker)
            except Exception as error:  # whatever fails in a tracker, the training is worth more
                del left[name]
                log.warning("tracker %s failed and is left out: %s", name, " ".join(str(error).split()))

    def track(step: int, numbers: Numbers) -> None:
        tell(lambda tracker: tracker.track(step, numbers))

    return Tracker(track, lambda: tell(lambda tracker: tracker.close()))


def make_tracker(run: Path, names: Sequence[str]) -> Tracker:
    """The trackers that `names` ask for, in `run`."""
    return fan_out({name: lookup("tracker", name, TRACKERS)(run) for name in names})
