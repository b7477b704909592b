"""Numbers that say how well a robot moves.

Each measure reads a record of all steps and episodes of a scenario, and is a mean over both unless it says
otherwise. "Settled" leaves out the first second. A robot that has fallen goes on to be measured.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float, Int
from numpy import ndarray

from gpugym_jax.config_exam import SETTLED_S
from gpugym_jax.gate.observe import CONTACT_FORCE
from gpugym_jax.gate.rollout import Frame
from gpugym_jax.policy.metadata import Contract

AVERAGE_S = 0.5
"""s, of the moving average that takes out the stride's own swing."""
AIR_S = 0.03
"""s: a foot must have been up for as long, or its contact is no touch-down but a bounce."""
UPRIGHT = 0.2
"""rad: a pole nearer to the vertical than this is up."""


def velocity_error(r: Frame, dt: float) -> Float[ndarray, "step n 2"]:
    """Planar base velocity, base frame, less the command, m/s."""
    return r.base_lin_vel[..., :2] - r.command[..., :2]


def _settled(x: ndarray, dt: float) -> ndarray:
    return x[min(round(SETTLED_S / dt), len(x) - 1) :]


def _average(x: ndarray, dt: float) -> ndarray:
    """Moving average over `AVERAGE_S` along the step axis, whole windows only."""
    width = min(max(1, round(AVERAGE_S / dt)), len(x))
    total = np.cumsum(np.concatenate([np.zeros_like(x[:1]), x]), 0)
    return (total[width:] - total[:-width]) / width


def _contact(r: Frame) -> Bool[ndarray, "step n foot"]:
    return r.foot_force[..., 2] > CONTACT_FORCE


def falls(r: Frame, dt: float) -> float:
    """Episodes in which the robot fell."""
    return float(np.sum(np.any(r.fallen, 0)))


def fall_share(r: Frame, dt: float) -> float:
    """Of the episodes, those in which the robot fell."""
    return float(np.mean(np.any(r.fallen, 0)))


def lin_vel_error(r: Frame, dt: float) -> float:
    """|v_xy - command_xy| at each control step, settled, m/s: the stride's own swing counts as error."""
    return float(np.mean(np.linalg.norm(_settled(velocity_error(r, dt), dt), axis=-1)))


def lin_vel_error_average(r: Frame, dt: float) -> float:
    """As lin_vel_error, of the 0.5 s moving average of the velocity, m/s."""
    return float(np.mean(np.linalg.norm(_average(_settled(velocity_error(r, dt), dt), dt), axis=-1)))


def ang_vel_error(r: Frame, dt: float) -> float:
    """|yaw rate - command| at each control step, settled, rad/s."""
    return float(np.mean(np.abs(_settled(r.base_ang_vel[..., 2] - r.command[..., 2], dt))))


def ang_vel_error_average(r: Frame, dt: float) -> float:
    """As ang_vel_error, of the 0.5 s moving average of the yaw rate, rad/s."""
    error = _average(_settled(r.base_ang_vel[..., 2] - r.command[..., 2], dt), dt)
    return float(np.mean(np.abs(error)))


def action_jerk(r: Frame, dt: float) -> float:
    """Rms second difference of successive targets over joints, rad (N m if the action is a torque)."""
    return float(np.sqrt(np.mean(np.square(np.diff(r.target, 2, 0)))))


def torque(r: Frame, dt: float) -> float:
    """Rms over actuated joints of the torque in the last substep of each control step, N m."""
    return float(np.sqrt(np.mean(np.square(r.torque))))


def dof_vel(r: Frame, dt: float) -> float:
    """Rms over joints of their speed, rad/s."""
    return float(np.sqrt(np.mean(np.square(r.dof_vel))))


def base_height(r: Frame, dt: float) -> float:
    """Base origin above the ground, m."""
    return float(np.mean(r.base_pos[..., 2]))


def foot_slip(r: Frame, dt: float) -> float:
    """Horizontal speed of a foot's centre over control steps with contact at both ends, m/s; 0 if none."""
    speed = np.linalg.norm(np.diff(r.foot_pos[..., :2], 1, 0), axis=-1) / dt
    held = _contact(r)[1:] & _contact(r)[:-1]
    return float(np.sum(speed * held) / max(1, np.sum(held)))


