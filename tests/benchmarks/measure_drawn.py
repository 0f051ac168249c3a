"""Domains from mixtures of drawn spots, held against those from mixtures of all of them.

    python tests/benchmarks/measure_drawn.py --data FOLDER --out TABLE.md [--seeds 3]
        [--sets breast_xenium,dlpfc_151673,simulated] [--domains 4,8]

Of two public sections half of the spots are drawn; of 60,000 simulated ones, 20,000. Domains are
looked for among principal components of the counts alone, as after a training, and without one.
Per set and number of domains: adjusted Rand index of drawn against all with the same seed, and, as
a yardstick, of all with one seed against all with another; median (lowest) over the seeds. Then
what each map explains of hidden molecules beyond gene mean × depth, in 1/1000 nat per molecule.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import anndata as ad
import numpy as np
from sklearn.metrics import adjusted_rand_score

from napari_stimpute.data.counts import counts_of
from napari_stimpute.data.genes import working_adata
from napari_stimpute.data.graph import spatial_coordinates, spatial_graph
from napari_stimpute.data.propagation import InputTransform
from napari_stimpute.data.simulate import simulate_tissue
from napari_stimpute.models.gmm_vgae import domains
from napari_stimpute.models.gmm_vgae.domain_views import INPUT, PER_10K, Views
from napari_stimpute.models.training import Split

SIMULATED = "simulated"
HOPS = (1, 2, 3)


def main() -> None:
    """Print the table while it grows, and write it."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--sets", default=f"breast_xenium,dlpfc_151673,{SIMULATED}")
    parser.add_argument("--domains", default="4,8")
    options = parser.parse_args()
    heads = ["set", "spots", "drawn", "domains", "drawn and all", "all, two seeds"]
    heads += ["all explain", "drawn explain"]
    lines = ["| " + " | ".join(heads) + " |", "|---" + "|---:" * (len(heads) - 1) + "|"]
    for name in options.sets.split(","):
        section = Section(name, options.data)
        for k in map(int, options.domains.split(",")):
            lines.append(section.row(k, options.seeds))
            print(lines[-1], flush=True)
    options.out.write_text("\n".join(lines) + "\n", encoding="utf-8")


class Section:
    """One set: two views of its spots, their neighbours, and molecules that judge."""

    def __init__(self, name: str, folder: Path) -> None:
        if name == SIMULATED:
            adata = simulate_tissue(60_000, 500, seed=0)
        else:
            adata, _ = working_adata(ad.read_h5ad(folder / f"{name}.h5ad"))
        self.name, self.n = name, adata.n_obs
        self.n_drawn = min(20_000, self.n // 2)
        self.split = Split.of(counts_of(adata), 0.1, 0)
        kept, size = self.split.kept, self.split.size
        scores = InputTransform.fit(kept, size, 20, 0).scores(kept, size)
        self.views = {INPUT: scores, PER_10K: Views.fit(kept, 0).per_10k_of(kept)}
        self.graph = spatial_graph(spatial_coordinates(adata))

    def row(self, k: int, n_seeds: int) -> str:
        """A line of the table for k domains."""
        every = [self.map(k, seed, self.n) for seed in range(n_seeds)]
        drawn = [self.map(k, seed, self.n_drawn) for seed in range(n_seeds)]
        same = [agreement(a, b) for a, b in zip(every, drawn, strict=True)]
        others = [agreement(every[i], every[i - 1]) for i in range(n_seeds)]
        told = [f"{np.median(found):.2f} ({min(found):.2f})" for found in (same, others)]
        gains = [f"{1000 * np.median([self.gain(m) for m in maps]):.1f}" for maps in (every, drawn)]
        cells = [self.name, f"{self.n:,}", f"{self.n_drawn:,}", str(k), *told, *gains]
        return "| " + " | ".join(cells) + " |"

    def map(self, k: int, seed: int, most: int) -> np.ndarray:
        """Membership (n, k) of all spots, from mixtures of at most so many of them."""
        domains.MOST_FITTED = most
        search, split = domains.DomainSearch(HOPS), self.split
        found, _ = domains.find_domains(
            self.views, self.graph, k, search, seed, split.kept, split.hidden
        )
        return found.probabilities(self.views, self.graph)

    def gain(self, probabilities: np.ndarray) -> float:
        """How much of the hidden molecules a map explains, nats per molecule."""
        return domains.molecules_explained(probabilities, self.split.kept, self.split.hidden)


def agreement(one: np.ndarray, other: np.ndarray) -> float:
    """Adjusted Rand index of two maps."""
    return float(adjusted_rand_score(one.argmax(axis=1), other.argmax(axis=1)))


if __name__ == "__main__":
    main()
