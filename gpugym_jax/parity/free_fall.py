"""Free fall."""

import numpy as np

from gpugym_jax.parity.experiment import Bound, Limits, Record, experiment, needs_floating
from gpugym_jax.parity.plots import simple
from gpugym_jax.parity.rig import Rig, clock, run, still
from gpugym_jax.parity.starts import upright
from gpugym_jax.parity.theory import model_of

HEIGHT = 3.0
"""m, of the base at the start."""
FALL_S = 0.5

ROUNDING = "nothing but gravity acts, so only float32 rounding is left"
BOUNDS = (
    Bound("speed", "m/s", ROUNDING, theory=Limits(1e-3, 1e-3, 1e-2), reference=Limits(1e-4, 1e-3, 1e-2)),
    Bound(
        "distance",
        "m",
        f"{ROUNDING}; another scheme than semi-implicit Euler's may differ by half a step's fall, g t dt / 2",
        theory=Limits(1e-4, 1e-3, 2e-2),
        reference=Limits(1e-4, 1e-3, 2e-2),
    ),
    Bound(
        "joint_speed",
        "rad/s",
        "gravity turns no joint of a robot that falls without spin",
        theory=Limits(1e-2, 1e-2, 0.1),
    ),
    Bound("contact_force", "N", "there is no contact", theory=Limits(0.0, 0.0, 0.0)),
)


@experiment(
    bounds=BOUNDS,
    plot=simple(("fall", "distance fallen, m", (0,)), ("speed", "speed, m/s", (0,))),
    lacks=needs_floating,
)
def free_fall(rig: Rig) -> Record:
    """Free fall.

    Limp robots in random attitudes are let go. Speed is g t; distance is g t (t + dt) / 2, as
    semi-implicit Euler has it.
    """
    setup = rig.setup
    quat = np.random.default_rng(setup.seed).normal(size=(setup.num_envs, 4)).astype(np.float32)
    start = upright(setup, HEIGHT).replace(base_quat=quat / np.linalg.norm(quat, axis=1, keepdims=True))
    orders = still(setup, FALL_S, hold=0.0)
    reading, time = run(rig, start, orders).reading, clock(setup, orders)
    fall = HEIGHT - np.asarray(reading.robot.base_pos, float)[..., 2]
    speed = -np.asarray(reading.robot.base_lin_vel, float)[..., 2]
    g, t = model_of(setup).gravity, time[-1]
    return Record(
        time=time,
        traces={"fall": fall, "speed": speed},
        figures={
            "speed": speed[-1],
            "distance": fall[-1],
            "joint_speed": np.abs(reading.robot.dof_vel).max((0, 2)),
            "contact_force": np.abs(reading.body_force).max((0, 2, 3)),
        },
        theory={
            "speed": np.array(g * t),
            "distance": np.array(g * t * (t + setup.timestep) / 2.0),
            "joint_speed": np.array(0.0),
            "contact_force": np.array(0.0),
        },
    )
