"""Which backend is chosen, and what a wrong name is told."""

import jax
import pytest
from physics.rigs import make_rig, standing, varied, zero_torque

from gpugym_jax.config import PhysicsConfig
from gpugym_jax.physics import has_warp, make_physics, resolve
from gpugym_jax.robots import ROBOTS
from gpugym_jax.robots.scene import Scene
from gpugym_jax.tables import UserError


def test_the_hardware_chooses_the_default() -> None:
    if jax.default_backend() == "gpu":
        assert resolve(PhysicsConfig()) == ("mjx", "warp" if has_warp() else "jax")
    else:
        assert resolve(PhysicsConfig()) == ("mujoco", "")
        assert resolve(PhysicsConfig(backend="mjx")) == ("mjx", "jax")


def test_asked_for_goes_first() -> None:
    assert resolve(PhysicsConfig(backend="mujoco")) == ("mujoco", "")
    assert resolve(PhysicsConfig(backend="mjx", impl="jax")) == ("mjx", "jax")


@pytest.mark.parametrize(
    ("cfg", "message"),
    [
        (PhysicsConfig(backend="mujcoo"), "no backend named 'mujcoo'. Did you mean 'mujoco'?"),
        (
            PhysicsConfig(backend="isaacgym"),
            "needs the Python 3.8 that has Isaac Gym: give --isaac_python=PATH",
        ),
        (PhysicsConfig(backend="mjx", impl="wrap"), "no impl of mjx named 'wrap'. Did you mean 'warp'?"),
    ],
)
def test_wrong_names_are_answered(cfg: PhysicsConfig, message: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("ISAAC_PYTHON", raising=False)
    with pytest.raises(UserError) as error:
        make_physics(Scene(ROBOTS["toy"]), cfg, 2, 0.002)
    assert message in str(error.value)


def test_products_of_matrices_are_in_float32() -> None:
    """On a GPU the others would keep 10 bits of mantissa: free fall was 0.04 % off (docs/parity)."""
    rig = make_rig("toy", "mjx/jax")
    sim = rig.init(standing(rig.robot), varied())
    step, read = jax.jit(rig.physics.step).lower(sim, zero_torque(rig)), jax.jit(rig.physics.read).lower(sim)
    products = [line for line in step.as_text().splitlines() if "dot_general" in line]
    assert products and all("precision = [HIGHEST, HIGHEST]" in line for line in products)
    assert "dot_general" not in read.as_text()
