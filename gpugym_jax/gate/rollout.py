"""Episodes of a policy in a world, and the record of them."""

from dataclasses import dataclass, fields, replace

import numpy as np
from jaxtyping import Bool, Float
from numpy import ndarray

from gpugym_jax.gate.falls import Fallen
from gpugym_jax.gate.motors import Targets
from gpugym_jax.gate.observe import Memory, Pupil, begin, make_pupil, observe
from gpugym_jax.gate.scenario import Scenario
from gpugym_jax.gate.world import World, base_velocity
from gpugym_jax.policy.file import Hidden, Policy
from gpugym_jax.policy.metadata import Contract


@dataclass(frozen=True)
class Frame:
    """What there is to know at the end of a control step, before any kick. `joint` counts actuated joints."""

    command: Float[ndarray, "*step n 3"]  # in force during the step
    base_pos: Float[ndarray, "*step n 3"]  # m, world
    base_quat: Float[ndarray, "*step n 4"]
    base_lin_vel: Float[ndarray, "*step n 3"]  # m/s, base frame
    base_ang_vel: Float[ndarray, "*step n 3"]  # rad/s, base frame
    dof_pos: Float[ndarray, "*step n dof"]  # rad
    dof_vel: Float[ndarray, "*step n dof"]  # rad/s
    target: Float[ndarray, "*step n joint"]  # rad, absolute, or N m: the first block of the action
    torque: Float[ndarray, "*step n joint"]  # N m, of the last substep
    foot_force: Float[ndarray, "*step n foot 3"]  # N, world
    foot_pos: Float[ndarray, "*step n foot 3"]  # m, world
    fallen: Bool[ndarray, "*step n"]


@dataclass(frozen=True)
class Tick:
    """Where a rollout stands between two control steps."""

    memory: Memory
    foot_force: Float[ndarray, "n foot 3"]  # N; 0 at the start, as in training
    hidden: Hidden  # what the policy's network remembers


def targets(contract: Contract, actions: Float[ndarray, "n act"]) -> dict[str, Float[ndarray, "n joint"]]:
    """The policy's output, by block."""
    blocks = np.split(np.asarray(actions, float), len(contract.action_blocks), -1)
    return dict(zip(contract.action_blocks, blocks, strict=True))


def asked(contract: Contract, blocks: dict[str, ndarray]) -> Targets:
    """What the motors are asked for; what the policy does not say is zero."""
    nothing = np.zeros((len(next(iter(blocks.values()))), len(contract.actuated)))
    return Targets(blocks.get("dof_pos_target", nothing), blocks.get("tau_ff", nothing))


def drive(
    pupil: Pupil, world: World, memory: Memory, target: Targets, command: Float[ndarray, "n 3"]
) -> tuple[Memory, Float[ndarray, "n dof"]]:
    """The physics substeps of a control step. Returns the memory after them and the last torque."""
    contract, joints = pupil.contract, list(pupil.contract.actuated)
    torque = np.zeros((len(command), len(contract.joint_names)))
    for _ in range(round(contract.step_dt / world.sim_dt)):
        state = world.look()
        encoders = state.dof_pos + memory.encoder_offset
        rest, tau = pupil.motor.torque(memory.motor, target, encoders[:, joints], state.dof_vel[:, joints])
        phase = pupil.clock.advance(memory.phase, world.forces, command, memory.rng, world.sim_dt)
        memory = replace(memory, motor=rest, phase=phase)
        torque = np.zeros_like(torque)
        torque[:, joints] = tau
        torque = world.advance(torque)
    return memory, torque


def control_step(
    pupil: Pupil, world: World, fallen: Fallen, tick: Tick, command: Float[ndarray, "n 3"]
) -> tuple[Tick, Frame]:
    """Observe, act, simulate for one control step."""
    c = pupil.contract
    memory, obs = observe(pupil, world.look(), tick.memory, command, tick.foot_force)
    actions, raw, hidden = pupil.policy.act(obs, tick.hidden)
    blocks = targets(c, actions)
    target = asked(c, blocks)
    memory, torque = drive(pupil, world, memory, target, command)
    memory = replace(
        memory,
        raw_action=np.asarray(raw, float),
        target_history=np.concatenate([target.dof_pos[:, None], memory.target_history[:, :2]], 1),
    )
    felt = world.forces()
    tick = Tick(memory, felt[:, world.feet], hidden)
    return tick, _frame(c, world, command, blocks, torque, felt, fallen)


def _frame(
    contract: Contract,
    world: World,
    command: ndarray,
    blocks: dict[str, ndarray],
    torque: ndarray,
    felt: ndarray,
    fallen: Fallen,
) -> Frame:
    state = world.look()
    target = next(iter(blocks.values()))
    if "dof_pos_target" in blocks:
        target = blocks["dof_pos_target"] + contract.default_joint_pos[list(contract.actuated)]
    return Frame(
        command=command,
        base_pos=state.base_pos,
        base_quat=state.base_quat,
        base_lin_vel=base_velocity(state),
        base_ang_vel=state.base_ang_vel,
        dof_pos=state.dof_pos,
        dof_vel=state.dof_vel,
        target=target,
        torque=torque[:, contract.actuated],
        foot_force=felt[:, world.feet],
        foot_pos=world.foot_positions(),
        fallen=fallen(state, felt),
    )


def stack(frames: list[Frame]) -> Frame:
    """Frames of successive steps as one, with a leading step axis."""
    names = [f.name for f in fields(Frame)]
    return Frame(**{name: np.stack([getattr(f, name) for f in frames]) for name in names})


def start(pupil: Pupil, world: World, scenario: Scenario) -> Tick:
    """Put the world's robots to the start of the scenario."""
    world.place(scenario.start)
    n, rng = len(scenario.friction), np.random.default_rng((scenario.seed, 1))
    feet = np.zeros((n, len(world.feet), 3))
    return Tick(begin(pupil, n, rng), feet, pupil.policy.start(n))


def rollout(policy: Policy, world: World, fallen: Fallen, scenario: Scenario) -> Frame:
    """Play the scenario to its end. A robot that falls goes on, as it would on a bench; `fallen` tells."""
    pupil, frames = make_pupil(policy), []
    tick = start(pupil, world, scenario)
    for command, kicked, kick in zip(scenario.command, scenario.kicked, scenario.kick, strict=True):
        tick, frame = control_step(pupil, world, fallen, tick, command)
        frames.append(frame)
        world.kick(kicked, kick)
    return stack(frames)
