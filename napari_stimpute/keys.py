"""Every AnnData key that is read or written, in one place."""

from __future__ import annotations

from collections.abc import Container

SPATIAL = "spatial"
"""``obsm`` coordinates and ``uns`` image, in the squidpy layout."""

PICKED = ("selected", "other")
"""Categories of an ``obs`` column in which spots that were picked by hand are kept."""

UNS = "stimpute"
"""``uns[UNS][key]`` holds one JSON `RunRecord` per run."""

RAW_BEFORE = "raw_before_stimpute"
"""``obsm`` place (with gene names in ``uns``) for a ``raw`` that differs from the counts."""

X_BEFORE = "X_before_stimpute"
"""``layers`` or ``obsm`` place for an ``X`` that did not hold the counts."""


def imputed(key: str) -> str:
    """Layer of expected counts, each spot at its own depth."""
    return f"{key}_imputed"


def fill_probability(key: str) -> str:
    """Layer of how likely each zero that was filled is technical; sparse, others are 0."""
    return f"{key}_fill_probability"


def embedding(key: str) -> str:
    """``obsm`` place of the latent means, (n_obs, n_latent)."""
    return f"X_{key}"


def space(key: str, kind: str) -> str:
    """``obsm`` place of a map of a run's spots, (n_obs, 2); the kind is "umap" or "pca"."""
    return f"X_{key}_{kind}"


def cluster(key: str) -> str:
    """``obs`` column of the clusters (spatial domains), categorical."""
    return f"{key}_cluster"


def cluster_probability(key: str) -> str:
    """``obsm`` place of the membership probabilities, (n_obs, n_clusters)."""
    return f"{key}_cluster_probability"


def colors(column: str) -> str:
    """``uns`` place of a palette, one colour per category (scanpy's habit)."""
    return f"{column}_colors"


def trust(key: str) -> str:
    """``var`` column of the verdicts, categorical."""
    return f"{key}_trust"


def gain(key: str) -> str:
    """``var`` column: share of the gene's deviance explained beyond gene mean × depth."""
    return f"{key}_gain"


def gain_error(key: str) -> str:
    """``var`` column: standard error of the gain."""
    return f"{key}_gain_error"


def over_baseline(key: str) -> str:
    """``var`` column: gain minus that of the best simple baseline."""
    return f"{key}_over_baseline"


def hidden(key: str) -> str:
    """``var`` column: hidden molecules that the gene was judged on."""
    return f"{key}_hidden_molecules"


def weights(key: str) -> str:
    """``varm`` place of the blend's weights, (n_vars, n_parts), rows sum to 1."""
    return f"{key}_weights"


def community(key: str) -> str:
    """``var`` column of the gene communities, categorical; missing for genes in none."""
    return f"{key}_community"


def gene_graph(key: str) -> str:
    """``varp`` place of the rebuilt gene network, (n_vars, n_vars) sparse, grades in (0, 1]."""
    return f"{key}_gene_graph"


def cell_graph(key: str) -> str:
    """``obsp`` place of the rebuilt cell graph, (n_obs, n_obs) sparse, grades in (0, 1]."""
    return f"{key}_cell_graph"


def free(name: str, taken: Container[str]) -> str:
    """The name itself, or the first of name_2, name_3, … that is not taken."""
    number, found = 1, name
    while found in taken:
        number += 1
        found = f"{name}_{number}"
    return found


def gene_facts(key: str) -> tuple[str, ...]:
    """Every ``var`` column of a run."""
    makers = (trust, gain, gain_error, over_baseline, hidden)
    return tuple(make(key) for make in makers)
