"""Tables from names to functions, and errors that name the nearest right name."""

import difflib
import inspect
from collections.abc import Callable, Iterable, Mapping
from typing import Any, TypeVar

T = TypeVar("T")
F = TypeVar("F", bound=Callable[..., Any])


class UserError(ValueError):
    """What the user gave is wrong, in one line. Commands print it and exit with code 2."""


def register(table: dict[str, Callable[..., Any]]) -> Callable[[F], F]:
    """A decorator that enters a function into `table` under its own name."""

    def decorate(f: F) -> F:
        name = f.__name__
        if name in table:
            raise ValueError(f"'{name}' is registered twice")
        table[name] = f
        return f

    return decorate


def unknown(kind: str, name: str, names: Iterable[str]) -> UserError:
    """The error for a name that does not exist: the nearest one, and all there are."""
    known = sorted(names)
    near = difflib.get_close_matches(name, known, n=1, cutoff=0.5)
    hint = f" Did you mean '{near[0]}'?" if near else ""
    return UserError(f"no {kind} named '{name}'.{hint} There are: {', '.join(known) or 'none'}.")


def lookup(kind: str, name: str, table: Mapping[str, T]) -> T:
    """`table[name]`, or an error that names the nearest entry."""
    if name not in table:
        raise unknown(kind, name, table)
    return table[name]


def parameters(f: Callable[..., Any]) -> dict[str, Any]:
    """The keyword-only parameters of a term and their defaults (`inspect.Parameter.empty` where required)."""
    return {p.name: p.default for p in inspect.signature(f).parameters.values() if p.kind is p.KEYWORD_ONLY}


def check_parameters(kind: str, name: str, f: Callable[..., Any], given: Iterable[str]) -> None:
    """Raise if `given` has a parameter that `f` lacks, or lacks one that it needs."""
    has, given = parameters(f), set(given)
    for key in sorted(given - set(has)):
        near = difflib.get_close_matches(key, has, n=1, cutoff=0.5)
        hint = f" Did you mean '{near[0]}'?" if near else ""
        raise UserError(
            f"{kind} '{name}' has no parameter '{key}'.{hint} It has: {', '.join(sorted(has)) or 'none'}."
        )
    for key, default in has.items():
        if default is inspect.Parameter.empty and key not in given:
            raise UserError(f"{kind} '{name}' needs a value for '{key}'.")
