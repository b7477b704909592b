"""The kinds of faults at the boundary: each a trial that returns the seconds until there was a clear error.

`python -m tests.isaac_backend.kinds SEED` is the process that some of them hit: it drives a physics until Ctrl-C.
"""

import contextlib
import json
import os
import random
import resource
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest

from gpugym_jax.tables import UserError
from isaac_backend import connection, protocol
from isaac_backend.client import IsaacPhysics
from isaac_backend.connection import WorkerError
from tests.isaac_backend.belongings import alive, belongings, children, left_behind
from tests.isaac_backend.rig import BALLISTIC, HERE, NUM_ENVS, make_physics, random_state, torque, variation

FAULTY = HERE / "faulty.py"
LIMIT_S = 0.5  # of an answer to step or write in these trials
START_LIMIT_S = 4.0  # of an answer to hello or init
Trial = Callable[[random.Random], float]
SLACK_S = 5.0  # more than the limit, for a busy machine


def drive(physics: IsaacPhysics, verbs: int, seed: int = 0) -> Iterator[float]:
    """Init, then steps with a write here and there; the time at which each verb was asked for."""
    draw = random.Random(seed)
    yield time.monotonic()
    sim = physics.init(random_state(), variation())
    for i in range(verbs):
        yield time.monotonic()
        if draw.random() < 0.2:
            sim = physics.write(sim, np.arange(NUM_ENVS) == i % NUM_ENVS, random_state(i), {})
        else:
            sim = physics.step(sim, torque(0.1))


def error_of(physics: IsaacPhysics, verbs: int, seed: int) -> tuple[BaseException, float]:
    """The error that driving ends with, and when the verb was asked for that brought it."""
    asked = 0.0
    try:
        for moment in drive(physics, verbs, seed):
            asked = moment
    except RuntimeError as error:
        return error, asked
    raise AssertionError("no error came")


def check_closed(physics: IsaacPhysics) -> None:
    """After an error nothing works, and all say so; closing does."""
    with contextlib.suppress(RuntimeError):
        physics.camera(0, (0, 0, 1), (0, 0, 0))
        raise AssertionError("a broken physics took a picture")
    physics.close()


# ---------------------------------------------------------------- a trial of each kind: seconds to the error


def in_worker(kind: str, says: str) -> Trial:
    """The simulator breaks at a drawn call of a drawn verb."""

    def trial(draw: random.Random) -> float:
        verb = draw.choice(("hello", "init", "step", "step", "step", "write", "write"))
        at = draw.randrange({"step": 30, "write": 5}.get(verb, 1))
        os.environ["ISAAC_FAULT"] = json.dumps({"kind": kind, "verb": verb, "at": at})
        physics = make_physics(FAULTY, step_timeout_s=LIMIT_S, start_timeout_s=START_LIMIT_S)
        error, asked = error_of(physics, 200, draw.randrange(100))
        seconds = time.monotonic() - asked
        assert isinstance(error, WorkerError), error
        assert f"failed in '{verb}'" in str(error) and says in str(error), str(error)
        check_closed(physics)
        return seconds

    return trial


def signalled(number: signal.Signals, says: str) -> Trial:
    """A signal hits the worker at a drawn moment."""

    def trial(draw: random.Random) -> float:
        physics, hit = make_physics(BALLISTIC, step_timeout_s=LIMIT_S), [0.0]
        driving = drive(physics, 10**6, draw.randrange(100))
        for _ in range(3):
            next(driving)

        def strike() -> None:
            hit[0] = time.monotonic()
            os.kill(physics.report["pid"], number)

        timer = threading.Timer(draw.uniform(0.0, 0.3), strike)
        timer.start()
        try:
            for _ in driving:
                pass
        except WorkerError as error:
            seconds = time.monotonic() - hit[0]
            assert says in str(error), str(error)
        timer.join()
        check_closed(physics)
        return seconds

    return trial


def refused(says: str, spoil: Callable[[pytest.MonkeyPatch, random.Random], None]) -> Trial:
    """What both sides share is spoilt before the worker starts."""

    def trial(draw: random.Random) -> float:
        physics = make_physics(BALLISTIC, start_timeout_s=START_LIMIT_S)
        limit = resource.getrlimit(resource.RLIMIT_FSIZE)
        begin = time.monotonic()
        try:
            with pytest.MonkeyPatch.context() as patch:
                spoil(patch, draw)
                physics.init(random_state(), variation())
                raise AssertionError("no error came")
        except (WorkerError, UserError) as error:
            seconds = time.monotonic() - begin
            assert says in str(error), str(error)
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, limit)
        physics.close()
        return seconds

    return trial


def other_layout(patch: pytest.MonkeyPatch, draw: random.Random) -> None:
    """The client's arena has other arrays."""
    patch.setattr(protocol, "layout_id", lambda table: draw.getrandbits(32))


def other_size(patch: pytest.MonkeyPatch, draw: random.Random) -> None:
    """The arena's file is longer than its arrays."""
    start = connection.start

    def spoilt(python: str, arena: Any, output: Any) -> Any:
        os.ftruncate(arena.fileno(), os.fstat(arena.fileno()).st_size + draw.randrange(1, 2**20))
        return start(python, arena, output)

    patch.setattr(connection, "start", spoilt)


