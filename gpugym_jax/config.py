"""An experiment as frozen data: defaults here, differences in YAML, no unknown key tolerated."""

from dataclasses import dataclass, field, replace
from typing import Any, ClassVar, Literal

from gpugym_jax.bounds import (
    Count,
    DelayRange,
    Finite,
    FolderName,
    Friction,
    History,
    NotNegative,
    Numbers,
    Positive,
    Positives,
    Range,
    Rate,
    Robots,
    Seconds,
    SecondsOrNone,
    Seed,
    Share,
    Whole,
    Width,
)
from gpugym_jax.config_exam import Gate
from gpugym_jax.config_isaac import IsaacGym
from gpugym_jax.tables import UserError

Terms = dict[str, dict[str, object]]
"""Term names, each with its parameters: `{tracking_lin_vel: {weight: 1.0, sigma: 0.25}}`."""
Entry = str | Terms
"""One entry of a list: a name, or a name with its parameters, `{smoothed: {weight: 0.35}}`."""


def named(entry: Entry, where: str) -> tuple[str, dict[str, object]]:
    """Name and parameters of an entry; `where` it stands, for the error."""
    if isinstance(entry, str):
        return entry, {}
    if len(entry) != 1:
        raise UserError(
            f"{where}: an entry is one name with its parameters, not {', '.join(entry) or 'none'}."
        )
    return next(iter(entry.items()))


@dataclass(frozen=True)
class Control:
    """Rates. What makes torque of targets is in `Config.actuator`."""

    hz: Rate = 50.0  # Hz, of the policy
    physics_hz: Rate = 200.0  # Hz, of the simulator; a whole multiple of `hz`


def decimation_of(control: Control) -> int:
    """Physics substeps a control step: a whole number, or an error with both rates."""
    ratio = control.physics_hz / control.hz
    if ratio < 1 or abs(ratio - round(ratio)) > 1e-6:
        near = control.hz * max(1, round(ratio))
        raise UserError(
            f"control.physics_hz {control.physics_hz:g} Hz is no whole multiple of control.hz "
            f"{control.hz:g} Hz. The nearest that is: {near:g} Hz."
        )
    return round(ratio)


@dataclass(frozen=True)
class ActionTerm:
    """What one block of the action means."""

    scale: Numbers = (1.0,)  # unit of the target an action unit; repeats over the joints
    clip: Positive = 100.0  # of the raw action, before scaling


@dataclass(frozen=True)
class Group:
    """One group of observations, in full."""

    terms: tuple[Entry, ...] = ()
    noise: bool | None = None  # None: the actor's has it, others do not
    history: History = 1  # how many control steps it holds, the newest first; at a start all are the first
    delay: DelayRange = (0, 0)  # control steps, drawn each episode, both ends included


@dataclass(frozen=True)
class Observations:
    """What the networks see: the actor, the critic and any other group by its name."""

    OPEN: ClassVar[str] = "groups"
    actor: tuple[Entry, ...] | Group = ()
    critic: tuple[Entry, ...] | Group | str = "same"  # "same": the actor's, with neither noise nor delay
    groups: dict[str, tuple[Entry, ...] | Group] = field(default_factory=dict)
    scale: dict[str, Positive | Positives] = field(default_factory=dict)  # typical size: value / scale
    noise: dict[str, NotNegative] = field(default_factory=dict)  # half width, uniform, in its own unit
    clip: Positive = 100.0  # of the scaled observation
    encoder_offset: Range | None = None  # rad, of each joint, drawn each episode


def groups_of(cfg: Observations) -> dict[str, Group]:
    """All groups in full, the actor's first."""
    given = {"actor": cfg.actor, "critic": cfg.critic, **cfg.groups}
    if cfg.critic == "same":
        given["critic"] = given["actor"]
    out = {}
    for name, terms in given.items():
        if isinstance(terms, str):
            raise UserError(f"observations.{name} is a list of observations, not '{terms}'.")
        group = terms if isinstance(terms, Group) else Group(terms=terms)
        out[name] = replace(group, noise=name == "actor") if group.noise is None else group
    if cfg.critic == "same":
        out["critic"] = replace(out["actor"], noise=False, delay=(0, 0))
    return out


@dataclass(frozen=True)
class Commands:
    """The velocity that is asked of the robot, base frame."""

    sampler: Entry = "uniform"  # what draws it: {heading: {range: [-1, 1]}}
    lin_vel_x: Range = (0.0, 0.0)  # m/s
    lin_vel_y: Range = (0.0, 0.0)  # m/s
    ang_vel_yaw: Range = (0.0, 0.0)  # rad/s
    resample_s: Seconds = 10.0
    zero_below: NotNegative = 0.0  # m/s; slower planar commands become zero
    zero_probability: Share = 0.0  # share of commands that are stand still


@dataclass(frozen=True)
class RewardOptions:
    """How the terms become one number: dt * sum(weight * term), and what an early end costs."""

    clip_negative: bool = False  # legged_gym's only_positive_rewards
    termination: Finite = 0.0  # added when an episode ends early; negative is a cost
    termination_by_dt: bool = False  # legged_gym multiplies it by dt, gpuGym does not


@dataclass(frozen=True)
class Pushes:
    """Kicks from outside, which change a velocity at once, and pulls, which act for some time."""

    every_s: SecondsOrNone = 0.0  # 0: never
    lin_vel: NotNegative = 0.0  # m/s, half width, world x and y
    ang_vel: NotNegative = 0.0  # rad/s, half width, each axis
    force: NotNegative = 0.0  # N, half width, world x and y, at the base's centre of mass
    torque: NotNegative = 0.0  # N m, half width, each axis, on the base
    seconds: Seconds = 0.1  # for which force and torque last
    mode: Literal["add", "set"] = "add"  # "add" as gpuGym, "set" as legged_gym


