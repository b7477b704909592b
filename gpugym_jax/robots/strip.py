"""What a robot's file holds that is not the robot: taken out, so that nothing acts beside us."""

# MuJoCo's compiled classes have no type stubs.
# pyright: reportAttributeAccessIssue=false

import logging
from collections.abc import Callable, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import mujoco

log = logging.getLogger(__name__)

KEPT = frozenset({"gravity"})
"""Fields of `<option>` that are the file's; of its flags `eulerdamp` is, which belongs to its damping."""


FOREIGN: dict[str, Callable[[mujoco.MjSpec], Sequence[Any]]] = {
    "keyframes": lambda spec: spec.keys,
    "sensors": lambda spec: spec.sensors,
    "actuators": lambda spec: spec.actuators,
    "contact pairs": lambda spec: spec.pairs,
    "excludes": lambda spec: spec.excludes,
    "geoms of the world": lambda spec: spec.worldbody.geoms,
    "lights": lambda spec: spec.lights,
    "cameras": lambda spec: spec.cameras,
    "numbers": lambda spec: spec.numerics,
    "tuples": lambda spec: spec.tuples,
    "skies": lambda spec: [t for t in spec.textures if t.type == mujoco.mjtTexture.mjTEXTURE_SKYBOX],
}
"""What is taken out, as the file has it at the moment."""


def take_out(spec: mujoco.MjSpec, file: Path) -> None:
    """Remove all that is not the robot, and log it in one line a file.

    Gone are actuators, sensors, keyframes, contact pairs and excludes, geoms of the world (floors), lights,
    cameras, numbers for simulators, skies and every option but `KEPT`. Joints keep damping, friction, springs
    and armature. Equalities stay: they are what closes a loop, and none of them needs an actuator.
    """
    counts = {kind: len(there(spec)) for kind, there in FOREIGN.items()}
    for there in FOREIGN.values():
        # with an element go those that refer to it, whose handles then point at nothing: so list anew
        while left := there(spec):
            spec.delete(left[0])
    _reset_options(spec.option)
    spec.nconmax = spec.njmax = -1
    spec.compiler.discardvisual = False  # geoms that touch nothing are seen nevertheless
    spec.compiler.fusestatic = False  # MuJoCo fuses welded bodies in some models only: in none with sensors
    spec.stat.meaninertia = float("nan")  # by which the solver scales: the model's own
    words = [f"{kind} ({count})" for kind, count in counts.items() if count]
    if words:
        _tell(file, ", ".join(words))


def _reset_options(option: Any) -> None:
    """All options as MuJoCo's defaults have them, but for `KEPT` and the flag `eulerdamp`."""
    damping = option.disableflags & mujoco.mjtDisableBit.mjDSBL_EULERDAMP
    fresh = mujoco.MjOption()
    for name in dir(fresh):
        if not name.startswith("_") and name not in KEPT:
            setattr(option, name, getattr(fresh, name))
    option.disableflags = damping


@cache
def _tell(file: Path, what: str) -> None:
    log.info("%s: left out %s; ground, contacts and motors are ours", file, what)
