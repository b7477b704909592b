"""Model constants that depend on the mass of the base, as `mj_setConst` computes them, for traced masses.

If the base becomes (1 + s) times as heavy, its inertia with it, then the joint-space inertia at `qpos0` is
M + s U U^T with U of rank 6 or less, and by the Woodbury identity every inverse weight, a mean of
diagonal entries of J M^-1 J^T, is w - sum_k c_k s / (1 + s lambda_k). The numbers are computed once, in
double precision; a robot's constants are then a matrix of a few dozen numbers times a vector of 6.
"""

# MuJoCo's compiled classes have no type stubs.
# pyright: reportAttributeAccessIssue=false

from collections.abc import Callable
from dataclasses import dataclass

import jax.numpy as jnp
import mujoco
import numpy as np
from jaxtyping import Array, Float

Rows = Callable[[np.ndarray], np.ndarray]


@dataclass(frozen=True)
class BaseMass:
    """What of a model depends on the mass of its base."""

    base: int  # body id
    mass: Float[np.ndarray, " body"]  # kg
    subtree_mass: Float[np.ndarray, " body"]  # kg
    above: Float[np.ndarray, " body"]  # 1 for bodies whose subtree holds the base, itself among them
    inertia: Float[np.ndarray, "body 3"]  # kg m^2
    weights: Float[np.ndarray, " weight"]  # nominal inverse weights: 2 a body, then 1 a dof
    slopes: Float[np.ndarray, "weight 6"]  # c
    rates: Float[np.ndarray, " 6"]  # lambda


def make_base_mass(model: mujoco.MjModel, base: int) -> BaseMass:
    """Prepare the tables for a model whose body `base` changes its mass."""
    data = mujoco.MjData(model)
    data.qpos[:] = model.qpos0
    mujoco.mj_forward(model, data)
    inverse = np.zeros((model.nv, model.nv))
    mujoco.mj_solveM(model, data, inverse, np.eye(model.nv))
    spatial = np.concatenate([np.full(3, model.body_mass[base]), model.body_inertia[base]])
    translation, rotation = _jacobians(model, data, base)
    # inertia is diagonal in the axes of the inertial frame
    rotation = data.ximat[base].reshape(3, 3).T @ rotation
    factor = np.concatenate([translation, rotation]).T * np.sqrt(spatial)
    rates, basis = np.linalg.eigh(factor.T @ inverse @ factor)
    slopes = _mean_rows(model, data, lambda rows: (rows @ inverse @ factor @ basis) ** 2, 6)
    weights = np.concatenate([model.body_invweight0.ravel(), model.dof_invweight0])
    return BaseMass(
        base=base,
        mass=model.body_mass.copy(),
        subtree_mass=model.body_subtreemass.copy(),
        above=_ancestors(model, base),
        inertia=model.body_inertia.copy(),
        weights=weights,
        slopes=slopes,
        rates=rates,
    )


def constants(tables: BaseMass, added: Float[Array, ""]) -> dict[str, Float[Array, "..."]]:
    """The model's leaves for one robot whose base carries `added` kg more."""
    share = added / tables.mass[tables.base].astype(np.float32)
    f32 = {k: jnp.asarray(v, jnp.float32) for k, v in vars(tables).items() if k != "base"}
    # summed, not multiplied as matrices: GPUs would do that with 10 bits of mantissa
    fall = jnp.sum(f32["slopes"] * share / (1 + share * f32["rates"]), axis=-1)
    bodies = len(tables.mass)
    weights = f32["weights"] - fall
    is_base = np.arange(bodies) == tables.base
    return {
        "body_mass": f32["mass"] + added * is_base,
        "body_subtreemass": f32["subtree_mass"] + added * f32["above"],
        "body_inertia": f32["inertia"] * (1 + share * is_base[:, None]),
        "body_invweight0": weights[: 2 * bodies].reshape(bodies, 2),
        "dof_invweight0": weights[2 * bodies :],
    }


def _jacobians(model: mujoco.MjModel, data: mujoco.MjData, body: int) -> tuple[np.ndarray, np.ndarray]:
    """Of the body's centre of mass, world axes: translation and rotation, (3, nv) each."""
    translation, rotation = np.zeros((3, model.nv)), np.zeros((3, model.nv))
    mujoco.mj_jacBodyCom(model, data, translation, rotation, body)
    return translation, rotation


def _mean_rows(model: mujoco.MjModel, data: mujoco.MjData, f: Rows, size: int) -> np.ndarray:
    """`f` of the Jacobian's rows behind each inverse weight, and their mean, as `mj_setConst` takes it."""
    out = []
    for body in range(model.nbody):
        fixed = model.body_weldid[body] == 0
        for rows in _jacobians(model, data, body):
            out.append(np.zeros(size) if fixed else f(rows).mean(0))
    each = f(np.eye(model.nv))
    # the three translations of a free joint share their mean, and so do its three rotations
    is_free = model.jnt_type[model.dof_jntid] == mujoco.mjtJoint.mjJNT_FREE
    for half in np.flatnonzero(is_free).reshape(-1, 3):
        each[half] = each[half].mean(0)
    return np.concatenate([out, each])


def _ancestors(model: mujoco.MjModel, body: int) -> np.ndarray:
    above = np.zeros(model.nbody)
    while body:
        above[body] = 1
        body = model.body_parentid[body]
    above[0] = 1
    return above
