"""A worker process and the way to it: socket, arena, time limits, errors. It knows nothing of robots."""

import contextlib
import json
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from pathlib import Path
from typing import IO, Any

import numpy as np

from gpugym_jax.tables import UserError
from isaac_backend import protocol

WORKER = Path(__file__).with_name("worker.py")
SHARED = Path("/dev/shm")
QUIT_LIMIT_S = 10.0
LAST_LINES = 20
LAST_BREATH_S = 2.0  # a worker that ends closes its socket a little before it is gone


class WorkerError(RuntimeError):
    """The worker failed: how, its exit code if it has ended, and the last lines that it wrote."""


def worker_environment() -> dict[str, str]:
    """Our environment without what leads Python to our own packages.

    The variable ISAAC_PYTHONPATH, if set, is the PYTHONPATH of the worker.
    """
    ours = {k: v for k, v in os.environ.items() if not k.startswith("PYTHON") and k != "VIRTUAL_ENV"}
    path = os.environ.get("ISAAC_PYTHONPATH")
    return {**ours, "PYTHONPATH": path} if path else ours


def make_arena(size: int) -> IO[bytes]:
    """A file of `size` bytes without a name, in shared memory. Too little of it is a `UserError` at once."""
    folder = SHARED if SHARED.is_dir() else Path(tempfile.gettempdir())
    file = tempfile.TemporaryFile(dir=folder, buffering=0)  # noqa: SIM115  (the caller closes it)
    try:
        os.posix_fallocate(file.fileno(), 0, size)
    except OSError as error:
        file.close()
        free = shutil.disk_usage(folder).free
        raise UserError(
            f"the simulator's arrays need {size:,} bytes of shared memory, {folder} has {free:,} left "
            f"({error.strerror}): use fewer robots, or make it larger (in a container: --shm-size)."
        ) from None
    return file


def start(python: str, arena: IO[bytes], output: IO[bytes]) -> tuple[subprocess.Popen[bytes], socket.socket]:
    """The worker, in a session of its own so that Ctrl-C reaches only us; and our end of the socket."""
    ours, theirs = socket.socketpair()
    with theirs:
        try:
            return launch(python, WORKER, (theirs.fileno(), arena.fileno()), output), ours
        except UserError:
            ours.close()
            raise


def launch(
    python: str, script: Path, descriptors: tuple[int, ...], output: IO[bytes]
) -> subprocess.Popen[bytes]:
    """`script` in that interpreter and a session of its own; its arguments are the descriptors it inherits.

    Raises:
        UserError: It cannot be started.
    """
    command = [python, "-u", "-X", "faulthandler", str(script), *map(str, descriptors)]
    try:
        return subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            pass_fds=descriptors,
            start_new_session=True,
            env=worker_environment(),
        )
    except OSError as error:
        raise UserError(f"'{python}' cannot be started as Python: {error.strerror}.") from None


def ended(process: subprocess.Popen[bytes], within_s: float) -> int | None:
    """The exit code, negative for a signal, once the process has ended. It stays to be reaped."""
    until = time.monotonic() + within_s
    while True:
        try:
            info = os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT)
        except ChildProcessError:  # where SIGCHLD is ignored the kernel reaps
            return None
        if info is not None:
            return info.si_status if info.si_code == os.CLD_EXITED else -info.si_status
        if time.monotonic() >= until:
            return None
        time.sleep(0.005)


