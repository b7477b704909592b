"""A policy file's metadata, field by field: each is what it should be, or one line says which is not."""

import json
import math
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy import ndarray

from gpugym_jax.tables import UserError

LONGEST = 60
"""Letters of a wrong value that a message repeats."""


class Fields:
    """The metadata of the file `source`."""

    def __init__(self, data: Mapping[str, str], source: str) -> None:
        self._data, self.source = data, source

    def wrong(self, key: str, wanted: str) -> UserError:
        """The line that says what is wrong with a field."""
        has = self._data[key]
        has = has if len(has) <= LONGEST else f"{has[:LONGEST]}..."
        return UserError(f"{self.source}: its metadata's {key} is '{has}'; {wanted} is wanted.")

    def text(self, key: str) -> str:
        """The field as it is; a file without it is none of ours."""
        if key not in self._data:
            raise UserError(f"{self.source} is no policy of ours: its metadata lack '{key}'.")
        return self._data[key]

    def names(self, key: str) -> tuple[str, ...]:
        """Different names, at least one."""
        found = tuple(self.text(key).split(","))
        if not all(found) or len(set(found)) < len(found):
            raise self.wrong(key, "a list of different names")
        return found

    def numbers(
        self, key: str, size: int, low: float = -math.inf, *, endless: bool = False, above: bool = False
    ) -> ndarray:
        """So many numbers, none below `low`, or all `above` it; finite, unless `endless`."""
        parts = self.text(key).replace(";", ",").split(",")
        try:
            found = np.array([float(part) for part in parts])
        except ValueError:
            found = np.full(size, math.nan)
        inside = found > low if above or low == -math.inf else found >= low
        if len(found) != size or not (inside & (np.isfinite(found) | (endless & (found > 0)))).all():
            kind = "number" if size == 1 else f"list of {size} numbers"
            bound = "" if low == -math.inf else f", {'above' if above else 'at least'} {low:g}"
            raise self.wrong(key, f"a {kind}{bound}")
        return found

    def number(self, key: str, low: float = -math.inf, **kind: bool) -> float:
        """One number."""
        return float(self.numbers(key, 1, low, **kind)[0])

    def whole(self, key: str, low: int) -> int:
        """One whole number, not below `low`."""
        found = self.number(key, low)
        if found != round(found):
            raise self.wrong(key, f"a whole number, at least {low}")
        return int(found)

    def json(self, key: str, kind: type, wanted: str) -> Any:
        """What is written in JSON, of that kind."""
        text = self.text(key)
        try:
            found = json.loads(text)
        except (ValueError, RecursionError):
            found = None
        if not isinstance(found, kind):
            raise self.wrong(key, wanted)
        return found

    def pair(self, key: str, low: float = -math.inf) -> tuple[Any, Any]:
        """Two numbers, the lower first."""
        found = self.json(key, list, "[low, high]")
        plain = len(found) == 2 and all(type(x) in (int, float) and math.isfinite(x) for x in found)
        if not plain or not low <= found[0] <= found[1]:
            raise self.wrong(key, "[low, high]" + ("" if low == -math.inf else f", at least {low:g}"))
        low, high = found
        return low + 0, high + 0  # -0.0 as 0.0: to NumPy [0.0, -0.0] ends before it begins

    def entry(self, key: str, told: Any) -> tuple[str, dict[str, Any]]:
        """A name and its parameters."""
        if not (
            isinstance(told, dict)
            and isinstance(told.get("name"), str)
            and isinstance(told.get("parameters"), dict)
        ):
            raise self.wrong(key, "a name with parameters")
        given = told["parameters"].items()
        return told["name"], {k: tuple(v) if isinstance(v, list) else v for k, v in given}
