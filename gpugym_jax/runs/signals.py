"""What a signal does to a training run: before its loop it ends the process, within it asks the loop to stop.

SIGINT (Ctrl-C), SIGTERM, SIGHUP (the terminal is gone) and SIGUSR1 (Slurm, before a job's time is over) are
alike. One that the process was started to ignore, as `nohup` does with SIGHUP, stays ignored.
"""

import contextlib
import logging
import os
import signal
import sys
from collections.abc import Callable, Iterator
from typing import Any

log = logging.getLogger(__name__)

STOPPING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGUSR1)


def exit_code(number: int) -> int:
    """Of a process that a signal ended, as shells give it."""
    return 128 + number


def close_output() -> int:
    """Where nobody reads standard output any more (`| head`), let nothing be written; the exit code."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # else Python tries to, as it ends
    return exit_code(signal.SIGPIPE)


def piped(command: Callable[[], int]) -> int:
    """The exit code of a command, whose reader may go away before its end."""
    try:
        try:
            return command()
        finally:
            sys.stdout.flush()
    except BrokenPipeError:
        return close_output()


@contextlib.contextmanager
def handled(handler: Callable[[int, Any], None]) -> Iterator[None]:
    """Within, the stopping signals that are not ignored go to `handler`."""
    before = {each: signal.getsignal(each) for each in STOPPING}
    mine = [each for each, was in before.items() if was != signal.SIG_IGN]
    for each in mine:
        signal.signal(each, handler)
    try:
        yield
    finally:
        for each in mine:
            signal.signal(each, before[each])


def at_once(number: int, _: object) -> None:
    """End the process here and now.

    An exception would be raised wherever the main thread is, and what compiles there or in another thread
    would drop it, wait for its end or crash on it. Checkpoints are whole or absent whenever a process ends.
    """
    print("interrupted", file=sys.stderr)
    sys.stdout.flush()
    os._exit(exit_code(number))


@contextlib.contextmanager
def interruptible() -> Iterator[list[int]]:
    """Within, a signal is only noted in the list that this yields; a second one acts as it did before."""
    asked: list[int] = []
    before = {each: signal.getsignal(each) for each in STOPPING}

    def ask(number: int, _: object) -> None:
        asked.append(number)
        log.info("stopping after this iteration; once more to stop at once")
        for each, was in before.items():
            signal.signal(each, was)

    with handled(ask):
        yield asked
