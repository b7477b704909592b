"""Properties of DOFs, bodies and sensors act as they should."""

import math
from pathlib import Path
from typing import Any

import pytest
import torch
from worlds import ARM, GRAVITY, QUADRUPED_MASS, World, asset_options, close, quadruped, run_pd, sim_params

from isaacgym import gymapi, gymtorch

unwrap = gymtorch.unwrap_tensor
INERTIA = 0.02 + 0.5 * 0.2**2  # of the arm about its hinge, kg m^2


def arm(gym: Any, folder: Path, gravity: float = 0.0, **props: Any) -> World:
    params = sim_params(gravity=gymapi.Vec3(0, 0, -gravity))
    options = asset_options(fix_base_link=True)
    world = World(gym, folder, ARM, options=options, params=params, prepare=False).fill()
    return world.dof_props(**props).prepare()


def test_armature_adds_to_the_inertia(gym: Any, tmp_path: Path) -> None:
    world = arm(gym, tmp_path, armature=0.06)
    world.effort(torch.tensor([1.0]))
    close(world.simulate().dof[0, 1], 0.002 / (INERTIA + 0.06), rtol=1e-4)


def test_limits_stop(gym: Any, tmp_path: Path) -> None:
    world = arm(gym, tmp_path, armature=0.06)
    for _ in range(2000):
        world.effort(torch.tensor([1.0]))
        world.simulate()
    assert 1.95 < float(world.dof[0, 0]) < 2.1


def test_no_limits_no_stop(gym: Any, tmp_path: Path) -> None:
    world = arm(gym, tmp_path, hasLimits=False)
    for _ in range(300):
        world.effort(torch.tensor([1.0]))
        world.simulate()
    assert float(world.dof[0, 0]) > 3.0


def test_friction_holds(gym: Any, tmp_path: Path) -> None:
    world = arm(gym, tmp_path, friction=0.5)
    for _ in range(50):
        world.effort(torch.tensor([0.4]))
        world.simulate()
    assert abs(float(world.dof[0, 1])) < 0.05


@pytest.mark.parametrize(
    ("mode", "moves"), [("NONE", False), ("POS", False), ("VEL", False), ("EFFORT", True)]
)
def test_efforts_are_for_effort_mode(gym: Any, tmp_path: Path, mode: str, moves: bool) -> None:
    world = arm(gym, tmp_path, driveMode=getattr(gymapi, f"DOF_MODE_{mode}"))
    world.effort(torch.tensor([1.0]))
    assert (abs(float(world.simulate().dof[0, 1])) > 1e-3) == moves


def test_position_drive_carries_a_load(gym: Any, tmp_path: Path) -> None:
    """At rest the drive's k (target - q) balances gravity's torque, and the DOF force tensor shows it."""
    world = arm(gym, tmp_path, GRAVITY, driveMode=gymapi.DOF_MODE_POS, stiffness=20.0, damping=1.0)
    gym.enable_actor_dof_force_sensors(world.envs[0], 0)
    force = world.wrap("dof_force")
    target = torch.tensor([1.0])
    gym.set_dof_position_target_tensor(world.sim, unwrap(target))
    q = float(world.simulate(3000).dof[0, 0])
    world.refresh("dof_force")
    assert 20.0 * (1.0 - q) == pytest.approx(0.5 * GRAVITY * 0.2 * math.sin(q), rel=1e-3)
    assert float(force[0]) == pytest.approx(20.0 * (1.0 - q), rel=1e-3)


def test_position_drive_is_stable_at_high_gains(gym: Any, tmp_path: Path) -> None:
    world = arm(gym, tmp_path, driveMode=gymapi.DOF_MODE_POS, stiffness=200.0, damping=50.0, effort=1e6)
    target = torch.tensor([0.5])
    gym.set_dof_position_target_tensor(world.sim, unwrap(target))
    close(world.simulate(2000).dof[0], [0.5, 0.0], atol=1e-3)


def test_drives_are_clamped_to_the_effort(gym: Any, tmp_path: Path) -> None:
    world = arm(gym, tmp_path, driveMode=gymapi.DOF_MODE_POS, stiffness=1000.0, damping=0.0, effort=0.4)
    target = torch.tensor([1.0])
    gym.set_dof_position_target_tensor(world.sim, unwrap(target))
    close(world.simulate().dof[0, 1], 0.4 * 0.002 / INERTIA, rtol=1e-3)


def test_velocity_drive(gym: Any, tmp_path: Path) -> None:
    world = arm(gym, tmp_path, driveMode=gymapi.DOF_MODE_VEL, damping=2.0)
    target = torch.tensor([0.7])
    gym.set_dof_velocity_target_tensor(world.sim, unwrap(target))
    close(world.simulate(200).dof[0, 1], 0.7, atol=1e-3)


