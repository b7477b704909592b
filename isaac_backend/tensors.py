"""Isaac Gym's tensors and this project's arrays: the order, the quaternions, the velocities of what.

Isaac Gym: quaternions x y z w, velocities of centres of mass, joints and links depth first by joint name.
Here: w x y z, velocities of links' origins, the spec's order. Positions and axes are the world's in both, as
all environments share its origin. Python 3.8, torch after Isaac Gym.
"""

from typing import Any, Dict, List, NamedTuple

import isaacgym.gymtorch as gymtorch  # so written, it sorts before torch, as it must
import numpy as np
import torch  # pyright: ignore[reportMissingImports]  (there in the worker only)
from isaacgym import gymapi

from scene import Scene, must

WXYZ_OF_XYZW = [3, 0, 1, 2]
XYZW_OF_WXYZ = [1, 2, 3, 0]


class Tensors(NamedTuple):
    """Views of Isaac Gym's own memory."""

    root: torch.Tensor  # (env, 13) position, quaternion, linear and angular velocity
    dof: torch.Tensor  # (env, dof, 2) position, velocity
    body: torch.Tensor  # (env, link, 13)
    contact: torch.Tensor  # (env, link, 3) N
    sensor: torch.Tensor  # (env, sensor, 6) N, N m; empty if there is none


def acquire(gym: Any, sim: Any, num_envs: int, num_sensors: int) -> Tensors:
    """Wrap the tensors, once."""
    root = gymtorch.wrap_tensor(gym.acquire_actor_root_state_tensor(sim))
    dof = gymtorch.wrap_tensor(gym.acquire_dof_state_tensor(sim))
    body = gymtorch.wrap_tensor(gym.acquire_rigid_body_state_tensor(sim))
    contact = gymtorch.wrap_tensor(gym.acquire_net_contact_force_tensor(sim))
    sensor = torch.zeros(num_envs, 0, 6, device=root.device)
    if num_sensors:
        sensor = gymtorch.wrap_tensor(gym.acquire_force_sensor_tensor(sim)).view(num_envs, num_sensors, 6)
    return Tensors(
        root, dof.view(num_envs, -1, 2), body.view(num_envs, -1, 13), contact.view(num_envs, -1, 3), sensor
    )


def refresh(gym: Any, sim: Any, num_sensors: int) -> None:
    """Fill the tensors: once after each `simulate`, before any setter."""
    gym.refresh_actor_root_state_tensor(sim)
    gym.refresh_dof_state_tensor(sim)
    gym.refresh_rigid_body_state_tensor(sim)
    gym.refresh_net_contact_force_tensor(sim)
    if num_sensors:
        gym.refresh_force_sensor_tensor(sim)


def rotate(quat: torch.Tensor, vec: torch.Tensor) -> torch.Tensor:
    """Turn vectors (..., 3) by quaternions (..., 4) x y z w."""
    axis, w = quat[..., :3], quat[..., 3:]
    twice = 2 * torch.cross(axis, vec, dim=-1)
    return vec + w * twice + torch.cross(axis, twice, dim=-1)


def com_velocity(state: torch.Tensor, com: torch.Tensor) -> torch.Tensor:
    """How much faster than its origin a link's centre of mass moves, m/s: (..., 3) of (..., 13), (..., 3)."""
    return torch.cross(state[..., 10:13], rotate(state[..., 3:7], com), dim=-1)


