"""Isaac Gym as a `Physics`: live, in a worker process with a Python of its own."""

# `types.py` speaks of JAX arrays; here NumPy's stand in for them.
# pyright: reportArgumentType=false

import json
import logging
from collections.abc import Iterable, Mapping
from dataclasses import fields
from pathlib import Path
from typing import Any

import jax
import numpy as np
from jaxtyping import Array, Bool, Float, UInt8

from gpugym_jax.config import Draw, IsaacGym, PhysicsConfig
from gpugym_jax.physics.live import LiveSim, check_latest
from gpugym_jax.physics.variation import leaves_of, make_rules
from gpugym_jax.robots.layout import make_layout
from gpugym_jax.robots.model import load_model
from gpugym_jax.robots.scene import Scene
from gpugym_jax.robots.varied import VARIED
from gpugym_jax.types import Reading, RobotState, Variation
from isaac_backend import protocol
from isaac_backend.check import chosen_python, require
from isaac_backend.connection import Connection
from isaac_backend.spec import check_settings, make_spec

Host = Array | np.ndarray
STATE = tuple(f.name for f in fields(RobotState))
TAKEN = ("friction", "restitution", "base_mass", "base_com")
"""What the worker gives Isaac Gym when it makes the robots."""

log = logging.getLogger(__name__)


class IsaacPhysics:
    """Robots in Isaac Gym. Arrays are NumPy, float32. A robot's variation is for the worker's life.

    `simulator` is a Python file with another class `Simulator` in place of Isaac Gym's; the worker then needs
    NumPy only. The worker ends with `close`, with this process, or with the thread that called `init`.
    """

    traceable = False

    def __init__(
        self,
        scene: Scene,
        cfg: PhysicsConfig,
        num_envs: int,
        timestep: float,
        varied: Mapping[str, Draw] | None = None,
        terrain: Any = None,
        simulator: Path | None = None,
    ) -> None:
        self.num_envs, robot = num_envs, scene.robot
        self._cfg, self._limit_s = cfg, cfg.isaac.step_timeout_s
        check_settings(cfg.isaac)
        self._python = chosen_python(cfg.isaac)
        self._model = load_model(scene, timestep=timestep, cfg=cfg, sensors=False)
        layout = make_layout(robot, self._model)
        self._rules = make_rules(varied, robot, self._model, layout, cannot(cfg.isaac), renews=False)
        if simulator is None:
            require(self._python, cfg.isaac)
        self._spec = make_spec(robot, self._model, cfg, num_envs, timestep, terrain, simulator)
        self._published = places(protocol.fields(num_envs, len(robot.dofs), len(robot.bodies)))
        self._connection: Connection | None = None
        self._variation: Variation = {}
        self._no_wrench = np.zeros((num_envs, 6), np.float32)
        self._tick = 0
        self._closed = False
        self.report: dict[str, Any] = {}

    @property
    def is_double(self) -> bool | None:
        """Whether the Isaac Gym there is a double; None before the worker has said so."""
        return self.report.get("double")

    def init(self, robot: RobotState, variation: Variation) -> LiveSim:
        """Start all robots; a new worker, if their variation is not that of the last one.

        Raises:
            ValueError: A variation cannot be applied.
            WorkerError: The worker could not be started or failed; its last lines are in the message.
        """
        if self._closed or self._connection is not None:
            self._open().check_open()
        new = jax.tree.map(np.array, self._rules.complete(variation, self.num_envs))
        self._rules.check_leaves(leaves_of(self._rules, new))
        if self._connection is None or self._differs(new):
            return self._start(robot, new)
        return self._write(self._connection, np.ones(self.num_envs, bool), robot)

    def step(
        self, sim: LiveSim, torque: Float[Host, "env dof"], wrench: Float[Host, "env 6"] | None = None
    ) -> LiveSim:
        """Advance one substep under joint torques, N m, and a wrench on the base, N and N m."""
        connection = self._latest(sim)
        put(connection, "torque", torque)
        put(connection, "wrench", self._no_wrench if wrench is None else wrench)
        connection.ask(protocol.STEP, limit_s=self._limit_s)
        return self._sim(connection)

    def write(
        self, sim: LiveSim, mask: Bool[Host, " env"], robot: RobotState, variation: Variation
    ) -> LiveSim:
        """Set the masked robots; it takes effect at the next step. A variation is a `ValueError`."""
        connection = self._latest(sim)
        self._rules.check_renewed(variation)
        mask = np.asarray(mask)
        return self._write(connection, mask, robot) if mask.any() else sim

    def read(self, sim: LiveSim) -> Reading:
        """What the simulator reported when it was at `sim`."""
        return sim.reading

    def camera(
        self, env: int, eye: Iterable[float], target: Iterable[float], width: int = 640, height: int = 480
    ) -> UInt8[np.ndarray, "height width 3"]:
        """A picture of robot `env` as it is now; `eye` and `target` in m, world."""
        request = {"env": env, "width": width, "height": height, "eye": [*eye], "target": [*target]}
        image = self._open().ask(protocol.CAMERA, json.dumps(request).encode(), self._limit_s)
        return np.frombuffer(image, np.uint8).reshape(height, width, 3)

    def ready(self) -> None:
        """Nothing is left to build."""

    def close(self) -> None:
        """End the worker. May be called twice."""
        self._closed = True
        if self._connection is not None:
            self._connection.close()

    def _open(self) -> Connection:
        if self._connection is None or self._closed:
            raise RuntimeError(f"this physics {'is closed' if self._closed else 'wants init first'}.")
        return self._connection

    def _latest(self, sim: LiveSim) -> Connection:
        check_latest(sim, self._tick)
        return self._open()

    def _differs(self, new: Variation) -> bool:
        """Whether a robot is to have other values than it was made with."""
        return any(np.any(value != self._variation[name]) for name, value in new.items())

    def _start(self, robot: RobotState, variation: Variation) -> LiveSim:
        """A worker whose robots have this variation. A worker holds one simulation in its life."""
        if self._connection is not None:
            self._connection.close()
        limit_s = self._cfg.isaac.start_timeout_s
        connection = Connection(self._python, self._spec, limit_s)
        try:
            for name in TAKEN:
                plain = self._rules.nominal(name)
                put(
                    connection, name, variation.get(name, np.tile(plain, (self.num_envs, *(1,) * plain.ndim)))
                )
            put_state(connection, robot)
            effective = json.loads(connection.ask(protocol.INIT, limit_s=limit_s))
        except BaseException:
            connection.close()
            raise
        self._connection, self._variation = connection, variation
        self.report = {**connection.hello, **effective}
        self._tell()
        return self._sim(connection)

    def _tell(self) -> None:
        """Log what runs, and every parameter that Isaac Gym has not taken as it was given."""
        report, double = self.report, " (a double)" if self.is_double else ""
        if self._spec["simulator"] is None:
            log.info("Isaac Gym %s%s in Python %s", report["isaacgym"], double, report["python"])
        for difference in report.get("differs", ()):
            log.warning("Isaac Gym reads back another value: %s", difference)

    def _write(self, connection: Connection, mask: Bool[np.ndarray, " env"], robot: RobotState) -> LiveSim:
        put(connection, "mask", mask)
        put_state(connection, robot)
        connection.ask(protocol.WRITE, limit_s=self._limit_s)
        return self._sim(connection)

    def _sim(self, connection: Connection) -> LiveSim:
        """What the worker has published, in arrays of our own."""
        self._tick += 1
        # one copy: in ten parts those of 4,096 robots have taken 1.5 ms instead of 0.1, for page faults
        block = connection.published.copy()
        now = {name: np.ndarray(shape, dtype, block, at) for name, shape, dtype, at in self._published}
        reading = Reading(
            robot=RobotState(**{name: now[name] for name in STATE}),
            body_pos=now["body_pos"],
            body_vel=now["body_vel"],
            body_force=now["body_force"],
            overflow=now["overflow"] != 0,
        )
        return LiveSim(reading=reading, age=np.asarray(self._tick))


