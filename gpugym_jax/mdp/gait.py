"""The gait clock, the reference trot, and the rewards that follow them.

GG: sheim/QGym at e58553e (gpuGym), `gym/envs/mini_cheetah/mini_cheetah_ref.py`.
"""

import functools

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from gpugym_jax.bounds import NotNegative, Positive
from gpugym_jax.mdp.rewards import Scalar, bell, reward, tracking_lin_vel_relative
from gpugym_jax.mdp.snapshot import Snapshot
from gpugym_jax.paths import ASSETS
from gpugym_jax.tables import unknown

STILL, WIDTH = 0.2, 0.1
"""m/s and (m/s)^2: commands below `STILL` ask to stand, and the change to walking is `WIDTH` wide. GG."""


def standing(s: Snapshot) -> Scalar:
    """exp(-max(0, |command| - 0.2)^2 / 0.1): 1 when asked to stand, 0 when asked to walk. GG."""
    return bell(jnp.maximum(0.0, jnp.linalg.norm(s.command) - STILL), WIDTH)


def swings(s: Snapshot) -> Float[Array, "4"]:
    """1 for the feet that should be up: RF and LH in the first half of the clock, LF and RH in the other.

    Feet in the order rf, lf, rh, lh.
    """
    first = s.phase < jnp.pi
    return jnp.where(first, jnp.array([1.0, 0.0, 0.0, 1.0]), jnp.array([0.0, 1.0, 1.0, 0.0]))


def pressed(s: Snapshot, force: float) -> Float[Array, " foot"]:
    """1 for each foot that bears more than `force` N."""
    return (jnp.linalg.norm(s.foot_force, axis=-1) > force).astype(jnp.float32)


@functools.lru_cache
def motion(name: str) -> np.ndarray:
    """A gait cycle `(rows, dof)`, rad from the default pose, from `assets/motions/NAME.csv`."""
    folder = ASSETS / "motions"
    if not (folder / f"{name}.csv").is_file():
        raise unknown("motion", name, [f.stem for f in folder.glob("*.csv")])
    return np.loadtxt(folder / f"{name}.csv", delimiter=",", skiprows=1, dtype=np.float32)


def reference(name: str, phase: Float[Array, ""]) -> Float[Array, " dof"]:
    """The motion at `phase`, linear between rows, closed at 2 pi."""
    rows = jnp.asarray(motion(name))
    at = phase / (2.0 * jnp.pi) * rows.shape[0]
    low = jnp.floor(at).astype(jnp.int32)
    part = at - low
    return rows[low % rows.shape[0]] * (1.0 - part) + rows[(low + 1) % rows.shape[0]] * part


@reward
def swing_grf(s: Snapshot, *, force: NotNegative = 50.0) -> Scalar:
    """Number of feet that press with `force` N although they should swing; none when standing. GG."""
    return (1.0 - standing(s)) * jnp.sum(swings(s) * pressed(s, force))


@reward
def stance_grf(s: Snapshot, *, force: NotNegative = 50.0) -> Scalar:
    """Number of feet that press with `force` N as they should; none when standing. GG."""
    return (1.0 - standing(s)) * jnp.sum((1.0 - swings(s)) * pressed(s, force))


@reward
def reference_traj(s: Snapshot, *, motion: str, sigma: Positive = 0.25) -> Scalar:
    """Mean over joints of exp(-e^2/sigma) - 0.2 |e|, e the distance to the motion; 0 when standing. GG."""
    error = reference(motion, s.phase) + s.default_dof_pos - s.dof_pos
    return (1.0 - standing(s)) * jnp.mean(bell(error, sigma) - 0.2 * jnp.abs(error))


@reward
def tracking_lin_vel_moving(s: Snapshot, *, sigma: Positive = 0.25) -> Scalar:
    """tracking_lin_vel_relative while asked to walk. GG, mini_cheetah_ref."""
    return (1.0 - standing(s)) * tracking_lin_vel_relative(s, sigma=sigma)


@reward
def stand_still_exp(s: Snapshot, *, vel_scale: Positive = 1.0, sigma: Positive = 0.25) -> Scalar:
    """Joints at rest and at home, base at rest, while asked to stand. GG, mini_cheetah_ref."""
    rest = jnp.mean(bell(s.dof_vel / vel_scale, sigma))
    home = jnp.mean(bell(36.0 * (s.dof_pos - s.default_dof_pos) / jnp.pi, sigma))
    moving = jnp.mean(jnp.square(s.base_lin_vel)) + jnp.mean(jnp.square(s.base_ang_vel))
    return standing(s) * (rest + home - moving)
