"""Reward terms of legged robots and toys. A cost is positive and gets a negative weight.

LG: leggedrobotics/legged_gym, `legged_gym/envs/base/legged_robot.py`. GG: sheim/QGym at e58553e (gpuGym),
`gym/envs/`. A term's name is its formula: two formulas, two names.
"""

from collections.abc import Callable

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from gpugym_jax.bounds import Bodies, Dof, Finite, NotNegative, Positive, Positives
from gpugym_jax.mdp.snapshot import Snapshot
from gpugym_jax.tables import register

Scalar = Float[Array, ""]
REWARDS: dict[str, Callable[..., Scalar]] = {}
reward = register(REWARDS)


def bell(x: Float[Array, "..."], sigma: float) -> Float[Array, "..."]:
    """exp(-x^2 / sigma): 1 at zero, falling to both sides."""
    return jnp.exp(-jnp.square(x) / sigma)


def scaled_offset(s: Snapshot, scale: tuple[float, ...]) -> Float[Array, " dof"]:
    """(q - q_default) / scale, which is one number or one a joint."""
    return (s.dof_pos - s.default_dof_pos) / jnp.asarray(scale)


def share_of(limit: tuple[float, ...], soft: float) -> Float[np.ndarray, " n"]:
    """`soft` times each limit; what has no limit has none then either."""
    hard = np.array(limit)
    return np.multiply(hard, soft, where=np.isfinite(hard), out=hard.copy())


# --- Tracking the command ------------------------------------------------------------------------------


@reward
def tracking_lin_vel(s: Snapshot, *, sigma: Positive = 0.25) -> Scalar:
    """exp(-|command_xy - v_xy|^2 / sigma). LG, `_reward_tracking_lin_vel`."""
    return jnp.exp(-jnp.sum(jnp.square(s.command[:2] - s.base_lin_vel[:2])) / sigma)


@reward
def tracking_lin_vel_relative(s: Snapshot, *, sigma: Positive = 0.25) -> Scalar:
    """Like tracking_lin_vel, each error divided by 1 + |command|. GG, mini_cheetah."""
    error = (s.command[:2] - s.base_lin_vel[:2]) / (1.0 + jnp.abs(s.command[:2]))
    return jnp.exp(-jnp.sum(jnp.square(error)) / sigma)


@reward
def tracking_ang_vel(s: Snapshot, *, sigma: Positive = 0.25) -> Scalar:
    """exp(-(command_yaw - w_z)^2 / sigma). LG, `_reward_tracking_ang_vel`."""
    return bell(s.command[2] - s.base_ang_vel[2], sigma)


# --- Posture of the base -------------------------------------------------------------------------------


@reward
def lin_vel_z(s: Snapshot) -> Scalar:
    """Vertical speed squared. LG."""
    return jnp.square(s.base_lin_vel[2])


@reward
def lin_vel_z_exp(s: Snapshot, *, scale: Positive = 1.0, sigma: Positive = 0.25) -> Scalar:
    """exp(-(v_z / scale)^2 / sigma). GG."""
    return bell(s.base_lin_vel[2] / scale, sigma)


@reward
def ang_vel_xy(s: Snapshot) -> Scalar:
    """Roll and pitch rates squared. LG."""
    return jnp.sum(jnp.square(s.base_ang_vel[:2]))


@reward
def ang_vel_xy_exp(s: Snapshot, *, scale: Positive = 1.0, sigma: Positive = 0.25) -> Scalar:
    """Sum over roll and pitch of exp(-(w / scale)^2 / sigma). GG."""
    return jnp.sum(bell(s.base_ang_vel[:2] / scale, sigma))


@reward
def orientation(s: Snapshot) -> Scalar:
    """Tilt: g_x^2 + g_y^2. LG."""
    return jnp.sum(jnp.square(s.projected_gravity[:2]))


@reward
def orientation_exp(s: Snapshot, *, sigma: Positive = 0.25) -> Scalar:
    """Sum over x and y of exp(-g^2 / sigma). GG."""
    return jnp.sum(bell(s.projected_gravity[:2], sigma))


@reward
def base_height(s: Snapshot, *, target: Finite) -> Scalar:
    """(height - target)^2. LG."""
    return jnp.square(s.base_height - target)


