"""What every backend must do: the seven points of the design's contract. Point 4: test_contract_forces.py."""

from typing import Any

import jax
import mujoco
import numpy as np
import pytest
from physics.plain import place, reference
from physics.rigs import (
    DT,
    GRAVITY,
    LIVE,
    NUM_ENVS,
    Rig,
    config_of,
    hold,
    is_isaac,
    make_rig,
    settled,
    standing,
    tumbling,
    varied,
    zero_torque,
)

from gpugym_jax.config import Draw
from gpugym_jax.physics import make_physics
from gpugym_jax.robots import ROBOTS
from gpugym_jax.robots.layout import make_layout
from gpugym_jax.robots.scene import Scene
from gpugym_jax.types import Physics, RobotState


def assert_equal(a: object, b: object, **tolerance: float) -> None:
    for (path, x), y in zip(jax.tree.leaves_with_path(a), jax.tree.leaves(b), strict=True):
        np.testing.assert_allclose(x, y, err_msg=jax.tree_util.keystr(path), **tolerance)


def test_is_a_physics(rig: Rig) -> None:
    assert isinstance(rig.physics, Physics)
    assert rig.physics.num_envs == NUM_ENVS


def test_1_reads_what_was_written(rig: Rig) -> None:
    state = tumbling(rig.robot)
    reading = rig.read(rig.init(state, varied()))
    assert_equal(reading.robot, state, atol=2e-6)
    assert not np.any(reading.overflow)
    for leaf in jax.tree.leaves(reading):
        assert leaf.dtype in (np.float32, np.bool_)


def test_1_velocities_are_in_the_world_frame(rig: Rig) -> None:
    """A step carries the base along its velocity and turns it about its spin."""
    state = tumbling(rig.robot)
    after = rig.read(rig.step(rig.init(state, varied()), zero_torque(rig))).robot
    # semi-implicit: positions move with the new velocity
    np.testing.assert_allclose(after.base_pos, state.base_pos + DT * after.base_lin_vel, atol=1e-5)
    for i in range(NUM_ENVS):
        turned, spin = np.zeros(4), np.asarray(after.base_ang_vel[i], float)
        turn = np.array([1.0, *(spin * DT / 2)])
        mujoco.mju_mulQuat(turned, turn / np.linalg.norm(turn), state.base_quat[i].astype(float))
        np.testing.assert_allclose(after.base_quat[i], turned, atol=1e-5)


def test_1_bodies_are_where_mujoco_has_them(rig: Rig) -> None:
    state = tumbling(rig.robot)
    reading = rig.read(rig.init(state, varied()))
    model, data = reference(rig)
    for i in range(0, NUM_ENVS, 4):
        place(model, data, rig, state, i)
        mujoco.mj_forward(model, data)
        for b, name in enumerate(rig.robot.bodies):
            is_geom = mujoco.mj_name2id(model, mujoco.mjtObj.mjOBJ_BODY, name) < 0
            kind = mujoco.mjtObj.mjOBJ_GEOM if is_geom else mujoco.mjtObj.mjOBJ_XBODY
            here = (data.geom(name) if is_geom else data.body(name)).xpos
            velocity = np.zeros(6)
            number = model.geom(name).id if is_geom else model.body(name).id
            mujoco.mj_objectVelocity(model, data, kind, number, velocity, 0)
            np.testing.assert_allclose(reading.body_pos[i, b], here, atol=1e-5, err_msg=name)
            np.testing.assert_allclose(reading.body_vel[i, b], velocity[3:], atol=1e-4, err_msg=name)


def test_2_falls_freely(rig: Rig) -> None:
    steps = 50
    sim = rig.init(standing(rig.robot, height=2.0), varied())
    for _ in range(steps):
        sim = rig.step(sim, zero_torque(rig))
    reading = rig.read(sim)
    np.testing.assert_allclose(reading.robot.base_lin_vel[:, 2], -GRAVITY * steps * DT, rtol=1e-4)
    np.testing.assert_allclose(reading.robot.dof_vel, 0.0, atol=1e-3)
    np.testing.assert_array_equal(reading.body_force, 0.0)


