"""The loop over iterations: numbers out, checkpoints out, and a clean end whatever happens."""

import json
import logging
import signal
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from gpugym_jax.config import Config
from gpugym_jax.files import NotWrittenError, write_whole
from gpugym_jax.runs import checkpoint
from gpugym_jax.runs.building import Built, Start
from gpugym_jax.runs.console import Progress, Reporter
from gpugym_jax.runs.signals import close_output, interruptible
from gpugym_jax.runs.stages import STARTED
from gpugym_jax.runs.tracking import Tracker

log = logging.getLogger(__name__)


class DivergedError(RuntimeError):
    """The numbers of a run are no longer finite."""


@jax.jit
def _finite(tree: Any) -> jax.Array:
    return jnp.all(jnp.array([jnp.all(jnp.isfinite(x)) for x in jax.tree.leaves(tree)]))


def check_finite(numbers: dict[str, float], iteration: int, run: Path) -> None:
    """Raise, naming the metrics and the last good checkpoint, if a number is not finite."""
    bad = [name for name, value in numbers.items() if not np.isfinite(value)]
    if numbers.get("step/events/not_finite", 0.0) >= 1.0:
        raise DivergedError(f"iteration {iteration}: no robot's state was finite in any step of it.")
    if not bad:
        return
    good = checkpoint.steps(run)
    where = f"{run}/checkpoints/model_{good[-1]}" if good else "none"
    what = ", ".join(f"{name} is {numbers[name]}" for name in sorted(bad, key=lambda n: "loss" not in n))
    raise DivergedError(f"iteration {iteration}: {what}. Last good checkpoint: {where}.")


class Outputs(NamedTuple):
    """Where a run's numbers and checkpoints go."""

    run: Path
    tracker: Tracker
    reporter: Reporter
    saver: checkpoint.Checkpoints


class Done(NamedTuple):
    """How far a loop came."""

    iteration: int
    signal: int | None  # that asked it to stop


class Loop:
    """The loop over iterations: it reads an iteration's numbers while the device runs the next one."""

    def __init__(self, cfg: Config, built: Built, out: Outputs, stages: dict[str, float]) -> None:
        self.cfg, self.built, self.out, self.stages = cfg, built, out, stages
        self.env_steps = cfg.runner.num_envs * cfg.ppo.rollout_length
        self.mark = time.perf_counter()
        self.calls = 0  # of `iterate` since the mark
        self.last: float | None = None
        self.recent: float | None = None
        self.pending: tuple[int, Any] | None = None
        self.saved: int | None = None
        self.good_enough = False
        self.asked: list[int] = []  # signals to stop

    def flush(self) -> None:
        """Wait for the iteration under way, and report it."""
        if self.pending is None:
            return
        iteration, metrics = self.pending
        self.pending = None
        numbers = {name: float(value) for name, value in jax.device_get(metrics).items()}
        seconds = self.lap()
        check_finite(numbers, iteration, self.out.run)
        self.report(iteration, numbers, seconds)
        goal, ended = self.cfg.runner.stop_at_reward, numbers["episode/length"] > 0
        self.good_enough = goal is not None and bool(ended) and numbers["episode/return"] >= goal

    def lap(self) -> float:
        """Seconds of one iteration: since the last lap, if just one was called since, else as before.

        A program with loops keeps its caller waiting until it is nearly done, so two reports that follow each
        other without a call in between, or with two, say nothing of an iteration's time.
        """
        now, single = time.perf_counter(), self.calls == 1
        if single or self.last is None:
            self.last = now - self.mark
        self.mark, self.calls = now, 0
        return self.last

    def pace(self, seconds: float) -> float:
        """Seconds an iteration, a moving average. The first is none: a live one compiles its parts."""
        if self.recent is None and "first iteration" not in self.stages:
            self.stages["first iteration"] = seconds
            return seconds
        self.recent = seconds if self.recent is None else 0.9 * self.recent + 0.1 * seconds
        return self.recent

    def report(self, iteration: int, numbers: dict[str, float], seconds: float) -> None:
        """Track the numbers and show them."""
        total = self.cfg.runner.iterations
        collect_s = self.built.collecting.pop() if self.built.collecting else None
        elapsed = time.perf_counter() - STARTED
        timing = {
            "time/elapsed_s": elapsed,
            "time/iteration_s": seconds,
            "time/env_steps_per_s": self.env_steps / seconds,
        }
        if collect_s is not None:
            timing |= {"time/collection_s": collect_s, "time/learning_s": seconds - collect_s}
        self.out.tracker.track(iteration, numbers | timing)
        eta = (total - iteration) * self.pace(seconds)
        if self.recent is None:
            self.note_stages()
        self.show(
            Progress(
                iteration=iteration,
                total=total,
                numbers=numbers,
                env_steps=self.env_steps,
                seconds=seconds,
                collect_s=collect_s,
                elapsed_s=elapsed,
                eta_s=eta,
                saved=self.saved,
                stages=self.stages,
            )
        )

    def note_stages(self) -> None:
        """Write what each stage took; nobody needs it to go on."""
        text = json.dumps(self.stages, indent=2) + "\n"
        try:
            write_whole(self.out.run / "stages.json", text.encode())
        except NotWrittenError as error:
            log.warning("%s", error)

    def show(self, progress: Progress) -> None:
        """Report. Where nobody reads any more (`| head`), the run is asked to stop."""
        try:
            self.out.reporter.show(progress)
        except BrokenPipeError:
            self.asked.append(signal.SIGPIPE)
            close_output()
        except OSError as error:  # standard output is a file on a full disk
            log.warning("nothing more is shown: %s", error.strerror)
            close_output()

    def save(self, ts: Any, iteration: int) -> None:
        """Write a checkpoint, unless the policy is not finite."""
        check_finite({"the policy": 0.0 if _finite(ts.policy) else np.nan}, iteration, self.out.run)
        self.out.saver.save(iteration, checkpoint.portable(self.built.physics, ts), self.built.meta)
        self.saved = iteration
        self.mark = time.perf_counter()

    def run(self, iterate: Callable[[Any], tuple[Any, Any]], start: Start) -> Done:
        """Iterate until the end, the goal or an interruption."""
        ts, iteration = start.ts, start.iteration
        self.mark = time.perf_counter()
        with interruptible() as self.asked:
            while iteration < self.cfg.runner.iterations and not (self.asked or self.good_enough):
                ts, metrics = iterate(ts)
                self.calls += 1
                self.flush()
                iteration += 1
                self.pending = (iteration, metrics)
                due = iteration % self.cfg.runner.save_every == 0
                if due or not self.built.physics.traceable:  # a live iteration is over already
                    self.flush()
                if due:
                    self.save(ts, iteration)
            self.flush()
            if self.saved != iteration and iteration > start.iteration:
                self.save(ts, iteration)
            self.out.saver.wait()  # a signal that ended the process here would lose what is finished
        return Done(iteration, self.asked[0] if self.asked else None)
