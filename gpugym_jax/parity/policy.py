"""A shipped policy, from the same draws on every backend."""

from dataclasses import dataclass, replace

import numpy as np
from matplotlib.figure import Figure

from gpugym_jax.config import Config
from gpugym_jax.config_exam import AT_REST
from gpugym_jax.gate import measure
from gpugym_jax.gate.exam import Exam, exam_of
from gpugym_jax.gate.falls import make_fallen
from gpugym_jax.gate.rollout import Frame, rollout
from gpugym_jax.gate.scenario import draw_scenario
from gpugym_jax.parity.experiment import Bound, Limits, Record, Records, experiment, needs_policy
from gpugym_jax.parity.plots import dots, draw, draw_apart, legend, panels
from gpugym_jax.parity.rig import Rig, Trace
from gpugym_jax.parity.setup import Setup
from gpugym_jax.parity.world import make_world
from gpugym_jax.policy.file import Policy

WALK_S = 5.0
STRIDES_FROM_S = 1.0
"""s after which a robot walks as it is told."""
PATH_S = 1.0
"""s of path that are compared: later, small differences have grown at the touch-downs."""

BOUNDS = (
    Bound(
        "falls",
        "robots",
        "the policy falls on no backend that it was trained for",
        reference=Limits(0.0, 0.0, 1.0),
    ),
    Bound(
        "tracking_error",
        "m/s",
        "mean after the first second, over robots: steps may differ, following the command may not",
        reference=Limits(0.01, 0.02, 0.1),
    ),
    Bound(
        "turning_error",
        "rad/s",
        "mean after the first second, over robots",
        reference=Limits(0.01, 0.03, 0.1),
    ),
    Bound("height", "m", "mean over robots and time", reference=Limits(0.002, 0.005, 0.02)),
    Bound("torque", "N m", "root mean square over joints", reference=Limits(0.02, 0.2, 1.0)),
    Bound(
        "path",
        "m",
        "base positions in the first second, before small differences have grown through many touch-downs",
        reference=Limits(0.01, 0.05, None),
    ),
)


@dataclass(frozen=True)
class Walk:
    """A rollout of the policy."""

    frame: Frame  # by control step
    trace: Trace  # by substep


def calm_exam(setup: Setup, cfg: Config) -> Exam:
    """The policy's own commands on nominal ground, from the default pose, at rest."""
    exam = exam_of(cfg, scene=setup.scene, own=True)
    ground = (setup.physics.friction, setup.physics.friction)
    gate = replace(exam.gate, episodes=setup.num_envs, seconds=WALK_S, friction=ground, start=AT_REST)
    return replace(exam, gate=gate)


def play(rig: Rig, policy: Policy) -> Walk:
    """The policy on the rig, by the gate's own loop."""
    exam = calm_exam(rig.setup, policy.contract.cfg)
    scenario = draw_scenario(exam, policy.contract.step_dt, seed=rig.setup.seed, calm=True)
    world, read = make_world(rig)
    frame = rollout(policy, world, make_fallen(exam.gate.falls, exam.robot), scenario)
    return Walk(frame, read())


def policy_of(rig: Rig) -> Policy:
    """The shipped policy."""
    policy = rig.setup.policy
    assert policy is not None, "experiments that walk are not run without a policy"
    return policy


def walk(rig: Rig) -> Walk:
    """The shipped policy's rollout on this rig: made once."""
    if "walk" not in rig.kept:
        rig.kept["walk"] = play(rig, policy_of(rig))
    return rig.kept["walk"]


def plot(records: Records) -> Figure:
    """Forward speed and the command, base height, how far speeds are apart, and the tracking errors."""
    figure, grid = panels(4)
    some = next(iter(records.values()))
    fastest = (int(np.argmax(np.abs(some.traces["asked"]).mean(0))),)
    draw(grid[0], records, "speed", "forward speed of the fastest, m/s", fastest)
    grid[0].plot(some.time, some.traces["asked"][:, fastest[0]], color="0.55", lw=1.0, label="asked")
    draw(grid[1], records, "base_height", "its base height, m", fastest)
    draw_apart(grid[2], records, "speed", "forward speeds apart, m/s")
    dots(grid[3], records, "tracking_errors", "tracking error by robot, m/s")
    legend(figure)
    return figure


@experiment(bounds=BOUNDS, plot=plot, lacks=needs_policy)
def shipped_policy(rig: Rig) -> Record:
    """A shipped policy.

    The same network, run by onnxruntime, starts from the same states with the same commands on each
    backend. Commands are calm, the ground is nominal, nothing pushes.
    """
    frame, dt = walk(rig).frame, policy_of(rig).contract.step_dt
    time = dt * np.arange(1, len(frame.base_pos) + 1)
    settled = time > STRIDES_FROM_S
    error = np.linalg.norm(measure.velocity_error(frame, dt), axis=-1)[settled].mean(0)
    return Record(
        time=time,
        traces={
            "speed": frame.base_lin_vel[..., 0],
            "asked": frame.command[..., 0],
            "base_height": frame.base_pos[..., 2],
            "path": frame.base_pos[time <= PATH_S],
        },
        figures={
            "falls": np.array(measure.falls(frame, dt)),
            "tracking_error": np.array(measure.lin_vel_error(frame, dt)),
            "tracking_errors": error,
            "turning_error": np.array(measure.ang_vel_error(frame, dt)),
            "height": np.array(measure.base_height(frame, dt)),
            "torque": np.array(measure.torque(frame, dt)),
        },
        labels={"tracking_errors": tuple(str(i) for i in range(len(error)))},
    )
