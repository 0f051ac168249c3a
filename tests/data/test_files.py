from __future__ import annotations

import errno
import os
import signal
import stat
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from napari_stimpute.data.files import check_place, full_path, holding_signals, write_whole
from napari_stimpute.errors import NotReadable, NotWritable


def test_a_file_is_replaced_whole(tmp_path: Path) -> None:
    path = tmp_path / "table.csv"
    path.write_bytes(b"old")
    write_whole(path, b"new")
    assert path.read_bytes() == b"new"
    assert [p.name for p in tmp_path.iterdir()] == ["table.csv"]


# ---- what an output goes through ---------------------------------------------------------------


def test_permissions_are_kept(tmp_path: Path) -> None:
    file = tmp_path / "secret.csv"
    file.write_text("before")
    file.chmod(0o600)
    write_whole(file, b"after")
    assert file.read_bytes() == b"after" and file.stat().st_mode & 0o777 == 0o600


def test_what_a_killed_process_left_is_swept_away_and_nothing_else(tmp_path: Path) -> None:
    gone = subprocess.Popen([sys.executable, "-c", ""])
    gone.wait()
    names = [
        f".a.csv.{gone.pid}-0a1b.part",  # left
        f".a.csv.{os.getpid()}-0a1b.part",  # being written
        f".b.csv.{gone.pid}-0a1b.part",  # of another output
        ".a.csv.notes.part",  # nobody's
    ]
    for name in names:
        (tmp_path / name).touch()
    write_whole(tmp_path / "a.csv", b"")
    assert {p.name for p in tmp_path.iterdir()} == {"a.csv", *names[1:]}


def test_a_device_is_never_replaced(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.csv")
    with pytest.raises(NotWritable, match="a device of that name"):
        write_whole(tmp_path / "pipe.csv", b"")
    assert (tmp_path / "pipe.csv").is_fifo()


def test_a_folder_that_cannot_be_flushed_is_no_failure(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def flush(descriptor: int) -> None:
        if stat.S_ISDIR(os.fstat(descriptor).st_mode):
            raise OSError(errno.EINVAL, "Invalid argument")

    monkeypatch.setattr(os, "fsync", flush)
    write_whole(tmp_path / "a.csv", b"after")
    assert (tmp_path / "a.csv").read_bytes() == b"after"


def test_an_output_is_none_of_the_inputs(tmp_path: Path) -> None:
    (tmp_path / "a.json").touch()
    (tmp_path / "link.json").symlink_to(tmp_path / "a.json")
    with pytest.raises(NotWritable, match="the input file itself"):
        check_place(tmp_path / "a.json", tmp_path / "link.json")
    with pytest.raises(NotWritable, match="another file of the same work"):
        check_place(tmp_path / "new.csv", "", tmp_path / "x" / ".." / "new.csv")
    check_place(tmp_path / "b.json", tmp_path / "a.json", "")


@pytest.mark.parametrize(
    "path", ["n" * 300, "~nobody-of-this-name/a.csv", "a\0b", "loop/a.csv"], ids=str
)
def test_a_path_that_is_none_is_said(
    path: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("loop").symlink_to("loop")
    for act in (full_path, check_place, lambda path: write_whole(path, b"")):
        with pytest.raises(NotWritable, match="Check the path"):
            act(path)
    with pytest.raises(NotReadable, match="Check the path"):
        full_path(path, NotReadable)


def test_signals_reach_no_thread_but_the_main_one() -> None:
    came: list[list[int]] = []

    def work() -> None:
        with holding_signals() as held:
            came.append(held)

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert came == [[]]


def test_a_signal_that_came_is_told_and_not_sent_again_if_unwanted() -> None:
    with holding_signals(resends=False) as outer:
        with holding_signals() as inner:
            signal.raise_signal(signal.SIGTERM)
            assert inner == [signal.SIGTERM] and outer == []
        assert outer == [signal.SIGTERM]
