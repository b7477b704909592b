"""What flows between the task, the physics and the learner.

World z up, SI units, radians, quaternions w x y z from base to world. A leading `*env` is absent inside
the MDP (one robot) and present outside it (a batch). `dof` counts joint degrees of freedom in
`Robot.dofs` order; the floating base is not among them. `act` counts the actuated ones, `body` the
reported bodies in `Robot.bodies` order, `foot` the feet in `Robot.groups["foot"]` order.
"""

from collections.abc import Callable
from typing import Any, NamedTuple, Protocol, TypeVar, runtime_checkable

from flax import struct
from jaxtyping import Array, Bool, Float, Int, Key

Sim = TypeVar("Sim")
Obs = dict[str, Float[Array, "..."]]
"""Observation groups by name, `"actor"`, `"critic"` and any other: each `(*env, size)`."""
Scan = Callable[..., tuple[Any, Any]]
"""`jax.lax.scan`'s signature: `(f, carry, xs, length) -> (carry, ys)`."""


class RobotState(struct.PyTreeNode):
    """Where robots are and how fast they move: all that a simulator needs to be set to it."""

    base_pos: Float[Array, "*env 3"]  # m, world
    base_quat: Float[Array, "*env 4"]
    base_lin_vel: Float[Array, "*env 3"]  # m/s, world, of the base link's origin
    base_ang_vel: Float[Array, "*env 3"]  # rad/s, world
    dof_pos: Float[Array, "*env dof"]  # rad, or m for a slider
    dof_vel: Float[Array, "*env dof"]  # rad/s, or m/s


class Reading(struct.PyTreeNode):
    """What a simulator reports after a substep."""

    robot: RobotState
    body_pos: Float[Array, "*env body 3"]  # m, world; may lag `robot` by one substep
    body_vel: Float[Array, "*env body 3"]  # m/s, world; likewise
    body_force: Float[Array, "*env body 3"]  # N, world, net contact over the last substep; 0 after a write
    overflow: Bool[Array, "*env"]  # contact or constraint space ran out in the last substep


class Targets(struct.PyTreeNode):
    """What the motors are asked for. Actuated joints only, in the robot's order."""

    dof_pos: Float[Array, "*env act"]  # rad from the default pose
    tau_ff: Float[Array, "*env act"]  # N m
    stiffness: Float[Array, "*env act"]  # factor of the motor's own kp
    damping: Float[Array, "*env act"]  # factor of the motor's own kd


Variation = dict[str, Float[Array, "..."]]
"""How a robot's body and ground differ from the nominal model: the properties that do, by their names in
`robots.varied.VARIED`, each `(*env, *size)`. What is not in it is nominal."""


@runtime_checkable
class Physics(Protocol[Sim]):
    """A batch of like robots that can be started, stepped, overwritten and read.

    Traceable: its methods are pure JAX and may be compiled into a larger program.
    Live: they act on a simulator outside, which can only go on from its latest state.
    """

    @property
    def traceable(self) -> bool:
        """Whether the methods may be traced by JAX."""
        ...

    @property
    def num_envs(self) -> int:
        """Number of robots."""
        ...

    def init(self, robot: RobotState, variation: Variation) -> Sim:
        """Start all robots. A variation that the backend cannot apply raises `ValueError`."""
        ...

    def step(
        self, sim: Sim, torque: Float[Array, "env dof"], wrench: Float[Array, "env 6"] | None = None
    ) -> Sim:
        """Advance one substep under joint torques, N m, and a wrench on the base.

        The wrench is a force, N, and a torque, N m, in the world's axes at the base's centre of mass.
        """
        ...

    def write(self, sim: Sim, mask: Bool[Array, " env"], robot: RobotState, variation: Variation) -> Sim:
        """Set the masked robots to `robot` and `variation`; leave the others exactly as they are.

        A `variation` here has only properties that are renewed each episode; without one, bodies stay.
        """
        ...

    def read(self, sim: Sim) -> Reading:
        """What the simulator reports of `sim`."""
        ...

    def ready(self) -> None:
        """Build what the first step would else build; may run in a thread beside JAX's compiler."""
        ...

    def close(self) -> None:
        """Free what the backend holds. May be called twice."""
        ...


