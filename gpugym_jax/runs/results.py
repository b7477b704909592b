"""Figures on disk, with what it takes to trust them: machine, versions, commit, command."""

import json
import math
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from gpugym_jax.files import write_whole
from gpugym_jax.runs.directory import commit, machine, versions


def _plain(value: Any) -> Any:
    """As JSON knows it: what is not a number becomes null."""
    if isinstance(value, dict):
        return {k: _plain(v) for k, v in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(v) for v in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value


def _module() -> str:
    """The module that runs, as `python -m` takes it."""
    spec = sys.modules["__main__"].__spec__
    return spec.name.removesuffix(".__main__") if spec else Path(sys.argv[0]).name


def _portable(argument: str) -> str:
    """Without folders: where a file was on one machine says nothing on another."""
    flag, equals, value = argument.rpartition("=")
    return flag + equals + (Path(value).name if Path(value).is_absolute() else value)


def circumstances() -> dict[str, Any]:
    """What, where and with which versions figures are measured."""
    return {
        "command": " ".join(["python -m", _module(), *map(_portable, sys.argv[1:])]),
        "commit": commit(),
        "machine": machine(),
        "versions": versions(),
    }


def write_result(path: Path, figures: Mapping[str, Any]) -> None:
    """Write `figures` as JSON under the circumstances they were measured in."""
    whole = circumstances() | dict(figures)
    write_whole(path, (json.dumps(_plain(whole), indent=1) + "\n").encode())
