"""The runner: build, compile, loop, log, save. The only effectful part of training, and thin."""

import contextlib
import json
import logging
import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from gpugym_jax.config import Config
from gpugym_jax.env import make_env
from gpugym_jax.loops import compile_for
from gpugym_jax.mdp.randomize import varied
from gpugym_jax.physics import make_physics
from gpugym_jax.ppo.learn import Learner, make_learner
from gpugym_jax.robots import ROBOTS
from gpugym_jax.runs import checkpoint, directory
from gpugym_jax.runs.console import Progress, Reporter, make_reporter, stage_line
from gpugym_jax.runs.tracking import Tracker, check_trackers, make_tracker
from gpugym_jax.tables import UserError, lookup
from gpugym_jax.types import Physics, Scan

log = logging.getLogger(__name__)


class DivergedError(RuntimeError):
    """The numbers of a run are no longer finite."""


class Built(NamedTuple):
    """A task, its physics and its learner, before anything is compiled."""

    physics: Physics
    learner: Learner
    meta: checkpoint.Meta
    collecting: list[float]  # s of each rollout; stays empty on a traceable physics


class Start(NamedTuple):
    """Where a run begins."""

    ts: Any  # a TrainState
    iteration: int


# ---------------------------------------------------------------- before the first iteration


@contextlib.contextmanager
def stage(name: str, seconds: dict[str, float]) -> Iterator[None]:
    """Say that a stage begins, and note how long it took."""
    log.info("%s ...", name)
    begin = time.perf_counter()
    yield
    seconds[name] = time.perf_counter() - begin


def timed_scan(scan: Scan, spent: list[float]) -> Scan:
    """A live scan that notes its seconds."""

    def timed(*args: Any, **kwargs: Any) -> tuple[Any, Any]:
        begin = time.perf_counter()
        out = scan(*args, **kwargs)
        spent.append(time.perf_counter() - begin)
        return out

    return timed


def build(cfg: Config) -> Built:
    """Resolve every name of `cfg`; a wrong one is a `UserError` here."""
    check_trackers(cfg.runner.trackers)
    robot = lookup("robot", cfg.robot, ROBOTS)
    timestep = 1.0 / cfg.control.physics_hz
    physics = make_physics(robot, cfg.physics, cfg.runner.num_envs, timestep, varied(cfg.randomize))
    env = make_env(cfg, robot, physics)
    collecting: list[float] = []
    if not physics.traceable:
        env = env._replace(scan=timed_scan(env.scan, collecting))
    learner = make_learner(cfg.ppo, env, 1.0 / cfg.control.hz)
    return Built(physics, learner, checkpoint.describe(cfg, robot, env.obs_sizes), collecting)


def find_start(cfg: Config, built: Built, resume: Path, step: int) -> checkpoint.Checkpoint:
    """The checkpoint to go on from; refused if it does not fit or if nothing is left to do."""
    found = checkpoint.find_train(resume, step, built.meta)
    if found.step >= cfg.runner.iterations:
        raise UserError(
            f"nothing to do: {found.name} is already at iteration {found.step} of {cfg.runner.iterations}; "
            f"give more with --max_iterations"
        )
    return found


def begin(cfg: Config, built: Built, found: checkpoint.Checkpoint | None) -> Start:
    """A fresh training state, or that of the checkpoint."""
    physics, key = built.physics, jax.random.key(cfg.runner.seed)
    init = compile_for(physics, built.learner.init)
    if found is None:
        return Start(init(key), 0)
    if physics.traceable:
        return Start(checkpoint.restore_train(found, jax.eval_shape(init, key)), found.step)
    ts = init(key)
    restored = checkpoint.restore_train(found, checkpoint.portable(physics, ts))
    return Start(checkpoint.revive(physics, ts.env.sim, restored), found.step)


def compiled(built: Built, ts: Any, seconds: dict[str, float]) -> Callable[[Any], tuple[Any, Any]]:
    """One iteration as one program, compiled ahead; on a live physics as it is."""
    iterate = compile_for(built.physics, built.learner.iterate, donate_argnums=0)
    if not built.physics.traceable:
        return iterate
    with stage("trace", seconds):
        lowered = iterate.lower(ts)  # type: ignore[attr-defined]  # `jax.jit` of a traceable iteration
    with stage("compile", seconds):
        return lowered.compile()


# ---------------------------------------------------------------- the loop


