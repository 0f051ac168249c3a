"""The heaps of an HDF5 file, in which it keeps texts of any length.

HDF5 follows the sizes in a heap without an end where damage made one of them zero, or larger than
the heap (seen with HDF5 2.0), and nothing can stop it. So they are followed here first.
"""

from __future__ import annotations

import os
import struct
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

_START = b"GCOL\x01\0\0\0"
"""Signature and version of a global heap collection; its size follows, in 8 bytes."""
_HEADER = struct.Struct("<H6xQ")
"""Number of an object (0: free space), and its size."""
_BLOCK = 2**24
"""Bytes that are searched at once."""


def has_broken_heap(path: Path) -> bool:
    """Whether HDF5 would never come back from reading a text of this file."""
    with path.open("rb") as file:
        return any(_is_broken(file, start) for start in list(_starts(file)))


def _starts(file: BinaryIO) -> Iterator[int]:
    place, part = 0, b""
    while more := file.read(_BLOCK):
        part += more
        at = part.find(_START)
        while at >= 0:
            yield place + at
            at = part.find(_START, at + 1)
        kept = part[1 - len(_START) :]  # one may begin here, and end in the next block
        place, part = place + len(part) - len(kept), kept


def _is_broken(file: BinaryIO, start: int) -> bool:
    file.seek(start + len(_START))
    size = int.from_bytes(file.read(8), "little")
    if size > os.fstat(file.fileno()).st_size - start:
        return False  # cut off: HDF5 notices
    file.seek(start)
    heap, at = file.read(size), _HEADER.size
    while at + _HEADER.size <= len(heap):
        number, taken = _HEADER.unpack_from(heap, at)
        # an object is filled up to a multiple of 8; the size of free space includes its header
        step = taken if number == 0 else _HEADER.size + (taken + 7) // 8 * 8
        if step == 0 or at + step > len(heap):
            return True
        at += step
    return False
