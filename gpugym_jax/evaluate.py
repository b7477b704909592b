"""`python -m gpugym_jax.evaluate --policy=FILE`: a policy before its gate in C MuJoCo. Exit code 0: pass."""

import dataclasses
import hashlib
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import tyro
from rich.console import Console
from rich.table import Table

from gpugym_jax import cli
from gpugym_jax.config import Gate
from gpugym_jax.gate.measure import SETTLED_S
from gpugym_jax.tables import UserError


@dataclass(frozen=True)
class Flags:
    """Judge a policy in C MuJoCo, with the bounds of its configuration (evaluate.max_falls=1 changes one)."""

    common: tyro.conf.OmitArgPrefixes[cli.Common] = field(default_factory=cli.Common)
    policy: Path | None = None
    """A policy file; without it, the checkpoint that --task, --load_run and --checkpoint name."""
    episodes: int | None = None
    """In each of the two scenarios; the configuration's evaluate.episodes by default."""
    seconds: float | None = None
    """Length of an episode; the configuration's evaluate.seconds by default."""
    json: Path | None = None
    """Where to write the figures."""


def gate_of(flags: Flags, gate: Gate) -> Gate:
    """The configuration's gate with what the flags change."""
    if flags.episodes is not None and flags.episodes < 1:
        raise UserError(f"--episodes={flags.episodes}: at least one is needed.")
    if flags.seconds is not None and flags.seconds <= SETTLED_S:
        raise UserError(f"--seconds={flags.seconds:g}: the first {SETTLED_S:g} s do not count, give more.")
    given = {"episodes": flags.episodes, "seconds": flags.seconds}
    return dataclasses.replace(gate, **{k: v for k, v in given.items() if v is not None})


def _number(value: Any) -> str:
    return " ".join(map(_number, value)) if isinstance(value, list) else f"{value:.4g}"


def table_of(title: str, measures: dict[str, dict[str, Any]], rows: list[Any]) -> Table:
    """Every measure, in both scenarios, with its bound and verdict where it has one."""
    table = Table(title=title, title_justify="left")
    for column in ("measure", "pushed", "calm", "bound", "verdict"):
        left = column in ("measure", "verdict")
        table.add_column(column, justify="left" if left else "right", no_wrap=left)
    judged = {row.measure: row for row in rows}
    for name in measures["calm"]:
        row = judged.get(name)
        sign = "" if row is None else f"{row.scenario} {'<=' if row.bound.startswith('max') else '>='} "
        table.add_row(
            name,
            _number(measures["pushed"][name]),
            _number(measures["calm"][name]),
            f"{sign}{row.limit:g}" if row else "",
            "" if row is None else "[green]passed[/]" if row.passed else "[red]FAILED[/]",
        )
    return table


def run(flags: Flags, overrides: list[str]) -> int:
    """Judge, print, write."""
    from gpugym_jax.gate.verdict import evaluate
    from gpugym_jax.robots.scene import make_scene
    from gpugym_jax.runs.results import write_result

    policy = cli.choose(flags.common, overrides, flags.policy).policy
    c = policy.contract
    gate, scene = gate_of(flags, c.cfg.evaluate), make_scene(c.robot)
    measures, rows, circumstances = evaluate(policy, scene, gate, flags.common.seed or 0)
    passed = all(row.passed for row in rows)
    figures = {
        "policy": policy.source,
        "sha256": hashlib.sha256(flags.policy.read_bytes()).hexdigest() if flags.policy else None,
        "task": c.task,
        "robot": c.robot,
        "iteration": c.iteration,
        "trained_at_commit": policy.metadata["git_commit"] or None,
        **circumstances,
        "measures": measures,
        "verdicts": [dataclasses.asdict(row) for row in rows],
        "passed": passed,
    }
    title = (
        f"{policy.source} ({c.task}, {circumstances['episodes']} episodes of {circumstances['seconds']:g} s)"
    )
    Console().print(table_of(title, measures, rows))
    print(f"{'passed' if passed else 'FAILED'} in {circumstances['wall_s']:.1f} s")
    if flags.json:
        write_result(flags.json, figures)
    return 0 if passed else 1


def main(argv: list[str] | None = None) -> int:
    """The command."""
    return cli.main(Flags, run, argv, prog="gpugym evaluate")


if __name__ == "__main__":
    sys.exit(main())
