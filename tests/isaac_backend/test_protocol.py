"""The arena's layout, the messages, and what both sides say when they do not agree."""

import ast
import os
import socket
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
import pytest

import isaac_backend
from gpugym_jax.tables import UserError
from isaac_backend import connection, protocol
from tests.isaac_backend.belongings import belongings
from tests.isaac_backend.rig import make_physics, python38, random_state, torque, variation

PACKAGE = Path(isaac_backend.__file__).parent
PARENT_ONLY = {"__init__", "bench", "check", "client", "connection", "findings", "spec"}
OLD = sorted(p for p in PACKAGE.glob("*.py") if p.stem not in PARENT_ONLY)
"""Files that run in Isaac Gym's own interpreter."""
THIRD_PARTY = {"isaacgym", "numpy", "torch"}
MESSAGE = protocol.Message(protocol.CAMERA, 7, b"payload")


def imported(file: Path) -> set[str]:
    """Top-level names that a file imports anywhere."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(file.read_text())):
        if isinstance(node, ast.Import):
            names |= {alias.name.partition(".")[0] for alias in node.names}
        if isinstance(node, ast.ImportFrom):
            assert node.level == 0 and node.module, (
                f"{file.name}: top-level modules import each other by name"
            )
            names.add(node.module.partition(".")[0])
    return names


@pytest.mark.parametrize("file", OLD, ids=lambda p: p.name)
def test_files_of_the_worker_import_nothing_of_ours(file: Path) -> None:
    allowed = set(sys.stdlib_module_names) | THIRD_PARTY | {p.stem for p in OLD}
    assert imported(file) <= allowed


def test_files_of_the_worker_compile_under_3_8() -> None:
    if not python38():
        for file in OLD:
            ast.parse(file.read_text(), feature_version=(3, 8))
        pytest.skip("no Python 3.8 with NumPy here (PYTHON38 names one): only parsed with 3.8's grammar")
    program = "import sys\nfor f in sys.argv[1:]: compile(open(f).read(), f, 'exec')"
    subprocess.run([python38(), "-c", program, *map(str, OLD)], check=True, timeout=60)


def test_fields_are_apart_and_aligned() -> None:
    table = protocol.fields(5, 3, 2)
    begins, end = protocol.offsets(table)
    assert all(begin % 64 == 0 for begin in begins.values())
    ends = {f.name: begins[f.name] + int(np.prod(f.shape)) * np.dtype(f.dtype).itemsize for f in table}
    starts = [*begins.values(), end]
    assert all(ends[f.name] <= starts[i + 1] for i, f in enumerate(table))
    assert dict((f.name, f.shape) for f in table)["body_force"] == (5, 2, 3)


def test_a_layout_is_known_by_its_number() -> None:
    numbers = {protocol.layout_id(protocol.fields(*sizes)) for sizes in [(5, 3, 2), (5, 2, 3), (6, 3, 2)]}
    assert len(numbers) == 3
    assert protocol.layout_id(protocol.fields(5, 3, 2)) in numbers


def test_both_maps_see_the_same_arrays() -> None:
    table = protocol.fields(4, 2, 3)
    with connection.make_arena(protocol.offsets(table)[1]) as file:
        (here, _), (there, _) = (protocol.map_arena(file.fileno(), table) for _ in range(2))
    for i, array in enumerate(here.values()):
        array[...] = i
    for i, (name, array) in enumerate(there.items()):
        np.testing.assert_array_equal(array, i, err_msg=name)


def test_an_arena_of_another_size_is_refused() -> None:
    table = protocol.fields(4, 2, 3)
    with tempfile.TemporaryFile() as file:
        os.ftruncate(file.fileno(), 100)
        with pytest.raises(protocol.ProtocolError, match="the arena has 100 bytes, its layout needs 1920"):
            protocol.map_arena(file.fileno(), table)


def pair() -> tuple[socket.socket, socket.socket]:
    return socket.socketpair()


def test_a_message_comes_through_whole() -> None:
    here, there = pair()
    long = protocol.Message(protocol.INIT, 2**32 - 1, bytes(range(256)) * 100)
    with here, there:
        for message in (MESSAGE, long):
            protocol.send(here, message)
            assert protocol.receive(there, 1.0) == message
        here.close()
        assert protocol.receive(there, 1.0) is None


@pytest.mark.parametrize(
    ("sent", "says"),
    [
        (b"c\x07\x00", "cut short: 3 of 9 bytes"),
        (protocol.HEADER.pack(b"c", 7, 10) + b"abc", "cut short: 3 of 10 bytes"),
        (protocol.HEADER.pack(b"c", 7, 2**26 + 1), "67108865 bytes is longer than 67108864"),
        (protocol.HEADER.pack(b"?", 7, 0), "no verb b'?'"),
    ],
)
def test_a_wrong_message_is_refused(sent: bytes, says: str) -> None:
    here, there = pair()
    with here, there:
        here.sendall(sent)
        here.close()
        with pytest.raises(protocol.ProtocolError, match=says.replace("?", r"\?")):
            protocol.receive(there, 1.0)


def test_a_late_message_is_a_timeout() -> None:
    here, there = pair()
    with here, there:
        here.sendall(b"c\x07")
        with pytest.raises(TimeoutError):
            protocol.receive(there, 0.05)


def test_turns_start_again_after_32_bits() -> None:
    assert protocol.next_turn(0) == 1
    assert protocol.next_turn(2**32 - 1) == 0


def test_a_worker_of_another_layout_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(protocol, "layout_id", lambda table: 0x1234)
    with pytest.raises(connection.WorkerError, match="layout mismatch: the client's arena is 00001234"):
        make_physics().init(random_state(), variation())


def test_a_worker_of_another_protocol_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(protocol, "VERSION", 99)
    with pytest.raises(connection.WorkerError, match="the client speaks protocol 99, this worker 2"):
        make_physics().init(random_state(), variation())


def test_no_file_for_the_simulator_is_one_line(tmp_path: Path) -> None:
    with pytest.raises(
        connection.WorkerError, match="no Python file '.*absent.py' to take the simulator from"
    ):
        make_physics(tmp_path / "absent.py").init(random_state(), variation())


def test_an_error_that_is_kept_keeps_nothing_open(tmp_path: Path) -> None:
    before = belongings()
    with pytest.raises(connection.WorkerError) as kept:
        make_physics(tmp_path / "absent.py").init(random_state(), variation())
    assert belongings()["descriptors"] <= before["descriptors"], kept.value


def test_no_interpreter_is_one_line() -> None:
    with pytest.raises(UserError, match="'/nowhere/python' cannot be started as Python: No such file"):
        make_physics(python="/nowhere/python").init(random_state(), variation())


def test_a_broken_physics_says_why_and_what_the_worker_wrote() -> None:
    physics = make_physics()
    sim = physics.init(random_state(), variation())
    with pytest.raises(
        connection.WorkerError, match="failed in 'camera': ValueError: the eye is below"
    ) as error:
        physics.camera(0, (0, 0, -1), (0, 0, 0))
    assert "| a banner, such as Isaac Gym prints on stdout" in str(error.value)
    with pytest.raises(RuntimeError, match="this physics is closed: Isaac Gym's worker failed in 'camera'"):
        physics.step(sim, torque())
    with pytest.raises(RuntimeError, match="this physics is closed: Isaac Gym's worker failed in 'camera'"):
        physics.init(random_state(), variation(friction=0.5))
    physics.close()


FULL = """
import resource, signal, sys
{limit}
from tests.isaac_backend.rig import make_physics, random_state, variation
from gpugym_jax.tables import UserError
try:
    make_physics(num_envs=4096).init(random_state(num_envs=4096), variation(num_envs=4096))
except UserError as error:
    print(error)
"""
BY_SIZE = (
    "signal.signal(signal.SIGXFSZ, signal.SIG_IGN); resource.setrlimit(resource.RLIMIT_FSIZE, (2**20, 2**20))"
)
MOUNT = "mount -t tmpfs -o size=1m tmpfs /dev/shm && exec"


def mounts() -> bool:
    """Whether a mount of our own may be made here."""
    done = subprocess.run(
        ["unshare", "-m", "mount", "-t", "tmpfs", "tmpfs", "/mnt"], capture_output=True, check=False
    )
    return done.returncode == 0


def test_full_shared_memory_is_an_error_at_once() -> None:
    """Of a tiny /dev/shm where we may mount one, else by a limit on the size of files."""
    python = [sys.executable, "-c", FULL.format(limit="" if mounts() else BY_SIZE)]
    command = ["unshare", "-m", "sh", "-c", f'{MOUNT} "$@"', "sh", *python] if mounts() else python
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=True)
    assert "bytes of shared memory, /dev/shm has" in done.stdout, done.stderr
    assert "use fewer robots, or make it larger" in done.stdout
    assert done.stdout.count("\n") == 1
