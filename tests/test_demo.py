"""The demo ends in files that show and explain themselves, with or without a display."""

from __future__ import annotations

import html
import re
from pathlib import Path

import anndata as ad
import numpy as np
import pytest

from napari_stimpute import keys
from napari_stimpute.cli import main
from napari_stimpute.compare.contenders import comparison_of
from napari_stimpute.data.simulate import TRUE_RATE
from napari_stimpute.demo import story, window
from napari_stimpute.demo.window import Shot
from napari_stimpute.plugin import has_display
from napari_stimpute.progress import drain
from napari_stimpute.terminal import Teller

from .simulated import simulate_section

pytestmark = pytest.mark.slow  # whole programs

TINY = ("--preset", "tiny", "--device", "cpu", "--no-window")


@pytest.fixture(scope="module")
def own_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A user's file: no truth, no image, counts in a layer, an annotation."""
    section = simulate_section(n_rows=15, n_genes=100)
    own = ad.AnnData(section.X.log1p(), obs=section.obs[["domain"]], var=section.var[[]])
    own.layers["counts"] = section.X
    own.obsm["spatial"] = section.obsm["spatial"]
    path = tmp_path_factory.mktemp("data") / "own <file>.h5ad"
    own.write_h5ad(path)
    return path


@pytest.fixture(scope="module")
def demo(own_file: Path) -> Path:
    """Folder of one demo on the user's file; the window is left to a test of its own."""
    out = own_file.parent / "demo"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(window.shutil, "which", lambda _name: None)
        assert main(["demo", str(own_file), "--out", str(out), *TINY]) == 0
    return out


@pytest.fixture(scope="module")
def page(demo: Path) -> str:
    return html.unescape((demo / "report.html").read_text(encoding="utf-8"))


def test_result_holds_data_and_results(demo: Path, own_file: Path) -> None:
    result, before = ad.read_h5ad(demo / "result.h5ad"), ad.read_h5ad(own_file)
    assert list(result.obs_names) == list(before.obs_names)
    assert np.isfinite(result.layers[keys.imputed("gmm_vgae")]).all()
    assert keys.cluster("gmm_vgae") in result.obs


def test_model_is_kept(demo: Path) -> None:
    from napari_stimpute import GMMVGAE

    assert GMMVGAE.load(demo / "model").is_fitted


def test_page_is_self_contained(demo: Path) -> None:
    text = (demo / "report.html").read_text(encoding="utf-8")
    assert text.count("data:image/png;base64,") >= 8
    assert not re.search(r"""(src|href)=["']?(http|file|/)""", text)


def test_page_tells_the_whole_story(page: str) -> None:
    headings = re.findall(r"<h2[^>]*>([^<]+)</h2>", page)
    assert headings == [
        "The section",
        "Genes, counted and imputed",
        "Spatial domains",
        "Is it any good?",
        "Which genes can be believed?",
        "Variable genes, before and after",
        "How it learned",
        "How to go on",
    ]
    assert "own <file>.h5ad" in page
    assert "in layer 'counts'" in page  # the data card
    assert "two random lists would share" in page
    assert "Number of domains" in page or "Smoothing over the tissue" in page  # what was decided


def test_score_stands_beside_every_baseline(page: str) -> None:
    table = page[
        page.index("Is it any good?</h2>") : page.index("Variable genes, before and after</h2>")
    ]
    for method in (
        "GMM-VGAE",
        "Gene mean × depth",
        "Nearest in expression",
        "Nearest in tissue",
        "PCA denoiser",
        "Counts as they are",
    ):
        assert f"<td>{method}</td>" in table
    assert "<td>Gene mean × depth</td><td class=number>0.000</td>" in table


def test_page_opens_with_a_plain_verdict(page: str) -> None:
    verdict = re.search(r'<p class="verdict">([^<]+)</p>', page)
    assert verdict is not None
    assert page.index(verdict[0]) < page.index("The section</h2>")
    assert "hidden molecules" in verdict[1]


def test_examples_are_genes_that_can_be_judged_or_say_that_they_cannot() -> None:
    compared = comparison_of(simulate_section(n_rows=15, n_genes=100), ["gmm_vgae"], preset="tiny")
    drain(compared.steps())
    hidden = compared.scores[0].recovery.hidden
    hidden[:], hidden[7] = 19, 20
    assert [(gene, "deviance" in why) for gene, why in story.telling_genes(compared)] == [
        (compared.genes[7], True)
    ]
    hidden[7] = 5
    why = [why for _, why in story.telling_genes(compared)]
    assert why == ["19 hidden molecules, too few to judge by: at least 20 are needed"] * 3