@dataclass(frozen=True)
class Draw:
    """How a property that differs from robot to robot is drawn, each of its numbers for itself."""

    range: Range  # uniform; the unit is the property's
    every: Literal["run", "episode"] | None = None  # null: as `randomize.every`


@dataclass(frozen=True)
class Randomize:
    """What differs from robot to robot: names of `robots.varied.VARIED`, and how each is drawn.

    `friction: [0.5, 1.0]` is short for `friction: {range: [0.5, 1.0]}`; null leaves the model's value.
    """

    OPEN: ClassVar[str] = "properties"
    every: Literal["run", "episode"] = "run"
    start_step: bool = True  # the first episodes begin at a random age, so that ends are spread
    properties: dict[str, Draw | Range | None] = field(default_factory=dict)


def draws_of(cfg: Randomize) -> dict[str, Draw]:
    """What differs, in the long form."""
    given = {
        name: x if isinstance(x, Draw) else Draw(x) for name, x in cfg.properties.items() if x is not None
    }
    return {name: replace(draw, every=draw.every or cfg.every) for name, draw in given.items()}


@dataclass(frozen=True)
class PhysicsConfig:
    """The simulator and its solver."""

    backend: Literal["auto", "mjx", "mujoco", "isaacgym"] = "auto"
    impl: Literal["auto", "jax", "warp"] = "auto"  # of mjx
    friction: Friction = 1.0  # nominal sliding coefficient
    self_collisions: bool = False  # whether the pairs in `Robot.self_collisions` touch
    solver_iterations: Count = 4
    line_search_iterations: Count = 8
    contacts: Count = 16  # room for contacts a robot (mjx); of more, the deepest are kept
    constraints: Count = 80  # room for constraint rows a robot (warp)
    threads: Whole = 0  # of mujoco; 0: all cores allotted
    isaac: IsaacGym = field(default_factory=IsaacGym)


@dataclass(frozen=True)
class Ppo:
    """Proximal policy optimisation, Schulman et al. 2017; adaptive KL as in rsl_rl."""

    actor: tuple[Width, ...] = (512, 256, 128)
    critic: tuple[Width, ...] = (512, 256, 128)
    activation: str = "elu"
    memory: Terms = field(default_factory=dict)  # {gru: {size: 32}}, of actor and critic each; empty: none
    init_std: Positive = 1.0
    rollout_length: Count = 24  # control steps a robot an iteration
    epochs: Count = 5
    minibatches: Count = 4
    discount: Share = 0.99
    discount_horizon_s: Positive | None = None  # if given: discount = 1 - 1 / int(horizon / dt)
    gae_lambda: Share = 0.95
    gae_horizon_s: Positive | None = None  # likewise
    learning_rate: Positive = 1.0e-3
    desired_kl: Positive | None = 0.01  # None: a fixed learning rate
    min_learning_rate: Positive = 1.0e-5
    max_learning_rate: Positive = 1.0e-2
    adapt_at_first: bool = False  # also at an iteration's first minibatch, whose KL is 0; rsl_rl 1.0.2 does
    clip: Positive = 0.2
    value_clip: bool = True
    value_coef: NotNegative = 1.0
    entropy_coef: NotNegative = 0.01
    max_grad_norm: Positive = 1.0
    clip_apart: bool = True  # the gradients of actor and critic each; rsl_rl 1.0.2: both as one
    normalize_obs: bool = False
    normalize_advantage: bool = True


@dataclass(frozen=True)
class Runner:
    """The training run."""

    num_envs: Robots = 4096
    iterations: Count = 1000
    seed: Seed = 1
    save_every: Count = 50  # iterations
    keep: Count = 5  # newest checkpoints kept
    experiment_name: FolderName = ""  # empty: the task's name
    run_name: FolderName = ""
    log_dir: str = "logs"
    trackers: tuple[str, ...] = ("csv", "tensorboard")
    stop_at_reward: Finite | None = None  # mean episode reward at which training ends


@dataclass(frozen=True)
class Config:
    """The whole experiment. One YAML file a task holds what differs from these defaults."""

    __pydantic_config__: ClassVar[dict[str, Any]] = {"extra": "forbid"}

    task: FolderName = ""  # the YAML's name
    robot: str = ""
    episode_s: Seconds = 20.0
    control: Control = field(default_factory=Control)
    actuator: tuple[Entry, ...] = ("pd",)  # a motor, then the wrappers around it, innermost first
    actions: dict[str, ActionTerm] = field(default_factory=dict)
    observations: Observations = field(default_factory=Observations)
    commands: Commands = field(default_factory=Commands)
    clock: Entry = "none"  # what steps keep time by: {steady: {hz: 3.5}}
    rewards: Terms = field(default_factory=dict)
    reward: RewardOptions = field(default_factory=RewardOptions)
    terminations: Terms = field(default_factory=dict)
    reset: Terms = field(default_factory=lambda: {"basic": {}})
    pushes: Pushes = field(default_factory=Pushes)
    randomize: Randomize = field(default_factory=Randomize)
    physics: PhysicsConfig = field(default_factory=PhysicsConfig)
    ppo: Ppo = field(default_factory=Ppo)
    runner: Runner = field(default_factory=Runner)
    evaluate: Gate = field(default_factory=Gate)
