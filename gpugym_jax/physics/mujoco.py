"""C MuJoCo on CPU threads, through `mujoco.batch`: live."""

# MuJoCo's compiled classes have no type stubs.
# pyright: reportAttributeAccessIssue=false
# `types.py` speaks of JAX arrays; here NumPy's stand in for them.
# pyright: reportArgumentType=false

from collections.abc import Iterable

import jax
import mujoco
import numpy as np
from jaxtyping import Array, Bool, Float, Int
from mujoco.batch import Batch, SimulationError

from gpugym_jax.config import PhysicsConfig
from gpugym_jax.physics.live import LiveSim, check_latest
from gpugym_jax.physics.variation import NO_BOUNCE, make_rules
from gpugym_jax.robots.layout import Layout, make_layout
from gpugym_jax.robots.model import load_model
from gpugym_jax.robots.scene import Scene
from gpugym_jax.types import Reading, RobotState, Variation

FULL = [int(mujoco.mjtWarning.mjWARN_CONTACTFULL), int(mujoco.mjtWarning.mjWARN_CNSTRFULL)]
Host = Array | np.ndarray


class MujocoPhysics:
    """Robots in C MuJoCo. Arrays are NumPy, float32; `body_pos` and `body_vel` lag by one substep."""

    traceable = False
    redraws = True

    def __init__(
        self,
        scene: Scene,
        cfg: PhysicsConfig,
        num_envs: int,
        timestep: float,
        varied: Iterable[str] | None = None,
    ) -> None:
        self.num_envs = num_envs
        self._model = load_model(scene, timestep=timestep, cfg=cfg, sensors=True, velocities=True)
        # a robot that diverges is reset and counted by the task, not silently by MuJoCo
        self._model.opt.disableflags |= mujoco.mjtDisableBit.mjDSBL_AUTORESET
        self._layout = make_layout(scene.robot, self._model)
        self._rules = make_rules(varied, self._model, self._layout.base, cfg.friction, NO_BOUNCE)
        self._friction = np.full(num_envs, cfg.friction, np.float32)
        self._base_mass = np.zeros(num_envs, np.float32)
        self._base_com = np.zeros((num_envs, 3), np.float32)
        self._tick = 0
        self._just_written = np.zeros(num_envs, bool)
        self._times_full = np.zeros(num_envs, np.int64)
        self._batch: Batch | None = Batch(self._model, num_envs, cfg.threads)
        self._torque = self._batch.bind("qfrc_applied")
        read_fields(self._batch, self._layout)  # bound before the first step, so that it fills them

    def init(self, robot: RobotState, variation: Variation) -> LiveSim:
        """Start all robots. A variation that cannot be applied raises `ValueError`."""
        return self._write(np.arange(self.num_envs), robot, variation)

    def step(self, sim: LiveSim, torque: Float[Host, "env dof"]) -> LiveSim:
        """Advance one substep under joint torques, N m. A robot that MuJoCo gives up on becomes NaN."""
        batch = self._latest(sim)
        self._torque[:, self._layout.qvel] = np.asarray(torque)
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
        rows = jax.tree.map(lambda x: np.asarray(x)[ids], variation)
        self._rules.check(rows)
        self._vary(batch, ids, rows)
        qpos, qvel = batch.bind("qpos"), batch.bind("qvel")
        qpos[ids], qvel[ids] = to_mujoco(robot, ids, self._layout, self._model)
        batch.bind("qacc_warmstart")[ids] = 0.0
        # positions and velocities only: forces are zero until the next step
        batch.forward(ids, stage=int(mujoco.mjtStage.mjSTAGE_VEL))
        self._just_written[ids] = True
        return self._sim(batch)

    def _vary(self, batch: Batch, ids: Int[np.ndarray, " n"], new: Variation) -> None:
        """Change the models of robots whose variation is new. Fields stay shared while all are nominal."""
        slide = new.friction != self._friction[ids]
        if np.any(slide):
            pairs = np.ix_(ids[slide], self._layout.ground_pairs, np.arange(2))
            batch.expand("pair_friction")[pairs] = new.friction[slide, None, None]
            self._friction[ids] = new.friction
        loaded = (new.base_mass != self._base_mass[ids]) | np.any(new.base_com != self._base_com[ids], -1)
        if np.any(loaded):
            base, rows = self._layout.base, ids[loaded]
            mass = self._model.body_mass[base] + new.base_mass[loaded].astype(float)
            batch.expand("body_mass")[rows, base] = mass
            inertia = self._model.body_inertia[base] * (mass / self._model.body_mass[base])[:, None]
            batch.expand("body_inertia")[rows, base] = inertia
            batch.expand("body_ipos")[rows, base] = self._model.body_ipos[base] + new.base_com[loaded]
            batch.set_const(rows)
            self._base_mass[ids], self._base_com[ids] = new.base_mass, new.base_com

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
    qpos, qvel = batch.bind("qpos").astype(np.float32), batch.bind("qvel").astype(np.float32)
    num_envs = len(qpos)
    if layout.floating:
        base = (qpos[:, :3], qpos[:, 3:7], qvel[:, :3], rotate(qpos[:, 3:7], qvel[:, 3:6]))
    else:
        model, zero = batch.model, np.zeros((num_envs, 3), np.float32)
        fixed = np.concatenate([model.body_pos[layout.base], model.body_quat[layout.base]]).astype(np.float32)
        base = (np.tile(fixed[:3], (num_envs, 1)), np.tile(fixed[3:], (num_envs, 1)), zero, zero)
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