def test_truth_is_claimed_only_for_simulated_data(page: str) -> None:
    assert "Known truth" not in page and "simulated" not in page


def test_every_picture_of_the_page_is_a_file_too(demo: Path, page: str) -> None:
    pictures = list((demo / "figures").glob("*.png"))
    assert len(pictures) == page.count("data:image/png;base64,")


def test_sample_is_compared_with_its_known_truth(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    small = simulate_section(n_rows=15, n_genes=100)
    assert TRUE_RATE in small.layers
    monkeypatch.setattr("napari_stimpute.data.simulate.simulate_section", lambda seed: small)
    monkeypatch.setattr(window.shutil, "which", lambda _name: None)
    assert main(["demo", "--out", str(tmp_path / "new" / "demo"), *TINY]) == 0
    text = (tmp_path / "new" / "demo" / "report.html").read_text(encoding="utf-8")
    assert "Correlation with the truth" in text
    words = capsys.readouterr()
    assert "10x Visium" in words.out and "of the deviance explained" in words.out
    assert "No screenshots: Xvfb is not installed." in words.out
    assert "Training GMM-VGAE · done in" in words.err


def test_data_without_coordinates_are_refused_before_any_work(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    cells = simulate_section(n_rows=15, n_genes=100)
    del cells.obsm["spatial"]
    cells.write_h5ad(tmp_path / "cells.h5ad")
    assert main(["demo", str(tmp_path / "cells.h5ad"), "--out", str(tmp_path / "out"), *TINY]) == 1
    words = capsys.readouterr().err
    assert "coordinates in obsm['spatial']" in words
    assert "Judging" not in words


def test_folder_that_cannot_be_made_is_said_in_words(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "taken").write_text("a file")
    assert main(["demo", "--out", str(tmp_path / "taken"), *TINY]) == 1
    assert "Choose another with --out." in capsys.readouterr().err


def test_window_is_driven_and_photographed_without_a_display(
    demo: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("DISPLAY", raising=False)
    gene = ad.read_h5ad(demo / "result.h5ad").var_names[3]
    shots = window.screenshots(demo / "result.h5ad", tmp_path, gene, Teller(quiet=True))
    assert [shot.file.name for shot in shots] == [f"{n}.png" for n in range(1, 6)]
    from matplotlib.image import imread

    pictures = [imread(shot.file)[..., :3] for shot in shots]
    for shot, picture in zip(shots, pictures, strict=True):
        assert picture.shape[0] > 700 and picture.shape[1] > 1200, shot.caption
        assert len(np.unique((picture * 255).astype(int).reshape(-1, 3), axis=0)) > 500
    raw, imputed = pictures[:2]
    assert np.abs(raw - imputed).max() > 0.2  # the gene was really recoloured


def test_a_window_that_does_not_come_up_is_said_and_not_hidden(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "broken.h5ad").write_bytes(b"nothing")
    shots = window.screenshots(tmp_path / "broken.h5ad", tmp_path, "A", Teller())
    assert shots == []
    assert "The window could not be photographed: " in capsys.readouterr().err


def test_with_a_display_the_gene_is_seen_raw_and_imputed(
    qapp: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    import napari

    from napari_stimpute import Session

    titles: list[str] = []

    def watched() -> None:
        viewer = napari.current_viewer()
        titles.extend(layer.name for layer in viewer.layers)
        viewer.close()

    monkeypatch.setattr(napari, "run", watched)
    session = Session()
    session.open(simulate_section(n_rows=15, n_genes=100))
    session.train("gene_mean", key=window.MODEL).wait(60)
    gene = session.contents.genes[3]
    window.look(session, gene)
    assert [t for t in titles if t.startswith(gene)] == [
        f"{gene} · Counts",
        f"{gene} · Gene mean × depth (gmm_vgae) · cannot be judged",
    ]


@pytest.mark.parametrize(
    ("platform", "display", "expected"),
    [("linux", "", False), ("linux", ":0", True), ("darwin", "", True), ("win32", "", True)],
)
def test_a_display_is_recognised(
    platform: str, display: str, expected: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.platform", platform)
    monkeypatch.delenv("WAYLAND_DISPLAY", raising=False)
    monkeypatch.setenv("DISPLAY", display)
    assert has_display() is expected


def test_screenshots_are_part_of_the_page(demo: Path, tmp_path: Path) -> None:
    from napari_stimpute.report import Report

    picture = demo / "figures" / "domains.png"
    shot = Shot(picture, "The window.")
    page = Report("t").image(shot.file.read_bytes(), shot.caption).html()
    assert 'alt="The window."' in page
