"""A run on disk: `logs/<experiment>/<date_time>_<run_name>/` with what it takes to repeat it."""

import datetime
import functools
import importlib.metadata
import json
import logging
import os
import platform
import re
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from gpugym_jax.config import Config
from gpugym_jax.config_yaml import dump, load_config
from gpugym_jax.cores import cores
from gpugym_jax.files import write_whole
from gpugym_jax.paths import CONFIGS
from gpugym_jax.runs.closed import Use, changed
from gpugym_jax.tables import UserError, unknown

log = logging.getLogger(__name__)

PACKAGES = (
    "gpugym-jax",
    "jax",
    "jaxlib",
    "flax",
    "optax",
    "orbax-checkpoint",
    "mujoco",
    "mujoco-mjx",
    "warp-lang",
    "numpy",
)


@dataclass(frozen=True)
class Wanted:
    """Which run, and which of its checkpoints, a command means."""

    cfg: Config | None  # of the task or file named; None: `load_run` is a path
    overrides: tuple[str, ...] = ()
    load_run: str = "-1"  # a run's folder name, a path to a run, or "-1" for the newest
    checkpoint: int = -1  # iteration; -1 is the newest intact one


def experiment_dir(cfg: Config) -> Path:
    """Where the runs of this experiment lie, the working folder's `logs/<experiment>` by default."""
    return Path(cfg.runner.log_dir) / (cfg.runner.experiment_name or cfg.task)


def create(cfg: Config, now: datetime.datetime | None = None) -> Path:
    """A new, empty run directory; its name begins with the date, so that names sort by age."""
    if "/" in cfg.runner.run_name:
        raise UserError(
            f"runner.run_name is part of a folder's name, it cannot hold '/': {cfg.runner.run_name}"
        )
    home, now = experiment_dir(cfg), now or datetime.datetime.now()
    try:
        return _make(home, cfg.runner.run_name, now)
    except OSError as error:
        raise UserError(f"no run can be made in {home} (runner.log_dir): {error.strerror}.") from None


def _make(home: Path, name: str, now: datetime.datetime) -> Path:
    home.mkdir(parents=True, exist_ok=True)
    later = [p.name for p in home.iterdir() if p.name[: len(_stamp(now))] > _stamp(now)]
    if later:
        log.warning("the clock was set back: %s is dated later; runs stay in their order", max(later))
    while True:
        path = home / "_".join(filter(None, [_stamp(now), name]))
        try:
            path.mkdir()
            return path
        except FileExistsError:  # another that began in the same millisecond
            now += datetime.timedelta(milliseconds=1)


def _stamp(time: datetime.datetime) -> str:
    return time.strftime("%Y-%m-%d_%H-%M-%S-%f")[:-3]


def _has_checkpoint(run: Path) -> bool:
    """Whether it has a finished one: those under way have longer names."""
    return any(re.fullmatch(r"model_\d+", p.name) for p in (run / "checkpoints").glob("*"))


def _number(run: Path) -> int:
    """The how manieth of its experiment a run began as; 0 of what does not say."""
    try:
        return int(json.loads((run / "run.json").read_text(encoding="utf-8"))["number"])
    except (OSError, ValueError, KeyError, TypeError):
        return 0


def runs_of(home: Path) -> list[Path]:
    """The runs of an experiment in the order in which they began, whatever the clock said."""
    return sorted((p for p in home.glob("*") if p.is_dir()), key=lambda p: (_number(p), p.name))


def find(cfg: Config, load_run: str = "-1") -> Path:
    """The run that `load_run` names, or the newest one that has a checkpoint.

    Args:
        cfg: Says which experiment.
        load_run: A run's folder name, a path to a run, or "-1" for the newest.
    """
    home = experiment_dir(cfg)
    runs = runs_of(home)
    if load_run != "-1":
        for path in (home / load_run, Path(load_run)):
            if path.is_dir():
                return path
        error = unknown("run", load_run, (p.name for p in runs))
        raise UserError(f"looked in {home}: {error}")
    started = [p for p in runs if _has_checkpoint(p)]
    if not started:
        there = f"{len(runs)} runs, none with a checkpoint" if runs else "no run"
        raise UserError(f"looked in {home} for the last run: there is {there}. {_elsewhere(home)}")
    if started[-1] != runs[-1]:
        log.warning("%s has no checkpoint; taking %s", runs[-1].name, started[-1].name)
    return started[-1]


