"""`gpugym COMMAND`: the commands under one name, and `gpugym list`, the catalogue of what a YAML may name."""

import importlib
import inspect
import os
import sys
from collections.abc import Mapping, Sequence

from gpugym_jax.config_yaml import task_names
from gpugym_jax.paths import CONFIGS
from gpugym_jax.runs.signals import piped
from gpugym_jax.tables import UserError, lookup

COMMANDS = {
    "train": "train a task, or go on with a run",
    "play": "watch a policy",
    "evaluate": "judge a policy in C MuJoCo",
    "export": "write a policy as ONNX",
    "bench": "measure an environment against its bare physics",
    "schema": "print the JSON schema of a task's YAML, for editors",
    "doctor": "say what works here, and what to do about what does not",
    "parity": "compare physics with each other and with theory",
}
"""Modules of this package that have a `main(argv)`, and what they do."""

TABLES = {
    "robots": ("robots", "ROBOTS"),
    "rewards": ("mdp.rewards", "REWARDS"),
    "observations": ("mdp.observations", "OBSERVATIONS"),
    "terminations": ("mdp.terminations", "TERMINATIONS"),
    "commands": ("mdp.commands", "COMMANDS"),
    "resets": ("mdp.resets", "RESETS"),
    "clocks": ("mdp.clocks", "CLOCKS"),
    "actions": ("mdp.actions", "BLOCKS"),
    "motors": ("mdp.actuators", "MOTORS"),
    "wrappers": ("mdp.actuators", "WRAPPERS"),
    "randomize": ("robots.varied", "VARIED"),
    "activations": ("ppo.networks", "ACTIVATIONS"),
    "memories": ("ppo.memories", "MEMORIES"),
    "trackers": ("runs.tracking", "TRACKERS"),
}
"""What `gpugym list` can print: module and table, imported only when asked for."""


def first_line(entry: object) -> str:
    """What a table's entry says of itself: a function's first line, what varies, a robot's facts."""
    if isinstance(entry, str):
        return entry
    if callable(entry):
        return (inspect.getdoc(entry) or "").partition("\n")[0]
    if varies := [text for name in ("about", "unit") if (text := getattr(entry, name, ""))]:
        return ", ".join(varies)
    dofs = len(getattr(entry, "dofs", ()))
    return f"{dofs} joints, {'floating' if getattr(entry, 'floating', False) else 'fixed'} base"


def entries(kind: str) -> dict[str, str]:
    """Names of a table, each with one line about it."""
    if kind == "tasks":
        return {name: _first_comment(name) for name in task_names()}
    module, name = lookup("list", kind, {**TABLES, "tasks": ("", "")})
    table: Mapping[str, object] = getattr(importlib.import_module(f"gpugym_jax.{module}"), name)
    return {name: first_line(table[name]) for name in sorted(table)}


def _first_comment(task: str) -> str:
    line = (CONFIGS / f"{task}.yaml").read_text(encoding="utf-8").partition("\n")[0]
    return line.lstrip("# ") if line.startswith("#") else ""


def print_list(argv: Sequence[str]) -> int:
    """`gpugym list KIND...`; without a kind, the kinds there are."""
    os.environ.setdefault("JAX_PLATFORMS", "cpu")  # a catalogue needs no GPU
    if not argv or argv[0].startswith("-"):
        print("gpugym list KIND\n\n  " + "\n  ".join(["tasks", *TABLES]))
        return 0
    for kind in argv:
        found = entries(kind)
        width = max(map(len, found), default=0)
        for name, line in found.items():
            print(f"{name:{width}}  {line}".rstrip())
    return 0


def usage() -> str:
    """What `gpugym` alone prints."""
    about = {**COMMANDS, "list": "what a YAML may name: " + ", ".join(["tasks", *TABLES])}
    return "gpugym COMMAND [--help]\n\n" + "\n".join(f"  {name:10}{line}" for name, line in about.items())


def main(argv: Sequence[str] | None = None) -> int:
    """The command; its exit code."""
    command, *rest = [*(sys.argv[1:] if argv is None else argv)] or ["--help"]
    if command in ("-h", "--help"):
        return piped(lambda: print(usage()) or 0)
    try:
        if command == "list":
            return piped(lambda: print_list(rest))
        lookup("command", command, {**COMMANDS, "list": ""})
    except UserError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    return importlib.import_module(f"gpugym_jax.{command}").main(rest)


if __name__ == "__main__":
    sys.exit(main())
