"""The tab Generate: what can be asked for, what comes of it, and what it is worth."""

from __future__ import annotations

from pathlib import Path

import anndata
import pytest

from napari_stimpute import keys, simulate_cells
from napari_stimpute.panels.enhance import DEEPEN, DENOISE, Amounts, EnhancePanel
from napari_stimpute.panels.figures import Drawn
from napari_stimpute.panels.generate import Condition, GeneratePanel, Options
from napari_stimpute.panels.generators import MODEL, Generators
from napari_stimpute.panels.realism import COLUMNS
from napari_stimpute.session.session import Session

from .generated import enhancing, generating, settings, with_model
from .waiting import until_done, until_next_second


@pytest.fixture
def generate(session: Session) -> GeneratePanel:
    return generating(with_model(session))


@pytest.fixture
def enhance(session: Session) -> EnhancePanel:
    return enhancing(with_model(session))


def test_without_a_model_it_says_what_to_do(session: Session) -> None:
    generators = Generators(session)
    panel = GeneratePanel(session, generators)
    assert panel.now.work.why_not.text == panel.now.no_options == "Open data first."
    assert not generators.now.nothing
    session.open(simulate_cells(n_cells=60, n_genes=100))
    assert panel.now.work.why_not.text == "Train scDiffusion first, or open a saved model."
    assert "for example “cell_type”" in generators.now.nothing.text
    assert panel.make() is None
    generators.set_up()
    assert session.model == MODEL


def test_it_offers_what_the_model_was_trained_on(generate: GeneratePanel) -> None:
    kind, depth = generate.now.conditions
    assert kind.name == "cell_type" and kind.menu is not None and depth.menu is None
    assert [entry.name for entry in kind.menu.entries] == ["", *(f"Type {x}" for x in "ABCDE")]
    adata = generate.session.adata
    assert adata is not None
    n = (adata.obs["cell_type"] == "Type A").sum()
    assert kind.menu.entries[1].title == f"Type A ({n} cells)"
    assert depth.usual.startswith("Any; in training")
    assert generate.now.work.is_enabled


def test_cells_are_made_as_asked_for_and_judged_at_once(generate: GeneratePanel) -> None:
    generate.choose_label("cell_type", "Type B")
    generate.enter_number("true_depth", "1.5")
    until_done(generate.make())
    answer = generate.answer.value
    assert answer is not None and generate.session.problem == ""
    adata = answer.found.adata
    assert adata.n_obs == 60 and set(adata.obs["cell_type"]) == {"Type B"}
    assert adata.obs["true_depth"].to_numpy() == pytest.approx(1.5)
    assert adata.obs[keys.SYNTHETIC].all()
    assert "cell_type Type B" in generate.now.notes.text
    assert "Not judged" in generate.now.notes.text  # fewer than 40 cells of the type were kept
    assert not generate.now.rows and not generate.now.picture


def test_scores_stand_beside_real_cells_and_simple_ways(generate: GeneratePanel) -> None:
    until_done(generate.make())
    now, answer = generate.now, generate.answer.value
    assert answer is not None and answer.found.judged is not None
    scores = answer.found.judged.scores
    forest = next(row for row in now.rows if row[0].text == "Forest AUC")
    assert [cell.value for cell in forest[1:]] == scores.loc["forest"].tolist()
    assert all(len(row) == len(COLUMNS) for row in now.rows)
    told, simple, *others = answer.found.judged.sentences
    assert now.verdict.text == f"{told}\n{simple}" and now.doubts.text == "\n".join(others)
    assert now.picture.startswith(b"\x89PNG")
    drawn: list[Drawn] = []
    generate.figures.drawn.connect(drawn.append)
    until_done(generate.draw_figure(2.0))
    assert len(drawn[0].picture) > len(now.picture)


def test_what_cannot_be_made_is_said_on_the_button(generate: GeneratePanel) -> None:
    for text in ("deep", "nan"):
        generate.enter_number("true_depth", text)
        assert not generate.now.work.is_enabled and text in generate.now.work.why_not.text
    generate.enter_number("true_depth", " ")
    assert generate.now.work.is_enabled
    generate.choose_guidance("cell_type", 11.0)
    assert "from 0 to 10" in generate.now.work.why_not.text and generate.make() is None
    generate.choose_guidance("cell_type", 2.0)
    generate.set_options(Options(n=10**12))
    assert "memory" in generate.now.work.why_not.text


