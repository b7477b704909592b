"""One control step of one robot, piece by piece. Pure functions of `Parts` and state."""

from typing import Any

import jax
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float, Key

from gpugym_jax.mdp.parts import Parts
from gpugym_jax.mdp.snapshot import remember, see
from gpugym_jax.types import Obs, Reading, RobotState, TaskState, Verdict

K_NEXT, K_NOISE, K_PUSH, K_COMMAND, K_EPISODE = range(5)
"""What a robot's key is split into each step; `fold_in(key, K_NOISE)` is the second of them."""
K_RUN = 3
"""Beside the three into which the key of a run's first episode is split."""


def fresh(
    p: Parts, key: Key[Array, ""], k_next: Key[Array, ""], k_run: Key[Array, ""]
) -> tuple[TaskState, RobotState]:
    """A new episode, all of it drawn from `key`, but for what `k_run` keeps for the run."""
    k_state, k_command, k_phase, k_variation = jax.random.split(key, 4)
    num_dofs, num_act = len(p.robot.dofs), len(p.robot.actuated_ids)
    num_feet = len(p.robot.groups.get("foot", ()))
    state = p.sample_state(k_state)
    task = TaskState(
        key=k_next,
        step=jnp.zeros((), jnp.int32),
        command=p.sample_command(k_command),
        action=jnp.zeros(p.action_size),
        last_action=jnp.zeros(p.action_size),
        target_history=jnp.zeros((3, num_act)),
        actuator=p.actuator.init(),
        torque=jnp.zeros(num_dofs),
        last_dof_vel=state.dof_vel,
        air_time=jnp.zeros(num_feet),
        contact=jnp.zeros(num_feet, bool),
        phase=jax.random.uniform(k_phase, maxval=jnp.pi),
        variation=p.sample_variation(k_run, k_variation),
        run_key=k_run,
    )
    return task, state


def start(p: Parts, key: Key[Array, ""]) -> tuple[TaskState, RobotState]:
    """The first episode of a run; it may begin at a random age, so that ends are spread out."""
    k_next, k_fresh, k_age = jax.random.split(key, 3)
    task, state = fresh(p, k_fresh, k_next, jax.random.fold_in(key, K_RUN))
    age = jax.random.randint(k_age, (), 0, p.last_step, jnp.int32)
    return task.replace(step=age if p.spread else task.step), state


def act(p: Parts, task: TaskState, action: Float[Array, " action"]) -> TaskState:
    """Take the policy's action as the target of the coming substeps."""
    target = p.targets(action).dof_pos
    return task.replace(
        last_action=task.action,
        action=action,
        target_history=jnp.concatenate([target[None], task.target_history[:2]]),
    )


def torque(p: Parts, task: TaskState, reading: Reading) -> tuple[TaskState, Float[Array, " dof"]]:
    """Joint torques of the coming substep, N m; 0 at joints without a motor."""
    memory, tau = p.actuator.torque(task.actuator, p.targets(task.action), reading)
    tau = jnp.zeros(len(p.robot.dofs)).at[jnp.array(p.robot.actuated_ids)].set(tau)
    return task.replace(actuator=memory, torque=tau), tau


def observe(p: Parts, task: TaskState, reading: Reading) -> Obs:
    """Both observation groups."""
    return p.observe(see(p.robot, p.dt, task, reading), jax.random.fold_in(task.key, K_NOISE))


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
    new_task, new_robot = fresh(p, keys[K_EPISODE], keys[K_NEXT], task.run_key)
    finite = is_finite(reading.robot)
    reading = select(finite, reading, jax.tree.map(jnp.zeros_like, reading).replace(robot=new_robot))

    phase = jnp.mod(task.phase + p.phase_step, 2.0 * jnp.pi)
    task = task.replace(step=task.step + 1, phase=phase)
    s = see(p.robot, p.dt, task, reading)
    terminated = jnp.any(jnp.array([f(s) for f in p.ends.values()] + [~finite]))
    timed_out = (task.step >= p.last_step) & ~terminated
    reward, shares = p.reward(s, terminated)

    task, pushed, robot = go_on(p, remember(task, s), reading.robot, keys)
    final_obs = observe(p, task, reading.replace(robot=robot))
    done = terminated | timed_out
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


def go_on(
    p: Parts, task: TaskState, robot: RobotState, keys: Key[Array, "5"]
) -> tuple[TaskState, Bool[Array, ""], RobotState]:
    """What happens to a robot whose episode goes on: new command, push. Says whether it was pushed."""
    due = task.step % p.command_every == 0
    command = jnp.where(due, p.sample_command(keys[K_COMMAND]), task.command)
    task = task.replace(key=keys[K_NEXT], command=command)
    if not p.push_every:
        return task, jnp.zeros((), bool), robot
    pushed = task.step % p.push_every == 0
    return task, pushed, select(pushed, p.push(keys[K_PUSH], robot), robot)
