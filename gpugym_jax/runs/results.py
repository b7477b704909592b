"""Figures on disk, with what it takes to trust them: machine, versions, commit, command."""

import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from gpugym_jax.runs.directory import commit, machine, versions


def write_result(path: Path, figures: Mapping[str, Any]) -> None:
    """Write `figures` as JSON under what, where and with which versions they were measured."""
    whole = {
        "command": " ".join(["python -m gpugym_jax." + Path(sys.argv[0]).stem, *sys.argv[1:]]),
        "commit": commit(),
        "machine": machine(),
        "versions": versions(),
        **figures,
    }
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(whole, indent=1) + "\n", encoding="utf-8")
