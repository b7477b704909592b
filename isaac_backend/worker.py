"""The process that holds the simulator: wait for a verb, do it, answer. Started by its path.

`python worker.py SOCKET ARENA` takes two inherited file descriptors. It runs on Python 3.8 and needs the
standard library and NumPy; what else is imported is the simulator's. It ends with the socket, and with the
parent's thread that started it.
"""

import ctypes
import importlib.util
import json
import os
import platform
import signal
import socket
import sys
import traceback
from pathlib import Path
from typing import Any, Callable, Dict

import numpy as np

import protocol

PR_SET_PDEATHSIG = 1  # linux/prctl.h


def die_with_parent() -> None:
    """Be killed when the parent is, even while stopped or inside a simulation."""
    ctypes.CDLL(None, use_errno=True).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


def load_simulator(path: str) -> Any:
    """The class `Simulator` of a Python file; an empty path means simulator.py beside this one."""
    file = Path(path) if path else Path(__file__).resolve().with_name("simulator.py")
    spec = importlib.util.spec_from_file_location(file.stem, str(file))
    if spec is None or spec.loader is None or not file.is_file():
        raise FileNotFoundError(f"no Python file '{file}' to take the simulator from")
    module = importlib.util.module_from_spec(spec)
    sys.modules[file.stem] = module
    spec.loader.exec_module(module)
    return module.Simulator


def map_spec(spec: Dict[str, Any], arena_fd: int) -> Dict[str, np.ndarray]:
    """The arena's arrays, once both sides agree on what they are."""
    if spec["protocol"] != protocol.VERSION:
        raise protocol.ProtocolError(
            "the client speaks protocol {}, this worker {}".format(spec["protocol"], protocol.VERSION)
        )
    table = protocol.fields(spec["num_envs"], spec["num_dofs"], spec["num_bodies"])
    if spec["layout"] != protocol.layout_id(table):
        raise protocol.ProtocolError(
            "layout mismatch: the client's arena is {:08x}, this worker's {:08x}".format(
                spec["layout"], protocol.layout_id(table)
            )
        )
    return protocol.map_arena(arena_fd, table)[0]


class Worker:
    """A simulator, from hello on, and the verbs that drive it."""

    def __init__(self, arena_fd: int) -> None:
        self._arena_fd = arena_fd
        self._simulator: Any = None
        self.verbs: Dict[bytes, Callable[[bytes], bytes]] = {
            protocol.HELLO: self.hello,
            protocol.INIT: lambda _: json.dumps(self._made().init()).encode(),
            protocol.STEP: lambda _: self._made().step() or b"",
            protocol.WRITE: lambda _: self._made().write() or b"",
            protocol.CAMERA: lambda payload: self._made().camera(json.loads(payload.decode())),
            protocol.QUIT: lambda _: self.close(),
        }

    def hello(self, payload: bytes) -> bytes:
        """Agree on the layout and make the simulator."""
        spec = json.loads(payload.decode())
        arena = map_spec(spec, self._arena_fd)
        self._simulator = load_simulator(spec["simulator"] or "")(spec, arena)
        versions = {
            "protocol": protocol.VERSION,
            "python": platform.python_version(),
            "numpy": np.__version__,
            "pid": os.getpid(),
        }
        return json.dumps({**versions, **self._simulator.versions()}).encode()

    def _made(self) -> Any:
        if self._simulator is None:
            raise protocol.ProtocolError("the first verb must be hello")
        return self._simulator

    def close(self) -> bytes:
        """Free the simulator, if there is one."""
        simulator, self._simulator = self._simulator, None
        if simulator is not None:
            simulator.close()
        return b""

    def answer(self, request: protocol.Message) -> protocol.Message:
        """Do what is asked. What goes wrong goes back as a traceback."""
        try:
            if request.verb in protocol.HOT and request.payload:
                raise protocol.ProtocolError(f"{protocol.NAMES[request.verb]} came with a payload")
            if request.verb not in self.verbs:
                raise protocol.ProtocolError(f"{request.verb!r} is no request")
            return request._replace(payload=self.verbs[request.verb](request.payload))
        except Exception:
            return request._replace(verb=protocol.ERROR, payload=traceback.format_exc().encode())


def serve(sock: socket.socket, worker: Worker) -> None:
    """Answer until quit or until the client hangs up."""
    turn = 0
    while True:
        request = protocol.receive(sock)
        if request is None:
            return
        turn = protocol.next_turn(turn)
        if request.turn != turn:
            raise protocol.ProtocolError(f"request {request.turn} came where {turn} was due")
        protocol.send(sock, worker.answer(request))
        if request.verb == protocol.QUIT:
            return


def main(socket_fd: int, arena_fd: int) -> None:
    """Serve one client."""
    die_with_parent()
    for fd in (socket_fd, arena_fd):
        os.set_inheritable(fd, False)  # else a compiler that the simulator starts would hold them open
    worker = Worker(arena_fd)
    with socket.socket(fileno=socket_fd) as sock:
        try:
            serve(sock, worker)
        finally:
            worker.close()


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]))