def no_room(patch: pytest.MonkeyPatch, draw: random.Random) -> None:
    """Shared memory ends before the arena does, here by the limit on the size of a file."""
    hard = resource.getrlimit(resource.RLIMIT_FSIZE)[1]
    resource.setrlimit(resource.RLIMIT_FSIZE, (draw.randrange(4096), hard))


def between(draw: random.Random) -> float:
    """The caller's own mistake between two verbs harms nobody: the physics goes on."""
    physics = make_physics(BALLISTIC)
    sim = physics.init(random_state(), variation())
    for i in range(draw.randrange(2, 20)):
        begin = time.monotonic()
        with contextlib.suppress(ValueError):
            physics.step(sim, np.zeros((NUM_ENVS, draw.randrange(1, 12)), np.float32))
            raise AssertionError("a torque of the wrong shape was taken")
        seconds = time.monotonic() - begin
        sim = physics.step(sim, torque(float(i)))
    physics.close()
    return seconds


class Child:
    """Another process that drives a physics, to be hit itself."""

    def __init__(self, seed: int) -> None:
        command = [sys.executable, "-m", "tests.isaac_backend.kinds", str(seed)]
        pipe = subprocess.PIPE
        self.process = subprocess.Popen(command, stdout=pipe, stderr=pipe, text=True, start_new_session=True)
        assert self.process.stdout is not None
        assert self.process.stdout.readline() == "ready\n"

    def __enter__(self) -> "Child":
        return self

    def __exit__(self, *_: object) -> None:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.communicate()

    def hit(self, number: signal.Signals) -> set[int]:
        """Send a signal to its process group, as a terminal does; the workers that it had."""
        workers = children(self.process.pid)
        os.killpg(self.process.pid, number)
        return workers | children(self.process.pid)

    def gone(self, workers: set[int]) -> float:
        """Seconds until none of them runs."""
        begin = time.monotonic()
        while any(alive(pid) for pid in workers):
            if time.monotonic() - begin > SLACK_S:
                raise AssertionError(f"{workers} outlive their parent")
            time.sleep(0.002)
        return time.monotonic() - begin


def parent_killed(draw: random.Random) -> float:
    """kill -9 of the parent, from before the worker's start on."""
    with Child(draw.randrange(100)) as child:
        time.sleep(draw.uniform(0.0, 0.6))
        return child.gone(child.hit(signal.SIGKILL))


def interrupted(draw: random.Random) -> float:
    """Ctrl-C in the parent, in the middle of an exchange or not."""
    with Child(draw.randrange(100)) as child:
        time.sleep(draw.uniform(0.3, 0.8))
        begin = time.monotonic()
        workers = child.hit(signal.SIGINT)
        out, err = child.process.communicate(timeout=60)
        seconds = time.monotonic() - begin
        assert child.process.returncode == 0 and "interrupted" in out, (out, err)
        child.gone(workers)
        return seconds


def drive_for_ever(seed: int) -> None:
    """What a child does: drive until Ctrl-C; then say so, close and check that nothing is held."""
    before = belongings()
    signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell's background jobs begin deaf to it
    print("ready", flush=True)
    physics = None
    try:
        physics = make_physics(BALLISTIC)
        for _ in drive(physics, 10**9, seed):
            pass
    except KeyboardInterrupt:
        print("interrupted", flush=True)
    if physics is not None:
        physics.close()
    left = left_behind(before)
    assert not any(left.values()), left


KINDS: dict[str, Trial] = {
    "exception in the simulator": in_worker("give_up", "ArithmeticError: the simulation exploded"),
    "worker exits": in_worker("leave", "it ended with exit code 3"),
    "worker segfaults": in_worker("crash", "SIGSEGV"),
    "worker aborts": in_worker("abort", "SIGABRT"),
    "worker hangs": in_worker("hang", "gave no answer within"),
    "worker stops itself": in_worker("stop", "gave no answer within"),
    "message cut short": in_worker("cut_short", "a message was cut short: 3 of 100 bytes came"),
    "half a header": in_worker("half_a_header", "gave no answer within"),
    "payload too long": in_worker("too_long", "a payload of 2147483648 bytes is longer than"),
    "answer to another verb": in_worker("other_verb", "answer out of turn: 'camera'"),
    "answer to another turn": in_worker("other_turn", "answer out of turn"),
    "no verb": in_worker("no_verb", "no verb b'?'"),
    "error that is no text": in_worker("no_utf8", "\ufffd"),
    "kill -9 of the worker": signalled(signal.SIGKILL, "SIGKILL"),
    "SIGTERM of the worker": signalled(signal.SIGTERM, "SIGTERM"),
    "SIGSTOP of the worker": signalled(signal.SIGSTOP, f"gave no answer within {LIMIT_S:g} s"),
    "arena of another layout": refused("layout mismatch", other_layout),
    "arena of another size": refused("bytes, its layout needs", other_size),
    "full shared memory": refused("bytes of shared memory", no_room),
    "wrong shape between verbs": between,
    "kill -9 of the parent": parent_killed,
    "Ctrl-C in the parent": interrupted,
}


if __name__ == "__main__":
    drive_for_ever(int(sys.argv[1]))
