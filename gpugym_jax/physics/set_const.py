"""`mj_setConst` in JAX: the constants of a model that follow from leaves which differ from robot to robot.

What MuJoCo derives (`engine_setconst.c`) and MJX or Warp read: masses of subtrees, and the inverse weights
of bodies, dofs and tendons, which are means of the diagonal of J M^-1 J^T in the pose `qpos0`. In float32
they agree with MuJoCo's to 1e-6: the square root of M^-1 is taken of M scaled to a unit diagonal, and its
products are sums of squares, in which nothing cancels.
"""

# MuJoCo's compiled classes have no type stubs.
# MJX does not tell the type of what `mjx.Data` hides in `_impl`.
# pyright: reportAttributeAccessIssue=false

from collections.abc import Mapping

import jax
import jax.numpy as jnp
import mujoco
import numpy as np
from jaxtyping import Array, Bool, Float
from mujoco import mjx
from mujoco.mjx._src import smooth

from gpugym_jax.robots.varied import INPUTS


def set_const(model: mujoco.MjModel, leaves: Mapping[str, Array]) -> dict[str, Array]:
    """The constants of one robot whose model has these leaves; none if no constant follows from them.

    `model` must be one that MJX's implementation in JAX can take. `leaves` have the names of `MjModel`.
    """
    leaves = {name: leaf for name, leaf in leaves.items() if name in INPUTS}
    if not leaves:
        return {}
    nominal = mjx.put_model(model, impl="jax")
    m = nominal.replace(**leaves)
    with jax.default_matmul_precision("highest"):
        d = mjx.com_pos(m, mjx.kinematics(m, mjx.make_data(nominal).replace(qpos=m.qpos0)))
        jac, tendon = body_jacobians(model, d), tendon_jacobian(m, d)
        root = root_of_inverse(mass_matrix(m, d, jac, tendon))
        tied = ties(model)
        return {
            "body_subtreemass": jnp.asarray(subtrees(model), jnp.float32) @ m.body_mass,
            "body_invweight0": body_weights(model, m.body_mass, squared_rows(root, jac)),
            "dof_invweight0": tied @ jnp.sum(jnp.square(root), axis=0),
        } | ({"tendon_invweight0": squared_rows(root, tendon)} if model.ntendon else {})


def subtrees(model: mujoco.MjModel) -> Float[np.ndarray, "body body"]:
    """1 where the second body hangs on the first one, or is it."""
    below = np.eye(model.nbody)
    for body in range(model.nbody - 1, 0, -1):
        below[model.body_parentid[body]] += below[body]
    return below


def ties(model: mujoco.MjModel) -> Float[np.ndarray, "dof dof"]:
    """Mean over the dofs that share a weight: three translations or three rotations of one joint."""
    is_free = model.jnt_type[model.dof_jntid] == mujoco.mjtJoint.mjJNT_FREE
    turns = is_free & (np.arange(model.nv) >= model.jnt_dofadr[model.dof_jntid] + 3)
    group = 2 * model.dof_jntid + turns
    same = (group[:, None] == group).astype(np.float32)
    return same / same.sum(1, keepdims=True)


def body_jacobians(model: mujoco.MjModel, d: mjx.Data) -> Float[Array, "body 6 dof"]:
    """Of the bodies' centres of mass, world axes: translations, then rotations."""
    turns, drifts = d.cdof[:, :3], d.cdof[:, 3:]
    arm = d.xipos - d.subtree_com[model.body_rootid]
    moves = drifts[None] + jnp.cross(turns[None], arm[:, None])
    on = jnp.asarray(subtrees(model).T[:, model.dof_bodyid], jnp.float32)
    return jnp.concatenate([moves, jnp.broadcast_to(turns, moves.shape)], -1).swapaxes(1, 2) * on[:, None]


def tendon_jacobian(m: mjx.Model, d: mjx.Data) -> Float[Array, "tendon dof"]:
    """Of the tendons' lengths."""
    return smooth.tendon(m, d)._impl.ten_J if m.ntendon else jnp.zeros((0, m.nv))


def mass_matrix(m: mjx.Model, d: mjx.Data, jac: Array, tendon: Array) -> Float[Array, "dof dof"]:
    """Inertia in joint space, as the sum over the bodies."""
    turns = d.ximat.swapaxes(1, 2) @ jac[:, 3:]  # inertia is diagonal in the axes of the inertial frame
    spatial = jnp.concatenate(
        [jnp.broadcast_to(m.body_mass[:, None], m.body_inertia.shape), m.body_inertia], 1
    )
    rows = jnp.concatenate([jac[:, :3], turns], axis=1) * jnp.sqrt(spatial)[:, :, None]
    rows = rows.reshape(-1, m.nv)
    # of what a tendon couples, MuJoCo keeps the dofs of one chain
    coupled = jnp.where(chains(m), tendon.T * m.tendon_armature @ tendon, 0.0)
    return rows.T @ rows + jnp.diag(m.dof_armature) + coupled


def chains(m: mjx.Model) -> Bool[np.ndarray, "dof dof"]:
    """Whether one of two dofs is above the other in the tree."""
    above = np.zeros((m.nv, m.nv), bool)
    above[np.repeat(np.arange(m.nv), m.M_rownnz), m.M_colind] = True
    return above | above.T


def root_of_inverse(matrix: Float[Array, "dof dof"]) -> Float[Array, "dof dof"]:
    """R with R^T R the inverse."""
    scale = 1.0 / jnp.sqrt(jnp.diag(matrix))
    lower = jnp.linalg.cholesky(matrix * scale * scale[:, None])
    return jax.scipy.linalg.solve_triangular(lower, jnp.diag(scale), lower=True)


def squared_rows(root: Float[Array, "dof dof"], jac: Float[Array, "*rows dof"]) -> Float[Array, "*rows"]:
    """The diagonal of J M^-1 J^T."""
    return jnp.sum(jnp.square(jac @ root.T), axis=-1)


def body_weights(
    model: mujoco.MjModel, mass: Float[Array, " body"], each: Float[Array, "body 6"]
) -> Float[Array, "body 2"]:
    """Means over the three translations and over the three rotations."""
    general = each.reshape(-1, 2, 3).mean(-1)
    # for a body that only slides, MuJoCo takes the inverse of its mass
    slides = (model.body_simple == 2)[:, None]
    return jnp.where(slides, jnp.stack([1 / mass, jnp.zeros_like(mass)], 1), general)
