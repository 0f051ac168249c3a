"""Levels of an image in a TIFF file, as microscopes and Xenium write them; read tile by tile.

Files are read page by page: those of Xenium name each other as channels of one image, which is not
complete where a file was left out. Formats: TIFF 6.0, and "Sub-resolutions" in the specification
of OME-TIFF.
"""

from __future__ import annotations

import logging
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, Any

from .levels import Levels

if TYPE_CHECKING:
    import dask.array as da
    from tifffile import TiffFile

# what tifffile finds wrong is raised in our words; without a handler it would be printed as well
logging.getLogger("tifffile").addHandler(logging.NullHandler())

_LEAST = 1024
"""Pixels, high and wide, of what is read in one go, where the file has smaller pieces."""


def levels_of(file: Path) -> Levels:
    """The levels of the first page of a file; no pixel is read.

    Raises
    ------
    OSError, ValueError, and others of tifffile : not TIFF, truncated, or damaged
    """
    from tifffile import TiffFileError

    opened = _Opened(file)
    try:
        arrays = tuple(_lazy(_Level(opened, i)) for i in range(opened.n_levels))
    except TiffFileError as error:
        raise OSError(str(error)) from error
    finally:
        opened.close()
    return Levels(arrays, close=opened.close, title=file.name)


class _Opened:
    """A file that is opened when something of it is read, and again after it was closed."""

    def __init__(self, file: Path) -> None:
        self._file, self._lock = file, Lock()
        self._tiff: TiffFile | None = None
        self._arrays: list[Any] = []

    @property
    def n_levels(self) -> int:
        """How many sizes there are of the image."""
        with self._lock:
            return len(self._levels())

    def level(self, i: int) -> Any:
        """A level as a Zarr array, of which what is asked for is read; 0 is the sharpest."""
        with self._lock:
            return self._levels()[i]

    def close(self) -> None:
        """Let go of the file."""
        with self._lock:
            self._arrays = []
            if self._tiff is not None:
                self._tiff.close()
            self._tiff = None

    def _levels(self) -> list[Any]:
        import zarr
        from tifffile import TiffFile

        if self._tiff is None:
            self._tiff = TiffFile(self._file)
            page: Any = self._tiff.pages[0]
            pages = [page, *(page.pages or ())]
            self._arrays = [zarr.open_array(one.aszarr(), mode="r") for one in pages]
        return self._arrays


class _Level:
    """One level, as dask reads from it: (height, width) or (height, width, channels)."""

    def __init__(self, opened: _Opened, i: int) -> None:
        self._opened, self._i = opened, i
        array = opened.level(i)
        self.shape, self.dtype, self.ndim = array.shape, array.dtype, array.ndim
        self.pieces: tuple[int, ...] = array.chunks

    def __getitem__(self, at: Any) -> Any:
        from tifffile import TiffFileError

        try:
            return self._opened.level(self._i)[at]
        except TiffFileError as error:
            raise OSError(str(error)) from error


def _lazy(level: _Level) -> da.Array:
    """A level as (channels, height, width), which it is already if its colours are apart."""
    import dask.array as da

    pieces, is_apart = list(level.pieces), level.ndim == 3 and level.shape[0] <= 4
    for place in (1, 2) if is_apart else (0, 1):
        pieces[place] = min(level.shape[place], -(-_LEAST // pieces[place]) * pieces[place])
    array: da.Array = da.from_array(level, chunks=tuple(pieces), name=False)
    if is_apart:
        return array
    by_channel: da.Array = array[None] if array.ndim == 2 else array.transpose(2, 0, 1)
    return by_channel
