"""What a signal does to a loop that can end well: it is asked to stop. Elsewhere it ends a command at once.

SIGINT (Ctrl-C), SIGTERM, SIGHUP (the terminal is gone) and SIGUSR1 (Slurm, before a job's time is over) are
alike. One that the process was started to ignore, as `nohup` does with SIGHUP, stays ignored.
"""

import contextlib
import io
import logging
import os
import signal
import sys
import time
from collections.abc import Callable, Iterator
from typing import Any

from gpugym_jax.hearing import STOPPING, Hear, at_once, exit_code, heard_by, listening

log = logging.getLogger(__name__)

SAME_S = 1.0
"""s in which signals are one wish: `timeout` sends each of them twice, as does an impatient hand."""


def close_output() -> int:
    """Where nobody reads standard output any more (`| head`), let nothing be written; the exit code."""
    with contextlib.suppress(OSError, ValueError):  # standard output is no file in a notebook
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, sys.stdout.fileno())  # else Python tries to, as it ends
        os.close(nowhere)
    return exit_code(signal.SIGPIPE)


def printable() -> None:
    """Let standard output show letters that its encoding lacks by their numbers, as standard error does."""
    if isinstance(sys.stdout, io.TextIOWrapper) and sys.stdout.errors == "strict":
        sys.stdout.reconfigure(errors="backslashreplace")


def piped(command: Callable[[], int]) -> int:
    """The exit code of a command, whose reader may know few letters, go away early, or not be there."""
    if sys.stdout is None:  # `>&-`
        sys.stdout = open(os.devnull, "w", encoding="utf-8")  # noqa: SIM115  (until the process ends)
    printable()
    try:
        try:
            return command()
        finally:
            sys.stdout.flush()
    except BrokenPipeError:
        return close_output()


def _in_turn(asked: list[int], again: Hear) -> Hear:
    """The first signal is noted, those soon after it are the same wish, later ones go `again`."""
    since: float | None = None  # when the first came; a reader that is gone asks too, and is no signal

    def hear(number: int) -> None:
        nonlocal since
        if since is None:
            since = time.monotonic()
            asked.append(number)
            log.info("stopping after this iteration; once more, %g s later, to stop at once", SAME_S)
        elif time.monotonic() - since > SAME_S:
            again(number)

    return hear


@contextlib.contextmanager
def _handled(handler: Callable[[int, Any], None]) -> Iterator[dict[signal.Signals, Any]]:
    """Within, the stopping signals that are not ignored go to `handler`; what they went to before."""
    before = {each: was for each in STOPPING if (was := signal.getsignal(each)) != signal.SIG_IGN}
    for each in before:
        signal.signal(each, handler)
    try:
        yield before
    finally:
        for each, was in before.items():
            signal.signal(each, was)


@contextlib.contextmanager
def interruptible() -> Iterator[list[int]]:
    """Within, a signal is only noted in the list that this yields; a second one acts as it did before."""
    asked: list[int] = []
    if listening():
        with heard_by(_in_turn(asked, at_once)):
            yield asked
        return

    def again(number: int) -> None:
        signal.signal(number, before[signal.Signals(number)])
        signal.raise_signal(number)

    hear = _in_turn(asked, again)
    with _handled(lambda number, _: hear(number)) as before:
        yield asked
