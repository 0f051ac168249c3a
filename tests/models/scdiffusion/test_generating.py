"""Cells are made as asked, belong to themselves, and say that nobody measured them."""

import json
import math
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch

from napari_stimpute import ScDiffusion, keys
from napari_stimpute.errors import InvalidSetting, NotReadable, OutOfMemory, UnknownName
from napari_stimpute.models.diffusion_config import ScDiffusionConfig
from napari_stimpute.models.scdiffusion.replay import Replay
from napari_stimpute.models.scdiffusion.simple import simple_cells
from napari_stimpute.models.scdiffusion.trained_on import n_apart
from napari_stimpute.progress import drain
from napari_stimpute.run import Request, Run

from ...generating import SMALL, cells, folder, trained

KIND = "Type A"


@pytest.fixture(scope="module")
def model() -> ScDiffusion:
    return trained()


def test_cells_are_whole_counts_at_depths_of_real_ones(model: ScDiffusion) -> None:
    made = model.generate(60, {"cell_type": KIND})
    assert made.shape == (60, cells().n_vars)
    assert (made.X.data == np.rint(made.X.data)).all()
    depth, real = (np.asarray(x.sum(axis=1)).ravel() for x in (made.X, cells().X))
    assert real.min() * 0.3 < depth.min() < np.median(real) < depth.max() < real.max() * 2
    assert set(made.obs["cell_type"]) == {KIND}
    assert made.obs["condition"].isna().all()


def test_generated_cells_are_marked_and_say_how_they_came_about(model: ScDiffusion) -> None:
    made = model.generate(5, {"cell_type": KIND}, guidance=1.5, n_steps=4, seed=3)
    assert made.obs[keys.SYNTHETIC].all()
    (told,) = json.loads(made.uns[keys.SYNTHETIC])
    assert told["how"] == "generated"
    assert told["conditions"] == {"cell_type": KIND}
    assert (told["seed"], told["n_steps"], told["sampler"]) == (3, 4, "heun")
    assert told["guidance"] == {"cell_type": 1.5, "condition": 1.5}
    assert told["trained_on"]["n_obs"] == cells().n_obs


def test_a_cell_is_the_same_however_many_are_made(model: ScDiffusion) -> None:
    few, many = model.generate(7, n_steps=5, seed=1), model.generate(1030, n_steps=5, seed=1)
    assert abs(few.X - many.X[:7]).nnz == 0
    assert abs(model.generate(7, n_steps=5, seed=2).X - few.X).nnz > 0


def test_rows_ask_for_each_cell(model: ScDiffusion) -> None:
    asked = cells().obs[["cell_type", "condition"]].iloc[:30].reset_index(drop=True)
    made = model.generate(30, asked, n_steps=4)
    assert made.obs["cell_type"].astype(str).tolist() == asked["cell_type"].astype(str).tolist()
    with pytest.raises(InvalidSetting, match="a row for each of 29 cells"):
        model.generate(29, asked)


@pytest.mark.parametrize(
    ("wrong", "error", "words"),
    [
        ({"n": 0}, InvalidSetting, "at least one cell"),
        ({"n": 10**10}, OutOfMemory, "free memory"),
        ({"guidance": -0.1}, InvalidSetting, "from 0 to 10"),
        ({"guidance": math.nan}, InvalidSetting, "from 0 to 10"),
        ({"guidance": {"dose": 1.0}}, UnknownName, "condition of this model"),
        ({"conditions": {"cell_type": "Type Z"}}, UnknownName, "was seen in training"),
        ({"n_steps": 0}, InvalidSetting, "from 1 to 1,000"),
        ({"n_steps": 1_001}, InvalidSetting, "from 1 to 1,000"),
    ],
)
def test_what_cannot_be_made_is_refused(
    model: ScDiffusion, wrong: dict[str, object], error: type[Exception], words: str
) -> None:
    with pytest.raises(error, match=words):
        model.generate(**({"n": 3} | wrong))  # type: ignore[arg-type]


def test_a_label_of_one_cell_has_simple_ways_beside_it(model: ScDiffusion) -> None:
    """Its single point is what a mixture of its points is."""
    points, conditions = model.replay_.learned
    label = int(conditions.labels[0, 0])
    others = conditions.labels[:, 0] != label
    rows = torch.cat([torch.zeros(1, dtype=torch.long), others.nonzero()[:, 0]])
    replay = Replay(points[rows], conditions[rows], 0)
    asked = conditions[torch.zeros(5, dtype=torch.long)].without(1)
    trained = cells()[rows.numpy()].X, conditions[rows]
    found = simple_cells(model.generator, replay, asked, trained, seed=0)
    assert {counts.shape for counts in found.values()} == {(5, 100)}
    assert all(counts.sum() > 0 for counts in found.values())


