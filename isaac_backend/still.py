"""A simulator that only fills its arrays: what is left to measure is the process boundary.

It runs on Python 3.8 and needs NumPy only.
"""

from typing import Any, Dict

import numpy as np

from protocol import STATE

BODIES = ("body_pos", "body_vel", "body_force", "overflow")


class Simulator:
    """Robots that stay as they are written."""

    def __init__(self, spec: Dict[str, Any], arena: Dict[str, np.ndarray]) -> None:
        self._arena = arena
        self._state = {name: np.zeros_like(arena[name]) for name in (*STATE, *BODIES)}
        self._torque = np.zeros_like(arena["torque"])

    def versions(self) -> Dict[str, Any]:
        """No Isaac Gym is here."""
        return {"isaacgym": "none", "torch": "none", "double": True}

    def init(self) -> Dict[str, Any]:
        """Take all rows."""
        self._take(np.ones(len(self._torque), bool))
        return {}

    def step(self) -> None:
        """Read the torque, publish every array."""
        self._torque[...] = self._arena["torque"]
        self._publish()

    def write(self) -> None:
        """Take the masked rows."""
        self._take(self._arena["mask"] != 0)

    def _take(self, rows: np.ndarray) -> None:
        for name in STATE:
            self._state[name][rows] = self._arena["new_" + name][rows]
        self._publish()

    def _publish(self) -> None:
        for name, array in self._state.items():
            self._arena[name][...] = array

    def camera(self, request: Dict[str, Any]) -> bytes:
        """Black."""
        return bytes(request["width"] * request["height"] * 3)

    def close(self) -> None:
        """Nothing is held."""