def test_guidance_sampler_and_seed_reach_the_model(generate: GeneratePanel) -> None:
    generate.choose_guidance("cell_type", 2.0)
    generate.choose_method("ddim")
    generate.set_options(Options(n=5, n_steps=3, seed=7))
    until_done(generate.make())
    answer = generate.answer.value
    assert answer is not None
    told = answer.found.adata.uns[keys.SYNTHETIC]
    for part in ('"cell_type": 2.0', '"sampler": "ddim"', '"n_steps": 3', '"seed": 7'):
        assert part in told


def test_of_two_models_it_is_said_which_made_the_cells(generate: GeneratePanel) -> None:
    session = generate.session
    generate.set_options(Options(n=5, n_steps=3))
    until_done(generate.make())
    assert "By " not in generate.now.notes.text
    session.train(MODEL, settings(""), key="other", blend=False, judged=False).wait(120)
    generate.generators.choose("other")
    assert "By scDiffusion." in generate.now.notes.text and not generate.now.conditions


def test_a_long_name_leaves_room_for_its_control() -> None:
    assert Condition("cell_type", 1.0).title == "cell_type"
    assert Condition("annotation of the second round", 1.0).title == "annotation of t…"


def test_a_cancelled_order_keeps_nothing_and_says_so(generate: GeneratePanel) -> None:
    job = generate.make()
    assert generate.now.work.button == "Cancel"
    assert generate.now.no_options == "Wait: “Generating cells” is at work."
    generate.work.press()
    until_done(job)
    assert not generate.now.has_answer
    assert generate.now.work.outcome.text == "Cancelled: nothing was kept."


def test_cells_are_saved_as_they_are_and_never_over_the_data(
    generate: GeneratePanel, tmp_path: Path
) -> None:
    generate.set_options(Options(n=5, n_steps=3))
    assert generate.save_to(tmp_path / "none.h5ad") is None
    until_done(generate.make())
    until_done(generate.save_to(tmp_path / "made.h5ad"))
    assert generate.now.saved.tone == "good" and "5 cells saved" in generate.now.saved.text
    assert anndata.read_h5ad(tmp_path / "made.h5ad").obs[keys.SYNTHETIC].all()
    generate.session.path = str(tmp_path / "made.h5ad")
    until_done(generate.save_to(tmp_path / "made.h5ad"))
    assert not generate.now.saved and generate.now.work.outcome.tone == "error"


def test_cells_open_as_data_of_their_own(generate: GeneratePanel) -> None:
    session = generate.session
    generate.set_options(Options(n=30, n_steps=3))
    until_done(generate.make())
    generate.open_made()
    until_done(session.job)
    assert session.problem == "" and session.adata is not None
    assert session.adata.n_obs == 30 and session.adata.obs[keys.SYNTHETIC].all()
    assert not generate.now.has_answer and not generate.now.conditions


def test_an_answer_goes_away_when_its_run_is_trained_again(generate: GeneratePanel) -> None:
    generate.set_options(Options(n=5, n_steps=3))
    until_done(generate.make())
    assert generate.now.has_answer
    until_next_second()
    session = generate.session
    session.train(MODEL, settings(""), blend=False, judged=False).wait(120)
    assert not generate.now.has_answer
    assert not generate.now.conditions and "without conditions" in generate.now.about.text


def test_a_rare_label_is_raised_to_a_number(enhance: EnhancePanel) -> None:
    adata = enhance.session.adata
    assert adata is not None
    there = int((adata.obs["cell_type"] == "Type E").sum())
    assert enhance.label.name == "Type E"  # the rarest
    enhance.set_amounts(Amounts(n=there))
    assert f"There are {there} cells of “Type E” already" in enhance.now.work.why_not.text
    assert enhance.make() is None
    enhance.set_amounts(Amounts(n=there + 12))
    until_done(enhance.make())
    answer = enhance.answer.value
    assert answer is not None and "12 generated cells" in enhance.now.said.text
    made = answer.adata.obs
    assert made[keys.SYNTHETIC].sum() == 12
    assert (made["cell_type"] == "Type E").sum() == there + 12


def test_depth_and_noise_come_in_layers_of_a_copy(enhance: EnhancePanel, tmp_path: Path) -> None:
    adata = enhance.session.adata
    assert adata is not None
    for kind, layer in ((DEEPEN, keys.deeper(MODEL)), (DENOISE, keys.denoised(MODEL))):
        enhance.choose_kind(kind)
        until_done(enhance.make())
        answer = enhance.answer.value
        assert answer is not None and enhance.session.problem == ""
        assert layer in answer.adata.layers and layer not in adata.layers
        assert layer in enhance.now.said.text
    until_done(enhance.save_to(tmp_path / "fuller.h5ad"))
    assert enhance.now.saved.tone == "good"
