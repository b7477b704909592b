"""Motors and wrappers around them: pairs of pure functions of one robot, asked for torque every substep.

A motor is what makes torque of a target. A wrapper changes what a motor is asked for, or what comes out of
it; the configuration lists the motor first and its wrappers from the inside out. What a wrapper draws, it
draws once an episode. Each has a twin of the same name and parameters in `gate/motors.py`.
"""

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, Key

from gpugym_jax.bounds import (
    DelayRange,
    NotNegative,
    NotNegativeRange,
    NotNegatives,
    Positives,
    PositiveShare,
)
from gpugym_jax.config import Entry, named
from gpugym_jax.functions import Actuator
from gpugym_jax.mdp.terms import like, naming, of_shape
from gpugym_jax.robots.robot import Robot
from gpugym_jax.tables import UserError, choose, parameters, register, repeated
from gpugym_jax.types import Reading, Targets

MOTORS: dict[str, Callable[..., Actuator]] = {}
motor = register(MOTORS)
WRAPPERS: dict[str, Callable[..., Actuator]] = {}
wrapper = register(WRAPPERS)

OWN: dict[str, Callable[[Robot], tuple[float, ...]]] = {
    "kp": lambda robot: robot.kp,
    "kd": lambda robot: robot.kd,
    "stall": lambda robot: robot.torque_limit,
    "no_load": lambda robot: tuple(robot.dof_vel_limit[i] for i in robot.actuated_ids),
}
"""What a parameter of a motor is if it is not given: the robot's own."""


def per_joint(robot: Robot, name: str, given: tuple[float, ...] | None) -> Float[Array, " act"]:
    """A parameter for each actuated joint: the robot's own, or the given numbers, which repeat."""
    values = OWN[name](robot) if given is None else given
    return jnp.array(repeated(values, len(robot.actuated_ids), f"actuator: {name}"), jnp.float32)


def at_rest(robot: Robot) -> Targets:
    """Targets of a robot that is asked for nothing."""
    zero = jnp.zeros(len(robot.actuated_ids))
    return Targets(dof_pos=zero, tau_ff=zero, stiffness=zero + 1.0, damping=zero + 1.0)


# --- Motors --------------------------------------------------------------------------------------------


def servo(
    robot: Robot, kp: NotNegatives | None, kd: NotNegatives | None
) -> Callable[[Targets, Reading], Float[Array, " act"]]:
    """The torque of a PD law, without limits."""
    ids, home = jnp.array(robot.actuated_ids), jnp.array(robot.default_dof_pos)
    p, d, home = per_joint(robot, "kp", kp), per_joint(robot, "kd", kd), home[ids]

    def torque(target: Targets, reading: Reading) -> Float[Array, " act"]:
        q, qd = reading.robot.dof_pos[ids], reading.robot.dof_vel[ids]
        pull = p * target.stiffness * (home + target.dof_pos - q)
        return pull - d * target.damping * qd + target.tau_ff

    return torque


def without_memory(torque: Callable[[Targets, Reading], Float[Array, " act"]]) -> Actuator:
    """A motor that remembers nothing."""
    return Actuator(lambda key: (), lambda memory, target, reading: (memory, torque(target, reading)))


@motor
def pd(robot: Robot, *, kp: NotNegatives | None = None, kd: NotNegatives | None = None) -> Actuator:
    """Torque kp (default + target - q) - kd qd + tau_ff, within +-torque limit.

    legged_gym, `_compute_torques`. Gains in N m/rad and N m s/rad repeat over the joints.
    """
    law, limit = servo(robot, kp, kd), jnp.array(robot.torque_limit)
    return without_memory(lambda target, reading: jnp.clip(law(target, reading), -limit, limit))


@motor
def direct(robot: Robot) -> Actuator:
    """Torque tau_ff alone, within +-torque limit."""
    limit = jnp.array(robot.torque_limit)
    return without_memory(lambda target, reading: jnp.clip(target.tau_ff, -limit, limit))


@motor
def dc_motor(
    robot: Robot,
    *,
    kp: NotNegatives | None = None,
    kd: NotNegatives | None = None,
    stall: Positives | None = None,
    no_load: Positives | None = None,
) -> Actuator:
    """As pd, of which a DC motor gives what its speed leaves: from 0 to stall (1 - qd / no_load) forwards.

    Backwards from 0 to stall (-1 - qd / no_load); both ends within +-torque limit. `stall` is the torque at
    standstill, N m; `no_load` the speed at which none is left, rad/s. Isaac Lab, `DCMotor._clip_effort`.
    """
    law, limit, ids = servo(robot, kp, kd), jnp.array(robot.torque_limit), jnp.array(robot.actuated_ids)
    most, fastest = per_joint(robot, "stall", stall), per_joint(robot, "no_load", no_load)

    def torque(target: Targets, reading: Reading) -> Float[Array, " act"]:
        share = reading.robot.dof_vel[ids] / fastest
        forwards = jnp.clip(most * (1.0 - share), 0.0, limit)
        backwards = jnp.clip(most * (-1.0 - share), -limit, 0.0)
        return jnp.clip(law(target, reading), backwards, forwards)

    return without_memory(torque)


# --- Wrappers ------------------------------------------------------------------------------------------


@wrapper
def smoothed(inner: Actuator, robot: Robot, *, weight: PositiveShare) -> Actuator:
    """The position target is a moving average: weight new + (1 - weight) old every substep, 0 at a start.

    gpuGym, `exp_avg_alpha` (sheim/QGym e58553e, `gym/envs/base/legged_robot.py`).
    """

    def torque(memory: tuple[Array, Any], target: Targets, reading: Reading) -> tuple[Any, Array]:
        old, rest = memory
        now = weight * target.dof_pos + (1.0 - weight) * old
        rest, tau = inner.torque(rest, target.replace(dof_pos=now), reading)
        return (now, rest), tau

    return Actuator(lambda key: (jnp.zeros(len(robot.actuated_ids)), inner.init(key)), torque)


