"""What all backends of a report have in common: robot, gains, rates, policy."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from jaxtyping import Float
from numpy import ndarray

from gpugym_jax.config import Config, PhysicsConfig
from gpugym_jax.config_yaml import with_overrides
from gpugym_jax.paths import ASSETS
from gpugym_jax.policy.file import Policy, read_policy
from gpugym_jax.robots.robot import Robot
from gpugym_jax.robots.scene import Scene, make_scene
from gpugym_jax.tables import UserError

TIMESTEP = 0.002
"""s, a substep, where no policy has one of its own."""
MIN_ENVS = 4
"""Fewer robots leave no range of frictions, heights or directions to look at."""


@dataclass(frozen=True, eq=False)
class Setup:
    """The circumstances of every experiment."""

    scene: Scene
    physics: PhysicsConfig  # without the backend's name
    num_envs: int
    timestep: float  # s, a substep
    kp: Float[ndarray, " dof"]  # N m/rad, 0 where not actuated
    kd: Float[ndarray, " dof"]  # N m s/rad, likewise
    limit: Float[ndarray, " dof"]  # N m; infinite where not actuated, for experiments that push there
    seed: int
    policy: Policy | None

    @property
    def robot(self) -> Robot:
        """The scene's."""
        return self.scene.robot

    @property
    def feet(self) -> tuple[int, ...]:
        """Indices into `Robot.bodies` of the feet."""
        return self.robot.body_ids(self.robot.groups.get("foot", ()))

    @property
    def touches(self) -> bool:
        """Whether the robot meets the ground: those that stand on feet do."""
        return bool(self.feet)


def shipped_policy(robot: str) -> Path | None:
    """The policy file that is shipped for the robot; of several, the last by name."""
    return max((ASSETS / "policies").glob(f"{robot}*.onnx"), default=None)


def make_setup(
    robot_name: str,
    *,
    num_envs: int = 16,
    seed: int = 0,
    policy: Path | None = None,
    overrides: Sequence[str] = (),
) -> Setup:
    """Circumstances for a robot, with the gains, rates and solver of the policy if it has one.

    Raises:
        UserError: no such robot or policy, a policy of another robot, too few robots, or a wrong override.
    """
    scene = make_scene(robot_name)
    least = max(MIN_ENVS, len(scene.robot.dofs))
    if num_envs < least:
        raise UserError(f"--num_envs={num_envs}: {robot_name} needs at least {least}, one for each joint.")
    file = policy or shipped_policy(robot_name)
    setup = _plain(scene, num_envs, seed)
    setup = setup if file is None else _with_policy(setup, read_policy(file))
    return replace(setup, physics=overridden(setup.physics, overrides))


def overridden(physics: PhysicsConfig, overrides: Sequence[str]) -> PhysicsConfig:
    """The configuration of the physics with `physics.a.b=value` overrides."""
    for override in overrides:
        if not override.startswith("physics.") or override.startswith(("physics.backend", "physics.impl")):
            raise UserError(f"parity takes overrides of physics only, and --backends names them: {override}")
    return with_overrides(Config(physics=physics), overrides).physics


def _plain(scene: Scene, num_envs: int, seed: int) -> Setup:
    robot = scene.robot
    gains = np.zeros((2, len(robot.dofs)))
    limit = np.full(len(robot.dofs), np.inf)
    actuated = list(robot.actuated_ids)
    gains[:, actuated] = robot.kp, robot.kd
    limit[actuated] = robot.torque_limit
    return Setup(scene, PhysicsConfig(), num_envs, TIMESTEP, gains[0], gains[1], limit, seed, None)


def _with_policy(plain: Setup, policy: Policy) -> Setup:
    c = policy.contract
    if c.robot != plain.robot.name or c.joint_names != plain.robot.dofs:
        raise UserError(f"{policy.source} is a policy of '{c.robot}', not of '{plain.robot.name}'.")
    return replace(
        plain,
        physics=replace(c.cfg.physics, backend="auto", impl="auto"),
        timestep=c.sim_dt,
        kp=c.stiffness,
        kd=c.damping,
        policy=policy,
    )
