"""The first control steps of an environment over the double of Isaac Gym are those of the in-process MuJoCo."""

from pathlib import Path
from typing import Any

import mujoco
import numpy as np
import pytest
from physics.rigs import config_of, no_double

from gpugym_jax.physics import mujoco as backend
from gpugym_jax.robots.model import load_model
from gpugym_jax.robots.scene import Scene
from isaac_backend.urdf import write_urdf
from tests.isaac_backend.test_urdf import reload
from tests.same_draws import DRAWN, play

NUM_ENVS, STEPS, SCALE = 6, 20, 0.25  # they stand on their feet (no shank touches), and some are pushed
TOLERANCES = {
    "base_pos": 1e-5,  # m
    "base_lin_vel": 1e-4,  # m/s
    "dof_pos": 1e-5,  # rad, m
}
"""Single precision: all numbers cross the boundary so."""
CONVERGED = ("physics.solver_iterations=100", "physics.line_search_iterations=50")  # as the double is
NO_FRICTION = ("randomize.friction=null",)  # cartpole touches nothing


def over_the_double() -> list[str]:
    isaac = config_of("isaacgym/force_sensor").isaac
    settings = ("python", "device", "pipeline", "start_timeout_s")
    return [
        "physics.backend=isaacgym",
        *(f"physics.isaac.{name}={getattr(isaac, name)}" for name in settings),
    ]


def load_with_soft_feet(folder: Path) -> Any:
    """The robot's model with the feet as soft as they are in Isaac Gym's double.

    MuJoCo makes a contact softer where the link that touches is easier to move, by a number worked out link by
    link. A foot is a link in Isaac Gym and a geom of the shank here. Without this, the bases are 5 mm apart
    after 20 control steps of mini cheetah; a shank that touches still makes 1 mm.
    """

    def load(scene: Scene, **settings: Any) -> mujoco.MjModel:
        model = load_model(scene, **settings)
        links = reload(write_urdf(model, scene.robot, folder))
        for foot in scene.robot.groups.get("foot", ()):
            body = model.geom(foot).bodyid[0]
            model.body_invweight0[body] = links.body_invweight0[links.body(foot).id]
        return model

    return load


@no_double
@pytest.mark.parametrize(("task", "more"), [("cartpole", NO_FRICTION), ("mini_cheetah", ())])
def test_steps_are_mujocos(
    task: str, more: tuple[str, ...], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(backend, "load_model", load_with_soft_feet(tmp_path))
    ours = play(task, ["physics.backend=mujoco", *CONVERGED, *more], NUM_ENVS, STEPS, SCALE)
    theirs = play(task, [*over_the_double(), *more], NUM_ENVS, STEPS, SCALE)
    for name in DRAWN:
        np.testing.assert_array_equal(theirs[name], ours[name], err_msg=name)
    for name, tolerance in TOLERANCES.items():
        apart = np.abs(theirs[name] - ours[name]).max()
        print(f"{task}: {name} {apart:.2e} apart after {STEPS} control steps, {tolerance:g} allowed")
        assert apart < tolerance
    assert np.abs(np.diff(ours["dof_pos"], axis=0)).max() > 0.01  # something moves
