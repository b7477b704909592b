"""Checkpoints: written by Orbax asynchronously and atomically, checked when read.

A checkpoint `model_<iteration>` has three items: `policy` (parameters and normaliser), `train` (all else of
the training state: optimiser, random keys, environments) and `meta` (JSON: what it is of). Arrays are stored
flat, by the path of their leaf, so that a file does not depend on the classes that held them.
"""

import contextlib
import dataclasses
import json
import logging
import os
import tempfile
import zlib
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import orbax.checkpoint as ocp

from gpugym_jax.config import Config, groups_of
from gpugym_jax.config_yaml import to_mapping
from gpugym_jax.robots.robot import Robot
from gpugym_jax.runs.closed import CLOSED, paths, value_at
from gpugym_jax.runs.directory import versions
from gpugym_jax.runs.flat import Flat, check, checksum, flatten, unflatten
from gpugym_jax.tables import UserError
from gpugym_jax.types import Physics
from gpugym_jax.values.faults import shown

log = logging.getLogger(__name__)
logging.getLogger("absl").setLevel(logging.CRITICAL)  # Orbax warns of every save, and its errors are raised

FORMAT = 2
BACKENDS = "mjx is traceable, mujoco and isaacgym are live"
POLICY_KEYS = ("robot", "dofs", "actions", "observations", "obs_sizes", "networks")
"""What must agree between a checkpoint and the task it is loaded into."""

Meta = dict[str, Any]


class NotSavedError(RuntimeError):
    """A checkpoint could not be written; those before it are intact."""


class DamagedError(Exception):
    """A checkpoint that cannot be read back as it was written."""


class Checkpoint(NamedTuple):
    """What was read."""

    name: str  # its path
    step: int
    meta: Meta
    items: dict[str, Flat]


def _meta_checksum(meta: Meta) -> int:
    plain = {key: value for key, value in meta.items() if key != "checksums"}
    return zlib.crc32(json.dumps(plain, sort_keys=True).encode())


# ---------------------------------------------------------------- live simulators, which are not values


def portable(physics: Physics, ts: Any) -> Any:
    """`ts` with what can be saved of a live simulator, where its robots are; as it is on a traceable one."""
    if physics.traceable:
        return ts
    return ts.replace(env=ts.env.replace(sim=physics.read(ts.env.sim).robot))


def revive(physics: Physics, ts: Any) -> Any:
    """A restored `portable` state as one to go on with: a live simulator's robots start where they were."""
    if physics.traceable:
        return ts
    log.info("live simulator: its robots are put back where they were, but this resume is not exact")
    sim = physics.init(ts.env.sim, ts.env.task.variation)
    return ts.replace(env=ts.env.replace(sim=sim))


# ---------------------------------------------------------------- what a checkpoint is of


def describe(cfg: Config, robot: Robot, obs_sizes: Mapping[str, int]) -> Meta:
    """The JSON that goes with a checkpoint; of a training state, `kind_of` its physics is added."""
    groups = {name: dataclasses.asdict(group) for name, group in groups_of(cfg.observations).items()}
    return {
        "format": FORMAT,
        "task": cfg.task,
        "robot": robot.name,
        "dofs": list(robot.dofs),
        "actions": list(cfg.actions),
        "observations": json.loads(json.dumps(groups)),
        "obs_sizes": dict(obs_sizes),
        "networks": {"actor": list(cfg.ppo.actor), "critic": list(cfg.ppo.critic)}
        | ({"memory": cfg.ppo.memory} if cfg.ppo.memory else {}),
        "num_envs": cfg.runner.num_envs,
        "config": to_mapping(cfg),
        "versions": versions(),
    }


def kind_of(physics: Physics) -> Meta:
    """The part of a checkpoint's JSON that says what the state of its simulator is."""
    return {"physics": "traceable" if physics.traceable else "live"}


