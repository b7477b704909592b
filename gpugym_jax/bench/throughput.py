"""Control steps a second of an environment, and of its bare physics on the same work.

The environment is run once with a tape: every torque and every overwriting that it asked of the simulator.
The bare physics is then given the tape, from the same start. Both simulate the same motions, with the same
contacts and solver iterations; what differs is what observations, rewards, actuators and randomness cost.
"""

import statistics
import time
from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from flax import struct
from jaxtyping import Array, Bool, Float, Int

from gpugym_jax.config import Config, decimation_of, draws_of
from gpugym_jax.env import make_env
from gpugym_jax.loops import compile_for, scan_for
from gpugym_jax.mdp.pushes import make_pull
from gpugym_jax.mdp.randomize import renewed
from gpugym_jax.physics import make_physics
from gpugym_jax.robots.robot import Robot
from gpugym_jax.robots.scene import Scene
from gpugym_jax.types import Env, EnvState, Physics, Reading, RobotState, TaskState, Variation

Run = Callable[[Any, Any], tuple[Any, Any]]
"""From a simulator's state and what else it takes, to a later state and what else came of it."""


class Tape(struct.PyTreeNode):
    """All that was asked of a simulator. `time` counts control steps, `sub` the substeps of each."""

    torque: Float[Array, "time sub env dof"]
    wrench: Float[Array, "time sub env 6"] | None  # None where the task pulls no robot
    mask: Bool[Array, "time env"]
    robot: RobotState
    variation: Variation


class TapedSim(struct.PyTreeNode):
    """A simulator's state, and the tape so far."""

    sim: Any
    tape: Tape
    at: Int[Array, ""]  # control step
    sub: Int[Array, ""]


class Taped(NamedTuple):
    """A physics that keeps a tape."""

    physics: Physics

    @property
    def traceable(self) -> bool:
        """As the physics within."""
        return self.physics.traceable

    @property
    def num_envs(self) -> int:
        """As the physics within."""
        return self.physics.num_envs

    def init(self, robot: RobotState, variation: Variation) -> Any:
        """Not to be started, only to be gone on with."""
        raise NotImplementedError("a tape goes on from a state: TapedSim(sim, tape, 0, 0)")

    def step(
        self, sim: TapedSim, torque: Float[Array, "env dof"], wrench: Float[Array, "env 6"] | None = None
    ) -> TapedSim:
        """Step, and note with what."""
        at, tape = (sim.at, sim.sub), sim.tape
        tape = tape.replace(
            torque=tape.torque.at[at].set(torque),
            wrench=None if tape.wrench is None else tape.wrench.at[at].set(wrench),
        )
        return TapedSim(self.physics.step(sim.sim, torque, wrench), tape, sim.at, sim.sub + 1)

    def write(
        self, sim: TapedSim, mask: Bool[Array, " env"], robot: RobotState, variation: Variation
    ) -> TapedSim:
        """Write, and note what."""
        noted = {"mask": mask, "robot": robot, "variation": variation}
        put = {
            k: jax.tree.map(lambda a, b: a.at[sim.at].set(b), getattr(sim.tape, k), v)
            for k, v in noted.items()
        }
        after = self.physics.write(sim.sim, mask, robot, variation)
        return TapedSim(after, sim.tape.replace(**put), sim.at + 1, jnp.zeros_like(sim.sub))

    def read(self, sim: TapedSim) -> Reading:
        """As the physics within."""
        return self.physics.read(sim.sim)

    def ready(self) -> None:
        """As the physics within."""
        self.physics.ready()

    def close(self) -> None:
        """As the physics within."""
        self.physics.close()


def record(cfg: Config, robot: Robot, physics: Physics, start: EnvState, steps: int) -> tuple[Any, Tape]:
    """The simulator after `steps` control steps under the action zero, and what was asked of it."""
    env = make_env(cfg, robot, Taped(physics))
    substeps = decimation_of(cfg.control)
    state, variation = physics.read(start.sim).robot, renewed_of(cfg, start.task)
    n, dofs = state.dof_pos.shape
    each_step = (np.zeros(n, bool), state, variation)
    blank = jax.tree.map(lambda x: jnp.zeros((steps, *x.shape), x.dtype), each_step)
    torque = jnp.zeros((steps, substeps, n, dofs))
    wrench = jnp.zeros((steps, substeps, n, 6)) if make_pull(cfg.pushes) else None
    tape, zero = Tape(torque, wrench, *blank), jnp.zeros((), jnp.int32)

    def whole(state: EnvState) -> EnvState:
        return env.scan(lambda c, _: (env.step(c, _still(env))[0], None), state, None, steps)[0]

    end = compile_for(physics, whole)(EnvState(TapedSim(start.sim, tape, zero, zero), start.task)).sim
    # A live physics is given its orders from NumPy: slices of it cost nothing.
    return end.sim, end.tape if physics.traceable else jax.device_get(end.tape)


