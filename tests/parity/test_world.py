"""A physics as the gate's world goes as the gate's own does."""

from dataclasses import replace

import numpy as np

from gpugym_jax.config_yaml import load_config
from gpugym_jax.gate import world as gate
from gpugym_jax.gate.exam import exam_of
from gpugym_jax.gate.scenario import draw_start
from gpugym_jax.parity.measuring import make_backend
from gpugym_jax.parity.rig import make_rig
from gpugym_jax.parity.setup import make_setup
from gpugym_jax.parity.world import make_world

N, DT = 12, 0.002


def test_a_physics_goes_as_the_gates_own_world() -> None:
    """Torques beyond the limits, and kicks of some robots, for 60 ms from standing starts."""
    setup, rng = replace(make_setup("mini_cheetah", num_envs=N), timestep=DT), np.random.default_rng(5)
    exam = replace(exam_of(load_config("mini_cheetah_walk")), sim_dt=DT, physics=setup.physics)
    ours = gate.make_world(exam, np.full(N, setup.physics.friction), careful=False)
    physics = make_backend("mujoco", setup)
    theirs, read = make_world(make_rig("mujoco", setup, physics))
    start = draw_start(rng, exam.robot, exam.gate.start, N)
    ours.place(start)
    theirs.place(start)
    strongest = 0.0
    for i in range(30):
        torque = rng.normal(0.0, 15.0, (N, 12))
        given = ours.advance(torque)
        np.testing.assert_allclose(theirs.advance(torque), given, rtol=1e-6)
        np.testing.assert_allclose(theirs.forces(), ours.forces(), atol=1.0)
        np.testing.assert_allclose(theirs.foot_positions(), ours.foot_positions(), atol=1e-4)
        strongest = max(strongest, np.abs(given).max())
        if i % 10 == 9:
            who, change = rng.uniform(size=N) < 0.5, rng.normal(0.0, 0.5, (N, 5))
            ours.kick(who, change)
            theirs.kick(who, change)
        for name, value in vars(ours.look()).items():
            np.testing.assert_allclose(getattr(theirs.look(), name), value, atol=5e-3, err_msg=name)
    assert strongest == 28.0, "the limits are to bind"
    assert read().torque.shape == (30, N, 12)
    assert (theirs.sim_dt, theirs.feet.tolist()) == (ours.sim_dt, ours.feet.tolist())
    physics.close()
