"""`gpugym doctor`: what works here, and what to do about what does not, on one screen."""

import importlib.metadata
import json
import os
import platform
import shutil
import sys
import tempfile
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import NamedTuple

from rich.console import Console
from rich.table import Table
from rich.text import Text

from gpugym_jax import cli, devices
from gpugym_jax.cores import cores
from gpugym_jax.files import check_folder
from gpugym_jax.screen import LIBRARIES, WINDOW, ask
from gpugym_jax.tables import UserError

ENOUGH_GB = 1.0
"""Free disk below which it is said; a run keeps less."""
JAX = """
import json, jax
print(json.dumps([jax.__version__, [d.device_kind for d in jax.devices()], jax.default_backend()]))
"""
MUJOCO = "import mujoco, mujoco.batch; print(mujoco.__version__)"
MJX = "import mujoco.mjx"
WARP = "import warp; warp.config.quiet = True; warp.init(); print(warp.config.kernel_cache_dir)"
DRIVER = "import json; from isaac_backend.probe import of_driver; print(json.dumps(of_driver()))"
DRAW = """
import mujoco
mujoco.Renderer(mujoco.MjModel.from_xml_string("<mujoco/>"), 8, 8).render()
"""
"""Programs for a Python of their own: a driver that does not fit may end or hold up the one that asks."""


@dataclass(frozen=True)
class Flags:
    """Say what works here, and what to do about what does not. Exit code 1 if what all need does not work."""

    log_dir: Path = Path("logs")
    """Folder of all experiments."""
    isaac_python: str = ""
    """The Python 3.8 that has Isaac Gym; that of the variable ISAAC_PYTHON by default."""


class Line(NamedTuple):
    """What was found of one thing, and what to do."""

    what: str
    found: str
    todo: str = ""  # nothing: it is well
    basic: bool = True  # whether all need it


def version(package: str) -> str:
    """Of an installed package, or that it is not."""
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return "not installed"


def of_python(flags: Flags) -> list[Line]:
    """The interpreter, and its share of the machine."""
    allotted = Line("cores", f"{cores()} allotted of {os.cpu_count()}")
    return [Line("Python", f"{platform.python_version()}, {sys.executable}"), allotted]


def of_jax(flags: Flags) -> list[Line]:
    """JAX and what it runs on."""
    answer, wrong = ask(JAX)
    if wrong:
        again = f"JAX_PLATFORMS={os.environ.get('JAX_PLATFORMS', '')}: is it what is meant? "
        return [Line("JAX", version("jax"), again * ("JAX_PLATFORMS" in os.environ) + wrong)]
    number, kinds, backend = json.loads(answer.splitlines()[-1])
    return [Line("JAX", f"{number} on {backend}: {len(kinds)} x {kinds[0]}")]


def of_driver(flags: Flags) -> list[Line]:
    """NVIDIA's driver."""
    answer, wrong = ask(DRIVER)
    facts = json.loads(answer) if not wrong else {"driver_error": wrong}
    if error := facts.get("driver_error"):
        return [Line("GPU driver", "none", f"for a GPU, NVIDIA's driver is wanted ({error})", False)]
    return [Line("GPU driver", f"{facts['driver']}, CUDA {facts['driver_cuda']}, {facts['gpus']} GPUs")]


def of_warp(flags: Flags) -> list[Line]:
    """Warp, and the kernels that it keeps."""
    if not find_spec("warp"):
        todo = "for mjx on a GPU: pip install 'gpugym-jax[warp]'"
        return [Line("Warp", "not installed", todo, False)]
    answer, wrong = ask(WARP)
    if wrong:
        return [Line("Warp", version("warp-lang"), wrong, False)]
    cache = Path(answer.splitlines()[-1])
    kept = sum(1 for p in cache.glob("*") if p.is_dir())
    return [Line("Warp", f"{version('warp-lang')}, {kept} modules of kernels in {cache}")]


def of_mujoco(flags: Flags) -> list[Line]:
    """MuJoCo, and MJX."""
    todo = "pip install -U gpugym-jax brings what fits: "
    lines = []
    for what, package, program in (("MuJoCo", "mujoco", MUJOCO), ("MJX", "mujoco-mjx", MJX)):
        _, wrong = ask(program, MUJOCO_GL="disable")
        lines.append(Line(what, version(package), todo + wrong if wrong else ""))
    return lines


