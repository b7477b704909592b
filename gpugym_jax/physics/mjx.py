"""MuJoCo MJX, implementation jax or warp: traceable.

What is carried is the minimum that the next step needs, and the last reading's forces. `mjx.Data` is made
anew in every step, so that XLA drops what nobody reads; that measured faster than carrying it.
"""

# MJX's `Data` hides contacts in `_impl`, whose type it does not tell.
# pyright: reportAttributeAccessIssue=false

from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import mujoco
import numpy as np
from flax import struct
from jaxtyping import Array, Bool, Float
from mujoco import mjx

from gpugym_jax.config import Draw, PhysicsConfig
from gpugym_jax.physics.bodies import make_read_bodies
from gpugym_jax.physics.kinematics import from_robot, to_robot
from gpugym_jax.physics.leaves import make_leaves, make_room
from gpugym_jax.physics.variation import NO_LEAF, make_rules
from gpugym_jax.robots.layout import Layout, make_layout
from gpugym_jax.robots.model import load_model
from gpugym_jax.robots.scene import Scene
from gpugym_jax.tables import UserError
from gpugym_jax.types import Reading, RobotState, Variation


class MjxSim(struct.PyTreeNode):
    """What the next step needs, and what the last one left to read."""

    qpos: Float[Array, "env qpos"]
    qvel: Float[Array, "env qvel"]
    warm_start: Float[Array, "env qvel"]  # the last acceleration, where the solver starts
    body_force: Float[Array, "env body 3"]  # N, world
    overflow: Bool[Array, " env"]
    leaves: dict[str, Array]  # of the model, that differ from robot to robot
    variation: Variation  # from which they were made; empty where none is ever renewed


OneStep = Callable[[MjxSim, Array, Array | None], MjxSim]