def duty_factors(r: Frame, dt: float) -> Float[ndarray, " foot"]:
    """Share of the time that each foot is on the ground."""
    return np.mean(_contact(r), (0, 1))


def _touch_downs(r: Frame, dt: float) -> Bool[ndarray, "step n foot"]:
    """Whether a foot comes down in a step, after at least `AIR_S` in the air."""
    contact, need = _contact(r), max(1, round(AIR_S / dt))
    return contact & (_run_before(~contact) >= need)


def _run_before(x: Bool[ndarray, "step ..."]) -> Int[ndarray, "step ..."]:
    """In how many steps without a break `x` was true before each step."""
    runs = np.zeros(x.shape, int)
    for i in range(1, len(x)):
        runs[i] = np.where(x[i - 1], runs[i - 1] + 1, 0)
    return runs


def touch_down_rates(r: Frame, dt: float) -> Float[ndarray, " foot"]:
    """Touch-downs a second of each foot, after at least `AIR_S` in the air."""
    return np.mean(_touch_downs(r, dt), (0, 1)) / dt


def _standing(r: Frame, dt: float) -> Bool[ndarray, "step n"]:
    """Whether the command is zero, and has been for `SETTLED_S`."""
    zero = np.all(r.command == 0.0, -1)
    return zero & (_run_before(zero) >= round(SETTLED_S / dt))


def zero_share(r: Frame, dt: float) -> float:
    """Share of the time in which steps at zero command are counted."""
    return float(np.mean(_standing(r, dt)))


def zero_step_rates(r: Frame, dt: float) -> Float[ndarray, " foot"]:
    """Touch-downs a second of each foot while told to stand, settled; NaN if never told."""
    told = np.sum(_standing(r, dt))
    steps = np.sum(_touch_downs(r, dt) & _standing(r, dt)[..., None], (0, 1))
    return steps / (told * dt) if told else np.full(steps.shape, np.nan)


def zero_air_share(r: Frame, dt: float) -> float:
    """Share of the time with a foot in the air while told to stand, settled; NaN if never told."""
    standing = _standing(r, dt)
    return float(np.mean(np.any(~_contact(r), -1)[standing])) if standing.any() else float("nan")


def upright_share(r: Frame, dt: float) -> float:
    """Share of the last half of the episodes in which the last joint, the pole, is within 0.2 rad of up."""
    angle = np.mod(r.dof_pos[len(r.dof_pos) // 2 :, :, -1] + np.pi, 2.0 * np.pi) - np.pi
    return float(np.mean(np.abs(angle) < UPRIGHT))


Measure = Callable[[Frame, float], "float | ndarray"]
JOINTS: tuple[Measure, ...] = (falls, fall_share, action_jerk, torque, dof_vel)
BASE: tuple[Measure, ...] = (
    lin_vel_error,
    lin_vel_error_average,
    ang_vel_error,
    ang_vel_error_average,
    base_height,
)
FEET: tuple[Measure, ...] = (
    foot_slip,
    duty_factors,
    touch_down_rates,
    zero_share,
    zero_step_rates,
    zero_air_share,
)
POLE: tuple[Measure, ...] = (upright_share,)


@dataclass(frozen=True)
class Bound:
    """What a field of `config_exam.Gate` demands."""

    scenario: str  # "pushed" or "calm"
    measure: str
    at_most: bool = True


BOUNDS = {
    "max_falls": Bound("pushed", "fall_share"),
    "max_lin_vel_error": Bound("calm", "lin_vel_error"),
    "max_ang_vel_error": Bound("calm", "ang_vel_error"),
    "max_action_jerk": Bound("calm", "action_jerk"),
    "max_torque": Bound("calm", "torque"),
    "max_dof_vel": Bound("calm", "dof_vel"),
    "max_foot_slip": Bound("calm", "foot_slip"),
    "min_upright_share": Bound("calm", "upright_share", at_most=False),
}
"""Bounds by the fields of `config_exam.Gate`."""


def measure(record: Frame, contract: Contract, floating: bool) -> dict[str, "float | list[float]"]:
    """All numbers that this kind of robot has."""
    chosen = [*JOINTS, *(BASE if floating else POLE), *(FEET if record.foot_force.shape[2] else ())]
    values = {f.__name__: f(record, contract.step_dt) for f in chosen}
    return {name: v.tolist() if isinstance(v, np.ndarray) else v for name, v in values.items()}
