"""A recorded episode as an mp4, drawn off screen."""

# MuJoCo's compiled classes have no type stubs.
# pyright: reportAttributeAccessIssue=false

import contextlib
import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from jaxtyping import UInt8
from numpy import ndarray

from gpugym_jax.files import NotWrittenError, whole
from gpugym_jax.screen import LIBRARIES
from gpugym_jax.tables import UserError

if TYPE_CHECKING:
    import mujoco

WIDTH, HEIGHT = 640, 480
MAX_FPS = 50.0
"""Hz: control steps are left out of the video to stay at or below it."""


def open_renderer(model: "mujoco.MjModel") -> "mujoco.Renderer":
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
    import mediapy

    mediapy.set_ffmpeg(find_ffmpeg())


def find_ffmpeg() -> str:
    """The program's path; a `UserError` says what to do where there is none."""
    import imageio_ffmpeg

    found = None
    with contextlib.suppress(RuntimeError):  # it has none for this machine
        found = shutil.which(imageio_ffmpeg.get_ffmpeg_exe())
    if found:
        return found
    if given := os.environ.get("IMAGEIO_FFMPEG_EXE"):
        raise UserError(f"IMAGEIO_FFMPEG_EXE={given}: there is no such program to write a video with.")
    raise UserError(
        "no ffmpeg to write a video with: imageio-ffmpeg has none for this machine. "
        "Install the program, on Debian with apt-get install ffmpeg; or give --no_video."
    )


def check_drawing() -> None:
    """Raise `UserError`, before a policy has acted, if there will be no video."""
    import mujoco

    find_ffmpeg()
    open_renderer(mujoco.MjModel.from_xml_string("<mujoco/>")).close()


def write_video(path: Path, model: "mujoco.MjModel", poses: ndarray, dt: float) -> float:
    """Write an mp4 in real time of `poses`, one a control step of `dt` s. Returns the frames a second."""
    import mediapy

    use_ffmpeg()
    every = int(np.ceil(1.0 / (dt * MAX_FPS) - 1e-9))
    fps = 1.0 / (dt * every)
    with whole(path) as beside:
        try:
            with mediapy.VideoWriter(beside, (HEIGHT, WIDTH), fps=fps) as writer:
                for image in draw(model, poses[::every]):
                    writer.add_image(image)
        except RuntimeError as error:  # what ffmpeg says as it ends, of a full disk for one
            raise NotWrittenError(f"{path} was not written: {' '.join(str(error).split())}") from error
    return fps
