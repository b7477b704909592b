"""The worker's simulator over the double, with somebody at the window who presses a key at some frames.

Python 3.8. The camera verb tells how many frames have been drawn.
"""

from types import SimpleNamespace
from typing import Any, Dict, List

import simulator

PRESSED = {3: "toggle", 6: "toggle", 8: "end"}  # by number of the frame, from 1


class Simulator(simulator.Simulator):
    """As the worker's own, but for the keys."""

    def init(self) -> Dict[str, Any]:
        """Make the simulation and sit down at its window."""
        self.frames = self.drawn = 0
        self._gym.query_viewer_action_events = self.keys
        self._gym.draw_viewer = self.draw
        return super().init()

    def keys(self, viewer: Any) -> List[Any]:
        """What was pressed, and the release of another key, which is none of ours."""
        self.frames += 1
        released = SimpleNamespace(action="toggle", value=0.0)
        pressed = PRESSED.get(self.frames)
        return [released] + ([SimpleNamespace(action=pressed, value=1.0)] if pressed else [])

    def draw(self, *_: Any) -> None:
        """Count."""
        self.drawn += 1

    def camera(self, request: Dict[str, Any]) -> bytes:
        """How many frames were drawn."""
        return bytes([self.drawn])
