"""Tables from names to functions, what is given for them, and errors that name the nearest right name."""

import inspect
from collections.abc import Callable, Iterable, Mapping
from functools import partial
from typing import Any, TypeVar

from gpugym_jax.bounds import ReadAs
from gpugym_jax.values import typed
from gpugym_jax.values.faults import FaultError, nearest, no_such, short

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
    return UserError(no_such(kind, name, names))


def lookup(kind: str, name: str, table: Mapping[str, T]) -> T:
    """`table[name]`, or an error that names the nearest entry."""
    if name not in table:
        raise unknown(kind, name, table)
    return table[name]


def hint_of(annotation: Any) -> Any:
    """The type of a parameter's value in a YAML."""
    read_as = [m.hint for m in getattr(annotation, "__metadata__", ()) if isinstance(m, ReadAs)]
    return read_as[0] if read_as else annotation


def parameters(f: Callable[..., Any]) -> dict[str, inspect.Parameter]:
    """The keyword-only parameters of a term: those that a YAML may give."""
    signature = inspect.signature(f, eval_str=True).parameters.values()
    return {p.name: p for p in signature if p.kind is p.KEYWORD_ONLY}


def bind_parameters(
    kind: str, name: str, f: Callable[..., Any], given: Mapping[str, object]
) -> dict[str, Any]:
    """What is `given` for the keyword-only parameters of a term, typed and bounded by its annotations.

    Raises:
        UserError: a parameter is unknown, missing or has a wrong value; it names term, parameter and value.
    """
    has = parameters(f)
    for key in given:
        if key not in has:
            raise UserError(
                f"{kind} '{name}' has no parameter {short(key)}.{nearest(key, has)} "
                f"It has: {', '.join(sorted(has)) or 'none'}."
            )
    for key, parameter in has.items():
        if parameter.default is parameter.empty and key not in given:
            raise UserError(f"{kind} '{name}' needs a value for '{key}'.")
    return {key: read(f"{kind} '{name}': {key}", hint_of(has[key].annotation), given[key]) for key in given}


def choose(
    kind: str, name: str, table: Mapping[str, Callable[..., Any]], given: Mapping[str, object]
) -> "partial[Any]":
    """The entry of that name with its parameters bound, or an error that names the nearest right one."""
    f = lookup(kind, name, table)
    return partial(f, **bind_parameters(kind, name, f, given))


def read(place: str, hint: Any, value: object) -> Any:
    """`value` as the type `hint`, or an error that begins with `place`."""
    try:
        return typed.read(hint, value)
    except FaultError as fault:
        raise UserError(fault.sentence(place)) from None


def repeated(values: Iterable[float] | float, n: int, place: str) -> tuple[float, ...]:
    """A number, or several that repeat until there are `n`; or an error that begins with `place`."""
    given = (values,) if isinstance(values, int | float) else tuple(values)
    if not given or n % len(given):
        fit = ", ".join(str(k) for k in range(1, n + 1) if n % k == 0)
        raise UserError(f"{place} has {len(given)} numbers, which do not repeat evenly over {n}. Give {fit}.")
    return given * (n // len(given))
