"""Warp's kernels, built before they are needed: all at once, beside XLA, by a process of their own.

Warp compiles a module when one of its kernels is first launched, one after the other, and MJX launches the
first one when XLA has compiled all else. Here a child process runs one step of MuJoCo Warp with its launches
only noted, and builds the modules noted from a pool of threads into Warp's cache, where MJX finds them.
Threads of this process would take turns with JAX's tracing: Warp generates its code in Python.

`python -P .../warp_kernels.py PARENT DEVICE CACHE CONTACTS CONSTRAINTS < MODEL` is the child. It imports
neither JAX nor MJX, which take as long as all else that it imports.
"""

# MuJoCo's compiled classes have no type stubs.
# pyright: reportAttributeAccessIssue=false

import ctypes
import hashlib
import importlib.metadata
import logging
import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType
from typing import Any

import mujoco
import numpy as np
import warp as wp  # pyright: ignore[reportMissingImports]  (of the extra `warp`)

from gpugym_jax.cores import cores

log = logging.getLogger(__name__)

PR_SET_PDEATHSIG = 1  # linux/prctl.h
Launch = tuple[Any, int | None]
"""A `warp.Module`, and the threads of a block that a kernel of it is launched with (None: its default)."""


@contextmanager
def noted_launches() -> Iterator[list[Launch]]:
    """Within, kernels are not launched but noted, in order."""
    launches: list[Launch] = []

    def note(kernel: Any, *args: Any, block_dim: int | None = None, **kwargs: Any) -> None:
        launches.append((kernel.module, block_dim))

    before = wp.launch, wp.launch_tiled
    wp.launch = wp.launch_tiled = note
    try:
        yield launches
    finally:
        wp.launch, wp.launch_tiled = before


def launches_of_step(model: mujoco.MjModel, contacts: int, constraints: int) -> list[Launch]:
    """What a step of one robot launches, each module and block size once, in order of first use.

    Args:
        model: The model that MJX will step.
        contacts: Room for contacts a robot.
        constraints: Room for constraint rows a robot.
    """
    from mujoco.mjx.third_party import mujoco_warp

    robot = mujoco_warp.put_model(model)
    # a loop that asks the device whether to go on would never end: nothing runs
    robot.opt.graph_conditional = False
    robot.opt.warn_overflow = 0  # as `mjx.py` has it: other kernels would print
    data = mujoco_warp.make_data(model, nworld=1, naconmax=contacts, njmax=constraints)
    with noted_launches() as launches:
        mujoco_warp.step(robot, data)
    return list(dict.fromkeys(launches))


def place_in_queue(launch: Launch) -> tuple[int, bool]:
    """Modules of many kernels come first, then tiled kernels.

    The former take the compiler 10 s each, and many compile at once. Tiled kernels hold the lock of code
    generation for 5 s each, since that links their tiles: a module queued behind them begins that much later.
    """
    module, block_dim = launch
    return -len(module.kernels), block_dim is None


def build(model: mujoco.MjModel, contacts: int, constraints: int, device: str) -> None:
    """Build the kernels of a step for a CUDA device, as many at once as there are cores."""
    with wp.ScopedDevice(device):
        launches = sorted(launches_of_step(model, contacts, constraints), key=place_in_queue)
        with ThreadPoolExecutor(cores()) as workers:
            for load in [workers.submit(module.load, device, block_dim) for module, block_dim in launches]:
                load.result()


def build_kernels(model: mujoco.MjModel, contacts: int, constraints: int) -> None:
    """Have the kernels of a step in Warp's cache for the present CUDA device. The second time they are.

    A child that fails costs time only: Warp then builds them itself, one after the other.
    """
    from gpugym_jax.paths import as_here  # not at the top, which is the child's too

    wp.init()
    device, cache = wp.get_device(), Path(wp.config.kernel_cache_dir)
    saved = np.empty(mujoco.mj_sizeModel(model), np.uint8)
    mujoco.mj_saveModel(model, None, saved)
    asked = [str(device.alias), str(cache), str(contacts), str(constraints)]
    kernels_of = importlib.metadata.version("mujoco-mjx")
    digest = hashlib.sha256(saved.tobytes() + repr((asked, device.arch, kernels_of)).encode()).hexdigest()
    done = cache / f"gpugym_{digest[:16]}"
    if done.exists():
        return
    child = [sys.executable, "-P", __file__, str(os.getpid()), *asked]
    built = subprocess.run(child, input=saved.tobytes(), capture_output=True, check=False, env=as_here())
    if built.returncode == 0:
        done.touch()
    elif built.returncode != -signal.SIGINT:  # Ctrl-C ends both
        told = built.stderr.decode(errors="replace").strip().splitlines() or ["nothing was said"]
        log.warning("Warp's kernels are built one after the other, since all at once failed: %s", told[-1])


def leave_out_mjx() -> None:
    """Have `mujoco.mjx` be a mere folder, in which MuJoCo Warp lies."""
    folder = ModuleType("mujoco.mjx")
    folder.__path__ = [str(Path(mujoco.__file__).parent / "mjx")]
    sys.modules["mujoco.mjx"] = folder


def main(arguments: Sequence[str]) -> None:
    """The child: build for a model on standard input, as bytes of an MJB."""
    parent, device, cache, contacts, constraints = arguments
    if sys.platform == "linux":  # a command that a signal ends leaves nobody
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.name == "posix" and os.getppid() != int(parent):
        return  # it ended before
    leave_out_mjx()
    wp.init()
    wp.config.kernel_cache_dir = cache  # set before, the version would be added to it once more
    model = mujoco.MjModel.from_binary_path("model.mjb", {"model.mjb": sys.stdin.buffer.read()})
    build(model, int(contacts), int(constraints), device)


if __name__ == "__main__":
    main(sys.argv[1:])
