"""Jacobians and mass matrices agree with the tensors and with numbers worked by hand."""

from pathlib import Path
from typing import Any

import pytest
import torch
from test_properties import INERTIA, arm, unwrap
from worlds import World, close, quadruped

from isaacgym import gymtorch


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
