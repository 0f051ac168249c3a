"""What writing any file needs: whole or not at all, at a place that can be written."""

from __future__ import annotations

import errno
import os
import secrets
import shutil
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import psutil  # type: ignore[import-untyped]

from ..errors import NotReadable, NotWritable

_LONGEST = 80
"""Letters of a name that its passing name repeats; 255 bytes are allowed in all."""


def full_path(
    path: str | os.PathLike[str], error: type[NotReadable | NotWritable] = NotWritable
) -> Path:
    """The absolute path that is meant; links in it are not followed.

    Raises
    ------
    error : an unknown user, a name that is too long, links in a circle, a folder that may not be
        looked into
    """
    try:
        file = Path(os.path.abspath(Path(path).expanduser()))
        with suppress(FileNotFoundError, NotADirectoryError):
            file.stat()
    except (OSError, RuntimeError, ValueError) as reason:
        raise error(
            expected=f"the path of a file, not {str(path)[:100]!r}",
            found=getattr(reason, "strerror", None) or str(reason),
            remedy="Check the path.",
        ) from None
    return file


def check_place(path: str | os.PathLike[str], *inputs: str | os.PathLike[str]) -> None:
    """Refuse a place where no file can be written, before work is put into it.

    Parameters
    ----------
    path : the output
    inputs : files that are read or kept by the same work, "" for none; none may be the output

    Raises
    ------
    NotWritable : a folder, a device, one of the inputs, a folder that is missing, or no permission
    """
    file = full_path(path)
    folder = file.resolve().parent
    found, remedy = "", "Choose another place or name."
    if file.is_dir():
        found, remedy = "a folder of that name", "Name a file."
    elif file.exists() and not file.is_file():
        found = "a device of that name"
    elif any(_is_same(file, full_path(other)) for other in inputs if str(other)):
        found = "the input file itself" if len(inputs) == 1 else "another file of the same work"
        remedy = "Choose another name: it is kept as it is."
    elif not folder.is_dir():
        is_file = folder.exists()
        found = "a file where its folder should be" if is_file else "that its folder is missing"
        remedy = f"Make the folder {folder}, or choose another."
    elif not _is_writable(file, folder):
        found, remedy = "no permission to write there", "Choose another folder."
    if found:
        raise NotWritable(expected=f"to write {file}", found=found, remedy=remedy)


def check_page(path: str | os.PathLike[str], *inputs: str | os.PathLike[str]) -> None:
    """Refuse a page that could not be written, before work is put into it (`NotWritable`)."""
    if Path(path).suffix.lower() not in (".html", ".htm"):
        raise NotWritable(
            expected="a page ending in .html",
            found=f"{Path(path).name!r}",
            remedy="Choose this ending.",
        )
    check_place(path, *inputs)


def write_whole(path: str | os.PathLike[str], content: bytes) -> Path:
    """Write a file atomically; what was there before stays if anything fails.

    Raises
    ------
    NotWritable : as `check_place`, or the disk is full
    """
    check_place(path)
    with replacing(path) as passing:
        passing.write_bytes(content)
    return full_path(path).resolve()


@contextmanager
def replacing(path: str | os.PathLike[str]) -> Iterator[Path]:
    """A file to be written beside an output, whose place it takes once all is well.

    Until then Ctrl-C waits. The permissions of the output are kept, a link stays one, and what a
    killed process left of earlier tries is swept away.

    Raises
    ------
    NotWritable : the disk is full, or refuses; the output is as it was
    """
    file = full_path(path).resolve()
    start = f".{file.name[:_LONGEST]}."
    passing = file.with_name(f"{start}{os.getpid()}-{secrets.token_hex(4)}.part")
    with holding_signals():
        try:
            sweep(file.parent, start)
            yield passing
            flush(passing)
            if file.exists():
                os.chmod(passing, file.stat().st_mode & 0o7777)
            os.replace(passing, file)
        except OSError as error:
            raise write_failed(file, error) from error
        finally:
            with suppress(OSError):
                passing.unlink(missing_ok=True)
        with suppress(OSError):  # the file is in place; not every disk can flush a folder
            flush(file.parent)


