"""Copy code: what a panel writes runs as it is, and finds what the panel's own button found."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from anndata import AnnData

from napari_stimpute.panels.cells.batches import BatchesPanel
from napari_stimpute.panels.cells.communities import CommunitiesPanel
from napari_stimpute.panels.cells.markers import MarkersPanel
from napari_stimpute.panels.cells.names import NamesPanel
from napari_stimpute.panels.cells.trajectory import TrajectoryPanel
from napari_stimpute.panels.cells.transfer import TransferPanel
from napari_stimpute.panels.code import code_of
from napari_stimpute.panels.compare import ComparePanel
from napari_stimpute.panels.data import DataPanel
from napari_stimpute.panels.differences import DifferencesPanel
from napari_stimpute.panels.edit import EditPanel
from napari_stimpute.panels.edit_form import GENES, PICKED
from napari_stimpute.panels.enhance import DEEPEN, DENOISE, Amounts, EnhancePanel
from napari_stimpute.panels.gene_choice import FILE
from napari_stimpute.panels.generate import GeneratePanel, Options
from napari_stimpute.panels.generators import Generators
from napari_stimpute.panels.genes import GenesPanel
from napari_stimpute.panels.groups import Groups
from napari_stimpute.panels.model_folder import ModelFolder
from napari_stimpute.panels.patterns import PatternsPanel
from napari_stimpute.panels.train import Options as TrainOptions
from napari_stimpute.panels.train import TrainPanel
from napari_stimpute.panels.variable import VariablePanel
from napari_stimpute.scene.scene import Scene
from napari_stimpute.session.session import Session

from .. import generating
from ..grouped import group
from ..overlaid import hexagonal
from ..overlaid import section as plain
from .waiting import until_done

ODD = ('left\n"half"', "it's $right\\")
"""Names of groups, with all that Python, a shell or a formula would read otherwise."""


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Lines that write a file write it beside the data."""
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """A small tissue whose halves have names, with batches, and a run "mine"."""
    made = plain(0, hexagonal())
    is_left = made.obsm["spatial"][:, 0] < np.median(made.obsm["spatial"][:, 0])
    made.obs["domain"] = pd.Categorical(np.where(is_left, *ODD))
    made.obs["batch"] = pd.Categorical(np.where(np.arange(made.n_obs) % 2, "one", "two"))
    made.obs["it's a half"] = made.obs["domain"]
    path = tmp_path / "a 'small' $file.h5ad"
    group(made).write_h5ad(path)
    return path


@pytest.fixture
def tissue(session: Session, file: Path) -> Session:
    """The file is open, and a run was made since."""
    session.open(file)
    session.train("pca", key="here", seed=3, blend=False, judged=False).join()
    return session


@pytest.fixture
def halves(tissue: Session) -> Groups:
    groups = Groups(tissue)
    groups.choose("it's a half")
    return groups


def run(panel: object) -> dict[str, Any]:
    """Do what a panel's code says, in a Python that knows nothing else."""
    code = code_of(panel)
    assert code.why_not == "" and code.said.text.startswith("Copied: ")
    found: dict[str, Any] = {}
    exec(code.text, found)
    return found


# ---- data, genes, training -----------------------------------------------------------------------


def test_the_same_data_are_opened(tissue: Session, tmp_path: Path) -> None:
    (tmp_path / "genes.txt").write_text("gene 1\ngene 5\ngene 7\n")
    panel = DataPanel(tissue)
    panel.choose_genes(FILE)
    panel.take_genes_from("genes.txt")
    until_done(panel.apply())
    found = run(panel)
    theirs, ours = found["session"].adata, tissue.adata
    assert ours is not None and list(theirs.var_names) == ["gene 1", "gene 5", "gene 7"]
    assert (theirs.X != ours.X).nnz == 0
    assert (tmp_path / panel.file_name).is_file()


def test_the_sample_is_made_again(session: Session) -> None:
    def simulate_section() -> AnnData:
        return plain(0, hexagonal())

    session.open_later(simulate_section).join()
    assert "session.open(simulate_section())" in code_of(DataPanel(session)).text


def test_data_of_a_notebook_are_asked_for(session: Session, tmp_path: Path) -> None:
    section = plain(0, hexagonal())
    (tmp_path / "genes.txt").write_text("gene 3\ngene 4\n")
    session.open(section, genes="genes.txt")
    text = code_of(DataPanel(session)).text
    assert "adata = ...  # your AnnData\n" in text
    found: dict[str, Any] = {"section": section}
    exec(text.replace("adata = ...", "adata = section"), found)
    assert list(found["session"].adata.var_names) == ["gene 3", "gene 4"]


def test_the_same_gene_is_shown(tissue: Session, tmp_path: Path) -> None:
    panel = GenesPanel(Scene(tissue))
    panel.choose_gene("gene 4")
    panel.choose_source("here")
    panel.choose_limits(5, 90)
    theirs, ours = run(panel)["scene"].shown, panel.scene.shown
    np.testing.assert_array_equal(theirs.values, ours.values)
    assert theirs.limits == ours.limits and (tmp_path / "gene_4.png").is_file()
    panel.choose_column("it's a half")
    assert sorted(run(panel)["names"]) == sorted(ODD)


