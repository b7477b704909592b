"""C MuJoCo on CPU threads, through `mujoco.batch`: live."""

# MuJoCo's compiled classes have no type stubs.
# pyright: reportAttributeAccessIssue=false
# `types.py` speaks of JAX arrays; here NumPy's stand in for them.
# pyright: reportArgumentType=false

from collections.abc import Mapping
from functools import partial

import jax
import mujoco
import numpy as np
from jaxtyping import Array, Bool, Float, Int
from mujoco.batch import Batch, SimulationError

from gpugym_jax.config import Draw, PhysicsConfig
from gpugym_jax.cores import cores
from gpugym_jax.physics.live import LiveSim, check_latest
from gpugym_jax.physics.variation import NO_LEAF, exactly, make_rules
from gpugym_jax.robots.layout import Layout, make_layout
from gpugym_jax.robots.model import load_model
from gpugym_jax.robots.scene import Scene
from gpugym_jax.robots.varied import INPUTS, fold
from gpugym_jax.types import Reading, RobotState, Variation

FULL = [int(mujoco.mjtWarning.mjWARN_CONTACTFULL), int(mujoco.mjtWarning.mjWARN_CNSTRFULL)]
Host = Array | np.ndarray


class MujocoPhysics:
    """Robots in C MuJoCo. Arrays are NumPy, float32; `body_pos` and `body_vel` lag by one substep."""

    traceable = False

    def __init__(
        self,
        scene: Scene,
        cfg: PhysicsConfig,
        num_envs: int,
        timestep: float,
        varied: Mapping[str, Draw] | None = None,
    ) -> None:
        self.num_envs = num_envs
        self._model = load_model(scene, timestep=timestep, cfg=cfg, sensors=True, velocities=True)
        # a robot that diverges is reset and counted by the task, not silently by MuJoCo
        self._model.opt.disableflags |= mujoco.mjtDisableBit.mjDSBL_AUTORESET
        self._layout = make_layout(scene.robot, self._model)
        self._rules = make_rules(varied, scene.robot, self._model, self._layout, NO_LEAF)
        self._fold = jax.jit(jax.vmap(partial(fold, self._model, self._layout)))
        self._variation = self._rules.complete({}, num_envs)
        self._tick = 0
        self._just_written = np.zeros(num_envs, bool)
        self._times_full = np.zeros(num_envs, np.int64)
        self._batch: Batch | None = Batch(self._model, num_envs, cfg.threads or cores())
        self._torque = self._batch.bind("qfrc_applied")
        self._wrench = self._batch.bind("xfrc_applied")[:, self._layout.base]
        read_fields(self._batch, self._layout)  # bound before the first step, so that it fills them

    def init(self, robot: RobotState, variation: Variation) -> LiveSim:
        """Start all robots. A variation that cannot be applied raises `ValueError`."""
        return self._write(np.arange(self.num_envs), robot, self._rules.complete(variation, self.num_envs))

    def step(
        self, sim: LiveSim, torque: Float[Host, "env dof"], wrench: Float[Host, "env 6"] | None = None
    ) -> LiveSim:
        """Advance one substep under joint torques, N m, and a wrench on the base, N and N m.

        A robot that MuJoCo gives up on becomes NaN.
        """
        batch = self._latest(sim)
        self._torque[:, self._layout.qvel] = np.asarray(torque)
        self._wrench[:] = 0.0 if wrench is None else np.asarray(wrench)
        try:
            batch.step()
        except SimulationError as error:
            batch.bind("qvel")[error.ids] = np.nan
        self._just_written[:] = False
        return self._sim(batch)

    def write(
        self, sim: LiveSim, mask: Bool[Host, " env"], robot: RobotState, variation: Variation
    ) -> LiveSim:
        """Set the masked robots, with no warm start."""
        self._latest(sim)
        self._rules.check_renewed(variation)
        ids = np.flatnonzero(np.asarray(mask))
        return self._write(ids, robot, variation) if len(ids) else sim

    def read(self, sim: LiveSim) -> Reading:
        """What the simulator reported when it was at `sim`."""
        return sim.reading

    def ready(self) -> None:
        """Nothing is left to build."""

    def close(self) -> None:
        """End the threads."""
        self._batch = None

    def _open(self) -> Batch:
        if self._batch is None:
            raise RuntimeError("this physics is closed.")
        return self._batch

    def _latest(self, sim: LiveSim) -> Batch:
        """The simulator, if `sim` is its present state."""
        check_latest(sim, self._tick)
        return self._open()

    def _write(self, ids: Int[np.ndarray, " n"], robot: RobotState, variation: Variation) -> LiveSim:
        batch = self._open()
        self._vary(batch, ids, variation)
        qpos, qvel = batch.bind("qpos"), batch.bind("qvel")
        qpos[ids], qvel[ids] = to_mujoco(robot, ids, self._layout, self._model)
        batch.bind("qacc_warmstart")[ids] = 0.0
        # positions and velocities only: forces are zero until the next step
        batch.forward(ids, stage=int(mujoco.mjtStage.mjSTAGE_VEL))
        self._just_written[ids] = True
        return self._sim(batch)

    def _vary(self, batch: Batch, ids: Int[np.ndarray, " n"], variation: Variation) -> None:
        """Change the models of robots whose variation is new. Fields stay shared while all are nominal."""
        new, changed = dict(self._variation), np.zeros(self.num_envs, bool)
        for name, value in variation.items():
            new[name] = new[name].copy()
            new[name][ids] = np.asarray(value)[ids]
            changed |= np.any((new[name] != self._variation[name]).reshape(self.num_envs, -1), axis=1)
        if not changed.any():
            return
        rows = np.flatnonzero(changed)
        # of all robots, whatever their number is that are written: one program
        leaves = exactly(lambda: self._fold({name: value.astype(float) for name, value in new.items()}))
        self._rules.check_leaves(leaves)
        for name, value in leaves.items():
            batch.expand(name)[rows] = value[rows]
        if INPUTS & leaves.keys():
            batch.set_const(rows)
        self._variation = new

    def _sim(self, batch: Batch) -> LiveSim:
        self._tick += 1
        robot, pos, vel, force = read_fields(batch, self._layout)
        force[self._just_written] = 0.0
        times_full = batch.warning[:, FULL, 1].sum(-1)
        overflow = times_full > self._times_full
        self._times_full = times_full
        reading = Reading(robot=robot, body_pos=pos, body_vel=vel, body_force=force, overflow=overflow)
        return LiveSim(reading=reading, age=np.asarray(self._tick))