@contextmanager
def holding_signals(*, resends: bool = True) -> Iterator[list[int]]:
    """Let Ctrl-C, and the signal to end, wait until something is done; yields those that came.

    Only the main thread gets signals; in others nothing is to be held.

    Parameters
    ----------
    resends : whether the first that came is sent again in the end
    """
    came: list[int] = []
    if threading.current_thread() is not threading.main_thread():
        yield came
        return
    held = (signal.SIGINT, signal.SIGTERM)
    before = [signal.signal(number, lambda number, _frame: came.append(number)) for number in held]
    try:
        yield came
    finally:
        for number, handler in zip(held, before, strict=True):
            signal.signal(number, signal.SIG_DFL if handler is None else handler)
        if came and resends:
            signal.raise_signal(came[0])


def flush(path: Path) -> None:
    """Make sure that a file, or the names in a folder, have reached the disk."""
    if path.is_dir() and os.name == "nt":  # Windows cannot, and needs not
        return
    descriptor = os.open(path, os.O_RDONLY if path.is_dir() else os.O_RDWR)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def refused_by_h5ad() -> tuple[type[Exception], ...]:
    """What anndata and h5py raise for something that they cannot hold; imports anndata."""
    named = (TypeError, ValueError, KeyError, NotImplementedError, AttributeError, RuntimeError)
    return (*named, unknown_to_anndata())


def unknown_to_anndata() -> type[Exception]:
    """Error of anndata for an element that it cannot read or write; it has no public name."""
    from anndata._io.specs.registry import IORegistryError

    error: type[Exception] = IORegistryError
    return error


def _is_same(file: Path, other: Path) -> bool:
    if file.exists() and other.exists():
        return file.samefile(other)  # also through links
    return file.resolve() == other.resolve()


def _is_writable(file: Path, folder: Path) -> bool:
    return os.access(folder, os.W_OK | os.X_OK) and (not file.exists() or os.access(file, os.W_OK))


def sweep(folder: Path, start: str) -> None:
    """Remove passing files and folders of an output whose process is gone."""
    for left in folder.glob(f"{_escaped(start)}*-*.part"):
        number = left.name.removeprefix(start).partition("-")[0]
        if number.isdigit() and not psutil.pid_exists(int(number)):
            if left.is_dir():
                shutil.rmtree(left, ignore_errors=True)
            else:
                left.unlink(missing_ok=True)


def _escaped(text: str) -> str:
    return "".join(f"[{letter}]" if letter in "*?[" else letter for letter in text)


def check_new_folder(path: str | os.PathLike[str]) -> None:
    """Refuse a place where no new folder can be made, before work is put into it.

    Raises
    ------
    NotWritable : something is there, the folder above is missing, or no permission
    """
    target = full_path(path)
    above, found, remedy = target.parent, "", "Choose another place or name."
    if target.exists() or target.is_symlink():
        found, remedy = "something of that name", "Choose another name: nothing is replaced."
    elif not above.is_dir():
        found = "that its folder is missing"
    elif not os.access(above, os.W_OK | os.X_OK):
        found = "no permission to write there"
    if found:
        raise NotWritable(expected=f"to make {target}", found=found, remedy=remedy)


def write_failed(file: Path, error: OSError) -> NotWritable:
    """What the failure of a disk means, in words."""
    found, remedy = f"that writing failed ({error.strerror or error})", "Choose another place."
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        found = "that the disk is full"
        remedy = "Free some space, or choose another disk; nothing was changed."
    elif error.errno in (errno.EACCES, errno.EPERM, errno.EROFS):
        found, remedy = "no permission to write there", "Choose another folder."
    return NotWritable(expected=f"to write {file}", found=found, remedy=remedy)
