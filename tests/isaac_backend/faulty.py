"""The simulator of free bodies, until at a given call of a given verb something goes wrong.

The variable ISAAC_FAULT says what: {"kind": ..., "verb": ..., "at": calls of the verb before it}.
"""

import json
import os
import signal
import socket
import struct
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

from ballistic import Simulator as Ballistic

LETTERS = {"hello": b"h", "init": b"i", "step": b"s", "write": b"w"}


class Channel:
    """The worker's end of the socket, past the protocol; the turn is the number of verbs so far."""

    def __init__(self, verb, turn):
        self.sock = socket.socket(fileno=os.dup(int(sys.argv[1])))
        self.sock.settimeout(None)
        self.verb, self.turn = LETTERS[verb], turn

    def send(self, verb=None, turn_off_by=0, length=0, payload=b""):
        self.sock.sendall(struct.pack("<cII", verb or self.verb, self.turn + turn_off_by, length) + payload)


def give_up(channel):
    raise ArithmeticError("the simulation exploded")


def leave(channel):
    print("a last word on stderr", file=sys.stderr)
    os._exit(3)


def crash(channel):
    os.kill(os.getpid(), signal.SIGSEGV)


def abort(channel):
    os.abort()


def hang(channel):
    time.sleep(1000)


def stop(channel):
    os.kill(os.getpid(), signal.SIGSTOP)


def cut_short(channel):
    channel.send(length=100, payload=b"abc")
    os._exit(0)


def half_a_header(channel):
    channel.sock.sendall(b"s\x01")
    time.sleep(1000)


def too_long(channel):
    channel.send(length=2**31)


def other_verb(channel):
    channel.send(verb=b"c")


def other_turn(channel):
    channel.send(turn_off_by=5)


def no_verb(channel):
    channel.send(verb=b"?")


def no_utf8(channel):
    channel.send(verb=b"e", length=3, payload=b"\xff\xfe\xfd")


FAULTS = {
    f.__name__: f
    for f in (
        give_up,
        leave,
        crash,
        abort,
        hang,
        stop,
        cut_short,
        half_a_header,
        too_long,
        other_verb,
        other_turn,
        no_verb,
        no_utf8,
    )
}


class Simulator(Ballistic):
    """Free bodies with a fault to come."""

    def __init__(self, spec, arena):
        super().__init__(spec, arena)
        self.fault = json.loads(os.environ["ISAAC_FAULT"])
        self.calls = {"hello": 0, "init": 0, "step": 0, "write": 0}
        self._count("hello")

    def _count(self, verb):
        self.calls[verb] += 1
        if verb == self.fault["verb"] and self.calls[verb] > self.fault["at"]:
            FAULTS[self.fault["kind"]](Channel(verb, sum(self.calls.values())))

    def init(self):
        self._count("init")
        return super().init()

    def step(self):
        self._count("step")
        super().step()

    def write(self):
        self._count("write")
        super().write()
