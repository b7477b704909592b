"""Motion, frames and forces, against numbers worked by hand."""

import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from worlds import (
    ARM,
    BALL,
    BOX,
    GRAVITY,
    QUADRUPED_MASS,
    World,
    asset_options,
    close,
    quadruped,
    run_pd,
    sim_params,
    tilted,
)

import isaacgym
from isaacgym import gymapi, gymtorch


def test_free_fall(gym: Any, tmp_path: Path) -> None:
    world = World(gym, tmp_path, quadruped(), height=2.0).simulate(50)
    close(world.root[0, 7:10], [0, 0, -GRAVITY * 50 * 0.002], rtol=1e-5, atol=1e-5)
    close(world.dof[:, 1], np.zeros(4), atol=1e-4)
    close(world.contact, np.zeros((9, 3)))


def test_substeps_are_within_dt(gym: Any, tmp_path: Path) -> None:
    world = World(gym, tmp_path, BALL, height=3.0, params=sim_params(dt=0.01, substeps=4)).simulate(10)
    # semi-implicit Euler falls g h^2 n (n + 1) / 2 in n steps of h
    close(world.root[0, 2], 3.0 - GRAVITY * 0.0025**2 * 40 * 41 / 2, atol=1e-5)
    assert gym.get_frame_count(world.sim) == 10
    assert gym.get_sim_time(world.sim) == pytest.approx(0.1)


def test_gravity_may_change(gym: Any, tmp_path: Path) -> None:
    world = World(gym, tmp_path, BALL, height=3.0)
    params = gym.get_sim_params(world.sim)
    params.gravity = gymapi.Vec3(1.0, 0.0, 0.0)
    gym.set_sim_params(world.sim, params)
    close(world.simulate(10).root[0, 7:10], [0.02, 0, 0])


def test_velocity_is_that_of_the_centre_of_mass(gym: Any, tmp_path: Path) -> None:
    """The ball's centre of mass is 0.1 m along x from its origin, and it spins about world z while turned."""
    world = World(gym, tmp_path, BALL, params=sim_params(gravity=gymapi.Vec3()))
    state = world.root.clone()
    state[0, 3:7] = torch.tensor([0.0, 0.0, math.sin(0.4), math.cos(0.4)])
    state[0, 7:] = torch.tensor([0.0, 0, 0, 0, 0, 3.0])
    gym.set_actor_root_state_tensor(world.sim, gymtorch.unwrap_tensor(state))
    world.simulate(100)
    angle = 0.8 + 3.0 * 0.2
    com = [0.1 * math.cos(0.8), 0.1 * math.sin(0.8)]
    close(world.root[0, :2], [com[0] - 0.1 * math.cos(angle), com[1] - 0.1 * math.sin(angle)], atol=3e-4)
    close(
        world.root[0, 7:], [0, 0, 0, 0, 0, 3.0], atol=1e-3
    )  # first-order integration; 0.3 were it the origin
    close(world.bodies[0], world.root[0], atol=1e-5)


def test_body_velocities_are_of_centres_of_mass(gym: Any, tmp_path: Path) -> None:
    options = asset_options(fix_base_link=True)
    world = World(gym, tmp_path, ARM, options=options, ground=False, params=sim_params(gravity=gymapi.Vec3()))
    state = torch.tensor([[0.3, 2.0]])
    gym.set_dof_state_tensor(world.sim, gymtorch.unwrap_tensor(state))
    world.simulate()
    q, v = (float(x) for x in world.dof[0])
    # swings about y: the centre of mass is 0.2 m below the hinge
    close(world.bodies[1, 7:], [-0.2 * v * math.cos(q), 0, 0.2 * v * math.sin(q), 0, v, 0], atol=1e-5)
    close(world.bodies[1, :3], [0, 0, 1.0])
    close(world.bodies[1, 3:7], [0, math.sin(q / 2), 0, math.cos(q / 2)], atol=1e-5)


