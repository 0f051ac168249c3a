"""Differences where there are none (protocol P9): by chance, and by what genes borrow; and power.

    python tests/benchmarks/measure_null_de.py --data FOLDER --out TABLES.md [--repeats 10]

1. Small groups: of all spots with counts of all genes, 5, 10, 30 or 100 at random against the rest,
   twice as often as other things are repeated.
   Printed are the genes that are called at adjusted p < 0.05 per draw (the bar is 0.1), and the
   share of genes with p < 0.05 (3 to 6 %) of those seen in at least 10 % of the spots; as the
   program tests, and by what most programs do, Wilcoxon's rank-sum test of log-normalised counts
   with ranks taken for normal.
2. Depth: half of the spots, or 100, thinned to half of their molecules, against the rest.
3. Power: 10, 30 or 100 spots of a layer or type against all of other layers or types. Of the 100
   genes that Wilcoxon's test finds most surely higher in all of it, how many are called at adjusted
   p < 0.05? Added up over all layers or types of enough spots. Wilcoxon's test is on counts thinned
   to even depth here.
4. No difference at all: the largest cell type of `pbmc4k`, `kang_stim` (control cells) and
   `starmap_v1`, split in two at random: share of genes with p < 0.05 (mean ± standard deviation
   over the repeats, and the largest) on counts, and on imputed values, which the program refuses
   until one accepts them. The bar is 6 % on counts.
5. Groups that differ, genes that do not: the two largest cell types, and a tenth of the genes,
   whose molecules were dealt anew over the cells, by their depth, before anything was imputed.
"""

from __future__ import annotations

import argparse
import math
from collections.abc import Callable, Iterator
from pathlib import Path

import anndata as ad
import numpy as np
import scipy.sparse as sp
from scipy.stats import false_discovery_control

from napari_stimpute import NeighbourMean, PCADenoiser, keys
from napari_stimpute.analysis import differential_expression
from napari_stimpute.analysis.contrast import contrast_steps
from napari_stimpute.analysis.depth import with_even_depth
from napari_stimpute.analysis.draws import draw_steps
from napari_stimpute.data.counts import log_normalise, size_factors
from napari_stimpute.progress import drain
from napari_stimpute.spatial.permuted import without_pattern

SETS = ("pbmc4k", "kang_stim", "starmap_v1")
SMALL = ("dlpfc_151673", "her2st_A1", "st_mob_rep8", "breast_visium", "pbmc4k", "kang_stim")
SIZES, DRAWS, AT_ONCE = (5, 10, 30, 100), 2, 6
KNOWN = {"dlpfc_151673": "domain", "pbmc4k": "cell_type", "kang_stim": "cell_type"}
N_MARKERS, ENOUGH, UNEVEN = 100, 1.1, 1.2
SEEN, SIGNIFICANT, DEALT = 0.1, 0.05, 0.1
WAYS = {
    "counts": {},
    "imputed by PCA": {"source": "pca", "accept_imputed": True},
    "imputed by neighbour mean": {"source": "neighbour_mean", "accept_imputed": True},
}
Shares = dict[str, list[float]]


