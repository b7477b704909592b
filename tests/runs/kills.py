"""Kill a process that saves checkpoints without pause, many times, and see what can still be read.

`python -m tests.runs.kills --kills=50 --out=docs/results/kill_during_save.json` writes the figures.
"""

import argparse
import random
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

from gpugym_jax.runs import checkpoint
from gpugym_jax.runs.flat import flatten
from gpugym_jax.runs.results import write_result
from tests.runs import toy

WIDTH = 512  # a state of 3 MB: parameters and two moments


def _identical(a: object, b: object) -> bool:
    left, right = flatten(a), flatten(b)
    return left.keys() == right.keys() and all(np.array_equal(left[k], right[k]) for k in left)


def restore(run: Path) -> int:
    """The iteration of the newest intact checkpoint, after comparing every leaf with what it must be."""
    meta = checkpoint.describe(toy.config(run), toy.robot(), {"actor": 4}) | {"physics": "traceable"}
    found = checkpoint.find_train(run, -1, meta)
    if not _identical(checkpoint.restore_train(found, toy.state(0, WIDTH)), toy.state(found.step, WIDTH)):
        raise AssertionError(f"{found.name} is not what was saved")
    return found.step


def child(run: Path) -> None:
    """Restore, then save one iteration after the other; say which are surely on disk."""
    meta = checkpoint.describe(toy.config(run), toy.robot(), {"actor": 4}) | {"physics": "traceable"}
    step = restore(run) if checkpoint.steps(run) else 0
    saver = checkpoint.Checkpoints(run, keep=3)
    while True:
        step += 1
        saver.save(step, toy.state(step, WIDTH), meta)
        if step % 5 == 0:
            saver.wait()
            print(step, flush=True)


def kill_once(run: Path, pause: float) -> int:
    """Run a child, kill it (-9) `pause` seconds after its first confirmed save; the last one confirmed."""
    command = [sys.executable, "-m", "tests.runs.kills", "--child", str(run)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        first = process.stdout.readline()
        time.sleep(pause)
        process.kill()
        rest = process.stdout.read().splitlines(keepends=True)
    whole = [line for line in (first, *rest) if line.endswith("\n")]
    if not whole:
        raise AssertionError("the child saved nothing")
    return int(whole[-1])


def half_written(run: Path) -> bool:
    """Whether the kill left a checkpoint that is not finished."""
    there = {p.name for p in (run / "checkpoints").glob("model_*")}
    return there != {f"model_{s}" for s in checkpoint.steps(run)}


def measure(run: Path, kills: int, seed: int = 0) -> dict[str, int]:
    """Kill `kills` times at random moments; raises if a confirmed checkpoint is lost or wrong."""
    draw, torn, step = random.Random(seed), 0, 0
    for _ in range(kills):
        confirmed = kill_once(run, draw.uniform(0.0, 0.5))
        torn += half_written(run)
        step = restore(run)
        if step < confirmed:
            raise AssertionError(f"model_{confirmed} was on disk, the newest intact one is model_{step}")
    return {"kills": kills, "half_written_left_behind": torn, "lost": 0, "iterations_reached": step}


def main() -> None:
    """The command."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--child", type=Path)
    parser.add_argument("--kills", type=int, default=50)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--out", type=Path)
    given = parser.parse_args()
    if given.child:
        child(given.child)
    with tempfile.TemporaryDirectory() as folder:
        figures = measure(Path(folder), given.kills, given.seed)
    figures["seed"] = given.seed
    if given.out:
        write_result(given.out, figures)
    print(figures)


if __name__ == "__main__":
    main()
