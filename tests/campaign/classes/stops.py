"""Programs that are killed, ended or interrupted at any moment, and folders of files."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from ..case import FILE, IN, OUT, QUICK, RESULT, Case
from ..hdf5 import changed, edited
from ..sound import content, section
from .sparse import REFUSED

MOMENTS = 20
LARGER = (600, 300)
"""Spots and genes of what is written while the signal comes."""


def _larger(folder: Path) -> None:
    section(*LARGER).write_h5ad(folder / "in.h5ad")


def _old(out: Path) -> None:
    (out / "out.h5ad").write_bytes(content("full"))


def stops() -> Iterator[Case]:
    for signal in ("SIGKILL", "SIGINT", "SIGTERM"):
        for moment in range(MOMENTS):
            share = (moment + 0.5) / MOMENTS * 1.1
            line = ("impute", FILE, RESULT, *QUICK)
            name = f"{signal} at {share:.0%}"
            yield Case("stops", name, line, _larger, "either", _old, stop=(signal, share))


def _folder(*broken: str):  # type: ignore[no-untyped-def]
    """Two sound files, and between them files whose sparse arrays are damaged."""

    def make(folder: Path) -> None:
        for name in broken:
            part, change = REFUSED[name]
            changed("plain", edited(f"X/{part}", change))(folder)
            (folder / "in.h5ad").rename(folder / f"b{broken.index(name)}.h5ad")
        for name in ("a", "c"):
            (folder / f"{name}.h5ad").write_bytes(content())

    return make


def _odd(folder: Path) -> None:
    for name in (b"a.h5ad", b"b\xff.h5ad", b"\x1b[31mc.h5ad"):
        Path(os.fsdecode(os.fsencode(folder) + b"/" + name)).write_bytes(content())
    (folder / "d.h5ad").symlink_to("nowhere.h5ad")
    (folder / "e.h5ad").write_bytes(content()[:9_000])


def folders() -> Iterator[Case]:
    line = ("impute", IN, f"{OUT}/res", *QUICK)
    both = ("res/a.h5ad", "res/c.h5ad")
    for name in REFUSED:
        yield Case("folders", f"with {name}", line, _folder(name), "refused", gives=both)
    every = _folder(*REFUSED)
    yield Case("folders", "with all of these", line, every, "refused", gives=both)
    yield Case("folders", "with odd names", line, _odd, "refused", gives=("res/a.h5ad",))
