"""What colours the spots: what can be chosen, what is said of it, and what is saved."""

from __future__ import annotations

import itertools
from pathlib import Path

import numpy as np
import pytest
from anndata import AnnData

from napari_stimpute.panels.genes import GenesPanel
from napari_stimpute.panels.menu import LINE
from napari_stimpute.scene.aspects import ZERO_NAMES
from napari_stimpute.scene.scene import Scene
from napari_stimpute.scene.shown import Categories, Values
from napari_stimpute.session.contents import COUNTS, LOG
from napari_stimpute.session.session import Session
from napari_stimpute.trust.verdict import VERDICTS, badge
from napari_stimpute.words import either

from ..judged import not_judged, older


@pytest.fixture
def genes(session: Session) -> GenesPanel:
    """The tab without data."""
    return GenesPanel(Scene(session))


@pytest.fixture
def counted(genes: GenesPanel, section: AnnData) -> GenesPanel:
    """The tab with data, and nothing imputed."""
    genes.session.open(section)
    return genes


@pytest.fixture
def shown(genes: GenesPanel, judged: AnnData) -> GenesPanel:
    """The tab with the judged run's values of a gene that was counted in some spots only."""
    genes.session.open(judged)
    genes.session.display.source = "mine"
    share = np.asarray((judged.X > 0).mean(axis=0)).ravel()
    genes.session.display.gene = str(judged.var_names[int(np.argmin(np.abs(share - 0.5)))])
    return genes


@pytest.fixture
def partly(genes: GenesPanel, judged: AnnData) -> GenesPanel:
    """The tab with a run of half of the genes, and one of the others shown."""
    genes.session.open(judged)
    half = judged[:, :50].copy()
    half.raw = judged
    genes.session.open(half)
    genes.session.display.source = "mine"
    genes.session.display.gene = str(judged.var_names[70])
    return genes


def gene_of(genes: GenesPanel, verdict: str) -> str:
    """The last gene of a verdict: both of its parts have a share."""
    names = genes.session.adata.var_names  # type: ignore[union-attr]
    return str(names[96 + VERDICTS.index(verdict)])  # type: ignore[arg-type]


# ---- gene, source and column -------------------------------------------------------------------


def test_without_data_it_says_what_to_do(genes: GenesPanel) -> None:
    assert genes.now.not_open == genes.now.no_run == genes.now.no_figure == "Open data first."
    assert genes.now.source.why_not == genes.now.column.why_not == "Open data first."
    assert not genes.now.is_on_map
    genes.choose_gene("MBP")
    assert genes.now.message.text == "Open data first: there are no genes yet."


def test_an_unknown_gene_is_explained_with_those_like_it(counted: GenesPanel) -> None:
    before, names = counted.now.gene, counted.search.genes
    counted.choose_gene(names[7][:-1])
    near = [name for name in names if name.startswith(names[7][:-1])]
    assert counted.now.message.tone == "error"
    assert counted.now.message.text.startswith(f"There is no gene {names[7][:-1]!r} in these data.")
    assert f"Did you mean {either(near[:3])}?" in counted.now.message.text
    counted.choose_gene("nothing like it")
    assert "Did you mean" not in counted.now.message.text
    assert counted.now.gene == before
    counted.choose_gene(names[7])
    assert not counted.now.message and counted.now.gene == names[7]


def test_a_gene_is_told_once_and_an_answer_goes_away_with_the_gene_that_is_shown(
    counted: GenesPanel,
) -> None:
    told: list[str] = []
    counted.changed.connect(lambda: told.append(counted.now.gene))
    gene = counted.search.genes[7]
    counted.choose_gene(gene)
    assert told == [gene]
    counted.choose_gene("nothing like it")
    counted.choose_gene(gene)
    assert told == [gene] * 3 and not counted.now.message


