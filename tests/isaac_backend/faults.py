"""Break the boundary in many ways at random moments, and see that each ends in a clear error and leaves nothing.

`python -m tests.isaac_backend.faults --faults=200 --out=docs/results/isaac_faults.json` writes the figures.
"""

import argparse
import json
import random
import sys
import tempfile
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from gpugym_jax.runs.results import write_result
from isaac_backend import check
from tests.isaac_backend.belongings import belongings, left_behind
from tests.isaac_backend.kinds import KINDS, LIMIT_S, START_LIMIT_S
from tests.isaac_backend.rig import worker_python


def trial(kind: str, seed: int) -> tuple[float, dict[str, list[Any]]]:
    """One fault: the seconds until it was an error, and what it left behind. Raises if it is none or unclear."""
    with (
        tempfile.TemporaryDirectory() as cache,
        tempfile.TemporaryDirectory() as folder,
        pytest.MonkeyPatch.context() as patch,
    ):
        for name, value in {"TMPDIR": folder, "XDG_CACHE_HOME": cache, "ISAAC_FAULT": ""}.items():
            patch.setenv(name, value)
        patch.setattr(tempfile, "tempdir", folder)  # nobody else's files come and go here
        before = belongings()
        return KINDS[kind](random.Random(seed)), left_behind(before)


class Tally:
    """What trials of one kind came to."""

    def __init__(self) -> None:
        self.count, self.longest_s, self.left = 0, 0.0, Counter[str]()
        self.unclear: list[str] = []

    def add(self, kind: str, seed: int) -> None:
        """Run one more."""
        self.count += 1
        try:
            seconds, left = trial(kind, seed)
        except AssertionError as error:
            self.unclear.append(f"seed {seed}: {error}")
            return
        self.longest_s = max(self.longest_s, seconds)
        self.left.update({what: len(those) for what, those in left.items()})

    def figures(self) -> dict[str, Any]:
        """As JSON."""
        longest = round(self.longest_s, 3)
        return {"count": self.count, "longest_s_to_the_error": longest, "unclear": self.unclear}


def measure(faults: int, seed: int) -> dict[str, Any]:
    """`faults` trials: each kind once, then kinds as drawn."""
    draw, tallies = random.Random(seed), {kind: Tally() for kind in KINDS}
    for i in range(faults):
        kind = [*KINDS][i] if i < len(KINDS) else draw.choice([*KINDS])
        tallies[kind].add(kind, draw.randrange(10**6))
        print(f"{i + 1}/{faults} {kind}", flush=True)
    left = sum((tally.left for tally in tallies.values()), Counter[str]())
    return {
        "faults": sum(tally.count for tally in tallies.values()),
        "unclear": sum(len(tally.unclear) for tally in tallies.values()),
        "left_behind": {what: left[what] for what in ("processes", "descriptors", "files")},
        "worker_python": check.probe(worker_python(), 60.0)["python"],
        "answer_limit_s": {"step and write": LIMIT_S, "hello and init": START_LIMIT_S},
        "longest_s_to_the_error": round(max(tally.longest_s for tally in tallies.values()), 3),
        "kinds": {kind: tally.figures() for kind, tally in tallies.items()},
    }


def main() -> int:
    """The command; 1 if a fault was unclear or left something."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--faults", type=int, default=200)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--out", type=Path)
    given = parser.parse_args()
    figures = {**measure(given.faults, given.seed), "seed": given.seed}
    if given.out:
        write_result(given.out, figures)
    print(json.dumps(figures, indent=1))
    return int(bool(figures["unclear"] or any(figures["left_behind"].values())))


if __name__ == "__main__":
    sys.exit(main())