def test_the_same_model_is_trained(session: Session, file: Path) -> None:
    session.open(file)
    panel = TrainPanel(session)
    panel.choose_model("pca")
    panel.form.enter("n_components", 4)
    panel.set_options(TrainOptions(seed=2, key="four", judged=False))
    until_done(panel.train())
    assert session.adata is not None
    np.testing.assert_array_equal(run(panel)["imputed"], session.adata.layers["four_imputed"])
    assert "PCADenoiserConfig(n_components=4),\n    seed=2,\n" in code_of(panel).text


def test_the_same_settings_are_found(session: Session, file: Path) -> None:
    session.open(file)
    panel = TrainPanel(session)
    panel.choose_model("pca")
    panel.tune.set_n_trials(2)
    until_done(panel.tune.search())
    theirs, ours = run(panel.tune)["tuning"], panel.tune.tuning
    assert ours is not None
    assert [t.score for t in theirs.trials] == [t.score for t in ours.trials]
    panel.tune.choose_workers(2)
    assert "workers=Workers(n=2)" in code_of(panel.tune).text


def test_the_same_methods_are_compared(session: Session, file: Path) -> None:
    session.open(file)
    panel = ComparePanel(session)
    for name in panel.chosen:
        panel.tick(name, wanted=name in ("gene_mean", "pca"))
    panel.choose_splits(2)
    panel.draw_genes("gene 1, gene 2")
    until_done(panel.compare())
    theirs, ours = run(panel)["comparison"], panel.comparison
    assert ours is not None and len(ours.scores) == 4
    assert "Workers" not in code_of(panel).text
    panel.choose_workers(2)
    assert "workers=Workers(n=2)" in code_of(panel).text
    assert [(s.title, s.gain) for s in theirs.scores] == [(s.title, s.gain) for s in ours.scores]


# ---- statistics and cells ------------------------------------------------------------------------


def test_the_same_genes_are_variable(tissue: Session) -> None:
    panel = VariablePanel(tissue)
    panel.choose_n(7)
    until_done(panel.compute())
    assert run(panel)["found"] == panel.answer.value


def test_the_same_patterns_are_found(tissue: Session) -> None:
    panel = PatternsPanel(tissue)
    until_done(panel.check())
    assert panel.result is not None
    pd.testing.assert_frame_equal(
        run(panel)["found"].table, panel.result.table.drop(columns="spatial", errors="ignore")
    )


def test_the_same_differences_are_found(tissue: Session) -> None:
    panel = DifferencesPanel(tissue)
    panel.choose_column("it's a half")
    panel.choose_group(ODD[1])
    panel.choose_against(ODD[0])
    panel.choose_values("here")
    panel.test()
    panel.accept()
    until_done(tissue.job)
    assert panel.answer.value is not None
    pd.testing.assert_frame_equal(run(panel)["table"], panel.answer.value.table)


def test_the_same_markers_are_found(halves: Groups) -> None:
    panel = MarkersPanel(halves.session, halves)
    panel.choose_method("t-test")
    until_done(panel.find())
    panel.choose_group(ODD[1])
    assert panel.answer.value is not None
    pd.testing.assert_frame_equal(run(panel)["table"], panel.answer.value.of(ODD[1]))


def test_the_same_names_are_given(halves: Groups, tmp_path: Path) -> None:
    rows = [f"{name},,gene {i}" for i in range(10) for name in ("Low", "High")[i % 2 :][:1]]
    (tmp_path / "it's lists.csv").write_text("\n".join(["type,subtype,gene", *rows]))
    panel = NamesPanel(halves.session, halves)
    panel.choose_lists("it's lists.csv")
    until_done(panel.suggest())
    theirs = run(panel)["adata"].obs  # before the panel's own are there
    panel.write()
    assert halves.session.adata is not None
    ours = halves.session.adata.obs
    column = f"{halves.prefix}_type"
    assert list(theirs[column].astype(str)) == list(ours[column].astype(str))


@pytest.mark.slow  # where scanpy's neighbours are compiled first
def test_the_same_order_is_found(halves: Groups) -> None:
    panel = TrajectoryPanel(halves.session, halves)
    panel.choose_run("here")
    panel.choose_root(ODD[1])
    until_done(panel.compute())
    assert panel.answer.value is not None
    found = run(panel)
    np.testing.assert_array_equal(found["found"].pseudotime, panel.answer.value.pseudotime)
    assert "here_pseudotime" in found["adata"].obs


def test_the_same_batches_are_scored(halves: Groups) -> None:
    panel = BatchesPanel(halves.session, halves)
    panel.choose_run("here")
    until_done(panel.compute())
    assert panel.answer.value is not None
    found = run(panel)
    assert repr(panel.answer.value[:]) == repr((found["before"], found["after"]))  # with NaN


