"""Two sources of one gene: which, on one scale, under which names, and why not."""

from __future__ import annotations

import numpy as np
import pytest
from anndata import AnnData

from napari_stimpute.scene.pair import raw_and_imputed
from napari_stimpute.scene.scene import Scene
from napari_stimpute.session.contents import COUNTS, LOG
from napari_stimpute.session.session import Session

from ..judged import give_runs


@pytest.fixture
def scene(session: Session, section: AnnData) -> Scene:
    """The section with two runs, the values of "soft" shown."""
    session.open(give_runs(section))
    session.display.source = "soft"
    return Scene(session)


def test_counts_and_the_shown_run_are_compared_until_others_are_chosen(scene: Scene) -> None:
    pair, display = scene.pair, scene.session.display
    assert pair.sources() == (COUNTS, "soft")
    display.source = "flat"
    assert pair.sources() == (COUNTS, "flat")
    display.source = COUNTS
    assert pair.sources() == (COUNTS, "flat")  # the newest
    pair.choose("soft", "flat")
    assert pair.sources() == ("soft", "flat")
    assert pair.names() == ("Soft", "Flat")


def test_the_same_on_both_sides_exchanges_them_and_is_announced(scene: Scene) -> None:
    heard: list[tuple[str, str]] = []
    scene.pair.choose("flat", "soft")
    scene.changed.connect(lambda: heard.append(scene.pair.sources()))
    scene.pair.choose("soft", "soft")
    assert heard == [("soft", "flat")]


def test_log_values_cannot_share_the_scale(scene: Scene) -> None:
    assert LOG not in [source.name for source in scene.pair.choices()]
    scene.pair.choose(LOG, "soft")
    assert scene.pair.sources() == (COUNTS, "soft")


def test_both_halves_follow_gene_limits_and_colours_on_one_scale(scene: Scene) -> None:
    session, display = scene.session, scene.session.display
    display.gene = next(g for g in session.contents.genes if session.expression(g).std() > 0)
    display.percentiles, display.colormap = (0, 90), "magma"
    for half, source in zip(scene.pair.halves(), (COUNTS, "soft"), strict=True):
        np.testing.assert_array_equal(half.values, session.expression(source=source))
        assert half.limits == session.limits(high=90)
        assert half.colormap == "magma"
    both = scene.pair.both()
    assert both.limits == session.limits(high=90)
    assert both.headline == display.gene
    assert both.caption == f"{display.gene} · Counts | Soft"


def test_unsure_spots_fade_in_the_half_of_the_run(session: Session, judged: AnnData) -> None:
    session.open(judged)
    session.display.source = "mine"
    scene = Scene(session)
    session.display.fades = True
    counts, imputed = scene.pair.drawn()
    assert counts.certainty is None
    assert imputed.certainty is not None
    assert all(half.certainty is None for half in scene.pair.halves())


def test_a_gene_that_was_not_modelled_shows_counts_and_says_so(scene: Scene) -> None:
    session = scene.session
    session.open(session.adata, genes="hvg:20", counts="raw")
    give_runs(session.adata)
    session.look_again()
    session.display.source = "flat"
    contents = session.contents
    session.display.gene = next(g for g in contents.genes if not contents.is_modelled(g))
    assert scene.pair.names() == ("Counts", "Flat (gene not modelled: counts)")
    left, right = scene.pair.halves()
    np.testing.assert_array_equal(left.values, right.values)
    assert raw_and_imputed(session) == (COUNTS, COUNTS)


def test_there_are_no_halves_of_a_column_or_of_something_else_than_values(
    session: Session, judged: AnnData
) -> None:
    session.open(judged)
    session.display.source = "mine"
    scene = Scene(session)
    assert scene.pair.why_not(scene.shown) == ""
    session.display.aspect = "uncertainty"
    assert "expected counts" in scene.pair.why_not(scene.shown)
    session.display.aspect = "zeros"
    assert "expected counts" in scene.pair.why_not(scene.shown)
    session.display.column = "domain"
    assert "A column is shown" in scene.pair.why_not(scene.shown)


def test_what_was_judged_is_said_of_the_runs_that_are_drawn(
    session: Session, judged: AnnData
) -> None:
    session.open(judged)
    session.display.source, session.display.gene = "mine", str(judged.var_names[1])
    scene = Scene(session)
    assert scene.pair.badges() == "Mine: use with care"
    scene.pair.choose("mine", COUNTS)
    assert scene.pair.badges() == "Mine: use with care"


def test_two_maps_show_counts_and_the_shown_or_newest_run(scene: Scene) -> None:
    session = scene.session
    assert raw_and_imputed(session) == (COUNTS, "soft")
    session.display.source = COUNTS
    assert raw_and_imputed(session) == (COUNTS, "flat")


def test_without_a_run_there_is_one_half_and_log_values_beside(opened: Session) -> None:
    assert len(Scene(opened).pair.choices()) == 1
    assert raw_and_imputed(opened) == (COUNTS, LOG)
