"""A report is one file that needs nothing else, and shows what it is given, not more."""

from __future__ import annotations

import base64
import errno
import html
import re
from pathlib import Path

import pytest
from matplotlib.figure import Figure

from napari_stimpute.errors import NotWritable
from napari_stimpute.plots.saving import png_of
from napari_stimpute.report import Report


def drawing() -> Figure:
    figure = Figure(figsize=(2, 1))
    figure.subplots().plot([0, 1])
    return figure


@pytest.fixture
def report() -> Report:
    made = Report("A title", "and a sentence")
    made.heading("First").text("One.", "Two.").points(["a", "b"]).verdict("So it is.")
    made.heading("Second").table(["Name", "Score"], [["x", "0.12"], ["y", "−3 %"]], strong=1)
    made.heading("Third").figure(drawing(), "A line.").code("stimpute models")
    return made


def test_page_loads_nothing_from_anywhere(report: Report) -> None:
    page = report.html()
    sources = re.findall(r"""(?:src|href|url)\s*[=(]\s*["']?([^"')>\s]+)""", page)
    assert sources
    assert all(source.startswith(("data:image/png;base64,", "#")) for source in sources)
    assert "<script" not in page and "@import" not in page and "<link" not in page


def test_picture_is_inside_the_page_whole(report: Report) -> None:
    (data,) = re.findall(r"base64,([^\"]+)", report.html())
    picture = base64.b64decode(data)
    assert picture.startswith(b"\x89PNG") and picture.rstrip().endswith(b"IEND\xaeB`\x82")


def test_every_text_is_escaped() -> None:
    evil = "<script>alert(\"x\")</script> & 'y'"
    made = Report(evil, evil).heading(evil).text(evil).points([evil]).verdict(evil).code(evil)
    made.table([evil], [[evil]], caption=evil).image(b"png", evil)
    page = made.html()
    assert "<script" not in page
    assert page.count("&lt;script&gt;") == 13  # title and captions twice


def test_picture_says_in_words_what_it_shows(report: Report) -> None:
    assert 'alt="A line."' in report.html()
    assert "<figcaption>A line.</figcaption>" in report.html()


def test_headings_are_linked_from_the_top(report: Report) -> None:
    page = report.html()
    for number, name in enumerate(("First", "Second", "Third"), start=1):
        assert f'<a href="#s{number}">{name}</a>' in page
        assert f'<h2 id="s{number}">{name}</h2>' in page


@pytest.mark.parametrize(
    "text", ["0.12", "−3 %", "1,234", "12 s", "1 min 05 s", "–", "74 %", "1.2 GB"]
)
def test_numbers_stand_to_the_right(text: str) -> None:
    page = html.unescape(Report("t").table(["n"], [[text]]).html()).replace("\xa0", " ")
    assert f"<td class=number>{text}</td>" in page


def test_number_and_its_percent_sign_stay_together() -> None:
    assert "12&nbsp;%" in Report("t").text("It is 12 % of all.").html()
    assert "12 %" in Report("t").code("echo 12 %").html()  # code can be copied as it is


@pytest.mark.parametrize("text", ["Gene12", "12 spots", "GMM-VGAE", "10x Visium", ""])
def test_words_stand_to_the_left(text: str) -> None:
    assert f"<td>{text}</td>" in Report("t").table(["n"], [[text]]).html()


def test_the_row_that_matters_is_pointed_out(report: Report) -> None:
    assert report.html().count("<tr class=strong>") == 1
    assert "<tr class=strong><td>y</td>" in report.html()


def test_page_is_readable_in_light_and_dark_and_on_paper(report: Report) -> None:
    page = report.html()
    assert "prefers-color-scheme: dark" in page
    assert "@media print" in page


def test_page_is_written_whole(report: Report, tmp_path: Path) -> None:
    path = report.write(tmp_path / "report.html")
    assert path.read_text(encoding="utf-8") == report.html()
    assert [p.name for p in tmp_path.iterdir()] == ["report.html"]


def test_missing_folder_is_said_in_words(report: Report, tmp_path: Path) -> None:
    with pytest.raises(NotWritable, match="its folder is missing"):
        report.write(tmp_path / "no" / "report.html")


def test_full_disk_leaves_the_old_page_and_no_rest(
    report: Report, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = tmp_path / "report.html"
    page.write_text("old")

    def full(self: Path, content: bytes) -> int:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(Path, "write_bytes", full)
    with pytest.raises(NotWritable, match="that the disk is full"):
        report.write(page)
    assert page.read_bytes() == b"old"
    assert [p.name for p in tmp_path.iterdir()] == ["report.html"]


def test_figure_becomes_a_png() -> None:
    assert png_of(drawing()).startswith(b"\x89PNG")