@reward
def base_height_exp(s: Snapshot, *, target: Finite, scale: Positive = 1.0, sigma: Positive = 0.25) -> Scalar:
    """exp(-((height - target) / scale)^2 / sigma). GG, with the sign that the paper intends."""
    return bell((s.base_height - target) / scale, sigma)


@reward
def min_base_height_exp(
    s: Snapshot, *, target: Finite, scale: Positive = 1.0, sigma: Positive = 0.25
) -> Scalar:
    """As base_height_exp, but only too low costs. GG."""
    return bell(jnp.minimum(0.0, (s.base_height - target) / scale), sigma)


# --- Joints and actions --------------------------------------------------------------------------------


@reward
def torques(s: Snapshot) -> Scalar:
    """Sum of squared torques. LG."""
    return jnp.sum(jnp.square(s.torque))


@reward
def dof_vel(s: Snapshot) -> Scalar:
    """Sum of squared joint speeds. LG."""
    return jnp.sum(jnp.square(s.dof_vel))


@reward
def dof_acc(s: Snapshot) -> Scalar:
    """Sum of squared joint accelerations, mean over a control step. LG."""
    return jnp.sum(jnp.square(s.dof_acc))


@reward
def power(s: Snapshot) -> Scalar:
    """Sum of |torque times joint speed|, W."""
    return jnp.sum(jnp.abs(s.torque * s.dof_vel))


@reward
def dof_near_home(s: Snapshot, *, scale: Positives = (1.0,), sigma: Positive = 0.25) -> Scalar:
    """Sum over joints of exp(-((q - q_default) / scale)^2 / sigma); scale repeats over the joints. GG."""
    return jnp.sum(bell(scaled_offset(s, scale), sigma))


@reward
def dof_deviation(s: Snapshot, *, scale: Positives = (1.0,)) -> Scalar:
    """Sum over joints of ((q - q_default) / scale)^2; scale repeats over the joints."""
    return jnp.sum(jnp.square(scaled_offset(s, scale)))


@reward
def action_rate(s: Snapshot) -> Scalar:
    """Sum of squared changes of the action. LG."""
    return jnp.sum(jnp.square(s.action - s.last_action))


@reward
def target_rate(s: Snapshot) -> Scalar:
    """Sum of squared speeds of the joint targets, (rad/s)^2. GG's action_rate, with the right time step."""
    return jnp.sum(jnp.square((s.target_history[0] - s.target_history[1]) / s.dt))


@reward
def target_rate2(s: Snapshot) -> Scalar:
    """Sum of squared second differences of the joint targets over dt. GG's action_rate2, likewise."""
    now, last, before = s.target_history
    return jnp.sum(jnp.square((now - 2.0 * last + before) / s.dt))


@reward
def dof_pos_limits(s: Snapshot, *, soft: NotNegative = 1.0) -> Scalar:
    """Rad beyond the soft limits: the middle of the range plus and minus half of it times `soft`. LG.

    A range that is open at an end stays as it is.
    """
    low, high = np.array(s.robot.dof_pos_limit).T
    narrower = np.where(np.isfinite(high - low), high - low, 0.0) * (1.0 - soft) / 2
    beyond = jnp.maximum(s.dof_pos - (high - narrower), low + narrower - s.dof_pos)
    return jnp.sum(jnp.maximum(beyond, 0.0))


@reward
def dof_vel_limits(s: Snapshot, *, soft: NotNegative = 1.0) -> Scalar:
    """Rad/s beyond `soft` times the limit, at most 1 a joint. LG."""
    return jnp.sum(jnp.clip(jnp.abs(s.dof_vel) - share_of(s.robot.dof_vel_limit, soft), 0.0, 1.0))


@reward
def torque_limits(s: Snapshot, *, soft: NotNegative = 1.0) -> Scalar:
    """N m beyond `soft` times the limit. LG."""
    torque = s.torque[jnp.array(s.robot.actuated_ids)]
    return jnp.sum(jnp.maximum(jnp.abs(torque) - share_of(s.robot.torque_limit, soft), 0.0))


