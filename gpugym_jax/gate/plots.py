"""Plots of one recorded episode."""

from pathlib import Path

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy import ndarray

from gpugym_jax.files import whole
from gpugym_jax.gate.observe import CONTACT_FORCE
from gpugym_jax.gate.rollout import Frame
from gpugym_jax.policy.metadata import Contract
from gpugym_jax.robots.robot import Robot

COLUMNS = 3
MEASURED, ASKED = "tab:blue", "tab:orange"


def _figure(count: int, title: str) -> tuple[Figure, list[Axes]]:
    """A grid of `count` panels that share the time axis."""
    rows = -(-count // COLUMNS)
    figure = Figure(figsize=(4.6 * min(count, COLUMNS), 2.3 * rows + 0.6), layout="constrained")
    panels = figure.subplots(rows, min(count, COLUMNS), sharex=True, squeeze=False).flat
    for panel in panels[count:]:
        panel.set_axis_off()
    figure.suptitle(title)
    figure.supxlabel("time, s")
    return figure, list(panels[:count])


def plot_velocities(r: Frame, time: ndarray) -> Figure:
    """Commands and what the base did, base frame."""
    figure, panels = _figure(3, "velocity: asked and measured")
    measured = np.concatenate([r.base_lin_vel[:, 0, :2], r.base_ang_vel[:, 0, 2:]], -1)
    names = ("vx, m/s", "vy, m/s", "yaw rate, rad/s")
    for i, (panel, name) in enumerate(zip(panels, names, strict=True)):
        panel.plot(time, measured[:, i], color=MEASURED, lw=1, label="measured")
        panel.plot(time, r.command[:, 0, i], color=ASKED, lw=1.5, label="asked")
        panel.set_ylabel(name)
    panels[0].legend()
    return figure


def plot_joints(r: Frame, time: ndarray, contract: Contract) -> Figure:
    """Joint positions, and their targets where the action has them."""
    figure, panels = _figure(len(contract.joint_names), "joint positions and targets")
    targets = dict(zip(contract.actuated, r.target[:, 0].T, strict=True))
    for i, (panel, name) in enumerate(zip(panels, contract.joint_names, strict=True)):
        if "dof_pos_target" in contract.action_blocks and i in targets:
            panel.plot(time, targets[i], color=ASKED, lw=0.8, label="target")
        panel.plot(time, r.dof_pos[:, 0, i], color=MEASURED, lw=1, label="measured")
        panel.set_ylabel(name)
    panels[0].legend()
    return figure


def plot_torques(r: Frame, time: ndarray, contract: Contract) -> Figure:
    """Torques of the actuated joints, with their limits."""
    figure, panels = _figure(len(contract.actuated), "torque, N m (of a slider: force, N)")
    for i, torque, panel in zip(contract.actuated, r.torque[:, 0].T, panels, strict=True):
        panel.plot(time, torque, color=MEASURED, lw=0.8)
        for sign in (-1.0, 1.0):
            panel.axhline(sign * contract.torque_limits[i], color="0.6", lw=0.8, ls="--")
        panel.set_ylabel(contract.joint_names[i])
    return figure


def plot_feet(r: Frame, time: ndarray, names: tuple[str, ...]) -> Figure:
    """Vertical forces on the feet, and below them when each is on the ground."""
    figure = Figure(figsize=(12.0, 1.6 * len(names) + 2.4), layout="constrained")
    panels = figure.subplots(
        len(names) + 1, 1, sharex=True, height_ratios=[1.0] * len(names) + [0.3 * len(names)]
    )
    force, dt = r.foot_force[:, 0, :, 2], float(time[1] - time[0])
    for i, name in enumerate(names):
        panels[i].plot(time, force[:, i], color=MEASURED, lw=0.8)
        panels[i].set_ylabel(f"{name}, N")
        starts = time[force[:, i] > CONTACT_FORCE] - dt
        panels[-1].broken_barh([(t, dt) for t in starts], (len(names) - 1.4 - i, 0.8), color="0.2")
    panels[-1].set_yticks(range(len(names)), names[::-1])
    panels[-1].set_xlabel("time, s")
    figure.suptitle("vertical foot forces; gait (dark: on the ground)")
    return figure


def write_plots(folder: Path, r: Frame, contract: Contract, robot: Robot) -> list[Path]:
    """Write all plots that this robot has as PNG files of the first robot of the record."""
    time = contract.step_dt * np.arange(1, len(r.torque) + 1)
    with mpl.rc_context({"font.size": 8, "axes.grid": True, "grid.alpha": 0.3}):
        figures = {"joints": plot_joints(r, time, contract), "torques": plot_torques(r, time, contract)}
        if robot.floating:
            figures["velocities"] = plot_velocities(r, time)
        if "foot" in robot.groups:
            figures["feet"] = plot_feet(r, time, robot.groups["foot"])
        for name, figure in figures.items():
            with whole(folder / f"{name}.png") as beside:
                figure.savefig(beside, dpi=110)
    return [folder / f"{name}.png" for name in figures]
