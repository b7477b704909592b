"""What befalls a training run from outside: a full disk, a folder taken away, a log that is locked.

`python -m tests.runs.run_faults docs/results/run_faults.json` tries all of it and writes the figures.
"""

import argparse
import json
import os
import re
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

FAULT_AT = 3  # iterations done: model_2 is whole
COMMON = ("--task=cartpole", "--backend=mujoco", "--device=cpu")
SMALL = ("--num_envs=8", "runner.save_every=2", "runner.keep=9", "ppo.rollout_length=8", "ppo.minibatches=1")
NOISE = ("Traceback", "Exception", "Error:", "Segmentation", "core dumped")


# ---------------------------------------------------------------- what happens to a run, in its own process


def fill_files(run: Path) -> None:
    """No file may grow any more, as on a full disk."""
    resource.setrlimit(resource.RLIMIT_FSIZE, (1, resource.RLIM_INFINITY))


def remove_run(run: Path) -> None:
    """Its folder is taken away."""
    shutil.rmtree(run)


def remove_all(run: Path) -> None:
    """So is that of all experiments."""
    shutil.rmtree(run.parents[1])


def hide_checkpoints(run: Path) -> None:
    """A file lies where checkpoints are wanted."""
    (run / "checkpoints").rename(run / "before")
    (run / "checkpoints").write_text("")


def remove_csv(run: Path) -> None:
    """The table of numbers is taken away."""
    (run / "metrics.csv").unlink()


def lock_csv(run: Path) -> None:
    """It cannot be opened."""
    (run / "metrics.csv").rename(run / "taken.csv")
    (run / "metrics.csv").mkdir()


def remove_events(run: Path) -> None:
    """TensorBoard's folder is taken away."""
    shutil.rmtree(run / "tensorboard")


def close_terminal(run: Path) -> None:
    """Nothing can be printed any more: standard output lies on a full disk."""
    os.dup2(os.open("/dev/full", os.O_WRONLY), sys.stdout.fileno())


class Case(NamedTuple):
    """A fault, and how the run ends that it befalls."""

    fault: Callable[[Path], None]
    code: int
    says: tuple[str, ...]  # patterns of the lines beside the usual ones
    left: tuple[int, ...]  # checkpoints that are intact after it
    resumes: bool = True


CSV, EVENTS = (rf"tracker {name} failed and is left out: .*" for name in ("csv", "tensorboard"))
UNSAVED = r"error: no checkpoint could be written into .*: "
CASES = {
    "disk full": Case(
        fill_files,
        3,
        (CSV + "too large", EVENTS + "too large", UNSAVED + r".*too large\. There are: model_2\."),
        (2,),
    ),
    "run folder removed": Case(remove_run, 0, (CSV + "No such file",), (4, 6), False),
    "all folders removed": Case(remove_all, 0, (CSV + "No such file",), (4, 6), False),
    "a file for a folder": Case(hide_checkpoints, 3, (UNSAVED + ".* There are: none",), (), False),
    "csv vanished": Case(remove_csv, 0, (), (2, 4, 6)),
    "csv locked": Case(lock_csv, 0, (CSV + "Is a directory",), (2, 4, 6)),
    "events vanished": Case(remove_events, 0, (), (2, 4, 6)),
    "nothing can be printed": Case(close_terminal, 0, ("nothing more is shown: No space left",), (2, 4, 6)),
}
"""Orbax makes a folder anew that was removed, so such a run goes on; what it had saved is gone."""


def child(name: str, arguments: Sequence[str]) -> int:
    """Train with one tracker more, which does it."""
    from gpugym_jax import train
    from gpugym_jax.runs.tracking import TRACKERS, Tracker

    def befall(run: Path) -> Tracker:
        def track(step: int, numbers: object) -> None:
            if step == FAULT_AT:
                while not (run / "checkpoints" / "model_2").exists():
                    time.sleep(0.01)
                CASES[name].fault(run)

        return Tracker(track, lambda: None)

    TRACKERS["befall"] = befall
    return train.main([*COMMON, *SMALL, *arguments, "runner.trackers=[csv,tensorboard,befall]"])


# ---------------------------------------------------------------- and what is seen of it


