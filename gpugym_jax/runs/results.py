"""Figures on disk, with what it takes to trust them: machine, versions, commit, command."""

import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from gpugym_jax.runs.directory import commit, machine, versions


def _module() -> str:
    """The module that runs, as `python -m` takes it."""
    spec = sys.modules["__main__"].__spec__
    return spec.name if spec else Path(sys.argv[0]).name


def write_result(path: Path, figures: Mapping[str, Any]) -> None:
    """Write `figures` as JSON under what, where and with which versions they were measured."""
    # Where the file went on one machine says nothing on another.
    arguments = [Path(a).name if Path(a).is_absolute() else a for a in sys.argv[1:]]
    whole = {
        "command": " ".join(["python -m", _module(), *arguments]),
        "commit": commit(),
        "machine": machine(),
        "versions": versions(),
        **figures,
    }
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(whole, indent=1) + "\n", encoding="utf-8")
