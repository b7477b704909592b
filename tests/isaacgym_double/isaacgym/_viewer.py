"""A viewer that shows nothing, and cameras that render with MuJoCo."""

# MuJoCo's compiled classes have no type stubs.
# pyright: reportAttributeAccessIssue=false

import copy
import math
from dataclasses import dataclass, field
from typing import Any, Dict, List

import mujoco
import numpy as np

from . import _rotations as rot
from ._enums import CameraFollowMode, ImageType
from ._settings import refuse
from ._types import Transform, Vec3, to_array, to_pose
from ._world import Env, Sim


@dataclass(eq=False)
class Viewer:
    """What a program has told its viewer."""

    props: Any
    actions: Dict[str, Any] = field(default_factory=dict)


@dataclass(eq=False)
class Camera:
    """In the environment's frame, m."""

    props: Any
    pos: Any
    target: Any
    carrier: Any = None  # body, place in its frame, and whether it turns with the body


def create_viewer(sim: Sim, props: Any) -> Any:
    """None without a graphics device."""
    return Viewer(copy.deepcopy(props)) if sim.graphics >= 0 else None


def _check(viewer: Any) -> None:
    if viewer is None:
        refuse("there is no viewer: create_viewer gave None, for want of a graphics device.")


def destroy_viewer(viewer: Any) -> None:
    _check(viewer)


def query_viewer_has_closed(viewer: Any) -> bool:
    _check(viewer)
    return False


def query_viewer_action_events(viewer: Any) -> List[Any]:
    _check(viewer)
    return []


def subscribe_viewer_keyboard_event(viewer: Any, key: Any, name: str) -> bool:
    _check(viewer)
    viewer.actions[name] = key
    return True


subscribe_viewer_mouse_event = subscribe_viewer_keyboard_event


def viewer_camera_look_at(viewer: Any, env: Any, pos: Vec3, target: Vec3) -> None:
    _check(viewer)


def get_viewer_camera_transform(viewer: Any, env: Any) -> Transform:
    _check(viewer)
    return Transform()


def draw_viewer(viewer: Any, sim: Sim, render_collision: bool = True) -> None:
    _check(viewer)


def poll_viewer_events(viewer: Any) -> None:
    _check(viewer)


def clear_lines(viewer: Any) -> None:
    _check(viewer)


def add_lines(viewer: Any, env: Any, count: int, vertices: Any, colors: Any) -> bool:
    _check(viewer)
    return True


def write_viewer_image_to_file(viewer: Any, path: str) -> None:
    raise RuntimeError("isaacgym double: its viewer has no image; use a camera sensor.")


def step_graphics(sim: Sim) -> None:
    """Nothing to do: cameras render when asked."""


def sync_frame_time(sim: Sim) -> None:
    """The double does not wait for the clock."""


def set_rigid_body_color(env: Env, handle: int, body: int, mesh: Any, color: Vec3) -> bool:
    return True


def create_camera_sensor(env: Env, props: Any) -> int:
    """Handle, or -1 without a graphics device."""
    if env.sim.graphics < 0:
        return -1
    env.cameras.append(Camera(copy.deepcopy(props), np.array([1.0, 1.0, 1.0]), np.zeros(3)))
    return len(env.cameras) - 1


def set_camera_location(handle: int, env: Env, pos: Vec3, target: Vec3) -> None:
    camera = env.cameras[handle]
    camera.pos, camera.target, camera.carrier = to_array(pos), to_array(target), None


def attach_camera_to_body(handle: int, env: Env, body: int, local: Transform, follow: Any) -> None:
    """The camera looks along the x axis of its place."""
    turns = int(follow) == int(CameraFollowMode.FOLLOW_TRANSFORM)
    env.cameras[handle].carrier = body, copy.deepcopy(local), turns


def render_all_camera_sensors(sim: Sim) -> None:
    """Nothing to do: cameras render when asked."""


def get_camera_image(sim: Sim, env: Env, handle: int, image_type: Any) -> Any:
    """Colour: (height, width * 4) uint8, red, green, blue, alpha. Other kinds raise `ValueError`."""
    if int(image_type) != int(ImageType.IMAGE_COLOR):
        raise ValueError("isaacgym double: its cameras have IMAGE_COLOR only.")
    if not 0 <= handle < len(env.cameras):
        raise IndexError(f"isaacgym double: environment {env.index} has no camera {handle}.")
    camera = env.cameras[handle]
    cell = sim.world.cells[env.index]
    if camera.carrier is not None:
        _carry(camera, cell.data, env.origin)
    rgb = _render(cell.model, cell.data, camera, env.origin)
    alpha = np.full((*rgb.shape[:2], 1), 255, np.uint8)
    return np.concatenate([rgb, alpha], axis=-1).reshape(len(rgb), -1)


def _carry(camera: Camera, data: Any, origin: Any) -> None:
    """Move a camera along with its body, `body` counted in the environment."""
    body, local, turns = camera.carrier
    (pos, quat), (at, way) = (data.xpos[body + 1], data.xquat[body + 1]), to_pose(local)
    turn = rot.to_xyzw(quat) if turns else np.array([0.0, 0.0, 0.0, 1.0])
    camera.pos = pos - origin + rot.rotate(turn, at)
    camera.target = camera.pos + rot.rotate(rot.product(turn, way), np.array([1.0, 0.0, 0.0]))


def _render(model: Any, data: Any, camera: Camera, origin: Any) -> Any:
    props = camera.props
    model.vis.global_.offwidth, model.vis.global_.offheight = props.width, props.height
    half = math.tan(math.radians(props.horizontal_fov) / 2) * props.height / props.width
    model.vis.global_.fovy = math.degrees(2 * math.atan(half))
    mujoco.mj_kinematics(model, data)
    try:
        renderer = mujoco.Renderer(model, props.height, props.width)
    except Exception as error:
        raise RuntimeError(
            f"isaacgym double: no image, for MuJoCo found no graphics ({error}). Try MUJOCO_GL=egl or osmesa."
        ) from error
    try:
        renderer.update_scene(data, _look(camera, origin))
        return renderer.render()
    finally:
        renderer.close()


def _look(camera: Camera, origin: Any) -> Any:
    view, way = mujoco.MjvCamera(), camera.target - camera.pos
    view.lookat[:] = camera.target + origin
    view.distance = float(np.linalg.norm(way))
    view.azimuth = math.degrees(math.atan2(way[1], way[0]))
    view.elevation = math.degrees(math.asin(way[2] / view.distance))
    return view
