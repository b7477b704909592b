"""`python -m gpugym_jax.evaluate --policy=FILE`: a policy before its gate in C MuJoCo.

Exit code 0: passed; 1: not passed, or not judged; 2: what was given is wrong.
"""

import dataclasses
import hashlib
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import tyro
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from gpugym_jax import cli
from gpugym_jax.bounds import Episodes, Seconds
from gpugym_jax.config_yaml import parse_override
from gpugym_jax.files import check_file
from gpugym_jax.tables import UserError

if TYPE_CHECKING:
    from gpugym_jax.gate.exam import Exam
    from gpugym_jax.policy.file import Policy


EXAMINERS = (("evaluate",), ("physics", "self_collisions"), ("physics", "threads"))
"""What of the exam the command line may change."""


@dataclass(frozen=True)
class Flags:
    """Judge a policy in C MuJoCo by the exam of its task, or of --task (evaluate.episodes=500 changes it)."""

    common: tyro.conf.OmitArgPrefixes[cli.Common] = field(default_factory=cli.Common)
    policy: Path | None = None
    """A policy file; without it, the checkpoint that --task, --load_run and --checkpoint name."""
    own_exam: bool = False
    """Let the policy's own configuration be the exam, of a task of your own."""
    episodes: Episodes | None = None
    """In each of the two scenarios; the exam's evaluate.episodes by default."""
    seconds: Seconds | None = None
    """Length of an episode; the exam's evaluate.seconds by default."""
    json: Path | None = None
    """Where to write the figures."""


def examiners(flags: Flags, overrides: list[str]) -> tuple[list[str], list[str]]:
    """The overrides that change the exam, and those that are for the policy's run."""
    keys = {text: parse_override(text).key for text in overrides}
    mine = [text for text, key in keys.items() if key[:1] in EXAMINERS or key[:2] in EXAMINERS]
    for text, key in keys.items():
        if key == ("physics",):
            raise UserError(f"{text}: name the fields one by one, as in physics.threads=2.")
    given = {"episodes": flags.episodes, "seconds": flags.seconds}
    plain = [f"evaluate.{name}={value}" for name, value in given.items() if value is not None]
    return [*mine, *plain], [text for text in overrides if text not in mine]


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


def title_of(policy: "Policy", exam: "Exam") -> str:
    """Who was judged, and by what."""
    what = f"its own exam, {exam.task}" if exam.own else f"exam {exam.task}"
    changed = f", with {' '.join(exam.changed)}" if exam.changed else ""
    return f"{policy.source} by {what}{changed}: {exam.gate.episodes} episodes of {exam.gate.seconds:g} s"


def facts_of(flags: Flags, policy: "Policy") -> dict[str, Any]:
    """Which policy was judged, for a file of figures."""
    c = policy.contract
    return {
        "policy": policy.source,
        "sha256": hashlib.sha256(flags.policy.read_bytes()).hexdigest() if flags.policy else None,
        "task": c.task,
        "robot": c.robot,
        "iteration": c.iteration,
        "trained_at_commit": policy.metadata.get("git_commit") or None,
    }


def run(flags: Flags, overrides: list[str]) -> int:
    """Judge, print, write."""
    from gpugym_jax.gate.exam import NotJudgedError, find_exam
    from gpugym_jax.gate.verdict import evaluate
    from gpugym_jax.runs.results import write_result

    check_file(flags.json, "--json")
    forced = flags.common.task if flags.policy else ""
    if forced and flags.own_exam:
        raise UserError(f"give --task={forced} or --own_exam, not both: each names an exam.")
    changes, rest = examiners(flags, overrides)
    common = dataclasses.replace(flags.common, task="") if flags.policy else flags.common
    policy = cli.choose(common, rest, flags.policy).policy
    try:
        exam = find_exam(policy.contract, forced, flags.own_exam, changes)
    except NotJudgedError as why:
        print(f"not judged: {policy.source}: {why}")
        if flags.json:
            write_result(flags.json, {**facts_of(flags, policy), "passed": False, "not_judged": str(why)})
        return 1
    measures, rows, circumstances = evaluate(policy, exam, flags.common.seed or 0)
    passed = all(row.passed for row in rows)
    Console().print(table_of(escape(title_of(policy, exam)), measures, rows))
    print(f"{'passed' if passed else 'FAILED'} in {circumstances['wall_s']:.1f} s")
    if flags.json:
        verdicts = [dataclasses.asdict(row) for row in rows]
        figures = {"measures": measures, "verdicts": verdicts, "passed": passed}
        write_result(flags.json, {**facts_of(flags, policy), **circumstances, **figures})
    return 0 if passed else 1


def main(argv: list[str] | None = None) -> int:
    """The command."""
    return cli.main(Flags, run, argv, prog="gpugym evaluate")


if __name__ == "__main__":
    sys.exit(main())
