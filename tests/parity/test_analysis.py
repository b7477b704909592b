"""Figures worked by hand on traces that were made up."""

import numpy as np
import pytest

from gpugym_jax.parity import analysis

G = 9.81


def column(x: np.ndarray) -> np.ndarray:
    return np.asarray(x, float)[:, None]


def test_rise_time_and_overshoot_of_a_ramp() -> None:
    """0 to 1.2 in 1.2 s, then back to 1: 0.1 at 0.1 s, 0.9 at 0.9 s, 0.2 too far."""
    time = np.arange(0.0, 2.0, 0.03)
    x = np.where(time < 1.2, time, np.maximum(1.0, 2.4 - time))
    np.testing.assert_allclose(analysis.rise_time(time, column(x)), [0.8], atol=1e-9)
    np.testing.assert_allclose(analysis.overshoot(column(x)), [0.2], atol=0.03)
    np.testing.assert_allclose(analysis.overshoot(column(0.5 * x)), [0.0])


def test_a_step_that_never_arrives_has_no_rise_time() -> None:
    time = np.linspace(0, 1, 11)
    assert np.isnan(analysis.rise_time(time, column(0.5 * time))).all()


def test_settling_time_is_the_last_time_outside_the_band() -> None:
    time = np.arange(10) * 0.1
    x = np.array([5.0, 1.0, 1.0, 1.3, 1.0, 1.05, 1.0, 1.0, 1.0, 1.0])
    assert analysis.settling_time(time, column(x), 0.1)[0] == pytest.approx(0.3)
    assert analysis.settling_time(time, column(0 * x), 0.1)[0] == 0.0
    broken = np.where(np.arange(10) == 4, np.nan, 0.0)
    assert np.isnan(analysis.settling_time(time, column(broken), 0.1)).all()


def test_period_of_a_sine() -> None:
    time = np.arange(0.0, 5.0, 0.01)
    x = np.stack([np.sin(2 * np.pi * time / 0.7), np.sin(2 * np.pi * time / 9.0)], -1)
    found = analysis.period(time, x)
    assert found[0] == pytest.approx(0.7, rel=1e-4)
    assert np.isnan(found[1]), "less than a whole swing has no period"


def sliding(mu: float, bounce: float) -> tuple[np.ndarray, np.ndarray]:
    """A block that slides from 2 m/s; its vertical speed swings, and friction follows the force under it."""
    time = np.arange(0.0, 3.0, 0.001)
    up = bounce * np.sin(20.0 * time)
    forward = np.maximum(2.0 - mu * (G * time + up), 0.0)
    return time, np.stack([forward, 0 * time, up], -1)[:, None]


@pytest.mark.parametrize("mu", [0.1, 0.25, 0.4])
@pytest.mark.parametrize("bounce", [0.0, 0.05])
def test_a_known_deceleration_gives_its_coefficient(mu: float, bounce: float) -> None:
    time, velocity = sliding(mu, bounce)
    found = analysis.friction_coefficient(time, velocity, G, fast=1.8, slow=0.6)
    np.testing.assert_allclose(found, [mu], rtol=1e-6)


def test_one_that_does_not_slide_down_has_no_coefficient() -> None:
    time, velocity = sliding(0.1, 0.0)
    assert np.isnan(analysis.friction_coefficient(time, 0 * velocity, G, fast=-0.1, slow=-0.2)).all()
    assert np.isnan(analysis.friction_coefficient(time[:2], velocity[:2], G, fast=1.8, slow=0.6)).all()


@pytest.mark.parametrize("creep", [0.0, 0.05])
def test_a_pull_that_grows_finds_the_threshold(creep: float) -> None:
    """It holds (but for creeping) until 0.3 g, then accelerates by what is above 0.3 g."""
    time, jerk = np.arange(0.0, 2.0, 0.001), 0.4 * G
    begun = 0.3 * G / jerk
    v = creep * np.minimum(time, begun) + jerk * np.square(np.maximum(time - begun, 0.0)) / 2.0
    found = analysis.slide_threshold(time, column(v), jerk, 0.3)
    np.testing.assert_allclose(found / G, [0.3], rtol=1e-6)
    assert np.isnan(analysis.slide_threshold(time, column(0.01 * v), jerk, 0.3)).all()


def test_momentum_is_balanced_by_force_and_weight() -> None:
    """3 kg that is pushed up by 40 N: 10.6 N above its weight. Half the force missing leaves 20 N."""
    dt, mass = 0.01, 3.0
    force = np.tile([2.0, 0.0, 40.0], (100, 1, 1))
    rate = (force - [0, 0, mass * G]) / mass
    velocity = np.cumsum(rate * dt, 0)
    np.testing.assert_allclose(analysis.balance(force, velocity, mass, G, dt), 0.0, atol=1e-9)
    left = analysis.balance(force * [1, 1, 0.5], velocity, mass, G, dt)
    np.testing.assert_allclose(left, [[0.0, 0.0, 20.0 / (mass * G)]], atol=1e-9)


def test_tilt_is_the_angle_from_upright_whatever_the_heading() -> None:
    half = 0.15
    rolled = np.array([np.cos(half), np.sin(half), 0.0, 0.0])
    turned = np.array([np.cos(0.6), 0.0, 0.0, np.sin(0.6)])
    np.testing.assert_allclose(analysis.tilt(np.stack([rolled, turned])), [0.3, 0.0], atol=1e-7)
