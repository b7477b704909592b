"""The gate's judgement of a policy: two scenarios, their measures, and the bounds of the exam."""

import time
from dataclasses import asdict, dataclass
from typing import Any

from gpugym_jax.config_exam import Gate, check_gate
from gpugym_jax.gate.exam import Exam
from gpugym_jax.gate.falls import make_fallen
from gpugym_jax.gate.measure import BOUNDS, measure
from gpugym_jax.gate.rollout import Frame, rollout
from gpugym_jax.gate.scenario import draw_scenario
from gpugym_jax.gate.world import SOLVER, make_world
from gpugym_jax.policy.file import Policy
from gpugym_jax.tables import UserError

Measures = dict[str, dict[str, Any]]
"""By scenario, then by measure: numbers, or one for each foot."""


@dataclass(frozen=True)
class Row:
    """A bound and how it was met."""

    bound: str  # a field of `config_exam.Gate`
    scenario: str
    measure: str
    value: float
    limit: float
    passed: bool  # a value that is not a number never passes


def sit(policy: Policy, exam: Exam, *, seed: int, calm: bool) -> Frame:
    """Draw one of the exam's two scenarios and play it."""
    scenario = draw_scenario(exam, policy.contract.step_dt, seed=seed, calm=calm)
    fallen = make_fallen(exam.gate.falls, exam.robot)
    return rollout(policy, make_world(exam, scenario.friction), fallen, scenario)


def take_measures(policy: Policy, exam: Exam, seed: int) -> Measures:
    """Play both scenarios and measure them."""
    records = {
        name: sit(policy, exam, seed=seed, calm=calm) for name, calm in (("pushed", False), ("calm", True))
    }
    return {name: measure(r, policy.contract, exam.robot.floating) for name, r in records.items()}


def judge(measures: Measures, gate: Gate) -> list[Row]:
    """One row for each bound that the gate has."""
    rows = []
    for field, bound in BOUNDS.items():
        limit = getattr(gate, field)
        if limit is None:
            continue
        if bound.measure not in measures[bound.scenario]:
            there = ", ".join(measures[bound.scenario])
            raise UserError(f"evaluate.{field}: this robot has no {bound.measure}. There are: {there}.")
        value = measures[bound.scenario][bound.measure]
        passed = value <= limit if bound.at_most else value >= limit
        rows.append(Row(field, bound.scenario, bound.measure, value, limit, bool(passed)))
    return rows


def evaluate(policy: Policy, exam: Exam, seed: int) -> tuple[Measures, list[Row], dict[str, Any]]:
    """Measures, verdicts, and the circumstances under which they were taken."""
    check_gate(exam.gate)
    begun = time.perf_counter()
    measures = take_measures(policy, exam, seed)
    rows = judge(measures, exam.gate)
    circumstances = {
        "exam": {"task": exam.task, "own": exam.own, "changed": list(exam.changed), **asdict(exam.gate)},
        "commands": {**asdict(exam.asked), "ranges": exam.asked.ranges.tolist()},
        "seed": seed,
        "sim_dt": exam.sim_dt,
        "solver": SOLVER,
        "wall_s": round(time.perf_counter() - begun, 3),
    }
    return measures, rows, circumstances
