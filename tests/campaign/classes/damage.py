"""Files cut short, and files with flipped bits or wiped blocks."""

from __future__ import annotations

import random
from collections.abc import Iterator
from pathlib import Path

from ..case import CHECK, IMPUTE, Case, Make, tried
from ..sound import content


def cut() -> Iterator[Case]:
    for share in (1, 5, 20, 40, 60, 80, 95, 99):
        yield from tried("cut", f"{share} %", _of(lambda c, s=share: c[: len(c) * s // 100]))
    yield from tried("cut", "all but the last byte", _of(lambda c: c[:-1]), "either")
    yield from tried("cut", "more at the end", _of(lambda c: c + b"junk" * 100), "either")


def flipped() -> Iterator[Case]:
    for number in range(40):
        make = _of(lambda c, n=number: _flip(c, n))
        yield from tried("flip", f"bits {number}", make, "either", (CHECK, IMPUTE))
    for number in range(30):
        make = _of(lambda c, n=number: _wipe(c, n))
        yield from tried("flip", f"block {number}", make, "either", (CHECK, IMPUTE))


def _of(change) -> Make:  # type: ignore[no-untyped-def]
    return lambda folder: (Path(folder) / "in.h5ad").write_bytes(change(content("full")))


def _flip(sound: bytes, number: int) -> bytes:
    rng, damaged = random.Random(f"bits {number}"), bytearray(sound)
    for _ in range(1 + number % 4):
        damaged[rng.randrange(len(damaged))] ^= 1 << rng.randrange(8)
    return bytes(damaged)


def _wipe(sound: bytes, number: int) -> bytes:
    rng, damaged = random.Random(f"block {number}"), bytearray(sound)
    size = rng.choice((8, 64, 512))
    start = rng.randrange(len(damaged) - size)
    damaged[start : start + size] = rng.choice((b"\0", b"\xff")) * size
    return bytes(damaged)