def test_3_torque_moves_its_own_dof(rig: Rig) -> None:
    """In robot k the torque is on dof k. All velocities change as plain MuJoCo says."""
    dofs = len(rig.robot.dofs)
    torque = np.eye(NUM_ENVS, dofs, dtype=np.float32)
    state = tumbling(rig.robot)
    still = state.replace(base_ang_vel=0 * state.base_ang_vel, dof_vel=0 * state.dof_vel)
    after = rig.read(rig.step(rig.init(still, varied()), torque)).robot
    assert np.all(np.diagonal(after.dof_vel)[:dofs] > 0)
    model, data = reference(rig)
    layout = make_layout(rig.robot, model)
    for k in range(dofs):
        place(model, data, rig, still, k)
        data.qfrc_applied[layout.qvel] = torque[k]
        mujoco.mj_step(model, data)
        np.testing.assert_allclose(after.dof_vel[k], data.qvel[layout.qvel], rtol=2e-3, atol=1e-4)
        np.testing.assert_allclose(after.base_lin_vel[k], data.qvel[:3], atol=1e-4)


def test_5_write_touches_only_the_masked(rig: Rig, robot_name: str) -> None:
    sim = hold(rig, rig.init(settled(robot_name), varied()), 3)
    before, new = rig.read(sim), tumbling(rig.robot, seed=1)
    mask = np.arange(NUM_ENVS) % 3 == 0
    after = rig.read(rig.write(sim, mask, new, varied()))
    kept, was = (jax.tree.map(lambda x: np.asarray(x)[~mask], r) for r in (after, before))
    for exact in ("robot", "body_force", "overflow"):
        assert_equal(getattr(kept, exact), getattr(was, exact), rtol=0, atol=0)
    # Kinematics are worked out anew at each reading; on a GPU the same numbers may differ in the last bit.
    for derived in ("body_pos", "body_vel"):
        assert_equal(getattr(kept, derived), getattr(was, derived), rtol=0, atol=1e-7)
    assert_equal(
        jax.tree.map(lambda x: np.asarray(x)[mask], after.robot),
        jax.tree.map(lambda x: x[mask], new),
        atol=2e-6,
    )


def test_6_added_mass_is_carried(rig: Rig, robot_name: str) -> None:
    added = np.linspace(-0.5, 1.0, NUM_ENVS, dtype=np.float32)
    sim = hold(rig, rig.init(settled(robot_name), varied(base_mass=added)), 600)
    feet = list(rig.robot.body_ids(["foot"]))
    model, _ = reference(rig)
    up = np.asarray(rig.read(sim).body_force)[:, feet, 2].sum(1)
    np.testing.assert_allclose(up, (model.body_mass.sum() + added) * GRAVITY, rtol=0.01)


def test_6_moved_centre_of_mass_is_carried(rig: Rig, robot_name: str) -> None:
    """The centre of pressure goes with it, by the base's share of the weight."""
    model, _ = reference(rig)
    shift = np.linspace(-0.03, 0.03, NUM_ENVS, dtype=np.float32)
    moved = varied(base_com=shift[:, None] * np.float32([1, 0, 0]))
    isaac = config_of(rig.backend).isaac
    if is_isaac(rig) and "cpu" not in (isaac.device, isaac.pipeline):
        with pytest.raises(ValueError, match="base_com cannot be applied: .*GPU pipeline"):
            rig.init(settled(robot_name), moved)
        return
    reading = rig.read(hold(rig, rig.init(settled(robot_name), moved), 600))
    feet = list(rig.robot.body_ids(["foot"]))
    up = np.asarray(reading.body_force)[:, feet, 2]
    centre = (up * np.asarray(reading.body_pos)[:, feet, 0]).sum(1) / up.sum(1)
    offset = centre - np.asarray(reading.robot.base_pos)[:, 0]
    share = model.body_mass[make_layout(rig.robot, model).base] / model.body_mass.sum()
    slope = np.polyfit(shift, offset, 1)[0]
    # joints give way under the load and lean the base a little
    assert 0.85 * share < slope < 1.15 * share


def test_6_restitution_is_refused_by_mujoco(rig: Rig, robot_name: str) -> None:
    if is_isaac(rig):
        rig.init(settled(robot_name), varied(restitution=0.3))
        shapes = rig.physics.report["effective"]["shapes"]  # type: ignore[attr-defined]  # Isaac Gym's only
        assert {shape["restitution"] for shape in shapes} == {np.float32(0.6)}  # half of it is the ground's 0
        return
    with pytest.raises(ValueError, match="restitution cannot be applied: MuJoCo's contacts have none"):
        rig.init(settled(robot_name), varied(restitution=0.3))


SLIPPERY = np.arange(NUM_ENVS) < NUM_ENVS // 2