def _elsewhere(home: Path) -> str:
    others = sorted(p.name for p in home.parent.glob("*") if p.is_dir() and p != home)
    return f"Experiments in {home.parent}: {', '.join(others) or 'none'}."


def configuration(run: Path, overrides: Sequence[str], use: Use) -> Config:
    """What a run was trained with, under overrides given now; those of what is closed are refused."""
    if not (run / "config.yaml").is_file():
        raise UserError(f"{run} is not a run: it has no config.yaml")
    # a program of this machine is named by who is at it, never by a folder that may have come from elsewhere
    trained = load_config(str(run / "config.yaml"), ["physics.isaac.python=''"])
    return changed(trained, overrides, use, str(run))


def locate(wanted: Wanted, use: Use = "test") -> tuple[Path, Config]:
    """The run that is meant, and its own configuration with the overrides."""
    run = Path(wanted.load_run) if wanted.cfg is None else find(wanted.cfg, wanted.load_run)
    cfg, asked = configuration(run, wanted.overrides, use), wanted.cfg
    if asked is not None and (asked.task, asked.robot) != (cfg.task, cfg.robot):
        there, here = f"task {cfg.task} and robot {cfg.robot}", f"task {asked.task} and robot {asked.robot}"
        raise UserError(f"{run} is of {there}, not of {here}")
    return run, cfg


@functools.cache  # reading a package's metadata takes up to 0.1 s
def _version(package: str) -> str:
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return ""


def versions() -> dict[str, str]:
    """Versions of Python and of what decides the numbers; absent packages are left out."""
    found = {name: _version(name) for name in PACKAGES}
    return {"python": platform.python_version()} | {name: v for name, v in found.items() if v}


def machine() -> dict[str, Any]:
    """The hardware; with what JAX runs on, if JAX runs."""
    host = {"platform": platform.platform(), "cpus": os.cpu_count(), "cores": cores()}
    if "jax" not in sys.modules:
        return host
    import jax

    devices = jax.devices()
    device = {"device": devices[0].device_kind, "backend": jax.default_backend(), "devices": len(devices)}
    return host | device


def _git(*arguments: str) -> str | None:
    """What git says of the package's own checkout; None where there is no git or no checkout."""
    home = Path(__file__).parent
    try:
        done = subprocess.run(
            ["git", "-C", str(home), *arguments], capture_output=True, text=True, timeout=20
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    return done.stdout if done.returncode == 0 else None


def commit() -> str | None:
    """The commit of the code that runs: GPUGYM_COMMIT's, for a copy that git does not know, or else git's."""
    if given := os.environ.get("GPUGYM_COMMIT"):
        return given
    # An installed package may lie in someone else's repository: only a tracked file makes it ours.
    if _git("ls-files", "--error-unmatch", Path(__file__).name) is None:
        return None
    return (_git("rev-parse", "HEAD") or "").strip() or None


def record(run: Path, cfg: Config, resumed_from: str = "") -> None:
    """Write the resolved configuration, versions, machine, seed, git commit and git diff into `run`."""
    dump(cfg, run / "config.yaml")
    head = commit()
    facts = {
        "number": 1 + max(map(_number, run.parent.iterdir())),
        "seed": cfg.runner.seed,
        "command": sys.argv,
        "commit": head,
        "resumed_from": resumed_from or None,
        "versions": versions(),
        "machine": machine(),
    }
    write_whole(run / "run.json", (json.dumps(facts, indent=2) + "\n").encode())
    if head is None:
        log.info("no git checkout of gpugym_jax: the run records versions only")
        return
    diff = _git("diff", "HEAD") or ""
    untracked = _git("ls-files", "--others", "--exclude-standard", "--", str(CONFIGS.parent)) or ""
    text = "".join(f"# untracked: {n}\n" for n in untracked.split()) + diff
    write_whole(run / "git.diff", text.encode())
