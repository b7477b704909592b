"""A command's signals, heard in a thread of their own: each ends the process at once, unless a loop hears it.

The main thread may be in compiled code for minutes, where Python calls no handler, and where two signals of a
kind become one. What is imported here is imported before a command can hear: little, therefore.
"""

import contextlib
import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence

NAMES = ("SIGINT", "SIGTERM", "SIGHUP", "SIGUSR1")
STOPPING: tuple[signal.Signals, ...] = tuple(
    getattr(signal, name)
    for name in NAMES
    if hasattr(signal, name)  # Windows has the first two
)
Hear = Callable[[int], None]
"""What is done about a signal, in any thread."""

# ---------------------------------------------------------------- an end at once

_unfinished: set[str] = set()
_ending = threading.RLock()
_told = threading.Event()


def exit_code(number: int) -> int:
    """Of a process that a signal ended, as shells give it."""
    return 128 + number


@contextlib.contextmanager
def unfinished(path: str | os.PathLike[str]) -> Iterator[None]:
    """Within, a signal that ends the process takes this file or folder away first."""
    _unfinished.add(name := os.fspath(path))
    try:
        yield
    finally:
        _unfinished.discard(name)


def _remove(path: str) -> None:
    import shutil  # whoever makes temporary files has imported it

    with contextlib.suppress(OSError):
        shutil.rmtree(path) if os.path.isdir(path) else os.unlink(path)


def at_once(number: int) -> None:
    """End the process here and now.

    An exception would be raised wherever the main thread is, and what compiles there or in another thread
    would drop it, wait for its end or crash on it. Checkpoints are whole or absent whenever a process ends.
    """
    with _ending:
        again = _told.is_set()
        if not again:
            for path in list(_unfinished):
                _remove(path)
            with contextlib.suppress(OSError):
                os.write(2, b"interrupted\n")  # the buffer of `sys.stderr` may be in use
            _told.set()
    if not again:  # where nobody reads what is flushed, a second signal waits for nothing
        with contextlib.suppress(Exception):
            sys.stdout.flush()
    os._exit(exit_code(number))


# ---------------------------------------------------------------- hearing

_hearers: list[Hear] = []
"""The innermost last; none in a process that is no command."""
_heard: set[int] = set()
"""Signals that the thread heard and the main thread has not seen yet."""


def _in_thread(source: int) -> None:
    while numbers := os.read(source, 64):
        for number in numbers:
            if number in STOPPING:
                _heard.add(number)
                _hearers[-1](number)


def _in_main(number: int, _: object) -> None:
    """Hear what the thread does not: an event loop of asyncio's, while it runs, is told in its place."""
    if number not in _heard:
        time.sleep(0.05)  # s: it may be about to
    if number in _heard:
        _heard.discard(number)
    else:
        _hearers[-1](number)


def _forget() -> None:
    """In a forked child: its signals are its own, and so are its parent's files."""
    _hearers.clear()
    _unfinished.clear()
    signal.set_wakeup_fd(-1)
    for each in STOPPING:
        if signal.getsignal(each) is _in_main:
            signal.signal(each, signal.SIG_DFL)


def listen() -> None:
    """From now on a signal ends this process by `at_once`. For commands, as they begin."""
    if _hearers or threading.current_thread() is not threading.main_thread():
        return
    _hearers.append(at_once)
    source, sink = os.pipe()
    os.set_blocking(sink, False)
    signal.set_wakeup_fd(sink)
    threading.Thread(target=_in_thread, args=(source,), name="signals", daemon=True).start()
    if hasattr(os, "register_at_fork"):
        os.register_at_fork(after_in_child=_forget)
    for each in STOPPING:
        if signal.getsignal(each) != signal.SIG_IGN:
            signal.signal(each, _in_main)


def module_run(argv: Sequence[str]) -> str:
    """The module that Python was told to run (`-m`), of `sys.orig_argv`; "" if it was told otherwise."""
    words = iter(argv[1:])
    for word in words:
        if word.startswith("--") or not word.startswith("-"):
            return ""
        if word[1:2] in ("W", "X"):  # options that have a value
            if len(word) == 2:
                next(words, "")
        elif "m" in word:  # -m, or behind others as in -um
            return word.partition("m")[2] or next(words, "")
    return ""


def listening() -> bool:
    """Whether this process is a command that hears."""
    return bool(_hearers)


@contextlib.contextmanager
def heard_by(hear: Hear) -> Iterator[None]:
    """Within, a command's signals go to `hear`."""
    _hearers.append(hear)
    try:
        yield
    finally:
        _hearers.pop()
