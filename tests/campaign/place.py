"""The folder of one case, and what stands in it before and after."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from .case import BESIDE, IN, OUT, Case

NOBODY = 65534


class Stood(NamedTuple):
    """What can be seen of a file, a folder, a link."""

    mode: int
    modified: int
    digest: str


class Place:
    """``in`` holds the input, ``out`` is empty or prepared, ``beside`` may be a small disk."""

    def __init__(self, root: Path, case: Case) -> None:
        self.root = root
        self.given, self.out, self.beside = root / "in", root / "out", root / "beside"
        self._words = {IN: self.given, OUT: self.out, BESIDE: self.beside}
        self.line = [self._filled(word) for word in case.line]

    def _filled(self, word: str) -> str:
        for name, folder in self._words.items():
            word = word.replace(name, str(folder))
        return word

    def stood(self) -> dict[str, Stood]:
        """All that lies in the folder, by its path within."""
        found = {}
        for folder, below, names in os.walk(self.root):
            for name in (*below, *names):
                path = Path(folder, name)
                found[str(path.relative_to(self.root))] = _stood(path, self.given in path.parents)
        return found


@contextmanager
def place_of(case: Case, root: Path) -> Iterator[Place]:
    """Make the input and what lies beside it, and remove all of it afterwards."""
    place = Place(root, case)
    for folder in (place.given, place.out, place.beside):
        folder.mkdir(parents=True)
    try:
        case.make(place.given)
        case.lay(place.out)
        if case.is_nobody and os.getuid() == 0:
            for path in (place.out, *place.out.iterdir()):
                os.lchown(path, NOBODY, NOBODY)
        if case.disk_kb:
            _mount(place.beside, case.disk_kb)
        yield place
    finally:
        if place.beside.is_mount():
            subprocess.run(["umount", place.beside], check=True)
        for folder, below, _ in os.walk(root):
            for name in below:
                if not os.path.islink(os.path.join(folder, name)):
                    os.chmod(os.path.join(folder, name), 0o700)
        shutil.rmtree(root)


def may_mount(folder: Path) -> bool:
    """Whether a disk can be mounted here: not even every root may."""
    if os.getuid() != 0:
        return False
    folder.mkdir()
    try:
        _mount(folder, 4)
        subprocess.run(["umount", folder], check=True)
    except (subprocess.CalledProcessError, FileNotFoundError):
        return False
    finally:
        folder.rmdir()
    return True


def may_make_devices(folder: Path) -> bool:
    """Whether a device can be made here."""
    try:
        os.mknod(folder / "node", 0o020600, os.makedev(1, 3))
        (folder / "node").unlink()
    except OSError:
        return False
    return True


def _mount(folder: Path, size_kb: int) -> None:
    size = f"size={size_kb}k"
    command = ["mount", "-t", "tmpfs", "-o", size, "none", folder]
    subprocess.run(command, check=True, capture_output=True)


def _stood(path: Path, is_given: bool) -> Stood:
    """Contents of the input are compared with the time at which they were written."""
    about = os.lstat(path)
    digest = os.readlink(path) if path.is_symlink() else ""
    if path.is_file() and not path.is_symlink() and about.st_size < 2**28:
        digest = hashlib.sha256(path.read_bytes()).hexdigest()
    is_file = path.is_file()
    return Stood(about.st_mode, about.st_mtime_ns if is_given and is_file else 0, digest)
