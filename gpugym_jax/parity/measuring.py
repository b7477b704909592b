"""Every experiment on every backend."""

import contextlib
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from gpugym_jax.bounds import LEAST_FRICTION
from gpugym_jax.config import Draw, PhysicsConfig
from gpugym_jax.parity import contacts, drop, free_fall, friction, joints, policy, push, swing  # noqa: F401
from gpugym_jax.parity.experiment import EXPERIMENTS, Experiment, Record
from gpugym_jax.parity.judge import Row, judge
from gpugym_jax.parity.rig import make_rig
from gpugym_jax.parity.setup import Setup
from gpugym_jax.physics import make_physics, resolve
from gpugym_jax.tables import UserError, lookup, unknown
from gpugym_jax.types import Physics

ORDER = (
    "free_fall",
    "drop",
    "joint_steps",
    "torque_response",
    "free_swing",
    "friction_slide",
    "friction_threshold",
    "push",
    "standing_contacts",
    "walking_contacts",
    "shipped_policy",
)
"""In which experiments are run and shown: from what least can go wrong in to what everything goes into."""
SENSOR = "isaacgym"
OTHER_SENSOR = "isaacgym/net"
"""Isaac Gym with contact forces from the net tensor, beside its force sensors."""
CONTACTS = ("force_sensor", "net")

Make = Callable[[str, Setup], Physics]


@dataclass(frozen=True)
class Measured:
    """What came of a report's experiments."""

    records: dict[str, dict[str, Record]]  # by experiment, then by backend, the reference first
    kinds: dict[str, str]  # by backend: same, double, real
    rows: list[Row]
    left_out: dict[str, str]  # experiments that were not run, and why
    seconds: dict[str, float]  # wall time, by backend
    workers: dict[str, dict[str, str]]  # of backends in a process of their own: versions there


def physics_config(name: str, base: PhysicsConfig) -> PhysicsConfig:
    """The configuration of a backend by its name in a report: `mjx`, `mjx/jax`, `isaacgym/net`, ..."""
    backend, _, variant = name.partition("/")
    cfg: Any = replace(base, backend=backend, impl=variant if backend == "mjx" and variant else "auto")
    if backend == "isaacgym" and variant:
        if variant not in CONTACTS:
            raise unknown("contact measurement of isaacgym", variant, CONTACTS)
    elif backend == "mujoco" and variant:
        raise UserError(f"backend '{name}': mujoco has no variants; write mujoco.")
    resolve(cfg)
    if backend == "isaacgym" and variant:
        cfg = replace(cfg, isaac=replace(cfg.isaac, contact=variant))
    return cfg


def check_backends(names: Sequence[str]) -> None:
    """Raise for names that are wrong, twice there, or none at all. Builds nothing."""
    if not names:
        raise UserError("--backends is empty: give at least one, such as mjx,mujoco.")
    for name in names:
        physics_config(name, PhysicsConfig())
        if list(names).count(name) > 1:
            raise UserError(f"--backends names '{name}' twice.")


def make_backend(name: str, setup: Setup) -> Physics:
    """The physics of that name, its ground of another friction under each robot."""
    cfg = physics_config(name, setup.physics)
    varied = {"friction": Draw((LEAST_FRICTION, 2.0), "run")} if setup.robot.ground_geoms else {}
    physics = make_physics(setup.scene, cfg, setup.num_envs, setup.timestep, varied)
    physics.ready()
    return physics


def kind_of(physics: Physics, name: str) -> str:
    """Which tolerances a backend is held to: a physics tells whether it is Isaac Gym's double."""
    is_double = getattr(physics, "is_double", None)
    if is_double is None:
        return "real" if name.startswith("isaacgym") else "same"
    return "double" if is_double else "real"


def worker_versions(physics: Physics) -> dict[str, str]:
    """What runs in the physics' own process, if it has one and tells of it in `report`."""
    report = getattr(physics, "report", {})
    return {name: str(report[name]) for name in ("python", "numpy", "torch", "isaacgym") if name in report}


def order(names: Sequence[str]) -> list[str]:
    """The reference first: C MuJoCo if it is there, else the first named."""
    return sorted(names, key=lambda name: name != "mujoco")


def choose(setup: Setup, names: Sequence[str] = ()) -> tuple[list[Experiment], dict[str, str]]:
    """The experiments to run, of those named or of all; and why others are not."""
    named = [lookup("experiment", name, EXPERIMENTS) for name in names or ORDER]
    why = {e.name: e.lacks(setup) for e in named}
    chosen = [e for e in named if not why[e.name]]
    if not chosen:
        raise UserError(f"there is nothing to run: {'; '.join(dict.fromkeys(why.values()))}.")
    return chosen, {name: text for name, text in why.items() if text}


def rounds_of(backends: Sequence[str], chosen: Sequence[Experiment]) -> list[tuple[str, list[Experiment]]]:
    """What to run where: contact experiments also on Isaac Gym's other measurement."""
    rounds = [(name, list(chosen)) for name in order(backends)]
    if SENSOR in backends and OTHER_SENSOR not in backends:
        rounds.append((OTHER_SENSOR, [e for e in chosen if e.sensors]))
    return [(name, experiments) for name, experiments in rounds if experiments]


def measure(
    setup: Setup,
    backends: Sequence[str],
    *,
    only: Sequence[str] = (),
    make: Make = make_backend,
    say: Callable[[str], None] = lambda line: None,
) -> Measured:
    """Run, and judge. Backends run one after the other, each closed before the next begins."""
    chosen, left_out = choose(setup, only)
    records: dict[str, dict[str, Record]] = {e.name: {} for e in chosen}
    kinds: dict[str, str] = {}
    seconds: dict[str, float] = {}
    workers: dict[str, dict[str, str]] = {}
    rounds = rounds_of(backends, chosen)
    with contextlib.ExitStack() as stack:
        # all are made before any is run, since one may refuse
        made = {name: stack.enter_context(contextlib.closing(make(name, setup))) for name, _ in rounds}
        for name, experiments in rounds:
            physics = made[name]
            begun = time.perf_counter()
            rig = make_rig(name, setup, physics)
            for experiment in experiments:
                say(f"{name}: {experiment.name}")
                records[experiment.name][name] = experiment.run(rig)
            kinds[name] = kind_of(physics, name)  # a physics may know only once it has run
            workers[name] = worker_versions(physics)
            physics.close()
            seconds[name] = round(time.perf_counter() - begun, 2)
    rows = [row for e in chosen for row in judge(e, records[e.name], kinds)]
    workers = {name: found for name, found in workers.items() if found}
    return Measured(records, kinds, rows, left_out, seconds, workers)
