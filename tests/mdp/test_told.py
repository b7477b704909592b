"""What is wrong in a term is told in one line with its name, before anything is compiled."""

import dataclasses
from collections.abc import Callable
from typing import Any

import jax.numpy as jnp
import pytest

from gpugym_jax.config_yaml import load_config
from gpugym_jax.functions import Actuator, Clock, Command
from gpugym_jax.mdp import actuators, clocks, commands, make_mdp, observations, resets, rewards, terminations
from gpugym_jax.robots import ROBOTS
from gpugym_jax.tables import UserError

WALK = load_config("mini_cheetah_walk")
CARTPOLE = load_config("cartpole")


def refused(cfg: Any) -> str:
    with pytest.raises(UserError) as error:
        make_mdp(cfg, ROBOTS[cfg.robot])
    assert "\n" not in str(error.value)
    return str(error.value)


def test_a_reward_of_feet_on_a_robot_without_any() -> None:
    cfg = dataclasses.replace(CARTPOLE, rewards={"swing_grf": {"weight": 1.0}}, clock={"steady": {"hz": 3.0}})
    assert refused(cfg) == "reward 'swing_grf': it reads feet, and robot 'cartpole' has no group 'foot'."


@pytest.mark.parametrize(
    ("task", "override", "says"),
    [
        ("cartpole", "observations.actor=[foot_contact, dof_pos_abs, dof_vel]", "observation 'foot_contact': it reads feet"),
        ("mini_cheetah_walk", "actuator=[direct]", "actions.dof_pos_target moves nothing: the motor does not listen to it."),
        ("mini_cheetah_walk", "evaluate.falls.bodies=[bas]", "evaluate.falls.bodies: no body or group of mini_cheetah named 'bas'. Did you mean 'base'?"),
        ("mini_cheetah_walk", "evaluate.start.dofs={kne: [0, 1]}", "no joint of mini_cheetah in evaluate.start.dofs named 'kne'"),
        ("mini_cheetah_walk", "reset={range: {dof_pos: {kfe: [-9, 0]}}}", "reset 'range': dof_pos of 'rf_kfe' is [-9, 0], beyond its range [-2.7, 2.7]."),
        ("mini_cheetah_walk", "reset={scaled: {low: 2, high: 1}}", "reset 'scaled': low is 2 and high is 1."),
        ("mini_cheetah_walk", "actuator=[pd, {delay: {steps: [0, 1000000000]}}]", "steps wants a whole number of at least 0 and at most 1000, got 1000000000"),
    ],
)  # fmt: skip
def test_what_does_nothing_or_is_not_there_is_told(task: str, override: str, says: str) -> None:
    assert says in refused(load_config(task, [override]))


def grows(robot: Any) -> Actuator:
    """A motor whose memory is longer after each substep."""
    return Actuator(
        lambda key: jnp.zeros(1),
        lambda memory, target, reading: (jnp.append(memory, 0.0), jnp.zeros(len(robot.actuated_ids))),
    )


def one_torque(inner: Actuator, robot: Any) -> Actuator:
    """A wrapper that gives a single torque."""
    return Actuator(inner.init, lambda memory, target, reading: (memory, jnp.zeros(())))


def bad_sum(s: Any) -> Any:
    """Two kinds of things."""
    return s.dof_pos + s.base_pos


RANGES = ((0.0, 0.0),) * 3
WRONG: dict[str, tuple[dict, str, Callable[..., Any], dict[str, Any], str]] = {
    "a reward of many numbers": (
        rewards.REWARDS,
        "many",
        lambda s: s.dof_pos,
        {"rewards": {"many": {"weight": 1.0}}},
        "reward 'many': it gives numbers of shape (12,); () is wanted",
    ),
    "a reward that adds what does not fit": (
        rewards.REWARDS,
        "bad_sum",
        bad_sum,
        {"rewards": {"bad_sum": {"weight": 1.0}}},
        "reward 'bad_sum': add got incompatible shapes for broadcasting: (12,), (3,).",
    ),
    "a termination of many flags": (
        terminations.TERMINATIONS,
        "many",
        lambda s: s.dof_pos > 1.0,
        {"terminations": {"many": {}}},
        "termination 'many': it gives numbers of shape (12,); () is wanted",
    ),
    "a motor whose memory grows": (
        actuators.MOTORS,
        "grows",
        grows,
        {"actuator": ("grows",)},
        "motor 'grows': it gives numbers of shape (2,); (1,) is wanted",
    ),
    "a wrapper that gives one torque": (
        actuators.WRAPPERS,
        "one_torque",
        one_torque,
        {"actuator": ("pd", "one_torque", {"smoothed": {"weight": 0.5}})},
        "wrapper of a motor 'one_torque': it gives numbers of shape (); (12,) is wanted",
    ),
    "a clock with two hands now and one later": (
        clocks.CLOCKS,
        "fading",
        lambda: Clock(lambda key: jnp.zeros(2), lambda phase, *_: phase[:1]),
        {"clock": "fading"},
        "clock 'fading': it gives numbers of shape (1,); (2,) is wanted",
    ),
    "a command of two numbers": (
        commands.COMMANDS,
        "planar",
        lambda cfg: Command(lambda key, _: jnp.zeros(3), lambda goal, _: goal[:2], RANGES),
        {"commands": dataclasses.replace(WALK.commands, sampler="planar")},
        "command sampler 'planar': it gives numbers of shape (2,); (3,) is wanted",
    ),
    "a reset that cannot add": (
        resets.RESETS,
        "shifted",
        lambda key, robot: jnp.zeros(3) + jnp.zeros(4),
        {"reset": {"shifted": {}}},
        "reset 'shifted': add got incompatible shapes for broadcasting: (3,), (4,).",
    ),
    "an observation of too few numbers": (
        observations.OBSERVATIONS,
        "dof_vel",
        lambda s: s.dof_vel[:3],
        {},
        "observation 'dof_vel': it gives numbers of shape (3,); (12,) is wanted",
    ),
}


@pytest.mark.parametrize("case", WRONG)
def test_what_is_wrong_in_a_term_is_told_with_its_name(case: str, monkeypatch: pytest.MonkeyPatch) -> None:
    table, name, term, changes, message = WRONG[case]
    monkeypatch.setitem(table, name, term)
    assert refused(dataclasses.replace(WALK, **changes)) == message