class MjxPhysics:
    """Robots in MJX. Nothing lags."""

    traceable = True

    def __init__(
        self,
        scene: Scene,
        cfg: PhysicsConfig,
        num_envs: int,
        timestep: float,
        impl: str,
        varied: Mapping[str, Draw] | None = None,
    ) -> None:
        self.num_envs = num_envs
        warp = impl == "warp"
        # sensors are Warp's own: plain JAX gives the kinematics and the constants of both
        plain = load_model(scene, timestep=timestep, cfg=cfg, sensors=False)
        self._rules = make_rules(varied, scene.robot, plain, make_layout(scene.robot, plain), NO_LEAF)
        model = load_model(scene, timestep=timestep, cfg=cfg, sensors=warp)
        make_room(self._rules, model)
        self._model, self._layout = model, make_layout(scene.robot, model)
        # joints that only the varied model rubs in take rows beside those that were asked for
        more_rows = np.sum(model.dof_frictionloss > 0) - np.sum(plain.dof_frictionloss > 0)
        self._warp, self._cfg = warp, replace(cfg, constraints=cfg.constraints + int(more_rows))
        self._all_leaves, self._renewed_leaves = (
            jax.jit(jax.vmap(exact(make_leaves(self._rules, names))))
            for names in (self._rules.names, self._rules.renewed)
        )
        make_step = make_warp_step if warp else make_jax_step
        self._step = jax.jit(jax.vmap(exact(make_step(model, self._layout, self._cfg, num_envs))))
        self._read_bodies = jax.jit(jax.vmap(make_read_bodies(plain, self._layout)))

    def init(self, robot: RobotState, variation: Variation) -> MjxSim:
        """Start all robots. A variation that cannot be applied raises `ValueError`."""
        values = jax.tree.map(jnp.asarray, self._rules.complete(variation, self.num_envs))
        leaves = self._all_leaves(values) if values else {}
        self._rules.check_leaves(leaves)
        return self._placed(robot, leaves, values if self._rules.renewed else {})

    def _placed(self, robot: RobotState, leaves: dict[str, Array], variation: Variation) -> MjxSim:
        """All robots, with no warm start and no forces."""
        qpos, qvel = jax.vmap(partial(from_robot, layout=self._layout))(robot)
        shape = (*qvel.shape[:-1], len(self._layout.body), 3)
        return MjxSim(
            qpos=qpos,
            qvel=qvel,
            warm_start=jnp.zeros_like(qvel),
            body_force=jnp.zeros(shape, jnp.float32),
            overflow=jnp.zeros(shape[:-2], bool),
            leaves=leaves,
            variation=variation,
        )

    def step(
        self, sim: MjxSim, torque: Float[Array, "env dof"], wrench: Float[Array, "env 6"] | None = None
    ) -> MjxSim:
        """Advance one substep under joint torques, N m, and a wrench on the base, N and N m."""
        pull = None if wrench is None else jnp.asarray(wrench, jnp.float32)
        return self._step(sim, jnp.asarray(torque, jnp.float32), pull)

    def write(
        self, sim: MjxSim, mask: Bool[Array, " env"], robot: RobotState, variation: Variation
    ) -> MjxSim:
        """Set the masked robots, with no warm start and no forces. Leaves are made only if they change."""
        self._rules.check_renewed(variation)
        values, leaves = sim.variation, sim.leaves
        if variation:
            values = values | {name: jnp.asarray(x, jnp.float32) for name, x in variation.items()}
            leaves = leaves | self._renewed_leaves(values)
            self._rules.check_leaves(leaves)

        def pick(new: Array, old: Array) -> Array:
            chosen = jnp.reshape(mask, (-1, *(1,) * (new.ndim - 1)))
            return old if new is old else jnp.where(chosen, new, old)

        return jax.tree.map(pick, self._placed(robot, leaves, values), sim)

    def read(self, sim: MjxSim) -> Reading:
        """The state, and the bodies' kinematics, which cost nothing where nobody uses them."""
        pos, vel = self._read_bodies(sim.qpos, sim.qvel)
        robot = jax.vmap(partial(to_robot, layout=self._layout))(sim.qpos, sim.qvel)
        return Reading(
            robot=robot, body_pos=pos, body_vel=vel, body_force=sim.body_force, overflow=sim.overflow
        )

    def ready(self) -> None:
        """Build Warp's kernels, which it would else do one after the other at the first step."""
        if self._warp:
            from gpugym_jax.physics.warp_kernels import build_kernels

            build_kernels(self._model, self._cfg.contacts, self._cfg.constraints)

    def close(self) -> None:
        """Nothing is held."""


def exact(f: Callable[..., Any]) -> Callable[..., Any]:
    """`f` with float32 products of matrices: GPUs else take 10 bits of mantissa; gravity was 0.04 % off."""

    def f_exact(*args: Any) -> Any:
        with jax.default_matmul_precision("highest"):
            return f(*args)

    return f_exact


def make_jax_step(model: mujoco.MjModel, layout: Layout, cfg: PhysicsConfig, num_envs: int) -> OneStep:
    """One robot's step in plain JAX."""
    del num_envs  # its room for contacts is a robot's own
    check_pyramids(model)
    mjx_model = mjx.put_model(model, impl="jax")
    counts_for = jnp.asarray(reported_body_of_geom(model, layout), jnp.float32)

    def step(sim: MjxSim, torque: Array, wrench: Array | None) -> MjxSim:
        robot_model = mjx_model.tree_replace({**sim.leaves})
        data = mjx.step(robot_model, load(mjx.make_data(mjx_model), sim, torque, wrench, layout))
        return unload(data, sim, net_contact_force(data, counts_for), contacts_full(data, cfg.contacts))

    return step