def check_compatible(found: Meta, meta: Meta, what: str, keys: Sequence[str] = POLICY_KEYS) -> None:
    """Raise, naming both, if the checkpoint is of another robot, layout or network size."""
    if found["format"] != FORMAT:
        older = f"it was made by an older one ({found['versions'].get('gpugym-jax', 'unknown')})"
        why = "update it" if found["format"] > FORMAT else older
        raise UserError(f"{what} has format {found['format']}, this gpugym_jax reads {FORMAT}: {why}")
    for key in keys:
        if found[key] != meta[key]:
            name = key.replace("_", " ")
            raise UserError(f"{what} is of {name} {found[key]}, this run is of {name} {meta[key]}")
    _check_config(found.get("config", {}), meta.get("config", {}), what)


def _check_config(trained: Meta, given: Meta, what: str) -> None:
    """Raise if a configuration, edited by hand perhaps, differs in what a policy was trained with."""
    for path in paths(CLOSED):
        steps = path.split(".")
        if steps[0] in ("observations", "randomize"):  # what these hold beside their fields is as closed
            steps = steps[:1]
        was, now = value_at(trained, steps), value_at(given, steps)
        if trained and given and was != now:
            place = ".".join(steps)
            raise UserError(f"{what} was trained with {place}={shown(was)}, this run is of {shown(now)}")


# ---------------------------------------------------------------- writing


def check_room(folder: Path, size: int) -> None:
    """Raise `OSError` unless a file of `size` bytes can be written there.

    Orbax begins to write in a dozen threads. If those fail, some print what they failed with, and some wait
    ten minutes for the others.
    """
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryFile(dir=folder) as file:
        if hasattr(os, "posix_fallocate"):  # not on macOS
            os.posix_fallocate(file.fileno(), 0, size)


class Checkpoints:
    """Writes a run's checkpoints; close it to wait for the last one."""

    def __init__(self, run: Path, keep: int) -> None:
        self._run = run
        options = ocp.CheckpointManagerOptions(max_to_keep=keep, step_prefix="model")
        self._manager = ocp.CheckpointManager((run / "checkpoints").resolve(), options=options)

    def save(self, step: int, ts: Any, meta: Meta) -> None:
        """Copy the training state off the device and begin to write it; waits for an earlier write."""
        items = {"policy": flatten(ts.policy), "train": flatten(ts.replace(policy=None))}
        meta = {**meta, "iteration": step}
        sums = {name: checksum(flat) for name, flat in items.items()} | {"meta": _meta_checksum(meta)}
        arrays = {name: ocp.args.StandardSave(flat) for name, flat in items.items()}
        note = ocp.args.JsonSave({**meta, "checksums": sums})
        with self._told():
            check_room(
                self._run / "checkpoints", sum(x.nbytes for flat in items.values() for x in flat.values())
            )
            self._manager.save(step, args=ocp.args.Composite(**arrays, meta=note), force=True)

    def wait(self) -> None:
        """Return when all is on disk."""
        with self._told():
            self._manager.wait_until_finished()

    def close(self) -> None:
        """Wait, and free what Orbax holds."""
        with self._told():
            self._manager.close()

    @contextlib.contextmanager
    def _told(self) -> Iterator[None]:
        """Within, what Orbax raises of this or the last write is one line of ours."""
        try:
            yield
        except Exception as error:  # a full disk shows as any of many errors
            reason = " ".join(str(error).split())[:300] or type(error).__name__
            there = ", ".join(f"model_{s}" for s in steps(self._run)) or "none"
            raise NotSavedError(
                f"no checkpoint could be written into {self._run}: {reason}. There are: {there}."
            ) from error


# ---------------------------------------------------------------- reading


def _reader(run: Path) -> ocp.CheckpointManager:
    options = ocp.CheckpointManagerOptions(read_only=True, step_prefix="model")
    return ocp.CheckpointManager((run / "checkpoints").resolve(), options=options)


def steps(run: Path) -> list[int]:
    """Iterations of which `run` has a finished checkpoint, in order; they may still be damaged."""
    if not (run / "checkpoints").is_dir():
        return []
    with _reader(run) as reader:
        return sorted(reader.all_steps())


