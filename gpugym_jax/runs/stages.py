"""What a command spends its time on before the first iteration."""

import contextlib
import logging
import time
from collections.abc import Iterator

log = logging.getLogger(__name__)

STARTED = time.perf_counter()
"""When the process began, to within Python's own start: commands import this module first."""


@contextlib.contextmanager
def stage(name: str, seconds: dict[str, float]) -> Iterator[None]:
    """Say that a stage begins, and note how long it took."""
    log.info("%s ...", name)
    begin = time.perf_counter()
    yield
    seconds[name] = time.perf_counter() - begin