def test_dof_forces_need_the_sensor(gym: Any, tmp_path: Path) -> None:
    world = arm(gym, tmp_path)
    force = world.wrap("dof_force")
    for enabled in (False, True):
        if enabled:
            gym.enable_actor_dof_force_sensors(world.envs[0], 0)
        world.effort(torch.tensor([0.3]))
        world.simulate()
        world.refresh("dof_force")
        close(force[0], 0.3 if enabled else 0.0)


def test_actors_have_properties_of_their_own(gym: Any, tmp_path: Path) -> None:
    """Base masses differ from environment to environment, and the feet carry them."""
    options = asset_options(replace_cylinder_with_capsule=True)
    world = World(gym, tmp_path, quadruped(), num_envs=3, height=0.22, options=options, prepare=False).fill()
    for i, env in enumerate(world.envs):
        props = gym.get_actor_rigid_body_properties(env, 0)
        props[0].mass += torch.tensor([0.5 * i])
        assert gym.set_actor_rigid_body_properties(env, 0, props, recomputeInertia=True)
    after = gym.get_actor_rigid_body_properties(world.envs[2], 0)[0]
    close([after.inertia.x.x, after.inertia.z.z], [0.02 * 5 / 4, 0.05 * 5 / 4], atol=1e-9)
    run_pd(world.prepare(), 500, kp=60.0, kd=1.0)
    up = world.contact.view(3, 9, 3)[..., 2].sum(1)
    close(up, [(QUADRUPED_MASS + 0.5 * i) * GRAVITY for i in range(3)], rtol=1e-3)


def test_a_shifted_centre_of_mass_shifts_the_load(gym: Any, tmp_path: Path) -> None:
    options = asset_options(replace_cylinder_with_capsule=True)
    world = World(gym, tmp_path, quadruped(), height=0.22, options=options, prepare=False).fill()
    props = gym.get_actor_rigid_body_properties(world.envs[0], 0)
    props[0].com.x += 0.05
    gym.set_actor_rigid_body_properties(world.envs[0], 0, props)
    run_pd(world.prepare(), 700, kp=60.0, kd=1.0)
    names = gym.get_asset_rigid_body_names(world.asset)
    up = {n: float(world.contact[i, 2]) for i, n in enumerate(names)}
    front, hind = (sum(up[f"{side}{end}_FOOT"] for side in "LR") for end in "FH")
    # moments about the base's origin: legs are symmetric, so only the base's centre of mass counts
    assert (front - hind) * 0.15 == pytest.approx(4.0 * GRAVITY * 0.06, rel=0.02)


def test_properties_may_change_while_running(gym: Any, tmp_path: Path) -> None:
    world = arm(gym, tmp_path)
    world.effort(torch.tensor([1.0]))
    before = world.simulate(5).dof.clone()
    world.dof_props(armature=0.06)
    close(world.simulate(1).dof[0, 1], before[0, 1], rtol=1e-3)
    close(world.dof[0, 0], float(before[0, 0]) + 0.002 * float(before[0, 1]), rtol=1e-3)


@pytest.mark.parametrize("world_frame", [True, False])
def test_force_sensors_feel_the_ground(gym: Any, tmp_path: Path, world_frame: bool) -> None:
    """Contact only: the sensors of four feet carry the robot. Turned by a right angle about y, x is down."""
    options = asset_options(replace_cylinder_with_capsule=True)
    world = World(gym, tmp_path, quadruped(), num_envs=2, height=0.22, options=options, prepare=False)
    props = gymapi.ForceSensorProperties()
    props.enable_forward_dynamics_forces, props.use_world_frame = False, world_frame
    turned = gymapi.Transform(gymapi.Vec3(), gymapi.Quat.from_axis_angle(gymapi.Vec3(0, 1, 0), math.pi / 2))
    for name in gym.get_asset_rigid_body_names(world.asset):
        if name.endswith("FOOT"):
            body = gym.find_asset_rigid_body_index(world.asset, name)
            assert gym.create_asset_force_sensor(world.asset, body, turned, props) >= 0
    world.fill().prepare()
    assert gym.get_sim_force_sensor_count(world.sim) == 8
    sensors = world.wrap("force_sensor").view(2, 4, 6)
    run_pd(world, 500)
    world.refresh("force_sensor")
    along = sensors[..., 2] if world_frame else -sensors[..., 0]
    close(along.sum(1), [QUADRUPED_MASS * GRAVITY] * 2, rtol=2e-3)


def test_a_full_sensor_at_rest_reads_zero(gym: Any, tmp_path: Path) -> None:
    options = asset_options(replace_cylinder_with_capsule=True)
    world = World(gym, tmp_path, quadruped(), height=0.22, options=options, prepare=False)
    body = gym.find_asset_rigid_body_index(world.asset, "LF_FOOT")
    gym.create_asset_force_sensor(world.asset, body, gymapi.Transform())
    world.fill().prepare()
    sensor = world.wrap("force_sensor")
    run_pd(world, 1500)
    world.refresh("force_sensor")
    close(sensor[0, :3], [0, 0, 0], atol=1e-3)