def test_the_tab_follows_the_session(counted: GenesPanel) -> None:
    display = counted.session.display
    display.gene = counted.session.contents.genes[4]
    assert counted.now.gene == display.gene
    display.column = "domain"
    assert counted.now.column.title == "domain"
    display.percentiles, display.colormap = (2.0, 90.0), "magma"
    assert (counted.now.percentiles, counted.now.colormap) == ((2.0, 90.0), "magma")


def test_what_is_chosen_is_shown(counted: GenesPanel) -> None:
    display = counted.session.display
    counted.choose_column("domain")
    assert display.column == "domain"
    counted.choose_source(LOG)
    assert (display.source, display.column) == (LOG, "")
    assert counted.now.source.title == "Log-normalised"
    counted.choose_column("domain")
    counted.choose_gene(counted.search.genes[2])
    assert (display.gene, display.column) == (counted.search.genes[2], "")


def test_columns_of_labels_and_of_numbers_are_offered_apart(counted: GenesPanel) -> None:
    counted.session.write_column("age", np.arange(len(counted.session.adata), dtype=float))
    offered = counted.now.column.entries
    assert offered[0].title == "Gene" and offered[0].name == ""
    titles = [entry.title for entry in offered]
    assert titles.index("domain") < offered.index(LINE) < titles.index("age (numbers)")


def test_limits_in_the_wrong_order_are_refused(counted: GenesPanel) -> None:
    counted.choose_limits(60, 40)
    assert "has to lie below" in counted.now.message.text
    assert counted.session.display.percentiles == (0, 99)
    counted.choose_limits(1, 98)
    assert not counted.now.message
    assert counted.session.display.percentiles == (1, 98)


def test_imputed_values_of_a_gene_left_out_cannot_be_chosen(partly: GenesPanel) -> None:
    *_, entry = partly.now.source.entries
    assert entry.name == "mine" and "not among the modelled genes" in entry.why_not
    assert partly.now.source.chosen == COUNTS
    partly.session.display.gene = partly.session.contents.genes[3]
    assert not partly.now.source.entries[-1].why_not
    assert partly.now.source.chosen == "mine"


def test_it_flips_between_raw_and_imputed(shown: GenesPanel) -> None:
    shown.choose_column("domain")
    shown.flip()
    assert (shown.session.display.source, shown.session.display.column) == (COUNTS, "")
    shown.flip()
    assert shown.session.display.source == "mine"


def test_it_flips_only_where_something_is_imputed(counted: GenesPanel) -> None:
    counted.flip()
    assert counted.now.message.text == "Nothing is imputed yet: train a model first."
    assert counted.now.message.tone == "note"
    assert counted.now.no_run == "Train a model first: nothing is imputed yet."
    assert counted.session.display.source == COUNTS


def test_it_does_not_flip_a_gene_that_was_not_modelled(partly: GenesPanel) -> None:
    partly.flip()
    assert not partly.now.message  # it is said once, beside the button that adds the gene
    assert partly.session.display.source == "mine"


def test_a_message_goes_away_with_the_data_it_is_about(
    counted: GenesPanel, judged: AnnData
) -> None:
    counted.choose_gene("nothing like it")
    counted.session.open(judged)
    assert not counted.now.message
    assert counted.search.genes == counted.session.contents.genes


def test_no_state_is_announced_twice(shown: GenesPanel, section: AnnData) -> None:
    seen = [shown.now]
    shown.changed.connect(lambda: seen.append(shown.now))
    shown.choose_gene(shown.search.genes[5])
    assert len(seen) == 2  # a gene switch is one change
    shown.choose_column("domain")
    shown.flip()
    shown.session.open(section)
    assert all(a != b for a, b in itertools.pairwise(seen))


# ---- whether to believe it ---------------------------------------------------------------------


