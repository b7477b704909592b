"""One robot in plain MuJoCo, by MuJoCo's own functions: what the backends are compared with."""

import mujoco
import numpy as np
from physics.rigs import DT, Rig

from gpugym_jax.config import PhysicsConfig
from gpugym_jax.robots.layout import make_layout
from gpugym_jax.robots.model import load_model
from gpugym_jax.robots.scene import Scene
from gpugym_jax.types import RobotState


def reference(rig: Rig) -> tuple[mujoco.MjModel, mujoco.MjData]:
    model = load_model(Scene(rig.robot), timestep=DT, cfg=PhysicsConfig(), sensors=False)
    return model, mujoco.MjData(model)


def place(model: mujoco.MjModel, data: mujoco.MjData, rig: Rig, state: RobotState, i: int) -> None:
    """Put robot `i` into plain MuJoCo, by MuJoCo's own functions."""
    layout, back = make_layout(rig.robot, model), np.zeros(4)
    mujoco.mj_resetData(model, data)
    data.qpos[:3], data.qpos[3:7] = state.base_pos[i], state.base_quat[i]
    mujoco.mju_normalize4(data.qpos[3:7])
    mujoco.mju_negQuat(back, data.qpos[3:7])
    data.qvel[:3] = state.base_lin_vel[i]
    mujoco.mju_rotVecQuat(data.qvel[3:6], state.base_ang_vel[i].astype(float), back)
    data.qpos[layout.qpos], data.qvel[layout.qvel] = state.dof_pos[i], state.dof_vel[i]


def contact_forces(rig: Rig, state: RobotState, i: int) -> np.ndarray:
    """N on each reported body of robot `i`, as plain MuJoCo has them."""
    model, data = reference(rig)
    layout, force = make_layout(rig.robot, model), np.zeros((len(rig.robot.bodies), 3))
    place(model, data, rig, state, i)
    mujoco.mj_forward(model, data)
    for c in range(data.ncon):
        wrench, contact = np.zeros(6), data.contact[c]
        mujoco.mj_contactForce(model, data, c, wrench)
        geom = contact.geom2  # the floor's is the first
        of_geom, of_body = layout.geom == geom, layout.body == model.geom_bodyid[geom]
        index = np.flatnonzero(of_geom if of_geom.any() else of_body & (layout.geom < 0))[0]
        force[index] += contact.frame.reshape(3, 3).T @ wrench[:3]
    return force


def momentum(rig: Rig, state: RobotState, i: int) -> np.ndarray:
    """N s of the whole of robot `i`, world."""
    model, data = reference(rig)
    place(model, data, rig, state, i)
    mujoco.mj_forward(model, data)
    mujoco.mj_subtreeVel(model, data)
    return model.body_mass.sum() * data.subtree_linvel[0]