def test_positions_are_in_the_environments_frame(gym: Any, tmp_path: Path) -> None:
    world = World(gym, tmp_path, quadruped(), num_envs=4, spacing=4.0, height=0.3).simulate()
    origins = [gym.get_env_origin(e) for e in world.envs]
    assert [(o.x, o.y) for o in origins] == [(0, 0), (4, 0), (0, 4), (4, 4)]
    close(world.root[:, :3], world.root[:1, :3].expand(4, 3))
    close(world.bodies.view(4, 9, 13), world.bodies.view(4, 9, 13)[:1].expand(4, 9, 13))
    state = world.root.clone()
    state[:, :3] = torch.tensor([1.0, 2.0, 3.0])
    gym.set_actor_root_state_tensor(world.sim, gymtorch.unwrap_tensor(state))
    close(world.simulate().root[:, :2], [[1.0, 2.0]] * 4, atol=1e-4)


def test_stands_on_its_feet(gym: Any, tmp_path: Path) -> None:
    options = asset_options(replace_cylinder_with_capsule=True)
    world = run_pd(World(gym, tmp_path, quadruped(), num_envs=2, height=0.22, options=options), 500)
    force = world.contact.view(2, 9, 3)
    names = gym.get_asset_rigid_body_names(world.asset)
    feet = [i for i, n in enumerate(names) if n.endswith("FOOT")]
    others = [i for i in range(9) if i not in feet]
    close(force[:, feet, 2].sum(1), [QUADRUPED_MASS * GRAVITY] * 2, rtol=1e-3)
    assert (force[:, feet, 2] > 5.0).all()
    close(force[:, others], np.zeros((2, 5, 3)))


@pytest.mark.parametrize(("of_ground", "of_shape"), [(0.0, 0.8), (1.0, 0.2), (0.3, 0.3)])
def test_friction_is_the_average(gym: Any, tmp_path: Path, of_ground: float, of_shape: float) -> None:
    """A box holds on a slope below the pair's friction, and slides on one above."""
    mu = (of_ground + of_shape) / 2
    for slope, holds in ((0.93 * mu, True), (1.07 * mu, False)):
        world = World(gym, tmp_path, BOX, height=0.1, ground=False, prepare=False, params=tilted(slope))
        world.add_ground(of_ground)
        props = gym.get_asset_rigid_shape_properties(world.asset)
        props[0].friction = torch.tensor([[of_shape]])
        assert gym.set_asset_rigid_shape_properties(world.asset, props)
        world.fill().prepare().simulate(500)
        assert (float(world.root[0, 7]) < 0.01) == holds
        gym.destroy_sim(world.sim)


@pytest.mark.parametrize(("kind", "share"), [("normal", 0.0), ("full", 1.0)])
def test_friction_in_the_contact_tensor_is_a_switch(
    gym: Any, tmp_path: Path, kind: str, share: float
) -> None:
    isaacgym.net_contact(kind)
    world = World(gym, tmp_path, BOX, height=0.1, params=tilted(0.5)).simulate(500)
    weight = 3.0 * GRAVITY / math.hypot(1.0, 0.5)
    close(world.contact[0], [-share * 0.5 * weight, 0, weight], rtol=1e-3, atol=1e-3)


@pytest.mark.parametrize(("mode", "expected"), [("NEVER", 0.0), ("LAST_SUBSTEP", 1.0), ("ALL_SUBSTEPS", 1.0)])
def test_contact_collection(gym: Any, tmp_path: Path, mode: str, expected: float) -> None:
    params = sim_params(dt=0.004, substeps=2)
    params.physx.contact_collection = getattr(gymapi, f"CC_{mode}")
    world = World(gym, tmp_path, BOX, height=0.1, params=params).simulate(200)
    close(world.contact[0, 2], expected * 3.0 * GRAVITY, rtol=1e-3)


def test_all_substeps_are_averaged(gym: Any, tmp_path: Path) -> None:
    """A ball that lands within a step: the mean over substeps is the momentum it took, over dt."""
    world = World(gym, tmp_path, BOX, height=0.12, params=sim_params(dt=0.02, substeps=10))
    before = after = None
    for _ in range(10):
        before = float(world.root[0, 9])
        after = float(world.simulate().root[0, 9])
        if world.contact[0, 2] > 0:
            break
    assert before is not None and after is not None
    close(world.contact[0, 2], 3.0 * ((after - before) / 0.02 + GRAVITY), rtol=1e-3)


