"""One control step of one robot, piece by piece. Pure functions of `Parts` and state."""

from typing import Any

import jax
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float, Key

from gpugym_jax.mdp.parts import Parts
from gpugym_jax.mdp.snapshot import Snapshot, remember, see
from gpugym_jax.types import Obs, Reading, RobotState, TaskState, Verdict

K_NEXT, K_NOISE, K_PUSH, K_COMMAND, K_EPISODE, K_CLOCK = range(6)
"""What a robot's key is split into each step; `fold_in(key, K_NOISE)` is the second of them."""
K_PULL = 2
"""Beside the two that the key of a push is split into for its kick."""
FOLLOWED_S, FOLLOWED_ENOUGH = 2.0, 0.8
"""s, over which it is averaged how well commands are followed, and what of it (1 is exactly) is progress."""

K_STATE = 0
"""Which of the keys that an episode's is split into draws where it begins."""


def place(p: Parts, key: Key[Array, ""]) -> RobotState:
    """Where the episode of that key begins."""
    return p.sample_state(jax.random.fold_in(key, K_STATE))


def fresh(
    p: Parts, key: Key[Array, ""], state: RobotState, k_run: Key[Array, ""], progress: Float[Array, ""]
) -> TaskState:
    """A new episode from `state`, all of it drawn from `key`, but for what `k_run` keeps for the run."""
    keys = jax.random.split(key, 9)
    _, k_command, k_phase, k_variation, k_motor, k_encoder, k_seen, k_push, k_next = keys
    num_dofs, num_act = len(p.robot.dofs), len(p.robot.actuated_ids)
    num_feet = len(p.robot.groups.get("foot", ()))
    goal = p.command.sample(k_command, progress)
    return TaskState(
        key=k_next,
        step=jnp.zeros((), jnp.int32),
        substep=jnp.zeros((), jnp.int32),
        goal=goal,
        progress=progress,
        followed=jnp.zeros(()),
        command=p.command.command(goal, state),
        action=jnp.zeros(p.action_size),
        last_action=jnp.zeros(p.action_size),
        target_history=jnp.zeros((3, num_act)),
        actuator=p.actuator.init(k_motor),
        torque=jnp.zeros(num_dofs),
        last_dof_vel=state.dof_vel,
        air_time=jnp.zeros(num_feet),
        contact=jnp.zeros(num_feet, bool),
        phase=p.clock.init(k_phase),
        variation=p.sample_variation(k_run, k_variation),
        run_key=k_run,
        encoder_offset=jax.random.uniform(k_encoder, (num_dofs,), jnp.float32, *p.encoder_offset),
        seen=p.observer.init(k_seen),
        wrench=jnp.zeros(6),
        potentials={name: jnp.full((), jnp.nan) for name in p.potentials},  # nothing was seen
        pull_left=jnp.zeros((), jnp.int32),
        push_in=jax.random.randint(k_push, (), 1, max(1, p.push_every) + 1, jnp.int32),
    )


def start(p: Parts, key: Key[Array, ""]) -> tuple[TaskState, RobotState]:
    """The first episode of a run; it may begin at a random age, so that ends are spread out."""
    k_run, k_episode, k_age = jax.random.split(key, 3)
    state = place(p, k_episode)
    task = fresh(p, k_episode, state, k_run, jnp.zeros(()))
    age = jax.random.randint(k_age, (), 0, p.last_step, jnp.int32)
    return task.replace(step=age if p.spread else task.step), state


def act(p: Parts, task: TaskState, action: Float[Array, " action"]) -> TaskState:
    """Take the policy's action as the target of the coming substeps."""
    target = p.targets(action).dof_pos
    return task.replace(
        substep=jnp.zeros((), jnp.int32),
        last_action=task.action,
        action=action,
        target_history=jnp.concatenate([target[None], task.target_history[:2]]),
    )


def torque(p: Parts, task: TaskState, reading: Reading) -> tuple[TaskState, Float[Array, " dof"]]:
    """Joint torques of the coming substep, N m, 0 at joints without a motor; and the clock after it."""
    robot = reading.robot
    felt = reading.replace(robot=robot.replace(dof_pos=robot.dof_pos + task.encoder_offset))
    memory, tau = p.actuator.torque(task.actuator, p.targets(task.action), felt)
    tau = jnp.zeros(len(p.robot.dofs)).at[jnp.array(p.robot.actuated_ids)].set(tau)
    key = jax.random.fold_in(jax.random.fold_in(task.key, K_CLOCK), task.substep)
    phase = p.clock.advance(task.phase, reading, task.command, key, p.dt / p.decimation)
    return task.replace(actuator=memory, torque=tau, phase=phase, substep=task.substep + 1), tau


def observe(p: Parts, task: TaskState, reading: Reading) -> tuple[TaskState, Obs]:
    """All observation groups, and the task with what they remember."""
    key = jax.random.fold_in(task.key, K_NOISE)
    seen, obs = p.observer.observe(task.seen, see(p.robot, p.dt, task, reading), key)
    return task.replace(seen=seen), obs


