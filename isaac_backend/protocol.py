"""What crosses the process boundary: the arena's layout and the messages. Both sides load this file.

It runs on Python 3.8 and later and needs the standard library and NumPy only.
"""

import mmap
import os
import socket
import struct
import time
import zlib
from typing import Any, Dict, List, NamedTuple, Optional, Tuple

import numpy as np

VERSION = 2
HELLO, INIT, STEP, WRITE, CAMERA, QUIT, ERROR = b"h", b"i", b"s", b"w", b"c", b"q", b"e"
NAMES = {
    HELLO: "hello",
    INIT: "init",
    STEP: "step",
    WRITE: "write",
    CAMERA: "camera",
    QUIT: "quit",
    ERROR: "error",
}
HOT = (STEP, WRITE)
"""Verbs whose request and reply carry nothing: their arrays are in the arena."""
HEADER = struct.Struct("<cII")
"""Verb, turn, length of the payload."""
LONGEST = 64 * 2**20
"""Bytes of the longest payload."""
ALIGNMENT = 64


class ProtocolError(RuntimeError):
    """The other side did not keep to the protocol."""


class HungUpError(ProtocolError):
    """The other side is no longer there."""


class Message(NamedTuple):
    """A verb, the number of its request, and what comes with it."""

    verb: bytes
    turn: int
    payload: bytes


class Field(NamedTuple):
    """An array of the arena."""

    name: str
    dtype: str
    shape: Tuple[int, ...]


Fields = Tuple[Field, ...]
STATE = ("base_pos", "base_quat", "base_lin_vel", "base_ang_vel", "dof_pos", "dof_vel")
"""A robot's state: published under these names, and written under them with new_ before."""


def fields(num_envs: int, num_dofs: int, num_bodies: int) -> Fields:
    """All arrays in the arena's order: up to `base_com` the client writes them, the worker the others.

    SI units, world z up, quaternions w x y z from base to world, velocities of link origins in world axes.
    A wrench is a force and a torque at the base's centre of mass, in world axes.
    """

    def state(prefix: str) -> List[Tuple[str, str, Tuple[int, ...]]]:
        widths = (3, 4, 3, 3, num_dofs, num_dofs)
        return [(prefix + name, "f4", (width,)) for name, width in zip(STATE, widths)]

    table = [
        ("torque", "f4", (num_dofs,)),
        ("wrench", "f4", (6,)),
        ("mask", "u1", ()),
        *state("new_"),
        ("friction", "f4", ()),
        ("restitution", "f4", ()),
        ("base_mass", "f4", ()),
        ("base_com", "f4", (3,)),
        *state(""),
        ("body_pos", "f4", (num_bodies, 3)),
        ("body_vel", "f4", (num_bodies, 3)),
        ("body_force", "f4", (num_bodies, 3)),
        ("overflow", "u1", ()),
    ]
    return tuple(Field(name, dtype, (num_envs, *shape)) for name, dtype, shape in table)


def of_worker(table: Fields) -> Fields:
    """The part of the arena that the worker writes."""
    names = [field.name for field in table]
    return table[names.index("base_pos") :]


def layout_id(table: Fields) -> int:
    """A number that differs where names, types, shapes or order differ."""
    return zlib.crc32(";".join("{} {} {}".format(*field) for field in table).encode())


def offsets(table: Fields) -> Tuple[Dict[str, int], int]:
    """Where each array begins, in bytes, and the size of the whole."""
    begins = {}
    end = 0
    for field in table:
        begins[field.name] = end
        size = int(np.prod(field.shape)) * np.dtype(field.dtype).itemsize
        end += -(-size // ALIGNMENT) * ALIGNMENT
    return begins, end


def views(buffer: Any, table: Fields) -> Dict[str, np.ndarray]:
    """Each array of `table` as a view into `buffer`, which begins with the table's first."""
    begins, _ = offsets(table)
    return {f.name: np.ndarray(f.shape, f.dtype, buffer, begins[f.name]) for f in table}


def map_arena(fd: int, table: Fields) -> Tuple[Dict[str, np.ndarray], np.ndarray]:
    """The file `fd` as arrays, and its bytes. A file of another size is a `ProtocolError`."""
    size = offsets(table)[1]
    there = os.fstat(fd).st_size
    if there != size:
        raise ProtocolError(f"the arena has {there} bytes, its layout needs {size}")
    whole = np.frombuffer(mmap.mmap(fd, size), np.uint8)
    return views(whole, table), whole


def send(sock: socket.socket, message: Message, limit_s: Optional[float] = None) -> None:
    """Send one message within `limit_s` s; None waits for ever."""
    if len(message.payload) > LONGEST:
        raise ProtocolError(f"a payload of {len(message.payload)} bytes is longer than {LONGEST}")
    sock.settimeout(limit_s)
    sock.sendall(HEADER.pack(message.verb, message.turn, len(message.payload)) + message.payload)


def receive(sock: socket.socket, limit_s: Optional[float] = None) -> Optional[Message]:
    """The next message, or None if the other side has hung up between two.

    Raises:
        socket.timeout: It is not there in whole within `limit_s` s. None waits for ever.
        ProtocolError: It is cut short, too long, or its verb is none.
    """
    until = None if limit_s is None else time.monotonic() + limit_s
    head = _exactly(sock, HEADER.size, until)
    if not head:
        return None
    verb, turn, length = HEADER.unpack(_whole(head, HEADER.size))
    if verb not in NAMES:
        raise ProtocolError(f"no verb {verb!r}")
    if length > LONGEST:
        raise ProtocolError(f"a payload of {length} bytes is longer than {LONGEST}")
    return Message(verb, turn, _whole(_exactly(sock, length, until), length) if length else b"")


def next_turn(turn: int) -> int:
    """The number of the request after `turn`; it starts again where 32 bits end."""
    return (turn + 1) % 2**32


def _exactly(sock: socket.socket, length: int, until: Optional[float]) -> bytes:
    """`length` bytes, or fewer if the other side hangs up first."""
    parts = []
    while length > 0:
        left = None if until is None else until - time.monotonic()
        if left is not None and left <= 0:
            raise socket.timeout("timed out")
        sock.settimeout(left)
        part = sock.recv(min(length, 2**20))
        if not part:
            break
        parts.append(part)
        length -= len(part)
    return b"".join(parts)


def _whole(data: bytes, length: int) -> bytes:
    if len(data) < length:
        raise HungUpError(f"a message was cut short: {len(data)} of {length} bytes came")
    return data
