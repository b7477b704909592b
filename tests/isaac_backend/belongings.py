"""What a process holds and what it leaves: other processes, descriptors, files."""

import contextlib
import os
import tempfile
import time
from pathlib import Path
from typing import Any

PATIENCE_S = 5.0  # for what is just going


def children(pid: int) -> set[int]:
    """Processes that `pid` has started and that are still there, zombies too."""
    found: set[int] = set()
    with contextlib.suppress(OSError):
        for task in Path(f"/proc/{pid}/task").iterdir():
            found |= {int(p) for p in (task / "children").read_text().split()}
    return found


def files() -> set[str]:
    """Names in shared memory and in the folder for temporary files."""
    return {os.path.join(d, name) for d in ("/dev/shm", tempfile.gettempdir()) for name in os.listdir(d)}


def tagged() -> set[int]:
    """Processes of anybody whose folder for temporary files is that of this trial."""
    tag, found = f"TMPDIR={tempfile.gettempdir()}".encode(), set()
    for entry in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            if tag in (entry / "environ").read_bytes().split(b"\0"):
                found.add(int(entry.name))
    return found


def belongings() -> dict[str, set[Any]]:
    """What this process holds, and the processes and files that it and its workers may leave."""
    listed = Path("/proc/self/fd")
    fds = {fd for fd in os.listdir(listed) if os.path.lexists(listed / fd)}  # not that of the listing itself
    return {"processes": children(os.getpid()) | tagged(), "descriptors": fds, "files": files()}


def alive(pid: int) -> bool:
    """Whether a process runs; a zombie does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] not in "ZX"
    except OSError:
        return False


def left_behind(before: dict[str, set[Any]]) -> dict[str, list[Any]]:
    """What there is that was not there `before`, after a moment for what is just going."""
    until = time.monotonic() + PATIENCE_S
    while True:
        now = belongings()
        left = {kind: sorted(now[kind] - before[kind]) for kind in before}
        if not any(left.values()) or time.monotonic() > until:
            return left
        time.sleep(0.05)
