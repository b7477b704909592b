"""Named values that are set on Isaac Gym's structs and read back. Python 3.8, NumPy only."""

from typing import Any, Dict, List

import numpy as np

Values = Dict[str, Any]


def apply(target: Any, values: Values) -> None:
    """Set attributes."""
    for name, value in values.items():
        setattr(target, name, value)


def plain(value: Any) -> Any:
    """A value as JSON has it: numbers, lists of them."""
    if hasattr(value, "x"):
        return [float(value.x), float(value.y), float(value.z)]
    if isinstance(value, np.ndarray):
        return value.tolist()
    return value if isinstance(value, (bool, float)) else int(value)


def read_back(target: Any, names: Any) -> Values:
    """Attributes as JSON."""
    return {name: plain(getattr(target, name)) for name in names}


def differing(group: str, wanted: Values, found: Values) -> List[str]:
    """A line for each value that is not what was asked for, beyond single precision; NaN asks for nothing."""
    lines = []
    for name, value in wanted.items():
        asked, got = np.array(plain(value), float), np.array(found[name], float)
        if not np.all(np.isclose(got, asked, rtol=1e-5, atol=1e-9) | np.isnan(asked)):
            lines.append(f"{group}.{name}: {asked.tolist()} was asked for, it is {got.tolist()}")
    return lines
