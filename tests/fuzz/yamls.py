"""Damage to a task's YAML: each is one way, by what a generator draws."""

import random
import re
from collections.abc import Callable

VALUES = (
    *(
        "NaN",
        ".nan",
        "0",
        "-1",
        "1e9",
        "text",
        "null",
        "",
        "1e999",
        "-0.0",
        "1e-30",
        "[]",
        "{}",
        "0.5",
        "true",
    ),
    *(
        "[1, 2, 3]",
        "{a: 1}",
        "*nobody",
        "&anchor 1",
        "!!python/object:os.system x",
        "'",
        "1_000",
        "010",
        "99999999999",
    ),
)
CONTROL = ("\0", "\x07", "\x1b[31m", "\t", "\u2028", "\ufeff", "\x85", "\r", "é", "\ud7ff")
WORD = re.compile(r"[A-Za-z_][A-Za-z_0-9]+(?=:)")
VALUE = re.compile(r"-?\d[\d.e-]*|(?<=: )[a-z_]+")
Rng = random.Random
Lines = list[str]


def dropped(rng: Rng, lines: Lines) -> None:
    """A line that is missing."""
    del lines[rng.randrange(len(lines))]


def swapped(rng: Rng, lines: Lines) -> None:
    """Two lines in each other's place."""
    a, b = rng.randrange(len(lines)), rng.randrange(len(lines))
    lines[a], lines[b] = lines[b], lines[a]


def indented(rng: Rng, lines: Lines) -> None:
    """A line that begins elsewhere."""
    place = rng.randrange(len(lines))
    lines[place] = (
        rng.choice((" ", "  ", "\t", "      ")) + lines[place]
        if rng.random() < 0.7
        else lines[place].lstrip()
    )


def doubled(rng: Rng, lines: Lines) -> None:
    """A line that is there twice, or very often."""
    place = rng.randrange(len(lines))
    lines[place:place] = [lines[place]] * rng.choice((1, 1, 2000))


def replaced(rng: Rng, lines: Lines) -> None:
    """Another value."""
    place = rng.choice([i for i, line in enumerate(lines) if VALUE.search(line) and not line.startswith("#")])
    found = rng.choice(list(VALUE.finditer(lines[place])))
    lines[place] = lines[place][: found.start()] + rng.choice(VALUES) + lines[place][found.end() :]


def misspelt(rng: Rng, lines: Lines) -> None:
    """Another key."""
    place = rng.choice([i for i, line in enumerate(lines) if WORD.search(line) and not line.startswith("#")])
    found = rng.choice(list(WORD.finditer(lines[place])))
    word = list(found[0])
    i = rng.randrange(len(word))
    word[i : i + 1] = rng.choice(([], [word[i]] * 2, ["x"], ["."], [word[i].upper()]))
    lines[place] = lines[place][: found.start()] + "".join(word) + lines[place][found.end() :]


def controlled(rng: Rng, lines: Lines) -> None:
    """A character that is no letter."""
    place = rng.randrange(len(lines))
    at = rng.randrange(len(lines[place]) + 1)
    lines[place] = lines[place][:at] + rng.choice(CONTROL) + lines[place][at:]


def endless(rng: Rng, lines: Lines) -> None:
    """A list or a mapping that is very long or very deep."""
    n = rng.choice((300, 30_000))
    huge = rng.choice(
        ("[" + "1, " * n + "1]", "[" * n + "1" + "]" * n, "{" + "".join(f"k{i}: 1, " for i in range(n)) + "}")
    )
    place = rng.choice([i for i, line in enumerate(lines) if ": " in line and not line.startswith("#")])
    key = lines[place].partition(":")[0]
    lines[place] = f"{key}: {huge}"


WAYS: tuple[Callable[[Rng, Lines], None], ...] = (
    *(dropped, swapped, indented, doubled, replaced, replaced, replaced, misspelt, controlled, endless),
)


def damaged(rng: Rng, data: bytes) -> tuple[bytes, str]:
    """A YAML with one to three damages, and which they are."""
    lines = data.decode().split("\n")
    ways = [rng.choice(WAYS) for _ in range(rng.choice((1, 1, 2, 3)))]
    for each in ways:
        each(rng, lines)
    found, names = (
        bytearray("\n".join(lines).encode(errors="surrogatepass")),
        [each.__name__ for each in ways],
    )
    if rng.random() < 0.15:
        for _ in range(rng.choice((1, 5))):
            found[rng.randrange(len(found))] = rng.randrange(256)
        names.append("flipped")
    return bytes(found), " ".join(names)
