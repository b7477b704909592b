"""What a training run shows: a live table on a terminal, plain lines elsewhere."""

import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from rich.console import Console
from rich.live import Live
from rich.table import Table

LINE_EVERY_S = 2.0
"""Least time between two plain lines, but for the first and the last."""


@dataclass(frozen=True)
class Progress:
    """How far a run is after an iteration, and how it goes."""

    iteration: int
    total: int
    numbers: Mapping[str, float]  # the learner's metrics
    env_steps: int  # control steps of all robots in the iteration
    seconds: float  # of the iteration
    collect_s: float | None  # of it, collecting; None where one program does all
    elapsed_s: float  # since the command began
    eta_s: float
    saved: int | None = None  # iteration of the newest checkpoint
    stages: Mapping[str, float] = field(default_factory=dict)  # s each took before the first iteration


class Reporter(NamedTuple):
    """Shows progress until it is closed."""

    show: Callable[[Progress], None]
    close: Callable[[], None]


def clock(seconds: float) -> str:
    """`1:02:03`."""
    minutes, s = divmod(round(seconds), 60)
    return f"{minutes // 60}:{minutes % 60:02d}:{s:02d}"


def speed(p: Progress) -> str:
    """Control steps a second, split into collection and learning where that can be told apart."""
    total = f"{p.env_steps / p.seconds:,.0f}"
    if p.collect_s is None:
        return f"{total} (collection and learning are one program)"
    learn_s = max(p.seconds - p.collect_s, 1e-9)
    parts = f"collection {p.env_steps / p.collect_s:,.0f}, learning {p.env_steps / learn_s:,.0f}"
    return f"{total} ({parts})"


def count(p: Progress, event: str) -> int:
    """How often a robot's step had `event` in the iteration; the metric is a share."""
    return round(p.numbers.get(f"step/events/{event}", 0.0) * p.env_steps)


def headline(p: Progress) -> list[tuple[str, str]]:
    """What to look at first."""
    n = p.numbers
    return [
        ("iteration", f"{p.iteration}/{p.total}"),
        ("env steps/s", speed(p)),
        ("elapsed", clock(p.elapsed_s)),
        ("ETA", clock(p.eta_s)),
        ("episode reward", f"{n['episode/return']:.3f}" if n["episode/length"] else "none ended yet"),
        ("episode length", f"{n['episode/length']:.0f} steps"),
        ("learning rate", f"{n['policy/learning_rate']:.2e}"),
        ("std", f"{n['policy/std']:.3f}"),
        ("overflow", str(count(p, "overflow"))),
        ("not finite", str(count(p, "not_finite"))),
    ]


def plain_line(p: Progress) -> str:
    """One line of it all."""
    return "  ".join(f"{name} {value}" for name, value in headline(p))


def stage_line(stages: Mapping[str, float]) -> str:
    """Seconds of each stage before the first iteration."""
    return ", ".join(f"{name} {seconds:.1f} s" for name, seconds in stages.items())


def table(p: Progress, title: str) -> Table:
    """All numbers, those of the headline first."""
    out = Table(title=title, show_header=False, min_width=60, title_justify="left")
    for name, value in headline(p):
        out.add_row(name, value)
    out.add_section()
    shown = ("episode/return", "episode/length", "policy/learning_rate", "policy/std")
    for name, value in p.numbers.items():
        if name not in shown and not name.startswith("step/events/"):
            out.add_row(name, f"{value:.4g}")
    out.add_section()
    out.add_row("before the first", stage_line(p.stages))
    out.add_row("checkpoint", "none yet" if p.saved is None else f"model_{p.saved}")
    return out


def lines_reporter() -> Reporter:
    """Plain lines, the first and the last always."""
    last_shown = -LINE_EVERY_S

    def show(p: Progress) -> None:
        nonlocal last_shown
        if time.monotonic() - last_shown >= LINE_EVERY_S or p.iteration == p.total:
            print(plain_line(p), flush=True)
            last_shown = time.monotonic()

    return Reporter(show, lambda: None)


def table_reporter(title: str) -> Reporter:
    """A table that is redrawn in place."""
    live = Live(console=Console(), auto_refresh=False)
    live.start()
    return Reporter(lambda p: live.update(table(p, title), refresh=True), live.stop)


def make_reporter(title: str) -> Reporter:
    """The table on a terminal, else lines."""
    return table_reporter(title) if sys.stdout.isatty() else lines_reporter()
