"""Train legged robots in JAX: one task, compiled with MuJoCo MJX, on C MuJoCo or on Isaac Gym.

The public names are imported when first asked for: a command chooses its device before JAX starts.
"""

import importlib
import os
import sys
from typing import TYPE_CHECKING, Any

from gpugym_jax import hearing

if "gpugym" in (
    hearing.module_run(sys.orig_argv).partition(".")[0].removesuffix("_jax"),
    os.path.basename(sys.argv[0]) if sys.argv else "",
):
    hearing.listen()  # a command begins: `python -m gpugym_jax.train`, or the script `gpugym`

if TYPE_CHECKING:
    from gpugym_jax.config_yaml import load_config, task_names
    from gpugym_jax.env import make_env
    from gpugym_jax.mdp import make_mdp
    from gpugym_jax.physics import make_physics
    from gpugym_jax.policy.file import read_policy
    from gpugym_jax.ppo.learn import make_learner
    from gpugym_jax.robots import ROBOTS

__version__ = "0.1.0"

_HOMES = {
    "ROBOTS": "robots",
    "load_config": "config_yaml",
    "make_env": "env",
    "make_learner": "ppo.learn",
    "make_mdp": "mdp",
    "make_physics": "physics",
    "read_policy": "policy.file",
    "task_names": "config_yaml",
}

__all__ = [
    "ROBOTS",
    "load_config",
    "make_env",
    "make_learner",
    "make_mdp",
    "make_physics",
    "read_policy",
    "task_names",
]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(
            f"module 'gpugym_jax' has no attribute '{name}'. There are: {', '.join(_HOMES)}."
        )
    return getattr(importlib.import_module(f"gpugym_jax.{_HOMES[name]}"), name)
