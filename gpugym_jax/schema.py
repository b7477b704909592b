"""`gpugym schema`: the JSON schema of a task's YAML, with the names and parameters of all terms."""

import dataclasses
import inspect
import json
import os
import re
import sys
import typing
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from gpugym_jax import cli
from gpugym_jax.bounds import Finite, Share
from gpugym_jax.config import Config
from gpugym_jax.tables import hint_of, parameters
from gpugym_jax.values import typed

Schema = dict[str, Any]

SCALARS = ["string", "number", "boolean"]
"""Whatever stands unquoted where text is wanted is that text."""
BARE = ("string", "number", "integer")
"""Items of which one alone is a list of one."""


@dataclass(frozen=True)
class Flags:
    """Print the JSON schema of a task's YAML, by which an editor completes and checks it as it is written.

    Write it to a file, `gpugym schema > gpugym.json`, and name that at the top of a YAML:
    `# yaml-language-server: $schema=gpugym.json`.
    """


def sections(hint: Any = Config) -> list[Any]:
    """The dataclasses that a type is made of."""
    if dataclasses.is_dataclass(hint):
        return [hint, *(s for part in typing.get_type_hints(hint).values() for s in sections(part))]
    return [s for part in typing.get_args(hint) for s in sections(part)]


def comments(cls: Any) -> dict[str, str]:
    """What stands beside the fields of a dataclass in its source."""
    rows = re.findall(r"^    (\w+): .*?  # (.*)$", inspect.getsource(cls), re.MULTILINE)
    return dict(rows)


def loosened(schema: Any) -> Any:
    """As a YAML is read: a bare item for a list of it, bare numbers for text, nothing for no parameters."""
    if isinstance(schema, list):
        return [loosened(item) for item in schema]
    if not isinstance(schema, Mapping):
        return schema
    plain = {k: loosened(v) for k, v in schema.items() if not (k == "title" and isinstance(v, str))}
    if plain.get("type") == "string" and "enum" not in plain:
        return plain | {"type": SCALARS}
    if plain.get("type") == "object" and isinstance(plain.get("additionalProperties"), Mapping | bool):
        return plain | ({"type": ["object", "null"]} if "properties" not in plain else {})
    items = schema.get("items", {})
    if plain.get("type") == "array" and items.get("type") in BARE:
        rest = {k: plain.pop(k) for k in ("default", "description") if k in plain}
        return {"anyOf": [plain, plain["items"]], **rest}
    return plain


def section(schema: Schema, cls: Any) -> Schema:
    """A dataclass's schema with its fields' comments; where it is open, any other key is an entry."""
    notes, properties = comments(cls), dict(schema["properties"])
    for name, note in notes.items():
        if name in properties:
            properties[name] = {**properties[name], "description": note}
    others = properties.pop(getattr(cls, "OPEN", ""), None)
    opened = {"additionalProperties": others["additionalProperties"]} if others else {}
    return {**schema, "properties": properties, **opened}


def term(f: Callable[..., Any], more: Mapping[str, Any], may: Mapping[str, Any]) -> Schema:
    """The parameters of a term, and what else stands or may stand beside them."""
    has = parameters(f)
    properties = {name: typed.json_schema(hint) for name, hint in {**more, **may}.items()}
    properties |= {name: typed.json_schema(hint_of(p.annotation)) for name, p in has.items()}
    needed = [*more, *(name for name, p in has.items() if p.default is p.empty)]
    about = (inspect.getdoc(f) or "").partition("\n")[0]
    return {
        "type": "object" if needed else ["object", "null"],
        "description": about,
        "properties": properties,
        "required": needed,
        "additionalProperties": False,
    }


def terms(
    table: Mapping[str, Callable[..., Any]],
    more: Mapping[str, Any] | None = None,
    may: Mapping[str, Any] | None = None,
) -> Schema:
    """A section whose keys are the names in a table."""
    properties = {name: term(table[name], more or {}, may or {}) for name in sorted(table)}
    return {"type": "object", "properties": properties, "additionalProperties": False}