def to_mujoco(
    robot: RobotState, ids: Int[np.ndarray, " n"], layout: Layout, model: mujoco.MjModel
) -> tuple[np.ndarray, np.ndarray]:
    """Rows `ids` as MuJoCo's qpos and qvel, whose free joint turns in the base frame."""
    qpos = np.tile(model.qpos0, (len(ids), 1))
    qvel = np.zeros((len(ids), model.nv))
    qpos[:, layout.qpos] = np.asarray(robot.dof_pos)[ids]
    qvel[:, layout.qvel] = np.asarray(robot.dof_vel)[ids]
    if layout.floating:
        quat = np.asarray(robot.base_quat, float)[ids]
        qpos[:, :3] = np.asarray(robot.base_pos)[ids]
        qpos[:, 3:7] = quat
        qvel[:, :3] = np.asarray(robot.base_lin_vel)[ids]
        qvel[:, 3:6] = rotate(quat * [1, -1, -1, -1], np.asarray(robot.base_ang_vel, float)[ids])
    return qpos, qvel


def read_fields(batch: Batch, layout: Layout) -> tuple[RobotState, np.ndarray, np.ndarray, np.ndarray]:
    """The robots' states, and their bodies' positions, velocities and net contact forces."""
    with np.errstate(over="ignore", invalid="ignore"):  # what float32 cannot hold is infinite, and is told
        return _read_fields(batch, layout)


def _read_fields(batch: Batch, layout: Layout) -> tuple[RobotState, np.ndarray, np.ndarray, np.ndarray]:
    qpos, qvel = batch.bind("qpos").astype(np.float32), batch.bind("qvel").astype(np.float32)
    num_envs = len(qpos)
    if layout.floating:
        base = (qpos[:, :3], qpos[:, 3:7], qvel[:, :3], rotate(qpos[:, 3:7], qvel[:, 3:6]))
    else:
        pose = (np.tile(np.float32(x), (num_envs, 1)) for x in (layout.base_pos, layout.base_quat))
        base = (*pose, *np.zeros((2, num_envs, 3), np.float32))
    robot = RobotState(*base, dof_pos=qpos[:, layout.qpos], dof_vel=qvel[:, layout.qvel])
    is_geom = layout.geom >= 0
    pos = batch.bind("xpos")[:, layout.body].astype(np.float32)
    pos[:, is_geom] = batch.bind("geom_xpos")[:, layout.geom[is_geom]]
    sensed = batch.bind("sensordata").astype(np.float32)
    force = layout.force_of_sensors.astype(np.float32) @ sensed[:, layout.force]
    return robot, pos, sensed[:, layout.velocity], force


def rotate(quat: Float[np.ndarray, "n 4"], vec: Float[np.ndarray, "n 3"]) -> Float[np.ndarray, "n 3"]:
    """`frames.rotate` in NumPy, written out: an eager `jnp` or `np.cross` would cost a tenth of a substep."""
    w, x, y, z = quat.T
    a, b, c = vec.T
    tx, ty, tz = 2 * (y * c - z * b), 2 * (z * a - x * c), 2 * (x * b - y * a)
    return np.stack(
        [a + w * tx + y * tz - z * ty, b + w * ty + z * tx - x * tz, c + w * tz + x * ty - y * tx], axis=-1
    )