def _still(env: Env) -> Any:
    # NumPy stands in for a JAX array: on a live physics it costs nothing.
    return np.zeros((env.num_envs, env.action_size), np.float32)


def make_env_run(cfg: Config, robot: Robot, physics: Physics, steps: int) -> Run:
    """The environment under the action zero; its results are summed, so that all are needed."""
    env = make_env(cfg, robot, physics)
    total = jax.jit(lambda kept, out: kept + out.reward + sum(o.sum(-1) for o in out.final_obs.values()))

    def one(carry: tuple[Any, Any, Any], _: None) -> tuple[Any, None]:
        state, _, kept = carry
        state, out = env.step(state, _still(env))
        return (state, out.obs, total(kept, out)), None

    def run(sim: Any, task: Any) -> tuple[Any, Any]:
        obs = {name: jnp.zeros((env.num_envs, size)) for name, size in env.obs_sizes.items()}
        kept = jnp.zeros(env.num_envs)
        (state, obs, kept), _ = env.scan(one, (EnvState(sim, task), obs, kept), None, steps)
        return state.sim, (state.task, obs, kept)

    return run


def make_physics_run(physics: Physics) -> Run:
    """The simulator alone, given a tape."""
    scan = scan_for(physics)

    def substep(sim: Any, given: tuple[Array, Array | None]) -> tuple[Any, None]:
        return physics.step(sim, *given), None

    def one(sim: Any, noted: Tape) -> tuple[Any, None]:
        sim, _ = scan(substep, sim, (noted.torque, noted.wrench), None)
        return physics.write(sim, noted.mask, noted.robot, noted.variation), None

    return lambda sim, tape: (scan(one, sim, tape, None)[0], None)


def renewed_of(cfg: Config, task: TaskState) -> Variation:
    """What a write gets of the robots' variation."""
    return {name: task.variation[name] for name in sorted(renewed(cfg.randomize))}


def timed(run: Callable[..., Any], *arguments: Any) -> tuple[float, Any]:
    """Wall time of a run, s, and what it gave."""
    begin = time.perf_counter()
    result = jax.block_until_ready(run(*arguments))
    return time.perf_counter() - begin, result


def bench_physics(cfg: Config, scene: Scene, num_envs: int) -> Physics:
    """The physics that training would use, with so many robots."""
    timestep = 1.0 / cfg.control.physics_hz
    return make_physics(scene, cfg.physics, num_envs, timestep, varied=draws_of(cfg.randomize))


def compare(cfg: Config, robot: Robot, physics: Physics, steps: int, repeats: int) -> dict[str, float | int]:
    """Control steps a second of both, and their ratio: medians of runs taken in turns from one start."""
    num_envs = physics.num_envs
    everyone: Any = np.ones(num_envs, bool)
    physics.ready()

    def from_state(run: Run) -> Callable[..., Any]:
        def whole(sim: Any, robot: RobotState, variation: Variation, rest: Any) -> tuple[Any, Any]:
            return run(physics.write(sim, everyone, robot, variation), rest)

        return compile_for(physics, whole)

    runs = {
        "env": from_state(make_env_run(cfg, robot, physics, steps)),
        "physics": from_state(make_physics_run(physics)),
    }
    state, _ = compile_for(physics, make_env(cfg, robot, physics).reset)(jax.random.key(0))
    sim, task, variation = state.sim, state.task, renewed_of(cfg, state.task)
    sim, (task, *_) = runs["env"](sim, physics.read(sim).robot, variation, task)  # robots have landed
    begin = jax.device_get(physics.read(sim).robot)
    sim, tape = record(cfg, robot, physics, EnvState(sim, task), steps)

    rest, times = {"env": task, "physics": tape}, {name: [] for name in runs}
    for turn in range(repeats + 1):
        for name, run in runs.items():
            took, (sim, _) = timed(run, sim, begin, variation, rest[name])
            if turn:  # the first compiles
                times[name].append(took)
    rate = {name: num_envs * steps / statistics.median(t) for name, t in times.items()}
    return {
        "num_envs": num_envs,
        "env_steps_per_s": round(rate["env"]),
        "physics_steps_per_s": round(rate["physics"]),
        "ratio": round(rate["env"] / rate["physics"], 4),
        "spread": round(max(max(t) / min(t) for t in times.values()) - 1.0, 4),
    }
