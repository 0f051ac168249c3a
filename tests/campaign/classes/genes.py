"""Lists of genes, and how many of them to choose."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from ..case import FILE, IMPUTE, IN, Case, Want
from ..sound import put
from .names import named

LIST = f"{IN}/genes.txt"
SOME = [f"gene {i}" for i in range(10)]
PLAIN = "\n".join(SOME).encode()

LISTS: dict[str, tuple[bytes, Want]] = {
    "sound": (PLAIN, "taken"),
    "with a mark of order": (b"\xef\xbb\xbf" + PLAIN, "taken"),
    "with ends of Windows": ("\r\n".join(SOME).encode(), "taken"),
    "with ends of old": ("\r".join(SOME).encode(), "taken"),
    "each three times": ("\n".join(SOME * 3).encode(), "taken"),
    "with blank lines": ("\n\n".join(SOME).encode(), "taken"),
    "with an escape": (b"\x1b[2J\x1b]0;steered\x07\n" + PLAIN, "taken"),
    "of 10⁶ lines": (PLAIN + b"\n" + b"\n".join(b"n%d" % i for i in range(10**6)), "taken"),
    "with a line of 10 MB": (b"x" * 10_000_000 + b"\ngene 1\ngene 2\n", "taken"),
    "empty": (b"", "refused"),
    "blank": (b"\n \n\t\n", "refused"),
    "of unknown names": (b"a\nb\n", "refused"),
    "of two bytes a letter": ("\n".join(SOME).encode("utf-16"), "refused"),
    "of another alphabet": ("gén\n".encode("latin-1") + PLAIN, "refused"),
    "of all bytes": (bytes(range(256)) * 10, "refused"),
    "a table": (b"gene,n\ngene 1,3\n", "refused"),
    "with half a letter": (b"gene 1\n\xed\xa0\x80\n", "refused"),
    "of one gene": (b"gene 3\n", "either"),
    "with a zero byte": (b"gene 1\0\n" + PLAIN, "either"),
}
NUMBERS = ("5", "0", "-1", "", "x", "1e3", "²", "٥", "9" * 30, "9" * 5000, "1", "5.5", " 5", "5_0")
WORDS = (
    *("all", "ALL", "HVG:5", " ", "n" * 5000, "~nobody-of-that-name/x", "/dev/zero"),
    *("/dev/null", IN, "hvg:5,000,000", "\x1b[2J"),
)


def cases() -> Iterator[Case]:
    for name, (held, want) in LISTS.items():

        def make(folder: Path, held: bytes = held) -> None:
            put(folder)
            (folder / "genes.txt").write_bytes(held)

        yield Case("genes", f"a list {name}", (*IMPUTE, "--genes", LIST), make, want)
    for word in (*(f"hvg:{number}" for number in NUMBERS), *WORDS):
        name = ascii(word[:20]) + f" ({len(word)})"
        yield Case("genes", name, (*IMPUTE, "--genes", word), put, "either")
    for name in ("$\\frac{1$", "a\nb", ""):
        line = ("impute", FILE, *IMPUTE[2:], "--genes", "hvg:5")
        yield Case("genes", f"few of {name!r}", line, named(name), "either")
