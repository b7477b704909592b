"""Cartpole of gpuGym: a cart on a rail along y, a pole that turns about x. The pole is up at 0.

Source: mit-biomimetics/pkGym at f221dbe, `resources/robots/cartpole/urdf/cartpole.urdf` and
`gym/envs/cartpole/cartpole_config.py`. Bodies: `assets/SOURCES.md`.
"""

from math import inf

from gpugym_jax.robots.robot import Robot

CARTPOLE = Robot(
    name="cartpole",
    dofs=("slider_to_cart", "cart_to_pole"),
    bodies=("slider", "cart", "pole"),
    default_dof_pos=(0.0, 0.0),
    base_height=0.0,
    kp=(0.0,),
    kd=(0.0,),
    torque_limit=(10.0,),  # N
    dof_vel_limit=(100.0, 20.0),  # m/s, rad/s
    dof_pos_limit=((-4.0, 4.0), (-inf, inf)),  # m, rad
    actuated=("slider_to_cart",),
    sliders=("slider_to_cart",),
    groups={"base": ("slider",)},
    floating=False,
    ground_height=-2.3,
)
