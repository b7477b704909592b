"""What an experiment is, and the table of them."""

import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from jaxtyping import Float
from matplotlib.figure import Figure
from numpy import ndarray

from gpugym_jax.parity.rig import Rig
from gpugym_jax.parity.setup import Setup


class Limits(NamedTuple):
    """Largest allowed difference by kind of backend; None: reported, not judged."""

    same: float | None  # MJX and C MuJoCo
    double: float | None  # Isaac Gym's double, which has MuJoCo's contacts in another model
    real: float | None  # Isaac Gym: other contacts, so statistics only


@dataclass(frozen=True)
class Bound:
    """How near a figure has to be, and why no nearer and no further."""

    figure: str  # of `Record.figures`, or of `Record.traces`: then the largest difference at any time
    unit: str
    reason: str
    theory: Limits | None = None  # to `Record.theory`
    reference: Limits | None = None  # to the reference backend
    relative: bool = False  # differences as a share of the wanted value
    reported_on: tuple[str, ...] = ()  # backends on which it is not judged


@dataclass(frozen=True)
class Record:
    """What an experiment leaves of a backend."""

    time: Float[ndarray, " time"]  # s
    traces: dict[str, Float[ndarray, "time ..."]]
    figures: dict[str, Float[ndarray, "..."]]  # a number, or one for each of `labels`
    theory: dict[str, Float[ndarray, "..."]] = field(default_factory=dict)  # what figures ought to be
    labels: dict[str, tuple[str, ...]] = field(default_factory=dict)


Records = Mapping[str, Record]
"""By backend, the reference first."""


@dataclass(frozen=True)
class Experiment:
    """A row of the table."""

    name: str
    title: str
    shows: str  # what there is to see, in a sentence
    run: Callable[[Rig], Record]
    bounds: tuple[Bound, ...]
    plot: Callable[[Records], Figure]
    lacks: Callable[[Setup], str]  # why it cannot be run; empty if it can
    sensors: bool  # whether Isaac Gym's two ways to measure contact are both to be run


EXPERIMENTS: dict[str, Experiment] = {}


def experiment(
    *,
    bounds: tuple[Bound, ...],
    plot: Callable[[Records], Figure],
    lacks: Callable[[Setup], str] = lambda setup: "",
    sensors: bool = False,
) -> Callable[[Callable[[Rig], Record]], Callable[[Rig], Record]]:
    """A decorator that enters a function into the table. Its docstring: a title, and what it shows."""

    def decorate(run: Callable[[Rig], Record]) -> Callable[[Rig], Record]:
        title, _, shows = (inspect.getdoc(run) or "").partition("\n")
        name = run.__name__
        if name in EXPERIMENTS:
            raise ValueError(f"'{name}' is registered twice")
        words = " ".join(shows.split())
        EXPERIMENTS[name] = Experiment(name, title.rstrip("."), words, run, bounds, plot, lacks, sensors)
        return run

    return decorate


def needs_floating(setup: Setup) -> str:
    """The base has to be free."""
    return "" if setup.robot.floating else f"{setup.robot.name} is fixed to the world"


def needs_feet(setup: Setup) -> str:
    """The robot has to stand on something."""
    return "" if setup.touches else f"{setup.robot.name} touches nothing"


def needs_fixed(setup: Setup) -> str:
    """The base has to be fixed."""
    return "" if not setup.robot.floating else f"{setup.robot.name} is not fixed to the world"


def needs_gains(setup: Setup) -> str:
    """Joints have to hold positions."""
    return "" if setup.kp.any() else f"{setup.robot.name} has no position gains"


def needs_policy(setup: Setup) -> str:
    """There has to be a policy."""
    return "" if setup.policy else f"no policy is shipped for {setup.robot.name}"


def needs_walker(setup: Setup) -> str:
    """There has to be a policy, of a robot with feet."""
    return needs_feet(setup) or needs_policy(setup)
