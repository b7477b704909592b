"""Friction: what stops a sliding robot, and when one begins to slide."""

from collections.abc import Callable

import numpy as np
from matplotlib.figure import Figure

from gpugym_jax.parity.analysis import friction_coefficient, slide_threshold
from gpugym_jax.parity.experiment import Bound, Limits, Record, Records, experiment, needs_feet
from gpugym_jax.parity.plots import dots, draw, legend, panels
from gpugym_jax.parity.rig import Rig, clock, run, still
from gpugym_jax.parity.setup import Setup
from gpugym_jax.parity.starts import standing
from gpugym_jax.parity.theory import com_velocity, model_of

COEFFICIENTS = (0.1, 0.4)
"""The range of sliding coefficients: above it a robot would rather tip over its front feet than slide."""
STIFFER = 2.0
"""Times the gains: with the robot's own, legs buckle under a friction of 0.4."""
KICK = 2.0
"""m/s, along x, which a standing robot is given to slide."""
FAST, SLOW = 1.8, 0.6
"""m/s: between these speeds the deceleration is taken, when all feet slide and the legs have been bent."""
SLIDE_S = 1.6
JERK = 0.4
"""g a second: how fast the pull grows."""
PULL_S = 1.8
SLIDING = 0.3
"""m/s: a robot this fast slides for certain."""
RESTING = 0.5
"""Share of the pull that should make it slide, at which a robot should not have moved."""

SOFT = "Coulomb's law, which soft contacts and swaying legs blur; another engine must come within a fifth"
CHATTER = "path of the centre of mass; sliding feet chatter, and rounding decides when one lifts"
SLIDE_BOUNDS = (
    Bound(
        "coefficient",
        "",
        SOFT,
        theory=Limits(0.01, 0.03, 0.2),
        reference=Limits(0.005, 0.03, 0.2),
        relative=True,
    ),
    Bound(
        "speed",
        "m/s",
        CHATTER,
        reference=Limits(0.05, 0.1, None),
    ),
)
PULL_BOUNDS = (
    Bound(
        "threshold",
        "g",
        SOFT,
        theory=Limits(0.02, 0.04, 0.2),
        reference=Limits(0.01, 0.03, 0.2),
        relative=True,
    ),
    Bound(
        "creep",
        "m/s",
        "mean speed of the feet up to half the sliding pull: MuJoCo's soft friction gives way a little",
        theory=Limits(0.03, 0.03, 0.03),
        reference=Limits(0.001, 0.01, 0.03),
    ),
    Bound(
        "speed",
        "m/s",
        CHATTER,
        reference=Limits(0.05, 0.2, None),
    ),
)


def coefficients(setup: Setup) -> np.ndarray:
    """One for each robot."""
    return np.linspace(*COEFFICIENTS, setup.num_envs)


def _names(setup: Setup) -> tuple[str, ...]:
    return tuple(f"mu {mu:.2f}" for mu in coefficients(setup))


def _plot(figure_name: str, label: str) -> Callable[[Records], Figure]:
    def plot(records: Records) -> Figure:
        figure, grid = panels(2)
        n = next(iter(records.values())).traces["speed"].shape[1]
        draw(grid[0], records, "speed", "speed of the centre of mass, m/s", (0, n // 2, n - 1))
        dots(grid[1], records, figure_name, label, np.linspace(*COEFFICIENTS, n).tolist())
        grid[1].set_xlabel("coefficient that was set")
        legend(figure)
        return figure

    return plot


@experiment(bounds=SLIDE_BOUNDS, plot=_plot("coefficient", "coefficient found"), lacks=needs_feet)
def friction_slide(rig: Rig) -> Record:
    """Friction of a sliding robot.

    Standing robots on grounds of differing friction are given 2 m/s. From how the centre of mass slows
    down follows the coefficient that acts.
    """
    setup, model = rig.setup, model_of(rig.setup)
    start, orders = standing(setup, STIFFER), still(setup, SLIDE_S, STIFFER)
    kicked = start.replace(base_lin_vel=start.base_lin_vel + np.array([KICK, 0, 0], np.float32))
    trace = run(rig, kicked, orders, friction=coefficients(setup))
    velocity, time = com_velocity(model, trace.reading.robot), clock(setup, orders)
    return Record(
        time=time,
        traces={"speed": velocity[..., 0]},
        figures={"coefficient": friction_coefficient(time, velocity, model.gravity, FAST, SLOW)},
        theory={"coefficient": coefficients(setup)},
        labels=dict.fromkeys(["coefficient", "speed"], _names(setup)),
    )


@experiment(bounds=PULL_BOUNDS, plot=_plot("threshold", "pull at which it slides, g"), lacks=needs_feet)
def friction_threshold(rig: Rig) -> Record:
    """Pull at which a robot begins to slide.

    Standing robots get small velocity kicks after every substep, which add up to a horizontal pull that
    grows, as on a plane that is tilted more and more. One slides when the pull, in g, is its coefficient.
    """
    setup, model = rig.setup, model_of(rig.setup)
    orders, mu = still(setup, PULL_S, STIFFER), coefficients(setup)
    time, jerk = clock(setup, orders), JERK * model.gravity
    kick = orders.kick.copy()
    kick[..., 0] = (jerk * time * setup.timestep)[:, None]
    trace = run(rig, standing(setup, STIFFER), orders.replace(kick=kick), friction=mu)
    speed = com_velocity(model, trace.reading.robot)[..., 0]
    feet = np.asarray(trace.reading.body_pos, float)[:, :, list(setup.feet), 0].mean(-1)
    rest = np.searchsorted(JERK * time, RESTING * mu)  # until then a robot is pulled too little to slide
    return Record(
        time=time,
        traces={"speed": speed},
        figures={
            "threshold": slide_threshold(time, speed, jerk, SLIDING) / model.gravity,
            "creep": np.abs(feet[rest, np.arange(len(mu))] - feet[0]) / time[rest],
        },
        theory={"threshold": mu, "creep": np.array(0.0)},
        labels=dict.fromkeys(["threshold", "creep", "speed"], _names(setup)),
    )