def read(run: Path, step: int, items: Sequence[str] = ("policy", "train")) -> Checkpoint:
    """Read a checkpoint whole and compare its checksums; raises `DamagedError`."""
    wanted = {name: ocp.args.StandardRestore() for name in items}
    try:
        with _reader(run) as reader:
            found = reader.restore(step, args=ocp.args.Composite(**wanted, meta=ocp.args.JsonRestore()))
        flats = {name: dict(found[name]) for name in items}
        sums = {name: checksum(flat) for name, flat in flats.items()} | {"meta": _meta_checksum(found.meta)}
        sound = all(found.meta["checksums"][name] == value for name, value in sums.items())
    except Exception as error:  # a torn file shows as any of a dozen errors of Orbax, TensorStore and JSON
        raise DamagedError(f"{type(error).__name__}: {' '.join(str(error).split())[:200]}") from error
    if not sound:
        raise DamagedError("its checksum is wrong")
    return Checkpoint(str(run / "checkpoints" / f"model_{step}"), step, found.meta, flats)


def newest_intact(run: Path, items: Sequence[str] = ("policy", "train")) -> Checkpoint:
    """The newest checkpoint that can really be read; damaged ones are skipped with a warning."""
    there = steps(run)
    for step in reversed(there):
        try:
            return read(run, step, items)
        except DamagedError as error:
            log.warning("skipping damaged checkpoint %s/checkpoints/model_%d (%s)", run, step, error)
    raise UserError(f"no intact checkpoint in {run / 'checkpoints'}; there are: {there or 'none'}")


def find(run: Path, step: int, items: Sequence[str] = ("policy", "train")) -> Checkpoint:
    """The checkpoint `model_<step>`, or the newest intact one for -1."""
    if step == -1:
        return newest_intact(run, items)
    if step not in steps(run) and not (run / "checkpoints" / f"model_{step}").exists():
        half = any((run / "checkpoints").glob(f"model_{step}.*"))
        raise UserError(
            f"{'half-written' if half else 'no'} checkpoint model_{step} in {run / 'checkpoints'}. "
            f"There are: {', '.join(f'model_{s}' for s in steps(run)) or 'none'}."
        )
    try:
        return read(run, step, items)
    except DamagedError as error:
        intact = newest_intact(run, items).step
        raise UserError(
            f"checkpoint model_{step} in {run / 'checkpoints'} is damaged ({error}). "
            f"The newest intact one is model_{intact}; --checkpoint=-1 takes it."
        ) from error


def find_train(run: Path, step: int, meta: Meta) -> Checkpoint:
    """As `find`, and refuse what does not fit the task, kind of physics and number of robots of `meta`."""
    found = find(run, step)
    check_compatible(found.meta, meta, found.name, (*POLICY_KEYS, "num_envs"))
    if found.meta["physics"] != meta["physics"]:
        own = found.meta["config"]["physics"]["backend"]
        raise UserError(
            f"{found.name} is of a {found.meta['physics']} physics (physics.backend={own}), this run of a "
            f"{meta['physics']} one: {BACKENDS}, and the state of one cannot go on in the other."
        )
    return found


def check_train(found: Checkpoint, like: Any) -> None:
    """Raise `UserError` unless the training state is as `like`, which may be abstract."""
    check(like.policy, found.items["policy"], found.name)
    check(like.replace(policy=None), found.items["train"], found.name)


def restore_train(found: Checkpoint, like: Any) -> Any:
    """The training state as `like`, which may be abstract, as `jax.eval_shape` gives it."""
    policy = unflatten(like.policy, found.items["policy"], found.name)
    train = unflatten(like.replace(policy=None), found.items["train"], found.name)
    return train.replace(policy=policy)


def load_policy(run: Path, step: int, like: Any, meta: Meta) -> tuple[Any, int]:
    """Only the policy state (parameters and normaliser), as `like`, and its iteration.

    `like` may be abstract, as `jax.eval_shape` gives it.
    """
    found = find(run, step, ("policy",))
    check_compatible(found.meta, meta, found.name)
    return unflatten(like, found.items["policy"], found.name), found.step
