"""Contact forces: of a robot that stands and then bobs, and of one that walks."""

from collections.abc import Callable

import numpy as np
from matplotlib.figure import Figure

from gpugym_jax.gate.observe import CONTACT_FORCE
from gpugym_jax.parity.analysis import balance
from gpugym_jax.parity.drop import loads
from gpugym_jax.parity.experiment import Bound, Limits, Record, Records, experiment, needs_feet, needs_walker
from gpugym_jax.parity.plots import dots, draw, legend, panels
from gpugym_jax.parity.policy import STRIDES_FROM_S, walk
from gpugym_jax.parity.rig import Rig, Trace, clock, run, still
from gpugym_jax.parity.starts import standing
from gpugym_jax.parity.theory import com_velocity, model_of

STAND_S = 0.4
BOB_S = 1.2
BOB_HZ = 1.5
BOB = 0.15
"""Share of the default pose by which targets swing: enough to move the load, too little to lift a foot."""

MOMENTUM = (
    "force and weight make the change of momentum; what is left is the step's own error, and forces on "
    "bodies that are not reported"
)
STANDING_BOUNDS = (
    Bound(
        "load",
        "weights",
        "a robot that stands still presses down with its weight",
        theory=Limits(0.01, 0.02, 0.03),
        reference=Limits(0.005, 0.02, 0.03),
    ),
    Bound(
        "foot_loads",
        "weights",
        "from one start with equal gains; four feet are one too many to be determined by statics alone",
        reference=Limits(0.005, 0.03, 0.1),
    ),
    Bound("balance_up", "weights", MOMENTUM, theory=Limits(0.005, 0.03, 0.1)),
    Bound(
        "balance_across",
        "weights",
        f"{MOMENTUM}; Isaac Gym's net tensor may hold the normal forces only",
        theory=Limits(0.005, 0.03, 0.1),
        reported_on=("isaacgym/net",),
    ),
    Bound("other_force", "N", "nothing but the feet touches the ground", theory=Limits(0.0, 0.0, 0.5)),
    Bound("load_path", "weights", "path of the sum of foot forces", reference=Limits(0.05, 0.3, None)),
)
WALKING_BOUNDS = (
    Bound(
        "load",
        "weights",
        "over whole strides a walking robot presses down with its weight on average",
        theory=Limits(0.02, 0.03, 0.05),
        reference=Limits(0.005, 0.02, 0.05),
    ),
    Bound("duty", "of the time", "share with a foot on the ground", reference=Limits(0.01, 0.05, 0.15)),
    Bound("balance_up", "weights", MOMENTUM, theory=Limits(0.05, 0.1, 0.5)),
)


def _plot(figure_name: str, label: str) -> Callable[[Records], Figure]:
    """The sum of the first robot's foot forces over time, and a figure of each foot."""

    def plot(records: Records) -> Figure:
        figure, grid = panels(2)
        draw(grid[0], records, "load_path", "foot forces, weights")
        dots(grid[1], records, figure_name, label)
        legend(figure)
        return figure

    return plot


def left_over(rig: Rig, trace: Trace) -> np.ndarray:
    """Momentum that forces and weight do not account for, shares of the weight, (env, 3)."""
    model = model_of(rig.setup)
    total = np.asarray(trace.reading.body_force, float).sum(2)
    velocity = com_velocity(model, trace.reading.robot)
    return balance(total, velocity, model.mass, model.gravity, rig.setup.timestep)


@experiment(
    bounds=STANDING_BOUNDS,
    plot=_plot("foot_loads", "vertical force, weights"),
    lacks=needs_feet,
    sensors=True,
)
def standing_contacts(rig: Rig) -> Record:
    """Contact forces while standing.

    Robots stand still, then bob up and down as the joints' targets swing. At rest foot forces are the
    weight; all the time forces and weight together are the change of momentum.
    """
    setup = rig.setup
    orders = still(setup, STAND_S + BOB_S)
    time = clock(setup, orders)
    swing = 1.0 + BOB * np.sin(2.0 * np.pi * BOB_HZ * np.maximum(time - STAND_S, 0.0))
    target = orders.target * swing[:, None, None].astype(np.float32)
    trace = run(rig, standing(setup), orders.replace(target=target))
    share, rest = loads(rig, trace), (time > STAND_S / 2) & (time <= STAND_S)
    others = [b for b in range(len(setup.robot.bodies)) if b not in setup.feet]
    left = left_over(rig, trace)
    return Record(
        time=time,
        traces={"load_path": share.sum(-1)},
        figures={
            "load": share[rest].sum(-1).mean(0),
            "foot_loads": share[rest].mean((0, 1)),
            "balance_up": left[:, 2],
            "balance_across": left[:, :2].max(1),
            "other_force": np.array(np.abs(trace.reading.body_force[:, :, others]).max()),
        },
        theory={
            "load": np.array(1.0),
            **{name: np.array(0.0) for name in ("balance_up", "balance_across", "other_force")},
        },
        labels={"foot_loads": setup.robot.groups["foot"]},
    )


@experiment(
    bounds=WALKING_BOUNDS, plot=_plot("duty", "share of time on the ground"), lacks=needs_walker, sensors=True
)
def walking_contacts(rig: Rig) -> Record:
    """Contact forces while walking.

    The shipped policy walks. Over time the feet carry the weight, now on some of them, now on others.
    """
    setup, walked = rig.setup, walk(rig)
    trace = walked.trace
    share = loads(rig, trace)
    time = setup.timestep * np.arange(1, len(share) + 1)
    strides = time > STRIDES_FROM_S
    down = share * model_of(setup).weight > CONTACT_FORCE
    return Record(
        time=time[: len(time) // 4],
        traces={"load_path": share.sum(-1)[: len(time) // 4]},
        figures={
            "load": share[strides].sum(-1).mean(0),
            "duty": down[strides].mean((0, 1)),
            "balance_up": left_over(rig, trace)[:, 2],
        },
        theory={"load": np.array(1.0), "balance_up": np.array(0.0)},
        labels={"duty": setup.robot.groups["foot"]},
    )
