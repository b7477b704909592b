"""A shipped policy, from the same draws on every backend."""

# `types.py` speaks of JAX arrays; here NumPy's stand in for them.
# pyright: reportArgumentType=false

from dataclasses import dataclass, replace
from typing import Any

import jax
import numpy as np
from matplotlib.figure import Figure
from numpy import ndarray

from gpugym_jax.gate import measure
from gpugym_jax.gate.falls import make_fallen
from gpugym_jax.gate.observe import Memory, begin, clock_of, observe
from gpugym_jax.gate.rollout import Frame, stack, targets
from gpugym_jax.gate.rotation import rotate, rotate_inverse
from gpugym_jax.gate.scenario import Scenario, draw_scenario
from gpugym_jax.gate.world import State, base_velocity
from gpugym_jax.parity.experiment import Bound, Limits, Record, Records, experiment, needs_policy
from gpugym_jax.parity.plots import dots, draw, draw_apart, legend, panels
from gpugym_jax.parity.rig import Orders, Rig, Trace, join
from gpugym_jax.parity.setup import Setup
from gpugym_jax.policy.file import Policy
from gpugym_jax.tables import UserError
from gpugym_jax.types import Reading, RobotState

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

    scenario: Scenario
    frame: Frame  # by control step
    trace: Trace  # by substep


def gate_state(robot: RobotState) -> State:
    """The gate's view of a state: spin in the base frame, 64 bits."""
    wide = {k: np.asarray(v, float) for k, v in vars(robot).items()}
    return State(**{**wide, "base_ang_vel": rotate_inverse(wide["base_quat"], wide["base_ang_vel"])})


def first_state(scenario: Scenario) -> RobotState:
    """The scenario's start, spin in the world frame, 32 bits."""
    start = vars(scenario.start)
    spin = rotate(start["base_quat"], start["base_ang_vel"])
    return RobotState(**{k: np.float32(v) for k, v in {**start, "base_ang_vel": spin}.items()})


def smoothing(policy: Policy) -> float:
    """The weight of the newest target; parity's rig knows a PD law and this, and no other motor."""
    (motor, _), *around = policy.contract.motors
    if motor != "pd" or [name for name, _ in around] not in ([], ["smoothed"]):
        raise UserError(f"{policy.source}: parity walks policies whose actuator is pd, smoothed or not.")
    return around[0][1]["weight"] if around else 1.0


def orders_of(
    setup: Setup, policy: Policy, blocks: dict[str, ndarray], smoothed: ndarray
) -> tuple[Orders, ndarray]:
    """A control step's orders from the policy's output, and the smoothed target at its end."""
    c, n, dofs = policy.contract, setup.num_envs, len(setup.robot.dofs)
    whole = {name: np.zeros((n, dofs)) for name in ("dof_pos_target", "tau_ff")}
    for name, values in blocks.items():
        whole[name][:, c.actuated] = values
    path, weight = [], smoothing(policy)
    for _ in range(setup.chunk):
        smoothed = weight * whole["dof_pos_target"] + (1.0 - weight) * smoothed
        path.append(c.default_joint_pos + smoothed)
    steps = setup.chunk
    orders = Orders(
        target=np.float32(path),
        hold=np.ones((steps, n), np.float32),
        feed=np.tile(np.float32(whole["tau_ff"]), (steps, 1, 1)),
        kick=np.zeros((steps, n, 6), np.float32),
    )
    return orders, smoothed


def remember(
    policy: Policy, memory: Memory, raw: ndarray, blocks: dict[str, ndarray], smoothed: ndarray
) -> Memory:
    """The policy's memory after a control step."""
    c = policy.contract
    offset = blocks.get("dof_pos_target", np.zeros((len(raw), len(c.actuated))))
    phase, clock = memory.phase, clock_of(c)
    for _ in range(c.decimation):
        phase = clock.advance(
            phase, lambda: np.zeros((len(raw), 0, 3)), np.zeros((len(raw), 3)), memory.rng, c.sim_dt
        )
    return replace(
        memory,
        raw_action=np.asarray(raw, float),
        target_history=np.concatenate([offset[:, None], memory.target_history[:, :2]], 1),
        motor=smoothed,
        phase=phase,
    )


def frame_of(
    setup: Setup, policy: Policy, trace: Trace, command: ndarray, blocks: dict[str, ndarray], fallen: Any
) -> Frame:
    """What the gate's measures read, at the end of a control step."""
    last: Reading = jax.tree.map(lambda x: x[-1], trace.reading)
    state, actuated, feet = gate_state(last.robot), list(policy.contract.actuated), list(setup.feet)
    target = next(iter(blocks.values()))
    if "dof_pos_target" in blocks:
        target = blocks["dof_pos_target"] + policy.contract.default_joint_pos[actuated]
    return Frame(
        command=command,
        base_pos=state.base_pos,
        base_quat=state.base_quat,
        base_lin_vel=base_velocity(state),
        base_ang_vel=state.base_ang_vel,
        dof_pos=state.dof_pos,
        dof_vel=state.dof_vel,
        target=target,
        torque=np.asarray(trace.torque[-1], float)[:, actuated],
        foot_force=np.asarray(last.body_force, float)[:, feet],
        foot_pos=np.asarray(last.body_pos, float)[:, feet],
        fallen=fallen(state, np.asarray(last.body_force, float)),
    )


def play(rig: Rig, policy: Policy, scenario: Scenario) -> Walk:
    """The policy on the rig, through the scenario."""
    setup, c = rig.setup, policy.contract
    fallen = make_fallen(c.cfg.terminations, setup.robot)
    smoothed = np.zeros((setup.num_envs, len(setup.robot.dofs)))
    memory = replace(begin(c, setup.num_envs, np.random.default_rng(setup.seed)), motor=smoothed)
    robot = first_state(scenario)
    sim, force = rig.physics.init(robot, {}), np.zeros((setup.num_envs, len(setup.feet), 3))
    frames, traces = [], []
    for command in scenario.command:
        memory, obs = observe(c, gate_state(robot), memory, command, force)
        actions, raw = policy.act(obs)
        blocks = targets(c, actions)
        orders, smoothed = orders_of(setup, policy, blocks, memory.motor)
        sim, trace = rig.advance(sim, orders)
        trace = jax.device_get(trace)
        memory = remember(policy, memory, raw, blocks, smoothed)
        frames.append(frame_of(setup, policy, trace, command, blocks, fallen))
        traces.append(trace)
        robot = jax.tree.map(lambda x: x[-1], trace.reading.robot)
        force = frames[-1].foot_force
    return Walk(scenario, stack(frames), join(traces))


def walk(rig: Rig) -> Walk:
    """The shipped policy's rollout on this rig: made once."""
    if "walk" not in rig.kept:
        policy, setup = rig.setup.policy, rig.setup
        assert policy is not None, "experiments that walk are not run without a policy"
        friction = (setup.physics.friction,) * 2
        calm: Any = {"episodes": setup.num_envs, "seconds": WALK_S, "seed": setup.seed, "calm": True}
        scenario = draw_scenario(policy.contract, setup.scene, friction=friction, **calm)
        rig.kept["walk"] = play(rig, policy, scenario)
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
    walked, dt = walk(rig), rig.setup.timestep * rig.setup.chunk
    frame = walked.frame
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
