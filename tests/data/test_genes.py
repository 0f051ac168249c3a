from __future__ import annotations

from pathlib import Path

import anndata as ad
import numpy as np
import pandas as pd
import pytest
import scipy.sparse as sp

from napari_stimpute.data.counts import counts_by_gene, counts_of, read_counts, size_factors
from napari_stimpute.data.gene_choice import choose_genes, names_in
from napari_stimpute.data.genes import asked_for, hold_once, relative_variance, working_adata
from napari_stimpute.data.holdout import HIDDEN_SHARE, Molecules
from napari_stimpute.data.on_disk import n_with
from napari_stimpute.data.opening import load
from napari_stimpute.errors import (
    DuplicateNames,
    InvalidSetting,
    NotReadable,
    TooSmall,
    UnknownName,
)


def section(n_obs: int = 60, n_vars: int = 200, seed: int = 0) -> ad.AnnData:
    """Poisson counts, in which the last 20 genes differ between two halves; gene 3 is empty."""
    rng = np.random.default_rng(seed)
    rate = rng.gamma(2, 2, n_vars) * np.ones((n_obs, 1))
    rate[: n_obs // 2, -20:] = 8
    rate[n_obs // 2 :, -20:] = 0.2
    rate[:, 3] = 0
    counts = sp.csr_matrix(rng.poisson(rate).astype(np.float32))
    adata = ad.AnnData(counts, obsm={"spatial": rng.random((n_obs, 2))})
    adata.var_names = [f"g{i}" for i in range(n_vars)]
    adata.obs_names = [f"s{i}" for i in range(n_obs)]
    adata.obs["domain"] = pd.Categorical(["a", "b"] * (n_obs // 2))
    adata.uns["domain_colors"] = np.array(["#000000", "#ffffff"])
    return adata


def test_all_genes_by_default_up_to_five_thousand() -> None:
    choice = choose_genes(section())
    assert choice.names == [f"g{i}" for i in range(200)]
    assert choice.note == "All 200 genes are modelled."


def test_larger_files_give_their_three_thousand_most_variable_genes() -> None:
    choice = choose_genes(section(n_obs=20, n_vars=5_001))
    assert len(choice.names) == 3_000
    assert choice.note == (
        "The 3,000 most variable of 5,001 genes are modelled: chosen on one half of the molecules, "
        "so that they are judged on others."
    )


def test_variable_genes_are_those_that_vary_in_the_order_of_the_data() -> None:
    names = choose_genes(section(), "hvg:20").names
    assert names == [f"g{i}" for i in range(180, 200)]


def shared_chance(adata: ad.AnnData, genes: list[str]) -> float:
    """Correlation over cells of kept and hidden counts, mean over genes; 0 where it is chance."""
    part, found = adata[:, genes].copy(), []
    for seed in range(3):
        molecules = Molecules.of(counts_of(part), part.obs_names, part.var_names)
        left, hidden = molecules.hide(HIDDEN_SHARE, seed)
        both = zip(left.counts.toarray().T, hidden.toarray().T, strict=True)
        found += [np.corrcoef(kept, judging)[0, 1] for kept, judging in both]
    return float(np.mean(found))


def test_the_choice_has_not_seen_the_molecules_that_judge() -> None:
    """Of genes without a pattern the luckiest are chosen; on hidden molecules luck is no gain."""
    import scanpy as sc

    counts = sp.csr_matrix(np.random.default_rng(0).poisson(2, (100, 2000)).astype(np.float32))
    noise = ad.AnnData(counts)
    noise.var_names = [f"g{i}" for i in range(2000)]
    # standard error 0.1 ÷ √(100 genes), or a little less over the seeds
    assert abs(shared_chance(noise, choose_genes(noise, "hvg:100").names)) < 0.03
    table = sc.pp.highly_variable_genes(noise, flavor="seurat_v3", n_top_genes=100, inplace=False)
    on_all_counts = list(noise.var_names[table["highly_variable"].to_numpy()])
    assert shared_chance(noise, on_all_counts) > 0.04


def test_how_genes_were_chosen_is_kept_and_told_again() -> None:
    first, notes = working_adata(section(), "hvg:20")
    how = first.uns["stimpute_genes"]
    assert how == notes[1] and "on one half of the molecules" in how
    again, told = working_adata(first)
    assert again.uns["stimpute_genes"] == how
    assert told[1:3] == ["All 20 genes are modelled.", f"How they were chosen: {how}"]
    whole, told = working_adata(again, counts=read_counts(again, "raw"))
    assert whole.uns["stimpute_genes"] == told[1] == "All 200 genes are modelled."
    assert not any("How they were chosen" in sentence for sentence in told)


def test_more_variable_genes_than_there_are_gives_those_with_counts() -> None:
    choice = choose_genes(section(), "hvg:1000")
    assert len(choice.names) == 199
    assert "g3" not in choice.names
    assert "All 199 genes with counts" in choice.note


@pytest.mark.parametrize("spec", ["hvg:0", "hvg:-5", "hvg:", "hvg:many"])
def test_a_number_that_is_none_is_refused(spec: str) -> None:
    with pytest.raises(InvalidSetting, match=r"genes to be 'hvg:' and a number.*hvg:3000"):
        choose_genes(section(), spec)


def test_one_spot_cannot_rank_genes() -> None:
    with pytest.raises(TooSmall, match=r"found 1 spots and .* with counts"):
        choose_genes(section()[:1].copy(), "hvg:20")


def test_listed_genes_are_taken_and_missing_ones_said(tmp_path: Path) -> None:
    panel = tmp_path / "panel.txt"
    panel.write_text("g7\n\n  g2 \nERBB2\ng7\n")
    choice = choose_genes(section(), str(panel))
    assert choice.names == ["g2", "g7"]
    assert choice.note == (
        "2 genes listed in panel.txt are modelled. "
        "Left out, because the data do not hold them (1): ERBB2."
    )


def test_one_listed_gene_is_one(tmp_path: Path) -> None:
    (tmp_path / "one.txt").write_text(f"{section().var_names[2]}\n")
    text = choose_genes(section(), str(tmp_path / "one.txt")).note
    assert text == "1 gene listed in one.txt is modelled."


def test_a_list_of_unknown_genes_is_refused(tmp_path: Path) -> None:
    panel = tmp_path / "panel.txt"
    panel.write_text("G12\n")
    with pytest.raises(UnknownName, match="name of a gene, but found 'G12'"):
        choose_genes(section(), str(panel))


def test_an_empty_or_binary_list_is_refused(tmp_path: Path) -> None:
    panel = tmp_path / "panel.txt"
    panel.write_text("")
    with pytest.raises(UnknownName):
        choose_genes(section(), str(panel))
    panel.write_bytes(b"\xff\xfe\x00\x81")
    with pytest.raises(NotReadable, match=r"found bytes that are no text in UTF-8.*plain text"):
        choose_genes(section(), str(panel))


def test_a_choice_that_is_nothing_known_is_refused() -> None:
    with pytest.raises(InvalidSetting, match=r"'all', 'hvg:N' or a file.*'hgv:20'"):
        choose_genes(section(), "hgv:20")


def test_names_that_repeat_are_refused_three_are_listed() -> None:
    adata = section()
    adata.var_names = ["a", "a", "b", "b", "c", "c", "d", "d", *map(str, range(192))]
    with pytest.raises(DuplicateNames, match=r"'a', 'b', 'c' and 1 more.*var_names_make_unique"):
        working_adata(adata)


def test_working_adata_keeps_cells_and_their_annotation() -> None:
    adata = section()
    adata.obsp["neighbours"] = sp.identity(60, format="csr")
    work, _ = working_adata(adata, "hvg:20")
    assert list(work.obs_names) == list(adata.obs_names)
    assert work.obs.equals(adata.obs)
    assert np.array_equal(work.obsm["spatial"], adata.obsm["spatial"])
    assert (work.obsp["neighbours"] != adata.obsp["neighbours"]).nnz == 0
    assert list(work.uns["domain_colors"]) == ["#000000", "#ffffff"]


def test_working_adata_models_some_genes_and_keeps_the_counts_of_all_in_raw() -> None:
    adata = section()
    work, text = working_adata(adata, "hvg:20")
    assert work.shape == (60, 20)
    assert (work.X != adata[:, work.var_names].X).nnz == 0
    assert (work.raw.X != adata.X).nnz == 0
    assert list(work.raw.var_names) == list(adata.var_names)
    assert [sentence.split(":")[0] for sentence in text] == [
        "The counts were taken from X.",
        "The 20 most variable of 200 genes are modelled",
        "raw holds the counts of all 200 genes.",
    ]


def test_what_was_opened_shares_nothing_with_data_in_memory() -> None:
    adata = section()
    adata.layers["counts"] = adata.X.copy()
    adata.uns["nested"] = {"array": np.zeros(3)}
    before = adata.copy()
    work = load(adata).adata
    for matrix in (work.X, work.layers["counts"], work.obsm["spatial"], work.raw.X):
        matrix[0, 0] = 99
    work.uns["nested"]["array"][0] = 99
    work.uns["nested"]["new"] = 1
    work.obs["domain"] = "z"
    assert (adata.X != before.X).nnz == 0
    assert (adata.layers["counts"] != before.layers["counts"]).nnz == 0
    assert np.array_equal(adata.obsm["spatial"], before.obsm["spatial"])
    assert list(adata.uns["nested"]) == ["array"]
    assert adata.uns["nested"]["array"][0] == 0
    assert adata.obs.equals(before.obs)
    assert adata.raw is None


def test_counts_of_all_genes_can_be_held_once() -> None:
    work, _ = working_adata(section())
    var = work.raw.var
    hold_once(work)
    assert np.shares_memory(work.raw.X.data, work.X.data) and work.raw.var.equals(var)
    some, _ = working_adata(section(), "hvg:20")
    hold_once(some)
    assert some.raw.n_vars == 200  # other genes than X has


def test_modelled_counts_and_raw_are_not_the_same_memory() -> None:
    work, _ = working_adata(section())
    work.X.data[:] = 0
    assert work.raw.X.data.all()


def test_genes_are_read_from_raw_as_it_lies_in_memory() -> None:
    adata = section()
    work, _ = working_adata(adata, "hvg:20")
    held = counts_by_gene(work)
    assert np.shares_memory(held.data, work.raw.X.data)
    np.testing.assert_array_equal(held.toarray(), adata.X.toarray())
    np.testing.assert_array_equal(n_with(adata.X), adata.X.getnnz(axis=0))
    level = adata.X.toarray() / size_factors(adata.X)[:, None]
    mean, variance = level.mean(axis=0), level.var(axis=0)
    ratio = np.divide(variance, mean, out=np.zeros_like(mean), where=mean > 0)
    np.testing.assert_allclose(relative_variance(adata.X), ratio, rtol=1e-3, atol=1e-5)


def test_layers_and_gene_annotation_are_subset() -> None:
    adata = section()
    adata.layers["double"] = adata.X * 2
    adata.varm["loadings"] = np.arange(400.0).reshape(200, 2)
    adata.varp["pairs"] = sp.identity(200, format="csr")
    adata.var["length"] = np.arange(200)
    work, _ = working_adata(adata, "hvg:20")
    assert (work.layers["double"] != work.X * 2).nnz == 0
    assert np.array_equal(work.varm["loadings"], adata.varm["loadings"][180:])
    assert work.varp["pairs"].shape == (20, 20)
    assert list(work.var["length"]) == list(range(180, 200))


def test_an_x_that_was_not_the_counts_is_kept_as_a_layer() -> None:
    adata = section()
    adata.layers["counts"] = adata.X.copy()
    adata.X = np.log1p(adata.X.toarray())
    work, text = working_adata(adata, "hvg:20")
    assert np.array_equal(work.layers["X_before_stimpute"], adata.X[:, 180:])
    assert (adata.layers["counts"][:, 180:] != work.X).nnz == 0
    assert "The counts were taken from layer 'counts'." in text
    assert "The former X is kept in layers['X_before_stimpute']." in text


def test_a_raw_that_was_something_else_is_kept_with_its_genes() -> None:
    adata = section()
    adata.raw = ad.AnnData(np.log1p(adata.X.toarray())[:, :50], var=adata.var.iloc[:50])
    work, text = working_adata(adata, "hvg:20")
    assert np.array_equal(work.obsm["raw_before_stimpute"], adata.raw.X)
    assert list(work.uns["raw_before_stimpute"].index) == [f"g{i}" for i in range(50)]
    assert work.raw.shape == (60, 200)
    assert any("former raw (50 genes, not these counts)" in sentence for sentence in text)


def test_a_raw_that_equals_the_counts_is_not_moved() -> None:
    adata = section()
    adata.raw = adata.copy()
    work, text = working_adata(adata)
    assert not set(work.obsm) - {"spatial"}
    assert (work.raw.X != adata.X).nnz == 0
    assert "raw holds the counts of all 200 genes, as before." in text


def test_a_second_run_on_the_output_keeps_the_counts_of_all_genes() -> None:
    adata = section()
    first, _ = working_adata(adata, "hvg:20")
    second, _ = working_adata(first)
    assert second.shape == (60, 20)
    assert (second.raw.X != adata.X).nnz == 0
    assert not set(second.obsm) - {"spatial"}


def test_counts_from_raw_bring_genes_that_x_does_not_have() -> None:
    adata = section()
    small = ad.AnnData(np.log1p(adata.X.toarray())[:, :30], obs=adata.obs, var=adata.var.iloc[:30])
    small.layers["scaled"] = small.X - 1
    small.raw = adata
    work, text = working_adata(small, "hvg:20")
    assert list(work.var_names) == [f"g{i}" for i in range(180, 200)]
    assert (work.raw.X != adata.X).nnz == 0
    assert np.array_equal(work.obsm["X_before_stimpute"], small.X)
    assert list(work.uns["X_before_stimpute"].index) == [f"g{i}" for i in range(30)]
    assert "Left out, because they lack modelled genes: layer 'scaled'." in text


def test_an_earlier_keepsake_is_not_overwritten() -> None:
    adata = section()
    adata.obsm["raw_before_stimpute"] = np.ones((60, 1))
    adata.raw = ad.AnnData(np.log1p(adata.X.toarray()), var=adata.var)
    work, _ = working_adata(adata)
    assert work.obsm["raw_before_stimpute"].shape == (60, 1)
    assert work.obsm["raw_before_stimpute_2"].shape == (60, 200)


def test_no_x_at_all_works_from_a_layer() -> None:
    adata = section()
    bare = ad.AnnData(obs=adata.obs, var=adata.var, layers={"counts": adata.X})
    work, _ = working_adata(bare)
    assert (work.X != adata.X).nnz == 0


def test_spots_and_genes_without_counts_are_kept() -> None:
    adata = section()
    adata.X.data[adata.X.indptr[5] : adata.X.indptr[6]] = 0
    work, _ = working_adata(adata)
    assert work.shape == adata.shape
    assert counts_of(work)[5].nnz == 0


def test_everything_survives_a_file(tmp_path: Path) -> None:
    adata = section()
    adata.layers["counts"] = adata.X.copy()
    adata.raw = ad.AnnData(np.log1p(adata.X.toarray())[:, :50], var=adata.var.iloc[:50])
    adata.X = sp.csr_matrix(np.log1p(adata.X.toarray()))
    work, _ = working_adata(adata, "hvg:20")
    work.write_h5ad(tmp_path / "work.h5ad")
    back = ad.read_h5ad(tmp_path / "work.h5ad")
    assert (back.X != work.X).nnz == 0
    assert (back.raw.X != work.raw.X).nnz == 0
    assert list(back.uns["raw_before_stimpute"].index) == [f"g{i}" for i in range(50)]
    assert np.array_equal(back.obsm["raw_before_stimpute"], work.obsm["raw_before_stimpute"])
    assert (back.layers["X_before_stimpute"] != work.layers["X_before_stimpute"]).nnz == 0


@pytest.mark.parametrize(
    ("listed", "how"),
    [
        (["Sym3", "Sym5"], "var['feature_name']"),
        (["ENSMUSG00000000003", "ENSMUSG00000000005"], "their ids without a version"),
    ],
)
def test_listed_genes_are_found_by_their_other_names(
    tmp_path: Path, listed: list[str], how: str
) -> None:
    counts = np.random.default_rng(0).poisson(2.0, (20, 9)).astype(np.float32)
    adata = ad.AnnData(counts)
    adata.var_names = [f"ENSMUSG{j:011d}.{j % 4 + 1}" for j in range(9)]
    adata.var["feature_name"] = pd.Categorical([f"Sym{j}" for j in range(9)])
    adata.var["length"] = range(9)
    (tmp_path / "genes.txt").write_text("\n".join(listed))
    choice = choose_genes(adata, str(tmp_path / "genes.txt"))
    assert choice.names == [adata.var_names[3], adata.var_names[5]]
    assert f"modelled (2 of them found by {how})." in choice.note


# ---- genes asked for by name -------------------------------------------------------------------


def test_genes_asked_for_are_modelled_beside_the_choice_which_stays_as_it_is() -> None:
    plain = choose_genes(section(), "hvg:20")
    choice = choose_genes(section(), "hvg:20", also=["g7", "g190"])
    assert choice.names == ["g7", *plain.names] and choice.also == ("g7", "g190")
    assert choice.note == f"{plain.note} Asked for by name, and modelled in any case (2): g7, g190."
    assert choose_genes(section(), also=["g7"]).note == "All 200 genes are modelled."


def test_what_was_asked_for_stays_with_the_data_and_is_asked_for_again(tmp_path: Path) -> None:
    work, _ = working_adata(section(), "hvg:20", also=["g7"])
    work.write_h5ad(tmp_path / "work.h5ad")
    again = ad.read_h5ad(tmp_path / "work.h5ad")
    reopened, notes = working_adata(again)
    assert asked_for(reopened) == ["g7"] and reopened.n_vars == 21
    assert (
        notes[1].startswith("All 21 genes are modelled")
        and "modelled in any case (1): g7" in notes[2]
    )
    other, _ = working_adata(again, "hvg:5", read_counts(again, "raw"))
    assert other.n_vars == 6 and "g7" in other.var_names


def test_how_genes_were_chosen_is_said_once() -> None:
    work, _ = working_adata(section())
    _, notes = working_adata(work)
    assert sum("All 200 genes are modelled." in note for note in notes) == 1


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("g1, g2;g3\ng4", ["g1", "g2", "g3", "g4"]),
        ("g1,,g1 ,", ["g1"]),
        (" ", []),
        ("genes.txt", ["g5", "g6"]),
    ],
)
def test_names_are_given_one_by_one_or_in_a_file(
    text: str, names: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("genes.txt").write_text("g5\n\ng6\n")
    assert names_in(text) == names


def test_a_missing_file_of_names_is_said() -> None:
    with pytest.raises(NotReadable, match=r"no_such\.txt, but found No such file"):
        names_in("no_such.txt")


def test_a_pasted_line_of_names_is_taken_apart_but_no_name_with_a_space() -> None:
    adata = section()
    adata.var_names = ["g 0", *adata.var_names[1:]]
    assert choose_genes(adata, "hvg:2", also=["g 0", "g1 g2"]).also == ("g 0", "g1", "g2")


def test_a_gene_that_is_not_there_is_asked_about() -> None:
    with pytest.raises(UnknownName, match=r"'G17' and 1 more, .* Did you mean 'g17'\?"):
        choose_genes(section(), also=["G17", "XIST"])


def test_a_gene_that_only_raw_holds_says_how_to_get_it() -> None:
    work, _ = working_adata(section(), "hvg:20")
    with pytest.raises(UnknownName, match=r"It is in raw: .*--counts raw"):
        choose_genes(work, also=["g7"])
