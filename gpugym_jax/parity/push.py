"""Pushes of a standing robot."""

import numpy as np
from matplotlib.figure import Figure

from gpugym_jax.parity.analysis import settling_time, tilt
from gpugym_jax.parity.experiment import Bound, Limits, Record, Records, experiment, needs_feet
from gpugym_jax.parity.plots import COLOURS, draw, legend, panels, style, thin
from gpugym_jax.parity.rig import Rig, clock, run, still
from gpugym_jax.parity.starts import standing

KICK = 0.5
"""m/s, added to the base's velocity."""
KICK_AT = 0.1
"""s"""
PUSH_S = 4.0
BAND = 0.003
"""m: a base nearer to where it ends than this has recovered."""

SLIP = (
    "how far feet slip hangs on the contacts' softness, which in the double is another (its feet are bodies)"
)
BOUNDS = (
    Bound("peak", "m", SLIP, reference=Limits(0.002, 0.02, 0.03)),
    Bound("final", "m", SLIP, reference=Limits(0.002, 0.02, 0.03)),
    Bound(
        "recovery",
        "s",
        f"the last time the base is {1e3 * BAND:g} mm off; the median, since a swing may just count",
        reference=Limits(0.2, 1.0, None),
    ),
    Bound("peak_tilt", "rad", SLIP, reference=Limits(0.01, 0.05, 0.1)),
    Bound("height", "m", SLIP, reference=Limits(0.002, 0.02, None)),
)


def plot(records: Records) -> Figure:
    """Distance and height over time, and paths seen from above."""
    figure, grid = panels(3, columns=3)
    n = next(iter(records.values())).traces["moved"].shape[1]
    some = tuple(range(0, n, max(1, n // 4)))
    draw(grid[0], records, "moved", "distance from the start, m", some)
    draw(grid[1], records, "height", "base height, m", some)
    for rank, record in enumerate(records.values()):
        for x, y in np.moveaxis(record.traces["path"], 0, -1):
            grid[2].plot(*thin(x, y), **style(rank))
    grid[2].plot(0, 0, "+", color=COLOURS[5])
    grid[2].set_aspect("equal")
    grid[2].set_xlabel("x, m")
    grid[2].set_ylabel("y, m")
    legend(figure)
    return figure


@experiment(bounds=BOUNDS, plot=plot, lacks=needs_feet)
def push(rig: Rig) -> Record:
    """Push of a standing robot.

    Each robot holds the default pose and is kicked with 0.5 m/s in a direction of its own. It sways,
    slips a little, and comes to rest.
    """
    setup = rig.setup
    angles = 2.0 * np.pi * np.arange(setup.num_envs) / setup.num_envs
    start, orders = standing(setup), still(setup, PUSH_S)
    kick = orders.kick.copy()
    kick[round(KICK_AT / setup.timestep), :, :2] = KICK * np.stack([np.cos(angles), np.sin(angles)], -1)
    robot = run(rig, start, orders.replace(kick=kick)).reading.robot
    pos, time = np.asarray(robot.base_pos, float), clock(setup, orders)
    path = pos[..., :2] - start.base_pos[:, :2]
    moved = np.linalg.norm(path, axis=-1)
    figures = {
        "peak": moved.max(0),
        "final": moved[-1],
        "recovery": np.median(settling_time(time, moved, BAND)) - KICK_AT,
        "peak_tilt": tilt(np.asarray(robot.base_quat, float)).max(0),
    }
    names = tuple(f"{np.degrees(a):.0f} deg" for a in angles)
    traces = {"moved": moved, "height": pos[..., 2], "path": path}
    return Record(time, traces, figures, labels=dict.fromkeys(["peak", "final", "peak_tilt", *traces], names))
