"""What is damaged, and the command that is to read it: its real path, in this process, to where judging ends."""

import dataclasses
import json
import logging
import shutil
from collections.abc import Callable
from pathlib import Path
from random import Random
from typing import Any, NamedTuple

import numpy as np

from gpugym_jax import evaluate, train
from gpugym_jax.config_yaml import dump, load_config, to_mapping
from gpugym_jax.gate import exam, falls, verdict  # noqa: F401  (children find them imported)
from gpugym_jax.paths import ASSETS, CONFIGS
from gpugym_jax.runs import training
from tests.fuzz import policies, yamls
from tests.fuzz.trial import Command, trial

SHORT = ["--episodes=2", "--seconds=2"]


class Kind(NamedTuple):
    """A kind of file."""

    files: Callable[[Path], list[Path]]  # good ones; what is not shipped is made in the folder
    damaged: Callable[[Random, bytes], tuple[bytes, str]]
    command: Callable[[Path], Command]
    accepted: tuple[int, ...]  # exit codes of files that are read


def judged(file: Path) -> Command:
    """`gpugym evaluate` by few short episodes: the figures, or why there are none."""

    def command() -> tuple[int, Any]:
        code = evaluate.main([f"--policy={file}", *SHORT, f"--json={file}.json"])
        made = Path(f"{file}.json")
        found = json.loads(made.read_text()) if made.is_file() else {}
        return code, found.get("measures") or found.get("not_judged")

    return command


class _EnoughError(BaseException):
    """What comes next would compile."""


def configured(file: Path) -> Command:
    """`gpugym train` until it would compile: the configuration."""

    def command() -> tuple[int, Any]:
        seen: list[Any] = []

        def built(cfg: Any) -> Any:
            seen.append(to_mapping(cfg))
            return build(cfg)

        def enough(*_: Any) -> Any:
            raise _EnoughError

        build, training.build, training.begin_compile = training.build, built, enough
        try:
            return train.main([f"--config={file}", "--device=cpu", "--no_compile_cache"]), None
        except _EnoughError:
            return 0, seen[0]
        finally:
            logging.disable()

    return command


def policy_files(folder: Path) -> list[Path]:
    """The shipped ones, and one with a memory."""
    shipped = [shutil.copy(file, folder) for file in sorted((ASSETS / "policies").glob("*.onnx"))]
    return [*map(Path, shipped), with_memory(folder)]


def with_memory(folder: Path) -> Path:
    """A policy of the cartpole that remembers, its weights drawn. Made in a child: JAX does not begin here."""
    file = folder / "memory.onnx"

    def command() -> tuple[int, Any]:
        import jax

        from gpugym_jax.mdp import make_mdp
        from gpugym_jax.policy import exporting
        from gpugym_jax.policy.description import describe
        from gpugym_jax.policy.file import write_policy
        from gpugym_jax.robots import ROBOTS

        cfg, robot = (
            load_config("cartpole", ["ppo.memory={gru: {size: 6}}", "ppo.actor=[16]"]),
            ROBOTS["cartpole"],
        )
        mdp, rng = make_mdp(cfg, robot), np.random.default_rng(0)
        shapes = exporting.blank_policy(cfg, mdp.obs_sizes, mdp.action_size)
        drawn = jax.tree.map(lambda x: rng.uniform(0.1, 1.0, x.shape).astype(x.dtype), shapes)
        reference = exporting.reference_of(cfg, drawn, mdp.obs_sizes)
        write_policy(file, exporting.actor_of(cfg, robot, drawn), describe(cfg, robot), reference)
        return 0, None

    told = trial(command)
    if told.code:
        raise AssertionError("\n".join(told.lines))
    return file


def task_files(folder: Path) -> list[Path]:
    """The shipped ones, and one in full, as a run's folder has it."""
    whole = folder / "config.yaml"
    dump(dataclasses.replace(load_config("mini_cheetah_ref"), task="mini_cheetah_ref"), whole)
    return [*sorted(CONFIGS.glob("*.yaml")), whole]


KINDS = {
    "policies": Kind(policy_files, policies.damaged, judged, (0, 1)),
    "yamls": Kind(task_files, yamls.damaged, configured, (0,)),
}
