"""A physics under orders: one compiled piece a backend and robot, which all experiments share."""

# `types.py` speaks of JAX arrays; here NumPy's stand in for them.
# pyright: reportArgumentType=false, reportReturnType=false

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from flax import struct
from jaxtyping import Array, Bool, Float

from gpugym_jax.loops import compile_for
from gpugym_jax.parity.setup import Setup
from gpugym_jax.types import Physics, Reading, RobotState, Variation


class Orders(struct.PyTreeNode):
    """What is asked of the robots in each substep."""

    target: Float[Array, "*time env dof"]  # rad or m
    hold: Float[Array, "*time env"]  # what the PD gains are multiplied by; 0 is limp
    feed: Float[Array, "*time env dof"]  # N m or N, added
    kick: Float[Array, "*time env 6"]  # m/s, rad/s, world: added to the base's velocities after the substep


class Trace(struct.PyTreeNode):
    """What was read after each substep, before any kick."""

    reading: Reading
    torque: Float[Array, "*time env dof"]  # N m, during the substep


Step = Callable[[Any, Orders], tuple[Any, Trace]]


@dataclass(frozen=True)
class Rig:
    """A physics ready for experiments."""

    name: str
    setup: Setup
    physics: Physics
    step: Step  # one substep: no time axis
    kept: dict[str, Any] = field(default_factory=dict)  # rollouts that several experiments read


def make_step(setup: Setup, physics: Physics) -> Step:
    """The function that takes the robots through one substep of orders.

    It is the one program that is compiled: Python's turn around it costs little beside a substep.
    """
    kp, kd, limit = (np.asarray(x, np.float32) for x in (setup.kp, setup.kd, setup.limit))

    def torque(robot: RobotState, order: Orders) -> Float[Array, "env dof"]:
        pd = kp * (order.target - robot.dof_pos) - kd * robot.dof_vel
        return jnp.clip(order.hold[:, None] * pd + order.feed, -limit, limit)

    def kicked(robot: RobotState, kick: Float[Array, "env 6"]) -> tuple[Bool[Array, " env"], RobotState]:
        return jnp.any(kick != 0, -1), robot.replace(
            base_lin_vel=robot.base_lin_vel + kick[:, :3], base_ang_vel=robot.base_ang_vel + kick[:, 3:]
        )

    torque, kicked = jax.jit(torque), jax.jit(kicked)

    def step(sim: Any, order: Orders) -> tuple[Any, Trace]:
        tau = torque(physics.read(sim).robot, order)
        sim = physics.step(sim, tau)
        reading = physics.read(sim)
        mask, robot = kicked(reading.robot, order.kick)
        return physics.write(sim, mask, robot, {}), Trace(reading, tau)

    return compile_for(physics, step)


def make_rig(name: str, setup: Setup, physics: Physics) -> Rig:
    """The rig of a physics."""
    return Rig(name, setup, physics, make_step(setup, physics))


def variation_of(friction: Float[np.ndarray, " env"] | None) -> Variation:
    """Sliding coefficients, nominal where None."""
    return {} if friction is None else {"friction": friction}


def limp(setup: Setup, steps: int) -> Orders:
    """Orders that ask nothing of the joints."""
    n, dofs = setup.num_envs, len(setup.robot.dofs)
    return Orders(
        target=np.zeros((steps, n, dofs), np.float32),
        hold=np.zeros((steps, n), np.float32),
        feed=np.zeros((steps, n, dofs), np.float32),
        kick=np.zeros((steps, n, 6), np.float32),
    )


def still(setup: Setup, seconds: float, hold: float = 1.0) -> Orders:
    """Orders to keep the default pose by `hold` times the gains, for at least so long."""
    orders = limp(setup, int(np.ceil(seconds / setup.timestep - 1e-6)))
    pose = np.float32(setup.robot.default_dof_pos)
    return orders.replace(target=orders.target + pose, hold=orders.hold + np.float32(hold))


def clock(setup: Setup, orders: Orders) -> Float[np.ndarray, " time"]:
    """Times at the ends of the substeps, s."""
    return setup.timestep * np.arange(1, len(orders.hold) + 1)


def stack(traces: list[Trace]) -> Trace:
    """Successive substeps as one trace."""
    return jax.tree.map(lambda *parts: np.stack(parts), *jax.device_get(traces))


def run(
    rig: Rig, start: RobotState, orders: Orders, friction: Float[np.ndarray, " env"] | None = None
) -> Trace:
    """Carry the orders out from a start."""
    sim, traces = rig.physics.init(start, variation_of(friction)), []
    for i in range(len(orders.hold)):
        sim, trace = rig.step(sim, jax.tree.map(lambda x, i=i: x[i], orders))
        traces.append(trace)
    return stack(traces)
