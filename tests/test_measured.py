"""MEASURED.md is what its pieces say, and each piece has a script that can be run to write it."""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

BENCHMARKS = Path(__file__).parent / "benchmarks"
PIECES = BENCHMARKS / "measured"
FRAME = (PIECES / "frame.md").read_text(encoding="utf-8")
COMMANDS = [
    shlex.split(line)[1:]
    for line in FRAME.replace("\\\n", " ").splitlines()
    if line.startswith("    .venv/bin/python")
]
MAKES_THE_PAGE, *MEASURES = COMMANDS


def make_page(*arguments: str) -> subprocess.CompletedProcess[str]:
    script = str(BENCHMARKS / "make_measured.py")
    return subprocess.run([sys.executable, script, *arguments], capture_output=True, text=True)


def test_page_is_made_of_its_pieces(tmp_path: Path) -> None:
    assert make_page("--out", str(tmp_path / "page.md")).returncode == 0
    page = (tmp_path / "page.md").read_text(encoding="utf-8")
    assert page == (BENCHMARKS / "MEASURED.md").read_text(encoding="utf-8")
    assert MAKES_THE_PAGE == ["tests/benchmarks/make_measured.py"]


def test_page_is_not_made_where_a_piece_is_missing(tmp_path: Path) -> None:
    done = make_page("--pieces", str(tmp_path), "--out", str(tmp_path / "page.md"))
    assert done.returncode != 0
    assert "sections.md" in done.stderr
    assert not (tmp_path / "page.md").exists()


def test_each_piece_stands_below_the_command_that_writes_it() -> None:
    written = [command[-1] if ">" in command else out_of(command) for command in MEASURES]
    marks = re.findall(r"^<!-- (\w+\.md) -->$", FRAME, re.MULTILINE)
    assert [Path(path).name for path in written] == marks
    assert {Path(path).parent for path in written} == {Path("tests/benchmarks/measured")}
    assert sorted(marks) == sorted(p.name for p in PIECES.glob("*.md") if p.name != "frame.md")


def out_of(command: list[str]) -> str:
    return command[command.index("--out") + 1]


@pytest.mark.parametrize("command", MEASURES, ids=" ".join)
def test_command_names_a_script_and_options_that_it_has(command: list[str]) -> None:
    script = (BENCHMARKS.parents[1] / command[0]).read_text(encoding="utf-8")
    for option in (word for word in command if word.startswith("--")):
        assert f'add_argument("{option}"' in script


def test_every_measuring_script_has_a_piece() -> None:
    scripts = {Path(command[0]).name for command in MEASURES}
    assert {p.name for p in BENCHMARKS.glob("measure_*.py")} <= scripts
