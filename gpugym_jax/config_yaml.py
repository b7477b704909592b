"""YAML to `Config` and back: typed by the dataclasses, strict, and lossless."""

import dataclasses
import types
import typing
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml

from gpugym_jax.config import Config
from gpugym_jax.paths import CONFIGS
from gpugym_jax.tables import UserError, unknown

# ---------------------------------------------------------------- plain values to typed ones


def _wrong(path: str, want: str, value: object) -> UserError:
    return UserError(f"{path or 'the whole'} wants {want}, got {value!r}")


def _float(value: object, path: str) -> float:
    """A float; PyYAML reads `1e-5` as text, so text that is a number counts as one."""
    if isinstance(value, int | float | str) and not isinstance(value, bool):
        try:
            return float(value)
        except ValueError:
            pass
    raise _wrong(path, "a number", value)


def _int(value: object, path: str) -> int:
    number = _float(value, path)
    if not number.is_integer():
        raise _wrong(path, "a whole number", value)
    return int(value) if isinstance(value, int) else int(number)


def _bool(value: object, path: str) -> bool:
    if not isinstance(value, bool):
        raise _wrong(path, "true or false", value)
    return value


def _str(value: object, path: str) -> str:
    """Text; a bare number is its text, but `on`, `no` and the like are booleans in YAML."""
    if isinstance(value, str | int | float) and not isinstance(value, bool):
        return str(value)
    raise _wrong(path, "text (quote it)", value)


def _free(value: object, path: str) -> object:
    """A term's parameter: its type is the term's business. Lists become tuples."""
    if isinstance(value, list | tuple):
        return tuple(_free(v, path) for v in value)
    if isinstance(value, str):
        try:
            return float(value)
        except ValueError:
            return value
    return value


_SCALARS: dict[Any, Callable[[object, str], Any]] = {
    float: _float,
    int: _int,
    bool: _bool,
    str: _str,
    object: _free,
}


def _tuple(args: tuple[Any, ...], value: object, path: str) -> tuple[Any, ...]:
    """A tuple of any length (a scalar is one of length 1), or a (low, high) range."""
    items = list(value) if isinstance(value, list | tuple) else [value]
    if args[-1] is Ellipsis:
        return tuple(_typed(args[0], v, path) for v in items)
    if len(items) != len(args):
        raise _wrong(path, f"{len(args)} numbers, [low, high]", value)
    low, high = (_typed(t, v, path) for t, v in zip(args, items, strict=True))
    if low > high:
        raise _wrong(path, "[low, high] with low <= high", value)
    return low, high


def _union(args: tuple[Any, ...], value: object, path: str) -> Any:
    """The member of a union that has the value's shape: none, list or scalar."""
    if value is None and type(None) in args:
        return None
    tuples = [a for a in args if typing.get_origin(a) is tuple]
    scalars = [a for a in args if a is not type(None) and a not in tuples]
    is_list = isinstance(value, list | tuple)
    return _typed((tuples or scalars if is_list else scalars or tuples)[0], value, path)


def _mapping(args: tuple[Any, ...], value: object, path: str) -> dict[str, Any]:
    """Named entries. An entry without a value is empty: `reset: {basic: }`."""
    value = {} if value is None else value
    if not isinstance(value, Mapping):
        raise _wrong(path, "named entries", value)
    return {str(k): _typed(args[1], v, f"{path}.{k}") for k, v in value.items()}


def _section(cls: type, value: object, path: str) -> Any:
    """A dataclass; what `value` lacks keeps its default, what the class lacks is an error."""
    value = {} if value is None else value
    hints = typing.get_type_hints(cls)
    if not isinstance(value, Mapping):
        raise _wrong(path, f"a section with {', '.join(hints)}", value)
    for key in value:
        if key not in hints:
            raise unknown(f"key in {path}" if path else "key", str(key), hints)
    prefix = f"{path}." if path else ""
    return cls(**{k: _typed(hints[k], v, prefix + k) for k, v in value.items()})


