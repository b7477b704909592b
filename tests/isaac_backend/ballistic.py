"""A simulator of free bodies whose joints integrate their torque: what is left is the boundary. NumPy only.

It keeps a record of what it was asked for, and publishes it in arrays that tests can read: bodies are at the
base plus their index in x; the force on body 0 is (friction, base_mass, restitution) until a write zeroes it.
"""

import os

import numpy as np

STATE = ("base_pos", "base_quat", "base_lin_vel", "base_ang_vel", "dof_pos", "dof_vel")


class Simulator:
    """Free fall, 1 kg in the base and 1 kg m^2 behind every joint."""

    def __init__(self, spec, arena):
        self.spec, self.arena = spec, arena
        self.forces = np.zeros_like(arena["body_force"])
        print("a banner, such as Isaac Gym prints on stdout")

    def versions(self):
        return {"isaacgym": "ballistic", "torch": "none", "double": True}

    def init(self):
        a = self.arena
        self.forces[:, 0] = np.stack([a["friction"], a["base_mass"], a["restitution"]], -1)
        self._take(np.ones(self.spec["num_envs"], bool))
        return {"dof_names": self.spec["robot"]["dofs"], "body_names": self.spec["robot"]["bodies"]}

    def step(self):
        a, dt = self.arena, self.spec["timestep"]
        a["base_lin_vel"] += dt * (np.float32(self.spec["gravity"]) + a["wrench"][:, :3])
        a["base_pos"] += dt * a["base_lin_vel"]
        a["dof_vel"] += dt * a["torque"]
        a["dof_pos"] += dt * a["dof_vel"]
        self._publish()
        a["body_force"][:] = self.forces

    def write(self):
        self._take(self.arena["mask"] != 0)

    def _take(self, rows):
        for name in STATE:
            self.arena[name][rows] = self.arena["new_" + name][rows]
        self.arena["body_force"][rows] = 0
        self._publish()

    def _publish(self):
        a = self.arena
        bodies = np.arange(self.spec["num_bodies"], dtype=np.float32)
        a["body_pos"][:] = a["base_pos"][:, None] + bodies[:, None] * np.float32([1, 0, 0])
        a["body_vel"][:] = a["base_lin_vel"][:, None]
        a["overflow"][:] = a["base_pos"][:, 2] < 0

    def camera(self, request):
        if request["eye"][2] < 0:
            raise ValueError("the eye is below the ground; process %d" % os.getpid())
        rows = np.arange(request["height"])[:, None, None]
        return (rows + np.zeros((1, request["width"], 3))).astype(np.uint8).tobytes()

    def close(self):
        pass
