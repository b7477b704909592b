"""The JSON schema of a task's YAML takes the shipped tasks and refuses what the loader refuses."""

import json
from dataclasses import dataclass, field
from typing import Any, ClassVar

import pytest
import yaml

from gpugym_jax import __main__ as gpugym
from gpugym_jax.bounds import Range
from gpugym_jax.config_yaml import task_names
from gpugym_jax.mdp import rewards
from gpugym_jax.paths import CONFIGS
from gpugym_jax.schema import loosened, section, sections, task_schema
from gpugym_jax.values import typed

SCHEMA = task_schema()
TYPES: dict[str, Any] = {"object": dict, "array": list, "string": str, "boolean": bool, "null": type(None)}


def is_of(kind: str, value: Any) -> bool:
    if kind in ("number", "integer"):
        whole = isinstance(value, int) or (isinstance(value, float) and value.is_integer())
        return not isinstance(value, bool) and isinstance(value, int | float) and (whole or kind == "number")
    return isinstance(value, TYPES[kind])


def fits(schema: Any, value: Any) -> bool:
    """JSON Schema 2020-12, as far as ours goes."""
    if isinstance(schema, bool):
        return schema
    if "$ref" in schema:
        return fits(SCHEMA["$defs"].get(schema["$ref"].rpartition("/")[2], False), value)
    kinds = schema.get("type", [*TYPES, "number"])
    ok = any(is_of(k, value) for k in ([kinds] if isinstance(kinds, str) else kinds))
    ok &= value in schema.get("enum", [value])
    ok &= "anyOf" not in schema or any(fits(s, value) for s in schema["anyOf"])
    if isinstance(value, int | float) and not isinstance(value, bool):
        ok &= schema.get("minimum", value) <= value <= schema.get("maximum", value)
        ok &= schema.get("exclusiveMinimum", value - 1) < value
    if isinstance(value, list):
        heads = schema.get("prefixItems", [])
        ok &= schema.get("minItems", 0) <= len(value) <= schema.get("maxItems", len(value))
        items = [*heads, *[schema.get("items", True)] * (len(value) - len(heads))]
        ok &= all(fits(s, v) for s, v in zip(items, value, strict=False))
    if isinstance(value, dict):
        known, rest = schema.get("properties", {}), schema.get("additionalProperties", True)
        ok &= all(fits(known.get(k, rest), v) for k, v in value.items())
        ok &= set(schema.get("required", [])) <= set(value)
        ok &= len(value) <= schema.get("maxProperties", len(value))
    return ok


@pytest.mark.parametrize("task", task_names())
def test_the_shipped_tasks_fit(task: str) -> None:
    assert fits(SCHEMA, yaml.safe_load((CONFIGS / f"{task}.yaml").read_text()))


@pytest.mark.parametrize(
    "text",
    [
        "runner: {run_name: 010}",
        "reset: {basic: }",
        "ppo: {actor: 64, desired_kl: null}",
        "observations: {scale: {dof_pos: [1, 2]}}",
        "observations: {actor: {terms: [dof_pos, {command: }], history: 3}, critic: same, teacher: [dof_vel]}",
        "actuator: [pd, {smoothed: {weight: 0.3}}]",
        "actuator: {pd: {kp: 20}}",
        "clock: {steady: {hz: 3}}",
        "commands: {sampler: heading}",
        "ppo: {activation: tanh, memory: {gru: {size: 32}}}",
        "ppo: {memory: {}}",
        "actions: {tau_ff: {clip: 1}, dof_pos_target: {scale: 2}}",
        "observations: {noise: {dof_pos: 0.1}}",
        "randomize: {every: episode, friction: [0.5, 1], armature: {range: [0, 1], every: run}}",
        "runner: {trackers: csv}",
        "runner: {trackers: [csv, tensorboard]}",
        "commands: {sampler: {curriculum: {first_share: 0.5, growth: 0.1}}}",
        "rewards: {torques: {weight: 1, potential: 0.99}}",
    ],
)
def test_what_the_loader_takes_fits(text: str) -> None:
    assert fits(SCHEMA, yaml.safe_load(text))


@pytest.mark.parametrize(
    "text",
    [
        "ppo: {clp: 1}",
        "control: {hz: 0}",
        "control: {hz: fast}",
        "pushes: {mode: ad}",
        "observations: {actor: [dof_poss]}",
        "observations: {actor: {terms: [dof_pos], history: 0}}",
        "actuator: [pid]",
        "actuator: [pd, {smoothed: {weight: 0}}]",
        "clock: {steady: }",
        "commands: {sampler: headin}",
        "ppo: {activation: tan}",
        "ppo: {memory: {lstm: {size: 32}}}",
        "ppo: {memory: {gru: {}}}",
        "ppo: {memory: {gru: {size: 0}}}",
        "actions: {tau: {scale: 1}}",
        "actions: {tau_ff: {scal: 1}}",
        "observations: {noise: {dof_poss: 0.1}}",
        "observations: {scale: {dof_pos: 0}}",
        "randomize: {frictoin: [0.5, 1]}",
        "runner: {trackers: [cvs]}",
        "commands: {sampler: {heading: {range: [1]}}}",
        "robot: mini_cheeta",
        "rewards: {torqes: {weight: 1}}",
        "rewards: {torques: {}}",
        "rewards: {tracking_lin_vel: {weight: 1, sigma: 0}}",
        "rewards: {base_height: {weight: 1}}",
        "terminations: {contact: {bodies: []}}",
        "reset: {basic: , range: }",
        "commands: {lin_vel_x: [1]}",
        "runner: {num_envs: 0.5}",
    ],
)
def test_what_the_loader_refuses_does_not(text: str) -> None:
    assert not fits(SCHEMA, yaml.safe_load(text))


def test_it_says_what_fields_and_terms_mean() -> None:
    assert SCHEMA["$defs"]["Control"]["properties"]["hz"]["description"] == "Hz, of the policy"
    first_line = (rewards.REWARDS["torques"].__doc__ or "").partition("\n")[0]
    assert SCHEMA["properties"]["rewards"]["properties"]["torques"]["description"] == first_line


@dataclass(frozen=True)
class Draw:
    """An entry."""

    range: Range  # from and to


@dataclass(frozen=True)
class Varied:
    """An open section."""

    OPEN: ClassVar[str] = "properties"
    every: bool = True  # each time
    properties: dict[str, Draw | Range | None] = field(default_factory=dict)


def test_an_open_section_takes_any_key_with_the_type_of_its_entries() -> None:
    got = section(typed.json_schema(Varied), Varied)
    assert sections(Varied) == [Varied, Draw]
    assert list(got["properties"]) == ["every"]
    assert got["properties"]["every"]["description"] == "each time"
    assert fits(loosened(got["additionalProperties"]), [1, 2])
    assert not fits(loosened(got["additionalProperties"]), [1])


def test_the_command_prints_it(capsys: pytest.CaptureFixture[str]) -> None:
    assert gpugym.main(["schema"]) == 0
    assert json.loads(capsys.readouterr().out) == json.loads(json.dumps(SCHEMA))