def test_jacobian_maps_velocities(gym: Any, tmp_path: Path) -> None:
    world = World(gym, tmp_path, quadruped(), num_envs=2, height=2.0)
    generator = torch.Generator().manual_seed(0)
    state, dofs = world.root.clone(), torch.randn(8, 2, generator=generator)
    state[:, 3:7] = torch.nn.functional.normalize(torch.randn(2, 4, generator=generator), dim=-1)
    state[:, 7:] = torch.randn(2, 6, generator=generator)
    gym.set_actor_root_state_tensor(world.sim, unwrap(state))
    gym.set_dof_state_tensor(world.sim, unwrap(dofs))
    world.simulate()
    jacobian = gymtorch.wrap_tensor(gym.acquire_jacobian_tensor(world.sim, "robot"))
    assert jacobian.shape == (2, 9, 6, 10) and gym.refresh_jacobian_tensors(world.sim)
    speeds = torch.cat([world.root[:, 7:], world.dof.view(2, 4, 2)[..., 1]], dim=1)
    close(torch.einsum("ebij,ej->ebi", jacobian, speeds), world.bodies.view(2, 9, 13)[..., 7:], atol=1e-4)


def test_mass_matrix_and_jacobian_of_a_fixed_base(gym: Any, tmp_path: Path) -> None:
    world = arm(gym, tmp_path, armature=0.01)
    mass = gymtorch.wrap_tensor(gym.acquire_mass_matrix_tensor(world.sim, "robot"))
    assert gym.refresh_mass_matrix_tensors(world.sim)
    close(mass, [[[INERTIA + 0.01]]])
    jacobian = gymtorch.wrap_tensor(gym.acquire_jacobian_tensor(world.sim, "robot"))
    close(jacobian, [[[[-0.2], [0], [0], [0], [1], [0]]]], atol=1e-6)
    with pytest.raises(ValueError, match="There are: robot"):
        gym.acquire_jacobian_tensor(world.sim, "robto")


def test_a_fixed_base_stays_and_may_be_moved(gym: Any, tmp_path: Path) -> None:
    world = arm(gym, tmp_path, GRAVITY)
    close(world.simulate(20).root[0], [0, 0, 1.0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0])
    state = world.root.clone()
    state[0, :3] = torch.tensor([1.0, 2.0, 3.0])
    gym.set_actor_root_state_tensor(world.sim, unwrap(state))
    world.simulate()
    close(world.bodies[:, :3], [[1.0, 2.0, 3.0]] * 2)


def test_look_ups(gym: Any, tmp_path: Path) -> None:
    world = World(gym, tmp_path, quadruped(), num_envs=2)
    env, sim = world.envs[1], gymapi.DOMAIN_SIM
    assert gym.find_actor_rigid_body_handle(env, 0, "LF_FOOT") == 2
    assert gym.find_actor_rigid_body_handle(env, 0, "nothing") == -1
    assert gym.find_actor_rigid_body_index(env, 0, "LF_FOOT", sim) == 11
    assert gym.find_actor_dof_index(env, 0, "RF_HIP", sim) == 6
    assert gym.get_actor_index(env, 0, sim) == 1
    assert [gym.get_actor_count(env), gym.find_actor_handle(env, "robot"), gym.get_actor_name(env, 0)] == [
        1,
        0,
        "robot",
    ]
    assert gym.get_actor_rigid_body_dict(env, 0)["base"] == 0
    counts = [gym.get_sim_actor_count, gym.get_sim_rigid_body_count, gym.get_sim_dof_count, gym.get_env_count]
    assert [f(world.sim) for f in counts] == [2, 18, 8, 2]
    with pytest.raises(IndexError, match="no actor 3; it has 1"):
        gym.get_actor_dof_properties(env, 3)


def test_two_actors_of_an_environment_meet(gym: Any, tmp_path: Path) -> None:
    """A ball thrown at another pushes it; rows are actor by actor."""
    from worlds import inertial, link, shape, urdf

    text = urdf(link("ball", inertial(1.0), shape('sphere radius="0.1"')))
    still = sim_params(gravity=gymapi.Vec3())
    world = World(gym, tmp_path, text, params=still, ground=False, prepare=False).fill()
    gym.create_actor(world.envs[0], world.asset, gymapi.Transform(gymapi.Vec3(0.5, 0, 1)), "thrown", -1, 0)
    world.prepare()
    state = world.root.clone()
    state[1, 7] = -2.0
    gym.set_actor_root_state_tensor(world.sim, unwrap(state))
    world.simulate(200)
    assert float(world.root[0, 7]) < -0.5
    assert float(world.root[:, 7].sum()) == pytest.approx(-2.0, rel=1e-4)
