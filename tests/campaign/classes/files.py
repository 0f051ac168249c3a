"""What is no .h5ad file at all, and names of files that few programs bear."""

from __future__ import annotations

import gzip
import os
import socket
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path

from ..case import FILE, IMPUTE, IN, OPEN, Case, Make, tried
from ..sound import content, put


def nothing(folder: Path) -> None:
    """Leave the folder empty."""


def evil(folder: Path) -> str:
    """A shell command that leaves a mark beside the input, should anything run it."""
    return f"touch {folder.parent / 'ran'}"


def holding(what: bytes) -> Make:
    """in.h5ad of these bytes."""
    return lambda folder: (folder / "in.h5ad").write_bytes(what)


def _pickle(folder: Path) -> None:
    text = f"cos\nsystem\n(S'{evil(folder)}'\ntR."
    (folder / "in.h5ad").write_bytes(text.encode())


def _zip(folder: Path) -> None:
    with zipfile.ZipFile(folder / "in.h5ad", "w") as packed:
        packed.writestr(zipfile.ZipInfo("../../slipped.txt"), "x")


def _socket(folder: Path) -> None:
    here = os.open(".", os.O_RDONLY)
    try:
        os.chdir(folder)  # the path of a socket must be short
        with socket.socket(socket.AF_UNIX) as end:
            end.bind("in.h5ad")
    finally:
        os.fchdir(here)
        os.close(here)


def _link(target: str) -> Make:
    return lambda folder: (folder / "in.h5ad").symlink_to(target)


def _hole(folder: Path) -> None:
    with open(folder / "in.h5ad", "wb") as file:
        file.truncate(1 << 34)


def _secret(folder: Path) -> None:
    put(folder).chmod(0)


def _linked(folder: Path) -> None:
    put(folder).rename(folder / "other.h5ad")
    (folder / "in.h5ad").symlink_to("other.h5ad")


POINTER = b"version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 9\n"

REFUSED: dict[str, Callable[[Path], object]] = {
    "missing": nothing,
    "a folder": lambda folder: (folder / "in.h5ad").mkdir(),
    "empty": holding(b""),
    "one byte": holding(b"x"),
    "text": holding(b"gene,count\n"),
    "compressed": lambda folder: (folder / "in.h5ad").write_bytes(gzip.compress(content())),
    "a zip that slips": _zip,
    "a signature alone": holding(b"\x89HDF\r\n\x1a\n"),
    "a pickle": _pickle,
    "a pointer of Git": holding(POINTER),
    "a pipe": lambda folder: os.mkfifo(folder / "in.h5ad"),
    "a socket": _socket,
    "a link to nowhere": _link("nowhere.h5ad"),
    "a link to itself": _link("in.h5ad"),
    "a link to zeros": _link("/dev/zero"),
    "a link to nothing": _link("/dev/null"),
    "a hole of 16 GB": _hole,
}


def cases() -> Iterator[Case]:
    for name, make in REFUSED.items():
        lines = (("check", FILE),) if name == "a folder" else (("check", FILE), IMPUTE, OPEN)
        yield from tried("files", name, make, "refused", lines)
    yield from tried("files", "a user block before", holding(b"\0" * 512 + content()), "either")
    yield from tried("files", "a link to a file", _linked, "taken")
    yield from tried("files", "not for all to read", _secret, is_nobody=True)


NAMES = {
    "of two lines": "a\nb.h5ad",
    "of a symbol": "🧬.h5ad",
    "of spaces": " a .h5ad",
    "that steers": "\x1b[31mred\x1b]0;t\x07.h5ad",
    "of quotes": "a'\"`$(id).h5ad",
    "of a dash": "-x.h5ad",
    "of 255 bytes": "n" * 250 + ".h5ad",
    "that is no text": os.fsdecode(b"bad\xff.h5ad"),
    "of HTML": "<b>x<img src=x>.h5ad",
    "in capitals": "GOOD.H5AD",
}
NOWHERE = {
    "of 5,000 letters": f"{IN}/{'n' * 5000}.h5ad",
    "of an unknown user": "~nobody-of-that-name/x.h5ad",
    "below a file": f"{IN}/in.h5ad/x.h5ad",
    "empty": "",
    "of an ending only": f"{IN}/.h5ad",
    "missing, and no text": f"{IN}/{os.fsdecode(b'bad')}\udcff.no.h5ad",
}


def _lines(path: str) -> tuple[tuple[str, ...], ...]:
    return ("check", path), (IMPUTE[0], path, *IMPUTE[2:]), ("open", path)


def paths() -> Iterator[Case]:
    for name, text in NAMES.items():

        def make(folder: Path, text: str = text) -> None:
            put(folder).rename(folder / text)

        want = "either" if name == "in capitals" else "taken"
        yield from tried("paths", f"a name {name}", make, want, _lines(f"{IN}/{text}"))  # type: ignore[arg-type]
    for name, path in NOWHERE.items():
        yield from tried("paths", name, put, "refused", _lines(path))
