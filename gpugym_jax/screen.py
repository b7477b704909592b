"""Where to draw: a window on a display that is there, or off screen by a library that is there."""

import ctypes.util
import logging
import os
import subprocess
import sys

from gpugym_jax.paths import as_here

log = logging.getLogger(__name__)

LIBRARIES = {"egl": ("EGL", "libegl1 libgl1-mesa-dri"), "osmesa": ("OSMesa", "libosmesa6")}
"""Ways to draw without a display: what to load, and the Debian packages that have it."""
ON_DISPLAY = ("glfw", "glx", "enable", "enabled", "on", "true", "1")
OFF = ("disable", "disabled", "off", "false", "0")
WINDOW = """
import glfw, sys
glfw.ERROR_REPORTING = False
glfw.init() or sys.exit("it cannot be opened")
glfw.window_hint(glfw.VISIBLE, 0)
glfw.create_window(64, 64, "", None, None) or sys.exit("it has no OpenGL")
"""
"""A program that opens a window as MuJoCo's viewer does, which ends the process where it cannot."""
LIMIT_S = 60.0
"""Of such a program: a display across a network that is gone does not answer."""


def ask(program: str, **variables: str) -> tuple[str, str]:
    """What a program prints in a Python of its own, which may crash, and what goes wrong in one line."""
    try:
        done = subprocess.run(
            [sys.executable, "-P", "-c", program],
            env=as_here() | variables,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=LIMIT_S,
        )
    except subprocess.TimeoutExpired:
        return "", f"no answer within {LIMIT_S:g} s"
    told = done.stderr.strip().splitlines() or [f"exit code {done.returncode}"]
    return done.stdout.strip(), told[-1] if done.returncode else ""


def has_window() -> bool:
    """Whether DISPLAY names a display on which a window opens; says so if it names one where none does."""
    if not os.environ.get("DISPLAY"):
        return False
    _, wrong = ask(WINDOW)
    if wrong:
        log.warning("no window on DISPLAY=%s (%s): filming, as with --headless", os.environ["DISPLAY"], wrong)
    return not wrong


def loadable(way: str) -> bool:
    """Whether a value of MUJOCO_GL is one, and what it needs is there."""
    if way in LIBRARIES:
        return ctypes.util.find_library(LIBRARIES[way][0]) is not None
    return way in ON_DISPLAY and bool(os.environ.get("DISPLAY"))


def choose_gl() -> None:
    """Set MUJOCO_GL to a way to draw without a display. To be called before mujoco is first imported.

    A value that is there already is kept if it can be; that it cannot is said.
    """
    given = os.environ.get("MUJOCO_GL", "").lower().strip()
    if sys.platform != "linux" or loadable(given):
        return
    way = next(filter(loadable, LIBRARIES), "disable")
    if given:
        log.warning("MUJOCO_GL=%s cannot draw here: drawing with %s", given, way)
    os.environ["MUJOCO_GL"] = way


def draw_nothing() -> None:
    """Take away a MUJOCO_GL that cannot be loaded: importing mujoco would end who needs none of it."""
    given = os.environ.get("MUJOCO_GL", "").lower().strip()
    if sys.platform == "linux" and given and given not in OFF and not loadable(given):
        os.environ["MUJOCO_GL"] = "disable"
