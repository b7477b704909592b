"""The task: tables of terms, and one control step of one robot as pure functions."""

from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
from jax.interpreters.partial_eval import dce_jaxpr

from gpugym_jax.config import Config
from gpugym_jax.functions import Actuator, Mdp
from gpugym_jax.mdp import steps
from gpugym_jax.mdp.actions import ASKS
from gpugym_jax.mdp.actuators import make_actuator
from gpugym_jax.mdp.parts import Parts, make_parts
from gpugym_jax.robots.check import check_exam
from gpugym_jax.robots.robot import Robot
from gpugym_jax.tables import UserError
from gpugym_jax.types import Obs, Reading, RobotState, Targets


def make_mdp(cfg: Config, robot: Robot) -> Mdp:
    """Bind a task's configuration to a robot.

    Raises:
        UserError: a name, parameter or rate is wrong; before anything is compiled.
    """
    p = make_parts(cfg, robot)
    check_actions(p, tuple(cfg.actions), make_actuator(robot, cfg.actuator[:1]))
    check_exam(cfg.evaluate, robot)
    jax.eval_shape(partial(_one_step, p))  # finds what is wrong in a term before anything is compiled
    return Mdp(
        start=partial(steps.start, p),
        act=partial(steps.act, p),
        torque=partial(steps.torque, p),
        wrench=(lambda task: task.wrench) if p.pull else None,
        judge=partial(steps.judge, p),
        observe=partial(steps.observe, p),
        renew=partial(steps.renew, p),
        decimation=p.decimation,
        action_size=p.action_size,
        layout=p.observer.layout,
    )


def check_actions(p: Parts, actions: tuple[str, ...], motor: Actuator) -> None:
    """Raise for a block of the action that the motor, without its wrappers, does not listen to."""
    _, robot = jax.eval_shape(partial(steps.start, p), jax.random.key(0))

    def asked(targets: Targets, robot: RobotState) -> tuple[Any, Any]:
        memory = motor.init(jax.random.key(0))
        return motor.torque(memory, targets, _at_rest(p, robot))

    targets = jax.eval_shape(p.targets, jnp.zeros(p.action_size))
    program = jax.make_jaxpr(asked)(targets, robot).jaxpr
    _, used = dce_jaxpr(program, [True] * len(program.outvars))
    heard, _ = jax.tree.unflatten(jax.tree.structure((targets, robot)), used)
    for name in actions:
        if not getattr(heard, ASKS[name]):
            raise UserError(f"actions.{name} moves nothing: the motor does not listen to it.")


def _at_rest(p: Parts, robot: RobotState) -> Reading:
    nothing = jnp.zeros((len(p.robot.bodies), 3))
    return Reading(robot, nothing, nothing, nothing, jnp.zeros((), bool))


def _one_step(p: Parts) -> Obs:
    """All that is asked of a term in a control step."""
    task, robot = steps.start(p, jax.random.key(0))
    reading = _at_rest(p, robot)
    task = steps.act(p, task, jnp.zeros(p.action_size))
    task, _ = steps.torque(p, task, reading)
    return steps.renew(p, steps.judge(p, task, reading), reading)[1]
