"""Two small tasks in the ways of the programs that the double is for. Robots and numbers are ours."""

from pathlib import Path
from typing import Any, List

import numpy as np
import pytest
import torch
from worlds import QUADRUPED_MASS, asset_options, close, quadruped, sim_params

from isaacgym import gymapi, gymtorch, gymutil, torch_utils

DEFAULT = 0.1  # rad


class LeggedTask:
    """Order of calls as in legged_gym: EFFORT mode, decimation, one indexed reset of each kind a policy step."""

    def __init__(self, gym: Any, folder: Path, num_envs: int, terrain: bool = False) -> None:
        self.gym, self.num_envs, self.device = gym, num_envs, "cpu"
        params = sim_params()
        gymutil.parse_sim_config(
            {"dt": 0.005, "substeps": 1, "gravity": [0.0, 0.0, -9.81], "up_axis": 1}, params
        )
        gymutil.parse_sim_config({"physx": {"num_velocity_iterations": 0, "contact_collection": 2}}, params)
        self.sim = gym.create_sim(0, -1, gymapi.SIM_PHYSX, params)
        self._add_terrain() if terrain else self._add_plane()
        (folder / "robot.urdf").write_text(quadruped())
        self._create_envs(folder)
        gym.prepare_sim(self.sim)
        self._init_buffers()

    def _add_plane(self) -> None:
        plane = gymapi.PlaneParams()
        plane.normal = gymapi.Vec3(0.0, 0.0, 1.0)
        plane.static_friction = plane.dynamic_friction = 1.0
        self.gym.add_ground(self.sim, plane)

    def _add_terrain(self) -> None:
        from isaacgym import terrain_utils

        field = terrain_utils.SubTerrain("flat", 80, 60, vertical_scale=0.005, horizontal_scale=0.1)
        scales = (field.horizontal_scale, field.vertical_scale)
        vertices, triangles = terrain_utils.convert_heightfield_to_trimesh(
            field.height_field_raw, *scales, 0.75
        )
        mesh = gymapi.TriangleMeshParams()
        mesh.nb_vertices, mesh.nb_triangles = vertices.shape[0], triangles.shape[0]
        mesh.transform.p.x = mesh.transform.p.y = -3.0
        self.gym.add_triangle_mesh(self.sim, vertices.flatten(order="C"), triangles.flatten(order="C"), mesh)

    def _create_envs(self, folder: Path) -> None:
        gym, zero = self.gym, gymapi.Vec3(0.0, 0.0, 0.0)
        options = asset_options(default_dof_drive_mode=3, replace_cylinder_with_capsule=True)
        asset = gym.load_asset(self.sim, str(folder), "robot.urdf", options)
        self.num_dof, self.num_bodies = gym.get_asset_dof_count(asset), gym.get_asset_rigid_body_count(asset)
        dof_props, shape_props = (
            gym.get_asset_dof_properties(asset),
            gym.get_asset_rigid_shape_properties(asset),
        )
        self.torque_limits = torch.tensor([p["effort"].item() for p in dof_props])
        friction = torch_utils.torch_rand_float(0.5, 1.25, (self.num_envs, 1), device="cpu")
        pose = gymapi.Transform()
        self.envs: List[Any] = []
        for i in range(self.num_envs):
            env = gym.create_env(self.sim, zero, zero, int(np.sqrt(self.num_envs)))
            pose.p = gymapi.Vec3(*torch.tensor([0.0, 0.0, 0.24]))
            for props in shape_props:
                props.friction = friction[i]
            gym.set_asset_rigid_shape_properties(asset, shape_props)
            actor = gym.create_actor(env, asset, pose, "robot", i, 1, 0)
            gym.set_actor_dof_properties(env, actor, dof_props)
            body_props = gym.get_actor_rigid_body_properties(env, actor)
            body_props[0].mass += np.random.uniform(-0.5, 0.5)
            gym.set_actor_rigid_body_properties(env, actor, body_props, recomputeInertia=True)
            self.envs.append(env)
        names = [n for n in gym.get_asset_rigid_body_names(asset) if "FOOT" in n]
        self.feet = torch.tensor([gym.find_actor_rigid_body_handle(self.envs[0], 0, n) for n in names])
        self.base = gym.find_actor_rigid_body_handle(self.envs[0], 0, "base")

    def _init_buffers(self) -> None:
        gym = self.gym
        root = gym.acquire_actor_root_state_tensor(self.sim)
        dof = gym.acquire_dof_state_tensor(self.sim)
        contact = gym.acquire_net_contact_force_tensor(self.sim)
        gym.refresh_dof_state_tensor(self.sim)
        gym.refresh_actor_root_state_tensor(self.sim)
        gym.refresh_net_contact_force_tensor(self.sim)
        self.root, self.dof = gymtorch.wrap_tensor(root), gymtorch.wrap_tensor(dof)
        self.dof_pos = self.dof.view(self.num_envs, self.num_dof, 2)[..., 0]
        self.dof_vel = self.dof.view(self.num_envs, self.num_dof, 2)[..., 1]
        self.base_quat = self.root[:, 3:7]
        self.contact = gymtorch.wrap_tensor(contact).view(self.num_envs, -1, 3)
        down = torch_utils.get_axis_params(-1.0, 2)
        self.gravity = torch_utils.to_torch(down, device="cpu").repeat((self.num_envs, 1))
        self.age = torch.zeros(self.num_envs, dtype=torch.long)

    def reset(self, env_ids: Any) -> None:
        """Legs at random, base at the start."""
        if len(env_ids) == 0:
            return
        shape = (len(env_ids), self.num_dof)
        self.dof_pos[env_ids] = DEFAULT + torch_utils.torch_rand_float(-0.1, 0.1, shape, device="cpu")
        self.dof_vel[env_ids] = 0.0
        env_ids_int32 = env_ids.to(dtype=torch.int32)
        index, count = gymtorch.unwrap_tensor(env_ids_int32), len(env_ids_int32)
        self.gym.set_dof_state_tensor_indexed(self.sim, gymtorch.unwrap_tensor(self.dof), index, count)
        self.root[env_ids] = torch.tensor([0.0, 0.0, 0.24, 0, 0, 0, 1] + [0.0] * 6)
        self.gym.set_actor_root_state_tensor_indexed(
            self.sim, gymtorch.unwrap_tensor(self.root), index, count
        )
        self.age[env_ids] = 0

    def step(self, actions: Any) -> Any:
        """Projected gravity (env, 3), and which robots were reset."""
        for _ in range(4):
            target = 0.25 * actions + DEFAULT
            torques = 30.0 * (target - self.dof_pos) - 0.8 * self.dof_vel
            self.torques = torch.clip(torques, -self.torque_limits, self.torque_limits)
            self.gym.set_dof_actuation_force_tensor(self.sim, gymtorch.unwrap_tensor(self.torques))
            self.gym.simulate(self.sim)
            if self.device == "cpu":
                self.gym.fetch_results(self.sim, True)
            self.gym.refresh_dof_state_tensor(self.sim)
        self.gym.refresh_actor_root_state_tensor(self.sim)
        self.gym.refresh_net_contact_force_tensor(self.sim)
        self.age += 1
        fallen = torch.norm(self.contact[:, self.base], dim=-1) > 1.0
        done = fallen | (self.age > 40)
        gravity = torch_utils.quat_rotate_inverse(self.base_quat, self.gravity)
        self.reset(done.nonzero(as_tuple=False).flatten())
        return gravity, done


