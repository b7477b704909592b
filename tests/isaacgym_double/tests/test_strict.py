"""The rules of setters and of the order of calls, each broken once."""

from pathlib import Path
from typing import Any

import pytest
import torch
from worlds import ARM, BALL, World, asset_options, close, quadruped, sim_params

import isaacgym
from isaacgym import gymapi, gymtorch

unwrap = gymtorch.unwrap_tensor


def ids(*rows: int) -> Any:
    return torch.tensor(rows, dtype=torch.int32)


def moved(world: World, x: float) -> Any:
    state = world.root.clone()
    state[:, 0] = x
    return state


def test_a_second_indexed_set_replaces_the_first(gym: Any, tmp_path: Path) -> None:
    world = World(gym, tmp_path, BALL, num_envs=3)
    for row in (0, 2):
        state, index = moved(world, 5.0), ids(row)
        gym.set_actor_root_state_tensor_indexed(world.sim, unwrap(state), unwrap(index), 1)
    close(world.simulate().root[:, 0], [0, 0, 5.0])


def test_without_strictness_sets_add_up(gym: Any, tmp_path: Path) -> None:
    isaacgym.strict(False)
    world = World(gym, tmp_path, ARM, num_envs=3, options=asset_options(fix_base_link=True))
    for row in (0, 2):
        state, index = torch.full((3, 2), 0.1 * (row + 1)), ids(row)
        gym.set_dof_state_tensor_indexed(world.sim, unwrap(state), unwrap(index), 1)
        roots = moved(world, float(row + 1))
        gym.set_actor_root_state_tensor_indexed(world.sim, unwrap(roots), unwrap(index), 1)
    world.simulate()
    close(world.root[:, 0], [1.0, 0, 3.0])
    close(world.dof[:, 0], [0.1, 0, 0.3], atol=2e-3)


def test_roots_and_dofs_are_set_apart(gym: Any, tmp_path: Path) -> None:
    world = World(gym, tmp_path, ARM, num_envs=2, params=sim_params(gravity=gymapi.Vec3()))
    state, dofs, index = moved(world, 1.0), torch.full((2, 2), 0.25), ids(1)
    dofs[:, 1] = 0
    gym.set_dof_state_tensor_indexed(world.sim, unwrap(dofs), unwrap(index), 1)
    gym.set_actor_root_state_tensor_indexed(world.sim, unwrap(state), unwrap(index), 1)
    world.simulate()
    close(world.root[:, 0], [0, 1.0])
    close(world.dof[:, 0], [0, 0.25])


def test_refresh_after_a_setter_is_stale_until_simulate(gym: Any, tmp_path: Path) -> None:
    world = World(gym, tmp_path, quadruped(), height=0.22).simulate(100)
    old_bodies, old_contact = world.bodies.clone(), world.contact.clone()
    assert old_contact.abs().sum() > 1.0
    state = moved(world, 3.0)
    state[:, 2] = 2.0
    world.root[:] = state
    gym.set_actor_root_state_tensor(world.sim, unwrap(world.root))
    world.refresh()
    assert float(world.root[0, 0]) < 0.1
    close(world.bodies, old_bodies)
    close(world.contact, old_contact)
    world.simulate()
    close(world.root[0, 0], 3.0, atol=0.01)
    close(world.contact, torch.zeros_like(world.contact))


def test_without_refresh_numbers_are_old(gym: Any, tmp_path: Path) -> None:
    world = World(gym, tmp_path, BALL, height=2.0)
    gym.simulate(world.sim)
    gym.fetch_results(world.sim, True)
    close(world.root[0, 9], 0.0, atol=0)
    world.refresh()
    assert float(world.root[0, 9]) < 0


def test_edits_in_place_do_nothing(gym: Any, tmp_path: Path) -> None:
    world = World(gym, tmp_path, BALL, height=2.0)
    world.root[0, 0] = 7.0
    assert abs(float(world.simulate().root[0, 0])) < 1e-6


def test_values_are_those_of_the_call(gym: Any, tmp_path: Path) -> None:
    world = World(gym, tmp_path, BALL, height=2.0)
    state = moved(world, 1.0)
    gym.set_actor_root_state_tensor(world.sim, unwrap(state))
    state[:] = 9.0
    close(world.simulate().root[0, 0], 1.0)


def test_efforts_last_one_step_and_targets_stay(gym: Any, tmp_path: Path) -> None:
    still = sim_params(gravity=gymapi.Vec3())
    world = World(gym, tmp_path, ARM, options=asset_options(fix_base_link=True), params=still)
    world.effort(torch.tensor([0.5]))
    first = float(world.simulate().dof[0, 1])
    assert first > 0
    close(world.simulate().dof[0, 1], first, rtol=1e-3)
    world.dof_props(driveMode=gymapi.DOF_MODE_POS, stiffness=50.0, damping=2.0)
    target = torch.tensor([0.4])
    gym.set_dof_position_target_tensor(world.sim, unwrap(target))
    close(world.simulate(1000).dof[0], [0.4, 0.0], atol=1e-3)


