"""What happens in a set of episodes, drawn beforehand: starts, commands, kicks, frictions."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from jaxtyping import Bool, Float
from numpy import ndarray

from gpugym_jax.bounds import Finite, NotNegative, Range
from gpugym_jax.config import Commands, Pushes
from gpugym_jax.gate.rotation import from_rpy, rotate_inverse
from gpugym_jax.gate.world import State
from gpugym_jax.policy.metadata import Contract
from gpugym_jax.robots.robot import Robot
from gpugym_jax.robots.scene import Scene
from gpugym_jax.tables import UserError, bind_parameters, lookup, register, unknown

CALM_LIMITS = (1.0, 1.0)
"""m/s (planar norm) and rad/s: commands of the calm scenario are no faster."""

Rng = np.random.Generator
STARTS: dict[str, Callable[..., State]] = {}
start = register(STARTS)
COMMANDS: dict[str, Callable[[Rng, Commands, int], ndarray]] = {}
sampler = register(COMMANDS)


@dataclass(frozen=True)
class Scenario:
    """Episodes to come. `step` counts control steps."""

    scene: Scene
    start: State
    friction: Float[ndarray, " n"]
    command: Float[ndarray, "step n 3"]  # m/s, m/s, rad/s, base frame
    kicked: Bool[ndarray, "step n"]
    kick: Float[ndarray, "step n 5"]  # vx, vy m/s; spin rad/s; world
    keep: float  # share of the planar velocity that a kick leaves
    seed: int = 0  # of what robots draw by themselves: phases, strengths of motors, delays


@start
def basic(rng: Rng, robot: Robot, n: int) -> State:
    """At rest in the default pose."""
    dofs = len(robot.dofs)
    return State(
        base_pos=np.tile([0.0, 0.0, robot.base_height], (n, 1)),
        base_quat=np.tile([1.0, 0.0, 0.0, 0.0], (n, 1)),
        base_lin_vel=np.zeros((n, 3)),
        base_ang_vel=np.zeros((n, 3)),
        dof_pos=np.tile(robot.default_dof_pos, (n, 1)),
        dof_vel=np.zeros((n, dofs)),
    )


@start
def scaled(
    rng: Rng, robot: Robot, n: int, *, low: Finite = 0.5, high: Finite = 1.5, vel: NotNegative = 0.5
) -> State:
    """Default joint angles times U(low, high), base velocities +-vel."""
    nominal = basic(rng, robot, n)
    return replace(
        nominal,
        dof_pos=nominal.dof_pos * rng.uniform(low, high, nominal.dof_pos.shape),
        base_lin_vel=rng.uniform(-vel, vel, (n, 3)),
        base_ang_vel=rng.uniform(-vel, vel, (n, 3)),
    )


def joint_ranges(
    robot: Robot, around: float, named: Mapping[str, Sequence[float]]
) -> tuple[Float[ndarray, " dof"], Float[ndarray, " dof"]]:
    """Where joints may start: as `named`, by name or its last part; else within +-around of the default."""
    home = np.array(robot.default_dof_pos)
    low, high = home - around, home + around
    for name, (a, b) in named.items():
        hits = [i for i, dof in enumerate(robot.dofs) if dof == name or dof.endswith(f"_{name}")]
        if not hits:
            raise unknown(f"joint of {robot.name}", name, robot.dofs)
        low[hits], high[hits] = a, b
    return low, high


@start
def range(  # noqa: A001  (the configuration's name for it, and only a table entry)
    rng: Rng,
    robot: Robot,
    n: int,
    *,
    base_height: Range | None = None,
    tilt: NotNegative = 0.0,
    yaw: NotNegative = 0.0,
    lin_vel: NotNegative = 0.0,
    ang_vel: NotNegative = 0.0,
    dof_pos: dict[str, Range] | None = None,
    dof_pos_around: NotNegative = 0.0,
    dof_vel: NotNegative = 0.0,
) -> State:
    """Uniform draws: height m; roll, pitch +-tilt and yaw, rad; velocities +-; joints in their ranges."""
    nominal = basic(rng, robot, n)
    low, high = joint_ranges(robot, dof_pos_around, dof_pos or {})
    joints = replace(
        nominal,
        dof_pos=rng.uniform(low, high, (n, len(low))),
        dof_vel=rng.uniform(-dof_vel, dof_vel, (n, len(low))),
    )
    if not robot.floating:
        return joints
    position = nominal.base_pos.copy()
    position[:, 2] = rng.uniform(*(base_height or (robot.base_height, robot.base_height)), n)
    quat = from_rpy(rng.uniform(-1.0, 1.0, (n, 3)) * np.array([tilt, tilt, yaw]))
    return replace(
        joints,
        base_pos=position,
        base_quat=quat,
        base_lin_vel=rng.uniform(-lin_vel, lin_vel, (n, 3)),
        base_ang_vel=rotate_inverse(quat, rng.uniform(-ang_vel, ang_vel, (n, 3))),
    )


@sampler
def uniform(rng: Rng, cfg: Commands, n: int) -> Float[ndarray, "n 3"]:
    """Uniform in each range; slow planar commands and a share of all become zero."""
    low, high = np.array([cfg.lin_vel_x, cfg.lin_vel_y, cfg.ang_vel_yaw]).T
    command = rng.uniform(low, high, (n, 3))
    command[np.linalg.norm(command[:, :2], axis=-1) <= cfg.zero_below, :2] = 0.0
    command[rng.uniform(size=n) < cfg.zero_probability] = 0.0
    return command


@sampler
def curriculum(rng: Rng, cfg: Commands, n: int) -> Float[ndarray, "n 3"]:
    """All of the ranges that robots grew up to."""
    return uniform(rng, cfg, n)


@sampler
def heading(rng: Rng, cfg: Commands, n: int) -> Float[ndarray, "n 3"]:
    """Yaw rates as turning to a heading asks for, at most 1 rad/s."""
    return uniform(rng, replace(cfg, ang_vel_yaw=(-1.0, 1.0)), n)


def draw_start(rng: Rng, contract: Contract, robot: Robot, n: int) -> State:
    """First states, as the configuration's reset draws them."""
    ((name, params),) = contract.cfg.reset.items()
    f = lookup("reset", name, STARTS)
    return f(rng, robot, n, **bind_parameters("reset", name, f, params))