def drawn(
    robot: Robot, inner: Actuator, ranges: tuple[tuple[float, float], ...]
) -> Callable[[Key[Array, ""]], tuple[tuple[Array, ...], Any]]:
    """`init` of a wrapper with a factor a joint in each of the ranges, and the inner motor's memory."""

    def init(key: Key[Array, ""]) -> tuple[tuple[Array, ...], Any]:
        k_inner, *keys = jax.random.split(key, 1 + len(ranges))
        shape = (len(robot.actuated_ids),)
        factors = (
            jax.random.uniform(k, shape, jnp.float32, *pair) for k, pair in zip(keys, ranges, strict=True)
        )
        return tuple(factors), inner.init(k_inner)

    return init


@wrapper
def strength(inner: Actuator, robot: Robot, *, range: NotNegativeRange) -> Actuator:  # noqa: A002
    """The torque times a factor drawn for each joint from `range`, within +-torque limit."""
    limit = jnp.array(robot.torque_limit)

    def torque(memory: tuple[Any, Any], target: Targets, reading: Reading) -> tuple[Any, Array]:
        (factor,), rest = memory
        rest, tau = inner.torque(rest, target, reading)
        return ((factor,), rest), jnp.clip(factor * tau, -limit, limit)

    return Actuator(drawn(robot, inner, (range,)), torque)


@wrapper
def gains(
    inner: Actuator,
    robot: Robot,
    *,
    kp: NotNegativeRange = (1.0, 1.0),
    kd: NotNegativeRange = (1.0, 1.0),
) -> Actuator:
    """kp and kd times factors drawn for each joint from the ranges."""

    def torque(memory: tuple[Any, Any], target: Targets, reading: Reading) -> tuple[Any, Array]:
        (p, d), rest = memory
        target = target.replace(stiffness=p * target.stiffness, damping=d * target.damping)
        rest, tau = inner.torque(rest, target, reading)
        return ((p, d), rest), tau

    return Actuator(drawn(robot, inner, (kp, kd)), torque)


@wrapper
def delay(inner: Actuator, robot: Robot, *, steps: DelayRange) -> Actuator:
    """All that is asked for, positions and tau_ff, comes a whole number of substeps late, drawn from `steps`.

    Both ends are included. Until the first arrives, the motor is asked for the default pose and no torque.
    """
    low, high = steps

    def init(key: Key[Array, ""]) -> tuple[Targets, Array, Any]:
        k_inner, k_steps = jax.random.split(key)
        queue = jax.tree.map(lambda x: jnp.tile(x, (high + 1, 1)), at_rest(robot))
        return queue, jax.random.randint(k_steps, (), low, high + 1, jnp.int32), inner.init(k_inner)

    def torque(memory: tuple[Targets, Array, Any], target: Targets, reading: Reading) -> tuple[Any, Array]:
        queue, late, rest = memory
        queue = jax.tree.map(lambda q, x: jnp.concatenate([x[None], q[:-1]]), queue, target)
        rest, tau = inner.torque(rest, jax.tree.map(lambda q: q[late], queue), reading)
        return (queue, late, rest), tau

    return Actuator(init, torque)


@wrapper
def friction(
    inner: Actuator, robot: Robot, *, coulomb: NotNegative = 0.0, viscous: NotNegative = 0.0
) -> Actuator:
    """The torque less what the gear takes: coulomb tanh(qd / 0.1) + viscous qd, N m, qd in rad/s."""
    ids = jnp.array(robot.actuated_ids)

    def torque(memory: Any, target: Targets, reading: Reading) -> tuple[Any, Array]:
        qd = reading.robot.dof_vel[ids]
        memory, tau = inner.torque(memory, target, reading)
        return memory, tau - coulomb * jnp.tanh(qd / 0.1) - viscous * qd

    return Actuator(inner.init, torque)


# --- From the configuration ----------------------------------------------------------------------------


def checked(kind: str, name: str, motor: Actuator, robot: Robot) -> Actuator:
    """The motor, which must give a torque for each actuated joint and keep the shapes of its memory."""

    def torque(memory: Any, target: Targets, reading: Reading) -> tuple[Any, Array]:
        rest, tau = motor.torque(memory, target, reading)
        return like(memory, rest), of_shape(tau, (len(robot.actuated_ids),))

    return Actuator(naming(kind, name, motor.init), naming(kind, name, torque))


def make_actuator(robot: Robot, entries: tuple[Entry, ...]) -> Actuator:
    """The motor that the configuration names, in its wrappers."""
    if not entries:
        raise UserError(f"actuator is empty: a motor comes first. There are: {', '.join(sorted(MOTORS))}.")
    (name, params), *around = (named(entry, "actuator") for entry in entries)
    made = checked("motor", name, choose("motor", name, MOTORS, params)(robot), robot)
    for name, params in around:
        kind = "wrapper of a motor"
        made = checked(kind, name, choose(kind, name, WRAPPERS, params)(made, robot), robot)
    return made


def resolved(robot: Robot, entries: tuple[Entry, ...]) -> list[tuple[str, dict[str, Any]]]:
    """Motor and wrappers with all their parameters, the robot's own where none is given."""
    out = []
    for name, given in (named(entry, "actuator") for entry in entries):
        table = {**MOTORS, **WRAPPERS}
        defaults = {k: p.default for k, p in parameters(table[name]).items()}
        values = {**defaults, **choose("motor", name, table, given).keywords}
        out.append((name, {k: OWN[k](robot) if v is None else v for k, v in values.items()}))
    return out
