"""MuJoCo MJX, implementation jax or warp: traceable.

What is carried is the minimum that the next step needs, and the last reading's forces. `mjx.Data` is made
anew in every step, so that XLA drops what nobody reads; that measured faster than carrying it.
"""

# MJX's `Data` hides contacts in `_impl`, whose type it does not tell.
# pyright: reportAttributeAccessIssue=false

from collections.abc import Callable, Iterable
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import mujoco
import numpy as np
from flax import struct
from jaxtyping import Array, Bool, Float
from mujoco import mjx

from gpugym_jax.config import PhysicsConfig
from gpugym_jax.physics.kinematics import from_robot, make_read_bodies, to_robot
from gpugym_jax.physics.set_const import constants, make_base_mass
from gpugym_jax.physics.variation import NO_BOUNCE, make_rules
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
    variation: Variation


OneStep = Callable[[MjxSim, Array], MjxSim]
CANNOT = NO_BOUNCE | {"base_com": "in MJX the model's constants follow the base's mass only"}


class MjxPhysics:
    """Robots in MJX. Nothing lags."""

    traceable = True
    redraws = True

    def __init__(
        self,
        scene: Scene,
        cfg: PhysicsConfig,
        num_envs: int,
        timestep: float,
        impl: str,
        varied: Iterable[str] | None = None,
    ) -> None:
        self.num_envs = num_envs
        warp = impl == "warp"
        model = load_model(scene, timestep=timestep, cfg=cfg, sensors=warp)
        self._model, self._layout = model, make_layout(scene.robot, model)
        self._rules = make_rules(varied, model, self._layout.base, cfg.friction, CANNOT)
        self._warp, self._cfg = warp, cfg
        make_step = make_warp_step if warp else make_jax_step
        self._step = jax.vmap(exact(make_step(model, self._layout, cfg, num_envs, self._rules.varied)))
        # sensors are Warp's own: plain JAX gives the kinematics of both
        plain = load_model(scene, timestep=timestep, cfg=cfg, sensors=False)
        self._read_bodies = jax.vmap(exact(make_read_bodies(plain, self._layout)))

    def init(self, robot: RobotState, variation: Variation) -> MjxSim:
        """Start all robots. A variation that cannot be applied raises `ValueError`, unless it is traced."""
        self._rules.check(variation)
        qpos, qvel = jax.vmap(partial(from_robot, layout=self._layout))(robot)
        shape = (*qvel.shape[:-1], len(self._layout.body), 3)
        return MjxSim(
            qpos=qpos,
            qvel=qvel,
            warm_start=jnp.zeros_like(qvel),
            body_force=jnp.zeros(shape, jnp.float32),
            overflow=jnp.zeros(shape[:-2], bool),
            variation=jax.tree.map(lambda x: jnp.asarray(x, jnp.float32), variation),
        )

    def step(self, sim: MjxSim, torque: Float[Array, "env dof"]) -> MjxSim:
        """Advance one substep under joint torques, N m."""
        return self._step(sim, jnp.asarray(torque, jnp.float32))

    def write(
        self, sim: MjxSim, mask: Bool[Array, " env"], robot: RobotState, variation: Variation
    ) -> MjxSim:
        """Set the masked robots, with no warm start and no forces."""

        def pick(new: Array, old: Array) -> Array:
            return jnp.where(jnp.reshape(mask, (-1, *(1,) * (new.ndim - 1))), new, old)

        return jax.tree.map(pick, self.init(robot, variation), sim)

    def read(self, sim: MjxSim) -> Reading:
        """The state, and the bodies' kinematics, which cost nothing where nobody uses them."""
        pos, vel = self._read_bodies(sim.qpos, sim.qvel)
        robot = jax.vmap(partial(to_robot, layout=self._layout, model=self._model))(sim.qpos, sim.qvel)
        return Reading(
            robot=robot, body_pos=pos, body_vel=vel, body_force=sim.body_force, overflow=sim.overflow
        )

    def ready(self) -> None:
        """Build Warp's kernels, all at once, which it would else do one after the other at the first step."""
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


def make_leaves(
    model: mujoco.MjModel, layout: Layout, varied: frozenset[str]
) -> Callable[[Variation], dict[str, Array]]:
    """The function from a robot's variation to the leaves of its model that differ."""
    tables = make_base_mass(model, layout.base) if "base_mass" in varied else None
    slides = np.zeros((model.npair, 5), bool)
    slides[layout.ground_pairs, :2] = True  # a pair's friction: two sliding, one torsional, two rolling

    def leaves(variation: Variation) -> dict[str, Array]:
        out = constants(tables, variation.base_mass) if tables else {}
        if "friction" in varied:
            nominal = jnp.asarray(model.pair_friction, jnp.float32)
            out["pair_friction"] = jnp.where(slides, variation.friction, nominal)
        return out

    return leaves


def make_jax_step(
    model: mujoco.MjModel, layout: Layout, cfg: PhysicsConfig, num_envs: int, varied: frozenset[str]
) -> OneStep:
    """One robot's step in plain JAX."""
    del num_envs  # its room for contacts is a robot's own
    check_pyramids(model)
    mjx_model, leaves = mjx.put_model(model, impl="jax"), make_leaves(model, layout, varied)
    counts_for = jnp.asarray(reported_body_of_geom(model, layout), jnp.float32)

    def step(sim: MjxSim, torque: Float[Array, " dof"]) -> MjxSim:
        robot_model = mjx_model.replace(**leaves(sim.variation))
        data = mjx.step(robot_model, load(mjx.make_data(mjx_model), sim, torque, layout))
        return unload(data, sim, net_contact_force(data, counts_for), contacts_full(data, cfg.contacts))

    return step


def make_warp_step(
    model: mujoco.MjModel, layout: Layout, cfg: PhysicsConfig, num_envs: int, varied: frozenset[str]
) -> OneStep:
    """One robot's step in Warp, which runs all of a `vmap` at once."""
    from mujoco.mjx.third_party.mujoco_warp import OverflowType

    # `overflow` also tells that a solver stopped at its limit of iterations, which is wanted
    no_space = int(OverflowType.ALL & ~(OverflowType.ITERATIONS | OverflowType.LS_ITERATIONS))
    mjx_model, leaves = mjx.put_model(model, impl="warp"), make_leaves(model, layout, varied)
    # a print from the GPU at every overflow slows it down; `overflow` is in the reading instead
    mjx_model = mjx_model.tree_replace({"opt._impl.warn_overflow": 0})
    new_data = partial(
        mjx.make_data, model, impl="warp", naconmax=cfg.contacts * num_envs, njmax=cfg.constraints
    )
    force_of_sensors = jnp.asarray(layout.force_of_sensors, jnp.float32)

    def step(sim: MjxSim, torque: Float[Array, " dof"]) -> MjxSim:
        robot_model = mjx_model.replace(**leaves(sim.variation))
        data = load(new_data(), sim, torque, layout)
        data = mjx.step(robot_model, data)
        force = force_of_sensors @ data.sensordata[layout.force]
        return unload(data, sim, force, (data._impl.overflow & no_space) != 0)

    return step


def load(data: mjx.Data, sim: MjxSim, torque: Float[Array, " dof"], layout: Layout) -> mjx.Data:
    """Put the carried state and the torque into MJX's data."""
    push = jnp.zeros_like(sim.qvel).at[layout.qvel].set(torque)
    return data.replace(qpos=sim.qpos, qvel=sim.qvel, qacc_warmstart=sim.warm_start, qfrc_applied=push)


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
