"""The report as one HTML page, its plots inlined as SVG."""

import io
import math
from collections.abc import Iterable, Mapping
from html import escape
from typing import Any

import matplotlib as mpl
import numpy as np
from matplotlib.figure import Figure

from gpugym_jax.parity.experiment import Experiment, Record
from gpugym_jax.parity.judge import THEORY, Row
from gpugym_jax.parity.measuring import Measured
from gpugym_jax.parity.style import STYLE

PLOT_STYLE: dict[Any, Any] = {
    "font.size": 9,
    "font.family": "sans-serif",
    "axes.grid": True,
    "grid.alpha": 0.25,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "svg.fonttype": "none",  # text stays text: smaller, and in the page's own font
    "svg.hashsalt": "parity",  # so that equal plots are equal bytes
}
KINDS = {
    "same": "MuJoCo's equations",
    "double": "the double of Isaac Gym over C MuJoCo",
    "real": "Isaac Gym",
}

DOUBLE = (
    "Isaac Gym itself had no part in this report: its double stood in, C MuJoCo behind the same interface."
)


def number(x: float) -> str:
    """Four digits; words for what is none."""
    return "not a number" if math.isnan(x) else "infinite" if math.isinf(x) else f"{x:.4g}"


def tag(name: str, *inside: str, **attributes: str) -> str:
    """An element. Attribute names may end in _ where Python has the word."""
    text = "".join(f' {k.rstrip("_")}="{escape(v)}"' for k, v in attributes.items())
    return f"<{name}{text}>{''.join(inside)}</{name}>"


def svg(figure: Figure) -> str:
    """The drawing, without the XML head that HTML does not want."""
    out = io.StringIO()
    figure.savefig(out, format="svg", transparent=True, metadata={"Date": None})
    text = out.getvalue()
    return text[text.index("<svg") :]


def badge(passed: bool | None) -> str:
    """A verdict, in words and colour."""
    word, colour = {None: ("reported", "none"), True: ("within", "good"), False: ("OUT", "bad")}[passed]
    return tag("span", word, class_=f"badge {colour}")


def table(head: Iterable[str], body: Iterable[Iterable[str]]) -> str:
    """A table; cells are HTML already."""
    top = tag("tr", *(tag("th", escape(h)) for h in head))
    rows = (tag("tr", *(tag("td", cell) for cell in row)) for row in body)
    return tag("div", tag("table", tag("thead", top), tag("tbody", *rows)), class_="wide")


def _amount(x: float, row: Row) -> str:
    return f"{number(100.0 * x)} %" if row.relative else number(x)


def _named(row: Row, *more: str) -> str:
    """A figure's name, in grey what more there is to say of it."""
    return escape(row.figure) + tag("span", *(escape(f", {text}") for text in more if text), class_="dim")


def _line(row: Row) -> list[str]:
    return [
        _named(row, row.unit),
        escape(row.label),
        escape(row.backend),
        number(row.value),
        escape(row.against),
        number(row.wanted),
        _amount(row.difference, row),
        "" if row.limit is None else _amount(row.limit, row),
        badge(row.passed),
    ]


HEAD = (
    "figure",
    "worst at",
    "backend",
    "value",
    "compared with",
    "its value",
    "difference",
    "tolerance",
    "verdict",
)


def summary(measured: Measured) -> str:
    """One line a figure: every backend's value, the worst difference for its tolerance, and the verdict."""
    backends = list(measured.kinds)
    lines = []
    for group in _grouped(measured.rows):
        worst = max(group, key=_strain)
        records, name = measured.records[worst.experiment], worst.experiment
        lines.append(
            [
                tag("a", escape(name), href=f"#{name}"),
                _named(worst, worst.unit),
                badge(_all(group)),
                number(worst.wanted) if worst.against == THEORY else "",
                *(number(value_at(records[b], worst)) if b in records else "" for b in backends),
                _amount(worst.difference, worst) + tag("span", " to " + escape(worst.against), class_="dim"),
                "" if worst.limit is None else _amount(worst.limit, worst),
            ]
        )
    head = ("experiment", "figure", "verdict", THEORY, *backends, "largest difference", "tolerance")
    return table(head, lines)


def value_at(record: Record, row: Row) -> float:
    """A backend's value where another's is furthest off."""
    table = record.figures if row.figure in record.figures else record.traces
    return float(np.asarray(table[row.figure])[row.at])


def _grouped(rows: list[Row]) -> list[list[Row]]:
    groups: dict[tuple[str, str, bool], list[Row]] = {}
    for row in rows:
        groups.setdefault((row.experiment, row.figure, row.against == THEORY), []).append(row)
    return list(groups.values())


def _strain(row: Row) -> float:
    """How much of its tolerance a difference takes; those not judged last."""
    if row.limit is None:
        return -1.0
    return row.difference / row.limit if row.limit else math.inf if row.difference else 0.0


def _all(rows: list[Row]) -> bool | None:
    judged = [row.passed for row in rows if row.passed is not None]
    return all(judged) if judged else None


def section(experiment: Experiment, measured: Measured) -> str:
    """An experiment: what it shows, its plot, its figures, and why the tolerances are what they are."""
    records = measured.records[experiment.name]
    rows = [row for row in measured.rows if row.experiment == experiment.name]
    with mpl.rc_context(PLOT_STYLE):
        drawing = svg(experiment.plot(records))
    why = (f"{tag('b', escape(b.figure))}: {escape(b.reason)}." for b in experiment.bounds)
    return tag(
        "section",
        tag("h2", escape(experiment.title), " ", badge(_all(rows))),
        tag("p", escape(experiment.shows)),
        tag("figure", drawing),
        table(HEAD, (_line(row) for row in rows)),
        tag("details", tag("summary", "Why these tolerances"), tag("ul", *(tag("li", line) for line in why))),
        id=experiment.name,
    )


def _shown(value: Any) -> str:
    if isinstance(value, Mapping):
        return ", ".join(f"{k} {_shown(v)}" for k, v in value.items())
    return "none" if value is None else str(value)


def header(about: Mapping[str, Any]) -> str:
    """What, where, with which versions."""
    kinds = ", ".join(f"{name} ({KINDS[kind]})" for name, kind in about["backends"].items())
    shown = {
        "backends": kinds,
        **{k: _shown(v) for k, v in about.items() if k not in ("backends", "passed", "robot")},
    }
    lines = "".join(tag("dt", escape(k.replace("_", " "))) + tag("dd", escape(v)) for k, v in shown.items())
    word = "within tolerance" if about["passed"] else "OUT OF TOLERANCE"
    note = tag("p", DOUBLE) if "double" in about["backends"].values() else ""
    return tag(
        "header",
        tag("h1", f"Parity of {escape(about['robot'])}"),
        tag("p", tag("span", word, class_=f"badge big {'good' if about['passed'] else 'bad'}")),
        note,
        tag("dl", lines),
    )


def page(about: Mapping[str, Any], measured: Measured, experiments: Mapping[str, Experiment]) -> str:
    """The whole page."""
    left = "".join(tag("li", tag("b", escape(k)), f": {escape(v)}") for k, v in measured.left_out.items())
    body = (
        header(about),
        tag("h2", "Summary"),
        summary(measured),
        *(section(e, measured) for e in experiments.values()),
        *((tag("h2", "Not run"), tag("ul", left)) if left else ()),
    )
    title = f"parity: {escape(about['robot'])}"
    head = f'<meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>{title}</title>'
    style = tag("style", STYLE)
    main = tag("main", *body)
    return f'<!doctype html><html lang="en"><head>{head}{style}</head><body>{main}</body></html>\n'
