"""Which velocity is asked of the robot: pairs of pure functions, a goal drawn and what it asks now.

Each has a twin of the same name and parameters in `gate/commands.py`, which says what it asks for at most.
"""

from collections.abc import Callable

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, Key

from gpugym_jax.bounds import Range, Share
from gpugym_jax.config import Commands, named
from gpugym_jax.frames import yaw_of
from gpugym_jax.functions import Command, Ranges
from gpugym_jax.mdp.terms import naming
from gpugym_jax.tables import choose, register
from gpugym_jax.types import RobotState

COMMANDS: dict[str, Callable[..., Command]] = {}
command = register(COMMANDS)

Goal = Float[Array, " goal"]
Velocity = Float[Array, "3"]
TURN_BY, TURN_AT_MOST = 0.5, 1.0
"""1/s and rad/s: how fast a robot is to turn to its heading. legged_gym, `post_physics_step`."""


def draw(
    key: Key[Array, ""], cfg: Commands, share: Float[Array, ""] | float, yaw: tuple[float, float]
) -> tuple[Float[Array, "3"], Float[Array, ""]]:
    """vx, vy and a third number, uniform in `share` of each range, and 0 for the robots that are to stand.

    Slow planar commands become zero.
    """
    low, high = share * jnp.array([cfg.lin_vel_x, cfg.lin_vel_y, yaw], jnp.float32).T
    k_value, k_zero = jax.random.split(key)
    value = jax.random.uniform(k_value, (3,), minval=low, maxval=high)
    slow = jnp.linalg.norm(value[:2]) <= cfg.zero_below
    value = value * jnp.where(slow, jnp.array([0.0, 0.0, 1.0]), 1.0)
    return value, jnp.where(jax.random.uniform(k_zero) < cfg.zero_probability, 0.0, 1.0)


def configured(cfg: Commands) -> Ranges:
    """The ranges in the configuration."""
    return cfg.lin_vel_x, cfg.lin_vel_y, cfg.ang_vel_yaw


def as_drawn(goal: Goal, robot: RobotState) -> Velocity:
    """A goal that is the command itself."""
    del robot  # wherever it is
    return goal


@command
def uniform(cfg: Commands) -> Command:
    """Uniform in each range; slow planar commands and a share of all become zero. legged_gym."""

    def sample(key: Key[Array, ""], progress: Float[Array, ""]) -> Goal:
        value, moves = draw(key, cfg, 1.0, cfg.ang_vel_yaw)
        return jnp.where(moves > 0.0, value, 0.0)

    return Command(sample, as_drawn, configured(cfg))


@command
def curriculum(cfg: Commands, *, first_share: Share = 0.25, growth: Share = 0.1) -> Command:
    """As uniform, in `first_share` of the ranges, which grows to all of them with a robot's own progress.

    `growth` is how much of that way is gained in an episode, or lost.
    """

    def sample(key: Key[Array, ""], progress: Float[Array, ""]) -> Goal:
        share = first_share + (1.0 - first_share) * progress
        value, moves = draw(key, cfg, share, cfg.ang_vel_yaw)
        return jnp.where(moves > 0.0, value, 0.0)

    return Command(sample, as_drawn, configured(cfg), growth)


@command
def heading(cfg: Commands, *, range: Range = (-3.14159, 3.14159)) -> Command:  # noqa: A002
    """As uniform, but for a heading in place of a yaw rate, to which the robot is to turn. legged_gym.

    The heading is drawn from `range`, rad, world; the yaw rate asked for is 0.5 times the angle to it, at
    most 1 rad/s.
    """

    def sample(key: Key[Array, ""], progress: Float[Array, ""]) -> Goal:
        value, moves = draw(key, cfg, 1.0, range)
        return jnp.concatenate([value, moves[None]])

    def ask(goal: Goal, robot: RobotState) -> Velocity:
        angle = jnp.mod(goal[2] - yaw_of(robot.base_quat) + jnp.pi, 2.0 * jnp.pi) - jnp.pi
        rate = jnp.clip(TURN_BY * angle, -TURN_AT_MOST, TURN_AT_MOST)
        return goal[3] * jnp.stack([goal[0], goal[1], rate])

    return Command(sample, ask, (cfg.lin_vel_x, cfg.lin_vel_y, (-TURN_AT_MOST, TURN_AT_MOST)))


@command
def ends(cfg: Commands) -> Command:
    """The low end, zero or the high end of each range, one as likely as the other."""

    def sample(key: Key[Array, ""], progress: Float[Array, ""]) -> Goal:
        low, high = jnp.array(configured(cfg), jnp.float32).T
        which = jax.random.randint(key, (3,), 0, 3)
        return jnp.stack([low, 0.0 * low, high])[which, jnp.arange(3)]

    x, y, yaw = ((min(low, 0.0), max(high, 0.0)) for low, high in configured(cfg))
    return Command(sample, as_drawn, (x, y, yaw))


def make_command(cfg: Commands) -> Command:
    """The pair that the configuration names."""
    name, params = named(cfg.sampler, "commands.sampler")
    made = choose("command sampler", name, COMMANDS, params)(cfg)
    return made._replace(
        sample=naming("command sampler", name, made.sample),
        command=naming("command sampler", name, made.command, (3,)),
    )
