"""A robot's computer that knows a policy file's metadata and nothing of ours: NumPy and JSON.

It is told what sensors say, and answers with the observation and, substep by substep, with torques. Numbers
are found by the names in the metadata, never by an order that only our source knows.
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

Named = dict[str, float]


@dataclass
class Sensed:
    """What one robot's sensors say."""

    quat: np.ndarray  # w x y z, base to world
    lin_vel: np.ndarray  # m/s, world
    ang_vel: np.ndarray  # rad/s, base
    height: float  # m
    q: Named  # rad, by joint
    qd: Named
    contact: Named  # 1 or 0, by foot


def to_base(quat: np.ndarray, v: np.ndarray) -> np.ndarray:
    """A world vector in the base frame."""
    w, xyz = quat[0], -quat[1:]
    return v + 2.0 * w * np.cross(xyz, v) + 2.0 * np.cross(xyz, np.cross(xyz, v))


@dataclass
class Reader:
    """The metadata, and what is remembered."""

    data: Mapping[str, str]
    phase: float
    raw: Named = field(default_factory=dict)
    targets: list[Named] = field(default_factory=list)
    past: list[np.ndarray] = field(default_factory=list)
    filtered: Named = field(default_factory=dict)
    queue: list[tuple[Named, Named]] = field(default_factory=list)

    def csv(self, key: str) -> list[str]:
        """Entries of a list."""
        return self.data[key].split(",")

    def table(self, key: str) -> Named:
        """A number for each joint."""
        return dict(zip(self.csv("joint_names"), map(float, self.csv(key)), strict=True))

    def value(self, number: Mapping[str, Any], s: Sensed, command: Named) -> float:
        """One number of the observation, in its own unit."""
        term, index = number["term"], number["index"]
        axis = {"x": 0, "y": 1, "z": 2}.get(index, 0)
        at: dict[str, Callable[[], float]] = {
            "base_height": lambda: s.height,
            "base_lin_vel": lambda: to_base(s.quat, s.lin_vel)[axis],
            "base_ang_vel": lambda: s.ang_vel[axis],
            "projected_gravity": lambda: to_base(s.quat, np.array([0, 0, -1.0]))[axis],
            "command": lambda: command[index],
            "dof_pos": lambda: s.q[index] - self.table("default_joint_pos")[index],
            "dof_vel": lambda: s.qd[index],
            "action": lambda: self.raw.get(index, 0.0),
            "target_history": lambda: self.old_target(*index.split(" ")),
            "gait_phase": lambda: {"sin": np.sin, "cos": np.cos}[index](self.phase),
            "foot_contact": lambda: s.contact[index],
        }
        return at[term]()

    def old_target(self, age: str, joint: str) -> float:
        """A target of up to three control steps before."""
        i = ("newest", "second", "third").index(age)
        return self.targets[i][joint] if i < len(self.targets) else 0.0

    def observe(self, s: Sensed, command: Named) -> np.ndarray:
        """The network's input."""
        layout, clip = json.loads(self.data["observation_layout"]), float(self.data["observation_clip"])
        now = [n for n in layout if n["age"] == 0]
        seen = np.array([np.clip(self.value(n, s, command) * n["scale"], -clip, clip) for n in now])
        history = int(self.data["observation_history"])
        self.past = [seen, *(self.past or [seen] * history)][:history]
        assert json.loads(self.data["observation_delay"]) == [0, 0], "what is drawn, a reader cannot know"
        return np.concatenate(self.past)

    def act(self, actions: np.ndarray, raw: np.ndarray) -> None:
        """Take the network's output."""
        joints = self.csv("actuated_joint_names")
        names = [(block, joint) for block in self.csv("action_blocks") for joint in joints]
        self.raw = {f"{block} {joint}": float(x) for (block, joint), x in zip(names, raw, strict=True)}
        asked = {f"{block} {joint}": float(x) for (block, joint), x in zip(names, actions, strict=True)}
        target = {joint: asked.get(f"dof_pos_target {joint}", 0.0) for joint in joints}
        self.feed = {joint: asked.get(f"tau_ff {joint}", 0.0) for joint in joints}
        self.targets = [target, *self.targets][:3]

    def torque(self, s: Sensed) -> Named:
        """Torques of the coming substep, N m; the clock is advanced."""
        joints, limit = self.csv("actuated_joint_names"), self.table("torque_limits")
        clock, dt = json.loads(self.data["clock"]), float(self.data["sim_dt"])
        if clock["name"] == "steady":
            self.phase = (self.phase + 2 * np.pi * clock["parameters"]["hz"] * dt) % (2 * np.pi)
        motor, *wrappers = json.loads(self.data["motors"])
        target, feed, factor = self.targets[0], self.feed, 1.0
        for w in reversed(wrappers):  # the outermost is met first on the way in
            given = w["parameters"]
            if w["name"] == "delay":
                late = given["steps"][0]
                nothing = dict.fromkeys(joints, 0.0)
                self.queue = [(target, feed), *(self.queue or [(nothing, nothing)] * late)][: late + 1]
                target, feed = self.queue[late]
            if w["name"] == "smoothed":
                a = given["weight"]
                old = self.filtered or dict.fromkeys(joints, 0.0)
                target = self.filtered = {j: a * target[j] + (1 - a) * old[j] for j in joints}
            if w["name"] == "strength":
                factor = given["range"][0]
        assert {w["name"] for w in wrappers} <= {"delay", "smoothed", "strength"}
        given, home = motor["parameters"], self.table("default_joint_pos")
        out = {}
        for i, j in enumerate(joints):
            kp, kd = (np.resize(given[key], len(joints))[i] for key in ("kp", "kd"))
            tau = kp * (home[j] + target[j] - s.q[j]) - kd * s.qd[j] + feed[j]
            low, high = -limit[j], limit[j]
            if motor["name"] == "dc_motor":
                stall, top = (np.resize(given[key], len(joints))[i] for key in ("stall", "no_load"))
                high = min(high, max(0.0, stall * (1 - s.qd[j] / top)))
                low = max(low, min(0.0, stall * (-1 - s.qd[j] / top)))
            tau = min(max(tau, low), high)
            out[j] = min(max(factor * tau, -limit[j]), limit[j])
        return out
