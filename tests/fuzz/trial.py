"""One file in a process of its own, forked from one that has imported all: how the command ended, what it said."""

import contextlib
import dataclasses
import json
import os
import resource
import signal
import sys
import tempfile
import time
import traceback
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

CPU_S, WALL_S = 20, 300
"""s after which it hangs: of a CPU, and by the clock, which goes on where a machine is shared."""
ROOM = 12 * 2**30
"""Bytes that a child may address."""
LATE_S = 1.0
"""s of a CPU that a damaged file may take beyond a good one."""

Command = Callable[[], tuple[int, Any]]
"""Its exit code, and what it made of its file, as JSON knows it."""


@dataclasses.dataclass(frozen=True)
class Told:
    """How it ended."""

    code: int  # negative: the signal that ended it
    lines: list[str]  # on stderr
    made: Any
    seconds: float  # of a CPU
    left: list[str]  # in the working folder


def _run(command: Command, folder: Path) -> None:
    """The child: all that it says goes into the folder."""
    for name, number in (("out", 1), ("err", 2)):
        os.dup2(os.open(folder / name, os.O_WRONLY | os.O_CREAT), number)
    sys.stdout, sys.stderr = os.fdopen(1, "w"), os.fdopen(2, "w")  # pytest has others
    (folder / "work").mkdir()
    os.chdir(folder / "work")
    resource.setrlimit(resource.RLIMIT_AS, (ROOM, ROOM))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_CPU, (CPU_S + int(time.process_time()),) * 2)
    signal.alarm(WALL_S)
    begun = time.process_time()
    try:
        code, made = command()
    except BaseException:
        traceback.print_exc()
        code, made = 70, None
    sys.stdout.flush()
    sys.stderr.flush()
    told = {"code": code, "made": made, "seconds": time.process_time() - begun}
    (folder / "told").write_text(json.dumps(told))


def trial(command: Command) -> Told:
    """Run it in a child."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # JAX warns of forks; it has not begun here
            child = os.fork()
        if not child:
            with contextlib.suppress(BaseException):
                _run(command, folder)
            os._exit(0)
        _, status = os.waitpid(child, 0)
        told = folder / "told"
        found = (
            json.loads(told.read_text()) if told.is_file() else {"code": None, "made": None, "seconds": 0.0}
        )
        code = -os.WTERMSIG(status) if os.WIFSIGNALED(status) else found["code"]
        left = sorted(p.name for p in (folder / "work").rglob("*")) if (folder / "work").is_dir() else []
        said = (folder / "err").read_text(errors="replace").splitlines()
        lines = [line for line in said if not line.endswith(" ...")]  # but for stages that begin
        return Told(code, lines, found["made"], found["seconds"], left)


def verdict(told: Told, good: Told, accepted: tuple[int, ...], late: float = LATE_S) -> str:
    """What became of a damaged file: "refused", "as before", "another", or what is wrong."""
    if told.code in (-signal.SIGALRM, -signal.SIGXCPU, -signal.SIGKILL):
        return "wrong: it hangs"
    if told.code is None or told.code < 0:
        return f"wrong: it crashed ({told.code})"
    if any("Traceback" in line for line in told.lines):
        return f"wrong: {told.lines[-1][:300]}"
    if told.left:
        return f"wrong: it leaves {told.left[:3]}"
    if told.seconds > good.seconds + late:
        return f"wrong: {told.seconds:.1f} s for {good.seconds:.1f}"
    if told.code == 2:
        one = len(told.lines) == 1 and told.lines[0].startswith("error: ") and len(told.lines[0]) < 1500
        return "refused" if one else f"wrong: {len(told.lines)} lines, {told.lines[:2]}"
    if told.code not in accepted or told.lines:
        return f"wrong: exit code {told.code}, {told.lines[:2]}"
    return "as before" if told.made == good.made else "another"
