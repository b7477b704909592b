"""A report on disk: one JSON, and one page that needs nothing else."""

from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from gpugym_jax.files import write_whole
from gpugym_jax.parity.experiment import EXPERIMENTS, Record
from gpugym_jax.parity.judge import verdict
from gpugym_jax.parity.measuring import Measured
from gpugym_jax.parity.page import page
from gpugym_jax.parity.setup import Setup
from gpugym_jax.runs.results import circumstances, write_result


def facts(setup: Setup, measured: Measured) -> dict[str, Any]:
    """What was compared, and how."""
    policy = setup.policy
    return {
        "robot": setup.robot.name,
        "backends": measured.kinds,
        "num_envs": setup.num_envs,
        "timestep_s": setup.timestep,
        "seed": setup.seed,
        "policy": Path(policy.source).name if policy else None,
        "solver": {
            "iterations": setup.physics.solver_iterations,
            "line_search_iterations": setup.physics.line_search_iterations,
        },
        **({"workers": measured.workers} if measured.workers else {}),
        "wall_s": measured.seconds,
        "passed": verdict(measured.rows),
    }


def _figures(records: Mapping[str, Record]) -> dict[str, Any]:
    theory = next(iter(records.values())).theory
    by_backend = {
        name: {k: np.asarray(v).tolist() for k, v in r.figures.items()} for name, r in records.items()
    }
    labels = next(iter(records.values())).labels
    return {"figures": by_backend, "theory": {k: v.tolist() for k, v in theory.items()}, "labels": labels}


def write_report(folder: Path, setup: Setup, measured: Measured) -> tuple[Path, Path]:
    """Write `ROBOT.json` and `ROBOT.html` into the folder; their paths."""
    about = facts(setup, measured)
    page_file, json_file = (folder / f"{setup.robot.name}.{kind}" for kind in ("html", "json"))
    experiments = {name: _figures(records) for name, records in measured.records.items()}
    rows = [asdict(row) for row in measured.rows]
    write_result(json_file, {**about, "not_run": measured.left_out, "rows": rows, "experiments": experiments})
    text = page(circumstances() | about, measured, {name: EXPERIMENTS[name] for name in measured.records})
    write_whole(page_file, text.encode())
    return page_file, json_file
