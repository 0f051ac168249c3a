"""What writing any file needs: whole or not at all, at a place that can be written."""

from __future__ import annotations

import os
import secrets
from pathlib import Path

from ..errors import NotWritable


def write_whole(path: str | os.PathLike[str], content: bytes) -> Path:
    """Write a file atomically; what was there before stays if anything fails.

    Raises
    ------
    NotWritable : the folder is missing, not writable, or the disk is full
    """
    file = Path(path).expanduser().resolve()
    passing = file.with_name(f".{file.name}.{secrets.token_hex(4)}.part")
    try:
        passing.write_bytes(content)
        os.replace(passing, file)
    except OSError as error:
        raise NotWritable(
            expected=f"to write {file}",
            found=error.strerror or str(error),
            remedy="Choose another folder, or free some space.",
        ) from error
    finally:
        passing.unlink(missing_ok=True)
    return file


def check_page(path: str | os.PathLike[str]) -> None:
    """Refuse a page that could not be written, before work is put into it (`NotWritable`)."""
    if Path(path).suffix.lower() not in (".html", ".htm"):
        raise NotWritable(
            expected="a page ending in .html",
            found=f"{Path(path).name!r}",
            remedy="Choose this ending.",
        )
    check_place(path)


def check_place(path: str | os.PathLike[str]) -> None:
    """Refuse a place where no file can be written (`NotWritable`)."""
    file = Path(path).expanduser().resolve()
    found = ""
    if not file.parent.is_dir():
        found = "that its folder is missing"
    elif file.is_dir():
        found = "a folder of that name"
    elif not os.access(file if file.exists() else file.parent, os.W_OK):
        found = "no permission to write there"
    if found:
        raise NotWritable(
            expected=f"to write {file}", found=found, remedy="Choose another place or name."
        )


def unknown_to_anndata() -> type[Exception]:
    """Error of anndata for an element that it cannot read or write; it has no public name."""
    from anndata._io.specs.registry import IORegistryError

    error: type[Exception] = IORegistryError
    return error