@pytest.mark.parametrize("verdict", VERDICTS)
def test_the_verdict_is_that_of_the_shown_gene(shown: GenesPanel, verdict: str) -> None:
    shown.session.display.gene = gene_of(shown, verdict)
    expected = badge(shown.session.adata, "mine", shown.now.gene)
    assert expected is not None and shown.now.badge == expected
    assert expected.verdict == verdict
    assert shown.now.blend == expected.blend
    assert shown.now.trust.text == expected.sentence and expected.blend not in expected.sentence
    tones = dict(zip(VERDICTS, ("good", "warning", "error", "note"), strict=True))
    assert shown.now.trust.tone == tones[expected.verdict]


def test_counts_and_labels_have_no_verdict(shown: GenesPanel) -> None:
    shown.choose_source(COUNTS)
    assert shown.now.badge is None
    assert shown.now.blend.startswith("As measured.")
    shown.choose_source("mine")
    assert shown.now.badge is not None
    shown.choose_column("domain")
    assert shown.now.badge is None
    assert shown.now.blend.startswith("A column is shown")


def test_without_a_run_nothing_is_said_of_trust(counted: GenesPanel) -> None:
    assert counted.now.badge is None
    assert not counted.now.blend and not counted.now.trust


def test_a_run_of_an_older_file_says_so(genes: GenesPanel, judged: AnnData) -> None:
    genes.session.open(older(judged))
    genes.session.display.source = "mine"
    assert genes.now.badge is None
    assert "was not judged" in genes.now.blend
    assert "was not judged" in genes.now.aspect.menu.why_not


def test_without_a_verdict_there_is_more_to_see(genes: GenesPanel, judged: AnnData) -> None:
    genes.session.open(not_judged(judged))
    genes.session.display.source = "mine"
    assert genes.now.badge is None
    assert "was not judged" in genes.now.blend
    assert not genes.now.aspect.menu.why_not


def test_a_gene_that_was_not_modelled_says_so(partly: GenesPanel) -> None:
    assert partly.now.badge is None
    assert partly.now.blend == "Its counts are shown."
    assert "not among the modelled genes" in partly.now.aspect.menu.why_not


# ---- more than the values ----------------------------------------------------------------------


def test_the_zero_map_has_a_threshold_and_says_what_it_finds(shown: GenesPanel) -> None:
    assert not shown.now.aspect.is_zeros and not shown.now.aspect.shares
    shown.choose_aspect("zeros")
    assert shown.now.aspect.is_zeros
    before = shown.now.aspect.shares
    shown.choose_threshold(0.99)
    assert shown.now.aspect.threshold == 0.99
    assert shown.now.aspect.shares == shown.scene.aspects.shares_in_words() != before


def test_aspects_are_for_runs_and_come_back_with_them(shown: GenesPanel) -> None:
    shown.choose_aspect("zeros")
    assert shown.now.aspect.is_zeros
    shown.flip()
    assert "Counts are shown" in shown.now.aspect.menu.why_not
    assert not shown.now.aspect.is_zeros
    assert isinstance(shown.scene.shown, Values) and shown.scene.shown.title.endswith("Counts")
    shown.flip()
    assert isinstance(shown.scene.shown, Categories)
    assert shown.scene.shown.names == list(ZERO_NAMES)


def test_fading_is_offered_for_expected_counts_alone(shown: GenesPanel) -> None:
    assert not shown.now.aspect.no_fade
    shown.choose_fading(True)
    assert isinstance(shown.scene.shown, Values) and shown.scene.shown.certainty is not None
    shown.choose_aspect("uncertainty")
    assert shown.now.aspect.no_fade == shown.now.aspect.fade_help == "Uncertainty is shown."


# ---- the wipe ----------------------------------------------------------------------------------


def test_aspects_wait_while_the_wipe_compares_values(shown: GenesPanel) -> None:
    shown.choose_aspect("zeros")
    shown.set_wiped(True)
    assert "wipe" in shown.now.aspect.menu.why_not
    shown.set_wiped(False)
    assert not shown.now.aspect.menu.why_not and shown.now.wipe is None


