"""Memory and descriptors of long training runs on each physics that is here, and what they leave behind.

`ISAAC_DOUBLE_PYTHON=.venv38/bin/python python -m tests.runs.flat_runs docs/results/flat.json` writes the figures.
"""

import argparse
import contextlib
import json
import os
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

ITERATIONS = 2000
SETTLED = 500  # iterations: by then all is compiled, and four checkpoints are there
COMMON = ("--task=cartpole", "--device=cpu", "--num_envs=8", "--headless")
SMALL = (
    "ppo.rollout_length=4",
    "ppo.epochs=1",
    "ppo.minibatches=1",
    "runner.save_every=100",
    "runner.keep=3",
    "runner.stop_at_reward=null",
)
PHYSICS = {
    "isaacgym (double)": ("--backend=isaacgym",),  # the longest
    "mujoco": ("--backend=mujoco",),
    "mjx/jax": ("--backend=mjx", "--impl=jax"),
}
GROWTH_MIB, MORE_DESCRIPTORS = 8.0, 3
"""How much may come to a process from the settled part's first fifth to its last; a save under way opens some."""


def _children(task: Path) -> list[str]:
    with contextlib.suppress(OSError):  # a thread that has ended since
        return (task / "children").read_text().split()
    return []


def family() -> list[str]:
    """This process and its children, by their numbers."""
    own = Path("/proc/self/task")
    return ["self", *(pid for task in own.iterdir() for pid in _children(task))]


def belongings() -> dict[str, float]:
    """MiB of memory and number of descriptors of this process and its children."""
    resident, descriptors = 0, 0
    for pid in family():
        with contextlib.suppress(OSError):  # a child has ended since
            resident += int((Path("/proc") / pid / "statm").read_text().split()[1])
            descriptors += len(os.listdir(f"/proc/{pid}/fd"))
    return {"mib": resident * os.sysconf("SC_PAGE_SIZE") / 2**20, "descriptors": descriptors}


def child(out: str, arguments: Sequence[str]) -> int:
    """Train with one tracker more, which notes what the process has."""
    from gpugym_jax import train
    from gpugym_jax.runs.tracking import TRACKERS, Tracker

    def count(run: Path) -> Tracker:
        file = Path(out).open("w", buffering=1)  # noqa: SIM115  (the tracker closes it)
        return Tracker(lambda step, _: print(json.dumps(belongings()), file=file), file.close)

    TRACKERS["count"] = count
    return train.main([*COMMON, *SMALL, *arguments, "runner.trackers=[csv,tensorboard,count]"])


def summary(rows: list[dict[str, float]]) -> dict[str, Any]:
    """What came to a process after it settled: medians of the first and the last fifth of that."""
    settled = rows[SETTLED:]
    fifth = len(settled) // 5

    def ends(name: str) -> tuple[float, float]:
        values = [row[name] for row in settled]
        return statistics.median(values[:fifth]), statistics.median(values[-fifth:])

    (mib, mib_at_end), (open_before, open_at_end) = ends("mib"), ends("descriptors")
    return {
        "mib_settled": round(mib, 1),
        "mib_at_the_end": round(mib_at_end, 1),
        "mib_most": round(max(row["mib"] for row in settled), 1),
        "descriptors_settled": open_before,
        "descriptors_at_the_end": open_at_end,
        "descriptors_most": max(row["descriptors"] for row in settled),
        "flat": mib_at_end - mib <= GROWTH_MIB and open_at_end - open_before <= MORE_DESCRIPTORS,
    }


def measure(name: str, folder: Path, iterations: int, python: str) -> dict[str, Any]:
    """A run on one physics, in a working and a temporary folder of its own."""
    for place in ("work", "tmp"):
        (folder / place).mkdir()
    variables = {
        "TMPDIR": str(folder / "tmp"),
        "PYTHONPATH": os.pathsep.join([os.getcwd(), *sys.path]),
        "ISAAC_PYTHONPATH": os.path.abspath("tests/isaacgym_double"),  # of the worker only
    }
    isaac = [f"--isaac_python={python}"] if "isaacgym" in name else []
    asked = [*PHYSICS[name], *isaac, f"--log_dir={folder / 'logs'}", f"--max_iterations={iterations}"]
    command = [sys.executable, "-m", "tests.runs.flat_runs", "--child", str(folder / "rows"), *asked]
    done = subprocess.run(
        command, cwd=folder / "work", env=os.environ | variables, capture_output=True, text=True
    )
    if done.returncode:
        raise SystemExit(f"{name}: exit code {done.returncode}: {done.stderr[-2000:]}")
    rows = [json.loads(line) for line in (folder / "rows").read_text().splitlines()]
    if len(rows) != iterations:
        raise SystemExit(f"{name}: {len(rows)} iterations were noted: {done.stderr[-2000:]}")
    left = [p.name for place in ("work", "tmp") for p in (folder / place).iterdir()]
    return {"iterations": len(rows), **summary(rows), "left_behind": left}


def main(argv: Sequence[str]) -> int:
    """The command; 1 if anything grew or was left."""
    if argv[:1] == ["--child"]:
        return child(argv[1], argv[2:])
    parser = argparse.ArgumentParser()
    parser.add_argument("out", type=Path, nargs="?")
    parser.add_argument("--iterations", type=int, default=ITERATIONS)
    parser.add_argument("--only", nargs="+", choices=[*PHYSICS], default=[*PHYSICS])
    given = parser.parse_args(argv)
    python = os.environ.get("ISAAC_DOUBLE_PYTHON", "")
    names = [name for name in given.only if python or "isaacgym" not in name]

    def one(name: str) -> dict[str, Any]:
        with tempfile.TemporaryDirectory() as folder:
            row = measure(name, Path(folder), given.iterations, os.path.abspath(python))
        print(name, json.dumps(row), flush=True)
        return row

    with ThreadPoolExecutor(2) as workers:
        rows = dict(zip(names, workers.map(one, names), strict=True))
    not_run = sorted({*given.only} - {*names})  # no Python 3.8 is named
    if given.out:
        from gpugym_jax.runs.results import write_result

        write_result(
            given.out,
            {"settled_after": SETTLED, "allowed_mib": GROWTH_MIB, "physics": rows, "not_run": not_run},
        )
    return int(any(row["left_behind"] or not row["flat"] for row in rows.values()))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
