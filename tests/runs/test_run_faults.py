"""Files are whole or absent, and what befalls a run from outside ends as stated. `run_faults` tries all of it."""

import os
import resource
from collections.abc import Iterator
from pathlib import Path

import pytest

from gpugym_jax.files import NotWrittenError, check_file, check_folder, whole, write_whole
from gpugym_jax.runs.checkpoint import check_room
from gpugym_jax.tables import UserError
from tests.runs import run_faults


def places(tmp: Path) -> dict[str, Path]:
    """What a person may name, by what it is."""
    (tmp / "folder").mkdir()
    (tmp / "file").write_text("before")
    (tmp / "link").symlink_to(tmp / "file")
    names = {"folder": "folder", "file": "file", "link": "link", "below a file": "file/x", "new": "a/b/c"}
    return {what: tmp / name for what, name in names.items()} | {
        "in /proc": Path("/proc/nowhere/x"),
        "too long": tmp / ("x" * 300),
        "device": Path(os.devnull),
    }


REFUSED = {
    ("file", "folder"): r"--json=.*folder is a folder, and a file is wanted\.",
    ("file", "below a file"): r"--json=.*x: .*file is no folder\.",
    ("file", "in /proc"): r"--json=/proc/nowhere/x: nothing can be written in /proc: ",
    ("file", "too long"): r"--json=.*x cannot be written: File name too long\.",
    ("folder", "file"): r"--json=.*file is no folder, and one is wanted\.",
    ("folder", "link"): r"--json=.*link is no folder, and one is wanted\.",
    ("folder", "below a file"): r"--json=.*x: .*file is no folder\.",
    ("folder", "in /proc"): r"--json=/proc/nowhere/x: nothing can be written in /proc: ",
    ("folder", "too long"): r"--json=.*x cannot be written: File name too long\.",
    ("folder", "device"): r"--json=/dev/null is no folder, and one is wanted\.",
}


@pytest.mark.parametrize("kind", ["file", "folder"])
def test_a_place_is_judged_before_it_is_written_to(tmp_path: Path, kind: str) -> None:
    check = {"file": check_file, "folder": check_folder}[kind]
    for what, path in places(tmp_path).items():
        if pattern := REFUSED.get((kind, what)):
            with pytest.raises(UserError, match=pattern):
                check(path, "--json")
        else:
            check(path, "--json")
    assert sorted(p.name for p in tmp_path.iterdir()) == ["file", "folder", "link"]


def test_a_file_is_whole_or_as_it_was(tmp_path: Path) -> None:
    file = tmp_path / "x.txt"
    write_whole(file, b"one")
    with pytest.raises(KeyboardInterrupt), whole(file) as beside:
        beside.write_bytes(b"tw")
        assert beside.suffix == ".txt"
        raise KeyboardInterrupt
    with (
        pytest.raises(NotWrittenError, match=r"x.txt was not written: No space left on device\."),
        whole(file),
    ):
        raise OSError(28, "No space left on device")
    assert [(p.name, p.read_bytes()) for p in tmp_path.iterdir()] == [("x.txt", b"one")]
    assert file.stat().st_mode & 0o777 == 0o644


def test_a_link_and_a_device_stay_what_they_are(tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(tmp_path / "file")
    write_whole(tmp_path / "link", b"one")
    assert (tmp_path / "link").is_symlink() and (tmp_path / "file").read_bytes() == b"one"
    write_whole(Path(os.devnull), b"one")
    assert Path(os.devnull).is_char_device()
    with pytest.raises(NotWrittenError, match=r"/dev/full was not written: No space left on device\."):
        write_whole(Path("/dev/full"), b"one")
    assert Path("/dev/full").is_char_device()


@pytest.fixture
def small_files() -> Iterator[int]:
    """Within, no file may be larger than this, in bytes."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1000, before[1]))
    yield 1000
    resource.setrlimit(resource.RLIMIT_FSIZE, before)


def test_room_is_asked_for_before_a_checkpoint_is_begun(tmp_path: Path, small_files: int) -> None:
    check_room(tmp_path / "checkpoints", small_files)
    with pytest.raises(OSError, match="File too large"):
        check_room(tmp_path / "checkpoints", small_files + 1)
    assert not any((tmp_path / "checkpoints").iterdir())


@pytest.mark.parametrize(
    "name",
    ["disk full", *(pytest.param(n, marks=pytest.mark.slow) for n in run_faults.CASES if n != "disk full")],
)
def test_a_run_ends_as_stated(tmp_path: Path, name: str) -> None:
    seen = run_faults.trial(name, tmp_path)
    assert run_faults.as_stated(name, seen), seen
