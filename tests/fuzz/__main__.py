"""`python -m tests.fuzz docs/results/fuzz.json [SEED...]`: 200 policy files and 100 YAMLs for each seed.

Each is refused in one line, judged or configured as before, or is of another value that may be judged ("another").
All else is wrong: another exception, a crash, a hang, a second line or a warning, a file left in the working
folder, more than a second of a CPU beyond the good file's.
"""

import collections
import sys
import tempfile
from pathlib import Path
from random import Random
from typing import Any

from gpugym_jax.runs.results import write_result
from tests.fuzz.subjects import KINDS
from tests.fuzz.trial import LATE_S, trial, verdict

COUNTS = {"policies": 200, "yamls": 100}


def fuzz(kind: str, count: int, seed: int, keep: Path | None = None, late: float = LATE_S) -> dict[str, Any]:
    """Damage and try so many files; how many became what, and those that are wrong."""
    files, damage, command, accepted = KINDS[kind]
    rng, ways, wrong = Random(f"{kind} {seed}"), collections.Counter(), []
    with tempfile.TemporaryDirectory() as name:
        good = files(Path(name))
        told = {file: trial(command(file)) for file in good}
        if bad := {file.name: t.lines for file, t in told.items() if t.code not in accepted}:
            raise AssertionError(bad)
        for i in range(count):
            file = rng.choice(good)
            content, how = damage(rng, file.read_bytes())
            tried = Path(name) / f"tried{file.suffix}"
            Path(f"{tried}.json").unlink(missing_ok=True)
            tried.write_bytes(content)
            found = verdict(trial(command(tried)), told[file], accepted, late)
            ways[found.partition(":")[0]] += 1
            if found.startswith("wrong"):
                wrong.append({"number": i, "file": file.name, "how": how, "what": found})
                print(kind, seed, wrong[-1], flush=True)
                if keep:
                    (keep / f"{kind}_{seed}_{i}{file.suffix}").write_bytes(content)
    return {"kind": kind, "seed": seed, "files": count, **ways, "each_wrong": wrong}


def main(out: Path, seeds: list[int], keep: Path | None = None) -> None:
    """The command."""
    rows = [fuzz(kind, count, seed, keep) for seed in seeds for kind, count in COUNTS.items()]
    for row in rows:
        print(row)
    write_result(out, {"rows": rows})


if __name__ == "__main__":
    main(Path(sys.argv[1]), [int(seed) for seed in sys.argv[2:]] or [0])
