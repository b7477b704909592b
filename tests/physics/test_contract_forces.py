"""Point 4 of the contract: contact forces, on every backend."""

from functools import lru_cache

import numpy as np
from physics.plain import contact_forces, momentum, reference
from physics.rigs import (
    DT,
    GRAVITY,
    NUM_ENVS,
    Rig,
    hold,
    is_isaac,
    make_rig,
    settled,
    tumbling,
    varied,
    zero_torque,
)

from gpugym_jax.types import RobotState


def test_4_feet_carry_the_weight(rig: Rig, robot_name: str) -> None:
    sim = hold(rig, rig.init(settled(robot_name), varied()), 300)
    reading = rig.read(sim)
    feet = list(rig.robot.body_ids(["foot"]))
    others = [b for b in range(len(rig.robot.bodies)) if b not in feet]
    model, _ = reference(rig)
    up = np.asarray(reading.body_force)[:, :, 2]
    np.testing.assert_allclose(up[:, feet].sum(1), model.body_mass.sum() * GRAVITY, rtol=0.01)
    assert np.all(up[:, feet] > 1.0)
    np.testing.assert_array_equal(np.asarray(reading.body_force)[:, others], 0.0)
    mask = np.arange(NUM_ENVS) % 2 == 0
    sim = rig.write(sim, mask, reading.robot, varied())
    force = np.asarray(rig.read(sim).body_force)
    np.testing.assert_array_equal(force[mask], 0.0)
    np.testing.assert_array_equal(force[~mask], np.asarray(reading.body_force)[~mask])


@lru_cache
def heap(robot_name: str) -> RobotState:
    """Robots that lie and roll as they fell."""
    rig = make_rig(robot_name, "mujoco")
    sim = rig.init(tumbling(rig.robot, seed=3, height=1.2), varied())
    for _ in range(500):
        sim = rig.step(sim, zero_torque(rig))
    return rig.read(sim).robot


def test_4_forces_are_on_the_body_that_touches(rig: Rig, robot_name: str) -> None:
    """Each body's force as plain MuJoCo has it, feet apart from shanks.

    How hard a contact is in MuJoCo depends on the inertia of the one link that touches, and in Isaac Gym a foot
    is a link of its own. There, which bodies are pressed is compared; how much is the next test's.
    """
    state = heap(robot_name)
    force = np.asarray(rig.read(rig.step(rig.init(state, varied()), zero_torque(rig))).body_force)
    wanted = np.stack([contact_forces(rig, state, i) for i in range(NUM_ENVS)])
    touched = {name for b, name in enumerate(rig.robot.bodies) if wanted[:, b].any()}
    assert "base" in touched and any(name.endswith("foot") for name in touched)
    if is_isaac(rig):
        np.testing.assert_array_equal(force[..., 2] > 1.0, wanted[..., 2] > 1.0)
        return
    for i in range(NUM_ENVS):
        scale = np.abs(wanted[i]).max()
        np.testing.assert_allclose(force[i], wanted[i], rtol=0.02, atol=0.02 * scale + 1e-3)


def test_4_forces_change_the_momentum(rig: Rig, robot_name: str) -> None:
    """Weight and the forces on all bodies make the change of momentum, as Newton says."""
    state = heap(robot_name)
    reading = rig.read(rig.step(rig.init(state, varied()), zero_torque(rig)))
    force = np.asarray(reading.body_force, float).sum(1)
    weight = reference(rig)[0].body_mass.sum() * np.array([0, 0, -GRAVITY])
    # Whether Isaac Gym's net contact tensor has friction in it is not known: of that, the vertical part.
    axes = [2] if is_isaac(rig) else [0, 1, 2]
    for i in range(NUM_ENVS):
        rate = (momentum(rig, reading.robot, i) - momentum(rig, state, i)) / DT
        np.testing.assert_allclose((force[i] + weight)[axes], rate[axes], rtol=0.01, atol=0.3)
