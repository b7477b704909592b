"""What the functions of a task take and give, of one robot: the pairs that it is made of, and the whole."""

from typing import Any, NamedTuple, Protocol

from jaxtyping import Array, Float, Key

from gpugym_jax.types import Obs, ObsLayout, Reading, RobotState, Targets, TaskState, Verdict


class Start(Protocol):
    """The first episode of a robot, all of it drawn from its key."""

    def __call__(self, key: Key[Array, ""], /) -> tuple[TaskState, RobotState]: ...


class Act(Protocol):
    """Takes the policy's action as what the coming substeps aim at."""

    def __call__(self, task: TaskState, action: Float[Array, " action"], /) -> TaskState: ...


class Torque(Protocol):
    """Joint torques of the coming substep, N m."""

    def __call__(self, task: TaskState, reading: Reading, /) -> tuple[TaskState, Float[Array, " dof"]]: ...


class Judge(Protocol):
    """What a control step was worth, and how things go on."""

    def __call__(self, task: TaskState, reading: Reading, /) -> Verdict: ...


class Wrench(Protocol):
    """What pulls at the base in the coming substep: N, N m, world, at its centre of mass."""

    def __call__(self, task: TaskState, /) -> Float[Array, "6"]: ...


class Observe(Protocol):
    """What the networks see, and what is remembered of it."""

    def __call__(self, task: TaskState, reading: Reading, /) -> tuple[TaskState, Obs]: ...


class Renew(Protocol):
    """After the write: who begins an episode is observed anew, the others saw `final_obs`."""

    def __call__(self, verdict: Verdict, reading: Reading, /) -> tuple[TaskState, Obs]: ...


class Mdp(NamedTuple):
    """A task as pure functions of one robot, and the sizes that others need."""

    start: Start
    act: Act
    torque: Torque
    wrench: Wrench | None  # None: the task asks for none, and nothing is compiled for it
    judge: Judge
    observe: Observe
    renew: Renew
    decimation: int  # physics substeps a control step
    action_size: int
    layout: ObsLayout

    @property
    def obs_sizes(self) -> dict[str, int]:
        """Width of each observation group."""
        return {name: len(numbers) for name, numbers in self.layout.items()}


class StartMotors(Protocol):
    """The motors' memory at the start of an episode, with what an episode draws."""

    def __call__(self, key: Key[Array, ""], /) -> Any: ...


class Drive(Protocol):
    """Torques of the coming substep, N m, one an actuated joint."""

    def __call__(
        self, memory: Any, targets: Targets, reading: Reading, /
    ) -> tuple[Any, Float[Array, " act"]]: ...


class SampleGoal(Protocol):
    """What a robot is to do from now on; `progress`, 0 to 1, is how well it did so far."""

    def __call__(self, key: Key[Array, ""], progress: Float[Array, ""], /) -> Float[Array, " goal"]: ...


class Ask(Protocol):
    """The velocity that a goal asks for where the robot is now: vx, vy m/s; yaw rate rad/s; base frame."""

    def __call__(self, goal: Float[Array, " goal"], robot: RobotState, /) -> Float[Array, "3"]: ...


Pair = tuple[float, float]
Ranges = tuple[Pair, Pair, Pair]
"""Lowest and highest vx, vy, m/s, and yaw rate, rad/s."""


class Command(NamedTuple):
    """Which velocity is asked of a robot, as a pair of pure functions."""

    sample: SampleGoal
    command: Ask
    ranges: Ranges  # within which lies all that it asks of a robot that is not to stand
    growth: float = 0.0  # of a robot's progress, an episode; 0: what is drawn does not depend on it


class StartClock(Protocol):
    """The phase at the start of an episode, rad: a number, or several."""

    def __call__(self, key: Key[Array, ""], /) -> Float[Array, "*clock"]: ...


class Advance(Protocol):
    """The phase a substep of `dt` s later."""

    def __call__(
        self,
        phase: Float[Array, "*clock"],
        reading: Reading,
        command: Float[Array, "3"],
        key: Key[Array, ""],
        dt: float,
        /,
    ) -> Float[Array, "*clock"]: ...


class Clock(NamedTuple):
    """What a robot's steps keep time by, as a pair of pure functions."""

    init: StartClock
    advance: Advance


class Actuator(NamedTuple):
    """The motors of one robot, as an optax transform is: a pair of pure functions."""

    init: StartMotors
    torque: Drive