def main() -> None:
    """Measure all, and write what is there after each table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--repeats", type=int, default=10)
    options = parser.parse_args()
    written: list[str] = []

    def write(title: str, head: list[str], lines: Iterator[str]) -> None:
        rows = []
        for row in lines:
            print(title, row, flush=True)
            rows.append(row)
        written.append(table(title, head, rows))
        options.out.write_text("\n".join(written))

    drawn = [f"{n} spots" for n in SIZES]
    write(
        "Called per draw, and share of p < 0.05, in groups drawn at random: permutation (ranks "
        "taken for normal)",
        ["set", *drawn],
        small(options.data, options.repeats),
    )
    write(
        "Called per draw, of groups thinned to half",
        ["set", "100 spots", "half of the spots"],
        thinned(options.data, options.repeats),
    )
    write(
        "Markers called: permutation (ranks taken for normal)",
        ["set", *drawn[1:]],
        power(options.data),
    )
    for title, measure in (("Split at random", split), ("Genes without a difference", dealt)):
        lines = (
            line(name, repeated(measure, read(options.data, name), options.repeats))
            for name in SETS
        )
        write(title, ["set", *WAYS], lines)


def small(folder: Path, n_repeats: int) -> Iterator[str]:
    """A row per set: false calls and shares, by the size of the group."""
    for name in SMALL:
        counts, generator = every_count(folder, name), np.random.default_rng(0)
        often = counts.getnnz(axis=0) >= SEEN * counts.shape[0]
        n_beside = min(AT_ONCE, counts.shape[0] // sum(SIZES))  # no group has a spot of another
        sizes, found = np.tile(SIZES, n_beside), []
        for _ in range(math.ceil(DRAWS * n_repeats / n_beside)):
            groups = np.full(counts.shape[0], -1)
            spots = generator.permutation(counts.shape[0])[: sizes.sum()]
            groups[spots] = np.repeat(np.arange(len(sizes)), sizes)
            new, ranks = by_draws(counts, groups), by_ranks(counts, groups)
            found.append(np.transpose([*judged(new, often), *judged(ranks, often)]))
        by_size = np.reshape(found, (-1, len(SIZES), 4)).mean(axis=0)
        yield row(
            f"`{name}`",
            *(
                f"{new:.2f}, {100 * share:.1f} % ({ranks:.1f}, {100 * other:.1f} %)"
                for new, share, ranks, other in by_size
            ),
        )


def judged(p: np.ndarray, often: np.ndarray) -> tuple[list[int], np.ndarray]:
    """Genes that are called in each group, and the share of small p of those often seen."""
    return [n_called(of_group) for of_group in p], (p[:, often] < SIGNIFICANT).mean(axis=1)


def thinned(folder: Path, n_repeats: int) -> Iterator[str]:
    """A row per set: calls in groups that differ in depth alone."""
    for name in SMALL:
        counts, generator = every_count(folder, name), np.random.default_rng(0)
        n_obs, cells = counts.shape[0], []
        for size in (100, n_obs // 2):
            calls = []
            for _ in range(n_repeats):
                here = member(counts, generator.choice(n_obs, size, replace=False))
                kept = np.repeat(np.where(here, 0.5, 1.0), np.diff(counts.indptr))
                left = generator.binomial(counts.data.astype(int), kept).astype(np.float32)
                less = sp.csr_matrix((left, counts.indices.copy(), counts.indptr.copy()))
                less.eliminate_zeros()
                less = less[:, less.getnnz(axis=0) > 0]
                calls.append(n_called(by_draws(less, np.where(here, 0, -1))[0]))
            cells.append(f"{np.mean(calls):.1f}")
        yield row(f"`{name}`", *cells)


def power(folder: Path) -> Iterator[str]:
    """A row per set: known markers that are called from few spots."""
    for name, column in KNOWN.items():
        counts, generator = every_count(folder, name), np.random.default_rng(0)
        labels = ad.read_h5ad(folder / f"{name}.h5ad").obs[column].astype(str).to_numpy()
        cells = []
        for size in SIZES[1:]:
            new = ranks = of = 0
            for group in sorted(set(labels) - {"nan"}):
                here = labels == group
                if here.sum() < ENOUGH * size:
                    continue
                known, is_spot = markers(counts, here), ~here & (labels != "nan")
                is_spot[generator.choice(np.flatnonzero(here), size, replace=False)] = True
                of += len(known)
                some, side = counts[is_spot], here[is_spot]
                new += len(known & called(by_draws(some, np.where(side, 0, -1))[0]))
                ranks += len(known & called(by_even_ranks(some, side)))
            cells.append(f"{new} ({ranks}) of {of}")
        yield row(f"`{name}`", *cells)


def every_count(folder: Path, name: str) -> sp.csr_matrix:
    """Counts of all genes that have any."""
    counts = sp.csr_matrix(ad.read_h5ad(folder / f"{name}.h5ad").X, dtype=np.float32)
    return counts[:, counts.getnnz(axis=0) > 0]


def member(counts: sp.csr_matrix, spots: np.ndarray) -> np.ndarray:
    """Whether each spot is one of these."""
    return np.isin(np.arange(counts.shape[0]), spots)


def by_draws(counts: sp.csr_matrix, groups: np.ndarray) -> np.ndarray:
    """As the program tests, (n_groups, n_genes)."""
    return drain(draw_steps(counts, groups)).p


def by_ranks(counts: sp.csr_matrix, groups: np.ndarray) -> np.ndarray:
    """Wilcoxon's test of log-normalised counts, its normal approximation."""
    logged = log_normalise(counts, size_factors(counts))
    return drain(contrast_steps(logged, groups, "wilcoxon")).p


def by_even_ranks(counts: sp.csr_matrix, here: np.ndarray) -> np.ndarray:
    """The same, of counts thinned to one depth where depths differ by a fifth or more."""
    low, high = sorted(np.median(counts.sum(axis=1).A1[side]) for side in (here, ~here))
    if high > UNEVEN * low:
        counts = with_even_depth(counts, here, np.random.default_rng(0))
    return by_ranks(counts, np.where(here, 0, -1))[0]


