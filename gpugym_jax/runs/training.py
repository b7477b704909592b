"""The runner: build, compile, loop, log, save. The only effectful part of training, and thin."""

import contextlib
import logging
import time
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from gpugym_jax.config import Config
from gpugym_jax.runs import checkpoint, directory
from gpugym_jax.runs.building import begin, build, find_start
from gpugym_jax.runs.compiling import begin_compile
from gpugym_jax.runs.console import make_reporter, stage_line
from gpugym_jax.runs.loop import Loop, Outputs
from gpugym_jax.runs.stages import STARTED, stage
from gpugym_jax.runs.tracking import make_tracker

log = logging.getLogger(__name__)


class Trained(NamedTuple):
    """What became of a run."""

    run: Path  # its directory
    iteration: int
    signal: int | None  # that asked it to stop before its end


def train(cfg: Config, resume: Path | None = None, step: int = -1) -> Trained:
    """Train as `cfg` says, from a checkpoint of the run `resume` if given.

    Args:
        cfg: The whole experiment; `runner.iterations` counts those before a resume too.
        resume: A run's directory.
        step: Which of its checkpoints; -1 is the newest intact one.

    Raises:
        UserError: Before anything is compiled, if a name or a checkpoint does not fit.
        DivergedError: If a number is no longer finite.
    """
    stages = {"import": time.perf_counter() - STARTED}
    with stage("build", stages):
        built = build(cfg)
    with contextlib.closing(built.physics):
        found = find_start(cfg, built, resume, step) if resume else None
        compiled = begin_compile(built.physics, built.learner, stages)
        with stage("start", stages):
            start = begin(cfg, built, found)
        run = directory.create(cfg)
        directory.record(run, cfg, found.name if found else "")
        with outputs(cfg, run) as out:
            iterate = compiled()
            log.info("%s; run %s", stage_line(stages), run)
            done = Loop(cfg, built, out, stages).run(iterate, start)
    log.info("%d of %d iterations done; run %s", done.iteration, cfg.runner.iterations, run)
    return Trained(run, *done)


@contextlib.contextmanager
def outputs(cfg: Config, run: Path) -> Iterator[Outputs]:
    """Open what a run writes to, and close it whatever happens."""
    with contextlib.ExitStack() as stack:
        saver = checkpoint.Checkpoints(run, cfg.runner.keep)
        stack.callback(saver.close)
        tracker = make_tracker(run, cfg.runner.trackers)
        stack.callback(tracker.close)
        reporter = make_reporter(f"{cfg.task}: {run.name}")
        stack.callback(reporter.close)
        yield Outputs(run, tracker, reporter, saver)
