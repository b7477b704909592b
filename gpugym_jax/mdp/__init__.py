"""The task: tables of terms, and one control step of one robot as pure functions."""

from functools import partial

import jax
import jax.numpy as jnp

from gpugym_jax.config import Config
from gpugym_jax.functions import Mdp
from gpugym_jax.mdp import steps
from gpugym_jax.mdp.parts import Parts, make_parts
from gpugym_jax.robots.robot import Robot
from gpugym_jax.types import Obs, Reading


def make_mdp(cfg: Config, robot: Robot) -> Mdp:
    """Bind a task's configuration to a robot.

    Raises:
        UserError: a name, parameter or rate is wrong; before anything is compiled.
    """
    p = make_parts(cfg, robot)
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


def _one_step(p: Parts) -> Obs:
    """All that is asked of a term in a control step."""
    task, robot = steps.start(p, jax.random.key(0))
    nothing = jnp.zeros((len(p.robot.bodies), 3))
    reading = Reading(robot, nothing, nothing, nothing, jnp.zeros((), bool))
    task = steps.act(p, task, jnp.zeros(p.action_size))
    task, _ = steps.torque(p, task, reading)
    return steps.renew(p, steps.judge(p, task, reading), reading)[1]
