"""Every AnnData key that is read or written, in one place."""

from __future__ import annotations

SPATIAL = "spatial"
"""``obsm`` coordinates and ``uns`` image, in the squidpy layout."""

UNS = "stimpute"
"""``uns[UNS][key]`` holds one JSON `RunRecord` per run."""

RAW_BEFORE = "raw_before_stimpute"
"""``obsm`` place (with gene names in ``uns``) for a ``raw`` that differs from the counts."""

X_BEFORE = "X_before_stimpute"
"""``layers`` or ``obsm`` place for an ``X`` that did not hold the counts."""


def imputed(key: str) -> str:
    """Layer of expected counts, each spot at its own depth."""
    return f"{key}_imputed"


def embedding(key: str) -> str:
    """``obsm`` place of the latent means, (n_obs, n_latent)."""
    return f"X_{key}"


def cluster(key: str) -> str:
    """``obs`` column of the clusters (spatial domains), categorical."""
    return f"{key}_cluster"


def cluster_probability(key: str) -> str:
    """``obsm`` place of the membership probabilities, (n_obs, n_clusters)."""
    return f"{key}_cluster_probability"


def colors(column: str) -> str:
    """``uns`` place of a palette, one colour per category (scanpy's habit)."""
    return f"{column}_colors"
