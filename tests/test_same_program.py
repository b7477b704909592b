"""Programs do not depend on the hash seed: else no process would find in the cache what another has compiled."""

import os
import subprocess
import sys

CODE = """
import hashlib, jax
from gpugym_jax.config_yaml import load_config
from gpugym_jax.mdp import make_mdp
from gpugym_jax.robots.scene import make_scene
from gpugym_jax.types import Reading

cfg = load_config("mini_cheetah_walk")
robot = make_scene(cfg.robot).robot
mdp = make_mdp(cfg, robot)
task, state = jax.eval_shape(mdp.start, jax.random.key(0))
body = jax.ShapeDtypeStruct((len(robot.bodies), 3), "float32")
reading = Reading(state, body, body, body, jax.ShapeDtypeStruct((), bool))
for f in (mdp.torque, mdp.judge, mdp.observe):
    print(hashlib.sha256(jax.jit(f).lower(task, reading).as_text().encode()).hexdigest())
"""


def test_a_task_is_the_same_program_in_every_process() -> None:
    env = {**os.environ, "JAX_PLATFORMS": "cpu"}
    hashes = {
        subprocess.run(
            [sys.executable, "-c", CODE],
            env={**env, "PYTHONHASHSEED": seed},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for seed in ("1", "2", "3")
    }
    assert len(hashes) == 1
    assert len(hashes.pop().split()) == 3
