"""The double's physics is plain MuJoCo's of the same robot, and a file of either kind gives the same robot."""

import re
from pathlib import Path
from typing import Any, Tuple

import mujoco
import numpy as np
import pytest
import torch
from worlds import World, asset_options, close, sim_params

from isaacgym import gymtorch

ASSETS = Path(__file__).resolve().parents[3] / "assets" / "robots"
DT, KP, KD = 0.002, 20.0, 0.5
BASE_HEIGHT = {"mini_cheetah": 0.33, "toy": 0.22}
POSE = {"mini_cheetah": [0.0, -0.8, 1.596], "toy": [0.0]}


def ours(name: str) -> str:
    """Our MJCF of the robot on a plane that its named geoms may touch."""
    text = (ASSETS / name / f"{name}.xml").read_text()
    floor = '<worldbody><geom name="floor" type="plane" size="0 0 1"/>'
    pairs = "".join(
        f'<pair geom1="floor" geom2="{geom}" condim="3" friction="1 1 0.005 0.0001 0.0001"/>'
        for geom in re.findall(r'<geom name="(\w+)"', text)
    )
    text = text.replace("<worldbody>", floor)
    return text.replace("</mujoco>", f"<contact>{pairs}</contact></mujoco>")


def double(gym: Any, folder: Path, name: str) -> World:
    """Our MJCF in the double. Ranges are lost on the way, as in Isaac Gym, and are given by name."""
    world = World(
        gym, folder, ours(name), height=BASE_HEIGHT[name], params=sim_params(dt=DT), prepare=False
    ).fill()
    model = mujoco.MjModel.from_xml_string(ours(name))
    ranges = np.array([model.joint(n).range for n in gym.get_asset_dof_names(world.asset)])
    return world.dof_props(
        hasLimits=True, lower=ranges[:, 0], upper=ranges[:, 1], damping=0.0, friction=0.0
    ).prepare()


def plain(name: str) -> Tuple[Any, Any]:
    model = mujoco.MjModel.from_xml_string(ours(name))
    model.opt.timestep = DT
    model.opt.gravity[2] = np.float32(-9.81)
    data = mujoco.MjData(model)
    data.qpos[2] = BASE_HEIGHT[name]
    return model, data


@pytest.mark.parametrize("name", ["toy", "mini_cheetah"])
def test_steps_are_plain_mujocos(gym: Any, tmp_path: Path, name: str) -> None:
    """Dropped with a spin, legs held by a PD law of the explicit kind, until well after the feet have landed."""
    world, (model, data) = double(gym, tmp_path, name), plain(name)
    pose = np.tile(POSE[name], 4).astype(np.float32)
    assert gym.get_asset_dof_names(world.asset) == [model.joint(i).name for i in range(1, model.njnt)]
    state, dofs = world.root.clone(), torch.zeros(len(pose), 2)
    com = model.body_ipos[1]
    spin = np.array([0.3, -0.5, 0.7], np.float32)
    dofs[:, 0] = torch.from_numpy(pose)
    state[0, 10:] = torch.from_numpy(spin)
    state[0, 7:10] = torch.from_numpy(np.cross(spin, com).astype(np.float32))
    gym.set_actor_root_state_tensor(world.sim, gymtorch.unwrap_tensor(state))
    gym.set_dof_state_tensor(world.sim, gymtorch.unwrap_tensor(dofs))
    data.qvel[3:6], data.qpos[7:] = spin, pose
    tau = torch.zeros(len(pose))
    for _ in range(150):
        wanted = KP * (pose - data.qpos[7:]) - KD * data.qvel[6:]
        # what the model damps by itself is part of the effort here
        tau[:] = torch.from_numpy(wanted - model.dof_damping[6:] * data.qvel[6:])
        world.effort(tau)
        data.qfrc_applied[6:] = wanted
        mujoco.mj_step(model, data)
        world.simulate()
    assert data.ncon >= 3
    close(world.root[0, :3], data.qpos[:3], atol=1e-4)
    close(world.root[0, 3:7], np.roll(data.qpos[3:7], -1), atol=1e-4)
    close(world.dof[:, 0], data.qpos[7:], atol=1e-4)
    close(world.dof[:, 1], data.qvel[6:], atol=2e-2)


def test_mjcf_gives_the_tables_of_its_bodies(gym: Any, tmp_path: Path) -> None:
    world = double(gym, tmp_path, "mini_cheetah")
    legs = ("rf", "lf", "rh", "lh")
    bodies = ["base", *(f"{leg}_{part}" for leg in legs for part in ("hip", "thigh", "shank"))]
    assert gym.get_asset_rigid_body_names(world.asset) == bodies
    assert gym.get_asset_rigid_shape_count(world.asset) == 13  # visual geoms are left out
    counts = [r.count for r in gym.get_asset_rigid_body_shape_indices(world.asset)]
    assert counts == [1, *[0, 1, 2] * 4]
    props = gym.get_asset_dof_properties(world.asset)
    close(props["armature"], [0.002268, 0.002268, 0.005484] * 4)
    assert not props["hasLimits"].any()
    masses = [p.mass for p in gym.get_actor_rigid_body_properties(world.envs[0], 0)]
    assert sum(masses) == pytest.approx(3.3 + 4 * (0.54 + 0.634 + 0.074))


def test_refuses_two_joints_in_a_body(gym: Any, tmp_path: Path) -> None:
    text = """<mujoco><worldbody><body name="a"><freejoint/><geom size="0.1"/><body name="b"><joint axis="1 0 0"/>
      <joint axis="0 1 0"/><geom size="0.1"/></body></body></worldbody></mujoco>"""
    with pytest.raises(ValueError, match="body 'b' has 2 joints"):
        World(gym, tmp_path, text, options=asset_options())


def test_many_robots_step_as_one_does(gym: Any, tmp_path: Path) -> None:
    """Environments do not touch one another: all end where the first does."""
    world = World(gym, tmp_path, ours("mini_cheetah"), num_envs=5, height=0.3).simulate(100)
    close(world.root, world.root[:1].expand(5, 13), rtol=0, atol=0)
