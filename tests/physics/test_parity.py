"""MJX against C MuJoCo from one state under the same torques."""

import numpy as np
import pytest
from physics.rigs import NUM_ENVS, make_rig, settled, varied

STEPS = 100  # 0.2 s


@pytest.mark.parametrize("name", ["toy", "mini_cheetah"])
def test_positions_agree_after_a_fifth_of_a_second(name: str) -> None:
    """Standing robots of differing mass and friction, each shaken by torques of its own.

    Measured on x86-64 with jax 0.10.2, mjx 3.17 and mujoco 4.0, bases having moved 6 cm: 1.5e-7 m and
    4.1e-6 rad.
    """
    live, traced = make_rig(name, "mujoco"), make_rig(name, "mjx/jax")
    rng = np.random.default_rng(0)
    variation = varied(friction=rng.uniform(0.4, 1.2, NUM_ENVS), base_mass=rng.uniform(-0.5, 1.0, NUM_ENVS))
    pose, kp, kd = (np.float32(x) for x in (live.robot.default_dof_pos, live.robot.kp, live.robot.kd))
    a = live.init(settled(name), variation)
    b = traced.init(settled(name), variation)
    target = pose + rng.uniform(-0.3, 0.3, (NUM_ENVS, len(pose))).astype(np.float32)
    for _ in range(STEPS):
        state = live.read(a).robot
        torque = kp * (target - state.dof_pos) - kd * state.dof_vel
        a, b = live.step(a, torque), traced.step(b, torque)
    a, b = live.read(a).robot, traced.read(b).robot
    assert np.abs(a.base_pos - settled(name).base_pos).max() > 0.01
    np.testing.assert_allclose(b.base_pos, a.base_pos, atol=1e-5)
    np.testing.assert_allclose(b.dof_pos, a.dof_pos, atol=1e-4)
