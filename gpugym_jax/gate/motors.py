"""Motors and their wrappers in NumPy: twins of `mdp/actuators.py`, of the same names and parameters.

They are driven by a policy file alone. What a wrapper draws, it draws once, for each of `n` robots.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

import numpy as np
from jaxtyping import Float
from numpy import ndarray

from gpugym_jax.bounds import (
    DelayRange,
    NotNegative,
    NotNegativeRange,
    NotNegatives,
    Positives,
    PositiveShare,
)
from gpugym_jax.tables import choose, register, repeated

Rng = np.random.Generator
Joints = Float[ndarray, "n joint"]


@dataclass(frozen=True)
class Plant:
    """What the motors sit on. Actuated joints only."""

    home: Float[ndarray, " joint"]  # rad, default pose
    torque_limit: Float[ndarray, " joint"]  # N m


@dataclass(frozen=True)
class Targets:
    """What the motors are asked for, of actuated joints."""

    dof_pos: Joints  # rad from the default pose
    tau_ff: Joints  # N m
    stiffness: Joints | float = 1.0  # factor of kp
    damping: Joints | float = 1.0  # factor of kd


class Motor(NamedTuple):
    """The motors of a batch of robots: a pair of functions."""

    init: Callable[[Rng, int], Any]  # rng, robots -> memory
    torque: Callable[[Any, Targets, Joints, Joints], tuple[Any, Joints]]  # memory, targets, q, qd


MOTORS: dict[str, Callable[..., Motor]] = {}
motor = register(MOTORS)
WRAPPERS: dict[str, Callable[..., Motor]] = {}
wrapper = register(WRAPPERS)
Law = Callable[[Targets, Joints, Joints], Joints]


def over_joints(plant: Plant, given: tuple[float, ...]) -> Float[ndarray, " joint"]:
    """Numbers that repeat over the joints."""
    return np.array(repeated(given, plant.home.size, "the policy's motors"), float)


def without_memory(law: Law) -> Motor:
    """A motor that remembers nothing."""
    return Motor(lambda rng, n: (), lambda memory, target, q, qd: (memory, law(target, q, qd)))


def servo(plant: Plant, kp: NotNegatives, kd: NotNegatives) -> Law:
    """The torque of a PD law, without limits."""
    p, d = over_joints(plant, kp), over_joints(plant, kd)

    def law(target: Targets, q: Joints, qd: Joints) -> Joints:
        pull = p * target.stiffness * (plant.home + target.dof_pos - q)
        return pull - d * target.damping * qd + target.tau_ff

    return law


@motor
def pd(plant: Plant, *, kp: NotNegatives, kd: NotNegatives) -> Motor:
    """A PD law within the torque limits."""
    law, limit = servo(plant, kp, kd), plant.torque_limit
    return without_memory(lambda target, q, qd: np.clip(law(target, q, qd), -limit, limit))


@motor
def direct(plant: Plant) -> Motor:
    """The torque that is asked for, within the limits."""
    limit = plant.torque_limit
    return without_memory(lambda target, q, qd: np.clip(target.tau_ff, -limit, limit))


@motor
def dc_motor(
    plant: Plant,
    *,
    kp: NotNegatives,
    kd: NotNegatives,
    stall: Positives,
    no_load: Positives,
) -> Motor:
    """A PD law within the limits and within the line from `stall` at rest to nothing at `no_load`."""
    law, limit = servo(plant, kp, kd), plant.torque_limit
    most, fastest = over_joints(plant, stall), over_joints(plant, no_load)

    def curbed(target: Targets, q: Joints, qd: Joints) -> Joints:
        forwards = np.minimum(np.maximum(most - most * qd / fastest, 0.0), limit)
        backwards = np.maximum(np.minimum(-most - most * qd / fastest, 0.0), -limit)
        return np.minimum(np.maximum(law(target, q, qd), backwards), forwards)

    return without_memory(curbed)


@wrapper
def smoothed(inner: Motor, plant: Plant, *, weight: PositiveShare) -> Motor:
    """A moving average of the position target, from zero."""

    def init(rng: Rng, n: int) -> tuple[Joints, Any]:
        return np.zeros((n, len(plant.home))), inner.init(rng, n)

    def torque(memory: tuple[Joints, Any], target: Targets, q: Joints, qd: Joints) -> tuple[Any, Joints]:
        now = weight * target.dof_pos + (1.0 - weight) * memory[0]
        rest, tau = inner.torque(memory[1], replace(target, dof_pos=now), q, qd)
        return (now, rest), tau

    return Motor(init, torque)


@wrapper
def strength(inner: Motor, plant: Plant, *, range: NotNegativeRange) -> Motor:  # noqa: A002
    """The torque times a factor a joint, within the limits."""
    limit = plant.torque_limit

    def init(rng: Rng, n: int) -> tuple[Joints, Any]:
        return rng.uniform(*range, (n, len(limit))), inner.init(rng, n)

    def torque(memory: tuple[Joints, Any], target: Targets, q: Joints, qd: Joints) -> tuple[Any, Joints]:
        rest, tau = inner.torque(memory[1], target, q, qd)
        return (memory[0], rest), np.clip(memory[0] * tau, -limit, limit)

    return Motor(init, torque)


@wrapper
def gains(
    inner: Motor, plant: Plant, *, kp: NotNegativeRange = (1.0, 1.0), kd: NotNegativeRange = (1.0, 1.0)
) -> Motor:
    """kp and kd times a factor a joint."""

    def init(rng: Rng, n: int) -> tuple[Joints, Joints, Any]:
        shape = (n, len(plant.home))
        return rng.uniform(*kp, shape), rng.uniform(*kd, shape), inner.init(rng, n)

    def torque(
        memory: tuple[Joints, Joints, Any], target: Targets, q: Joints, qd: Joints
    ) -> tuple[Any, Joints]:
        p, d, rest = memory
        asked = replace(target, stiffness=p * target.stiffness, damping=d * target.damping)
        rest, tau = inner.torque(rest, asked, q, qd)
        return (p, d, rest), tau

    return Motor(init, torque)


@wrapper
def friction(inner: Motor, plant: Plant, *, coulomb: NotNegative = 0.0, viscous: NotNegative = 0.0) -> Motor:
    """The torque less what the gear takes."""

    def torque(memory: Any, target: Targets, q: Joints, qd: Joints) -> tuple[Any, Joints]:
        memory, tau = inner.torque(memory, target, q, qd)
        return memory, tau - coulomb * np.tanh(10.0 * qd) - viscous * qd

    return Motor(inner.init, torque)


@wrapper
def delay(inner: Motor, plant: Plant, *, steps: DelayRange) -> Motor:
    """Targets some substeps late; before the first, the default pose and no torque."""
    low, high = steps

    def init(rng: Rng, n: int) -> tuple[list[Targets], ndarray, Any]:
        nothing = Targets(*np.zeros((2, n, len(plant.home))), *np.ones((2, n, len(plant.home))))
        return [nothing] * (high + 1), rng.integers(low, high + 1, n), inner.init(rng, n)

    def torque(
        memory: tuple[list[Targets], ndarray, Any], target: Targets, q: Joints, qd: Joints
    ) -> tuple[Any, Joints]:
        queue, late, rest = memory
        queue, each = [target, *queue[:-1]], np.arange(len(q))

        def held(name: str) -> Joints:
            rows = [np.broadcast_to(getattr(t, name), q.shape) for t in queue]
            return np.stack(rows)[late, each]

        rest, tau = inner.torque(rest, Targets(*map(held, Targets.__dataclass_fields__)), q, qd)
        return (queue, late, rest), tau

    return Motor(init, torque)


def make_motor(plant: Plant, entries: Sequence[tuple[str, Mapping[str, Any]]]) -> Motor:
    """The motor that comes first, in the wrappers that follow."""
    (name, params), *around = entries
    made = choose("motor", name, MOTORS, params)(plant)
    for name, params in around:
        made = choose("wrapper of a motor", name, WRAPPERS, params)(made, plant)
    return made
