"""What is wrong with a value from outside: one line with the place, what is wanted and what is nearest."""

import difflib
from collections.abc import Iterable, Mapping
from typing import Any

from gpugym_jax.values.scalars import FLAGS, NUMBER, free

Step = str | int
HIDDEN = "\0"
"""Begins the steps of pydantic's paths that are no key of the user's: the member of a union, the field of an
open section that holds the rest."""


class FaultError(ValueError):
    """A value that is not what is wanted, or a key that does not exist (then `what` is "key")."""

    def __init__(self, path: tuple[Step, ...], what: str, got: object, names: Iterable[str] = ()) -> None:
        super().__init__(what)
        self.path, self.what, self.got, self.names = path, what, got, sorted(names)

    def sentence(self, home: str = "") -> str:
        """One line; `home` is where the path begins."""
        if self.what == "key":
            *parents, name = self.path
            place = joined(home, dotted(parents))
            return no_such(f"key in {place}" if place else "key", str(name), self.names)
        near = nearest(self.got, self.names) if isinstance(self.got, str) else ""
        place = joined(home, dotted(self.path)) or "the whole"
        return f"{place} wants {self.what}, got {shown(self.got)}{'.' if near else ''}{near}"


def nearest(name: str, names: Iterable[str]) -> str:
    """A question with the nearest of the names, if one is near."""
    near = difflib.get_close_matches(name[:100], list(names), n=1, cutoff=0.5)
    return f" Did you mean '{near[0]}'?" if near else ""


def no_such(kind: str, name: str, names: Iterable[str]) -> str:
    """That there is nothing of that name; the nearest, and all there are."""
    known = sorted(names)
    return f"no {kind} named {short(name)}.{nearest(name, known)} There are: {', '.join(known) or 'none'}."


def dotted(path: Iterable[Step]) -> str:
    """`a.b[1].c`, on one line; the place in a list of plain values is left out."""
    steps = list(path)
    while steps and isinstance(steps[-1], int):
        steps.pop()
    text = "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in steps)
    return text.removeprefix(".") if text.isprintable() else short(text)


def joined(home: str, place: str) -> str:
    """A place within another."""
    return f"{home}.{place}" if home and place else home or place


def short(text: str) -> str:
    """Quoted, on one line, not endless."""
    return repr(text if len(text) <= 60 else text[:57] + "...")


def shown(value: object) -> str:
    """A value as a user would write it."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, str):
        bare = len(value) < 60 and (NUMBER.fullmatch(value) or value in FLAGS)
        return value if bare else short(value)
    text = repr(_bare(value))
    return text if len(text) <= 60 else text[:57] + "..."


def _bare(value: Any) -> Any:
    """Text that is a number as one, so that a list of them is shown without quotes."""
    if isinstance(value, Mapping):
        return {k: _bare(v) for k, v in value.items()}
    return [_bare(v) for v in value] if isinstance(value, list | tuple) else free(value)
