"""An experiment as frozen data: defaults here, differences in YAML, no unknown key tolerated."""

from dataclasses import dataclass, field

from gpugym_jax.tables import UserError

Terms = dict[str, dict[str, object]]
"""Term names, each with its parameters: `{tracking_lin_vel: {weight: 1.0, sigma: 0.25}}`."""


@dataclass(frozen=True)
class Control:
    """From the policy's action to joint torques."""

    hz: float = 50.0  # Hz, of the policy
    physics_hz: float = 200.0  # Hz, of the simulator; a whole multiple of `hz`
    actuator: str = "pd"
    smoothing: float = 1.0  # weight of the newest target in a moving average taken every substep; 1 is none
    kp: float | None = None  # N m/rad, for all joints; None: the robot's own
    kd: float | None = None  # N m s/rad


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

    scale: tuple[float, ...] = (1.0,)  # unit of the target an action unit; repeats over the joints
    clip: float = 100.0  # of the raw action, before scaling


@dataclass(frozen=True)
class Observations:
    """What the networks see."""

    actor: tuple[str, ...] = ()
    critic: tuple[str, ...] | str = "same"  # without noise; "same": the actor's list
    scale: dict[str, float | tuple[float, ...]] = field(default_factory=dict)  # typical size: value / scale
    noise: dict[str, float] = field(default_factory=dict)  # half width, uniform, in the value's own unit
    clip: float = 100.0  # of the scaled observation


@dataclass(frozen=True)
class Commands:
    """The velocity that is asked of the robot, base frame."""

    sampler: str = "uniform"
    lin_vel_x: tuple[float, float] = (0.0, 0.0)  # m/s
    lin_vel_y: tuple[float, float] = (0.0, 0.0)  # m/s
    ang_vel_yaw: tuple[float, float] = (0.0, 0.0)  # rad/s
    resample_s: float = 10.0
    zero_below: float = 0.0  # m/s; slower planar commands become zero
    zero_probability: float = 0.0  # share of commands that are stand still


@dataclass(frozen=True)
class RewardOptions:
    """How the terms become one number: dt * sum(weight * term), and what an early end costs."""

    clip_negative: bool = False  # legged_gym's only_positive_rewards
    termination: float = 0.0  # added when an episode ends early; negative is a cost
    termination_by_dt: bool = False  # legged_gym multiplies it by dt, gpuGym does not


@dataclass(frozen=True)
class Pushes:
    """Velocity kicks from outside."""

    every_s: float = 0.0  # 0: never
    lin_vel: float = 0.0  # m/s, half width, world x and y
    ang_vel: float = 0.0  # rad/s, half width, each axis
    mode: str = "add"  # "add" as gpuGym, "set" as legged_gym


@dataclass(frozen=True)
class Randomize:
    """What differs from robot to robot. The ranges are uniform; None leaves the nominal value."""

    every: str = "run"  # "run" | "episode"
    friction: tuple[float, float] | None = None  # coefficient
    restitution: tuple[float, float] | None = None  # coefficient; only Isaac Gym has it
    base_mass: tuple[float, float] | None = None  # kg added
    base_com: tuple[float, float] | None = None  # m, each axis; not mjx
    start_step: bool = True  # the first episodes begin at a random age, so that ends are spread


@dataclass(frozen=True)
class PhysX:
    """Isaac Gym's solver. The defaults are legged_gym's, `legged_robot_config.py`, class `sim.physx`."""

    threads: int = 10  # of the CPU solver
    solver_type: int = 1  # 0: projected Gauss-Seidel, 1: temporal Gauss-Seidel
    position_iterations: int = 4
    velocity_iterations: int = 0
    contact_offset: float = 0.01  # m; contacts are made at less than the sum of both shapes'
    rest_offset: float = 0.0  # m
    bounce_threshold_velocity: float = 0.5  # m/s; no restitution below it
    max_depenetration_velocity: float = 1.0  # m/s
    friction_offset_threshold: float = 0.04  # m, PhysX's default
    friction_correlation_distance: float = 0.025  # m, PhysX's default
    buffer_size_multiplier: float = 5.0  # of the GPU's buffers
    max_gpu_contact_pairs: int = 2**23


