"""From `argv` to a command's flags and the overrides `a.b.c=value` among them."""

import contextlib
import dataclasses
import difflib
import io
import re
import sys
import typing
from collections.abc import Sequence
from typing import Any, TypeVar

import tyro

from gpugym_jax.config import Config
from gpugym_jax.tables import UserError, read

Flags = TypeVar("Flags")


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
    there = ", ".join(f"--{n}" for n in names) or "none"
    raise UserError(f"no {kind} '{arg.partition('=')[0]}'.{hint} There are: {there}.")


def check_text(argv: Sequence[str]) -> None:
    """Raise `UserError` if an argument is no text: what is made of it could not be written anywhere."""
    for arg in argv:
        try:
            arg.encode()
        except UnicodeEncodeError:
            raise UserError(
                f"{arg!a} is not text in {sys.getfilesystemencoding()}, by which the shell's arguments "
                f"are read; LC_ALL=C.UTF-8 or PYTHONUTF8=1 has them read as UTF-8."
            ) from None


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
        said = _one_line(errors.getvalue())
        _own_words(flags, said)
        raise UserError(said) from None
    _check_bounds(found)
    names = list(_hints(flags))
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
        elif _bounded(hint) and value is not None:
            read(f"--{name}", _given(hint), value)


def _given(hint: Any) -> Any:
    """The type of a flag that is given: not None."""
    others = [arg for arg in typing.get_args(hint) if arg is not type(None)]
    return others[0] if len(others) == 1 and type(None) in typing.get_args(hint) else hint


def _hints(flags: type) -> dict[str, Any]:
    """Types of all flags, those of nested dataclasses too."""
    found: dict[str, Any] = {}
    for name, hint in typing.get_type_hints(flags, include_extras=True).items():
        plain = typing.cast(type, hint.__origin__ if hasattr(hint, "__metadata__") else hint)
        found |= _hints(plain) if dataclasses.is_dataclass(plain) else {name: _given(hint)}
    return found


def _own_words(flags: type, said: str) -> None:
    """Raise our own error in place of tyro's, if it is that a flag's text is none of its type."""
    found = re.search(r"parsing --([\w-]+): (.*)", said)
    texts = re.findall(r"'([^']*)'", found[2]) if found else []
    if found and texts:
        name = found[1].replace("-", "_")
        hint = _hints(flags).get(name, str)
        read(f"--{name}", hint, texts if typing.get_origin(hint) is tuple else texts[0])
        raise UserError(f"--{name} wants plain digits, got '{' '.join(texts)}'.")


def _one_line(box: str) -> str:
    """The first paragraph of tyro's boxed error, without its title."""
    lines = [line.strip("│ ") for line in box.splitlines() if not line.startswith("╭")]
    end = next((i for i, line in enumerate(lines) if not line.strip("─╰╯")), len(lines))
    parts = re.split(r"-{5,}", " ".join(lines[:end]))
    return parts[min(1, len(parts) - 1)].strip() or "the flags cannot be read"
