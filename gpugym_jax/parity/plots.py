"""Drawings of records: one colour a backend, the reference drawn wide and first."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.layout_engine import ConstrainedLayoutEngine
from numpy import ndarray

from gpugym_jax.parity.experiment import Records

COLOURS = ("#1f6fb4", "#e07b26", "#2c9a5b", "#a24bb5", "#c23b3b", "#6b6b6b")
POINTS = 300
"""A line has no more points than this, so that the page stays small."""

PAD = 0.1
"""inch: the browser's own font may be a little wider than the one that the layout was made with."""
FLOOR = 1e-9
"""Smaller differences are drawn as this one."""


def panels(count: int, columns: int = 2, height: float = 2.6) -> tuple[Figure, list[Axes]]:
    """A figure of `count` axes."""
    columns = min(columns, count)
    rows = -(-count // columns)
    layout = ConstrainedLayoutEngine(w_pad=PAD, h_pad=PAD)
    figure = Figure(figsize=(10.0, height * rows + 0.3), layout=layout)
    grid = list(figure.subplots(rows, columns, squeeze=False).flat)
    for axes in grid[count:]:
        axes.set_axis_off()
    return figure, grid[:count]


def thin(time: ndarray, x: ndarray) -> tuple[ndarray, ndarray]:
    """At most about `POINTS` samples."""
    every = max(1, len(time) // POINTS)
    return time[::every], x[::every]


def draw(axes: Axes, records: Records, trace: str, label: str, robots: Sequence[int] = (0,)) -> None:
    """Traces of some robots against time: (time, robot) arrays."""
    for rank, (name, record) in enumerate(records.items()):
        for robot in robots:
            time, x = thin(record.time, record.traces[trace][:, robot])
            first = robot == robots[0]
            axes.plot(time, x, label=name if first else None, **style(rank))
    axes.set_xlabel("time, s")
    axes.set_ylabel(label)


def draw_apart(axes: Axes, records: Records, trace: str, label: str) -> None:
    """How far each backend's traces are from the reference's, the largest of all robots, on a log scale."""
    reference, *others = records.values()
    names = list(records)[1:]
    for rank, (name, record) in enumerate(zip(names, others, strict=True), 1):
        apart = np.abs(record.traces[trace] - reference.traces[trace])
        time, x = thin(record.time, apart.reshape(len(apart), -1).max(1))
        axes.semilogy(time, np.maximum(x, FLOOR), color=style(rank)["color"], lw=1.4, label=name)
    axes.set_xlabel("time, s")
    axes.set_ylabel(label)


def style(rank: int) -> dict[str, Any]:
    """How the backend of that rank is drawn: later ones thinner and broken, so that none is hidden."""
    return {
        "color": COLOURS[rank % len(COLOURS)],
        "lw": max(2.8 - 0.6 * rank, 1.4),
        "ls": ("-", (0, (4, 2)), (0, (1, 2)), (0, (1, 5)))[rank % 4],
    }


def dots(axes: Axes, records: Records, figure: str, label: str, at: Sequence[float] | None = None) -> None:
    """A figure's entries, side by side or at places on the x axis, with theory in grey."""
    some = next(iter(records.values()))
    places = np.arange(some.figures[figure].size) if at is None else np.asarray(at)
    if figure in some.theory:
        wanted = np.broadcast_to(some.theory[figure], places.shape)
        line: dict[str, Any] = {"marker": "_", "ms": 16, "mew": 2, "ls": ""} if at is None else {"lw": 1.2}
        axes.plot(places, wanted, color="0.6", label="theory", zorder=0, **line)
    for rank, (name, record) in enumerate(records.items()):
        colour = COLOURS[rank % len(COLOURS)]
        axes.plot(
            *(places, np.ravel(record.figures[figure])),
            marker="osD^vx"[rank % 6],
            ms=max(7.0 - 1.6 * rank, 3.0),
            ls="",
            color=colour,
            mfc="none" if rank else colour,
            label=name,
        )
    if at is None and figure in some.labels:
        names = some.labels[figure]
        axes.set_xticks(places, names, rotation=45 if max(map(len, names)) > 4 else 0, ha="right")
    low, high = axes.get_ylim()
    axes.set_ylim(min(low, 0.0), 1.1 * high if high > 0 else high)  # so that rounding does not look large
    axes.set_ylabel(label)


def legend(figure: Figure) -> None:
    """Which colour is which backend: above all panels, where it hides nothing."""
    handles: dict[str, Any] = {}
    for axes in figure.axes:
        for handle, label in zip(*axes.get_legend_handles_labels(), strict=True):
            handles.setdefault(label, handle)
    place: Any = "outside upper left"
    figure.legend(handles.values(), handles.keys(), loc=place, ncols=len(handles), frameon=False)


def simple(*lines: tuple[str, str, Sequence[int]]) -> Callable[[Records], Figure]:
    """A plot of traces: for each its name, the axis's label and the robots to draw."""

    def plot(records: Records) -> Figure:
        figure, grid = panels(len(lines))
        for axes, (trace, label, robots) in zip(grid, lines, strict=True):
            draw(axes, records, trace, label, robots)
        legend(figure)
        return figure

    return plot