@dataclass(frozen=True)
class IsaacGym:
    """Isaac Gym and the process that it runs in."""

    python: str = ""  # its interpreter; empty: the one of the variable ISAAC_PYTHON
    contact: str = "force_sensor"  # of the feet: "force_sensor" | "net", the net contact tensor
    device: str = "cuda:0"  # "cuda:N" | "cpu"
    pipeline: str = "gpu"  # "gpu" | "cpu": where its tensors are
    headless: bool = True
    camera: bool = False  # whether pictures will be asked for
    graphics_device: int = 0
    terrain: str = "triangle_mesh"  # "triangle_mesh" | "height_field"
    physx: PhysX = field(default_factory=PhysX)
    start_timeout_s: float = 600.0  # the first start compiles gymtorch
    step_timeout_s: float = 60.0


@dataclass(frozen=True)
class PhysicsConfig:
    """The simulator and its solver."""

    backend: str = "auto"  # "auto" | "mjx" | "mujoco" | "isaacgym"
    impl: str = "auto"  # of mjx: "auto" | "jax" | "warp"
    friction: float = 1.0  # nominal sliding coefficient
    self_collisions: bool = False  # whether the pairs in `Robot.self_collisions` touch
    solver_iterations: int = 4
    line_search_iterations: int = 8
    contacts: int = 16  # room for contacts a robot (mjx); of more, the deepest are kept
    constraints: int = 80  # room for constraint rows a robot (warp)
    threads: int = 0  # of mujoco; 0: all cores
    isaac: IsaacGym = field(default_factory=IsaacGym)


@dataclass(frozen=True)
class Ppo:
    """Proximal policy optimisation, Schulman et al. 2017; adaptive KL as in rsl_rl."""

    actor: tuple[int, ...] = (512, 256, 128)
    critic: tuple[int, ...] = (512, 256, 128)
    activation: str = "elu"
    init_std: float = 1.0
    rollout_length: int = 24  # control steps a robot an iteration
    epochs: int = 5
    minibatches: int = 4
    discount: float = 0.99
    discount_horizon_s: float | None = None  # if given: discount = 1 - 1 / int(horizon / dt)
    gae_lambda: float = 0.95
    gae_horizon_s: float | None = None  # likewise
    learning_rate: float = 1.0e-3
    desired_kl: float | None = 0.01  # None: a fixed learning rate
    min_learning_rate: float = 1.0e-5
    max_learning_rate: float = 1.0e-2
    adapt_at_first: bool = False  # also at an iteration's first minibatch, whose KL is 0; rsl_rl 1.0.2 does
    clip: float = 0.2
    value_clip: bool = True
    value_coef: float = 1.0
    entropy_coef: float = 0.01
    max_grad_norm: float = 1.0
    clip_apart: bool = True  # the gradients of actor and critic each; rsl_rl 1.0.2: both as one
    normalize_obs: bool = False
    normalize_advantage: bool = True


@dataclass(frozen=True)
class Runner:
    """The training run."""

    num_envs: int = 4096
    iterations: int = 1000
    seed: int = 1
    save_every: int = 50  # iterations
    keep: int = 5  # newest checkpoints kept
    experiment_name: str = ""  # empty: the task's name
    run_name: str = ""
    log_dir: str = "logs"
    trackers: tuple[str, ...] = ("csv", "tensorboard")
    stop_at_reward: float | None = None  # mean episode reward at which training ends


@dataclass(frozen=True)
class Gate:
    """What `evaluate` demands of a policy in C MuJoCo. None: reported, not judged."""

    episodes: int = 100
    seconds: float = 10.0
    max_falls: int = 0  # with pushes, frictions and commands over the trained range
    max_lin_vel_error: float | None = None  # m/s, mean after the first second, no pushes, commands <= 1 m/s
    max_ang_vel_error: float | None = None  # rad/s, likewise
    max_action_jerk: float | None = None  # rms second difference of joint targets, rad
    max_torque: float | None = None  # rms, N m
    max_dof_vel: float | None = None  # rms, rad/s
    max_foot_slip: float | None = None  # m/s, mean speed of feet in contact
    min_upright_share: float | None = None  # cartpole, pendulum: share of the last half, |angle| < 0.2 rad
    friction: tuple[float, float] = (0.5, 1.25)


@dataclass(frozen=True)
class Config:
    """The whole experiment. One YAML file a task holds what differs from these defaults."""

    task: str = ""  # the YAML's name
    robot: str = ""
    episode_s: float = 20.0
    control: Control = field(default_factory=Control)
    actions: dict[str, ActionTerm] = field(default_factory=dict)
    observations: Observations = field(default_factory=Observations)
    commands: Commands = field(default_factory=Commands)
    gait: dict[str, float] = field(default_factory=dict)  # {hz: 3.5}: the gait clock, if any
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
