"""Study files of `tune` that are damaged, or of another search."""

from __future__ import annotations

import contextlib
import functools
import io
import os
import re
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

from napari_stimpute.cli import main

from ..case import FILE, IN, OUT, Case, Want
from ..sound import content, put

TUNE = ("tune", FILE, "--model", "pca", "--trials", "3", "--quiet")
BEST = ("--out", f"{OUT}/best.json")
UNSTABLE = {
    r'"worker_id":"[^"]*"': '"worker_id":"w"',
    r'"datetime_(start|complete)":"[^"]*"': r'"datetime_\1":"2024-01-01T00:00:00.000000+00:00"',
    r'"seconds":[0-9.e-]+': '"seconds":0.1',
}
"""What differs between two searches that find the same."""


@functools.cache
def whole() -> tuple[bytes, ...]:
    """The lines of a search of two trials."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        line = [str(put(folder)) if word == FILE else word for word in TUNE]
        line[line.index("3")] = "2"
        with contextlib.redirect_stdout(io.StringIO()):
            assert main([*line, "--study", str(folder / "study.log")]) == 0
        text = (folder / "study.log").read_text()
    for pattern, same in UNSTABLE.items():
        text = re.sub(pattern, same, text)
    return tuple(line + b"\n" for line in text.encode().splitlines())


def _middle(new: bytes) -> Callable[[], bytes]:
    return lambda: b"".join((*whole()[: len(whole()) // 2], new, *whole()[len(whole()) // 2 :]))


def _changed(old: str, new: str) -> Callable[[], bytes]:
    return lambda: b"".join(whole()).decode().replace(old, new).encode()


def _after(more: bytes) -> Callable[[], bytes]:
    return lambda: b"".join(whole()) + more


FILES: dict[str, tuple[Callable[[], bytes], Want]] = {
    "sound": (_after(b""), "taken"),
    "empty": (lambda: b"", "taken"),
    "garbled in the middle": (_middle(b'{"op_c\n'), "refused"),
    "all bytes in the middle": (_middle(bytes(range(256)) + b"\n"), "refused"),
    "with an unknown event": (_after(b'{"op_code": 99, "worker_id": "x"}\n'), "refused"),
    "with an event of a word": (_after(b'{"op_code": "x", "worker_id": "x"}\n'), "refused"),
    "with a list": (_after(b"[1]\n"), "refused"),
    "with null": (_after(b"null\n"), "refused"),
    "with an event of nobody": (_after(b'{"op_code": 4}\n'), "refused"),
    "blank": (lambda: b"\n\n", "refused"),
    "a text": (lambda: b"hello\n", "refused"),
    "a database": (lambda: b"SQLite format 3\0" + b"\0" * 100, "refused"),
    "an .h5ad": (content, "refused"),
    "cut in its last line": (lambda: b"".join(whole())[:-20], "either"),
    "without its first line": (lambda: b"".join(whole()[1:]), "either"),
    "with its first line twice": (lambda: b"".join((whole()[0], *whole())), "either"),
    "without a middle line": (lambda: b"".join(whole()[:3] + whole()[4:]), "either"),
    "with a blank line": (_middle(b"\n"), "either"),
    "with ends of Windows": (lambda: b"".join(whole()).replace(b"\n", b"\r\n"), "either"),
    "with a mark of order": (lambda: b"\xef\xbb\xbf" + b"".join(whole()), "either"),
    "with one more measure": (_changed('"measures":{', '"measures":{"x":1,'), "either"),
    "about nothing": (_changed('"about"', '"abuot"'), "either"),
    "of another seed": (_changed('"seed":0', '"seed":9'), "either"),
    "of other choices": (_changed("[5, 10, 15, 20, 30, 50, 100]", "[5, 10]"), "either"),
    "with a score NaN": (_changed('"values":[', '"values":[NaN,'), "either"),
    "with a trial of 10⁹": (_changed('"trial_id":1', '"trial_id":1000000000'), "either"),
    "with a trial of −1": (_changed('"trial_id":1', '"trial_id":-1'), "either"),
    "with measures of a number": (_changed('"measures":{', '"measures":3,"old":{'), "either"),
    "with a score in words": (_changed('"values":[', '"values":["x",'), "either"),
    "with events exchanged": (_changed('"op_code":6', '"op_code":8'), "either"),
    "of another setting": (_changed('"param_name":"n_comp', '"param_name":"other'), "either"),
}


def cases() -> Iterator[Case]:
    for name, (held, want) in FILES.items():

        def lay(out: Path, held: Callable[[], bytes] = held) -> None:
            (out / "study.log").write_bytes(held())

        line = (*TUNE, *BEST, "--study", f"{OUT}/study.log")
        yield Case("studies", name, line, put, want, lay)
    for name, path in {
        "a folder": IN,
        "in a missing folder": f"{OUT}/no/s.log",
        "the input": FILE,
        "the best itself": BEST[1],
    }.items():
        yield Case("studies", f"at {name}", (*TUNE, *BEST, "--study", path), put, "refused")
    for name, path, want in (
        ("in a missing folder", f"{OUT}/a/b.json", "refused"),
        ("without ending", f"{OUT}/b", "either"),
        ("the input", FILE, "refused"),
    ):
        yield Case("studies", f"best {name}", (*TUNE, "--out", path), put, want)  # type: ignore[arg-type]

    def locked(out: Path) -> None:
        (out / "study.log").write_bytes(b"".join(whole()))
        os.symlink("study.log", out / "study.log.lock")

    line = (*TUNE, *BEST, "--study", f"{OUT}/study.log")
    yield Case("studies", "with a lock that was left", line, put, "taken", locked, seconds=90)
