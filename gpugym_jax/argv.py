"""From `argv` to a command's flags and the overrides `a.b.c=value` among them."""

import contextlib
import dataclasses
import difflib
import io
import re
import typing
from collections.abc import Sequence
from typing import Any, TypeVar

import tyro

from gpugym_jax.config import Config
from gpugym_jax.tables import UserError, read

Flags = TypeVar("Flags")


def _flag_names(flags: type) -> list[str]:
    """Names of all flags, those of nested dataclasses too."""
    names: list[str] = []
    for name, hint in typing.get_type_hints(flags).items():
        names += _flag_names(typing.cast(type, hint)) if dataclasses.is_dataclass(hint) else [name]
    return names


def _plain_booleans(argv: Sequence[str]) -> list[str]:
    """`--resume=True` as `--resume`, `--resume=False` as `--no_resume`; overrides stay as they are."""

    def one(arg: str) -> str:
        found = re.fullmatch(r"--([\w-]+)=(true|false)", arg, re.IGNORECASE)
        if not found:
            return arg
        return f"--{found[1]}" if found[2].lower() == "true" else f"--no_{found[1]}"

    return [one(arg) for arg in argv]


def _override(arg: str, names: Sequence[str]) -> str:
    """A leftover argument as `a.b.c=value`, or the error that it is no flag."""
    key, equals, value = arg.lstrip("-").partition("=")
    if equals and ("." in key or not arg.startswith("-") or key in Config.__dataclass_fields__):
        return f"{key}={value}"
    if "." in key:
        raise UserError(f"'{arg}' has no value; write {key}=VALUE")
    near = difflib.get_close_matches(key.replace("-", "_"), names, n=1, cutoff=0.5)
    hint = f" Did you mean '--{near[0]}'?" if near else ""
    kind = "flag" if arg.startswith("-") else "flag or override"
    raise UserError(
        f"no {kind} '{arg.partition('=')[0]}'.{hint} There are: {', '.join(f'--{n}' for n in names)}."
    )


def parse(flags: type[Flags], argv: Sequence[str], prog: str | None = None) -> tuple[Flags, list[str]]:
    """The flags, and the `a.b.c=value` overrides among the rest."""
    errors = io.StringIO()
    try:
        with contextlib.redirect_stderr(errors):
            found, rest = tyro.cli(
                flags, prog=prog, args=_plain_booleans(argv), return_unknown_args=True, use_underscores=True
            )
    except SystemExit as stop:
        if not stop.code:
            raise
        raise UserError(_one_line(errors.getvalue())) from None
    _check_bounds(found)
    names = _flag_names(flags)
    return found, [_override(arg, names) for arg in rest]


def _bounded(hint: Any) -> bool:
    """Whether a range stands beside a number in the type."""
    return hasattr(hint, "__metadata__") or any(map(_bounded, typing.get_args(hint)))


def _check_bounds(found: Any) -> None:
    """Raise `UserError` for a flag's number that is outside of its range."""
    for name, hint in typing.get_type_hints(type(found), include_extras=True).items():
        value = getattr(found, name)
        if dataclasses.is_dataclass(value):
            _check_bounds(value)
        elif _bounded(hint):
            read(f"--{name}", hint, value)


def _one_line(box: str) -> str:
    """The first paragraph of tyro's boxed error."""
    lines = [line.strip("│ ") for line in box.splitlines() if not line.startswith("╭")]
    end = next((i for i, line in enumerate(lines) if not line.strip("─╰╯")), len(lines))
    return " ".join(lines[:end]) or "the flags cannot be read"
