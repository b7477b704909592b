"""YAML to `Config` and back: typed and bounded by the dataclasses, strict, and lossless."""

import dataclasses
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import yaml

from gpugym_jax.config import Config
from gpugym_jax.files import write_whole
from gpugym_jax.paths import CONFIGS
from gpugym_jax.tables import UserError, unknown
from gpugym_jax.values import typed
from gpugym_jax.values.faults import FaultError
from gpugym_jax.values.text import parse, read_text

# ---------------------------------------------------------------- plain data to a configuration, and back


class Override(NamedTuple):
    """`a.b.c=value`, taken apart."""

    key: tuple[str, ...]
    value: Any
    text: str  # as it was given


def from_mapping(mapping: object, source: str, overrides: Sequence[Override] = ()) -> Config:
    """A `Config` from plain data; errors begin with `source`, or with the override that they are of."""
    for override in overrides:
        mapping = _with(mapping, override)
    try:
        return typed.read(Config, mapping)
    except FaultError as fault:
        raise UserError(_explained(fault, source, overrides)) from None


def _plain(value: Any) -> Any:
    if dataclasses.is_dataclass(value):
        others = getattr(value, "OPEN", None)
        fields = {f.name: _plain(getattr(value, f.name)) for f in dataclasses.fields(value)}
        return fields | (fields.pop(others) if others else {})
    if isinstance(value, Mapping):
        return {k: _plain(v) for k, v in value.items()}
    return [_plain(v) for v in value] if isinstance(value, list | tuple) else value


def to_mapping(cfg: Config) -> dict[str, Any]:
    """`cfg` as plain data (dicts, lists, numbers, text), fit for YAML and JSON."""
    return _plain(cfg)


class _Dumper(yaml.SafeDumper):
    """Sections as blocks, lists on one line."""


_Dumper.add_representer(
    list, lambda d, items: d.represent_sequence("tag:yaml.org,2002:seq", items, flow_style=True)
)


def dump(cfg: Config, path: Path | str) -> None:
    """Write the resolved whole; `load_config(path)` gives an equal `Config`."""
    text = yaml.dump(to_mapping(cfg), Dumper=_Dumper, sort_keys=False, width=110)
    write_whole(Path(path), text.encode())


# ---------------------------------------------------------------- overrides


def parse_override(text: str) -> Override:
    """`a.b.c=value`; nothing after the `=` is empty text."""
    key, equals, value = text.partition("=")
    if not equals or not key:
        raise UserError(f"'{text}' is not an override; write key=value, such as runner.seed=2")
    return Override(tuple(key.split(".")), parse(value, text) if value.strip() else "", text)


def _with(mapping: object, override: Override) -> object:
    """The mapping with one value set; only what lies on the way to it is copied."""
    if not isinstance(mapping, Mapping):
        return mapping
    first, *rest = override.key
    if not rest:
        return {**mapping, first: override.value}
    below = mapping.get(first) or {}
    if not isinstance(below, Mapping):
        raise UserError(f"{override.text}: '{first}' is a value, it has no key '{rest[0]}'")
    return {**mapping, first: _with(below, override._replace(key=tuple(rest)))}


def _explained(fault: FaultError, source: str, overrides: Sequence[Override]) -> str:
    """The fault in one line, which begins with the last override that has to do with it, or with `source`."""
    path = tuple(map(str, fault.path))
    for key, _, text in reversed(overrides):
        if path[: len(key)] == key or (fault.what == "key" and key[: len(path)] == path):
            return f"{text}: {fault.sentence()}"
        if key[: len(path)] == path and isinstance(fault.got, Mapping):
            return f"{text}: '{path[-1]}' is a value, it has no key '{key[len(path)]}'"
    return f"{source}: {fault.sentence()}"


def with_overrides(cfg: Config, overrides: Sequence[str]) -> Config:
    """`cfg` with `a.b.c=value` overrides; later ones win."""
    return from_mapping(to_mapping(cfg), "configuration", [parse_override(text) for text in overrides])


# ---------------------------------------------------------------- files


def task_names() -> list[str]:
    """The shipped tasks: one YAML each."""
    return sorted(p.stem for p in CONFIGS.glob("*.yaml"))


def _locate(task_or_path: str | Path) -> tuple[Path, str]:
    """The file of a task's name or of a path, and how errors call it."""
    task_or_path = str(task_or_path)
    if task_or_path.endswith((".yaml", ".yml")) or "/" in task_or_path:
        path = Path(task_or_path)
        if not path.is_file():
            raise UserError(f"no file '{task_or_path}' to read a configuration from")
        return path, task_or_path
    if task_or_path not in task_names():
        raise unknown("task", task_or_path, task_names())
    return CONFIGS / f"{task_or_path}.yaml", f"configs/{task_or_path}.yaml"


def load_config(task_or_path: str | Path, overrides: Sequence[str] = ()) -> Config:
    """The configuration of a shipped task, or of a YAML file, with `a.b.c=value` overrides.

    Args:
        task_or_path: A name from `task_names()`, or a path to a YAML file.
        overrides: Each a dotted key, `=` and a YAML value; later ones win.

    Raises:
        UserError: On any unknown task or key, wrong type or value; it names the place and what there is.
    """
    path, source = _locate(task_or_path)
    given = [parse_override(text) for text in overrides]
    mapping = parse(read_text(path, source), source)
    cfg = from_mapping({} if mapping is None else mapping, source, given)
    return cfg if cfg.task else dataclasses.replace(cfg, task=path.stem)