@pytest.mark.parametrize("filter", [0, 1])
def test_self_collision_follows_the_filter(gym: Any, tmp_path: Path, filter: int) -> None:
    """Two balls on sliders that meet: with filter 1 they pass through each other."""
    from worlds import inertial, joint, link, shape, urdf

    free = '<limit effort="100" velocity="30"/>'
    ball = (inertial(1.0), shape('sphere radius="0.1"'))
    text = urdf(
        *(link("root", inertial(1.0)), link("a", *ball), link("b", *ball)),
        joint("ja", "root", "a", "prismatic", "0 -0.3 0", rest=free),
        joint("jb", "root", "b", "prismatic", "0 0.3 0", rest=free),
    )
    options = asset_options(fix_base_link=True)
    world = World(gym, tmp_path, text, options=options, ground=False, filter=filter)
    for _ in range(300):
        world.effort(torch.tensor([5.0, -5.0]))
        world.simulate()
    gap = 0.6 + float(world.dof[1, 0] - world.dof[0, 0])
    assert gap > 0.19 if filter == 0 else gap < 0.0


def test_body_forces_push(gym: Any, tmp_path: Path) -> None:
    world = World(gym, tmp_path, BALL, params=sim_params(gravity=gymapi.Vec3()))
    force, torque = torch.tensor([[4.0, 0, 0]]), torch.zeros(1, 3)
    args = (gymtorch.unwrap_tensor(force), gymtorch.unwrap_tensor(torque), gymapi.ENV_SPACE)
    gym.apply_rigid_body_force_tensors(world.sim, *args)
    close(world.simulate(5).root[0, 7:10], [4.0 / 2.0 * 0.002, 0, 0], atol=1e-6)


@pytest.mark.parametrize("space", [gymapi.ENV_SPACE, gymapi.LOCAL_SPACE])
def test_forces_at_points_turn(gym: Any, tmp_path: Path, space: Any) -> None:
    """1 N along y at a point 0.3 m along x of the origin: 0.2 m beside the centre of mass. Two environments apart."""
    still = sim_params(gravity=gymapi.Vec3())
    world = World(gym, tmp_path, BALL, num_envs=2, spacing=4.0, params=still)
    force = torch.tensor([[0.0, 1.0, 0.0]] * 2)
    point = torch.tensor([[0.3, 0.0, 0.0 if space == gymapi.LOCAL_SPACE else 1.0]] * 2)
    args = (gymtorch.unwrap_tensor(force), gymtorch.unwrap_tensor(point), space)
    assert gym.apply_rigid_body_force_at_pos_tensors(world.sim, *args)
    world.simulate()
    close(world.root[:, 7:10], [[0, 0.5 * 0.002, 0]] * 2, atol=1e-6)
    close(world.root[:, 10:], [[0, 0, 0.2 / 0.01 * 0.002]] * 2, atol=1e-6)


def test_made_of_density(gym: Any, tmp_path: Path) -> None:
    """A ball and a box of water stand where they are put, with the weight of their volume."""
    world = World(gym, tmp_path, BALL, prepare=False)
    ball = gym.create_sphere(world.sim, 0.1, asset_options(density=1000.0))
    box = gym.create_box(world.sim, 0.2, 0.4, 0.2, asset_options(density=1000.0))
    env = gym.create_env(world.sim, gymapi.Vec3(), gymapi.Vec3(), 1)
    for i, asset in enumerate((ball, box)):
        gym.create_actor(env, asset, gymapi.Transform(gymapi.Vec3(2.0 * i, 0, 0.1)), f"a{i}", 0, 0)
    world.prepare().simulate(500)
    weights = [1000 * 4 / 3 * math.pi * 0.1**3 * GRAVITY, 1000 * 0.2 * 0.4 * 0.2 * GRAVITY]
    close(world.contact[:, 2], weights, rtol=1e-3)


def test_damping_of_bodies(gym: Any, tmp_path: Path) -> None:
    options = asset_options(linear_damping=0.5, angular_damping=0.25)
    world = World(gym, tmp_path, BALL, options=options, params=sim_params(gravity=gymapi.Vec3()))
    state = world.root.clone()
    state[0, 7:] = torch.tensor([1.0, 0, 0, 0, 0, 2.0])
    gym.set_actor_root_state_tensor(world.sim, gymtorch.unwrap_tensor(state))
    world.simulate(500)
    speed = math.hypot(float(world.root[0, 7]), float(world.root[0, 8]))
    assert speed == pytest.approx(math.exp(-0.5), rel=2e-3)
    assert float(world.root[0, 12]) == pytest.approx(2 * math.exp(-0.25), rel=2e-3)
