"""The tab Edit: what can be asked of cells, what comes of it, and what is refused, in words."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from time import monotonic, sleep

import anndata
import numpy as np
import pandas as pd
import pytest
from anndata import AnnData
from psygnal import emit_queued

from napari_stimpute.keys import COUNTS, HYPOTHESIS, SYNTHETIC
from napari_stimpute.models.scdiffusion.conditions import ConditionTable
from napari_stimpute.panels.edit import EditPanel
from napari_stimpute.panels.edit_form import CONDITION, GENES, PICKED
from napari_stimpute.panels.edit_goal import NOTHING, Goal
from napari_stimpute.panels.menu import Entry
from napari_stimpute.scene.colours import NO_LABEL
from napari_stimpute.scene.maps import MapOf
from napari_stimpute.scene.scene import Scene
from napari_stimpute.scene.shown import Values, colours_of
from napari_stimpute.scene.spot import in_short, spot_rows
from napari_stimpute.session.edited import EDITED
from napari_stimpute.session.session import Session

from ..editable import with_model
from ..generating import cells
from .waiting import until_done


@pytest.fixture(scope="module")
def _panel() -> Iterator[EditPanel]:
    """One for all tests, so that what the editor found once is kept, as in a window."""
    panel = EditPanel(with_model(Session()))
    yield panel
    panel.close()


@pytest.fixture
def panel(_panel: EditPanel) -> EditPanel:
    """Set to stimulate the cells of type A, nothing edited yet."""
    _panel.clear()
    _panel.session.display.pick(None)
    for gene in list(_panel.form.wishes):
        _panel.remove_gene(gene)
    form, (goal, second) = _panel.form, _panel.form.goals
    chosen = ((form.cells, "cell_type"), (form.group, "Type A"), (form.what, CONDITION))
    for choice, name in (*chosen, (goal.column, "condition"), (goal.target, "stimulated")):
        _panel.choose(choice, name)
    _panel.choose(second.column, "")
    _panel.choose(form.method, "blend")
    _panel.set_strength(1.0)
    return _panel


def asked(panel: EditPanel) -> np.ndarray:
    """Cells of type A at rest, (n_obs,) bool."""
    assert panel.session.adata is not None
    obs = panel.session.adata.obs
    found: np.ndarray = (
        (obs["cell_type"] == "Type A") & (obs["condition"] == "control")
    ).to_numpy()
    return found


def edit(panel: EditPanel) -> pd.DataFrame:
    """Edit as it is set; the genes that changed."""
    until_done(panel.edit())
    assert panel.work.problem == ""
    assert panel.now.has_answer
    return panel.table.frame


def look(panel: EditPanel) -> None:
    """Let it find out what an edit takes, as while the tab is seen."""
    panel.watch(is_watched=True)
    end = monotonic() + 60
    while panel.now.cost.endswith("…") and monotonic() < end:
        emit_queued()
        sleep(0.01)
    panel.watch(is_watched=False)


def test_without_a_model_it_says_what_to_do(opened: Session) -> None:
    panel = EditPanel(opened)
    assert not panel.now.is_ready and not panel.now.work.is_enabled
    assert "Under Train, choose scDiffusion" in panel.now.work.why_not.text
    assert panel.edit() is None


def test_what_it_takes_is_said_before(panel: EditPanel) -> None:
    look(panel)
    assert "trains 4 small models" in panel.now.cost
    edit(panel)
    look(panel)
    assert panel.now.cost == "This edit needs no training."


def test_an_edit_is_told_in_sentences_and_listed_by_gene(panel: EditPanel) -> None:
    genes, now = edit(panel), panel.now
    assert now.asked.text.startswith(f"Asked of {asked(panel).sum()} cells: condition: stimulated")
    assert HYPOTHESIS in now.asked.text
    facts = dict(now.facts)
    assert "before" in facts["Distance"] and "real cells" in facts["Distance"]
    assert "mean log values" in facts["Model's error"]
    assert (np.diff(genes["change"].abs()) <= 0).all()
    assert set(genes["what"]) == {HYPOTHESIS}
    assert now.listed.entries[0].title == f"All changed genes ({len(genes)})"
    panel.choose_listed(now.listed.entries[1].name)
    assert set(panel.table.listed["verdict"]) == {now.listed.entries[1].name}
    panel.choose_listed("")


def test_a_gene_shows_its_change_in_the_edited_cells_alone(
    panel: EditPanel, drawn: list[MapOf]
) -> None:
    genes, scene = edit(panel), Scene(panel.session)
    gene = str(genes.index[1])
    panel.show_gene(gene)
    shown = scene.shown
    assert isinstance(shown, Values) and panel.now.is_shown
    assert HYPOTHESIS in shown.headline and HYPOTHESIS in shown.caption
    is_edited = asked(panel)
    assert (np.isfinite(shown.values) == is_edited).all()
    assert shown.values[is_edited].mean() == pytest.approx(genes.loc[gene, "change"], abs=1e-4)
    assert (
        shown.limits[0] == -shown.limits[1]
        and shown.missing == f"grey: not edited ({(~is_edited).sum()})"
    )
    red, _green, blue, _alpha = colours_of(shown)[int(np.nanargmax(shown.values))]
    assert red > blue
    outside, inside = int(np.flatnonzero(~is_edited)[0]), int(np.flatnonzero(is_edited)[0])
    assert in_short(scene, shown, outside).endswith("not edited")
    assert dict(spot_rows(scene, inside))["Change by the edit"].endswith("in log value")
    assert gene in panel.now.gene.text and "groups left out" in panel.now.gene.text
    panel.session.display.pick(is_edited)
    picked = scene.shown
    assert isinstance(picked, Values) and picked.is_pale
    assert colours_of(picked)[outside] == pytest.approx(NO_LABEL)  # grey, as the legend says
    panel.session.display.pick(None)
    panel.show_change(False)
    assert panel.session.display.source == COUNTS and not panel.now.gene
    scene.close()


def test_cleared_nothing_of_an_edit_is_shown(panel: EditPanel) -> None:
    edit(panel)
    display = panel.session.display
    assert display.source == EDITED
    panel.clear()
    assert display.source == COUNTS and display.edited is None
    assert not panel.now.has_answer and not len(panel.table.rows)


def test_two_conditions_are_asked_for_at_once(panel: EditPanel) -> None:
    second = panel.form.goals[1]
    assert [e.title for e in panel.now.form.goals[1].column.entries] == [
        "Nothing else",
        "cell_type",
    ]
    assert not panel.now.form.goals[1].target.entries
    panel.choose(second.column, "cell_type")
    panel.choose(second.target, "Type B")
    panel.choose(panel.form.method, "ode")
    edit(panel)
    assert "condition: stimulated, cell_type: Type B" in panel.now.asked.text


def test_a_number_is_entered_and_which_cells_stand_for_it_is_said(session: Session) -> None:
    session.open(cells().copy())
    table, goal = ConditionTable.of(cells().obs, ["cell_type", "true_depth"]), Goal("")
    goal.offer(session, table, None, [NOTHING, Entry("True depth", "true_depth")])
    assert goal.wish == () and not goal.state("").is_number
    goal.column.choose("true_depth")
    mean, spread = table.values["true_depth"]
    assert goal.wish == (("true_depth", round(mean, 3)),)
    goal.enter(1.5)
    now = goal.state("")
    assert goal.wish == (("true_depth", 1.5),) and now.is_number and not now.target.entries
    assert f"at most {spread / 4:.2g} stand for it" in now.number_help


def test_strength_zero_changes_nothing(panel: EditPanel) -> None:
    panel.set_strength(0.0)
    assert edit(panel).empty
    assert panel.session.display.source == COUNTS


def test_picked_cells_are_edited_and_the_edit_outlives_the_pick(panel: EditPanel) -> None:
    session = panel.session
    assert session.adata is not None
    obs = session.adata.obs
    mask = ((obs["cell_type"] == "Type B") & (obs["condition"] == "control")).to_numpy()
    panel.choose(panel.form.cells, PICKED)
    assert "Pick some cells first" in panel.now.work.why_not.text
    session.display.pick(mask)
    assert panel.now.form.cells.title == f"Picked by hand ({mask.sum()})"
    edit(panel)
    session.display.pick(None)
    assert panel.now.has_answer
    assert f"Asked of {mask.sum()} cells" in panel.now.asked.text


def test_genes_are_named_and_changed(panel: EditPanel) -> None:
    panel.choose(panel.form.what, GENES)
    assert panel.now.work.why_not.text == "Name a gene to change first."
    panel.add_gene("gene05")
    assert "Did you mean" in panel.now.form.said.text
    panel.add_gene("Gene050")
    assert not panel.now.form.said
    assert [(w.gene, w.how) for w in panel.now.form.wishes] == [("Gene050", "knock-out")]
    genes = edit(panel)
    assert genes.loc["Gene050", "after"] == 0
    assert "No verdict can be given" in panel.now.doubt.text
    panel.change_gene("Gene050", "fold", 2.0)
    edit(panel)
    assert "Gene050: × 2" in panel.now.asked.text
    panel.remove_gene("Gene050")
    assert panel.now.form.wishes == ()


def test_what_cannot_be_done_is_said_before_it_is_begun(panel: EditPanel) -> None:
    panel.choose(panel.form.cells, "condition")
    panel.choose(panel.form.group, "stimulated")
    look(panel)
    assert not panel.now.work.is_enabled
    assert "cells whose 'condition' is not 'stimulated' yet" in panel.now.work.why_not.text
    panel.choose(panel.form.group, "control")
    assert panel.now.work.is_enabled


def test_edited_cells_are_saved_and_say_what_they_are(panel: EditPanel, tmp_path: Path) -> None:
    genes = edit(panel)
    until_done(panel.save(tmp_path / "edited.h5ad"))
    assert HYPOTHESIS in panel.now.saving.outcome.text
    found = anndata.read_h5ad(tmp_path / "edited.h5ad")
    assert found.obs[SYNTHETIC].all() and found.n_obs == asked(panel).sum()
    assert HYPOTHESIS in found.uns[SYNTHETIC]
    panel.table.save(tmp_path / "genes.csv")
    written = pd.read_csv(tmp_path / "genes.csv", index_col="gene")
    assert len(written) == len(genes) and set(written["what"]) == {HYPOTHESIS}
    until_done(panel.save(tmp_path / "no_folder" / "edited.h5ad"))
    assert panel.now.saving.outcome.tone == "error" and panel.now.has_answer


def test_of_other_data_nothing_is_left_but_a_sentence(session: Session, section: AnnData) -> None:
    panel = EditPanel(with_model(session))
    session.display.pick(np.arange(400) < 20)
    panel.choose(panel.form.what, GENES)
    panel.add_gene("Gene050")
    until_done(panel.edit())
    assert panel.now.has_answer
    session.open(section)
    assert not panel.now.has_answer and session.display.edited is None
    assert session.display.source == COUNTS and not session.problem
    assert "Under Train" in panel.now.work.why_not.text
    assert panel.edit() is None
