"""Robots on uneven ground, through the worker, over the double: where x and y and heights are right, they stand."""

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
from physics.rigs import DT, NUM_ENVS, Rig, config_of, hold, no_double, standing, varied

from gpugym_jax.robots import ROBOTS
from gpugym_jax.robots.scene import Scene
from isaac_backend.client import IsaacPhysics

SPACING, ORIGIN, SHAPE = 0.1, (-2.0, -3.0), (60, 91)  # m; m; x from -2 to 3.9, y from -3 to 6
SLOPE = 0.08


def ground(kind: str, x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Height, m, at places in the world."""
    if kind == "ramp along x":
        return 0.1 + SLOPE * x
    if kind == "ramp along y":
        return SLOPE * y - 0.2
    return np.where((x > 1.0) & (y > 2.0), 0.4, -0.1)


def placed(kind: str) -> tuple[np.ndarray, np.ndarray]:
    """Places on the ground, away from the border and the step's edge: x and y, m."""
    x, y = (a.ravel() for a in np.meshgrid([-1.0, 0.3, 2.0], [-2.0, 0.5, 3.0, 5.0], indexing="ij"))
    assert len(x) == NUM_ENVS
    return x, y


@no_double
@pytest.mark.parametrize("form", ["height_field", "triangle_mesh"])
@pytest.mark.parametrize("kind", ["ramp along x", "ramp along y", "step"])
def test_robots_stand_on_the_ground(kind: str, form: str) -> None:
    rows, cols = (np.arange(n) * SPACING + o for n, o in zip(SHAPE, ORIGIN, strict=True))
    heights = np.broadcast_to(ground(kind, rows[:, None], cols[None]), SHAPE)
    robot, cfg = ROBOTS["toy"], config_of("isaacgym/force_sensor")
    cfg = replace(cfg, isaac=replace(cfg.isaac, terrain=form))
    terrain = SimpleNamespace(heights=heights, spacing=SPACING, origin=ORIGIN)
    physics = IsaacPhysics(Scene(robot), cfg, NUM_ENVS, DT, terrain=terrain)
    rig = Rig(
        robot, "isaacgym/force_sensor", physics, physics.init, physics.step, physics.write, physics.read
    )
    x, y = placed(kind)
    start = standing(robot)
    place = np.stack([x, y, ground(kind, x, y) + robot.base_height + 0.01], axis=1)
    reading = rig.read(hold(rig, rig.init(start.replace(base_pos=place.astype(np.float32)), varied()), 400))
    physics.close()
    base = np.asarray(reading.robot.base_pos)
    np.testing.assert_allclose(base[:, :2], place[:, :2], atol=0.05)
    here = ground(kind, base[:, 0], base[:, 1])
    np.testing.assert_allclose(base[:, 2] - here, robot.base_height, atol=0.01)
    up = np.asarray(reading.body_force)[..., 2].sum(1)
    np.testing.assert_allclose(up, up.mean(), rtol=0.05)
