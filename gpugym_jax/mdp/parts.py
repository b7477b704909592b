"""A task's configuration with every name resolved, once, before anything is compiled."""

from collections.abc import Callable
from typing import NamedTuple

from jaxtyping import Array, Bool, Float, Key

from gpugym_jax.config import Config, decimation_of
from gpugym_jax.functions import Actuator, Clock, Command
from gpugym_jax.mdp.actions import action_size, make_targets
from gpugym_jax.mdp.actuators import make_actuator
from gpugym_jax.mdp.clocks import make_clock
from gpugym_jax.mdp.commands import make_command
from gpugym_jax.mdp.groups import Observer, make_observer
from gpugym_jax.mdp.pushes import make_pull, make_push
from gpugym_jax.mdp.randomize import SampleVariation, make_sample_variation, renewed
from gpugym_jax.mdp.resets import make_sample_state
from gpugym_jax.mdp.snapshot import Snapshot
from gpugym_jax.mdp.terminations import TERMINATIONS
from gpugym_jax.mdp.terms import bind
from gpugym_jax.mdp.weighing import Numbers, Reward, make_reward, potentials_of
from gpugym_jax.robots.robot import Robot
from gpugym_jax.tables import UserError
from gpugym_jax.types import RobotState, Targets


class Parts(NamedTuple):
    """What the steps of an episode are made of. Counts are of control steps."""

    robot: Robot
    dt: float  # s, a control step
    decimation: int
    action_size: int
    last_step: int  # at which an episode times out
    push_every: int  # 0: never
    command_every: int
    renewed: frozenset[str]  # what of a variation is new each episode
    encoder_offset: tuple[float, float]  # rad
    spread: bool  # first episodes begin at a random age
    targets: Callable[[Array], Targets]
    actuator: Actuator
    command: Command
    clock: Clock
    sample_state: Callable[[Key[Array, ""]], RobotState]
    sample_variation: SampleVariation
    push: Callable[[Key[Array, ""], RobotState], RobotState] | None  # None: pushes change no velocity
    pull: Callable[[Key[Array, ""]], Float[Array, "6"]] | None
    pull_steps: int  # for which a pull lasts
    observer: Observer
    reward: Callable[[Snapshot, Bool[Array, ""], Numbers], Reward]
    potentials: tuple[str, ...]  # names of the rewards that are
    ends: dict[str, Callable[[Snapshot], Array]]


def check_length(cfg: Config) -> None:
    """Raise for episodes that end before their first step."""
    if round(cfg.episode_s * cfg.control.hz) < 1:
        raise UserError(
            f"episode_s of {cfg.episode_s:g} s is shorter than one control step of {1 / cfg.control.hz:g} s."
        )


def make_parts(cfg: Config, robot: Robot) -> Parts:
    """Resolve every name of the configuration.

    Raises:
        UserError: a name, parameter or rate is wrong.
    """
    dt = 1.0 / cfg.control.hz
    check_length(cfg)
    return Parts(
        robot=robot,
        dt=dt,
        decimation=decimation_of(cfg.control),
        action_size=action_size(cfg.actions, robot),
        last_step=round(cfg.episode_s / dt),
        push_every=round(cfg.pushes.every_s / dt),
        command_every=max(1, round(cfg.commands.resample_s / dt)),
        renewed=renewed(cfg.randomize),
        spread=cfg.randomize.start_step,
        targets=make_targets(cfg.actions, robot),
        actuator=make_actuator(robot, cfg.actuator),
        command=make_command(cfg.commands),
        clock=make_clock(cfg.clock),
        sample_state=make_sample_state(cfg.reset, robot),
        sample_variation=make_sample_variation(cfg.randomize, robot),
        push=make_push(cfg.pushes),
        pull=make_pull(cfg.pushes),
        pull_steps=max(1, round(cfg.pushes.seconds / dt)),
        observer=make_observer(cfg.observations, robot, tuple(cfg.actions)),
        encoder_offset=cfg.observations.encoder_offset or (0.0, 0.0),
        reward=make_reward(cfg, robot, dt),
        potentials=potentials_of(cfg),
        ends=bind("termination", TERMINATIONS, cfg.terminations, robot),
    )
