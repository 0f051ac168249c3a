"""What is known of an imputed gene, and how it is shown: expected, uncertainty or zeros."""

from __future__ import annotations

import numpy as np
import pytest
from anndata import AnnData

from napari_stimpute import keys
from napari_stimpute.scene.aspects import ZERO_NAMES
from napari_stimpute.scene.scene import Scene
from napari_stimpute.scene.shown import Categories, Values
from napari_stimpute.session.contents import COUNTS
from napari_stimpute.session.session import Session
from napari_stimpute.trust.intervals import interval
from napari_stimpute.trust.verdict import VERDICTS, badge
from napari_stimpute.trust.zeros import zero_map

from ..judged import not_judged, older


@pytest.fixture
def scene(session: Session, judged: AnnData) -> Scene:
    """The judged run's values of a gene that was counted in about half of the spots."""
    session.open(judged)
    session.display.source = "mine"
    share = np.asarray((judged.X > 0).mean(axis=0)).ravel()
    session.display.gene = str(judged.var_names[int(np.argmin(np.abs(share - 0.5)))])
    return Scene(session)


def opened_with(session: Session, adata: AnnData) -> Scene:
    session.open(adata)
    session.display.source = "mine"
    return Scene(session)


@pytest.mark.parametrize("place", range(4))
def test_the_headline_says_gene_run_and_verdict(scene: Scene, place: int) -> None:
    gene = str(scene.session.adata.var_names[96 + place])
    scene.session.display.gene = gene
    assert scene.shown.headline == f"{gene} · Mine · {VERDICTS[place]}"
    assert scene.aspects.badge("mine") == badge(scene.session.adata, "mine", gene)


def test_uncertainty_is_the_width_of_the_interval(scene: Scene) -> None:
    display = scene.session.display
    display.aspect = "uncertainty"
    ends, shown = interval(scene.session.adata, "mine", display.gene), scene.shown
    assert ends is not None and isinstance(shown, Values)
    np.testing.assert_allclose(shown.values, ends[1] - ends[0])
    assert shown.colormap != display.colormap  # never taken for expression
    assert "molecules" in shown.caption
    assert shown.limits[0] == 0


def test_the_zero_map_shows_its_four_kinds(scene: Scene) -> None:
    display = scene.session.display
    display.aspect = "zeros"
    found, shown = zero_map(scene.session.adata, "mine", display.gene), scene.shown
    assert found is not None and isinstance(shown, Categories)
    np.testing.assert_array_equal(shown.codes, found.classes(display.threshold) + 1)
    counted = scene.session.expression(source=COUNTS) > 0
    np.testing.assert_array_equal(shown.codes == 0, counted)
    assert shown.names == list(ZERO_NAMES)


def test_the_threshold_moves_zeros_between_kinds_and_words_say_so(scene: Scene) -> None:
    display, unsure = scene.session.display, []
    display.aspect = "zeros"
    for threshold in (0.5, 0.7, 0.99):
        display.threshold = threshold
        assert isinstance(scene.shown, Categories)
        unsure.append(int((scene.shown.codes == 3).sum()))
    assert unsure == sorted(unsure)
    assert unsure[0] < unsure[-1]
    n_zeros = int((scene.session.expression(source=COUNTS) == 0).sum())
    words = scene.aspects.shares_in_words()
    assert f"Of {n_zeros:,} spots with zero" in words
    assert f"{100 * unsure[-1] / n_zeros:.0f} % unsure" in words


def test_uncertain_spots_fade_if_that_is_wanted(scene: Scene) -> None:
    assert scene.shown.certainty is None
    scene.session.display.fades = True
    sure = scene.shown.certainty
    assert 0 <= sure.min() < sure.max() <= 1
    assert scene.shown.headline.startswith(scene.session.display.gene)


def test_aspects_are_for_runs_and_come_back_with_them(scene: Scene) -> None:
    display = scene.session.display
    display.aspect = "zeros"
    display.source = COUNTS
    assert scene.shown.title.endswith("Counts")
    assert "Counts are shown" in scene.aspects.why_not()
    display.source = "mine"
    assert scene.shown.names == list(ZERO_NAMES)
    assert scene.aspects.why_not() == ""
    display.column = "domain"
    assert scene.aspects.run_shown() == ""
    assert "A column is shown" in scene.aspects.why_not()


def test_a_run_of_an_older_file_has_nothing_but_its_values(
    session: Session, judged: AnnData
) -> None:
    scene = opened_with(session, older(judged))
    session.display.aspect = "zeros"
    assert scene.aspects.badge("mine") is None
    assert "was not judged" in scene.aspects.why_not()
    assert "Imputed: Mine" in scene.shown.caption


def test_without_a_verdict_uncertainty_and_zeros_can_be_seen(
    session: Session, judged: AnnData
) -> None:
    scene = opened_with(session, not_judged(judged))
    session.display.aspect = "zeros"
    assert "was not judged" in scene.aspects.why_no_badge()
    assert scene.shown.names == list(ZERO_NAMES)


def test_a_gene_that_was_not_modelled_says_so(session: Session, judged: AnnData) -> None:
    session.open(judged)
    adata = session.adata[:, :50].copy()
    adata.raw = judged
    scene = opened_with(session, adata)
    session.display.gene = next(g for g in session.contents.genes if g not in adata.var_names)
    assert scene.aspects.run_shown() == ""
    assert "not among the modelled genes" in scene.aspects.why_not()
    assert "not among the modelled genes" in scene.aspects.why_no_badge()


def test_without_data_or_a_run_it_is_said_what_to_do(session: Session, section: AnnData) -> None:
    aspects = Scene(session).aspects
    assert aspects.why_not() == "Open data first."
    session.open(section)
    assert "Train a model first" in aspects.why_not()


def test_what_was_known_is_forgotten_when_the_data_change(scene: Scene) -> None:
    before = scene.aspects.badge("mine")
    assert before is not None
    adata, other = scene.session.adata, "do not use"
    if before.verdict == other:
        other = "reliable"
    adata.var[keys.trust("mine")] = adata.var[keys.trust("mine")].cat.rename_categories(
        {before.verdict: other, other: before.verdict}
    )
    assert scene.aspects.badge("mine") is before
    scene.session.look_again()
    assert scene.aspects.badge("mine").verdict == other
