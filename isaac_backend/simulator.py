"""Isaac Gym behind the worker's verbs. Python 3.8; the worker loads this file and what it imports by path.

Isaac Gym must be imported before torch. It holds one simulation a process, and takes written states at the
next `simulate` only: `write` records and publishes them, `step` sends the union of what is pending.
"""

from typing import Any, Dict

import isaacgym
import numpy as np
import torch  # pyright: ignore[reportMissingImports]  (there in the worker only)
from isaacgym import gymapi

from kinematics import link_states, make_chain
from pictures import Cameras, Window
from protocol import STATE
from scene import make_scene
from tensors import Exchange


class Simulator:
    """A batch of robots in Isaac Gym, its arrays in the arena."""

    def __init__(self, spec: Dict[str, Any], arena: Dict[str, np.ndarray]) -> None:
        self._spec, self._robot, self._arena = spec, spec["robot"], arena
        self._gym = gymapi.acquire_gym()
        self._scene: Any = None
        self._exchange: Any = None
        self._window: Any = None
        self._cameras: Any = None
        self._chain = make_chain(self._robot)
        self._damping = np.array(self._robot["dof"]["damping"], np.float32)
        self._pending = np.zeros(spec["num_envs"], bool)  # written, not yet sent
        self._broken = np.zeros(spec["num_envs"], bool)  # not finite: never sent, published as NaN

    def versions(self) -> Dict[str, Any]:
        """What this runs on."""
        return {
            "isaacgym": str(getattr(isaacgym, "__version__", "unknown")),
            "torch": torch.__version__,
            "double": bool(getattr(isaacgym, "__double__", False)),
        }

    def init(self) -> Dict[str, Any]:
        """Make the simulation with the arena's variation and all robots at new_*. Once a process."""
        if self._scene is not None:
            raise RuntimeError("Isaac Gym holds one simulation a process: start another worker.")
        self._scene = scene = make_scene(self._gym, self._spec, self._arena)
        self._exchange = Exchange(self._gym, scene, self._spec, self._arena)
        if not self._spec["headless"]:
            self._window = Window(self._gym, scene.sim, self._spec["timestep"])
        self._cameras = Cameras(self._gym, scene)
        self._write(np.ones(self._spec["num_envs"], bool))
        names = {"dof_names": scene.dof_names, "body_names": scene.body_names}
        return {**names, "effective": scene.effective, "differs": scene.differs}

    def write(self) -> None:
        """Take new_* of the masked rows: published now, in Isaac Gym from the next `step` on."""
        self._write(self._arena["mask"] != 0)

    def step(self) -> None:
        """Send what is pending, apply torque and wrench, simulate one substep, publish."""
        gym, sim = self._gym, self._scene.sim
        effort = self._efforts()
        rows = np.flatnonzero(self._pending & ~self._broken)
        if len(rows):
            self._exchange.send_states(rows)
        self._pending[:] = False
        self._exchange.send_efforts(effort)
        if self._arena["wrench"].any():
            self._exchange.send_wrench(np.where(self._broken[:, None], 0, self._arena["wrench"]))
        gym.simulate(sim)
        if self._spec["pipeline"] == "cpu":
            gym.fetch_results(sim, True)
        self._exchange.publish()
        self._publish_broken()
        if self._window is not None:
            self._window.after_step()

    def camera(self, request: Dict[str, Any]) -> bytes:
        """A picture as RGB bytes."""
        if not self._spec["camera"] and self._spec["headless"]:
            raise ValueError("this simulation has no graphics: ask for a camera in its configuration.")
        return self._cameras.picture(**request)

    def close(self) -> None:
        """Free the window and the simulation."""
        if self._window is not None:
            self._window.close()
        if self._scene is not None:
            self._gym.destroy_sim(self._scene.sim)
        self._window = self._scene = None

    def _write(self, mask: np.ndarray) -> None:
        arena = self._arena
        for name in STATE:
            arena[name][mask] = arena["new_" + name][mask]
        if not self._robot["floating"]:
            self._fix_base(mask)
        rows = [arena[name][mask] for name in STATE]
        finite = np.all([np.isfinite(x).all(axis=1) for x in rows], axis=0) & rows[1].any(axis=1)
        self._pending[mask], self._broken[mask] = finite, ~finite
        with np.errstate(invalid="ignore", divide="ignore"):
            arena["body_pos"][mask], arena["body_vel"][mask] = link_states(self._chain, *rows)
        arena["body_force"][mask] = 0.0
        arena["overflow"][mask] = 0

    def _fix_base(self, mask: np.ndarray) -> None:
        """A fixed base is where the model has it, whatever is written."""
        arena, base = self._arena, self._robot["links"][0]
        arena["base_pos"][mask], arena["base_quat"][mask] = base["pos"], base["quat"]
        arena["base_lin_vel"][mask] = arena["base_ang_vel"][mask] = 0.0

    def _efforts(self) -> np.ndarray:
        """Torque less damping, (env, dof); 0 for robots that are not finite, or become so by their torque."""
        with np.errstate(invalid="ignore", over="ignore"):
            effort = self._arena["torque"] - self._damping * self._arena["dof_vel"]
        self._broken |= ~np.isfinite(effort).all(axis=1)
        effort[self._broken] = 0.0
        return effort

    def _publish_broken(self) -> None:
        if self._broken.any():
            for name in (*STATE, "body_pos", "body_vel"):
                self._arena[name][self._broken] = np.nan
            self._arena["body_force"][self._broken] = 0.0
