"""Every AnnData key that is read or written, in one place.

What runs write, each under its key, which is the model's name unless another is given:

| place | holds |
|---|---|
| `layers["gmm_vgae_imputed"]` | spots × modelled genes, expected counts at the spot's own depth |
| `layers["scziva_fill_probability"]` | by `mode="fill"`: how likely each filled zero is technical |
| `layers["scdiffusion_denoised"]` | by `stimpute enhance`: expected counts, one step less noisy |
| `layers["scdiffusion_deeper"]` | the same: counts as if sequenced deeper, molecules drawn |
| `obsm["X_gmm_vgae"]` | spots × latent dimensions |
| `obs["gmm_vgae_cluster"]` | spatial domain or cluster, a category: "1", "2", … |
| `obsm["gmm_vgae_cluster_probability"]` | spots × clusters, probability |
| `obs["scamzi_cluster_stability"]` | how far other clusterings, or maps of half the genes, agree |
| `var["gmm_vgae_trust"]` | verdict on the gene, a category |
| `var["gmm_vgae_gain"]` | deviance explained beyond gene mean × depth, a share |
| `var["gmm_vgae_gain_error"]` | its standard error |
| `var["gmm_vgae_over_baseline"]` | the gain minus that of the best simple method |
| `var["gmm_vgae_hidden_molecules"]` | what the gene was judged on, in molecules |
| `varm["gmm_vgae_weights"]` | genes × parts of the blend, shares; the record names the parts |
| `var["scimta_community"]` | community of genes, a category |
| `varp["scimta_gene_graph"]` | network of genes as scIMTA rebuilt it, grades |
| `obsp["scimta_cell_graph"]` | network of cells as scIMTA rebuilt it, grades |
| `obsm["X_scimta_umap"]`, `obsm["X_scimta_pca"]` | a map of the run, or of `counts` |
| `obs["scimta_pseudotime"]` | order from the chosen beginning, 0 to 1; NaN if out of reach |
| `obs["scimta_community_1_activity"]` | activity of a community, mean z-score |
| `obs["scimta_type"]`, `obs["scimta_subtype"]` | names by marker lists, categories |
| `obs["…_transferred"]` | names from a reference, a category |
| `obs["…_transferred_probability"]` | how likely these are, probability |
| `obs["picked"]` | who was picked by hand, a category |
| `obs["regions"]` | in which region of a file each spot lies, a category |
| `uns["stimpute"]["gmm_vgae"]` | provenance, as JSON; times in seconds |
| `uns["stimpute_models"]["gmm_vgae"]` | by `--keep model`: model and weights that give values |
| `obs["synthetic"]` | whether a cell was generated or edited, and not measured |
| `uns["synthetic"]` | how these came about, as JSON |
| `layers["before_edit"]` | counts of edited cells as they came, molecules |
| `var["edit_change"]` | change of the mean log value by an edit, log(1 + molecules per 10,000) |
| `var["edit_trust"]` | verdict on this change, a category |
| `uns["stimpute_genes"]` | how the modelled genes were chosen, one sentence |
| `uns["stimpute_also"]` | names of the genes that are modelled whatever is chosen |
| `uns["stimpute_sections"]` | column that tells sections apart, where one was chosen |
| `X`, `raw` | counts of the modelled genes, of all genes; molecules |
| `layers["X_before_stimpute"]` | what `X` held before, where that was not the counts |
| `obsm["raw_before_stimpute"]` | what `raw` held before, where that was not the counts |

What a file held in one of these places before, and did not come from here, is moved to a free name.
"""

from __future__ import annotations

from collections.abc import Container

SPATIAL = "spatial"
"""``obsm`` coordinates and ``uns`` image, in the squidpy layout."""

SHOWN_PLACES = "X_spatial"
"""``obsm`` coordinates under the name by which viewers of embeddings find them; read only."""

PICKED = ("selected", "other")
"""Categories of an ``obs`` column in which spots that were picked by hand are kept."""

COUNTS, LOG = "counts", "log"
"""In place of a run's key: the counts as they are, and log-normalised."""

UNS = "stimpute"
"""``uns[UNS][key]`` holds one JSON `RunRecord` per run."""

MODELS = "stimpute_models"
"""``uns[MODELS][key]`` holds a run's model where its values were not kept."""

GENE_CHOICE = "stimpute_genes"
"""``uns`` place of a sentence on how the modelled genes were chosen."""

SYNTHETIC = "synthetic"
"""``obs`` column that is True for cells that were generated or edited; ``uns`` place of how."""

HYPOTHESIS = "in-silico hypothesis"
"""What every picture and file of such cells says of them."""

BEFORE_EDIT, EDIT_CHANGE = "before_edit", "edit_change"
"""Layer of the counts that edited cells had; ``var`` column of what became of them."""

ALSO = "stimpute_also"
"""``uns`` place of the names of genes that are modelled whatever is chosen."""

SECTIONS, ONE_SECTION = "stimpute_sections", "none"
"""``uns`` place of the column that was chosen to tell sections apart, or of the word for none."""

LIBRARY = "stimpute_library"
"""``uns`` place of the name of the library whose image was chosen to lie under a single section."""

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


def denoised(key: str) -> str:
    """Layer of expected counts after one small step of a denoiser."""
    return f"{key}_denoised"


def deeper(key: str) -> str:
    """Layer of counts to which likely molecules were drawn."""
    return f"{key}_deeper"


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


def cluster_stability(key: str) -> str:
    """``obs`` column: how far other clusterings agree on the cell's cluster, in (0, 1]."""
    return f"{key}_cluster_stability"


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