def test_the_wipe_offers_what_shares_a_scale_and_says_why_it_waits(shown: GenesPanel) -> None:
    shown.set_wiped(True)
    assert shown.now.wipe is not None
    assert (shown.now.wipe.left.chosen, shown.now.wipe.right.chosen) == (COUNTS, "mine")
    log = next(e for e in shown.now.wipe.left.entries if e.name == LOG)
    assert "could not share a scale" in log.why_not
    assert not shown.now.wipe.waits
    shown.choose_column("domain")
    assert "A column is shown" in shown.now.wipe.waits
    assert shown.now.wipe.message.text == shown.now.wipe.left.why_not == shown.now.wipe.no_export


# ---- figures -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("ending", "begins"), [("png", b"\x89PNG"), ("pdf", b"%PDF"), ("SVG", b"<?xml")]
)
def test_a_figure_is_written_as_its_name_says(
    shown: GenesPanel, tmp_path: Path, ending: str, begins: bytes
) -> None:
    path = tmp_path / f"gene.{ending}"
    job = shown.save_figure(path)
    assert job is not None and shown.now.no_figure == "It is being drawn."
    job.wait(60)
    assert shown.now.saved.text == f"Saved to {path}." and not shown.now.no_figure
    assert path.read_bytes().startswith(begins)


def test_the_figure_says_what_may_be_believed(shown: GenesPanel, tmp_path: Path) -> None:
    job, found = shown.save_figure(tmp_path / "gene.svg"), shown.now.badge
    assert job is not None and found is not None
    job.wait(60)
    written = (tmp_path / "gene.svg").read_text()
    for words in (shown.now.gene, found.verdict, "Counted", "Imputed", "counts per spot"):
        assert words in written


@pytest.mark.parametrize("name", ["gene.bmp", "gene", "no such folder/gene.png"])
def test_a_figure_that_cannot_be_written_is_explained(
    shown: GenesPanel, tmp_path: Path, name: str
) -> None:
    job = shown.save_figure(tmp_path / name)
    assert job is not None
    job.wait(60)
    assert shown.now.saved.text.startswith("Expected") and shown.now.saved.tone == "error"
    assert not list(tmp_path.iterdir())


def test_a_figure_can_be_saved_while_something_is_at_work(
    shown: GenesPanel, tmp_path: Path
) -> None:
    work = shown.session.train("pca")
    job = shown.save_figure(tmp_path / "gene.png")
    assert job is not None
    job.wait(60)
    work.wait(60)
    assert shown.now.saved.tone == "good"


def test_the_wipe_is_written_with_its_verdicts(shown: GenesPanel, tmp_path: Path) -> None:
    shown.session.display.gene = gene_of(shown, "use with care")
    shown.set_wiped(True)
    job = shown.save_wipe(tmp_path / "wipe.svg", 100.0)
    assert job is not None
    job.wait(60)
    assert shown.now.wipe is not None
    assert shown.now.wipe.message.text == f"Written to {tmp_path / 'wipe.svg'}."
    drawn = (tmp_path / "wipe.svg").read_text(encoding="utf-8")  # texts stay texts
    assert all(f">{text}<" in drawn for text in ("Counts", "Mine", "Mine: use with care"))
    job = shown.save_wipe(tmp_path / "missing" / "wipe.png", 100.0)
    assert job is not None
    job.wait(60)
    assert "its folder is missing" in shown.now.wipe.message.text


def test_genes_that_go_by_ids_are_shown_by_their_symbols(
    genes: GenesPanel, section: AnnData
) -> None:
    section.var["feature_name"] = section.var_names
    ids = [f"ENSMUSG{n:011d}.1" for n in range(section.n_vars)]
    symbol, section.var_names = str(section.var_names[3]), ids
    genes.session.open(section)
    genes.choose_gene(genes.search.meant(symbol.lower()))
    assert genes.session.display.gene == ids[3]
    shown = genes.scene.shown
    assert shown is not None and shown.title.startswith(f"{symbol} · ")
    assert genes.search.title(ids[3]) == symbol
