"""Joints: steps of the target in the air, and steps of torque on a robot that is fixed to the world."""

# `types.py` speaks of JAX arrays; here NumPy's stand in for them.
# pyright: reportArgumentType=false

import numpy as np
from matplotlib.figure import Figure

from gpugym_jax.parity.analysis import overshoot, rise_time
from gpugym_jax.parity.experiment import Bound, Limits, Record, Records, experiment, needs_fixed, needs_gains
from gpugym_jax.parity.plots import dots, draw, legend, panels
from gpugym_jax.parity.rig import Rig, clock, run, still
from gpugym_jax.parity.setup import Setup
from gpugym_jax.parity.starts import hanging, upright
from gpugym_jax.parity.theory import acceleration, model_of

STEP = 0.2
"""rad, of a target."""
STEP_S = 0.6
HEIGHT = 4.0
"""m of the base at the start: room to fall for as long."""
EFFORT = 0.2
"""Share of a joint's torque limit that is put on it; without a limit 1 N m."""

STEP_BOUNDS = (
    Bound(
        "rise_time",
        "s",
        "armature, inertia and gains set it; interpolated between substeps",
        reference=Limits(5e-4, 2e-3, 5e-3),
    ),
    Bound("overshoot", "of the step", "damping sets it", reference=Limits(0.005, 0.03, 0.1)),
    Bound(
        "final",
        "of the step",
        "in free fall nothing pulls at a joint, so it ends where it is told",
        theory=Limits(0.03, 0.03, 0.1),
        reference=Limits(0.005, 0.02, 0.1),
    ),
    Bound(
        "others_moved",
        "of the step",
        "the largest movement of any other joint: what a joint does to the rest through the base",
        reference=Limits(0.01, 0.03, 0.1),
    ),
    Bound("response", "of the step", "path, float32 against float64", reference=Limits(0.001, 0.03, None)),
)
TORQUE_BOUNDS = (
    Bound(
        "first_speed",
        "rad/s or m/s",
        "after one substep it is dt times what the equations of motion say: inertia and order of the joints",
        theory=Limits(0.002, 0.02, 0.05),
        reference=Limits(0.002, 0.02, 0.05),
        relative=True,
    ),
    Bound(
        "moved",
        "rad or m",
        "after the whole time: a semi-implicit step and a swinging pole",
        reference=Limits(0.001, 0.01, 0.05),
    ),
    Bound("response", "rad or m", "path, float32 against float64", reference=Limits(0.001, 0.01, 0.05)),
)


def own_joints(setup: Setup) -> tuple[np.ndarray, np.ndarray]:
    """Robot k moves joint k: both indices, one a joint."""
    dofs = np.arange(len(setup.robot.dofs))
    return dofs, dofs


def plot_steps(records: Records) -> Figure:
    """Responses of the first leg's joints, and final positions of all."""
    figure, grid = panels(4)
    some = next(iter(records.values()))
    draw(
        grid[0],
        records,
        "response",
        "joint position, of the step",
        range(min(3, some.traces["response"].shape[1])),
    )
    dots(grid[1], records, "rise_time", "rise time, s")
    dots(grid[2], records, "overshoot", "overshoot, of the step")
    dots(grid[3], records, "final", "final position, of the step")
    legend(figure)
    return figure


def plot_torques(records: Records) -> Figure:
    """Movements, and speeds after the first substep."""
    figure, grid = panels(2)
    count = next(iter(records.values())).traces["response"].shape[1]
    draw(grid[0], records, "response", "moved, rad or m", range(count))
    dots(grid[1], records, "first_speed", "after one substep, rad/s or m/s")
    legend(figure)
    return figure


@experiment(bounds=STEP_BOUNDS, plot=plot_steps, lacks=needs_gains)
def joint_steps(rig: Rig) -> Record:
    """Step responses of the joints.

    The target of one joint of each robot jumps while the robot is in the air; the PD gains do the rest.
    Rise and overshoot tell inertia, armature and damping, and where it ends that joints are in order.
    """
    setup = rig.setup
    robots, dofs = own_joints(setup)
    orders = still(setup, STEP_S)
    target = orders.target.copy()
    target[:, robots, dofs] += STEP
    trace = run(rig, upright(setup, HEIGHT), orders.replace(target=target))
    moved = np.asarray(trace.reading.robot.dof_pos, float) - np.array(setup.robot.default_dof_pos)
    response, time = moved[:, robots, dofs] / STEP, clock(setup, orders)
    others = np.abs(moved[:, robots])
    others[:, robots, dofs] = 0.0
    figures = {
        "rise_time": rise_time(time, response),
        "overshoot": overshoot(response),
        "final": response[-1],
        "others_moved": others.max((0, 2)) / STEP,
    }
    return Record(
        time=time,
        traces={"response": response},
        figures=figures,
        theory={"final": np.array(1.0)},
        labels=dict.fromkeys([*figures, "response"], setup.robot.dofs),
    )


@experiment(bounds=TORQUE_BOUNDS, plot=plot_torques, lacks=needs_fixed)
def torque_response(rig: Rig) -> Record:
    """Torque steps.

    A constant torque or force is put on one joint of each hanging robot. The speed after one substep tells
    the inertia that it meets, and that it was put on the right joint.
    """
    setup = rig.setup
    robots, dofs = own_joints(setup)
    start, orders = hanging(setup), still(setup, STEP_S, hold=0.0)
    feed = orders.feed.copy()
    feed[:, robots, dofs] = np.where(np.isfinite(setup.limit), EFFORT * setup.limit, 1.0)
    trace = run(rig, start, orders.replace(feed=feed)).reading.robot
    response = (np.asarray(trace.dof_pos, float) - start.dof_pos)[:, robots, dofs]
    wanted = setup.timestep * acceleration(model_of(setup), start, feed[0])[robots, dofs]
    figures = {
        "first_speed": np.asarray(trace.dof_vel, float)[0, robots, dofs],
        "moved": response[-1],
    }
    return Record(
        time=clock(setup, orders),
        traces={"response": response},
        figures=figures,
        theory={"first_speed": wanted},
        labels=dict.fromkeys([*figures, "response"], setup.robot.dofs),
    )