def markers(counts: sp.csr_matrix, here: np.ndarray) -> set[int]:
    """Genes that are most surely higher in all spots of a group."""
    p = by_even_ranks(counts, here)
    level = log_normalise(counts, size_factors(counts))
    higher = level[here].mean(axis=0).A1 > level[~here].mean(axis=0).A1
    order = np.argsort(np.where(higher, p, 1.0), kind="stable")[:N_MARKERS]
    return {int(gene) for gene in order if higher[gene] and p[gene] < 1e-6}


def called(p: np.ndarray) -> set[int]:
    """Genes with an adjusted p below the level."""
    return set(np.flatnonzero(false_discovery_control(p) < SIGNIFICANT).tolist())


def n_called(p: np.ndarray) -> int:
    """How many these are."""
    return len(called(p))


def read(folder: Path, name: str) -> ad.AnnData:
    """Counts of the panel's genes, and cell types."""
    whole = ad.read_h5ad(folder / f"{name}.h5ad")
    if name == "kang_stim":
        whole = whole[whole.obs["condition"] == "control"]
    panel = folder / "panels" / f"{name}.txt"
    if panel.exists():
        whole = whole[:, panel.read_text().splitlines()]
    counts = sp.csr_matrix(whole.X, dtype=np.float32)
    return ad.AnnData(counts, obs=whole.obs[["cell_type"]], var=whole.var[[]])


def repeated(
    measure: Callable[[ad.AnnData, int], dict[str, float]], cells: ad.AnnData, n: int
) -> Shares:
    """Shares by way, one for each repeat."""
    found = [measure(cells, seed) for seed in range(n)]
    return {way: [one[way] for one in found] for way in WAYS}


def split(cells: ad.AnnData, seed: int) -> dict[str, float]:
    """Share of genes that differ between random halves of the largest type."""
    if keys.imputed("pca") not in cells.layers:
        impute(cells)
    one = cells[cells.obs["cell_type"] == largest_types(cells)[0]].copy()
    halves = np.random.default_rng(seed).permutation(np.arange(one.n_obs) % 2)
    one.obs["group"] = halves.astype(str)
    return tested(one, "0", "1", np.arange(one.n_vars))


def dealt(cells: ad.AnnData, seed: int) -> dict[str, float]:
    """Share of genes without a difference that differ between the two largest types."""
    generator = np.random.default_rng(seed)
    genes = generator.permutation(cells.n_vars)[: round(DEALT * cells.n_vars)]
    changed = ad.AnnData(without_pattern(cells.X, genes, generator), obs=cells.obs, var=cells.var)
    changed.obs["group"] = changed.obs["cell_type"].astype(str)
    impute(changed)
    one, other = largest_types(cells)
    return tested(changed, one, other, genes)


def impute(cells: ad.AnnData) -> None:
    """Add what two models make of all cells."""
    for model in (PCADenoiser(), NeighbourMean()):
        cells.layers[keys.imputed(model.name)] = model.fit(cells).impute(cells)


def largest_types(cells: ad.AnnData) -> tuple[str, str]:
    """Names of the two cell types with the most cells."""
    first, second = cells.obs["cell_type"].value_counts().index[:2]
    return str(first), str(second)


def tested(cells: ad.AnnData, group: str, other: str, genes: np.ndarray) -> dict[str, float]:
    """Share of the genes with p < 0.05, by way of testing."""
    compared = cells.X[cells.obs["group"].isin([group, other]).to_numpy()]
    often = compared.getnnz(axis=0) >= SEEN * compared.shape[0]
    names = cells.var_names[[g for g in genes if often[g]]]
    shares = {}
    for way, settings in WAYS.items():
        table = differential_expression(cells, "group", group, reference=other, **settings)  # type: ignore[arg-type]
        shares[way] = float((table.loc[names, "p"] < SIGNIFICANT).mean())
    return shares


def line(name: str, shares: Shares) -> str:
    """One row of a table, in percent."""
    cells = []
    for way in WAYS:
        values = 100 * np.array(shares[way])
        cells.append(f"{values.mean():.1f} ± {values.std(ddof=1):.1f} (≤ {values.max():.1f})")
    return row(f"`{name}`", *cells)


def row(*cells: str) -> str:
    """Cells of a table in Markdown."""
    return "| " + " | ".join(cells) + " |"


def table(title: str, head: list[str], lines: list[str]) -> str:
    """Markdown under a title."""
    return "\n".join([f"{title}:", "", row(*head), "|---" * len(head) + "|", *lines, ""])


if __name__ == "__main__":
    main()
