"""`gpugym doctor` says what is absent, and is not stopped by it."""

from pathlib import Path

import pytest

from gpugym_jax import doctor, screen
from gpugym_jax.screen import ask, choose_gl, draw_nothing


def test_what_is_wrong_is_said_and_counted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def absent(flags: doctor.Flags) -> list[doctor.Line]:
        raise ImportError("libx.so: no such file")

    fine, broken = doctor.Line("JAX", "1.0"), doctor.Line("JAX", "1.0", "it does not start")
    monkeypatch.setenv("COLUMNS", "200")
    for lines, code in (([fine], 0), ([broken], 1), ([broken._replace(basic=False)], 0)):
        monkeypatch.setattr(doctor, "CHECKS", {"JAX": lambda _, found=lines: found, "Warp": absent})
        assert doctor.main([]) == code
        shown = [line.split() for line in capsys.readouterr().out.splitlines()]
        assert shown == [
            ["JAX", "1.0", *(lines[0].todo or "ok").split()],
            ["Warp", "unknown", "ImportError:", "libx.so:", "no", "such", "file"],
        ]


def test_every_check_gives_lines_where_nothing_is_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(doctor, "ask", lambda *_, **__: ("", "there is nothing"))
    monkeypatch.setenv("IMAGEIO_FFMPEG_EXE", "/nowhere/ffmpeg")
    monkeypatch.setenv("ISAAC_PYTHON", "/nowhere/python")
    monkeypatch.setenv("DISPLAY", ":77")
    monkeypatch.delenv("MUJOCO_GL", raising=False)
    (tmp_path / "file").write_text("")
    flags = doctor.Flags(log_dir=tmp_path / "file")
    wrong = {line.what for name in doctor.CHECKS for line in doctor.examined(name, flags) if line.todo}
    assert wrong - {"Warp"} == {
        "JAX", "GPU driver", "MuJoCo", "MJX", "drawing", "window", "ffmpeg", "Isaac Gym", "--log_dir"
    }  # fmt: skip


def test_a_program_that_crashes_is_one_line() -> None:
    assert ask("print('a'); print('b')") == ("a\nb", "")
    assert ask("import os; os.abort()") == ("", "exit code -6")
    assert ask("raise ValueError('no')") == ("", "ValueError: no")


@pytest.mark.parametrize(
    ("given", "there", "chosen", "says"),
    [
        ("", ("egl", "osmesa"), "egl", ""),
        ("osmesa", ("egl", "osmesa"), "osmesa", ""),
        ("osmesa", ("egl",), "egl", "MUJOCO_GL=osmesa cannot draw here: drawing with egl"),
        ("foo", ("osmesa",), "osmesa", "MUJOCO_GL=foo cannot draw here: drawing with osmesa"),
        ("glfw", (), "disable", "MUJOCO_GL=glfw cannot draw here: drawing with disable"),
    ],
)
def test_a_stale_way_to_draw_is_left(
    given: str,
    there: tuple[str, ...],
    chosen: str,
    says: str,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    monkeypatch.delenv("DISPLAY", raising=False)
    monkeypatch.setenv("MUJOCO_GL", given)
    libraries = {screen.LIBRARIES[way][0] for way in there}
    monkeypatch.setattr(screen.ctypes.util, "find_library", lambda name: name in libraries or None)
    draw_nothing()
    usable = given in ("", *there)
    assert screen.os.environ["MUJOCO_GL"] == (given if usable else "disable")
    monkeypatch.setenv("MUJOCO_GL", given)
    choose_gl()
    assert screen.os.environ["MUJOCO_GL"] == chosen
    assert caplog.messages == ([says] if says else [])
