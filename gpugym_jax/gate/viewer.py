"""MuJoCo's own window on one robot, with commands from the keyboard."""

# MuJoCo's compiled classes have no type stubs.
# pyright: reportAttributeAccessIssue=false

import time
from dataclasses import dataclass

import mujoco
import mujoco.viewer
import numpy as np
from jaxtyping import Float
from numpy import ndarray

from gpugym_jax.gate.exam import Exam
from gpugym_jax.gate.falls import make_fallen
from gpugym_jax.gate.observe import make_pupil
from gpugym_jax.gate.rollout import control_step, start
from gpugym_jax.gate.scenario import Scenario
from gpugym_jax.gate.world import make_model, make_world, poses
from gpugym_jax.policy.file import Policy

TOGGLE_DRAWING = 86  # V; this and the codes below are GLFW's
STOP = (325, 53)  # 5 on the keypad, 5
STEP = 0.1
"""m/s or rad/s a key press."""
KEYS = {
    265: (STEP, 0.0, 0.0),  # up
    264: (-STEP, 0.0, 0.0),  # down
    263: (0.0, STEP, 0.0),  # left
    262: (0.0, -STEP, 0.0),  # right
    324: (0.0, 0.0, STEP),  # 4 on the keypad
    326: (0.0, 0.0, -STEP),  # 6 on the keypad
    44: (0.0, 0.0, STEP),  # comma
    46: (0.0, 0.0, -STEP),  # full stop
}
HELP = "arrows: vx, vy; keypad 4 and 6 or , and .: turn; 5: stand; v: drawing on and off"


@dataclass(frozen=True)
class Wish:
    """What the person at the keyboard wants."""

    command: Float[ndarray, "3"]  # m/s, m/s, rad/s
    drawing: bool = True


def press(wish: Wish, key: int, ranges: Float[ndarray, "3 2"]) -> Wish:
    """The wish after a key; commands stay within the trained ranges and zero."""
    if key == TOGGLE_DRAWING:
        return Wish(wish.command, not wish.drawing)
    if key in STOP:
        return Wish(np.zeros(3), wish.drawing)
    low, high = np.minimum(ranges[:, 0], 0.0), np.maximum(ranges[:, 1], 0.0)
    return Wish(np.clip(wish.command + np.array(KEYS.get(key, (0.0, 0.0, 0.0))), low, high), wish.drawing)


def watch(policy: Policy, exam: Exam, scenario: Scenario) -> None:
    """Show the scenario's first robot in real time until the window is closed; a fallen one starts anew."""
    world, fallen = make_world(exam, scenario.friction), make_fallen(exam.gate.falls, exam.robot)
    pupil = make_pupil(policy)
    tick = first = start(pupil, world, scenario)
    model, ranges = make_model(exam), policy.contract.command_ranges
    data, wishes = mujoco.MjData(model), [Wish(scenario.command[0, 0])]  # the window's thread appends

    def on_key(key: int) -> None:
        wishes.append(press(wishes[-1], key, ranges))
        print("command vx {:.1f} m/s, vy {:.1f} m/s, yaw {:.1f} rad/s".format(*wishes[-1].command))

    print(HELP)
    with mujoco.viewer.launch_passive(model, data, key_callback=on_key) as window:
        while window.is_running():
            due = time.perf_counter() + policy.contract.step_dt
            tick, frame = control_step(pupil, world, fallen, tick, wishes[-1].command[None])
            if frame.fallen[0]:
                world.place(scenario.start)
                tick = first
            if wishes[-1].drawing:
                data.qpos[:] = poses(exam.robot, model, frame.base_pos, frame.base_quat, frame.dof_pos)[0]
                mujoco.mj_forward(model, data)
                window.sync()
            time.sleep(max(0.0, due - time.perf_counter()))
