"""Free swing of robots that are fixed to the world."""

# `types.py` speaks of JAX arrays; here NumPy's stand in for them.
# pyright: reportArgumentType=false

import numpy as np
from matplotlib.figure import Figure

from gpugym_jax.parity.analysis import period
from gpugym_jax.parity.experiment import Bound, Limits, Record, Records, experiment, needs_fixed
from gpugym_jax.parity.plots import dots, draw, draw_apart, legend, panels
from gpugym_jax.parity.rig import Rig, clock, run, still
from gpugym_jax.parity.starts import hanging
from gpugym_jax.parity.theory import dissipated, energy, model_of, small_swing_period

AMPLITUDES = (0.05, 2.0)
"""rad from hanging: the range of the starts. The first swings as linear theory says."""
SWING_S = 6.0

BOUNDS = (
    Bound(
        "small_period",
        "s",
        "of a swing of 0.05 rad; semi-implicit Euler and the amplitude change it by less than 1 in 1000",
        theory=Limits(0.002, 0.005, 0.01),
        reference=Limits(1e-4, 0.002, 0.01),
        relative=True,
    ),
    Bound(
        "period",
        "s",
        "of wider swings, between crossings found by interpolation",
        reference=Limits(5e-4, 0.005, 0.02),
    ),
    Bound(
        "energy_error",
        "of the swing's energy",
        "energy plus what damping took is kept but for what the integrator's step adds and takes",
        theory=Limits(0.05, 0.1, 0.2),
    ),
    Bound(
        "angle",
        "rad",
        "path, float32 against float64, over several swings",
        reference=Limits(5e-4, 0.05, None),
    ),
)


def plot(records: Records) -> Figure:
    """Angles of a small, a middle and a wide swing, how far they are apart; periods by amplitude."""
    figure, grid = panels(3, columns=3)
    n = next(iter(records.values())).traces["angle"].shape[1]
    draw(grid[0], records, "angle", "angle from hanging, rad", (0, n // 2, n - 1))
    draw_apart(grid[1], records, "angle", "angles apart, rad")
    dots(grid[2], records, "period", "period, s", np.linspace(*AMPLITUDES, n).tolist())
    grid[2].set_xlabel("amplitude, rad")
    legend(figure)
    return figure


@experiment(bounds=BOUNDS, plot=plot, lacks=needs_fixed)
def free_swing(rig: Rig) -> Record:
    """Free swing.

    Limp robots are let go at several angles from hanging. The smallest swing has the period of linear
    theory; energy and what joint damping took stay the same together.
    """
    setup, model = rig.setup, model_of(rig.setup)
    amplitudes = np.linspace(*AMPLITUDES, setup.num_envs)
    rest = hanging(setup)
    dof_pos = np.array(rest.dof_pos)
    dof_pos[:, -1] += amplitudes.astype(np.float32)
    orders = still(setup, SWING_S, hold=0.0)
    robot, time = run(rig, rest.replace(dof_pos=dof_pos), orders).reading.robot, clock(setup, orders)
    angle = np.asarray(robot.dof_pos, float)[..., -1] - np.asarray(rest.dof_pos, float)[0, -1]
    held = energy(model, robot)
    whole = held + dissipated(model, robot.dof_vel, setup.timestep)
    begun = energy(model, rest.replace(dof_pos=dof_pos))
    size = begun - energy(model, rest)
    swings = period(time, angle)
    return Record(
        time=time,
        traces={"angle": angle, "energy": held},
        figures={
            "small_period": swings[0],
            "period": swings,
            "energy_error": np.abs(whole - begun).max(0) / size,
        },
        theory={
            "small_period": np.array(small_swing_period(model, rest)),
            "energy_error": np.array(0.0),
        },
        labels=dict.fromkeys(["period", "energy_error", "angle"], tuple(f"{a:.2f} rad" for a in amplitudes)),
    )
