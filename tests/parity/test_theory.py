"""What is computed from the models against formulas for them."""

import numpy as np
import pytest

from gpugym_jax.parity import theory
from gpugym_jax.parity.setup import Setup, make_setup
from gpugym_jax.parity.starts import hanging, upright

G = 9.81


@pytest.fixture(scope="module")
def cartpole() -> Setup:
    return make_setup("cartpole", num_envs=4)


def test_weight() -> None:
    model = theory.model_of(make_setup("mini_cheetah", num_envs=12))
    assert model.mass == pytest.approx(8.292)
    assert model.weight == pytest.approx(8.292 * G)


def test_pendulum_period() -> None:
    """1 kg at 1 m with 0.0267 kg m^2 of its own, damped by 0.1 N m s/rad."""
    setup = make_setup("pendulum", num_envs=4)
    inertia = 1.0267
    rate = np.sqrt(G / inertia - (0.1 / (2 * inertia)) ** 2)
    found = theory.small_swing_period(theory.model_of(setup), hanging(setup))
    assert found == pytest.approx(2 * np.pi / rate, rel=1e-5)


def test_cartpole_period(cartpole: Setup) -> None:
    """A pole of 1 kg on a cart of 1 kg: the cart gives way, by m^2 l^2 / (m + M)."""
    inertia = 0.3336333333 + 1.0 - 0.5
    found = theory.small_swing_period(theory.model_of(cartpole), hanging(cartpole))
    assert found == pytest.approx(2 * np.pi * np.sqrt(inertia / G), rel=1e-5)


def test_cartpole_acceleration(cartpole: Setup) -> None:
    """2 N on the cart: (M + m) x" + m l c q" = F, m l c x" + (I + m l^2) q" = 0, with |c| = 1 hanging."""
    torque = np.tile([2.0, 0.0], (4, 1))
    found = theory.acceleration(theory.model_of(cartpole), hanging(cartpole), torque)
    inertia = 1.3336333333
    cart = 2.0 / (2.0 - 1.0 / inertia)
    np.testing.assert_allclose(np.abs(found), np.tile([cart, cart / inertia], (4, 1)), rtol=1e-5)


def test_energy_and_what_damping_takes(cartpole: Setup) -> None:
    """Upright against hanging: 2 m of height for the pole's 1 kg; the pole at 3 rad/s: I w^2 / 2."""
    model, up, down = theory.model_of(cartpole), upright(cartpole), hanging(cartpole)
    np.testing.assert_allclose(theory.energy(model, up) - theory.energy(model, down), 2 * G, rtol=1e-6)
    turning = down.replace(dof_vel=np.tile(np.float32([0.0, 3.0]), (4, 1)))
    kinetic = theory.energy(model, turning) - theory.energy(model, down)
    np.testing.assert_allclose(kinetic, 1.3336333333 * 9.0 / 2.0, rtol=1e-6)
    pendulum = theory.model_of(make_setup("pendulum", num_envs=4))
    taken = theory.dissipated(pendulum, np.full((10, 1, 1), 2.0), 0.01)
    np.testing.assert_allclose(taken[-1], 0.1 * 4.0 * 0.1)


def test_com_velocity() -> None:
    """A robot that moves as a whole moves its centre of mass; one that spins about its base's origin also."""
    setup = make_setup("toy", num_envs=4)
    state = upright(setup)
    moving = state.replace(base_lin_vel=np.tile(np.float32([1.0, -2.0, 3.0]), (4, 1)))
    np.testing.assert_allclose(
        theory.com_velocity(theory.model_of(setup), moving), moving.base_lin_vel, atol=1e-9
    )
    spinning = state.replace(base_ang_vel=np.tile(np.float32([0.0, 0.0, 2.0]), (4, 1)))
    com_x = 4.0 * 0.01 / 5.2  # of the base's 4 kg; the legs of 0.3 kg stand symmetrically
    found = theory.com_velocity(theory.model_of(setup), spinning)
    np.testing.assert_allclose(found, np.tile([0.0, 2.0 * com_x, 0.0], (4, 1)), atol=1e-9)
