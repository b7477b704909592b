"""Signals in every stage of the real commands: exit code, what is said, what is left, what was lost.

`python -m tests.runs.signal_table docs/results/signals.json` writes the table. SIGINT and SIGHUP go to the whole
process group, as a terminal sends them, SIGTERM and SIGKILL to the command. Once and twice, in each of `STAGES`.

What is to come of it: a stage before the loop, and a command without one, ends at once, with code 128 + n and
one line; a loop ends after its iteration, with code 128 + n and two lines, and has saved what it finished. A
second signal that comes a second later ends it at once. SIGKILL says nothing and loses what was not saved yet.
"""

import contextlib
import csv
import io
import logging
import os
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any, NamedTuple

import onnx

from gpugym_jax import train
from gpugym_jax.runs import checkpoint
from gpugym_jax.runs.directory import runs_of
from gpugym_jax.runs.results import write_result
from tests.runs.stages import STAGES, TINY, Seen, Stage

SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGKILL)
TO_ALL = (signal.SIGINT, signal.SIGHUP)
LIMIT_S = 120.0
OTHERS = {".ses"}
"""In the temporary folder: onnxruntime's one file, as it is imported."""


class Told(NamedTuple):
    """How a command ended."""

    code: int
    lines: list[str]  # on stderr, from the signal on, but for stages that begin
    seconds: float  # from the signal on
    processes: int  # that it left behind


def _seen(process: subprocess.Popen[bytes], home: Path) -> Seen:
    out, err = ((home / name).read_text(errors="replace") for name in ("out", "err"))
    return Seen(process.pid, home, out, err)


def _of_session(session: int) -> list[int]:
    """Processes of a session that run."""
    found = []
    for stat in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):
            state, _, _, its = stat.read_text().rpartition(")")[2].split()[:4]
            found += [int(stat.parent.name)] if int(its) == session and state != "Z" else []
    return found


def _send(process: subprocess.Popen[bytes], number: signal.Signals) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, number) if number in TO_ALL else os.kill(process.pid, number)


def _wait_for(stage: Stage, process: subprocess.Popen[bytes], home: Path) -> None:
    end = time.monotonic() + LIMIT_S
    while not stage.here(_seen(process, home)):
        if process.poll() is not None or time.monotonic() > end:
            raise AssertionError(f"it never came so far: {_seen(process, home)}")
        time.sleep(0.005)


def interrupt(stage: Stage, numbers: list[signal.Signals], home: Path, runs: Path) -> Told:
    """Run a stage's command in `home`, send the signals when it is there, wait for its end."""
    for each in TO_ALL:  # in a shell's background jobs they are ignored, and by all that is started there
        if signal.getsignal(each) == signal.SIG_IGN:
            signal.signal(each, signal.SIG_DFL)
    (home / "tmp").mkdir()
    places = {"HOME": str(home), "RUNS": str(runs)}
    words = [word.replace("HOME", places["HOME"]).replace("RUNS", places["RUNS"]) for word in stage.command]
    where = [f"--log_dir={home}"] if words[0] == "train" else []
    command = [sys.executable, "-m", "gpugym_jax", *words, *where]
    env = os.environ | {"TMPDIR": str(home / "tmp"), "PYTHONUNBUFFERED": "1"}
    with (home / "out").open("wb") as out, (home / "err").open("wb") as err:
        process = subprocess.Popen(command, stdout=out, stderr=err, start_new_session=True, env=env)
        try:
            _wait_for(stage, process, home)
            before, begun = len(_seen(process, home).err), time.monotonic()
            for i, number in enumerate(numbers):
                if i:
                    time.sleep(stage.gap)
                _send(process, number)
            code = process.wait(LIMIT_S)
            seconds = time.monotonic() - begun
        finally:
            process.kill()
            process.wait()
    end = time.monotonic() + 5.0
    while _of_session(process.pid) and time.monotonic() < end:  # what hears of it by the end of a pipe
        time.sleep(0.05)
    said = _seen(process, home).err[before:].splitlines()
    lines = [line for line in said if line and not line.endswith(" ...")]
    return Told(code, lines, seconds, len(_of_session(process.pid)))