@contextlib.contextmanager
def interruptible() -> Iterator[Callable[[], bool]]:
    """Within, Ctrl-C or SIGTERM only asks to stop, and the function given says so; a second one acts."""
    asked: list[int] = []
    signals = (signal.SIGINT, signal.SIGTERM)
    before = {number: signal.getsignal(number) for number in signals}

    def ask(number: int, _: object) -> None:
        asked.append(number)
        log.info("stopping after this iteration; once more to stop at once")
        for each in signals:
            signal.signal(each, before[each])

    for number in signals:
        signal.signal(number, ask)
    try:
        yield lambda: bool(asked)
    finally:
        for number in signals:
            signal.signal(number, before[number])


@jax.jit
def _finite(tree: Any) -> jax.Array:
    return jnp.all(jnp.array([jnp.all(jnp.isfinite(x)) for x in jax.tree.leaves(tree)]))


def check_finite(numbers: dict[str, float], iteration: int, run: Path) -> None:
    """Raise, naming the metrics and the last good checkpoint, if a number is not finite."""
    bad = [name for name, value in numbers.items() if not np.isfinite(value)]
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


class Loop:
    """The loop over iterations: it reads an iteration's numbers while the device runs the next one."""

    def __init__(self, cfg: Config, built: Built, out: Outputs, stages: dict[str, float]) -> None:
        self.cfg, self.built, self.out, self.stages = cfg, built, out, stages
        self.env_steps = cfg.runner.num_envs * cfg.ppo.rollout_length
        self.mark = time.perf_counter()
        self.recent: float | None = None
        self.pending: tuple[int, Any] | None = None
        self.saved: int | None = None
        self.good_enough = False

    def flush(self) -> None:
        """Wait for the iteration under way, and report it."""
        if self.pending is None:
            return
        iteration, metrics = self.pending
        self.pending = None
        numbers = {name: float(value) for name, value in jax.device_get(metrics).items()}
        now = time.perf_counter()
        seconds, self.mark = now - self.mark, now
        check_finite(numbers, iteration, self.out.run)
        self.report(iteration, numbers, seconds)
        goal, ended = self.cfg.runner.stop_at_reward, numbers["episode/length"] > 0
        self.good_enough = goal is not None and bool(ended) and numbers["episode/return"] >= goal

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
        timing = {"time/iteration_s": seconds, "time/env_steps_per_s": self.env_steps / seconds}
        if collect_s is not None:
            timing |= {"time/collection_s": collect_s, "time/learning_s": seconds - collect_s}
        self.out.tracker.track(iteration, numbers | timing)
        eta = (total - iteration) * self.pace(seconds)
        done = (iteration, total, numbers, self.env_steps, seconds, collect_s, eta, self.saved, self.stages)
        self.out.reporter.show(Progress(*done))

    def save(self, ts: Any, iteration: int) -> None:
        """Write a checkpoint, unless the policy is not finite."""
        check_finite({"the policy": 0.0 if _finite(ts.policy) else np.nan}, iteration, self.out.run)
        self.out.saver.save(iteration, checkpoint.portable(self.built.physics, ts), self.built.meta)
        self.saved = iteration
        self.mark = time.perf_counter()

    def run(self, iterate: Callable[[Any], tuple[Any, Any]], start: Start) -> int:
        """Iterate until the end, the goal or an interruption; the number of iterations done."""
        ts, iteration = start.ts, start.iteration
        self.mark = time.perf_counter()
        with interruptible() as asked:
            while iteration < self.cfg.runner.iterations and not (asked() or self.good_enough):
                ts, metrics = iterate(ts)
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
        return iteration


def train(cfg: Config, resume: Path | None = None, step: int = -1) -> Path:
    """Train as `cfg` says, from a checkpoint of the run `resume` if given; the new run's directory.

    Args:
        cfg: The whole experiment; `runner.iterations` counts those before a resume too.
        resume: A run's directory.
        step: Which of its checkpoints; -1 is the newest intact one.

    Raises:
        UserError: Before anything is compiled, if a name or a checkpoint does not fit.
        DivergedError: If a number is no longer finite.
    """
    stages: dict[str, float] = {}
    with stage("build", stages):
        built = build(cfg)
    with contextlib.closing(built.physics):
        found = find_start(cfg, built, resume, step) if resume else None
        with stage("start", stages):
            start = begin(cfg, built, found)
        run = directory.create(cfg)
        directory.record(run, cfg, found.name if found else "")
        iterate = compiled(built, start.ts, stages)
        (run / "stages.json").write_text(json.dumps(stages, indent=2) + "\n", encoding="utf-8")
        log.info("%s; run %s", stage_line(stages), run)
        with outputs(cfg, run) as out:
            done = Loop(cfg, built, out, stages).run(iterate, start)
    log.info("%d of %d iterations done; run %s", done, cfg.runner.iterations, run)
    return run


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
