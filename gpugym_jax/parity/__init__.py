"""Parity: the same experiments on several physics, compared with each other and with theory."""

from collections.abc import Sequence


def main(argv: Sequence[str] | None = None) -> int:
    """The command, `gpugym parity`; its exit code."""
    from gpugym_jax.parity.__main__ import main as command  # `python -m` runs that file under another name

    return command(argv)
