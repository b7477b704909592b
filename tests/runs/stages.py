"""Where commands are when a signal comes: how each stage is begun and seen, and what is to come of it."""

import time
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

TINY = [
    "--task=cartpole",
    "--backend=mujoco",
    "--num_envs=8",
    "--device=cpu",
    "--experiment_name=x",
    "ppo.rollout_length=8",
    "ppo.epochs=1",
    "ppo.minibatches=1",
    "ppo.actor=[8]",
    "ppo.critic=[8]",
]
ENDLESS = [*TINY, "--max_iterations=1000000", "runner.save_every=20"]
MJX = ["--backend=mjx", "--impl=jax", "--no_compile_cache"]
WALK = "--policy=assets/policies/mini_cheetah_walk.onnx"


class Seen(NamedTuple):
    """What can be seen of a command from outside."""

    pid: int
    home: Path  # its folder; `out` and `err` in it are what it wrote
    out: str
    err: str


Here = Callable[[Seen], bool]


def says(text: str) -> Here:
    """It wrote this."""
    return lambda seen: text in seen.out or text in seen.err


def loaded(library: str) -> Here:
    """It has begun to use a compiled library."""
    return lambda seen: library in Path(f"/proc/{seen.pid}/maps").read_text()


def has(pattern: str) -> Here:
    """There is such a file or folder."""
    return lambda seen: any(seen.home.glob(pattern))


def after(here: Here, seconds: float) -> Here:
    """Some time later."""
    since: dict[int, float] = {}

    def there(seen: Seen) -> bool:
        if seen.pid not in since and here(seen):
            since[seen.pid] = time.monotonic()
        return time.monotonic() - since.get(seen.pid, time.monotonic()) >= seconds

    return there


def also(*each: Here) -> Here:
    """All of it."""
    return lambda seen: all(here(seen) for here in each)


class Stage(NamedTuple):
    """A command, when it is there, and what is to come of it."""

    command: list[str]  # HOME stands for the case's folder, RUNS for one with a run
    here: Here
    loop: bool = False  # whether it is asked to stop, else it ends at once
    gap: float = 0.1  # s between the first signal and the second
    made: tuple[str, ...] = ()  # files that are whole or absent


STAGES = {
    "imports": Stage(["train", *ENDLESS], loaded("jaxlib")),
    "build": Stage(["train", *ENDLESS], says("build ...")),
    "compile": Stage(["train", *ENDLESS, *MJX], after(says("\ncompile ..."), 0.3)),
    "start": Stage(["train", *ENDLESS, *MJX], after(says("start ..."), 0.3)),
    "first iteration": Stage(["train", *ENDLESS, "--no_compile_cache"], says("; run "), loop=True, gap=1.2),
    "training": Stage(["train", *ENDLESS], after(says("iteration 1/"), 0.5), loop=True),
    "save": Stage(
        ["train", *ENDLESS, "runner.save_every=1"],
        also(says("iteration 1/"), has("x/*/checkpoints/model_?"), has("x/*/checkpoints/*tmp*")),
        loop=True,
    ),
    "evaluate": Stage(
        ["evaluate", WALK, "--episodes=200", "--json=HOME/e.json"],
        after(loaded("onnxruntime"), 1.0),
        made=("e.json",),
    ),
    "play": Stage(
        ["play", WALK, "--headless", "--out=HOME/play"],
        after(also(says("wrote "), has("play/.*.mp4")), 0.3),
        made=("play/video.mp4",),
    ),
    "export": Stage(
        ["export", "--task=cartpole", "--experiment_name=x", "--log_dir=RUNS", "--out=HOME/p.onnx"],
        after(loaded("onnxruntime"), 0.2),
        made=("p.onnx",),
    ),
}
