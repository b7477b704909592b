"""What a robot's file holds that is not the robot: taken out, so that nothing acts beside us."""

# MuJoCo's compiled classes have no type stubs.
# pyright: reportAttributeAccessIssue=false

import logging
from functools import cache
from pathlib import Path
from typing import Any

import mujoco

log = logging.getLogger(__name__)

KEPT = frozenset({"gravity"})
"""Fields of `<option>` that are the file's; of its flags `eulerdamp` is, which belongs to its damping."""


def take_out(spec: mujoco.MjSpec, file: Path) -> None:
    """Remove all that is not the robot, and log it in one line a file.

    Gone are actuators, sensors, keyframes, contact pairs and excludes, geoms of the world (floors), lights,
    cameras, numbers for simulators, skies and every option but `KEPT`. Joints keep damping, friction, springs
    and armature. Equalities stay: they are what closes a loop, and none of them needs an actuator.
    """
    foreign = _foreign(spec)
    for elements in foreign.values():
        for element in elements:
            spec.delete(element)
    _reset_options(spec.option)
    spec.nconmax = spec.njmax = -1
    spec.compiler.discardvisual = False  # geoms that touch nothing are seen nevertheless
    spec.stat.meaninertia = float("nan")  # by which the solver scales: the model's own
    words = [f"{kind} ({len(elements)})" for kind, elements in foreign.items() if elements]
    if words:
        _tell(file, ", ".join(words))


def _foreign(spec: mujoco.MjSpec) -> dict[str, list[Any]]:
    """The elements to remove, in an order in which none is referred to by a later one."""
    skies = [t for t in spec.textures if t.type == mujoco.mjtTexture.mjTEXTURE_SKYBOX]
    return {
        "keyframes": list(spec.keys),
        "sensors": list(spec.sensors),
        "actuators": list(spec.actuators),
        "contact pairs": list(spec.pairs),
        "excludes": list(spec.excludes),
        "geoms of the world": list(spec.worldbody.geoms),
        "lights": list(spec.lights),
        "cameras": list(spec.cameras),
        "numbers": list(spec.numerics),
        "tuples": list(spec.tuples),
        "skies": skies,
    }


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
