"""Robots by name."""

from gpugym_jax.robots.cartpole import CARTPOLE
from gpugym_jax.robots.mini_cheetah import MINI_CHEETAH
from gpugym_jax.robots.pendulum import PENDULUM
from gpugym_jax.robots.robot import Robot
from gpugym_jax.robots.toy import TOY

ROBOTS: dict[str, Robot] = {r.name: r for r in (CARTPOLE, MINI_CHEETAH, PENDULUM, TOY)}
