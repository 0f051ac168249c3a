"""Small files, written whole or not at all."""

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
            expected=f"to write {file}", found=error.strerror or str(error),
            remedy="Choose another folder, or free some space.",
        ) from error  # fmt: skip
    finally:
        passing.unlink(missing_ok=True)
    return file