@pytest.mark.parametrize("terrain", [False, True])
def test_legged_gym_style(gym: Any, tmp_path: Path, terrain: bool) -> None:
    torch.manual_seed(0)
    np.random.seed(0)
    task = LeggedTask(gym, tmp_path, 3, terrain)
    task.reset(torch.arange(3))
    resets = 0
    for i in range(60):
        gravity, done = task.step(torch.zeros(3, task.num_dof))
        resets += int(done.sum())
        assert torch.isfinite(task.root).all() and torch.isfinite(task.contact).all()
        if i == 30:
            close(gravity, [[0.0, 0.0, -1.0]] * 3, atol=0.1)
            weight = task.contact[:, task.feet, 2].sum(1) / 9.81
            assert ((weight - QUADRUPED_MASS).abs() < 1.0).all() and weight.std() > 0.01
    assert resets == 3


class AnymalTask:
    """As IsaacGymEnvs' Anymal: POS drive, env spacing, one simulate a step, refresh first, forces of DOFs."""

    def __init__(self, gym: Any, folder: Path, num_envs: int) -> None:
        self.gym, self.num_envs = gym, num_envs
        params = sim_params(dt=0.02, substeps=2)
        params.physx.contact_collection = gymapi.ContactCollection(1)
        self.sim = gym.create_sim(0, -1, gymapi.SIM_PHYSX, params)
        plane = gymapi.PlaneParams()
        plane.normal = gymapi.Vec3(0.0, 0.0, 1.0)
        gym.add_ground(self.sim, plane)
        (folder / "robot.urdf").write_text(quadruped())
        options = asset_options(
            default_dof_drive_mode=gymapi.DOF_MODE_NONE, replace_cylinder_with_capsule=True
        )
        asset = gym.load_asset(self.sim, str(folder), "robot.urdf", options)
        self.num_dof = gym.get_asset_dof_count(asset)
        props = gym.get_asset_dof_properties(asset)
        for i in range(self.num_dof):
            props["driveMode"][i] = gymapi.DOF_MODE_POS
            props["stiffness"][i], props["damping"][i] = 85.0, 2.0
        lower, upper, pose = gymapi.Vec3(-4, -4, 0), gymapi.Vec3(4, 4, 4), gymapi.Transform()
        pose.p = gymapi.Vec3(0.0, 0.0, 0.24)
        for i in range(num_envs):
            env = gym.create_env(self.sim, lower, upper, int(num_envs**0.5))
            actor = gym.create_actor(env, asset, pose, "anymal", i, 1, 0)
            gym.set_actor_dof_properties(env, actor, props)
            gym.enable_actor_dof_force_sensors(env, actor)
        gym.prepare_sim(self.sim)
        self.root = gymtorch.wrap_tensor(gym.acquire_actor_root_state_tensor(self.sim))
        self.dof = gymtorch.wrap_tensor(gym.acquire_dof_state_tensor(self.sim))
        self.contact = gymtorch.wrap_tensor(gym.acquire_net_contact_force_tensor(self.sim)).view(
            num_envs, -1, 3
        )
        self.torques = gymtorch.wrap_tensor(gym.acquire_dof_force_tensor(self.sim)).view(
            num_envs, self.num_dof
        )
        self.initial = self.root.clone()

    def step(self, targets: Any) -> None:
        self.gym.set_dof_position_target_tensor(self.sim, gymtorch.unwrap_tensor(targets))
        self.gym.simulate(self.sim)
        self.gym.fetch_results(self.sim, True)
        for kind in ("dof_state", "actor_root_state", "net_contact_force", "dof_force"):
            getattr(self.gym, f"refresh_{kind}_tensor")(self.sim)


def test_isaacgymenvs_anymal_style(gym: Any, tmp_path: Path) -> None:
    task = AnymalTask(gym, tmp_path, 4)
    targets = torch.full((4, task.num_dof), 0.1)
    for i in range(60):
        if i == 30:  # all go back to one place, which is in their own frames
            actors = torch.arange(4, dtype=torch.int32)
            index = gymtorch.unwrap_tensor(actors)
            task.gym.set_actor_root_state_tensor_indexed(
                task.sim, gymtorch.unwrap_tensor(task.initial), index, 4
            )
        task.step(targets)
    close(task.root, task.root[:1].expand(4, 13), atol=1e-5)
    close(task.contact[..., 2].sum(1), [QUADRUPED_MASS * 9.81] * 4, rtol=0.02)
    # a drive at rest pulls with k times what is missing
    missing = 0.1 - task.dof.view(4, task.num_dof, 2)[..., 0]
    assert (task.torques.abs() > 0.05).any()
    close(task.torques, 85.0 * missing, atol=0.1)