def entry(table: Mapping[str, Callable[..., Any]]) -> Schema:
    """A name in a table, or that name with its parameters."""
    return {"anyOf": [{"enum": sorted(table)}, terms(table) | {"minProperties": 1, "maxProperties": 1}]}


def entries(table: Mapping[str, Callable[..., Any]]) -> Schema:
    """A list of such."""
    return listed(entry(table))


def listed(one: Schema) -> Schema:
    """A list; an item alone is a list of one."""
    return {"anyOf": [{"type": "array", "items": one}, *one.get("anyOf", [one])]}


def keyed(schema: Schema, table: Iterable[str]) -> Schema:
    """A section of like entries, whose keys are the names in a table."""
    properties = {name: schema["additionalProperties"] for name in sorted(table)}
    return {**schema, "properties": properties, "additionalProperties": False}


def observed(group: Schema, seen: Schema, table: Mapping[str, Callable[..., Any]]) -> dict[str, Schema]:
    """The sections of observations, whose lists hold the names in a table."""
    listed = entries(table)
    group["properties"]["terms"] = listed
    of_any = {"anyOf": [*listed["anyOf"], {"$ref": "#/$defs/Group"}]}
    seen["properties"] |= {
        "actor": of_any,
        "critic": {"anyOf": [{"enum": ["same"]}, *of_any["anyOf"]]},
        "scale": keyed(seen["properties"]["scale"], table),
        "noise": keyed(seen["properties"]["noise"], table),
    }
    return {"Group": group, "Observations": {**seen, "additionalProperties": of_any}}


def task_schema() -> Schema:
    """The schema of a task's YAML."""
    from gpugym_jax.mdp import actions, actuators, clocks, commands, observations, resets, terminations
    from gpugym_jax.mdp.rewards import REWARDS
    from gpugym_jax.ppo.memories import MEMORIES
    from gpugym_jax.ppo.networks import ACTIVATIONS
    from gpugym_jax.robots import ROBOTS
    from gpugym_jax.robots.varied import VARIED
    from gpugym_jax.runs.tracking import TRACKERS

    whole = typed.json_schema(Config)
    definitions = whole.pop("$defs")
    by_name = {cls.__name__: cls for cls in sections()}
    definitions = {name: section(schema, by_name[name]) for name, schema in definitions.items()}
    definitions |= observed(definitions["Group"], definitions["Observations"], observations.OBSERVATIONS)
    randomize = keyed(definitions["Randomize"], VARIED)
    randomize["properties"] |= definitions["Randomize"]["properties"]
    definitions["Randomize"] = randomize
    definitions["Commands"]["properties"]["sampler"] = entry(commands.COMMANDS)
    definitions["Runner"]["properties"]["trackers"] = listed({"enum": sorted(TRACKERS)})
    definitions["Ppo"]["properties"] |= {
        "activation": {"enum": sorted(ACTIVATIONS)},
        "memory": terms(MEMORIES) | {"maxProperties": 1},
    }
    whole = section(whole, Config)
    whole["properties"] |= {
        "robot": {"enum": sorted(ROBOTS)},
        "actions": keyed(whole["properties"]["actions"], actions.BLOCKS),
        "actuator": entries({**actuators.MOTORS, **actuators.WRAPPERS}),
        "clock": entry(clocks.CLOCKS),
        "rewards": terms(REWARDS, {"weight": Finite}, {"potential": Share}),
        "terminations": terms(terminations.TERMINATIONS),
        "reset": terms(resets.RESETS) | {"maxProperties": 1},
    }
    draft = "https://json-schema.org/draft/2020-12/schema"
    return {"$schema": draft, "title": "A task of gpuGym-JAX", **loosened({**whole, "$defs": definitions})}


def run(flags: Flags, overrides: list[str]) -> int:
    """Print it."""
    cli.take_none(overrides)
    os.environ.setdefault("JAX_PLATFORMS", "cpu")  # the tables of terms import JAX, and need no GPU
    print(json.dumps(task_schema(), indent=2))
    return 0


def main(argv: list[str] | None = None) -> int:
    """The command."""
    return cli.main(Flags, run, argv, prog="gpugym schema")


if __name__ == "__main__":
    sys.exit(main())
