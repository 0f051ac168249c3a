from __future__ import annotations

import numpy as np
from anndata import AnnData

from napari_stimpute.scene.picks import Picks, how_of, picked_in_words, within
from napari_stimpute.session.contents import COUNTS
from napari_stimpute.session.session import Session


def first(opened: Session, n: int) -> np.ndarray:
    return np.arange(opened.adata.n_obs) < n


def test_a_round_line_holds_what_is_nearer_than_its_radius() -> None:
    points = np.random.default_rng(0).uniform(-2, 2, (2000, 2))
    angle = np.linspace(0, 2 * np.pi, 400, endpoint=False)
    outline = np.column_stack([np.cos(angle), np.sin(angle)])
    distance = np.hypot(*points.T)
    clear = np.abs(distance - 1) > 1e-3  # the line has corners
    np.testing.assert_array_equal(within(points, outline)[clear], (distance < 1)[clear])


def test_a_line_that_bends_inwards_leaves_out_the_bay() -> None:
    outline = np.array([[0, 0], [4, 0], [4, 4], [2, 1], [0, 4]], dtype=float)
    points = np.array([[2.0, 0.5], [2.0, 3.0], [0.2, 2.0], [9.0, 9.0]])
    assert within(points, outline).tolist() == [True, False, True, False]


def test_a_click_is_no_line() -> None:
    assert not within(np.zeros((3, 2)), np.zeros((2, 2))).any()


def test_keys_say_how_a_pick_changes_the_last_one() -> None:
    assert [how_of(k) for k in ((), ("Shift",), ("Alt",))] == ["new", "add", "remove"]


def test_picks_add_take_away_and_can_be_taken_back(opened: Session) -> None:
    picks, five, ten = Picks(opened), first(opened, 5), first(opened, 10)
    picks.pick(five)
    picks.pick(ten & ~five, "add")
    np.testing.assert_array_equal(opened.display.picked, ten)
    picks.pick(five, "remove")
    np.testing.assert_array_equal(opened.display.picked, ten & ~five)
    picks.undo()
    np.testing.assert_array_equal(opened.display.picked, ten)
    picks.clear()
    assert opened.display.picked is None
    picks.undo()
    np.testing.assert_array_equal(opened.display.picked, ten)
    picks.undo()
    picks.undo()
    assert opened.display.picked is None
    assert not picks.can_undo


def test_taking_away_the_last_spot_leaves_none_picked(opened: Session) -> None:
    picks = Picks(opened)
    picks.pick(first(opened, 3), "remove")
    assert opened.display.picked is None
    picks.pick(first(opened, 3))
    picks.pick(first(opened, 5), "remove")
    assert opened.display.picked is None


def test_other_data_have_nothing_to_take_back(opened: Session, section: AnnData) -> None:
    picks = Picks(opened)
    picks.pick(first(opened, 5))
    opened.open(section[:50].copy())
    assert opened.display.picked is None
    assert not picks.can_undo


def test_it_is_said_how_many_are_picked_and_how_the_gene_differs(opened: Session) -> None:
    assert picked_in_words(opened) == ""
    mask = first(opened, 40)
    opened.display.pick(mask)
    counts = np.asarray(opened.adata[:, opened.display.gene].X.todense()).ravel()
    text = picked_in_words(opened)
    assert f"40 of {opened.adata.n_obs:,} spots picked" in text
    assert f"{counts[mask].mean():.3g} molecules per spot inside" in text
    assert f"{counts[~mask].mean():.3g} outside" in text
    opened.train("gene_mean").wait(60)
    assert opened.display.source != COUNTS
    assert picked_in_words(opened) == text  # whatever is shown: molecules as counted