def test_a_second_indexed_effort_replaces_the_first(gym: Any, tmp_path: Path) -> None:
    still = sim_params(gravity=gymapi.Vec3())
    world = World(gym, tmp_path, ARM, num_envs=2, options=asset_options(fix_base_link=True), params=still)
    effort = torch.ones(2)
    for row in (0, 1):
        index = ids(row)
        gym.set_dof_actuation_force_tensor_indexed(world.sim, unwrap(effort), unwrap(index), 1)
    speed = world.simulate().dof[:, 1]
    assert float(speed[0]) == 0.0 and float(speed[1]) > 0.0


def test_nan_stays_in_its_environment(gym: Any, tmp_path: Path) -> None:
    world = World(gym, tmp_path, quadruped(), num_envs=3, height=0.22)
    bad = world.root.clone()
    bad[1, 9] = float("nan")
    gym.set_actor_root_state_tensor(world.sim, unwrap(bad))
    world.simulate(20)
    for tensor in (world.root, world.bodies, world.dof, world.contact):
        rows = tensor.reshape(3, -1)
        assert torch.isnan(rows[1]).all() and torch.isfinite(rows[[0, 2]]).all()
        close(rows[0], rows[2])
    good, dofs, index = world.root[:1].repeat(3, 1), torch.zeros(12, 2), ids(1)
    gym.set_actor_root_state_tensor_indexed(world.sim, unwrap(good), unwrap(index), 1)
    gym.set_dof_state_tensor_indexed(world.sim, unwrap(dofs), unwrap(index), 1)
    assert torch.isfinite(world.simulate().root).all()


@pytest.mark.parametrize("size", [float("inf"), float("nan"), 1e30, 1e9])
def test_an_effort_beyond_reason_loses_its_environment(
    gym: Any, tmp_path: Path, size: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    world = World(gym, tmp_path, quadruped(), num_envs=2, height=0.22)
    for _ in range(3):
        effort = torch.zeros(8)
        effort[5] = size
        world.effort(effort)
        world.simulate()
    assert torch.isfinite(world.root[0]).all() and torch.isnan(world.root[1]).all()
    assert [p.name for p in tmp_path.iterdir()] == ["robot.urdf"]


BAD = {
    "int64 indices": (lambda w: ids(0).long(), lambda w: w.root.clone(), RuntimeError, "int32, not int64"),
    "float64 states": (lambda w: ids(0), lambda w: w.root.double(), RuntimeError, "float32, not float64"),
    "one row": (lambda w: ids(0), lambda w: w.root[:1].clone(), ValueError, "takes 39 numbers, not 13"),
    "an index too high": (lambda w: ids(3), lambda w: w.root.clone(), IndexError, "there are 3 actors"),
    "a negative index": (lambda w: ids(-1), lambda w: w.root.clone(), IndexError, "from -1 to -1"),
}


@pytest.mark.parametrize("case", BAD)
def test_bad_arguments(gym: Any, tmp_path: Path, case: str) -> None:
    make_index, make_state, error, message = BAD[case]
    world = World(gym, tmp_path, BALL, num_envs=3)
    index, state = make_index(world), make_state(world)
    with pytest.raises(error, match=message):
        gym.set_actor_root_state_tensor_indexed(world.sim, unwrap(state), unwrap(index), 1)


def test_more_indices_than_there_are(gym: Any, tmp_path: Path) -> None:
    world = World(gym, tmp_path, BALL, num_envs=3)
    index, state = ids(0), world.root.clone()
    with pytest.raises(ValueError, match="2 of 1 indices"):
        gym.set_actor_root_state_tensor_indexed(world.sim, unwrap(state), unwrap(index), 2)


def test_a_temporary_is_gone(gym: Any, tmp_path: Path) -> None:
    world = World(gym, tmp_path, BALL, num_envs=3)
    with pytest.raises(RuntimeError, match="is gone"):
        gym.set_actor_root_state_tensor(world.sim, unwrap(world.root.clone()))
    gym.set_actor_root_state_tensor(world.sim, unwrap(world.root.view(-1)))  # its memory is still there


def test_strides(gym: Any, tmp_path: Path) -> None:
    world = World(gym, tmp_path, ARM, num_envs=3)
    with pytest.raises(RuntimeError, match="contiguous"):
        unwrap(world.dof[:, 0])


def test_a_tensor_is_no_descriptor(gym: Any, tmp_path: Path) -> None:
    world = World(gym, tmp_path, BALL)
    with pytest.raises(TypeError, match="unwrap_tensor"):
        gym.set_actor_root_state_tensor(world.sim, world.root)


def test_dof_setter_takes_actors_with_dofs(gym: Any, tmp_path: Path) -> None:
    world = World(gym, tmp_path, BALL)
    state, index = torch.zeros(0, 2), ids(0)
    with pytest.raises(RuntimeError, match="without DOFs"):
        gym.set_dof_state_tensor_indexed(world.sim, unwrap(state), unwrap(index), 1)


def test_arrays_of_numpy_have_descriptors_too(gym: Any, tmp_path: Path) -> None:
    world = World(gym, tmp_path, BALL)
    state = world.root.numpy().copy()
    state[0, 0] = 4.0
    gym.set_actor_root_state_tensor(world.sim, gymapi.Tensor(state))
    close(world.simulate().root[0, 0], 4.0)
