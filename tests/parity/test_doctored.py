"""A physics that is wrong fails the report: gravity, friction, order of joints, signs, a robot that is lost."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jax
import numpy as np
import pytest

from gpugym_jax.parity.judge import Row, verdict
from gpugym_jax.parity.measuring import make_backend, measure
from gpugym_jax.parity.page import DOUBLE
from gpugym_jax.parity.report import write_report
from gpugym_jax.parity.setup import Setup, make_setup
from gpugym_jax.physics import mujoco as backend
from gpugym_jax.tables import UserError
from gpugym_jax.types import Physics, Reading, RobotState, Variation


class Doctored:
    """C MuJoCo, with something done to what goes in and comes out."""

    traceable = False
    is_double: bool | None = None

    def __init__(
        self,
        inner: Physics,
        torque: Callable[[Any], Any] = lambda x: x,
        variation: Callable[[Variation], Variation] = lambda x: x,
        reading: Callable[[Reading], Reading] = lambda x: x,
    ) -> None:
        self.inner, self.num_envs = inner, inner.num_envs
        self.torque, self.variation, self.reading = torque, variation, reading

    def init(self, robot: RobotState, variation: Variation) -> Any:
        """As inside."""
        return self.inner.init(robot, self.variation(variation))

    def step(self, sim: Any, torque: Any, wrench: Any = None) -> Any:
        """As inside."""
        return self.inner.step(sim, self.torque(np.asarray(torque)), wrench)

    def write(self, sim: Any, mask: Any, robot: RobotState, variation: Variation) -> Any:
        """As inside."""
        return self.inner.write(sim, mask, robot, self.variation(variation))

    def read(self, sim: Any) -> Reading:
        """As inside."""
        return self.reading(self.inner.read(sim))

    def ready(self) -> None:
        """As inside."""
        self.inner.ready()

    def close(self) -> None:
        """As inside."""
        self.inner.close()


@pytest.fixture(scope="module")
def setup() -> Setup:
    return make_setup("mini_cheetah", num_envs=12)


def rows(setup: Setup, only: list[str], make: Callable[[Physics], Physics]) -> list[Row]:
    """An experiment on C MuJoCo and on what is made of it."""

    def make_one(name: str, setup: Setup) -> Physics:
        physics = make_backend("mujoco", setup)
        return physics if name == "mujoco" else make(physics)

    return measure(setup, ["mujoco", "wrong"], only=only, make=make_one).rows


def out(found: list[Row]) -> set[tuple[str, str]]:
    """Figures of the doctored backend that are out of tolerance; the sound one must have none."""
    assert all(row.passed is not False for row in found if row.backend == "mujoco")
    return {(row.figure, row.against) for row in found if row.passed is False}


def scaled(factor: float) -> Callable[[Variation], Variation]:
    return lambda v: {name: np.float32(factor) * value for name, value in v.items()}


def test_a_sound_one_passes(setup: Setup) -> None:
    found = rows(setup, ["free_fall", "joint_steps", "friction_slide", "standing_contacts"], Doctored)
    assert verdict(found) and not out(found)
    assert len(found) > 20


def test_wrong_friction(setup: Setup) -> None:
    found = rows(
        setup, ["friction_slide", "friction_threshold"], lambda p: Doctored(p, variation=scaled(0.9))
    )
    assert {("coefficient", "theory"), ("coefficient", "mujoco"), ("threshold", "theory")} <= out(found)
    slide = next(
        r for r in found if r.backend == "wrong" and r.figure == "coefficient" and r.against == "theory"
    )
    assert slide.difference == pytest.approx(0.1, abs=0.01)


def test_wrong_gravity(setup: Setup, monkeypatch: pytest.MonkeyPatch) -> None:
    sound = backend.load_model

    def heavier(*args: Any, **kwargs: Any) -> Any:
        model = sound(*args, **kwargs)
        model.opt.gravity[2] *= 1.01
        return model

    def make(physics: Physics) -> Physics:
        physics.close()
        with monkeypatch.context() as patch:
            patch.setattr(backend, "load_model", heavier)
            return make_backend("mujoco", setup)

    found = rows(setup, ["free_fall", "standing_contacts"], make)
    assert {
        ("speed", "theory"),
        ("distance", "theory"),
        ("speed", "mujoco"),
        ("balance_up", "theory"),
    } <= out(found)


def test_swapped_joints(setup: Setup) -> None:
    """Left and right change places, going in and coming out apart."""
    swap = [3, 4, 5, 0, 1, 2, 9, 10, 11, 6, 7, 8]
    found = rows(setup, ["joint_steps"], lambda p: Doctored(p, torque=lambda x: x[:, swap]))
    assert {("final", "theory"), ("response", "mujoco")} <= out(found)

    def renamed(reading: Reading) -> Reading:
        robot = reading.robot
        return reading.replace(
            robot=robot.replace(dof_pos=robot.dof_pos[:, swap], dof_vel=robot.dof_vel[:, swap])
        )

    assert ("final", "theory") in out(rows(setup, ["joint_steps"], lambda p: Doctored(p, reading=renamed)))


def test_forces_of_the_wrong_sign(setup: Setup) -> None:
    found = rows(
        setup,
        ["standing_contacts"],
        lambda p: Doctored(p, reading=lambda r: r.replace(body_force=-r.body_force)),
    )
    assert {("load", "theory"), ("balance_up", "theory")} <= out(found)


def test_the_page_says_what_is_out_and_what_was_a_double(setup: Setup, tmp_path: Path) -> None:
    def make(name: str, setup: Setup) -> Physics:
        physics = Doctored(make_backend("mujoco", setup), variation=scaled(0.5))
        physics.is_double = name == "isaacgym"
        return physics if physics.is_double else physics.inner

    measured = measure(setup, ["mujoco", "isaacgym"], only=["friction_slide"], make=make)
    assert measured.kinds == {"mujoco": "same", "isaacgym": "double"}
    page, figures = write_report(tmp_path, setup, measured)
    text = page.read_text()
    assert DOUBLE in text and "OUT OF TOLERANCE" in text
    found = json.loads(figures.read_text())
    assert found["passed"] is False
    wrong = [row for row in found["rows"] if row["passed"] is False]
    assert {row["backend"] for row in wrong} == {"isaacgym"}
    halves = found["experiments"]["friction_slide"]["figures"]["isaacgym"]["coefficient"]
    np.testing.assert_allclose(halves, np.linspace(0.05, 0.2, 12), rtol=0.05)


def test_a_backend_that_cannot_be_made_is_told_of_before_any_is_run(setup: Setup) -> None:
    ran: list[str] = []

    def make(name: str, setup: Setup) -> Physics:
        if name == "wrong":
            raise UserError("no such simulator here.")
        return make_backend("mujoco", setup)

    with pytest.raises(UserError, match="no such simulator here"):
        measure(setup, ["mujoco", "wrong"], make=make, say=ran.append)
    assert ran == []


def test_a_lost_robot(setup: Setup) -> None:
    """One robot that is not a number takes every figure it is in out of tolerance."""

    def lose(reading: Reading) -> Reading:
        gone = np.arange(setup.num_envs) == 5
        return reading.replace(
            robot=jax.tree.map(lambda x: np.where(gone[:, None], np.nan, x), reading.robot)
        )

    found = rows(setup, ["free_fall"], lambda p: Doctored(p, reading=lose))
    assert {("speed", "theory"), ("distance", "mujoco"), ("joint_speed", "theory")} <= out(found)
