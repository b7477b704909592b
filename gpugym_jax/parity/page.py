"""The report as one HTML page, its plots inlined as SVG."""

import io
import math
from collections.abc import Iterable, Mapping
from html import escape
from typing import Any

import matplotlib as mpl
from matplotlib.figure import Figure

from gpugym_jax.parity.experiment import Experiment
from gpugym_jax.parity.judge import THEORY, Row
from gpugym_jax.parity.measuring import Measured
from gpugym_jax.parity.style import STYLE

PLOT_STYLE = {
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
    return f"{number(100.0 * x)} %" if row.relative else f"{number(x)} {row.unit}".strip()


def _line(row: Row, link: bool) -> list[str]:
    name = escape(row.experiment)
    label = tag("span", escape(f" ({row.label})"), class_="dim") if row.label else ""
    return [
        *([tag("a", name, href=f"#{name}")] if link else []),
        escape(row.figure) + label,
        escape(row.backend),
        f"{number(row.value)} {escape(row.unit)}".strip(),
        escape(row.against),
        number(row.wanted),
        _amount(row.difference, row),
        "" if row.limit is None else _amount(row.limit, row),
        badge(row.passed),
    ]


HEAD = ("figure", "backend", "value", "compared with", "its value", "difference", "tolerance", "verdict")


def summary(measured: Measured) -> str:
    """One line a figure: every backend's value, the worst difference for its tolerance, and the verdict."""
    backends = list(measured.kinds)
    lines = []
    for group in _grouped(measured.rows):
        worst = max(group, key=_strain)
        values = {row.backend: row.value for row in group}
        aim = worst.against
        if aim != THEORY:
            values[aim] = worst.wanted
        name = worst.experiment
        lines.append(
            [
                tag("a", escape(name), href=f"#{name}"),
                escape(worst.figure)
                + (tag("span", f", {escape(worst.unit)}", class_="dim") if worst.unit else ""),
                number(worst.wanted) if aim == THEORY else "",
                *(number(values[b]) if b in values else "" for b in backends),
                f"{_amount(worst.difference, worst)}{tag('span', ' to ' + escape(aim), class_='dim')}",
                "" if worst.limit is None else _amount(worst.limit, worst),
                badge(_all(group)),
            ]
        )
    return table(
        ("experiment", "figure", THEORY, *backends, "largest difference", "tolerance", "verdict"), lines
    )


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
        table(HEAD, (_line(row, link=False) for row in rows)),
        tag("details", tag("summary", "Why these tolerances"), tag("ul", *(tag("li", line) for line in why))),
        id=experiment.name,
    )


def _shown(value: Any) -> str:
    if isinstance(value, Mapping):
        return ", ".join(f"{k} {v}" for k, v in value.items())
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
    return tag(
        "header",
        tag("h1", f"Parity of {escape(about['robot'])}"),
        tag("p", tag("span", word, class_=f"badge big {'good' if about['passed'] else 'bad'}")),
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
    return f'<!doctype html><html lang="en"><head>{head}{style}</head><body><main>{"".join(body)}</main></body></html>\n'
