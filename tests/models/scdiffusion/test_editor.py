"""Cells edited by a tiny model: what is asked is done, what cannot be is refused in words."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest
import scipy.sparse as sp
from anndata import AnnData

from napari_stimpute import keys
from napari_stimpute.editing import edit_steps, judge_edit
from napari_stimpute.errors import StimputeError
from napari_stimpute.models.scdiffusion.edit import Edit, EditRequest
from napari_stimpute.models.scdiffusion.editor import Editor
from napari_stimpute.models.scdiffusion.model import ScDiffusion
from napari_stimpute.progress import drain

N_GENES, PER_CELL = 40, 60
RESPONSE = slice(20, 30)
TO = {"condition": "stim"}


def make_cells() -> AnnData:
    """Four types at rest and stimulated; the last was never measured so. Genes 20–29 respond.

    Half of the stimulated ones had a dose of about 1, the others of about 4.
    """
    rng = np.random.default_rng(0)
    rate = np.full((4, N_GENES), 2.0)
    for k in range(4):
        rate[k, 5 * k : 5 * k + 5] = 10.0
    kinds = [(k, t) for k in range(4) for t in (False, True) if (k, t) != (3, True)]
    blocks, obs = [], []
    for k, treated in kinds:
        mean = rate[k].copy()
        if treated:
            mean[RESPONSE] *= 5.0
        blocks.append(rng.poisson(rng.gamma(5.0, mean / 5.0, (PER_CELL, N_GENES))))
        obs += [(f"type {k}", "stim" if treated else "ctrl")] * PER_CELL
    frame = pd.DataFrame(obs, columns=["cell_type", "condition"])
    frame.index = pd.Index([f"cell {i}" for i in range(len(frame))])
    dose = np.where(np.arange(len(frame)) % 2, 1.0, 4.0) + rng.normal(0, 0.05, len(frame))
    frame["dose"] = np.where(frame["condition"] == "stim", dose, 0.0)
    frame["few"] = np.where(np.arange(len(frame)) < 4, "small", "large")
    var = pd.DataFrame(index=pd.Index([f"g{j}" for j in range(N_GENES)]))
    return AnnData(sp.csr_matrix(np.vstack(blocks).astype(np.float32)), obs=frame, var=var)


@pytest.fixture(scope="module")
def cells() -> AnnData:
    return make_cells()


@pytest.fixture(scope="module")
def editor(cells: AnnData) -> Editor:
    columns, quick = "cell_type,condition,dose", {"judge_share": 0.0, "diffusion_steps": 100}
    model = ScDiffusion.preset("tiny", condition=columns, **quick)
    return Editor(model.fit(cells, device="cpu"), cells)


def named(cells: AnnData, kind: str, condition: str = "ctrl") -> tuple[str, ...]:
    here = (cells.obs["cell_type"] == kind) & (cells.obs["condition"] == condition)
    return tuple(cells.obs_names[here])


@pytest.fixture(scope="module")
def unseen(editor: Editor, cells: AnnData) -> Edit:
    return editor.edit(EditRequest(named(cells, "type 3"), TO))


def test_an_unseen_pair_gets_the_change_of_the_others(unseen: Edit) -> None:
    assert any(note.startswith("Unseen pair: type 3 under stim") for note in unseen.notes)
    assert (unseen.change[RESPONSE] > 0.7).all()
    assert unseen.distance is None
    assert "other data" not in " ".join(unseen.notes)
    assert (unseen.after.data == np.round(unseen.after.data)).all()


def test_genes_that_respond_in_all_are_reliable(unseen: Edit) -> None:
    found = judge_edit(unseen)
    verdicts = found.table()["verdict"]
    responding = [f"g{j}" for j in range(RESPONSE.start, RESPONSE.stop)]
    assert found.trust is not None
    assert found.sentence("g25").startswith(str(verdicts["g25"]).capitalize())
    assert not (verdicts[responding] == "do not use").any()


def test_what_was_found_once_is_not_trained_again(
    editor: Editor, cells: AnnData, unseen: Edit
) -> None:
    assert editor.cost(unseen.request) == 0
    assert Editor(editor.model, cells).cost(unseen.request) == 3


def test_strength_0_returns_the_input(editor: Editor, cells: AnnData, unseen: Edit) -> None:
    found = editor.edit(EditRequest(named(cells, "type 3"), TO, strength=0.0))
    assert (found.after != found.before).nnz == 0
    assert found.table().empty
    half = editor.edit(EditRequest(named(cells, "type 3"), TO, strength=0.5))
    assert (half.change[RESPONSE] < unseen.change[RESPONSE]).all()
    assert (half.change[RESPONSE] > 0).all()


def test_a_measured_pair_is_named_and_comes_nearer(editor: Editor, cells: AnnData) -> None:
    found = editor.edit(EditRequest(named(cells, "type 0"), TO))
    assert any(note.startswith("Measured in this file under stim: type 0") for note in found.notes)
    assert found.distance is not None
    assert found.distance.after < 0.5 * found.distance.before


def test_a_condition_and_a_number_are_asked_for_at_once(editor: Editor, cells: AnnData) -> None:
    names = (*named(cells, "type 3"), "cell 60", "cell 62")
    request = EditRequest(names, {**TO, "dose": 4.0}, groups="cell_type")
    assert editor.cost(request) == 3  # a type each
    found = drain(edit_steps(editor, request))
    said = " ".join(found.notes)
    assert "condition: stim, dose: 4.0" in said and "stand for dose 4." in said
    assert "In these data 90 cells are stim · dose 4. 2 cells were stim · dose 4 already" in said
    assert found.edit.evidence is not None and found.trust is not None
    assert (found.edit.change[RESPONSE] > 0.3).all()


def test_a_number_that_was_not_measured_is_led_to_by_diffusion(
    editor: Editor, cells: AnnData
) -> None:
    request = EditRequest(named(cells, "type 0"), {"dose": 2.5})
    assert editor.cost(request) == 0
    found = drain(edit_steps(editor, request))
    assert found.trust is None and found.edit.request.method == "ode"
    assert "0 cells of these data are dose 2.5, and 10 are needed" in found.reason
    assert "could not be tested" in found.reason
    assert found.edit.distance is None and found.edit.change[RESPONSE].mean() > 0


@pytest.mark.parametrize("method", ["ode", "sdedit"])
def test_diffusion_edits_too_without_a_verdict(editor: Editor, cells: AnnData, method: str) -> None:
    request = EditRequest(named(cells, "type 0"), TO, method=method)  # type: ignore[arg-type]
    found = drain(edit_steps(editor, request))
    assert found.edit.change[RESPONSE].mean() > 0
    assert found.trust is None
    assert set(found.table()["verdict"]) == {"cannot be judged"}
    assert (found.edit.round_trip is None) == (method == "sdedit")


def test_genes_get_what_is_asked(editor: Editor, cells: AnnData) -> None:
    wishes = {"g0": "knock-out", "g1": 3.0, "g39": "over-expression"}
    request = EditRequest(named(cells, "type 0"), genes=wishes)  # type: ignore[arg-type]
    found = drain(edit_steps(editor, request))
    before, after = (
        np.asarray(m.mean(axis=0)).ravel() for m in (found.edit.before, found.edit.after)
    )
    assert after[0] == 0
    assert after[1] == pytest.approx(3 * before[1], rel=0.25)
    assert after[39] > 1.5 * before[39]
    assert "correlation, not causation" in " ".join(found.notes)
    assert found.sentence("g5").startswith("Cannot be judged: ")


def test_edited_cells_are_marked_wherever_they_go(unseen: Edit) -> None:
    made = judge_edit(unseen).as_anndata()
    told, verdicts = json.loads(made.uns[keys.SYNTHETIC])
    assert made.obs[keys.SYNTHETIC].all()
    assert told["what"] == keys.HYPOTHESIS
    assert told["asked"] == "condition: stim"
    assert told["trained_on"]["n_obs"] == 7 * PER_CELL
    assert verdicts["how"] == "judged"
    assert list(made.obs_names) == list(unseen.request.cells)
    assert (made.layers["before_edit"] != unseen.before).nnz == 0


def test_cells_do_not_depend_on_the_order_they_were_picked_in(
    editor: Editor, cells: AnnData
) -> None:
    names = named(cells, "type 0") + named(cells, "type 1")
    one, other = (editor.edit(EditRequest(n, TO)) for n in (names, names[::-1]))
    assert (one.after != other.after).nnz == 0
    assert list(one.obs.index) == list(other.obs.index)


CTRL = tuple(f"cell {i}" for i in range(20))

REFUSED = {
    "no cells": (EditRequest((), TO), "Pick some"),
    "cells of other data": (EditRequest(("nobody",), TO), "'nobody'"),
    "nothing asked": (EditRequest(CTRL), "neither"),
    "both asked": (EditRequest(CTRL, TO, {"g0": 2.0}), "both"),
    "unseen condition": (EditRequest(CTRL, {"condition": "heat"}), "'heat'"),
    "no such column": (EditRequest(CTRL, {"drug": "high"}), "'drug'"),
    "no number": (EditRequest(CTRL, {"dose": "high"}), "'high'"),
    "unseen pair of conditions": (
        EditRequest(CTRL, {**TO, "cell_type": "type 3"}),
        "at least 10 cells whose 'condition and cell_type' is 'stim · type 3'",
    ),
    "cells of several doses": (
        EditRequest((*CTRL, "cell 60"), {"dose": 1.0}),
        "'another dose', 'dose 0'",
    ),
    "missing gene": (EditRequest(CTRL, genes={"nope": 2.0}), "'nope'"),
    "negative fold": (EditRequest(CTRL, genes={"g0": -1.0}), "-1.0"),
    "strength too large": (EditRequest(CTRL, TO, strength=3.0), "3.0"),
    "strength not a number": (EditRequest(CTRL, TO, strength=float("nan")), "nan"),
    "genes by diffusion": (EditRequest(CTRL, genes={"g0": 2.0}, method="ode"), "ode"),
    "small group": (EditRequest(CTRL, TO, groups="few"), "4 of 'small'"),
    "no such groups": (EditRequest(CTRL, TO, groups="kind"), "'kind'"),
    "there already": (EditRequest(tuple(f"cell {i}" for i in range(60, 70)), TO), "none"),
}


@pytest.mark.parametrize("case", list(REFUSED))
def test_what_cannot_be_done_is_refused_in_words(editor: Editor, case: str) -> None:
    request, said = REFUSED[case]
    with pytest.raises(StimputeError) as error:
        editor.check(request)
    assert said in str(error.value)


def test_a_target_with_fewer_than_ten_cells_is_refused(editor: Editor, cells: AnnData) -> None:
    stim = np.flatnonzero(cells.obs["condition"] == "stim")
    few = cells[np.setdiff1d(np.arange(cells.n_obs), stim[9:])].copy()
    with pytest.raises(StimputeError, match="at least 10 cells whose 'condition' is 'stim'"):
        Editor(editor.model, few).check(EditRequest(CTRL, TO))


def test_where_clusters_tell_the_conditions_apart_all_cells_are_one_group(
    editor: Editor, cells: AnnData
) -> None:
    regions = {"cell_type": "type 1", "condition": "stim"}  # as of a tissue: clusters are these
    found = judge_edit(editor.edit(EditRequest(named(cells, "type 0"), regions)))
    said = " ".join(found.notes)
    assert "All cells count as one group" in said and "Only 1 group was measured" in said
    assert found.trust is None and found.edit.distance is not None
    assert found.edit.distance.after < 0.5 * found.edit.distance.before


def test_other_distributions_are_refused(cells: AnnData) -> None:
    model = ScDiffusion.preset(
        "tiny", condition="condition", likelihood="poisson", diffusion_steps=1, least_steps=1
    )
    with pytest.raises(StimputeError, match="train on counts of genes with nb"):
        model.fit(cells, device="cpu").edit(cells, CTRL, TO)


def test_two_known_groups_give_fixed_weights_and_no_verdict(editor: Editor, cells: AnnData) -> None:
    kept = cells[cells.obs["cell_type"].isin(["type 0", "type 1", "type 3"])].copy()
    found = judge_edit(Editor(editor.model, kept).edit(EditRequest(named(kept, "type 3"), TO)))
    assert found.trust is None
    assert "fixed" in " ".join(found.notes)
    assert "The model learned from other data" in " ".join(found.notes)
    assert (found.edit.change[RESPONSE] > 0.3).all()
