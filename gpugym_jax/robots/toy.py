"""A made-up quadruped with one hip joint a leg, quick to compile: for tests."""

from gpugym_jax.robots.robot import Robot

LEGS = ("rf", "lf", "rh", "lh")

TOY = Robot(
    name="toy",
    dofs=tuple(f"{leg}_hip" for leg in LEGS),
    bodies=("base", *(f"{leg}_foot" for leg in LEGS)),
    default_dof_pos=(0.0,) * 4,
    base_height=0.22,  # the feet touch the ground
    kp=(30.0,) * 4,
    kd=(1.0,) * 4,
    torque_limit=(10.0,) * 4,
    dof_vel_limit=(20.0,) * 4,
    dof_pos_limit=((-1.2, 1.2),) * 4,
    groups={"base": ("base",), "foot": tuple(f"{leg}_foot" for leg in LEGS)},
    ground_geoms=(*(f"{leg}_foot" for leg in LEGS), "trunk"),
)