def cannot(isaac: IsaacGym) -> dict[str, str]:
    """Properties that Isaac Gym would not apply, and why."""
    refused = {name: "the worker does not give it to Isaac Gym" for name in VARIED if name not in TAKEN}
    if isaac.device != "cpu" and isaac.pipeline != "cpu":
        why = "Isaac Gym's GPU pipeline ignores a moved centre of mass; physics.isaac.pipeline=cpu does not"
        refused["base_com"] = why
    return refused


def places(table: protocol.Fields) -> tuple[tuple[str, tuple[int, ...], str, int], ...]:
    """Name, shape, type and offset of the arrays that the worker publishes, in its part of the arena."""
    published = protocol.of_worker(table)
    begins, _ = protocol.offsets(published)
    return tuple((f.name, f.shape, f.dtype, begins[f.name]) for f in published)


def put(connection: Connection, name: str, value: Host) -> None:
    """Copy an array into the arena; one of another shape is a `ValueError`."""
    if connection.closed:
        return  # the verb that follows says so
    there, given = connection.arena[name], np.asarray(value)
    if given.shape != there.shape:
        raise ValueError(f"{name} is of shape {given.shape}, it must be {there.shape}.")
    there[...] = given


def put_state(connection: Connection, robot: RobotState) -> None:
    """Copy all robots' new states into the arena."""
    for name in STATE:
        put(connection, f"new_{name}", getattr(robot, name))