def test_points_that_are_not_finite_are_refused() -> None:
    broken = trained()
    with torch.no_grad():
        next(iter(broken.denoiser_.blocks.parameters())).fill_(math.inf)
    with pytest.raises(InvalidSetting, match="not finite"):
        broken.generate(20, n_steps=2)


def test_a_saved_model_with_weights_that_are_not_finite_is_refused(tmp_path: Path) -> None:
    broken = trained()
    with torch.no_grad():
        broken.denoiser_.last.weight.fill_(math.nan)
    broken.save(tmp_path / "model")
    with pytest.raises(NotReadable, match="NaN"):
        ScDiffusion.load(tmp_path / "model")


def test_a_saved_model_says_what_it_was_trained_on(model: ScDiffusion) -> None:
    assert model.table_.names == ("cell_type", "condition")
    assert model.var_names_ == list(cells().var_names)
    assert len(model.trained_on_.kept_apart) == n_apart(400, 0.1)
    assert set(model.trained_on_.kept_apart) < set(cells().obs_names)
    assert (folder() / "weights.pt").stat().st_size < 2_000_000


def test_cells_kept_apart_are_not_learned_from() -> None:
    one = ScDiffusion(condition="cell_type", **SMALL).fit(cells(), seed=1)
    changed = cells().copy()
    apart = changed.obs_names.isin(one.trained_on_.kept_apart)
    counts = changed.X.copy()
    for row in np.flatnonzero(apart):  # other genes, the same counts
        at = slice(counts.indptr[row], counts.indptr[row + 1])
        counts.indices[at] = counts.shape[1] - 1 - counts.indices[at][::-1]
    changed.X = counts
    other = ScDiffusion(condition="cell_type", **SMALL).fit(changed, seed=1)
    assert other.trained_on_.kept_apart == one.trained_on_.kept_apart
    made, again = (m.generate(20, n_steps=4) for m in (one, other))
    assert abs(made.X - again.X).nnz == 0


@pytest.mark.parametrize(
    ("n_obs", "share", "expected"),
    [(100, 0.1, 0), (400, 0.1, 120), (1000, 0.1, 200), (4000, 0.1, 400), (10**6, 0.1, 3000)],
)
def test_enough_cells_are_kept_apart_and_never_most(
    n_obs: int, share: float, expected: int
) -> None:
    assert n_apart(n_obs, share) == expected
    assert n_apart(n_obs, 0.0) == 0


def test_no_label_is_kept_apart_whole() -> None:
    data = cells().copy()
    kind = np.where(np.arange(data.n_obs) < 2, "rare", "common")
    data.obs["kind"] = pd.Categorical(kind)
    model = ScDiffusion(condition="kind", **SMALL).fit(data)
    assert not set(data.obs_names[:2]) & set(model.trained_on_.kept_apart)
    assert set(model.generate(3, {"kind": "rare"}, n_steps=2).obs["kind"]) == {"rare"}


def test_cells_of_a_model_that_learned_from_a_part_of_the_molecules_are_of_full_depth() -> None:
    whole, part = trained(), trained()
    part.learned_from_part_of(cells().X, 0.5)
    one, other = (model.generate(300, n_steps=4, seed=1).X for model in (whole, part))
    assert other.sum() / one.sum() == pytest.approx(2, rel=0.02)
    spread = [np.var(x.toarray(), axis=0).sum() for x in (one, other)]
    assert spread[1] > 2.5 * spread[0]  # that of a rate twice as high, not of doubled draws


def test_a_run_that_is_judged_makes_cells_as_deep_as_the_data() -> None:
    run = Run(cells(), Request("scdiffusion", ScDiffusionConfig.checked(SMALL)))
    drain(run.steps())
    model, real = run.model, cells().X.sum(axis=1).mean()
    assert isinstance(model, ScDiffusion) and run.results is not None
    assert model.trained_on_.kept_share == pytest.approx(0.81, abs=0.01)
    assert model.trained_on_.fingerprint == run.results.record.fingerprint
    assert model.generate(500).X.sum(axis=1).mean() == pytest.approx(real, rel=0.1)
