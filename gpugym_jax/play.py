"""`python -m gpugym_jax.play --task=mini_cheetah`: watch a policy, in a window or as a video with plots."""

import dataclasses
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import tyro
from jaxtyping import Float
from numpy import ndarray

from gpugym_jax import cli, screen
from gpugym_jax.bounds import Finite, VideoSeconds
from gpugym_jax.files import check_folder
from gpugym_jax.tables import UserError

if TYPE_CHECKING:
    from gpugym_jax.gate.exam import Exam
    from gpugym_jax.gate.scenario import Scenario
    from gpugym_jax.policy.choosing import Choice
    from gpugym_jax.policy.file import Policy

SEQUENCE = (
    (0.0, 0.0, 0.0),
    (0.5, 0.0, 0.0),
    (1.0, 0.0, 0.0),
    (1.0, 0.0, 0.5),
    (0.0, 0.0, 1.0),
    (0.0, 0.4, 0.0),
    (-0.5, 0.0, 0.0),
    (0.0, 0.0, 0.0),
)
"""vx, vy m/s, yaw rad/s: the tour that is played without --command, cut to what was trained."""


@dataclass(frozen=True)
class Flags:
    """Play the newest policy of the last run, or a policy file, in C MuJoCo."""

    common: tyro.conf.OmitArgPrefixes[cli.Common] = field(default_factory=cli.Common)
    policy: Path | None = None
    """A policy file; without it, the checkpoint that --task, --load_run and --checkpoint name."""
    agent: str = "policy"
    """policy, zero or random."""
    command: tuple[Finite, Finite, Finite] | None = None
    """vx and vy, m/s, and yaw rate, rad/s; without it, a tour of several."""
    seconds: VideoSeconds = 16.0
    """Length of the video."""
    pushes: bool = False
    """Whether the exam's pushes come."""
    video: bool = True
    """Whether a video is drawn; --no_video leaves the plots."""
    out: Path | None = None
    """Folder for video and plots; `play` beside the policy by default."""


def commands(
    ranges: Float[ndarray, "3 2"], steps: int, held: tuple[float, float, float] | None
) -> Float[ndarray, "step 3"]:
    """The command at each step: `held`, or the tour within the trained ranges and zero, in equal parts."""
    if held is not None:
        return np.tile(held, (steps, 1))
    low, high = np.minimum(ranges[:, 0], 0.0), np.maximum(ranges[:, 1], 0.0)
    part = np.arange(steps) * len(SEQUENCE) // steps
    return np.clip(SEQUENCE, low, high)[part]


def plan(flags: Flags, policy: "Policy") -> tuple["Exam", "Scenario"]:
    """One episode with the commands that the flags ask for, under the policy's own configuration."""
    from gpugym_jax.gate.exam import exam_of
    from gpugym_jax.gate.scenario import draw_scenario

    c = policy.contract
    if flags.seconds < 2.0 * c.step_dt:
        raise UserError(
            f"--seconds={flags.seconds:g}: give at least two control steps, {2.0 * c.step_dt:g} s."
        )
    exam = exam_of(c.cfg, own=True)
    ground = (exam.physics.friction, exam.physics.friction)
    gate = dataclasses.replace(exam.gate, episodes=1, seconds=flags.seconds, friction=ground)
    exam = dataclasses.replace(exam, gate=gate)
    drawn = draw_scenario(exam, c.step_dt, seed=flags.common.seed or 0, calm=not flags.pushes)
    asked = commands(c.command_ranges, len(drawn.command), flags.command)
    return exam, dataclasses.replace(drawn, command=asked[:, None])


def film(flags: Flags, choice: "Choice", exam: "Exam", scenario: "Scenario") -> None:
    """Write video and plots of an episode."""
    from gpugym_jax.gate.falls import make_fallen
    from gpugym_jax.gate.plots import write_plots
    from gpugym_jax.gate.rollout import rollout
    from gpugym_jax.gate.video import check_drawing, write_video
    from gpugym_jax.gate.world import make_model, make_world, poses

    c, folder, robot = choice.policy.contract, flags.out or choice.folder / "play", exam.robot
    check_folder(folder, "--out" if flags.out else "the folder")
    if flags.video:
        check_drawing()
    world, fallen = make_world(exam, scenario.friction), make_fallen(exam.gate.falls, robot)
    record = rollout(choice.policy, world, fallen, scenario)
    for path in write_plots(folder, record, c, robot):
        print(f"wrote {path}")
    if flags.video:
        model = make_model(exam)
        shown = poses(robot, model, record.base_pos[:, 0], record.base_quat[:, 0], record.dof_pos[:, 0])
        fps = write_video(folder / "video.mp4", model, shown, c.step_dt)
        print(f"wrote {folder / 'video.mp4'}, {flags.seconds:g} s at {fps:g} frames a second")
    if record.fallen.any():
        print(f"it fell after {c.step_dt * (1 + int(np.argmax(record.fallen[:, 0]))):.2f} s")


def run(flags: Flags, overrides: list[str]) -> int:
    """Choose the policy; show it in a window where there is a display, else film it."""
    windowed = not flags.common.headless and screen.has_window()
    if not windowed:
        if flags.out:
            check_folder(flags.out, "--out")
        screen.choose_gl()
    choice = cli.choose(flags.common, overrides, flags.policy, flags.agent)
    exam, scenario = plan(flags, choice.policy)
    print(f"playing {choice.policy.source}")
    if windowed:
        from gpugym_jax.gate.viewer import watch

        watch(choice.policy, exam, scenario)
    else:
        film(flags, choice, exam, scenario)
    return 0


def main(argv: list[str] | None = None) -> int:
    """The command."""
    return cli.main(Flags, run, argv, prog="gpugym play", draws=True)


if __name__ == "__main__":
    sys.exit(main())
