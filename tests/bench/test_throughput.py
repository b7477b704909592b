"""The bench gives both programs the same work: a tape played back ends where the environment ended."""

import json
from pathlib import Path

import jax
import numpy as np
import pytest

from gpugym_jax import bench
from gpugym_jax.bench.throughput import make_physics_run, record
from gpugym_jax.config import draws_of
from gpugym_jax.config_yaml import load_config
from gpugym_jax.env import make_env
from gpugym_jax.physics import make_physics
from gpugym_jax.robots import ROBOTS
from gpugym_jax.robots.scene import Scene

BUSY = ["physics.backend=mujoco", "episode_s=0.1", "pushes.every_s=0.05"]


@pytest.mark.parametrize("pull", [[], ["pushes.force=5", "pushes.torque=1", "pushes.seconds=0.04"]])
def test_the_tape_repeats_what_the_environment_did(pull: list[str]) -> None:
    cfg = load_config("mini_cheetah", [*BUSY, *pull])
    robot, ends = ROBOTS[cfg.robot], []
    for replay in (False, True):
        physics = make_physics(
            Scene(robot), cfg.physics, 4, 1.0 / cfg.control.physics_hz, draws_of(cfg.randomize)
        )
        state, _ = make_env(cfg, robot, physics).reset(jax.random.key(0))
        begin = physics.read(state.sim).robot
        sim, tape = record(cfg, robot, physics, state, steps=20)
        if replay:
            sim = physics.write(sim, np.ones(4, bool), begin, {})
            sim, _ = make_physics_run(physics)(sim, tape)
        else:
            assert tape.mask.any(), "nothing was reset or pushed"
            assert np.ptp(tape.torque) > 0
            assert (tape.wrench is not None and np.ptp(tape.wrench) > 0) == bool(pull)
        ends.append(physics.read(sim).robot)
        physics.close()
    for name in ("base_pos", "base_quat", "dof_pos", "dof_vel"):
        np.testing.assert_allclose(getattr(ends[1], name), getattr(ends[0], name), atol=1e-5, err_msg=name)


def test_the_command_writes_its_figures(tmp_path: Path) -> None:
    out = tmp_path / "bench.json"
    flags = [
        "--task=pendulum",
        "--backend=mujoco",
        "--sizes",
        "8",
        "--steps",
        "3",
        "--repeats",
        "1",
        "--parts",
    ]
    assert bench.main([*flags, f"--json={out}"]) == 0
    figures = json.loads(out.read_text())
    assert (figures["task"], figures["backend"]) == ("pendulum", "mujoco")
    (row,) = figures["rows"]
    assert row["num_envs"] == 8
    assert row["ratio"] == pytest.approx(row["env_steps_per_s"] / row["physics_steps_per_s"], rel=0.01)
    both = row["collection_s"] + row["learning_s"]
    assert row["iteration_s"] == pytest.approx(both, abs=2e-5)  # each is rounded to 1e-5
    assert "versions" in figures and "machine" in figures
