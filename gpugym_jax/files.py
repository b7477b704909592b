"""What commands write: seen to be possible before work begins, and whole or absent whatever happens."""

import contextlib
import os
import shutil
import tempfile
import uuid
from collections.abc import Iterator
from pathlib import Path

from gpugym_jax.hearing import unfinished
from gpugym_jax.tables import UserError


class NotWrittenError(RuntimeError):
    """A file could not be written; one that was there before is as it was. Commands end with exit code 3."""


def check_file(path: Path | None, name: str) -> None:
    """Raise `UserError`, with the `name` by which it was given, if no such file can be written."""
    if path is not None:
        _check(path, name, "is a folder, and a file is wanted", folder=False)


def check_folder(path: Path, name: str) -> None:
    """Raise `UserError`, with the `name` by which it was given, if nothing can be written in it."""
    _check(path, name, "is no folder, and one is wanted", folder=True)


def _check(path: Path, name: str, wrong: str, folder: bool) -> None:
    place = f"{name}={path}"
    try:
        path = path.resolve()  # where it is written
        if os.path.lexists(path) and path.is_dir() != folder:
            raise UserError(f"{place} {wrong}.")
        if not folder and path.exists() and not os.access(path, os.W_OK):
            raise UserError(f"{place} is there and may not be written to.")
        if not _special(path):
            _try(path if folder else path.parent, place)
    except OSError as error:
        raise UserError(f"{place} cannot be written: {error.strerror}.") from None


def _try(folder: Path, place: str) -> None:
    """Write a file without a name where the folder is, or would be made."""
    there = next(p for p in (folder, *folder.parents) if os.path.lexists(p))
    if not there.is_dir():
        raise UserError(f"{place}: {there} is no folder.")
    try:
        with tempfile.TemporaryFile(dir=there, buffering=0) as file:
            file.write(b"\0")
    except OSError as error:
        raise UserError(f"{place}: nothing can be written in {there}: {error.strerror}.") from None


def _special(path: Path) -> bool:
    """Whether it is a device or a pipe, which stays what it is."""
    return path.exists() and not path.is_file() and not path.is_dir()


@contextlib.contextmanager
def whole(path: Path) -> Iterator[Path]:
    """A name beside `path` to write to, which takes its place at the end, and is gone if that is not reached.

    Raises:
        NotWrittenError: What was within, or the renaming, failed with an error of the system.
    """
    try:
        path = path.resolve()  # a link stays a link
        path.parent.mkdir(parents=True, exist_ok=True)
        beside = path.with_name(f".{path.stem[:40]}.{os.getpid()}.{uuid.uuid4().hex[:8]}{path.suffix}")
        beside.touch(exist_ok=False)
        if path.exists():
            with contextlib.suppress(OSError):  # a file system may know no such modes
                shutil.copymode(path, beside)
        try:
            with unfinished(beside):
                yield beside
            _sync(beside)
            beside.replace(path)
        finally:
            beside.unlink(missing_ok=True)
    except OSError as error:
        raise NotWrittenError(f"{path} was not written: {error.strerror or error}.") from error


def write_whole(path: Path, content: bytes) -> None:
    """Write a file so that nobody ever sees a part of it. A device or a pipe gets the bytes as it is."""
    if _special(path):
        try:
            path.write_bytes(content)
        except OSError as error:
            raise NotWrittenError(f"{path} was not written: {error.strerror}.") from error
        return
    with whole(path) as beside:
        beside.write_bytes(content)


def _sync(path: Path) -> None:
    """Have the bytes on the disk: a machine that loses its power might else keep the name and not them."""
    with path.open("rb+") as file:
        os.fsync(file.fileno())