def draw_commands(rng: Rng, contract: Contract, steps: int, n: int) -> Float[ndarray, "step n 3"]:
    """Commands over the trained range, drawn anew as often as in training."""
    cfg = contract.cfg.commands
    draw = lookup("command sampler", cfg.sampler, COMMANDS)
    every = max(1, round(cfg.resample_s / contract.step_dt))
    drawn = np.stack([draw(rng, cfg, n) for _ in np.arange(0, steps, every)])
    return np.repeat(drawn, every, 0)[:steps]


def slow_down(command: Float[ndarray, "... 3"]) -> Float[ndarray, "... 3"]:
    """Commands within `CALM_LIMITS`: planar ones shortened, yaw rates clipped."""
    planar, yaw = CALM_LIMITS
    speed = np.linalg.norm(command[..., :2], axis=-1, keepdims=True)
    slow = command * np.minimum(1.0, planar / np.maximum(speed, planar))
    return np.concatenate([slow[..., :2], np.clip(command[..., 2:], -yaw, yaw)], -1)


def draw_kicks(
    rng: Rng, pushes: Pushes, dt: float, steps: int, n: int
) -> tuple[Bool[ndarray, "step n"], Float[ndarray, "step n 5"]]:
    """When and how robots are kicked: every `every_s`, the first at random but within the episode."""
    kicked = np.zeros((steps, n), bool)
    half = np.array([pushes.lin_vel] * 2 + [pushes.ang_vel] * 3)
    kick = rng.uniform(-half, half, (steps, n, 5))
    every = round(pushes.every_s / dt)
    if every:
        first = rng.integers(0, min(every, steps), n)
        age = np.arange(steps)[:, None] - first
        kicked = (age >= 0) & (age % every == 0)
    return kicked, kick


def draw_scenario(
    contract: Contract,
    scene: Scene,
    *,
    episodes: int,
    seconds: float,
    seed: int,
    calm: bool,
    friction: tuple[float, float],
) -> Scenario:
    """Episodes as trained, with sliding coefficients drawn from `friction`.

    Calm: no pushes, and one command an episode, within `CALM_LIMITS`.
    """
    if len(contract.cfg.reset) != 1:
        raise UserError(f"reset takes one entry, not {len(contract.cfg.reset)}.")
    rng, steps = np.random.default_rng(seed), round(seconds / contract.step_dt)
    command = draw_commands(rng, contract, steps, episodes)
    kicked, kick = draw_kicks(rng, contract.cfg.pushes, contract.step_dt, steps, episodes)
    if calm:
        command = np.repeat(slow_down(command[:1]), steps, 0)
        kicked = np.zeros_like(kicked)
    return Scenario(
        scene=scene,
        start=draw_start(rng, contract, scene.robot, episodes),
        friction=rng.uniform(*friction, episodes),
        command=command,
        kicked=kicked,
        kick=kick,
        keep=0.0 if contract.cfg.pushes.mode == "set" else 1.0,
        seed=seed,
    )
