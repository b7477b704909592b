"""The gate's judgement of a policy: two scenarios, their measures, and the bounds of the configuration."""

import time
from dataclasses import dataclass
from typing import Any

from gpugym_jax.config import Gate
from gpugym_jax.gate.measure import BOUNDS, measure
from gpugym_jax.gate.rollout import rollout
from gpugym_jax.gate.scenario import draw_scenario
from gpugym_jax.gate.world import SOLVER
from gpugym_jax.policy.file import Policy
from gpugym_jax.robots.scene import Scene
from gpugym_jax.tables import UserError

Measures = dict[str, dict[str, Any]]
"""By scenario, then by measure: numbers, or one for each foot."""


@dataclass(frozen=True)
class Row:
    """A bound and how it was met."""

    bound: str  # a field of `config.Gate`
    scenario: str
    measure: str
    value: float
    limit: float
    passed: bool  # a value that is not a number never passes


def take_measures(policy: Policy, scene: Scene, gate: Gate, seed: int) -> Measures:
    """Play both scenarios and measure them."""
    measures = {}
    for name, calm in (("pushed", False), ("calm", True)):
        scenario = draw_scenario(
            policy.contract,
            scene,
            episodes=gate.episodes,
            seconds=gate.seconds,
            seed=seed,
            calm=calm,
            friction=gate.friction,
        )
        measures[name] = measure(rollout(policy, scenario), policy.contract, scene.robot.floating)
    return measures


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


def evaluate(
    policy: Policy, scene: Scene, gate: Gate, seed: int
) -> tuple[Measures, list[Row], dict[str, Any]]:
    """Measures, verdicts, and the circumstances under which they were taken."""
    begun = time.perf_counter()
    measures = take_measures(policy, scene, gate, seed)
    rows = judge(measures, gate)
    circumstances = {
        "episodes": gate.episodes,
        "seconds": gate.seconds,
        "seed": seed,
        "friction": list(gate.friction),
        "solver": SOLVER,
        "wall_s": round(time.perf_counter() - begun, 3),
    }
    return measures, rows, circumstances
