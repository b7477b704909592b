"""The viewer's window and camera pictures. Python 3.8, Isaac Gym with graphics.

Keys in the window: V stops and starts drawing, which costs time; ESC ends the run.
"""

from typing import Any, Dict, Tuple

import numpy as np
from isaacgym import gymapi

from scene import Scene, must

FRAMES_HZ = 60.0


class Window:
    """A window on the simulation, drawn about 60 times a second of simulated time."""

    def __init__(self, gym: Any, sim: Any, timestep: float) -> None:
        self._gym, self._sim = gym, sim
        self._viewer = must(gym.create_viewer(sim, gymapi.CameraProperties()), "open a window")
        gym.subscribe_viewer_keyboard_event(self._viewer, gymapi.KEY_ESCAPE, "end")
        gym.subscribe_viewer_keyboard_event(self._viewer, gymapi.KEY_V, "toggle")
        gym.viewer_camera_look_at(self._viewer, None, gymapi.Vec3(2, -2, 1.5), gymapi.Vec3(0, 0, 0.3))
        self._every = max(1, round(1 / (FRAMES_HZ * timestep)))  # substeps a frame
        self._steps = 0
        self._drawing = True

    def after_step(self) -> None:
        """Draw if due. Raises `RuntimeError` once the user has closed the window or pressed ESC."""
        self._steps += 1
        if self._steps % self._every:
            return
        gym, viewer = self._gym, self._viewer
        pressed = [event.action for event in gym.query_viewer_action_events(viewer) if event.value > 0]
        if "end" in pressed or gym.query_viewer_has_closed(viewer):
            raise RuntimeError("the viewer was closed: the run ends. With --headless there is none.")
        self._drawing ^= pressed.count("toggle") % 2 == 1
        if not self._drawing:
            gym.poll_viewer_events(viewer)
            return
        gym.fetch_results(self._sim, True)
        gym.step_graphics(self._sim)
        gym.draw_viewer(viewer, self._sim, True)
        gym.sync_frame_time(self._sim)

    def close(self) -> None:
        """Take the window away."""
        self._gym.destroy_viewer(self._viewer)


class Cameras:
    """Camera sensors, made when a picture of a new size or robot is asked for."""

    def __init__(self, gym: Any, scene: Scene) -> None:
        self._gym, self._scene = gym, scene
        self._made: Dict[Tuple[int, int, int], int] = {}

    def picture(self, env: int, width: int, height: int, eye: Any, target: Any) -> bytes:
        """RGB bytes, row by row from the top, of what was last simulated. `eye`, `target`: m, world."""
        gym, sim, here = self._gym, self._scene.sim, self._scene.envs[env]
        key = (env, width, height)
        if key not in self._made:
            properties = gymapi.CameraProperties()
            properties.width, properties.height = width, height
            self._made[key] = must(gym.create_camera_sensor(here, properties), "make a camera")
        camera = self._made[key]
        gym.set_camera_location(camera, here, gymapi.Vec3(*eye), gymapi.Vec3(*target))
        gym.fetch_results(sim, True)
        gym.step_graphics(sim)
        gym.render_all_camera_sensors(sim)
        image = np.asarray(gym.get_camera_image(sim, here, camera, gymapi.IMAGE_COLOR), np.uint8)
        return image.reshape(height, width, 4)[..., :3].tobytes()
