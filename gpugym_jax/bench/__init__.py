"""Throughput: an environment beside its bare physics, on the same work."""

from collections.abc import Sequence


def main(argv: Sequence[str] | None = None) -> int:
    """The command, `gpugym bench`; its exit code."""
    from gpugym_jax.bench.__main__ import main as command  # `python -m` runs that file under another name

    return command(argv)