def slide(rig: Rig, sim: Any, start: RobotState) -> np.ndarray:
    """How far robots come sideways in 100 substeps, m."""
    return np.asarray(rig.read(hold(rig, sim, 100)).robot.base_pos - start.base_pos)[:, 1]


def pushed(robot_name: str) -> RobotState:
    state = settled(robot_name)
    return state.replace(base_lin_vel=state.base_lin_vel + np.float32([0, 0.6, 0]))


def test_6_slippery_ground_is_slid_on(rig: Rig, robot_name: str) -> None:
    """Robots pushed sideways slide further on slippery ground."""
    start = pushed(robot_name)
    way = slide(rig, rig.init(start, varied(friction=np.where(SLIPPERY, 0.1, 1.0))), start)
    assert way[SLIPPERY].min() > 1.2 * way[~SLIPPERY].max()


def test_6_write_may_change_the_variation(rig: Rig, robot_name: str) -> None:
    """Told by a write is as told at init. Isaac Gym takes bodies and ground at creation only, and says so."""
    start, friction = pushed(robot_name), np.where(SLIPPERY, 0.1, 1.0)
    sim = rig.init(start, varied())
    if is_isaac(rig):
        with pytest.raises(ValueError, match="friction cannot be changed by a write"):
            rig.write(sim, SLIPPERY, start, varied(friction=friction))
        with pytest.raises(ValueError, match="base_mass cannot be changed by a write"):
            rig.write(sim, SLIPPERY, start, varied(base_mass=0.1))
        rig.write(sim, SLIPPERY, start, varied())  # a refused write leaves it usable
        return
    way = slide(rig, rig.write(sim, SLIPPERY, start, varied(friction=friction)), start)
    told_at_init = rig.init(start, varied(friction=friction))
    np.testing.assert_allclose(slide(rig, told_at_init, start), way, atol=1e-4)


def test_6_refuses_what_it_cannot_apply(rig: Rig) -> None:
    with pytest.raises(ValueError, match="body_mass of body 'base' would be -9[0-9.]+, it must be positive"):
        rig.init(standing(rig.robot), varied(base_mass=-100.0))
    with pytest.raises(ValueError, match="friction cannot be applied: a value is not in"):
        rig.init(standing(rig.robot), varied(friction=-0.1))


@pytest.mark.parametrize("backend", ["mjx/jax", *LIVE[:2]])
def test_6_refuses_fields_without_a_meaning(backend: str) -> None:
    cfg, pendulum = config_of(backend), ROBOTS["pendulum"]
    with pytest.raises(ValueError, match="base_mass cannot be varied: the base is fixed"):
        make_physics(Scene(pendulum), cfg, NUM_ENVS, DT, varied={"base_mass": Draw((0.0, 1.0), "run")})
    with pytest.raises(ValueError, match="Did you mean 'friction'"):
        make_physics(Scene(pendulum), cfg, NUM_ENVS, DT, varied={"frictoin": Draw((0.0, 1.0), "run")})
    physics = make_physics(Scene(pendulum), cfg, NUM_ENVS, DT)
    with pytest.raises(ValueError, match="base_mass cannot be applied: the base is fixed"):
        physics.init(standing(pendulum), varied(base_mass=1.0))
    physics.close()


def test_8_a_wrench_moves_the_whole(rig: Rig) -> None:
    """In free fall a force on the base's centre of mass gives the robot's F/m, a torque its angular momentum."""
    state = tumbling(rig.robot)
    still = state.replace(base_ang_vel=0 * state.base_ang_vel, dof_vel=0 * state.dof_vel)
    model, data = reference(rig)
    base, mass = make_layout(rig.robot, model).base, model.body_mass.sum()
    for wrench in ([10.0, 0.0, 0.0, 0.0, 0.0, 0.0], [0.0, -4.0, 6.0, 0.3, 0.2, -0.1]):
        force, torque = np.array(wrench[:3]), np.array(wrench[3:])
        pulled = np.tile(np.float32(wrench), (NUM_ENVS, 1))
        sim = rig.step(rig.init(still, varied()), zero_torque(rig), pulled)
        after = rig.read(rig.step(sim, zero_torque(rig))).robot  # it pulls in its own substep only
        for i in range(0, NUM_ENVS, 5):
            place(model, data, rig, still, i)
            mujoco.mj_forward(model, data)
            mujoco.mj_subtreeVel(model, data)
            before, arm = data.subtree_linvel[base].copy(), data.xipos[base] - data.subtree_com[base]
            turn = DT * (np.cross(arm, force) + torque)
            moment = data.subtree_angmom[base] + turn
            place(model, data, rig, jax.tree.map(np.asarray, after), i)
            mujoco.mj_forward(model, data)
            mujoco.mj_subtreeVel(model, data)
            gained = data.subtree_linvel[base] - before - [0, 0, -GRAVITY * 2 * DT]
            np.testing.assert_allclose(gained, DT * force / mass, atol=0.01 * DT)
            np.testing.assert_allclose(data.subtree_angmom[base], moment, atol=0.05 * np.abs(turn).max())