def expected(stage: Stage, numbers: list[signal.Signals], told: Told) -> bool:
    """Whether the command ended as it should have."""
    last = numbers[0]
    if last == signal.SIGKILL:
        return told.code == -last and not told.lines
    if not stage.loop:
        return told.code == 128 + last and told.lines == ["interrupted"]
    asked = told.code == 128 + last and told.lines[0].startswith("stopping after this iteration")
    late = len(numbers) > 1 and stage.gap > 1.0 and told.lines[1:] == ["interrupted"]
    ended = len(told.lines) == 2 and " iterations done; run " in told.lines[1]
    return asked and (late or ended)


# ---------------------------------------------------------------- what is left


def _finished(run: Path) -> int:
    """The iteration whose numbers were written last."""
    table = run / "metrics.csv"
    rows = list(csv.DictReader(table.open())) if table.is_file() else []
    return int(rows[-1]["step"]) if rows else 0


def _resumes(home: Path, step: int) -> bool:
    """Whether the same command goes on with the run, or begins one where there is nothing to go on with."""
    flags = [*TINY, f"--log_dir={home}", f"--max_iterations={step + 1}", *(["--resume"] if step else [])]
    with contextlib.redirect_stdout(io.StringIO()):
        return train.main(flags) == 0


def training_left(home: Path) -> dict[str, Any]:
    """What a training command finished, what of it can be read back, and whether it goes on."""
    runs = runs_of(home / "x")
    there = checkpoint.steps(runs[-1]) if runs else []
    saved = checkpoint.newest_intact(runs[-1]).step if there else 0
    finished = _finished(runs[-1]) if runs else 0
    resumed = _resumes(home, saved)
    return {"finished": finished, "saved": saved, "lost": max(finished - saved, 0), "resumed": resumed}


def sound(path: Path) -> bool:
    """Whether what a command makes is whole."""
    if path.suffix == ".onnx":
        onnx.checker.check_model(onnx.load(path))
    elif path.suffix == ".json":
        path.read_text().index("passed")
    return path.stat().st_size > 0


def left(stage: Stage, home: Path) -> dict[str, Any]:
    """What a command left in its folder and in the temporary one."""
    made = [home / name for name in stage.made]
    hidden = [p for p in home.rglob(".*") if p.is_file() and p.parent != home / "tmp"]
    return {
        "made": [path.name for path in made if path.exists() and sound(path)],
        "half_made": [path.name for path in hidden],
        "temporary": sorted({p.name for p in (home / "tmp").iterdir()} - OTHERS),
    }


def row(name: str, numbers: list[signal.Signals], runs: Path) -> dict[str, Any]:
    """One line of the table."""
    stage = STAGES[name]
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        told = interrupt(stage, numbers, home, runs)
        remains = left(stage, home)
        text = (home / "err").read_text(errors="replace")
        if stage.command[0] == "train":
            remains |= training_left(home)
    killed = numbers[0] == signal.SIGKILL
    wrong = {
        "end": not expected(stage, numbers, told),
        "traceback": "Traceback" in text,
        "crash": "Fatal Python error" in text or told.code in (-signal.SIGSEGV, -signal.SIGABRT),
        "processes": told.processes > 0,
        "left": not killed and bool(remains["half_made"] or remains["temporary"]),
        "lost": not killed and remains.get("lost", 0) > 1,
        "resume": not remains.get("resumed", True),
    }
    return {
        "stage": name,
        "signal": numbers[0].name,
        "times": len(numbers),
        "exit_code": told.code,
        "lines": [line.partition("; run ")[0] for line in told.lines],
        "seconds": round(told.seconds, 2),
        **remains,
        "wrong": [what for what, is_so in wrong.items() if is_so],
    }


def main(out: str, only: list[str]) -> None:
    """The command."""
    logging.disable()  # of the runs that go on, in this process
    with tempfile.TemporaryDirectory() as runs:
        assert _resumes(Path(runs), 0)
        rows = []
        for name in only or STAGES:
            for number in SIGNALS:
                for times in (1, 2):
                    rows.append(row(name, [number] * times, Path(runs)))
                    print(*rows[-1].values(), sep="\t", flush=True)
    wrong = sum(bool(each["wrong"]) for each in rows)
    write_result(Path(out), {"cases": len(rows), "wrong": wrong, "rows": rows})
    print(f"{wrong} of {len(rows)} wrong")


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2:])