def test_the_same_communities_are_compared(halves: Groups) -> None:
    panel = CommunitiesPanel(halves.session, halves)
    until_done(panel.compare())
    assert panel.answer.value is not None
    pd.testing.assert_frame_equal(run(panel)["table"], panel.answer.value.table)


def test_the_same_activity_and_network_of_a_community_are_found(halves: Groups) -> None:
    panel = CommunitiesPanel(halves.session, halves)
    until_done(panel.compare())
    until_done(panel.choose(panel.now.rows[0][0].text))
    found, column = run(panel), panel.activity_column
    assert Path(f"community_{panel.chosen}.png").is_file()
    until_done(panel.show_activity())
    assert halves.session.adata is not None
    ours = halves.session.adata.obs[column]
    np.testing.assert_allclose(found["adata"].obs[column], ours)


def test_the_same_names_are_carried_over(session: Session, file: Path) -> None:
    session.open(file)
    panel = TransferPanel(session)
    until_done(panel.open(file))
    panel.choose_column("it's a half")
    theirs = run(panel)["adata"].obs
    until_done(panel.transfer())
    assert session.adata is not None
    names = [name for name in session.adata.obs if "transferred" in name]
    pd.testing.assert_frame_equal(theirs[names], session.adata.obs[names], check_dtype=False)


# ---- by a trained model --------------------------------------------------------------------------


@pytest.fixture
def with_model(session: Session, tmp_path: Path) -> Generators:
    """Cells in a file, and a model of them that was opened from its folder."""
    generating.cells().write_h5ad(tmp_path / "cells.h5ad")
    session.open(tmp_path / "cells.h5ad")
    generators = Generators(session)
    until_done(ModelFolder(session, generators).open(generating.folder()))
    return generators


def test_the_same_cells_are_generated(with_model: Generators, tmp_path: Path) -> None:
    panel = GeneratePanel(with_model.session, with_model)
    panel.set_options(Options(n=30, n_steps=3, seed=1))
    panel.choose_label("cell_type", "Type B")
    panel.choose_guidance("condition", 1.5)
    until_done(panel.make())
    assert panel.made is not None
    found = run(panel)["found"].adata
    assert (found.X != panel.made.X).nnz == 0 and (tmp_path / "cells_generated.h5ad").is_file()


@pytest.mark.parametrize("kind", ["raise", DEEPEN, DENOISE])
def test_the_same_is_added(with_model: Generators, kind: str) -> None:
    panel = EnhancePanel(with_model.session, with_model)
    panel.choose_kind(kind)
    panel.set_amounts(Amounts(n=130, factor=1.5, time=0.1))
    until_done(panel.make())
    ours, theirs = panel.made, run(panel)["found"].adata
    assert ours is not None and list(theirs.obs_names) == list(ours.obs_names)
    assert (theirs.X != ours.X).nnz == 0
    assert list(theirs.layers) == list(ours.layers)


def test_the_same_cells_are_edited(with_model: Generators) -> None:
    session = with_model.session
    panel = EditPanel(session)
    panel.choose(panel.form.cells, "cell_type")
    panel.choose(panel.form.group, "Type B")
    panel.choose(panel.form.goals[0].column, "condition")
    panel.choose(panel.form.goals[0].target, "stimulated")
    panel.choose(panel.form.method, "sdedit")
    panel.set_strength(0.5)
    until_done(panel.edit())
    assert panel.answer.value is not None
    theirs, ours = run(panel)["found"].edit, panel.answer.value.judged.edit
    assert list(theirs.obs.index) == list(ours.obs.index) and (theirs.after != ours.after).nnz == 0


def test_the_same_genes_of_picked_cells_are_changed(with_model: Generators) -> None:
    session = with_model.session
    assert session.adata is not None
    session.display.pick(np.arange(session.adata.n_obs) % 100 == 3)
    panel = EditPanel(session)
    panel.choose(panel.form.cells, PICKED)
    panel.choose(panel.form.what, GENES)
    panel.add_gene(str(session.adata.var_names[2]))
    panel.change_gene(str(session.adata.var_names[2]), "fold", 3.0)
    until_done(panel.edit())
    assert panel.answer.value is not None
    theirs, ours = run(panel)["found"], panel.answer.value.judged
    pd.testing.assert_frame_equal(theirs.table(), ours.table())


# ---- where there are none ------------------------------------------------------------------------


def test_what_is_missing_is_said(session: Session, file: Path) -> None:
    panel = DifferencesPanel(session)
    assert code_of(panel).said.text == "Open data first."
    assert code_of(VariablePanel(session)).text == ""
    session.open(file)
    assert "Train a model first" in code_of(VariablePanel(session)).why_not
    session.display.pick(np.arange(64) < 20)
    session.keep_picked("mine_alone")
    panel.choose_column("mine_alone")
    assert "“mine_alone” was made here and is in no file yet" in code_of(panel).why_not