def make_warp_step(model: mujoco.MjModel, layout: Layout, cfg: PhysicsConfig, num_envs: int) -> OneStep:
    """One robot's step in Warp, which runs all of a `vmap` at once."""
    from mujoco.mjx.third_party.mujoco_warp import OverflowType

    # `overflow` also tells that a solver stopped at its limit of iterations, which is wanted
    no_space = int(OverflowType.ALL & ~(OverflowType.ITERATIONS | OverflowType.LS_ITERATIONS))
    mjx_model = mjx.put_model(model, impl="warp")
    # a print from the GPU at every overflow slows it down; `overflow` is in the reading instead
    mjx_model = mjx_model.tree_replace({"opt._impl.warn_overflow": 0})
    new_data = partial(
        mjx.make_data, model, impl="warp", naconmax=cfg.contacts * num_envs, njmax=cfg.constraints
    )
    force_of_sensors = jnp.asarray(layout.force_of_sensors, jnp.float32)

    def step(sim: MjxSim, torque: Array, wrench: Array | None) -> MjxSim:
        robot_model = mjx_model.tree_replace({**sim.leaves})
        data = mjx.step(robot_model, load(new_data(), sim, torque, wrench, layout))
        force = force_of_sensors @ data.sensordata[layout.force]
        return unload(data, sim, force, (data._impl.overflow & no_space) != 0)

    return step


def load(
    data: mjx.Data,
    sim: MjxSim,
    torque: Float[Array, " dof"],
    wrench: Float[Array, "6"] | None,
    layout: Layout,
) -> mjx.Data:
    """Put the carried state, the torque and the wrench into MJX's data."""
    push = jnp.zeros_like(sim.qvel).at[layout.qvel].set(torque)
    data = data.replace(qpos=sim.qpos, qvel=sim.qvel, qacc_warmstart=sim.warm_start, qfrc_applied=push)
    if wrench is None:
        return data
    return data.replace(xfrc_applied=data.xfrc_applied.at[layout.base].set(wrench))


def unload(data: mjx.Data, sim: MjxSim, force: Float[Array, "body 3"], overflow: Bool[Array, ""]) -> MjxSim:
    """What is carried of MJX's data."""
    return sim.replace(
        qpos=data.qpos, qvel=data.qvel, warm_start=data.qacc_warmstart, body_force=force, overflow=overflow
    )


def reported_body_of_geom(model: mujoco.MjModel, layout: Layout) -> Float[np.ndarray, "geom body"]:
    """1 where a contact force on the geom counts for the reported body."""
    is_geom = np.arange(model.ngeom)[:, None] == layout.geom
    on_body = (layout.geom < 0) & (model.geom_bodyid[:, None] == layout.body)
    return (is_geom | (on_body & ~is_geom.any(1, keepdims=True))).astype(float)


def contacts_full(data: mjx.Data, room: int) -> Bool[Array, ""]:
    """Whether the room for contacts is used up, so that MJX-JAX may have left out shallower ones."""
    if data._impl.ncon < room:
        return jnp.zeros((), bool)
    contact = data._impl.contact
    return jnp.all(contact.dist < contact.includemargin)


def check_pyramids(model: mujoco.MjModel) -> None:
    """Raise `UserError` unless all contacts are pyramids of condim 3: else `net_contact_force` is wrong."""
    by_type = np.any(model.geom_contype | model.geom_conaffinity)
    if model.opt.cone != mujoco.mjtCone.mjCONE_PYRAMIDAL or np.any(model.pair_dim != 3) or by_type:
        raise UserError(
            "MJX-JAX's contact forces are right for pairs of condim 3 under a pyramidal cone only."
        )


def net_contact_force(data: mjx.Data, counts_for: Float[Array, "geom body"]) -> Float[Array, "body 3"]:
    """Sum of the contact forces on each reported body, N, world, of MJX-JAX, if `check_pyramids`.

    A pyramid's four edges push along the normal plus or minus a tangent times its friction (MuJoCo's manual,
    Computation, Contact). The contact frame's first row points from geom 1 to geom 2; the force is on geom 2.
    """
    contact = data._impl.contact
    if not data._impl.ncon:
        return jnp.zeros((counts_for.shape[1], 3), jnp.float32)
    edges = data._impl.efc_force[contact.efc_address[:, None] + np.arange(4)]
    tangents = edges[:, ::2] - edges[:, 1::2]
    local = jnp.concatenate([edges.sum(1, keepdims=True), tangents * contact.friction[:, :2]], axis=1)
    world = jnp.sum(local[:, :, None] * contact.frame, axis=1)
    side = counts_for[contact.geom2] - counts_for[contact.geom1]
    return side.T @ world