def _typed(hint: Any, value: object, path: str) -> Any:
    """`value` as `hint` says, or a `UserError` that names the dotted `path`."""
    if hint in _SCALARS:
        return _SCALARS[hint](value, path)
    if dataclasses.is_dataclass(hint):
        return _section(typing.cast(type, hint), value, path)
    kinds = {tuple: _tuple, dict: _mapping, types.UnionType: _union, typing.Union: _union}
    return kinds[typing.get_origin(hint)](typing.get_args(hint), value, path)


def from_mapping(mapping: Mapping[str, object], source: str) -> Config:
    """A `Config` from plain data; errors begin with `source`."""
    try:
        return _section(Config, mapping, "")
    except UserError as error:
        raise UserError(f"{source}: {error}") from None


# ---------------------------------------------------------------- and back


def _plain(value: Any) -> Any:
    if dataclasses.is_dataclass(value):
        return {f.name: _plain(getattr(value, f.name)) for f in dataclasses.fields(value)}
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
    Path(path).write_text(text, encoding="utf-8")


# ---------------------------------------------------------------- files and overrides


class _Loader(yaml.SafeLoader):
    """PyYAML's safe loader, which would let the second of two equal keys win; we refuse it."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        """A mapping without repeated keys."""
        keys = [self.construct_object(k, deep=True) for k, _ in node.value]
        for key in keys:
            if keys.count(key) > 1:
                raise UserError(f"line {node.start_mark.line + 1}: key '{key}' is given twice")
        return super().construct_mapping(node, deep)


def _parse(text: str, source: str) -> Any:
    try:
        return yaml.load(text, _Loader)
    except UserError as error:
        raise UserError(f"{source}: {error}") from None
    except yaml.YAMLError as error:
        raise UserError(f"{source}: not YAML: {' '.join(str(error).split())}") from None


def task_names() -> list[str]:
    """The shipped tasks: one YAML each."""
    return sorted(p.stem for p in CONFIGS.glob("*.yaml"))


def _locate(task_or_path: str) -> tuple[Path, str]:
    """The file of a task's name or of a path, and how errors call it."""
    if task_or_path.endswith((".yaml", ".yml")) or "/" in task_or_path:
        path = Path(task_or_path)
        if not path.is_file():
            raise UserError(f"no file '{task_or_path}' to read a configuration from")
        return path, task_or_path
    if task_or_path not in task_names():
        raise unknown("task", task_or_path, task_names())
    return CONFIGS / f"{task_or_path}.yaml", f"configs/{task_or_path}.yaml"


def with_override(cfg: Config, override: str) -> Config:
    """`cfg` with one `a.b.c=value`."""
    key, equals, text = override.partition("=")
    if not equals or not key:
        raise UserError(f"'{override}' is not an override; write key=value, such as runner.seed=2")
    mapping = to_mapping(cfg)
    *parents, last = key.split(".")
    section = mapping
    for parent in parents:
        section = section.setdefault(parent, {})
        if not isinstance(section, dict):
            raise UserError(f"{override}: '{parent}' is a value, it has no key '{last}'")
    section[last] = _parse(text, override)
    return from_mapping(mapping, override)


def load_config(task_or_path: str, overrides: Sequence[str] = ()) -> Config:
    """The configuration of a shipped task, or of a YAML file, with `a.b.c=value` overrides.

    Args:
        task_or_path: A name from `task_names()`, or a path to a YAML file.
        overrides: Each a dotted key, `=` and a YAML value; later ones win.

    Raises:
        UserError: On any unknown task, key or wrong type; it names the place and what there is.
    """
    path, source = _locate(task_or_path)
    mapping = _parse(path.read_text(encoding="utf-8"), source) or {}
    cfg = from_mapping(mapping, source)
    if not cfg.task:
        cfg = dataclasses.replace(cfg, task=path.stem)
    for override in overrides:
        cfg = with_override(cfg, override)
    return cfg
