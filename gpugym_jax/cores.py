"""How many processors this process may use."""

import os


def cores() -> int:
    """Those allotted to it, by `taskset`, Slurm or a container: they may be fewer than there are."""
    if hasattr(os, "sched_getaffinity"):  # not on macOS
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
