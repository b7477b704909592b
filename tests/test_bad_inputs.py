"""Over three hundred wrong inputs: exit code 2, one line that says what and where, nothing compiled, nothing left."""

import importlib
import os
from collections.abc import Iterator
from pathlib import Path

import jax
import pytest

from gpugym_jax.paths import ASSETS
from tests.bad_inputs import CASES

SHORT = {
    "CART": ["--task=cartpole", "--backend=mujoco", "--num_envs=2"],
    "LEGS": ["--task=mini_cheetah_walk", "--backend=mujoco", "--num_envs=2"],
}
WALK = str(ASSETS / "policies" / "mini_cheetah_walk.onnx")
SET_BY_COMMANDS = ("JAX_PLATFORMS", "CUDA_VISIBLE_DEVICES", "XLA_PYTHON_CLIENT_PREALLOCATE")
COMPILED = "/jax/core/compile/backend_compile_duration"
LONG_S = 1.0
"""A program that takes longer to compile is no look at shapes but a run that began."""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wrong")
    (folder / "afile").write_text("x")
    (folder / "notyaml.txt").write_text("a: [1\n")
    (folder / "binary.bin").write_bytes(bytes(range(256)) * 4)
    (folder / "empty").touch()
    (folder / "notarun").mkdir()
    return folder


@pytest.fixture(scope="module")
def compiled() -> Iterator[list[float]]:
    """Seconds of each program that is compiled."""
    seconds: list[float] = []

    def note(event: str, took: float, **_: object) -> None:
        if event == COMPILED:
            seconds.append(took)

    jax.monitoring.register_event_duration_secs_listener(note)
    yield seconds
    jax.monitoring.unregister_event_duration_listener(note)


def test_there_are_three_hundred_over_every_command() -> None:
    from gpugym_jax.__main__ import COMMANDS

    assert len({(command, *argv) for command, argv, _ in CASES}) == len(CASES) >= 300
    assert {command for command, _, _ in CASES} >= COMMANDS.keys()


@pytest.mark.parametrize(
    ("command", "argv", "says"), CASES, ids=[" ".join([c, *a]).replace("/", " ")[:60] for c, a, _ in CASES]
)
def test_one_line_and_code_2(
    command: str,
    argv: list[str],
    says: str,
    folder: Path,
    compiled: list[float],
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name in SET_BY_COMMANDS:
        monkeypatch.setenv(name, os.environ.get(name, ""))  # a command may set them; put them back
    monkeypatch.delenv("ISAAC_PYTHON", raising=False)
    monkeypatch.chdir(folder)
    before, programs = sorted(folder.rglob("*")), len(compiled)
    given = [text.replace("WALK", WALK) for word in argv for text in SHORT.get(word, [word])]
    assert importlib.import_module(f"gpugym_jax.{command}").main(given) == 2
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == 1 and lines[0].startswith("error: ")
    assert says.replace("WALK", WALK) in lines[0]
    assert sorted(folder.rglob("*")) == before
    assert max(compiled[programs:], default=0.0) < LONG_S
