"""The order of calls: what must come before what, each broken once."""

from pathlib import Path
from typing import Any

import pytest
from worlds import BALL, World, load, quadruped, sim_params

from isaacgym import gymapi


def test_tensors_come_after_prepare_sim(gym: Any, tmp_path: Path) -> None:
    world = World(gym, tmp_path, BALL, prepare=False).fill()
    with pytest.raises(RuntimeError, match="before prepare_sim"):
        gym.acquire_actor_root_state_tensor(world.sim)
    world.prepare()
    with pytest.raises(RuntimeError, match="twice"):
        gym.prepare_sim(world.sim)


def test_refresh_comes_after_acquire(gym: Any, tmp_path: Path) -> None:
    world = World(gym, tmp_path, BALL)
    with pytest.raises(RuntimeError, match="before it was acquired"):
        gym.refresh_force_sensor_tensor(world.sim)


def test_the_cpu_pipeline_fetches_results(gym: Any, tmp_path: Path) -> None:
    world = World(gym, tmp_path, BALL)
    gym.simulate(world.sim)
    with pytest.raises(RuntimeError, match="before fetch_results"):
        gym.refresh_actor_root_state_tensor(world.sim)


def test_the_gpu_pipeline_need_not(gym: Any, tmp_path: Path) -> None:
    world = World(gym, tmp_path, BALL, params=sim_params(use_gpu_pipeline=True))
    gym.simulate(world.sim)
    assert gym.refresh_actor_root_state_tensor(world.sim)


def test_masses_are_fixed_on_the_gpu_pipeline(gym: Any, tmp_path: Path) -> None:
    world = World(gym, tmp_path, BALL, params=sim_params(use_gpu_pipeline=True))
    props = gym.get_actor_rigid_body_properties(world.envs[0], 0)
    with pytest.raises(RuntimeError, match="GPU pipeline ignores"):
        gym.set_actor_rigid_body_properties(world.envs[0], 0, props)


def test_actors_come_before_the_next_environment(gym: Any, tmp_path: Path) -> None:
    world = World(gym, tmp_path, BALL, num_envs=2, prepare=False).fill()
    with pytest.raises(RuntimeError, match="environment 0 although 1 was begun"):
        gym.create_actor(world.envs[0], world.asset, gymapi.Transform(), "late", 0, 0)


def test_the_world_is_complete_once_prepared(gym: Any, tmp_path: Path) -> None:
    world = World(gym, tmp_path, BALL)
    for call in (lambda: world.fill(), lambda: world.add_ground()):
        with pytest.raises(RuntimeError, match="came after prepare_sim"):
            call()


def test_one_simulation_a_process(gym: Any, tmp_path: Path) -> None:
    load(gym, tmp_path, BALL)
    with pytest.raises(RuntimeError, match="process of its own"):
        load(gym, tmp_path, BALL)


def test_sensors_are_on_leaves_and_before_actors(gym: Any, tmp_path: Path) -> None:
    asset = load(gym, tmp_path, quadruped())
    with pytest.raises(RuntimeError, match="'base' would read"):
        gym.create_asset_force_sensor(asset, 0, gymapi.Transform())
    assert gym.create_asset_force_sensor(asset, 99, gymapi.Transform()) == -1


def test_flex_is_refused(gym: Any) -> None:
    with pytest.raises(ValueError, match="SIM_PHYSX only"):
        gym.create_sim(0, -1, gymapi.SIM_FLEX, sim_params())
