"""The parts of a search's score against independent computations."""

from __future__ import annotations

from dataclasses import replace
from itertools import combinations

import igraph
import numpy as np
import pytest
import scipy.sparse as sp
from anndata import AnnData
from scipy.spatial.distance import cdist

from napari_stimpute.errors import Diverged, TooSmall
from napari_stimpute.tune.score import (
    Fitted,
    Ground,
    Labels,
    agreement,
    measures_of,
    modularity,
    silhouette,
)

from ..simulated import simulate_section


@pytest.fixture
def random() -> np.random.Generator:
    return np.random.default_rng(0)


def fitted(molecules: float, apart: float, clusters: list[int]) -> Fitted:
    return Fitted(molecules, apart, 0.5, np.array(clusters), 1.0)


def test_silhouette_is_the_mean_over_spots_of_b_minus_a_by_cosine_distance(
    random: np.random.Generator,
) -> None:
    places, groups = random.normal(size=(40, 5)), random.integers(3, size=40)
    distance = cdist(places, places, "cosine")
    values = []
    for i in range(40):
        others = [distance[i, groups == g].mean() for g in set(groups) - {groups[i]}]
        own = distance[i, (groups == groups[i]) & (np.arange(40) != i)].mean()
        values.append((min(others) - own) / max(min(others), own))
    assert silhouette(places, groups, np.arange(40)) == pytest.approx(np.mean(values))


def test_one_cluster_alone_has_no_structure(random: np.random.Generator) -> None:
    alone = np.zeros(20, dtype=int)
    assert silhouette(random.normal(size=(20, 3)), alone, np.arange(20)) == 0
    assert agreement(alone, alone) == 0


def test_an_embedding_that_is_not_finite_has_diverged(random: np.random.Generator) -> None:
    places = random.normal(size=(20, 3))
    places[3, 1] = np.nan
    with pytest.raises(Diverged):
        silhouette(places, np.arange(20) % 2, np.arange(20))


def test_modularity_is_that_of_igraph(random: np.random.Generator) -> None:
    upper = np.triu(random.random((30, 30)) < 0.2, 1)
    groups = random.integers(4, size=30)
    graph = igraph.Graph.Adjacency((upper | upper.T).tolist(), mode="undirected")
    found = modularity(sp.csr_matrix((upper | upper.T).astype(np.float32)), groups * 7)
    assert found == pytest.approx(graph.modularity(groups.tolist()), abs=1e-6)


def test_agreement_is_the_adjusted_rand_index(random: np.random.Generator) -> None:
    a, b = random.integers(3, size=25), random.integers(4, size=25)
    pairs = list(combinations(range(25), 2))
    in_a = np.array([a[i] == a[j] for i, j in pairs])
    in_b = np.array([b[i] == b[j] for i, j in pairs])
    chance = in_a.sum() * in_b.sum() / len(pairs)
    rand = ((in_a & in_b).sum() - chance) / ((in_a.sum() + in_b.sum()) / 2 - chance)
    assert agreement(a, b) == pytest.approx(rand)
    assert agreement(a, (a + 1) % 3) == 1


def test_score_is_molecules_and_half_of_silhouette_and_half_of_stability() -> None:
    same, other = [0, 0, 1, 1], [0, 1, 0, 1]
    fits = [fitted(0.1, 0.4, same), fitted(0.2, 0.2, same), fitted(0.3, 0.0, other)]
    found = measures_of(fits)
    crossed = -0.5  # adjusted Rand index of two pairs laid across
    stability = (1 + crossed + crossed) / 3
    assert found.stability == pytest.approx(stability)
    assert found.score == pytest.approx(0.2 + 0.5 * 0.2 + 0.5 * stability)
    each = [0.1 + 0.2 + 0.5 * 0.25, 0.2 + 0.1 + 0.5 * 0.25, 0.3 + 0.5 * crossed]
    assert found.spread == pytest.approx(np.std(each, ddof=1))
    assert (found.n_clusters, found.n_fits, found.seconds) == (2, 3, 3)


def test_labels_change_nothing_but_what_is_reported_of_them() -> None:
    fits = [fitted(0.1, 0.4, [0, 0, 1, 1]), fitted(0.2, 0.2, [0, 1, 1, 1])]
    labelled = measures_of(fits, Labels("layer", np.array([0, 0, 1, -1])))
    assert labelled.labels is not None and labelled.labels_column == "layer"
    assert replace(labelled, labels=None, labels_column="") == measures_of(fits)


def test_a_model_without_clusters_is_scored_by_molecules_alone() -> None:
    fits = [Fitted(m, None, None, None, 1.0) for m in (0.1, 0.2, 0.3)]
    found = measures_of(fits, Labels("layer", np.array([0, 1])))
    assert found.score == pytest.approx(0.2)
    assert found.silhouette is found.stability is found.labels is found.n_clusters is None


def test_kept_and_hidden_molecules_are_all_molecules() -> None:
    section = simulate_section(n_rows=15, n_genes=100)
    ground, again = Ground.of(section, 3), Ground.of(section, 3)
    assert (ground.kept.X + ground.hidden != section.X).nnz == 0
    assert ground.hidden.sum() / section.X.sum() == pytest.approx(0.1, abs=0.02)
    assert (ground.hidden != again.hidden).nnz == 0
    assert (ground.graph != ground.graph.T).nnz == 0 and ground.graph.diagonal().sum() == 0


def test_a_single_molecule_cannot_be_kept_and_hidden() -> None:
    counts = sp.csr_matrix(([1.0], ([3], [2])), shape=(10, 5), dtype=np.float32)
    with pytest.raises(TooSmall):
        Ground.of(AnnData(counts), 0)
