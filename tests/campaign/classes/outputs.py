"""Places where no output can go, or where something lies that must not be lost."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from ..case import BESIDE, FILE, IN, OUT, QUICK, RESULT, Case, Want
from ..sound import content, put

Lay = Callable[[Path], object]


def _copy(name: str, mode: int = 0o644) -> Lay:
    def lay(out: Path) -> None:
        (out / name).write_bytes(content("full"))
        (out / name).chmod(mode)

    return lay


def _folder(name: str, mode: int = 0o755) -> Lay:
    return lambda out: (out / name).mkdir(mode)


def _link(name: str, target: str) -> Lay:
    return lambda out: (out / name).symlink_to(target)


def _both(*lays: Lay) -> Lay:
    return lambda out: [lay(out) for lay in lays]


def _node(minor: int) -> Lay:
    """A device of our own, and a link to it; those of the machine are left alone."""

    def lay(out: Path) -> None:
        os.mknod(out / "node", 0o020666, os.makedev(1, minor))
        (out / "out.h5ad").symlink_to("node")

    return lay


def _hard(out: Path) -> None:
    os.link(out.parent / "in" / "in.h5ad", out / "out.h5ad")


MINE: Lay = lambda out: (out / "file.txt").write_text("mine")  # noqa: E731

FILES: dict[str, tuple[str, Want, Lay | None]] = {
    "new": (RESULT, "taken", None),
    "in a missing folder": (f"{OUT}/a/b/out.h5ad", "refused", None),
    "of another ending": (f"{OUT}/out.txt", "refused", None),
    "of no ending": (f"{OUT}/out", "refused", None),
    "empty": ("", "refused", None),
    "a folder": (RESULT, "refused", _folder("out.h5ad")),
    "below a file": (f"{OUT}/file.txt/out.h5ad", "refused", MINE),
    "a link to nowhere": (RESULT, "either", _link("out.h5ad", "nowhere.h5ad")),
    "a link to itself": (RESULT, "refused", _link("out.h5ad", "out.h5ad")),
    "a link to an old one": (
        RESULT,
        "taken",
        _both(_copy("old.h5ad"), _link("out.h5ad", "old.h5ad")),
    ),
    "a pipe": (RESULT, "refused", lambda out: os.mkfifo(out / "out.h5ad")),
    "in /proc": ("/proc/out.h5ad", "refused", None),
    "of 255 bytes": (f"{OUT}/{'n' * 250}.h5ad", "taken", None),
    "of 300 letters": (f"{OUT}/{'n' * 300}.h5ad", "refused", None),
    "of 5,000 letters": (f"{'n' * 5000}.h5ad", "refused", None),
    "of an unknown user": ("~nobody-of-that-name/out.h5ad", "refused", None),
    "no text": (f"{OUT}/{os.fsdecode(bytes([255]))}.h5ad", "taken", None),
    "of a symbol": (f"{OUT}/🧬.h5ad", "taken", None),
    "of HTML": (f"{OUT}/<b>x<img src=x>.h5ad", "taken", None),
    "of two lines": (f"{OUT}/a\nb.h5ad", "taken", None),
    "by dots": (f"{OUT}/../out/out.h5ad", "taken", None),
    "with a slash behind": (f"{RESULT}/", "either", None),
    "an old one": (RESULT, "taken", _copy("out.h5ad")),
    "an old one of mine alone": (RESULT, "taken", _copy("out.h5ad", 0o600)),
    "the input": (FILE, "refused", None),
    "the input by dots": (f"{IN}/../in/in.h5ad", "refused", None),
    "the input by a hard link": (RESULT, "refused", _hard),
    "the input by a link": (RESULT, "refused", _link("out.h5ad", "../in/in.h5ad")),
}
LOCKED: dict[str, tuple[str, Lay]] = {
    "in a folder to read only": (f"{OUT}/ro/out.h5ad", _folder("ro", 0o555)),
    "a file to read only": (RESULT, _copy("out.h5ad", 0o444)),
    "in a folder not to enter": (f"{OUT}/no/out.h5ad", _folder("no", 0o600)),
}


def _project(out: Path) -> None:
    """A folder of somebody's work, with a file named as one of a saved model's."""
    (out / "model").mkdir()
    (out / "model" / "config.json").write_text('{"mine": true}')
    (out / "model" / "thesis.txt").write_text("three years of work")


def _foreign_part(out: Path) -> None:
    """A passing name that somebody else's program gave."""
    (out / ".out.h5ad.mine.part").write_text("mine")


MODELS: dict[str, tuple[str, Want, Lay | None]] = {
    "new": (f"{OUT}/model", "taken", None),
    "a file": (f"{OUT}/file.txt", "refused", MINE),
    "an empty folder": (f"{OUT}/model", "refused", _folder("model")),
    "the output": (RESULT, "refused", None),
    "below a file": (f"{OUT}/file.txt/x", "refused", MINE),
    "of 300 letters": (f"{OUT}/{'n' * 300}", "refused", None),
    "of an unknown user": ("~nobody-of-that-name/model", "refused", None),
    "somebody's work": (f"{OUT}/model", "refused", _project),
    "here": (".", "refused", None),
    "the input's folder": (IN, "refused", None),
}


def cases() -> Iterator[Case]:
    for name, (path, want, lay) in FILES.items():
        yield _case(name, ("impute", FILE, path, *QUICK), want, lay)
    for name, (path, lay) in LOCKED.items():
        yield _case(name, ("impute", FILE, path, *QUICK), "refused", lay, is_nobody=True)
    for name, minor in {"a device of nothing": 3, "a full device": 7}.items():
        line = ("impute", FILE, RESULT, *QUICK)
        yield _case(name, line, "refused", _node(minor), needs_root="a device to be made")
    foreign = ("impute", FILE, RESULT, *QUICK)
    yield _case("beside somebody's passing file", foreign, "taken", _foreign_part)
    for name, (path, want, lay) in MODELS.items():
        line = ("impute", FILE, RESULT, *QUICK, "--save-model", path)
        yield _case(f"model: {name}", line, want, lay)
    yield from _full()


def _full() -> Iterator[Case]:
    """No room left, by a small disk or a limit on the size of files."""
    pca = ("impute", FILE, RESULT, "--model", "pca", "--no-blend", "--no-judge", "--quiet")
    for kb in (4, 20, 60, 100):
        line = ("impute", FILE, f"{BESIDE}/out.h5ad", *QUICK)
        want = "refused" if kb < 30 else "either"
        mount: dict[str, Any] = {"needs_root": "a disk to be mounted", "disk_kb": kb}
        yield _case(f"a disk of {kb} KB", line, want, None, **mount)
    for kb in (4, 8):
        mount = {"needs_root": "a disk to be mounted", "disk_kb": kb, "gives": ("out.h5ad",)}
        line = (*pca, "--save-model", f"{BESIDE}/model")
        yield _case(f"model: a disk of {kb} KB", line, "refused", None, **mount)
    old = _copy("out.h5ad")
    for kb in (1, 20, 40, 80):
        want = "refused" if kb < 60 else "either"
        yield _case(f"files up to {kb} KB", ("impute", FILE, RESULT, *QUICK), want, old, file_kb=kb)


def _case(name: str, line: tuple[str, ...], want: str, lay: Lay | None, **more: Any) -> Case:
    return Case("outputs", name, line, put, want, lay or (lambda out: None), **more)  # type: ignore[arg-type]
