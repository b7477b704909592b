"""A recorded episode as an mp4, drawn off screen."""

# MuJoCo's compiled classes have no type stubs.
# pyright: reportAttributeAccessIssue=false

import ctypes.util
import os
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from jaxtyping import UInt8
from numpy import ndarray

from gpugym_jax.hearing import unfinished
from gpugym_jax.tables import UserError

if TYPE_CHECKING:
    import mujoco

WIDTH, HEIGHT = 640, 480
MAX_FPS = 50.0
"""Hz: control steps are left out of the video to stay at or below it."""
LIBRARIES = {"egl": ("EGL", "libegl1 libgl1-mesa-dri"), "osmesa": ("OSMesa", "libosmesa6")}
"""Ways to draw without a display: what to load, and the Debian packages that have it."""


def choose_gl() -> None:
    """Set MUJOCO_GL to a way to draw without a display. To be called before mujoco is first imported."""
    if os.environ.get("MUJOCO_GL"):
        return
    for name, (library, _) in LIBRARIES.items():
        if ctypes.util.find_library(library):
            os.environ["MUJOCO_GL"] = name
            return


def open_renderer(model: object) -> object:
    """A `mujoco.Renderer` without shadows and reflections, which cost most of the time on a CPU."""
    import mujoco

    try:
        renderer = mujoco.Renderer(model, HEIGHT, WIDTH)
    except Exception as error:  # no driver, no library, no display: each has its own class
        packages = " or ".join(packages for _, packages in LIBRARIES.values())
        raise UserError(
            f"MuJoCo cannot draw with MUJOCO_GL={os.environ.get('MUJOCO_GL', '')} "
            f"({' '.join(str(error).split())}). On Debian, install {packages}."
        ) from None
    for flag in (mujoco.mjtRndFlag.mjRND_SHADOW, mujoco.mjtRndFlag.mjRND_REFLECTION):
        renderer.scene.flags[flag] = 0
    return renderer


def make_camera(model: "mujoco.MjModel") -> "mujoco.MjvCamera":
    """One that follows a floating base; side and distance are of the MJCF's `<global>` and `<statistic>`."""
    import mujoco

    camera = mujoco.MjvCamera()
    mujoco.mjv_defaultFreeCamera(model, camera)
    if model.njnt and model.jnt_type[0] == mujoco.mjtJoint.mjJNT_FREE:
        camera.type = mujoco.mjtCamera.mjCAMERA_TRACKING
        camera.trackbodyid = model.jnt_bodyid[0]
    return camera


def draw(model: "mujoco.MjModel", poses: ndarray) -> Iterator[UInt8[ndarray, "480 640 3"]]:
    """One image for each row of `poses`, which are `qpos`."""
    import mujoco

    data, renderer, camera = mujoco.MjData(model), open_renderer(model), make_camera(model)
    try:
        for pose in poses:
            data.qpos[:] = pose
            mujoco.mj_kinematics(model, data)
            mujoco.mj_comPos(model, data)  # the camera follows the centre of mass
            mujoco.mj_camlight(model, data)
            renderer.update_scene(data, camera=camera)
            yield renderer.render()
    finally:
        renderer.close()  # else the interpreter's end prints errors of EGL


def use_ffmpeg() -> None:
    """Tell mediapy of the ffmpeg that comes with the package imageio-ffmpeg, or of one in PATH."""
    import imageio_ffmpeg
    import mediapy

    try:
        mediapy.set_ffmpeg(imageio_ffmpeg.get_ffmpeg_exe())
    except RuntimeError:
        raise UserError(
            "no ffmpeg to write a video with: imageio-ffmpeg has none for this machine. "
            "Install the program, on Debian with apt-get install ffmpeg."
        ) from None


def write_video(path: Path, model: "mujoco.MjModel", poses: ndarray, dt: float) -> float:
    """Write an mp4 in real time of `poses`, one a control step of `dt` s. Returns the frames a second."""
    import mediapy

    use_ffmpeg()
    every = int(np.ceil(1.0 / (dt * MAX_FPS) - 1e-9))
    fps = 1.0 / (dt * every)
    path.parent.mkdir(parents=True, exist_ok=True)
    beside = path.with_name(f".{path.stem}.{os.getpid()}{path.suffix}")  # nobody ever sees a part of it
    try:
        with unfinished(beside), mediapy.VideoWriter(beside, (HEIGHT, WIDTH), fps=fps) as writer:
            for image in draw(model, poses[::every]):
                writer.add_image(image)
        beside.replace(path)
    finally:
        beside.unlink(missing_ok=True)
    return fps
