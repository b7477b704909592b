"""Where the shipped data lie: beside the package in a checkout, inside it in a wheel."""

import os
import sys
from pathlib import Path

_PACKAGE = Path(__file__).resolve().parent


def _data(name: str) -> Path:
    inside = _PACKAGE / name
    return inside if inside.is_dir() else _PACKAGE.parent / name


ASSETS = _data("assets")
CONFIGS = _data("configs")


def as_here() -> dict[str, str]:
    """The environment of a child that is to find the modules which this process finds."""
    return {**os.environ, "PYTHONPATH": os.pathsep.join(path or os.getcwd() for path in sys.path)}