def kill(process: subprocess.Popen[bytes]) -> None:
    """Kill the worker and whatever it has started, and reap it."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)  # not yet reaped, so the number is still its own
    with contextlib.suppress(subprocess.TimeoutExpired):
        process.wait(QUIT_LIMIT_S)  # one that hangs in the driver is left to the kernel


def last_lines(output: IO[bytes]) -> str:
    """What the worker wrote last, on stdout or stderr."""
    size = os.fstat(output.fileno()).st_size
    text = os.pread(output.fileno(), 16384, max(0, size - 16384)).decode(errors="replace")
    return "\n".join("  | " + line for line in text.splitlines()[-LAST_LINES:])


def exit_text(code: int) -> str:
    """An exit code in words."""
    if code >= 0:
        return f"it ended with exit code {code}"
    return f"it was ended by {signal.Signals(-code).name} (exit code {code})"


class Connection:
    """A worker that answers one request at a time. After a failed or interrupted one it is closed.

    The worker is killed when the thread that made the connection ends.

    Attributes:
        arena: The shared arrays by name; empty once closed.
        published: The bytes of those that the worker writes, `protocol.of_worker`; likewise.
        hello: What the worker said of itself: versions, whether Isaac Gym is a double.
    """

    def __init__(self, python: str, spec: dict[str, Any], limit_s: float) -> None:
        table = protocol.fields(spec["num_envs"], spec["num_dofs"], spec["num_bodies"])
        self._why = ""
        self._turn = 0
        self._output = tempfile.TemporaryFile(buffering=0)  # noqa: SIM115  (closed with the connection)
        try:
            with make_arena(protocol.offsets(table)[1]) as file:
                self._map(file, table)
                self._process, self._socket = start(python, file, self._output)
        except BaseException:
            self._output.close()
            raise
        self.closed = False
        agreed = {"protocol": protocol.VERSION, "layout": protocol.layout_id(table)}
        self.hello = json.loads(self.ask(protocol.HELLO, json.dumps({**spec, **agreed}).encode(), limit_s))

    def _map(self, file: IO[bytes], table: protocol.Fields) -> None:
        """Map the arena; no other frame may name the map, or an error's traceback would keep it open."""
        self.arena, whole = protocol.map_arena(file.fileno(), table)
        self.published = whole[protocol.offsets(table)[0][protocol.of_worker(table)[0].name] :]

    @property
    def pid(self) -> int:
        """The worker's process number."""
        return self._process.pid

    def check_open(self) -> None:
        """Raise a `RuntimeError` with the reason if this is closed."""
        if self.closed:
            raise RuntimeError(f"this physics is closed{self._why}.")

    def ask(self, verb: bytes, payload: bytes = b"", limit_s: float = 60.0) -> bytes:
        """The payload of the worker's answer.

        Raises:
            WorkerError: There is none within `limit_s` s, or a wrong one, or the worker failed.
            RuntimeError: The connection is closed.
        """
        self.check_open()
        self._turn = protocol.next_turn(self._turn)
        request = protocol.Message(verb, self._turn, payload)
        reply, why = None, f"it was interrupted in '{protocol.NAMES[verb]}'"
        try:
            reply = self._exchange(request, limit_s)
            return reply
        except (OSError, protocol.ProtocolError) as error:
            story = self._story(protocol.NAMES[verb], error, limit_s)
            why = story.splitlines()[0].rstrip(".")
            raise WorkerError(story) from None
        finally:
            if reply is None:
                self._abandon(f": {why}")

    def _exchange(self, request: protocol.Message, limit_s: float) -> bytes:
        protocol.send(self._socket, request, limit_s)
        reply = protocol.receive(self._socket, limit_s)
        if reply is None:
            raise protocol.HungUpError("it hung up")
        if reply.turn != request.turn or reply.verb not in (request.verb, protocol.ERROR):
            got, due = (f"'{protocol.NAMES[m.verb]}' {m.turn}" for m in (reply, request))
            raise protocol.ProtocolError(f"answer out of turn: {got} came where {due} was due")
        if reply.verb == protocol.ERROR:
            raise protocol.ProtocolError(reply.payload.decode(errors="replace").strip())
        return reply.payload

    def _story(self, verb: str, error: Exception, limit_s: float) -> str:
        """What went wrong in one line, then its details."""
        timed_out = isinstance(error, TimeoutError)
        what = f"it gave no answer within {limit_s:g} s" if timed_out else str(error)
        hung_up = isinstance(error, OSError | protocol.HungUpError) and not timed_out
        code = ended(self._process, LAST_BREATH_S if hung_up else 0.0)
        first = what.splitlines()[-1] if what.startswith("Traceback") else what
        state = f"; {exit_text(code)}" if code is not None else ""
        details = [what] if what.startswith("Traceback") else []
        written = last_lines(self._output)
        details += [f"Its last lines were:\n{written}"] if written else ["It wrote nothing."]
        return "\n".join([f"Isaac Gym's worker failed in '{verb}': {first}{state}.", *details])

    def _abandon(self, why: str) -> None:
        """Kill the worker and let go of all that was held."""
        if self.closed:
            return
        self.closed, self._why = True, why
        try:
            kill(self._process)
        finally:
            self._socket.close()
            self._output.close()
            self.arena: dict[str, np.ndarray] = {}
            self.published = np.zeros(0, np.uint8)

    def close(self) -> None:
        """Let the worker end by itself, or else end it. May be called twice."""
        if self.closed:
            return
        with contextlib.suppress(WorkerError):
            self.ask(protocol.QUIT, limit_s=QUIT_LIMIT_S)
            ended(self._process, QUIT_LIMIT_S)
        self._abandon("")
