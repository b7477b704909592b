"""Pendulum of QGym: 1 kg at 1 m on a hinge about y, up at 0. Its torque cannot hold it level: it must swing.

Source: sheim/QGym (branch dev) at 1d3251f, `resources/robots/pendulum/urdf/pendulum.urdf` and
`gym/envs/pendulum/pendulum_config.py`. Bodies: `assets/SOURCES.md`.
"""

from math import inf

from gpugym_jax.robots.robot import Robot

PENDULUM = Robot(
    name="pendulum",
    dofs=("theta",),
    bodies=("base", "pole"),
    default_dof_pos=(0.0,),
    base_height=0.0,
    kp=(0.0,),
    kd=(0.0,),
    torque_limit=(5.0,),
    dof_vel_limit=(100.0,),
    dof_pos_limit=((-inf, inf),),
    groups={"base": ("base",)},
    floating=False,
    ground_height=-1.4,
)