class Seen(struct.PyTreeNode):
    """What a group of observations remembers of the control steps before."""

    queue: Float[Array, "*env age size"]  # the newest first
    late: Int[Array, "*env"]  # control steps by which the group lags in this episode
    filled: Bool[Array, "*env"]  # whether anything was seen in this episode


class TaskState(struct.PyTreeNode):
    """What the MDP remembers of a robot from one control step to the next."""

    key: Key[Array, "*env"]
    step: Int[Array, "*env"]  # control steps since the episode began
    substep: Int[Array, "*env"]  # since the control step began
    goal: Float[Array, "*env goal"]  # what the command is made of
    progress: Float[Array, "*env"]  # 0 to 1, of a curriculum; kept from episode to episode
    followed: Float[Array, "*env"]  # 0 to 1, how well commands were followed lately in this episode
    command: Float[Array, "*env 3"]  # vx, vy m/s; yaw rate rad/s; base frame
    action: Float[Array, "*env act"]  # as the policy gave it
    last_action: Float[Array, "*env act"]
    target_history: Float[Array, "*env 3 act"]  # rad from default, the newest first
    actuator: Any  # the actuator model's memory
    torque: Float[Array, "*env dof"]  # N m, of the last substep
    last_dof_vel: Float[Array, "*env dof"]  # rad/s, at the previous control step
    air_time: Float[Array, "*env foot"]  # s since the foot last touched the ground
    contact: Bool[Array, "*env foot"]  # whether it did at the previous control step
    phase: Float[Array, "..."]  # rad, of the clock: one number or several a robot, or none without a clock
    variation: Variation
    run_key: Key[Array, "*env"]  # kept for the run: for draws that outlast an episode
    encoder_offset: Float[Array, "*env dof"]  # rad, what encoders say too much
    seen: dict[str, Seen]  # of the observation groups with history or delay
    push_in: Int[Array, "*env"]  # control steps until the next push
    wrench: Float[Array, "*env 6"]  # N, N m, world, at the base's centre of mass: what pulls at it now
    pull_left: Int[Array, "*env"]  # control steps for which it does
    potentials: dict[str, Float[Array, "*env"]]  # of the rewards that are potentials, at the step before


class Number(NamedTuple):
    """What one number of an observation group is: clip(value / scale)."""

    term: str  # the observation's name
    name: str  # which of its numbers: "x", a joint's name, "sin"
    unit: str  # of the value; "1" if it has none
    frame: str  # "base", "world", or none for what has no direction
    scale: float  # in the value's unit
    age: int  # control steps since the newest in the group


ObsLayout = dict[str, tuple[Number, ...]]
"""What each number of each observation group is."""


class Verdict(struct.PyTreeNode):
    """What the task makes of a control step, before anything is written to the simulator."""

    task: TaskState  # to go on with
    rewrite: Bool[Array, "*env"]  # set anew or pushed
    robot: RobotState  # what to write where `rewrite`
    variation: Variation  # likewise: what is renewed each episode
    final_obs: Obs
    reward: Float[Array, "*env"]
    terminated: Bool[Array, "*env"]
    timed_out: Bool[Array, "*env"]
    metrics: dict[str, Float[Array, "*env"]]


class EnvState(struct.PyTreeNode):
    """Simulator and task state of all robots."""

    sim: Any  # the backend's own; only `physics/` looks inside
    task: TaskState


class StepResult(NamedTuple):
    """What one control step gives the learner.

    Only `terminated` means that no value follows. After `timed_out` the value of `final_obs` does.
    """

    obs: Obs  # to act on next: after any reset
    final_obs: Obs  # of the step just taken: before any reset; to bootstrap from
    reward: Float[Array, " env"]
    terminated: Bool[Array, " env"]
    timed_out: Bool[Array, " env"]
    metrics: dict[str, Float[Array, " env"]]  # weighted reward terms and counters, by name


class Env(NamedTuple):
    """A task bound to a physics."""

    reset: Callable[[Key[Array, ""]], tuple[EnvState, Obs]]
    step: Callable[[EnvState, Float[Array, "env act"]], tuple[EnvState, StepResult]]
    scan: Scan  # the scan that may drive `step`
    num_envs: int
    action_size: int
    obs_sizes: dict[str, int]  # width of each observation group
    spread: bool = False  # whether first episodes begin at a random age