@pytest.mark.parametrize("backend", LIVE)
def test_7_stale_state_is_refused(robot_name: str, backend: str) -> None:
    rig = make_rig(robot_name, backend)
    old = rig.init(standing(rig.robot), varied())
    rig.step(old, zero_torque(rig))
    with pytest.raises(
        RuntimeError, match=r"stale state: it is from tick \d+, the simulator is at tick \d+\. A live"
    ):
        rig.step(old, zero_torque(rig))
    with pytest.raises(RuntimeError, match="stale state"):
        rig.write(old, np.ones(NUM_ENVS, bool), standing(rig.robot), varied())


def spun(rig: Rig) -> tuple[Any, np.ndarray]:
    """Pendulums at many angles, and a torque."""
    state = standing(rig.robot).replace(dof_pos=np.linspace(-3, 3, NUM_ENVS, dtype=np.float32)[:, None])
    return rig.init(state, varied()), np.full((NUM_ENVS, 1), 0.3, np.float32)


def test_7_a_scanned_step_equals_step() -> None:
    rig = make_rig("pendulum", "mjx/jax")
    sim, torque = spun(rig)
    scanned, _ = jax.lax.scan(lambda s, t: (rig.physics.step(s, t), None), sim, np.stack([torque, -torque]))
    assert_equal(scanned, rig.step(rig.step(sim, torque), -torque), rtol=1e-5, atol=1e-6)


@pytest.mark.slow  # JAX takes half a minute even for a pendulum's step without `jit`
def test_7_compiled_step_equals_step() -> None:
    rig = make_rig("pendulum", "mjx/jax")
    sim, torque = spun(rig)
    assert_equal(rig.physics.step(sim, torque), rig.step(sim, torque), rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("name", ["toy", "mini_cheetah"])
def test_7_step_keeps_types(name: str) -> None:
    """No weak types and no other dtypes in the carry: a scan compiles once."""
    rig = make_rig(name, "mjx/jax")
    sim = rig.init(standing(rig.robot), varied())
    written = jax.eval_shape(rig.physics.write, sim, np.ones(NUM_ENVS, bool), standing(rig.robot), varied())
    for after in (jax.eval_shape(rig.physics.step, sim, zero_torque(rig)), written):
        for a, b in zip(jax.tree.leaves(sim), jax.tree.leaves(after), strict=True):
            assert (a.shape, a.dtype, a.weak_type, b.weak_type) == (b.shape, b.dtype, False, False)


def test_7_seeds_may_be_vmapped() -> None:
    rig = make_rig("toy", "mjx/jax")
    sim = rig.init(settled("toy"), varied())
    torque = np.full((2, NUM_ENVS, 4), 0.3, np.float32)
    two = jax.tree.map(lambda x: np.stack([x, x]), sim)
    both = jax.jit(jax.vmap(rig.physics.step))(two, torque)
    one = rig.step(sim, torque[0])
    for i in range(2):
        assert_equal(jax.tree.map(lambda x, i=i: x[i], both), one, rtol=1e-4, atol=1e-4)


def test_a_diverged_robot_is_seen(rig: Rig, robot_name: str) -> None:
    """A state that is not finite stays so until it is overwritten, and leaves the others alone."""
    state = settled(robot_name)
    broken = np.array(state.base_lin_vel)
    broken[1] = np.nan
    sim = hold(rig, rig.init(state.replace(base_lin_vel=broken), varied()), 3)
    fine = np.isfinite(np.asarray(rig.read(sim).robot.base_pos)).all(1)
    assert not fine[1] and fine[np.arange(NUM_ENVS) != 1].all()
    sim = rig.step(rig.write(sim, ~fine, state, varied()), zero_torque(rig))
    assert np.isfinite(np.asarray(rig.read(sim).robot.base_pos)).all()