def renew(p: Parts, verdict: Verdict, reading: Reading) -> tuple[TaskState, Obs]:
    """What robots see after the write: who begins an episode is observed anew.

    All others have been observed by `judge`, in the velocity that a push gave them and with the contacts
    that they had: a simulator reports none right after a write.
    """
    begins = verdict.terminated | verdict.timed_out
    return select(begins, observe(p, verdict.task, reading), (verdict.task, verdict.final_obs))


def select(flag: Bool[Array, ""], yes: Any, no: Any) -> Any:
    """`yes` where `flag` else `no`, leaf by leaf."""
    return jax.tree.map(lambda a, b: jnp.where(flag, a, b), yes, no)


def is_finite(robot: RobotState) -> Bool[Array, ""]:
    """Whether the simulator still knows where the robot is."""
    return jnp.all(jnp.array([jnp.all(jnp.isfinite(x)) for x in jax.tree.leaves(robot)]))


def judge(p: Parts, task: TaskState, reading: Reading) -> Verdict:
    """What the step was worth, and how things go on.

    Everything is judged on the state before a reset. A robot that is no longer finite is judged on its
    next episode's first state, gets no reward, and is counted.
    """
    keys = jax.random.split(task.key, 5)
    new_robot = place(p, keys[K_EPISODE])
    finite = is_finite(reading.robot)
    reading = select(finite, reading, jax.tree.map(jnp.zeros_like, reading).replace(robot=new_robot))

    task = task.replace(step=task.step + 1)
    s = see(p.robot, p.dt, task, reading)
    terminated = jnp.any(jnp.array([f(s) for f in p.ends.values()] + [~finite]))
    timed_out = (task.step >= p.last_step) & ~terminated
    reward, shares, potentials = p.reward(s, terminated, task.potentials)

    task = follow(p, remember(task, s), s).replace(potentials=potentials)
    task, pushed, robot = go_on(p, task, reading.robot, keys)
    task, final_obs = observe(p, task, reading.replace(robot=robot))
    done = terminated | timed_out
    progress = next_progress(p, task, terminated)
    new_task = fresh(p, keys[K_EPISODE], new_robot, task.run_key, progress)
    kept = {name: value for name, value in task.variation.items() if name not in p.renewed}
    new_task = new_task.replace(variation=new_task.variation | kept)  # equal, and need not be drawn again
    task = select(done, new_task, task)
    return Verdict(
        task=task,
        rewrite=done | pushed,
        robot=select(done, new_robot, robot),
        variation={name: task.variation[name] for name in sorted(p.renewed)},
        final_obs=final_obs,
        reward=jnp.where(finite, reward, 0.0),
        terminated=terminated,
        timed_out=timed_out,
        metrics={
            **{name: jnp.where(finite, share, 0.0) for name, share in shares.items()},
            "events/not_finite": (~finite).astype(jnp.float32),
            "events/overflow": reading.overflow.astype(jnp.float32),
        },
    )


def follow(p: Parts, task: TaskState, s: Snapshot) -> TaskState:
    """Keep account of how well the planar command is followed: exp(-|error|^2 / 0.25), averaged over 2 s."""
    now = jnp.exp(-jnp.sum(jnp.square(s.command[:2] - s.base_lin_vel[:2])) / 0.25)
    return task.replace(followed=task.followed + (now - task.followed) * p.dt / FOLLOWED_S)


def next_progress(p: Parts, task: TaskState, terminated: Bool[Array, ""]) -> Float[Array, ""]:
    """The progress with which a robot begins its next episode, if this one ends here.

    It shrinks where the episode ended early, and grows where it lasted and the commands were followed.
    """
    followed = task.followed > FOLLOWED_ENOUGH
    change = p.command.growth * jnp.where(terminated, -1.0, jnp.where(followed, 1.0, 0.0))
    return jnp.clip(task.progress + change, 0.0, 1.0)


def go_on(
    p: Parts, task: TaskState, robot: RobotState, keys: Key[Array, "5"]
) -> tuple[TaskState, Bool[Array, ""], RobotState]:
    """What happens to a robot whose episode goes on: new command, push. Says whether it was pushed."""
    due = task.step % p.command_every == 0
    goal = jnp.where(due, p.command.sample(keys[K_COMMAND], task.progress), task.goal)
    task = task.replace(key=keys[K_NEXT], goal=goal, command=p.command.command(goal, robot))
    if not p.push_every:
        return task, jnp.zeros((), bool), robot
    pushed = task.push_in <= 1
    task = task.replace(push_in=jnp.where(pushed, p.push_every, task.push_in - 1))
    task = pull(p, task, pushed, jax.random.fold_in(keys[K_PUSH], K_PULL))
    if p.push is None:
        return task, jnp.zeros((), bool), robot
    return task, pushed, select(pushed, p.push(keys[K_PUSH], robot), robot)


def pull(p: Parts, task: TaskState, pushed: Bool[Array, ""], key: Key[Array, ""]) -> TaskState:
    """A pull begins with a push and lasts for some control steps."""
    if p.pull is None:
        return task
    left = jnp.where(pushed, p.pull_steps, jnp.maximum(task.pull_left - 1, 0))
    held = jnp.where(left > 0, task.wrench, 0.0)
    return task.replace(wrench=jnp.where(pushed, p.pull(key), held), pull_left=left)
