"""The world in motion: MuJoCo's data of each environment, and flat arrays over all of them."""

# MuJoCo's compiled classes have no type stubs.
# pyright: reportAttributeAccessIssue=false

from typing import Any, Dict, List

import mujoco
import numpy as np

from . import _rotations as rot
from ._build import EFFORT, POS, VEL, build_model
from ._cell import Cell, drag
from ._contacts import Contacts
from ._sensors import make_table
from ._types import to_array
from ._world import Actor, Env, Sim

HUGE = float(mujoco.mjMAXVAL)  # what MuJoCo itself calls unstable


class World:
    """Positions and velocities of all environments as flat arrays `q` and `v`, and what acts on them.

    Per DOF: `effort` (N m, for one step), `target_pos`, `target_vel`. Per body: `push` (force, torque; N, N m,
    world, at the centre of mass, for one step).
    """

    def __init__(self, sim: Sim) -> None:
        self.sim, self._models = sim, {}
        # robots that diverge are seen in the tensors; else MuJoCo writes a log into the working directory
        mujoco.set_mju_user_warning(lambda message: None)
        self.cells: List[Cell] = []
        actors = sim.actors
        self._index_actors(actors)
        num_bodies, num_dofs = sum(len(a.asset.bodies) for a in actors), len(self.dof_q)
        self.effort, self.target_pos, self.target_vel, self.dof_force = np.zeros((4, num_dofs))
        self.push = np.zeros((num_bodies, 6))
        nq, nv = sum(self._nq(a) for a in actors), sum(self._nv(a) for a in actors)
        self.q, self.v, self._force = np.zeros(nq), np.zeros(nv), np.zeros(nv)
        self._make_cells()
        self.set_options(sim.params)
        self.alive = np.ones(len(self.cells), bool)
        self.env_of_actor = np.array([e.index for e in sim.envs for _ in e.actors], int)
        self.env_of_body = np.repeat(self.env_of_actor, [len(a.asset.bodies) for a in actors])
        self.contacts = Contacts(self, num_bodies)
        self.sensors = make_table(self)
        self.pending: Dict[str, Any] = {}  # of "root" and "dof": rows and values, for the next step

    @staticmethod
    def _nq(actor: Actor) -> int:
        return len(actor.asset.dofs) + (0 if actor.asset.options.fix_base_link else 7)

    @staticmethod
    def _nv(actor: Actor) -> int:
        return len(actor.asset.dofs) + (0 if actor.asset.options.fix_base_link else 6)

    def _index_actors(self, actors: List[Actor]) -> None:
        """Where actors' roots and DOFs are in `q` and `v`. The root of a fixed base is nowhere: -1."""
        q = v = 0
        root_q, root_v, dof_q, dof_v, actor_of_dof = [], [], [], [], []
        for a in actors:
            free = not a.asset.options.fix_base_link
            root_q.append(q if free else -1)
            root_v.append(v if free else -1)
            count = len(a.asset.dofs)
            dof_q += list(range(q + 7 * free, q + 7 * free + count))
            dof_v += list(range(v + 6 * free, v + 6 * free + count))
            actor_of_dof += [a.number] * count
            q, v = q + 7 * free + count, v + 6 * free + count
        as_int = [np.array(x, int) for x in (root_q, root_v, dof_q, dof_v, actor_of_dof)]
        self.root_q, self.root_v, self.dof_q, self.dof_v, self.actor_of_dof = as_int
        self.free = np.flatnonzero(self.root_q >= 0)
        self.base_q = self.root_q[self.free, None] + np.arange(7)
        self.base_v = self.root_v[self.free, None] + np.arange(6)
        # of the free ones in `q`; fixed bases stand where their actor was put
        self.fixed_pose = np.array([[*a.pos, *a.quat] for a in actors]).reshape(-1, 7)

    def _make_cells(self) -> None:
        q = v = 0
        for env in self.sim.envs:
            model = build_model(self.sim, env, self._models)
            data = mujoco.MjData(model)
            cell = Cell(env, model, data, slice(q, q + model.nq), slice(v, v + model.nv), slice(0, 0))
            self._place(cell)
            self.q[cell.q] = data.qpos
            self.cells.append(cell)
            q, v = q + model.nq, v + model.nv
        self._read_props()

    def _place(self, cell: Cell) -> None:
        """Fill in what follows from the environment's actors, and MuJoCo's first kinematics."""
        actors = cell.env.actors
        first = actors[0].first_body if actors else 0
        cell.bodies = slice(first, first + cell.model.nbody - 1)
        cell.drives = np.array(
            [
                a.first_dof + i
                for a in actors
                for i, p in enumerate(a.dof_props)
                if p["driveMode"] in (POS, VEL)
            ],
            int,
        )
        options = [a.asset.options for a in actors for _ in a.asset.bodies]
        drag = np.array([[o.linear_damping, o.angular_damping] for o in options])
        cell.drag = drag if drag.any() else None
        mujoco.mj_forward(cell.model, cell.data)

    def _read_props(self) -> None:
        """Drive modes and gains, and the roots' centres of mass, of all actors."""
        actors = self.sim.actors
        props = [a.dof_props for a in actors] or [np.zeros(0)]
        rows = np.concatenate(props)
        mode = rows["driveMode"] if rows.dtype.names else np.zeros(0)
        self.takes_effort = mode == EFFORT
        self.kp = np.where(mode == POS, rows["stiffness"], 0.0) if len(mode) else mode
        self.kd = np.where(mode == VEL, rows["damping"], 0.0) if len(mode) else mode
        self.root_com = np.array([a.inertials[0].com for a in actors]).reshape(-1, 3)

    def rebuild(self, env: Env) -> None:
        """Make an environment's model anew after a change of properties, and go on from its state."""
        cell = self.cells[env.index]
        old, cell.model = cell.data, build_model(self.sim, env, {})
        cell.data = mujoco.MjData(cell.model)
        for name in ("mocap_pos", "mocap_quat", "qacc_warmstart"):
            getattr(cell.data, name)[:] = getattr(old, name)
        if self.alive[env.index]:
            cell.data.qpos[:], cell.data.qvel[:] = self.q[cell.q], self.v[cell.v]
        self._place(cell)
        self._read_props()
        self.set_options(self.sim.params)

    def set_options(self, params: Any) -> None:
        """Gravity; and no silent reset of a robot that diverges."""
        for cell in self.cells:
            cell.model.opt.gravity[:] = to_array(params.gravity)
            cell.model.opt.disableflags |= int(mujoco.mjtDisableBit.mjDSBL_AUTORESET)

    def step(self, substeps: int) -> None:
        """Apply what is pending, then advance all environments whose state is finite."""
        self._commit()
        self._force[self.dof_v] = np.where(self.takes_effort, self.effort, 0.0)
        drive = self.kp * self.target_pos + self.kd * self.target_vel
        pushed = bool(np.any(self.push))
        self._find_lost()
        for cell, alive in zip(self.cells, self.alive):
            if alive:
                self._step_cell(cell, substeps, drive, pushed)
        self.contacts.sum_up()
        self._find_lost()
        self._measure_drives()
        self.effort[:], self.push[:] = 0.0, 0.0

    def _step_cell(self, cell: Cell, substeps: int, drive: Any, pushed: bool) -> None:
        model, data = cell.model, cell.data
        data.qfrc_applied[:] = self._force[cell.v]
        if model.nu:
            data.ctrl[:] = drive[cell.drives]
        if pushed:
            data.xfrc_applied[1:] = self.push[cell.bodies]
        for i in range(substeps):
            if cell.drag is not None:
                data.xfrc_applied[1:] = self.push[cell.bodies] + drag(cell)
            mujoco.mj_step(model, data)
            self.contacts.add(cell, i, substeps)
        if pushed:
            data.xfrc_applied[:] = 0.0
        self.q[cell.q], self.v[cell.v] = data.qpos, data.qvel

    def _find_lost(self) -> None:
        """Environments with a number that is none, or huge, are NaN until they are written."""
        if all(_sane(x) for x in (self.q, self.v, self._force)):
            self.alive[:] = True
            return
        for i, cell in enumerate(self.cells):
            self.alive[i] = _sane(self.q[cell.q]) and _sane(self.v[cell.v]) and _sane(self._force[cell.v])
            if not self.alive[i]:
                self.q[cell.q], self.v[cell.v] = np.nan, np.nan

    def _measure_drives(self) -> None:
        self.dof_force[:] = self._force[self.dof_v]
        for cell in self.cells:
            if len(cell.drives):
                self.dof_force[cell.drives] = cell.data.actuator_force

    def _commit(self) -> None:
        touched = set()
        for kind, (rows, values) in self.pending.items():
            touched |= set(self.env_of_actor[rows])
            self._set_roots(rows, values) if kind == "root" else self._set_dofs(rows, values)
        self.pending.clear()
        for cell in (self.cells[i] for i in sorted(touched)):
            cell.data.qpos[:], cell.data.qvel[:] = self.q[cell.q], self.v[cell.v]
            cell.data.qacc_warmstart[:] = 0.0

    def _set_roots(self, actors: Any, states: Any) -> None:
        """Rows of 13: the velocity is that of the centre of mass, MuJoCo's that of the origin; its spin is in
        the body's axes.
        """
        states = np.asarray(states, float).copy()
        states[:, :3] += np.array([e.origin for e in self.sim.envs])[self.env_of_actor[actors]]
        states[:, 3:7] /= np.maximum(np.linalg.norm(states[:, 3:7], axis=1, keepdims=True), 1e-30)
        free = self.root_q[actors] >= 0
        for actor, pose in zip(actors[~free], states[~free, :7]):
            self._move_fixed(actor, pose)
        actors, states = actors[free], states[free]
        quat, spin = states[:, 3:7], states[:, 10:13]
        arm = rot.rotate(quat, self.root_com[actors])
        at = self.root_q[actors, None]
        self.q[at + np.arange(3)] = states[:, :3]
        self.q[at + np.arange(3, 7)] = rot.to_wxyz(quat)
        at = self.root_v[actors, None]
        self.v[at + np.arange(3)] = states[:, 7:10] - rot.cross(spin, arm)
        self.v[at + np.arange(3, 6)] = rot.rotate(rot.conjugate(quat), spin)

    def _move_fixed(self, actor: int, pose: Any) -> None:
        """A fixed base goes where it is put, and stays there."""
        self.fixed_pose[actor] = pose
        cell = self.cells[self.env_of_actor[actor]]
        body = self.sim.actors[actor].first_body - cell.bodies.start + 1
        index = cell.model.body_mocapid[body]
        cell.data.mocap_pos[index], cell.data.mocap_quat[index] = pose[:3], rot.to_wxyz(pose[3:])

    def _set_dofs(self, actors: Any, states: Any) -> None:
        rows = np.isin(self.actor_of_dof, actors)
        self.q[self.dof_q[rows]], self.v[self.dof_v[rows]] = states[rows, 0], states[rows, 1]


def _sane(numbers: Any) -> bool:
    return bool((np.abs(numbers) < HUGE).all())
