"""Switches of the double, from the environment or set by `isaacgym.strict` and `isaacgym.net_contact`."""

import os


class Settings:
    """Mutable on purpose: there is one, and tests turn its switches."""

    strict: bool = os.environ.get("ISAACGYM_DOUBLE_STRICT", "1") not in ("0", "off", "false")
    net_contact: str = os.environ.get("ISAACGYM_DOUBLE_NET", "normal")


def refuse(message: str) -> None:
    """Raise `RuntimeError` in strict mode; let it pass otherwise."""
    if Settings.strict:
        raise RuntimeError("isaacgym double: " + message)
