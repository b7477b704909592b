"""Text as the scalar that is wanted: `010` is text where text is wanted, and ten where a count is.

As in YAML 1.2 only `true` and `false` are booleans. Numbers and booleans (from JSON, from Python) are taken
too. Each raises `ValueError` for what it cannot read.
"""

import math
import re
from collections.abc import Iterable, Mapping
from typing import Any

from pydantic_core import PydanticCustomError

from gpugym_jax.bounds import LARGEST, SMALLEST

NUMBER = re.compile(r"[-+]?(\d+(\.\d*)?|\.\d+)([eE][-+]?\d+)?", re.ASCII)
FLAGS = {"true": True, "True": True, "TRUE": True, "false": False, "False": False, "FALSE": False}


def wanted(what: str, names: Iterable[str] = ()) -> PydanticCustomError:
    """The error that `what` is wanted, one of `names` if there are any."""
    context: dict[str, Any] = {"what": what, "names": list(names)}
    return PydanticCustomError("wanted", "{what}", context)


def number(value: Any) -> float:
    """A number of a size that float32 holds."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        raise ValueError
    if isinstance(value, str) and not NUMBER.fullmatch(value):
        raise ValueError
    try:
        size = abs(float(value))
    except OverflowError:
        size = math.inf
    if not (size == 0 or SMALLEST <= size <= LARGEST):
        raise wanted(f"a finite number, 0 or of a size from {SMALLEST:g} to {LARGEST:g}")
    return float(value) + 0.0  # -0.0 as 0.0: NumPy takes [0.0, -0.0] for a range that ends before it begins


def whole(value: Any) -> int:
    """A whole number; `1e3` is one."""
    read = number(value)
    if not read.is_integer():
        raise ValueError
    return int(read) if isinstance(value, float) or not str(value).lstrip("+-").isdigit() else int(value)


def flag(value: Any) -> bool:
    """True or false."""
    if isinstance(value, bool):
        return value
    if isinstance(value, str) and value in FLAGS:
        return FLAGS[value]
    raise ValueError


def text(value: Any) -> str:
    """Text; of a bare number or boolean, its own."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, str | int | float):
        return str(value)
    raise ValueError


def free(value: Any) -> Any:
    """What has no type yet, as a term's parameter: numbers are numbers, lists tuples, `010` stays text."""
    if isinstance(value, Mapping):
        return {str(k): free(v) for k, v in value.items()}
    if isinstance(value, list | tuple):
        return tuple(free(v) for v in value)
    if not isinstance(value, str) or not NUMBER.fullmatch(value) or re.match(r"[-+]?0\d", value):
        return value
    return int(value) if value.lstrip("+-").isdigit() and len(value) < 16 else float(value)
