"""MIT Mini Cheetah, 12 joints, 8.292 kg.

Source: mit-biomimetics/pkGym (the public successor of gpuGym) at f221dbe: `mini_cheetah_simple.urdf` for
order and limits, `gym/envs/mini_cheetah/mini_cheetah_config.py` for pose and gains. Bodies:
`assets/SOURCES.md`.
"""

from gpugym_jax.robots.robot import Robot

LEGS = ("rf", "lf", "rh", "lh")  # the order that Isaac Gym gives, forced there by the joints' prefixes


def _each(part: str) -> tuple[str, ...]:
    return tuple(f"{leg}_{part}" for leg in LEGS)


MINI_CHEETAH = Robot(
    name="mini_cheetah",
    dofs=tuple(
        name
        for i, leg in enumerate(LEGS, 1)
        for name in (f"{i}_{leg}_haa", f"{leg}_hfe", f"{leg}_kfe")  # abduction, hip, knee
    ),
    bodies=("base", *_each("thigh"), *_each("shank"), *_each("foot")),
    default_dof_pos=(0.0, -0.785398, 1.596976) * 4,
    base_height=0.33,  # mini_cheetah_ref_config.py; feet touch the ground at 0.3026
    kp=(20.0,) * 12,
    kd=(0.5,) * 12,
    torque_limit=(18.0, 18.0, 28.0) * 4,
    dof_vel_limit=(41.0, 41.0, 26.8) * 4,
    dof_pos_limit=((-1.5, 1.5), (-2.6, 2.6), (-2.7, 2.7)) * 4,
    groups={"base": ("base",), "thigh": _each("thigh"), "shank": _each("shank"), "foot": _each("foot")},
    ground_geoms=(*_each("foot"), *_each("shank"), *_each("thigh"), "base"),
)
