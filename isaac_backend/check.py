"""`python -m isaac_backend.check --isaac_python=PATH`: does it run Isaac Gym, and if not, why?"""

import json
import logging
import os
import subprocess
import sys
import tempfile
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path

from gpugym_jax import cli
from gpugym_jax.config import IsaacGym
from gpugym_jax.tables import UserError
from isaac_backend.connection import kill, last_lines, launch
from isaac_backend.findings import Facts, Finding, judge
from isaac_backend.spec import check_settings

PROBE = Path(__file__).with_name("probe.py")
CONTRACT = Path(__file__).resolve().parents[1] / "tests" / "physics"

log = logging.getLogger(__name__)


@lru_cache
def probe(python: str, limit_s: float) -> Facts:
    """What `python` says of itself within `limit_s` s; what it printed last is under `output`.

    Raises:
        UserError: It cannot be started.
    """
    with tempfile.TemporaryFile(buffering=0) as facts, tempfile.TemporaryFile(buffering=0) as output:
        process = launch(python, PROBE, (facts.fileno(),), output)
        code = _wait(process, limit_s)
        found: Facts = {"exit_code": code, "limit_s": limit_s, "output": last_lines(output)}
        facts.seek(0)
        for line in facts.read().splitlines():
            found.update(json.loads(line))
        return found


def _wait(process: subprocess.Popen[bytes], limit_s: float) -> int | None:
    """The exit code; None if it had to be killed."""
    try:
        return process.wait(limit_s)
    except subprocess.TimeoutExpired:
        return None
    finally:
        if process.returncode is None:
            kill(process)


def require(python: str, isaac: IsaacGym) -> None:
    """Raise a `UserError` unless Isaac Gym can run there. Warnings are logged."""
    findings = judge(probe(python, isaac.start_timeout_s), isaac)
    wrong = [f for f in findings if f.level == "wrong"]
    for finding in findings:
        if finding.level == "warning":
            log.warning("Isaac Gym: %s", finding.line)
    if wrong:
        more = f" (and {len(wrong) - 1} more: python -m isaac_backend.check)" if len(wrong) > 1 else ""
        raise UserError(f"Isaac Gym cannot run in '{python}': {wrong[0].line}{more}")


@dataclass(frozen=True)
class Flags:
    """Check that an interpreter can run Isaac Gym."""

    isaac_python: str = ""
    """Its path; the variable ISAAC_PYTHON by default."""
    device: str = "cuda:0"
    """Where it is to run: cuda:N or cpu."""
    limit_s: float = 600.0
    """Time for all imports; the first compiles gymtorch."""
    contract: bool = False
    """Then run the physics' contract suite there."""


def table(python: str, findings: list[Finding]) -> str:
    """The findings, a line each."""
    rows = [("interpreter", python, ""), *((f.what, f.found, f.mark) for f in findings)]
    return "\n".join(f"{what:12} {found:40} {mark}".rstrip() for what, found, mark in rows)


def contract(python: str, device: str) -> int:
    """Run the contract suite on that interpreter's Isaac Gym; pytest's exit code."""
    if not CONTRACT.is_dir():
        raise UserError(
            "--contract needs the folder tests/, which is in the repository and not in the wheel."
        )
    env = {**os.environ, "ISAAC_CONTRACT_PYTHON": python, "ISAAC_CONTRACT_DEVICE": device}
    command = [sys.executable, "-m", "pytest", "-q", str(CONTRACT), "-k", "isaacgym"]
    return subprocess.run(command, env=env, cwd=CONTRACT.parents[1], check=False).returncode


def run(flags: Flags, overrides: list[str]) -> int:
    """Probe, judge, print; 0 if nothing is wrong, else 2."""
    if overrides:
        raise UserError(f"no flag '{overrides[0]}': this command reads no configuration.")
    isaac = replace(IsaacGym(), python=flags.isaac_python, device=flags.device)
    check_settings(isaac)
    python = chosen_python(isaac)
    facts = probe(python, flags.limit_s)
    findings = judge(facts, isaac)
    print(table(python, findings))
    if any(f.level == "wrong" for f in findings):
        for finding in findings:
            if finding.level == "wrong":
                print(f"error: {finding.line}", file=sys.stderr)
        return 2
    return 2 * bool(contract(python, flags.device)) if flags.contract else 0


def chosen_python(isaac: IsaacGym) -> str:
    """The interpreter that has Isaac Gym: the one asked for, or that of the variable ISAAC_PYTHON."""
    python = isaac.python or os.environ.get("ISAAC_PYTHON", "")
    if not python:
        raise UserError(
            "backend 'isaacgym' needs the Python 3.8 that has Isaac Gym: give --isaac_python=PATH or set "
            "ISAAC_PYTHON; isaac_backend/README.md says how to make one."
        )
    return python


def main(argv: list[str] | None = None) -> int:
    """The command."""
    return cli.main(Flags, run, argv, prog="python -m isaac_backend.check")


if __name__ == "__main__":
    sys.exit(main())
