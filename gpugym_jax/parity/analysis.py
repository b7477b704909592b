"""From traces to figures. Plain arithmetic on arrays whose first axis is time."""

import numpy as np
from jaxtyping import Float
from numpy import ndarray

Trace = Float[ndarray, "time *n"]
Times = Float[ndarray, " time"]


def crossing_time(time: Times, x: Trace, level: float) -> Float[ndarray, "*n"]:
    """When `x` first reaches `level` from below, interpolated, s; NaN where it never does."""
    above = x >= level
    i = np.maximum(np.argmax(above, axis=0), 1)
    x1, x0 = (np.take_along_axis(x, j[None], 0)[0] for j in (i, i - 1))
    rise = np.where(x1 != x0, x1 - x0, 1.0)
    share = np.clip((level - x0) / rise, 0.0, 1.0)
    when = time[i - 1] + share * (time[i] - time[i - 1])
    return np.where(np.any(above, axis=0), when, np.nan)


def settling_time(time: Times, x: Trace, band: float) -> Float[ndarray, "*n"]:
    """The last time that `x` is further than `band` from where it ends, s."""
    away = ~(np.abs(x - x[-1]) <= band)  # so that a NaN never settles
    last = len(time) - 1 - np.argmax(away[::-1], axis=0)
    settled = np.where(np.any(away, axis=0), time[last], time[0])
    return np.where(np.all(np.isfinite(x), axis=0), settled, np.nan)


def rise_time(time: Times, x: Trace) -> Float[ndarray, "*n"]:
    """From 0.1 to 0.9 of a step response that goes from 0 to 1, s."""
    return crossing_time(time, x, 0.9) - crossing_time(time, x, 0.1)


def overshoot(x: Trace) -> Float[ndarray, "*n"]:
    """How far a step response that goes from 0 to 1 passes 1; 0 where it does not."""
    return np.maximum(np.max(x, axis=0) - 1.0, 0.0)


def period(time: Times, x: Trace) -> Float[ndarray, "*n"]:
    """Mean time between upward zero crossings, s; NaN with fewer than two."""

    def one(x: Float[ndarray, " time"]) -> float:
        i = np.flatnonzero((x[:-1] < 0) & (x[1:] >= 0))
        if len(i) < 2:
            return np.nan
        when = time[i] - x[i] * (time[i + 1] - time[i]) / (x[i + 1] - x[i])
        return float((when[-1] - when[0]) / (len(when) - 1))

    return np.apply_along_axis(one, 0, np.asarray(x, float))


def friction_coefficient(
    time: Times, velocity: Float[ndarray, "time n 3"], gravity: float, fast: float, slow: float
) -> Float[ndarray, " n"]:
    """Horizontal over vertical momentum from the ground while a robot slides from speed `fast` to `slow`.

    Along world x, of the centre of mass: -dvx / (g t + dvz). A robot that never gets as slow is judged to
    the end; NaN where it never was as fast.
    """
    found = []
    for v in np.moveaxis(np.asarray(velocity, float), 1, 0):
        below = np.flatnonzero(v[:, 0] <= slow)
        end = below[0] if len(below) else len(v) - 1
        begun = np.flatnonzero(v[: end + 1, 0] <= fast)
        if not len(begun) or begun[0] >= end:
            found.append(np.nan)
            continue
        change = v[end] - v[begun[0]]
        found.append(-change[0] / (gravity * (time[end] - time[begun[0]]) + change[2]))
    return np.array(found)


def slide_threshold(
    time: Times, speed: Float[ndarray, "time n"], jerk: float, at: float
) -> Float[ndarray, " n"]:
    """Acceleration at which robots begin to slide while it grows as `jerk` t, m/s^2; NaN if none slides.

    A slider's speed is v0 + jerk (t - t0)^2 / 2 from when it reaches `at` m/s. So speed - jerk t^2 / 2 is a
    line whose slope is -jerk t0; v0 is what creeping had made before.
    """

    def one(v: Float[ndarray, " time"]) -> float:
        fast = np.flatnonzero(v >= at)
        if len(fast) == 0 or len(time) - fast[0] < 3:
            return np.nan
        t = time[fast[0] :]
        return float(-np.polyfit(t, v[fast[0] :] - jerk * np.square(t) / 2.0, 1)[0])

    return np.apply_along_axis(one, 0, np.asarray(speed, float))


def balance(
    force: Float[ndarray, "time n 3"],
    velocity: Float[ndarray, "time n 3"],
    mass: float,
    gravity: float,
    dt: float,
) -> Float[ndarray, "n 3"]:
    """What is left of force + weight - mass dv/dt, root mean square over time, as a share of the weight."""
    rate = np.diff(np.asarray(velocity, float), axis=0) / dt
    left = np.asarray(force, float)[1:] - mass * rate
    left[..., 2] -= mass * gravity
    return np.sqrt(np.mean(np.square(left), axis=0)) / (mass * gravity)


def tilt(quat: Float[ndarray, "*n 4"]) -> Float[ndarray, "*n"]:
    """Angle between the base's z axis and the vertical, rad."""
    x, y = quat[..., 1], quat[..., 2]
    return np.arccos(np.clip(1.0 - 2.0 * (x * x + y * y), -1.0, 1.0))