class Seen(NamedTuple):
    """How a run ended."""

    code: int
    lines: list[str]  # beside the usual ones
    noise: int  # lines of tracebacks
    left: list[int]  # checkpoints that can be read back
    resumed: int | None  # exit code of going on; None: not tried
    strays: list[str]  # files left in the working and the temporary folder


def start(command: Sequence[str], folder: Path) -> subprocess.CompletedProcess[str]:
    """Run a Python module in a working folder and with a temporary folder of its own."""
    for name in ("work", "tmp"):
        (folder / name).mkdir(exist_ok=True)
    variables = {"TMPDIR": str(folder / "tmp"), "PYTHONPATH": os.pathsep.join([os.getcwd(), *sys.path])}
    return subprocess.run(
        [sys.executable, "-m", *command],
        cwd=folder / "work",
        env=os.environ | variables,
        capture_output=True,
        text=True,
        timeout=300,
    )


def unusual(done: subprocess.CompletedProcess[str]) -> list[str]:
    """Lines that a run which goes well does not print."""
    usual = r"import|iteration \d|.* \.\.\.$|import \d|\d+ of \d+ iterations done|no git checkout"
    return [x for x in (done.stdout + done.stderr).splitlines() if x.strip() and not re.match(usual, x)]


def intact(run: Path) -> list[int]:
    """Checkpoints that can be read back whole."""
    from gpugym_jax.runs import checkpoint

    return [step for step in checkpoint.steps(run) if checkpoint.read(run, step)] if run.is_dir() else []


def trial(name: str, folder: Path) -> Seen:
    """One fault, on a run of six iterations."""
    asked = [f"--log_dir={folder / 'logs'}", "--max_iterations=6"]
    done = start(["tests.runs.run_faults", "--child", name, *asked], folder)
    lines = unusual(done)
    runs = sorted((folder / "logs" / "cartpole").glob("*"))
    left = intact(runs[0]) if runs else []
    resumed = None
    if CASES[name].resumes:
        more = ["--resume", asked[0], "--max_iterations=7", "runner.trackers=[csv]"]
        resumed = start(["gpugym_jax.train", *COMMON, *more], folder).returncode
    strays = [p.name for place in ("work", "tmp") for p in (folder / place).iterdir()]
    noise = sum(any(word in line for word in NOISE) for line in lines)
    return Seen(done.returncode, lines, noise, left, resumed, strays)


def as_stated(name: str, seen: Seen) -> bool:
    """Whether a run ended as its case says."""
    case = CASES[name]
    said = len(seen.lines) == len(case.says) and all(map(re.match, case.says, seen.lines))
    ended = seen.code == case.code and tuple(seen.left) == case.left and not (seen.noise or seen.strays)
    return bool(said and ended and seen.resumed in ({0} if case.resumes else {None}))


def portable(line: str, folder: Path) -> str:
    """Without folders of this machine, and of a length to be read."""
    return line.replace(str(folder), "FOLDER")[:300]


def measure(names: Sequence[str]) -> dict[str, Any]:
    """Every fault, each in a folder of its own."""
    rows = {}
    for name in names:
        with tempfile.TemporaryDirectory() as folder:
            seen = trial(name, Path(folder))
            lines = [portable(line, Path(folder)) for line in seen.lines[:5]]
            rows[name] = seen._replace(lines=lines)._asdict() | {"as_stated": as_stated(name, seen)}
        print(name, json.dumps(rows[name]), flush=True)
    return {"faults": len(rows), "as_stated": sum(row["as_stated"] for row in rows.values()), "rows": rows}


def main(argv: Sequence[str]) -> int:
    """The command; 1 if a run ended otherwise than stated."""
    if argv[:1] == ["--child"]:
        return child(argv[1], argv[2:])
    parser = argparse.ArgumentParser()
    parser.add_argument("out", type=Path, nargs="?")
    parser.add_argument("--only", nargs="+", choices=[*CASES], default=[*CASES])
    given = parser.parse_args(argv)
    figures = measure(given.only)
    if given.out:
        from gpugym_jax.runs.results import write_result

        write_result(given.out, figures)
    return int(figures["as_stated"] < figures["faults"])


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
