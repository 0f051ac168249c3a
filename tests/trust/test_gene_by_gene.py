"""Where the model is kept in place of the values, each gene is computed to what they would be."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from pathlib import Path

import numpy as np
import pytest
from anndata import AnnData, read_h5ad

from napari_stimpute import keys
from napari_stimpute.data.results import write_results
from napari_stimpute.data.save import write
from napari_stimpute.data.simulate import simulate_cells, simulate_section
from napari_stimpute.errors import InputError, InvalidSetting, NotReadable, UnknownName, UnsafeFile
from napari_stimpute.models import MODELS, model_info
from napari_stimpute.models.kept import Keeps
from napari_stimpute.progress import drain
from napari_stimpute.run import Request, Run
from napari_stimpute.trust.gene_by_gene import GeneByGene

BRIEF = {"epochs": 2, "mixture_epochs": 2, "decoder_epochs": 2, "diffusion_steps": 5}

Finished = Callable[..., AnnData]


def imputed(model: str, keeps: Keeps, *, blend: bool = True) -> AnnData:
    config = model_info(model).config
    settings = config.PRESETS.get("tiny", {})
    settings = settings | {k: v for k, v in BRIEF.items() if k in config.model_fields}
    data = (
        simulate_section()
        if "spatial" in model_info(model).needs
        else simulate_cells(n_cells=120, n_genes=100)
    )
    request = Request(model, config.checked(settings), device="cpu", blend=blend, keeps=keeps)
    run = Run(data, request)
    drain(run.steps())
    assert run.results is not None
    write_results(data, run.results)
    return data


@pytest.fixture(scope="module")
def finished() -> Finished:
    """A run by its model and what it keeps; shared, so tests only look at it."""
    return cache(imputed)


def assert_all_genes_are_equal(one_by_one: GeneByGene, whole: AnnData, key: str) -> None:
    layer = whole.layers[keys.imputed(key)]
    for place, gene in enumerate(whole.var_names):
        found = one_by_one.expression(gene)
        assert found.dtype == np.float32
        np.testing.assert_allclose(found, layer[:, place], rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("model", MODELS)
def test_each_gene_is_as_in_the_layer(model: str, finished: Finished) -> None:
    kept = finished(model, "model")
    assert keys.imputed(model) not in kept.layers
    assert_all_genes_are_equal(GeneByGene.of(kept, model), finished(model, "values"), model)


def test_without_a_blend_each_gene_is_the_models_own(finished: Finished) -> None:
    kept = finished("scziva", "model", blend=False)
    whole = finished("scziva", "values", blend=False)
    assert_all_genes_are_equal(GeneByGene.of(kept, "scziva"), whole, "scziva")


def test_what_else_a_run_finds_is_the_same(finished: Finished) -> None:
    kept, whole = finished("scziva", "model"), finished("scziva", "values")
    for name in (keys.embedding("scziva"), keys.cluster_probability("scziva")):
        np.testing.assert_array_equal(kept.obsm[name], whole.obsm[name])
    for name in keys.gene_facts("scziva"):
        assert kept.var[name].equals(whole.var[name])


@pytest.mark.parametrize("model", ["scziva", "mixture"])
def test_a_file_brings_the_same_values_back(model: str, finished: Finished, tmp_path: Path) -> None:
    kept = finished(model, "model")
    again = read_h5ad(write(kept, tmp_path / "kept.h5ad"))
    gene = kept.var_names[3]
    np.testing.assert_array_equal(
        GeneByGene.of(again, model).expression(gene), GeneByGene.of(kept, model).expression(gene)
    )


def test_genes_beside_the_modelled_ones_and_their_order_do_not_matter(finished: Finished) -> None:
    kept = finished("scziva", "model")
    turned = kept[:, kept.var_names[::-1]].copy()
    gene = kept.var_names[5]
    np.testing.assert_array_equal(
        GeneByGene.of(turned, "scziva").expression(gene),
        GeneByGene.of(kept, "scziva").expression(gene),
    )


def test_other_counts_are_refused(finished: Finished) -> None:
    kept = finished("scziva", "model")
    other = kept.copy()
    other.X = other.X * 2
    with pytest.raises(InputError, match="counts that the run was made from"):
        GeneByGene.of(other, "scziva")
    with pytest.raises(InputError, match="none of"):
        GeneByGene.of(kept[:, 1:].copy(), "scziva")


def test_a_run_and_a_gene_that_are_not_there_are_named(finished: Finished) -> None:
    with pytest.raises(UnknownName, match="run whose model was kept"):
        GeneByGene.of(finished("scziva", "values"), "scziva")
    with pytest.raises(UnknownName, match="modelled gene"):
        GeneByGene.of(finished("scziva", "model"), "scziva").expression("no such gene")


def test_damage_is_said_and_no_pickle_is_opened(finished: Finished) -> None:
    whole = finished("scziva", "model")
    for part, content, error in (
        ("config.json", b"{", NotReadable),
        ("weights.pt", b"no tensors", (NotReadable, UnsafeFile)),
    ):
        damaged = whole.copy()
        damaged.uns[keys.MODELS]["scziva"][part] = np.frombuffer(content, np.uint8)
        with pytest.raises(error):
            GeneByGene.of(damaged, "scziva")


def test_a_later_run_of_the_same_key_takes_the_models_place(finished: Finished) -> None:
    data = finished("gene_mean", "model").copy()
    run = Run(data, Request("gene_mean", model_info("gene_mean").config()))
    drain(run.steps())
    assert run.results is not None
    write_results(data, run.results)
    assert keys.MODELS not in data.uns
    assert keys.imputed("gene_mean") in data.layers


def test_zeros_alone_are_not_filled_gene_by_gene() -> None:
    config = model_info("scziva").config.checked({"mode": "fill"})
    with pytest.raises(InvalidSetting, match="denoise"):
        Run(simulate_cells(n_cells=120, n_genes=100), Request("scziva", config, keeps="model"))
