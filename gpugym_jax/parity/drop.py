"""Drop and settle."""

import numpy as np
from matplotlib.figure import Figure

from gpugym_jax.parity.analysis import settling_time, tilt
from gpugym_jax.parity.experiment import Bound, Limits, Record, Records, experiment, needs_feet
from gpugym_jax.parity.plots import dots, draw, draw_apart, legend, panels
from gpugym_jax.parity.rig import Rig, Trace, clock, run, still
from gpugym_jax.parity.starts import upright
from gpugym_jax.parity.theory import model_of

HEIGHTS = (0.0, 0.15)
"""m above the reset height: the range of the drops."""
DROP_S = 4.0
LAST_S = 0.1
"""s at the end over which forces are averaged."""
BAND = 0.002
"""m: a base nearer to its final height than this has settled."""

STIFF = "the impact's peak hangs on contact stiffness and on where in a step the foot lands"
BOUNDS = (
    Bound(
        "load",
        "weights",
        "at rest the feet carry the weight, whatever the contact model",
        theory=Limits(0.01, 0.02, 0.05),
        reference=Limits(0.005, 0.02, 0.05),
    ),
    Bound(
        "foot_loads",
        "weights",
        "how four feet share a weight is statically undetermined; friction decides a part of it",
        reference=Limits(0.01, 0.03, None),
    ),
    Bound(
        "final_height",
        "m",
        "gains and mass set it; feet that slide apart at the landing lower it a little",
        reference=Limits(0.001, 0.01, 0.02),
    ),
    Bound(
        "final_tilt",
        "rad",
        "how far feet slide at the landing decides how far the base pitches",
        reference=Limits(0.01, 0.03, 0.1),
    ),
    Bound(
        "settling_time",
        "s",
        f"the last time the base is {1e3 * BAND:g} mm off; the median, since a swing may just count",
        reference=Limits(0.2, 1.5, None),
    ),
    Bound("peak_load", "weights", STIFF, reference=Limits(0.05, None, None)),
    Bound(
        "height",
        "m",
        "path through an impact; the double's feet, bodies of their own, are softer contacts in MuJoCo",
        reference=Limits(0.003, 0.03, None),
    ),
)


def plot(records: Records) -> Figure:
    """Heights of the lowest, a middle and the highest drop, how far they are apart; each foot's share."""
    figure, grid = panels(3, columns=3)
    n = next(iter(records.values())).traces["height"].shape[1]
    draw(grid[0], records, "height", "base height, m", (0, n // 2, n - 1))
    draw_apart(grid[1], records, "height", "base heights apart, m")
    dots(grid[2], records, "foot_loads", "vertical force at rest, weights")
    legend(figure)
    return figure


def loads(rig: Rig, trace: Trace) -> np.ndarray:
    """Vertical forces on the feet as shares of the robot's weight, (time, env, foot)."""
    up = np.asarray(trace.reading.body_force, float)[:, :, list(rig.setup.feet), 2]
    return up / model_of(rig.setup).weight


@experiment(bounds=BOUNDS, plot=plot, lacks=needs_feet)
def drop(rig: Rig) -> Record:
    """Drop and settle.

    Robots that hold the default pose are dropped from several heights. At rest the forces under the feet
    are the weight.
    """
    setup = rig.setup
    heights = np.linspace(*HEIGHTS, setup.num_envs)
    orders = still(setup, DROP_S)
    trace = run(rig, upright(setup, setup.robot.base_height + heights), orders)
    time, robot, share = clock(setup, orders), trace.reading.robot, loads(rig, trace)
    height = np.asarray(robot.base_pos, float)[..., 2]
    last = share[-max(1, round(LAST_S / setup.timestep)) :].mean(0)
    names = tuple(f"{h:.2f} m" for h in heights)
    return Record(
        time=time,
        traces={"height": height, "load": share.sum(-1)},
        figures={
            "load": last.sum(-1),
            "foot_loads": last.mean(0),
            "final_height": height[-1],
            "final_tilt": tilt(np.asarray(robot.base_quat[-1], float)),
            "settling_time": np.median(settling_time(time, height, BAND)),
            "peak_load": share.sum(-1).max(0),
        },
        theory={"load": np.array(1.0)},
        labels={
            **{name: names for name in ("load", "final_height", "final_tilt", "peak_load")},
            "foot_loads": setup.robot.groups["foot"],
        },
    )
