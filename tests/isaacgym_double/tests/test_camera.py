"""Cameras, in processes of their own: MuJoCo chooses its graphics when it is imported."""

from pathlib import Path

import pytest
from test_process import run
from worlds import quadruped

PROBE = """
import mujoco
mujoco.Renderer(mujoco.MjModel.from_xml_string("<mujoco/>"), 8, 8).close()
"""

PICTURE = """
import sys
from isaacgym import gymapi
sys.path.insert(0, {tests!r})
from worlds import Vec3, asset_options, sim_params

gym = gymapi.acquire_gym()
sim = gym.create_sim(0, {graphics}, gymapi.SIM_PHYSX, sim_params())
plane = gymapi.PlaneParams()
plane.normal = Vec3(0, 0, 1)
gym.add_ground(sim, plane)
asset = gym.load_asset(sim, {folder!r}, "robot.urdf", asset_options())
env = gym.create_env(sim, Vec3(-1, -1, 0), Vec3(1, 1, 1), 1)
gym.create_actor(env, asset, gymapi.Transform(Vec3(0, 0, 0.3)), "robot", 0, 1)
props = gymapi.CameraProperties()
props.width, props.height = 64, 48
camera = gym.create_camera_sensor(env, props)
print("handle", camera)
gym.prepare_sim(sim)
if camera >= 0:
    gym.set_camera_location(camera, env, Vec3(2, 0, 0.5), Vec3(0, 0, 0.3))
    gym.step_graphics(sim)
    gym.render_all_camera_sensors(sim)
    image = gym.get_camera_image(sim, env, camera, gymapi.IMAGE_COLOR)
    assert image.shape == (48, 256) and image.dtype.name == "uint8", image.shape
    pixels = image.reshape(48, 64, 4)
    assert (pixels[..., 3] == 255).all()
    red, blue = pixels[..., 0].astype(int), pixels[..., 2].astype(int)
    assert (red - blue)[20:30, 28:36].max() > 40, "the robot is orange"
    assert (blue - red)[-4:].max() > 5 and not (red > blue)[-4:].any(), "the ground is blue-grey"
    above = gymapi.Transform(Vec3(-2, 0, 0), gymapi.Quat())
    gym.attach_camera_to_body(camera, env, 0, above, gymapi.FOLLOW_POSITION)
    pixels = gym.get_camera_image(sim, env, camera, gymapi.IMAGE_COLOR).reshape(48, 64, 4).astype(int)
    assert (pixels[..., 0] - pixels[..., 2])[20:28, 28:36].max() > 40, "still in the middle, from behind"
    print("picture")
"""


def script(folder: Path, graphics: int) -> str:
    (folder / "robot.urdf").write_text(quadruped())
    tests = str(Path(__file__).resolve().parent)
    return PICTURE.format(tests=tests, folder=str(folder), graphics=graphics)


def test_no_camera_without_a_graphics_device(tmp_path: Path) -> None:
    assert "handle -1" in run(script(tmp_path, -1)).stdout


def test_says_what_to_do_where_nothing_renders(tmp_path: Path) -> None:
    done = run(script(tmp_path, 0), MUJOCO_GL="disabled")
    assert done.returncode == 1 and "Try MUJOCO_GL=egl or osmesa" in done.stderr


def test_shows_the_robot(tmp_path: Path) -> None:
    """By its colour, in the middle of the picture, and the ground by its own below."""
    if run(PROBE, MUJOCO_GL="egl").returncode:
        pytest.skip("MuJoCo itself renders nothing with MUJOCO_GL=egl on this machine")
    done = run(script(tmp_path, 0), MUJOCO_GL="egl")
    assert done.stdout.endswith("picture\n"), done.stderr
