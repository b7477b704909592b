"""A double of Isaac Gym Preview 4 over C MuJoCo, for tests. It is not Isaac Gym: see README.md beside it."""

import importlib.util
import os
import sys
from typing import Optional

from ._settings import Settings

__version__ = "1.0rc4+double"
__double__ = True


def strict(on: bool = True) -> None:
    """Turn the checks of the setters' rules on or off (environment: ISAACGYM_DOUBLE_STRICT=0)."""
    Settings.strict = bool(on)


def net_contact(kind: str) -> None:
    """What the net contact tensor holds: "normal" forces or "full" ones (environment: ISAACGYM_DOUBLE_NET)."""
    if kind not in ("normal", "full"):
        raise ValueError(f"isaacgym double: net_contact is 'normal' or 'full', not {kind!r}.")
    Settings.net_contact = kind


def _other_install() -> Optional[str]:
    here = os.path.dirname(os.path.dirname(os.path.realpath(__file__)))
    for folder in sys.path:
        path = os.path.realpath(os.path.join(folder or os.getcwd(), "isaacgym"))
        if os.path.dirname(path) != here and os.path.isfile(os.path.join(path, "__init__.py")):
            return path
    return None


def _check_process() -> None:
    other = _other_install()
    if other:
        raise ImportError(
            f"isaacgym double: there is another isaacgym at {other}, and the double does not stand before it. "
            "Take one of the two off sys.path."
        )
    if Settings.strict and "torch" in sys.modules:
        raise ImportError("isaacgym double: torch was imported before isaacgym. Import isaacgym first.")
    if importlib.util.find_spec("mujoco") is None:
        raise ImportError("isaacgym double: it needs the package mujoco, which is not installed.")
    net_contact(Settings.net_contact)


_check_process()
print(f"isaacgym double {__version__}: MuJoCo stands in for PhysX", flush=True)