def of_drawing(flags: Flags) -> list[Line]:
    """Ways to draw off screen, and the display."""
    wrong = {way: ask(DRAW, MUJOCO_GL=way)[1] for way in LIBRARIES}
    works = [way for way in LIBRARIES if not wrong[way]]
    todo = "" if works else f"for videos, on Debian: apt-get install {LIBRARIES['egl'][1]} ({wrong['egl']})"
    lines = [Line("drawing", " and ".join(works) or "none", todo, False)]
    given = os.environ.get("MUJOCO_GL", "")
    if given and given not in works:
        found = f"MUJOCO_GL={given}"
        lines.append(Line("", found, f"it cannot draw here: unset it, or {works or 'none'}", False))
    display = os.environ.get("DISPLAY", "")
    if not display:
        return [*lines, Line("window", "no DISPLAY: play films instead")]
    _, failed = ask(WINDOW)
    todo = f"no window opens ({failed}): unset it, play films instead" if failed else ""
    return [*lines, Line("window", f"DISPLAY={display}", todo, False)]


def of_ffmpeg(flags: Flags) -> list[Line]:
    """What writes videos."""
    from gpugym_jax.gate.video import find_ffmpeg

    try:
        return [Line("ffmpeg", find_ffmpeg())]
    except UserError as error:
        return [Line("ffmpeg", "none", str(error), False)]


def of_isaac(flags: Flags) -> list[Line]:
    """The interpreter that has Isaac Gym, if one is named."""
    from gpugym_jax.config import IsaacGym
    from isaac_backend.check import probe
    from isaac_backend.findings import judge

    python = flags.isaac_python or os.environ.get("ISAAC_PYTHON", "")
    if not python:
        todo = "to use it: --isaac_python or ISAAC_PYTHON, see isaac_backend/README.md"
        return [Line("Isaac Gym", "no interpreter named", todo, False)]
    try:
        found = judge(probe(python, 60.0), IsaacGym())
    except UserError as error:
        return [Line("Isaac Gym", python, str(error), False)]
    bad = [f.line for f in found if f.line]
    return [Line("Isaac Gym", python, f"{bad[0]} (all: python -m isaac_backend.check)" if bad else "", False)]


def of_trackers(flags: Flags) -> list[Line]:
    """Weights and Biases: no tracker of ours needs it."""
    return [Line("W&B", version("wandb") + " (runs are tracked by csv and tensorboard)")]


def of_disk(flags: Flags) -> list[Line]:
    """Where files go: runs, what is compiled, what is temporary."""
    places = {
        "--log_dir": flags.log_dir,
        "TMPDIR": Path(tempfile.gettempdir()),
        "compile cache": Path(devices.compile_cache()),
    }
    return [_place(name, path.absolute()) for name, path in places.items()]


def _place(name: str, path: Path) -> Line:
    try:
        check_folder(path, name)
    except UserError as error:
        return Line(name, str(path), str(error))
    there = next(p for p in (path, *path.parents) if p.is_dir())
    free = shutil.disk_usage(there).free / 1e9
    todo = "" if free >= ENOUGH_GB else "make room: a run with its checkpoints may need more"
    return Line(name, f"{path}, {free:.1f} GB free", todo, False)


CHECKS: dict[str, Callable[[Flags], list[Line]]] = {
    "Python": of_python,
    "JAX": of_jax,
    "GPU driver": of_driver,
    "Warp": of_warp,
    "MuJoCo": of_mujoco,
    "drawing": of_drawing,
    "ffmpeg": of_ffmpeg,
    "Isaac Gym": of_isaac,
    "W&B": of_trackers,
    "disk": of_disk,
}


BASIC = ("Python", "JAX", "MuJoCo", "disk")
"""What all need."""


def examined(name: str, flags: Flags) -> list[Line]:
    """What a check finds; one that fails is a finding too."""
    try:
        return CHECKS[name](flags)
    except Exception as error:  # whatever is absent or broken, the rest is to be said
        return [
            Line(
                name,
                "unknown",
                f"{type(error).__name__}: {' '.join(str(error).split())[:200]}",
                name in BASIC,
            )
        ]


def table_of(lines: list[Line]) -> Table:
    """A row a line: ok, what may be done, or what must be."""
    table = Table(box=None, pad_edge=False, show_header=False)
    for what, found, todo, basic in lines:
        mark = Text("ok", "green") if not todo else Text(todo, "red" if basic else "yellow")
        table.add_row(what, Text(found), mark)
    return table


def run(flags: Flags, overrides: list[str]) -> int:
    """Examine all at once, print; 1 if something is wrong that all need."""
    cli.take_none(overrides)
    with ThreadPoolExecutor(max(2, cores())) as workers:
        lines = [line for found in workers.map(lambda name: examined(name, flags), CHECKS) for line in found]
    Console().print(table_of(lines))
    return int(any(line.todo and line.basic for line in lines))


def main(argv: list[str] | None = None) -> int:
    """The command."""
    return cli.main(Flags, run, argv, prog="gpugym doctor", draws=True)


if __name__ == "__main__":
    sys.exit(main())