class Exchange:
    """Between the arena and Isaac Gym's tensors."""

    def __init__(self, gym: Any, scene: Scene, spec: Dict[str, Any], arena: Dict[str, np.ndarray]) -> None:
        robot = spec["robot"]
        self._gym, self._scene, self._arena = gym, scene, arena
        self._floating, self._num_sensors = robot["floating"], len(robot["sensors"])
        self._tensors = acquire(gym, scene.sim, spec["num_envs"], self._num_sensors)
        device = self._tensors.root.device
        self._out = {name: torch.from_numpy(view) for name, view in arena.items()}
        self._to_isaac = [robot["dofs"].index(name) for name in scene.dof_names]
        self._from_isaac = torch.tensor(
            [scene.dof_names.index(name) for name in robot["dofs"]], device=device
        )
        bodies = [scene.body_names.index(name) for name in robot["bodies"]]
        self._bodies = torch.tensor(bodies, device=device)
        self._com = torch.from_numpy(scene.com[:, bodies]).to(device)
        self._base = scene.body_names.index(robot["base"])
        self._base_com = torch.from_numpy(scene.com[:, self._base]).to(device)
        self._sensed: List[int] = []
        if spec["contact"] == "force_sensor":
            self._sensed = [robot["bodies"].index(name) for name in robot["sensors"]]
        # setters take addresses and hold no reference, so what they are given lives here
        self._root = torch.zeros_like(self._tensors.root)
        self._dof = torch.zeros_like(self._tensors.dof)
        self._effort = torch.zeros_like(self._dof[..., 0])
        self._rows = torch.zeros(0, dtype=torch.int32, device=device)
        self._force = torch.zeros_like(self._tensors.contact)
        self._turn = torch.zeros_like(self._tensors.contact)

    def send_states(self, rows: np.ndarray) -> None:
        """Set the robots `rows` to the state that the arena publishes of them, at the next `simulate`."""
        gym, sim, device, now = self._gym, self._scene.sim, self._root.device, self._arena
        ids = torch.from_numpy(rows).to(device)
        self._rows = ids.to(torch.int32)
        quat = now["base_quat"][rows][:, XYZW_OF_WXYZ]
        quat = quat / np.linalg.norm(quat, axis=1, keepdims=True)
        parts = [now["base_pos"][rows], quat, now["base_lin_vel"][rows], now["base_ang_vel"][rows]]
        root = torch.from_numpy(np.concatenate(parts, axis=1)).to(device)
        root[:, 7:10] += com_velocity(root, self._base_com[ids])
        self._root[ids] = root
        dof = np.stack([now["dof_pos"][rows], now["dof_vel"][rows]], axis=-1)[:, self._to_isaac]
        self._dof[ids] = torch.from_numpy(np.ascontiguousarray(dof)).to(device)
        which = gymtorch.unwrap_tensor(self._rows)
        if self._floating:
            states = gymtorch.unwrap_tensor(self._root)
            must(gym.set_actor_root_state_tensor_indexed(sim, states, which, len(rows)), "set the bases")
        states = gymtorch.unwrap_tensor(self._dof)
        must(gym.set_dof_state_tensor_indexed(sim, states, which, len(rows)), "set the joints")

    def send_efforts(self, effort: np.ndarray) -> None:
        """Apply efforts (env, dof), N m or N in the spec's order, during the next `simulate`."""
        self._effort.copy_(torch.from_numpy(np.ascontiguousarray(effort[:, self._to_isaac])))
        tensor = gymtorch.unwrap_tensor(self._effort)
        must(self._gym.set_dof_actuation_force_tensor(self._scene.sim, tensor), "apply the torques")

    def send_wrench(self, wrench: np.ndarray) -> None:
        """Apply wrenches (env, 6) at the bases' centres of mass, N and N m, during the next `simulate`."""
        both = torch.from_numpy(np.ascontiguousarray(wrench)).to(self._force.device)
        self._force[:, self._base], self._turn[:, self._base] = both[:, :3], both[:, 3:]
        tensors = (gymtorch.unwrap_tensor(self._force), gymtorch.unwrap_tensor(self._turn))
        # environments have the world's axes
        done = self._gym.apply_rigid_body_force_tensors(self._scene.sim, *tensors, gymapi.ENV_SPACE)
        must(done, "apply the wrenches")

    def publish(self) -> None:
        """Refresh, convert, and copy all robots' states, links and forces into the arena."""
        refresh(self._gym, self._scene.sim, self._num_sensors)
        root, dof, out = self._tensors.root, self._tensors.dof[:, self._from_isaac], self._out
        body = self._tensors.body[:, self._bodies]
        force = self._tensors.contact[:, self._bodies]
        if self._sensed:
            force[:, self._sensed] = self._tensors.sensor[..., :3]
        out["base_pos"].copy_(root[:, :3])
        out["base_quat"].copy_(root[:, 3:7][:, WXYZ_OF_XYZW])
        out["base_lin_vel"].copy_(root[:, 7:10] - com_velocity(root, self._base_com))
        out["base_ang_vel"].copy_(root[:, 10:13])
        out["dof_pos"].copy_(dof[..., 0])
        out["dof_vel"].copy_(dof[..., 1])
        out["body_pos"].copy_(body[..., :3])
        out["body_vel"].copy_(body[..., 7:10] - com_velocity(body, self._com))
        out["body_force"].copy_(force)
