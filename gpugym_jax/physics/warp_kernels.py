"""Warp's kernels, built in parallel and beside XLA instead of one after the other at the first step.

Warp compiles a module when one of its kernels is first launched, and MJX launches the first one when XLA
has compiled all else. Here one step of MuJoCo Warp is run with its launches only noted; the modules noted are
then loaded from a pool of threads (Warp's code generation holds a lock, its compiler does not).
"""

# MuJoCo's compiled classes have no type stubs.
# pyright: reportAttributeAccessIssue=false

import os
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

import mujoco
import warp as wp  # pyright: ignore[reportMissingImports]  (of the extra `warp`)
from mujoco.mjx.third_party import mujoco_warp

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
    robot = mujoco_warp.put_model(model)
    # a loop that asks the device whether to go on would never end: nothing runs
    robot.opt.graph_conditional = False
    robot.opt.warn_overflow = 0  # as `mjx.py` has it: other kernels would print
    data = mujoco_warp.make_data(model, nworld=1, naconmax=contacts, njmax=constraints)
    with noted_launches() as launches:
        mujoco_warp.step(robot, data)
    return list(dict.fromkeys(launches))


def _shortest_last(launch: Launch) -> tuple[bool, int]:
    """Tiled kernels, which take longest, and modules of many kernels come first in the queue."""
    module, block_dim = launch
    return block_dim is None, -len(module.kernels)


def build_kernels(model: mujoco.MjModel, contacts: int, constraints: int) -> None:
    """Build and load the kernels of a step on the present CUDA device, as many at once as there are cores."""
    device = wp.get_device()
    launches = sorted(launches_of_step(model, contacts, constraints), key=_shortest_last)
    with ThreadPoolExecutor(os.cpu_count(), thread_name_prefix="warp kernels") as workers:
        for load in [workers.submit(module.load, device, block_dim) for module, block_dim in launches]:
            load.result()
