"""A rig's physics as the gate's world, so that the gate's own loop drives a policy on any backend."""

# `types.py` speaks of JAX arrays; here NumPy's stand in for them.
# pyright: reportArgumentType=false

from collections.abc import Callable
from typing import Any

import jax
import numpy as np
from jaxtyping import Bool, Float
from numpy import ndarray

from gpugym_jax.gate.rotation import rotate, rotate_inverse
from gpugym_jax.gate.world import State, World, feet_of, torque_limits
from gpugym_jax.parity.rig import Rig, Trace, limp, stack
from gpugym_jax.types import Reading, RobotState


def to_gate(robot: RobotState) -> State:
    """The gate's view of a state: spin in the base frame, 64 bits."""
    wide = {k: np.asarray(v, float) for k, v in vars(robot).items()}
    return State(**{**wide, "base_ang_vel": rotate_inverse(wide["base_quat"], wide["base_ang_vel"])})


def to_physics(state: State) -> RobotState:
    """A physics' view of a state: spin in the world frame, 32 bits."""
    spin = rotate(state.base_quat, state.base_ang_vel)
    return RobotState(**{k: np.float32(v) for k, v in {**vars(state), "base_ang_vel": spin}.items()})


def placed(robot: RobotState, bodies: int) -> Reading:
    """What is known of robots that have just been set: no force yet, and not where their bodies are."""
    shape = (len(robot.base_pos), bodies, 3)
    nowhere = np.full(shape, np.nan, np.float32)
    return Reading(robot, nowhere, nowhere, np.zeros(shape, np.float32), np.zeros(shape[0], bool))


def make_world(rig: Rig) -> tuple[World, Callable[[], Trace]]:
    """The rig's robots on nominal ground, and a function that gives all that was read since their start."""
    setup, robot = rig.setup, rig.setup.robot
    feet, limits = feet_of(robot), torque_limits(robot)
    orders = jax.tree.map(lambda x: x[0], limp(setup, 1))
    sim: Any = None
    now: Reading
    traces: list[Trace] = []

    def place(state: State) -> None:
        nonlocal sim, now
        now = placed(to_physics(state), len(robot.bodies))
        sim = rig.physics.init(now.robot, {})
        traces.clear()

    def advance(torque: Float[ndarray, "n dof"]) -> Float[ndarray, "n dof"]:
        nonlocal sim, now
        given = np.float32(np.clip(torque, -limits, limits))
        sim, trace = rig.step(sim, orders.replace(feed=given))
        traces.append(jax.device_get(trace))
        now = traces[-1].reading
        return given.astype(float)

    def kick(who: Bool[ndarray, " n"], change: Float[ndarray, "n 5"]) -> None:
        nonlocal sim, now
        if not who.any():
            return
        push = np.where(who[:, None], np.float32(np.insert(change, 2, 0.0, axis=1)), np.float32(0))
        moved = {"base_lin_vel": push[:, :3], "base_ang_vel": push[:, 3:]}
        now = now.replace(robot=now.robot.replace(**{k: getattr(now.robot, k) + v for k, v in moved.items()}))
        sim = rig.physics.write(sim, who, now.robot, {})

    world = World(
        place=place,
        look=lambda: to_gate(now.robot),
        forces=lambda: np.asarray(now.body_force, float),
        foot_positions=lambda: np.asarray(now.body_pos, float)[:, feet],
        advance=advance,
        kick=kick,
        robot=robot,
        feet=feet,
        sim_dt=setup.timestep,
    )
    return world, lambda: stack(traces)