@reward
def stand_still(s: Snapshot, *, below: NotNegative = 0.1) -> Scalar:
    """Sum of |q - q_default| while the commanded speed is below `below` m/s. LG."""
    return jnp.sum(jnp.abs(s.dof_pos - s.default_dof_pos)) * (s.speed_commanded < below)


# --- Contacts ------------------------------------------------------------------------------------------


@reward
def collision(s: Snapshot, *, bodies: Bodies, force: NotNegative = 0.1) -> Scalar:
    """Number of the bodies that feel more than `force` N. LG."""
    return jnp.sum(jnp.linalg.norm(s.body_force[jnp.array(bodies)], axis=-1) > force).astype(jnp.float32)


@reward
def feet_air_time(s: Snapshot, *, target: NotNegative = 0.5, moving: Finite = 0.1) -> Scalar:
    """Seconds in the air less `target`, paid at touch-down while the command is above `moving` m/s. LG."""
    paid = jnp.sum((s.air_time - target) * s.touched_down)
    return paid * (s.speed_commanded > moving)


@reward
def feet_air_time_clipped(
    s: Snapshot, *, low: NotNegative = 0.1, high: NotNegative = 0.3, moving: Finite = 0.1
) -> Scalar:
    """As feet_air_time with target `low`, at most `high - low` a step; turning counts as moving."""
    paid = jnp.sum(jnp.clip(s.air_time - low, max=high - low) * s.touched_down)
    return paid * (jnp.linalg.norm(s.command) > moving)


@reward
def foot_slip(s: Snapshot) -> Scalar:
    """Sum of the squared horizontal speeds of the feet that touch the ground, (m/s)^2."""
    speed2 = jnp.sum(jnp.square(s.foot_vel[:, :2]), -1)
    return jnp.sum(speed2 * s.foot_contact)


@reward
def foot_clearance(s: Snapshot, *, height: NotNegative = 0.08) -> Scalar:
    """Sum over feet of (height - z)^2 times horizontal speed: a foot that moves should be up."""
    speed = jnp.linalg.norm(s.foot_vel[:, :2], axis=-1)
    return jnp.sum(jnp.square(s.foot_pos[:, 2] - height) * speed)


@reward
def stumble(s: Snapshot) -> Scalar:
    """1 if a foot is pushed sideways with over five times its vertical force. LG."""
    sideways = jnp.linalg.norm(s.foot_force[:, :2], axis=-1)
    return jnp.any(sideways > 5.0 * jnp.abs(s.foot_force[:, 2])).astype(jnp.float32)


@reward
def feet_contact_forces(s: Snapshot, *, limit: NotNegative = 100.0) -> Scalar:
    """N beyond `limit`, summed over the feet. LG."""
    return jnp.sum(jnp.maximum(jnp.linalg.norm(s.foot_force, axis=-1) - limit, 0.0))


@reward
def no_fly(s: Snapshot, *, force: NotNegative = 0.1) -> Scalar:
    """1 if exactly one foot bears more than `force` N. LG, for bipeds."""
    return (jnp.sum(s.foot_force[:, 2] > force) == 1).astype(jnp.float32)


# --- Toys ----------------------------------------------------------------------------------------------


@reward
def dof_upright(s: Snapshot, *, dof: Dof) -> Scalar:
    """cos(q): 1 where the joint's zero is. GG, cartpole."""
    return jnp.cos(s.dof_pos[dof])


@reward
def dof_pos_square(s: Snapshot, *, dof: Dof) -> Scalar:
    """q^2 of one joint. GG, cartpole."""
    return jnp.square(s.dof_pos[dof])


@reward
def dof_vel_square(s: Snapshot, *, dof: Dof) -> Scalar:
    """qd^2 of one joint. GG, cartpole."""
    return jnp.square(s.dof_vel[dof])


@reward
def dof_upright_exp(s: Snapshot, *, dof: Dof, scale: Positive = 1.0, sigma: Positive = 0.25) -> Scalar:
    """exp(-(angle / scale)^2 / sigma), the angle wrapped to (-pi, pi]. GG, cartpole."""
    angle = jnp.arctan2(jnp.sin(s.dof_pos[dof]), jnp.cos(s.dof_pos[dof]))
    return bell(angle / scale, sigma)
