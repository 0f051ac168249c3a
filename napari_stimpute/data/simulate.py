"""Simulated tissue and cells with known truth: small enough to ship, honest enough to judge by.

`simulate_section` is a Visium-like section with an H&E-like image, `simulate_cells` dissociated
cells with types, batches and a stimulation, `simulate_tissue` a section of any size for timing.

The first two draw counts in the same way. Expected counts are depth · 2^(level + programs ·
effects), rounded to 16 steps per doubling so that the truth is exact and yet fits a small file.
Counts are negative binomial around them; then single entries are lost with a known probability,
most often where little is expected, and flagged. No random state is shared: everything follows
from `seed`.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
import scipy.sparse as sp
from anndata import AnnData
from numpy.typing import NDArray
from scipy import ndimage

from .. import keys
from ..errors import InvalidSetting
from .render import TissuePlan, draw_plan, render_section, smooth_noise

Array = NDArray[np.float64]

TRUE_RATE = "true_rate"
"""Layer of expected counts at each cell's own depth, before any entry was lost."""
TECHNICAL_ZERO = "technical_zero"
"""Layer that is 1 where molecules were there and were lost, 0 elsewhere."""
LIBRARY = "simulated_section"
"""Name of the section in ``uns["spatial"]``."""
PALETTE = (
    "#56b4e9",
    "#009e73",
    "#f0e442",
    "#0072b2",
    "#e69f00",
    "#d55e00",
    "#000000",
    "#cc79a7",
)
"""Eight colours that colour-blind readers can tell apart, also on pink (Okabe and Ito, 2008)."""

_FULLRES_PER_PIXEL = 12.5
_SPOT_SHARE = 0.55
"""Diameter of a spot as a share of the distance between spots (Visium: 55 of 100 µm)."""
_LOSS_SCALE = 4.0
"""Expected counts at which the probability of a loss has fallen to 37 %."""
_LEVEL = {"Ubiquitous": 4.0, "Flat": 0.0}
"""Log2 expected counts of the first gene of a kind; -1.3 for every other kind."""


def simulate_section(
    *, seed: int = 0, n_rows: int = 44, n_domains: int = 6, n_genes: int = 500, dropout: float = 0.3
) -> AnnData:
    """Simulate a Visium-like tissue section with its image, domains and known expression.

    Parameters
    ----------
    seed : everything follows from it
    n_rows : rows of spots from the top to the bottom of the image, 15 to 120
    n_domains : layers of tissue plus one round nest, 3 to 8
    n_genes : at least 100; `var["program"]` says what each gene follows
    dropout : largest probability that an entry is lost, 0 to 1

    Returns
    -------
    Counts in X; layers `TRUE_RATE` and `TECHNICAL_ZERO`; `obsm["spatial"]` in full-resolution
    pixels; `obs` domain, scattered (spots with a cell type that ignores space) and true_depth;
    image and scale factors in ``uns["spatial"]``. Raises InvalidSetting for a number out of range.
    """
    _require(n_rows=(n_rows, 15, 120), n_domains=(n_domains, 3, len(PALETTE)))
    _require(n_genes=(n_genes, 100, 100_000), dropout=(dropout, 0, 1))
    rng = np.random.default_rng(seed)
    plan = draw_plan(rng, n_domains=n_domains)
    names = [f"Layer {k}" for k in range(1, n_domains)] + ["Nest"]
    obs, pixels, pitch = _spots_on(plan, n_rows, names)
    programs = _section_programs(rng, plan, pixels, pitch)
    obs["scattered"] = programs["Scattered"].to_numpy() > 0
    obs["true_depth"] = _depths(rng, len(obs), spread=0.35)
    shares = dict.fromkeys(programs.columns[:n_domains], 0.3 / n_domains)
    shares |= {"Gradient": 0.14, "Scattered": 0.08, "Rare": 0.04, "Ubiquitous": 0.05}
    genes = _gene_table(rng, shares, n_genes)
    effects = _program_effects(rng, genes, list(programs.columns))
    adata = _with_counts(rng, obs, genes, programs.to_numpy() @ effects, dropout)
    adata.obsm[keys.SPATIAL] = pixels * _FULLRES_PER_PIXEL
    adata.uns[keys.SPATIAL] = {LIBRARY: _slide(render_section(rng, plan), pitch)}
    adata.uns[keys.colors("domain")] = list(PALETTE[:n_domains])
    adata.uns["simulation"] = {"function": "simulate_section", "seed": seed, "dropout": dropout}
    return adata


def simulate_cells(
    *, seed: int = 0, n_cells: int = 800, n_genes: int = 300, dropout: float = 0.3
) -> AnnData:
    """Simulate dissociated cells of five types in two batches, at rest and stimulated.

    Parameters
    ----------
    seed : everything follows from it
    n_cells : at least 50; the types hold 36, 27, 20, 12 and 5 % of them
    n_genes : at least 100; `var["program"]` says what each gene follows
    dropout : largest probability that an entry is lost, 0 to 1

    Returns
    -------
    Counts in X; layers `TRUE_RATE` and `TECHNICAL_ZERO`; `obs` cell_type, batch, condition and
    true_depth; `varm` true_response (genes, types) and true_batch_effect (genes, batches), log2
    fold changes that are part of the true rate. Raises InvalidSetting for a number out of range.
    """
    _require(n_cells=(n_cells, 50, 1_000_000), n_genes=(n_genes, 100, 100_000))
    _require(dropout=(dropout, 0, 1))
    rng = np.random.default_rng(seed)
    obs = _cell_labels(rng, n_cells)
    kind, batch = (pd.get_dummies(obs[c]).astype(float) for c in ("cell_type", "batch"))
    types = [t.replace(" ", "") for t in kind.columns]
    shares = dict.fromkeys(types, 0.07) | {"Response": 0.16, "Ubiquitous": 0.06}
    genes = _gene_table(rng, shares, n_genes)
    response = _response_effects(rng, genes, len(types))
    batch_effect = rng.normal(0, 0.5, (2, n_genes))
    log2_change = kind.to_numpy() @ _program_effects(rng, genes, types)
    log2_change += batch.to_numpy() @ batch_effect
    log2_change += (kind.to_numpy() * (obs[["condition"]] == "stimulated").to_numpy()) @ response
    obs["true_depth"] = _depths(rng, n_cells, spread=0.45) * np.where(batch.iloc[:, 0], 1.0, 0.7)
    adata = _with_counts(rng, obs, genes, log2_change, dropout)
    adata.varm["true_response"] = response.T.astype(np.float32)
    adata.varm["true_batch_effect"] = batch_effect.T.astype(np.float32)
    adata.uns[keys.colors("cell_type")] = list(PALETTE[: len(types)])
    adata.uns["simulation"] = {"function": "simulate_cells", "seed": seed, "dropout": dropout}
    return adata


def simulate_tissue(
    n_spots: int, n_genes: int, *, seed: int = 0, n_domains: int = 8, molecules: float = 300.0
) -> AnnData:
    """Simulate a tissue of any size for timing: a hexagonal grid, smooth domains, no image.

    Parameters
    ----------
    n_spots, n_genes : size; genes at most 65,536
    seed : everything follows from it
    n_domains : signatures that a spot mixes in smoothly varying shares; its domain is the largest
    molecules : median counts per spot; memory grows with them, never with spots × genes

    Returns
    -------
    CSR counts in X, `obs["domain"]`, `obsm["spatial"]` in units of the spot distance, and the
    truth: ``obsm["true_shares"]`` (spots, domains) and ``varm["true_signatures"]`` (genes,
    domains; columns sum to 1). Raises InvalidSetting for a number out of range.
    """
    _require(n_spots=(n_spots, 1, 50_000_000), n_genes=(n_genes, 1, 65_536))
    _require(n_domains=(n_domains, 1, 1_000), molecules=(molecules, 1, 1_000_000))
    rng = np.random.default_rng(seed)
    coordinates = _hexagonal_grid(n_spots)
    shares = _smooth_shares(rng, coordinates, n_domains)
    is_marker = rng.random((n_genes, n_domains)) < 0.08
    signatures = rng.lognormal(0, 1.3, (n_genes, 1)) * np.where(is_marker, 8.0, 1.0)
    signatures /= signatures.sum(axis=0)
    totals = rng.poisson(molecules * _depths(rng, n_spots, spread=0.4))
    obs = pd.DataFrame(index=[f"spot_{i}" for i in range(n_spots)])
    obs["domain"] = pd.Categorical(shares.argmax(axis=1).astype(str))
    var = pd.DataFrame(index=[f"Gene{i:05d}" for i in range(1, n_genes + 1)])
    adata = AnnData(X=_count_molecules(rng, totals, shares, signatures), obs=obs, var=var)
    adata.obsm[keys.SPATIAL] = coordinates
    adata.obsm["true_shares"] = shares.astype(np.float32)
    adata.varm["true_signatures"] = signatures.astype(np.float32)
    return adata


def loss_probability(rate: Array, dropout: float) -> Array:
    """Probability that an entry is lost: `dropout` where nothing is expected, falling with `rate`.

    Parameters
    ----------
    rate : expected counts, any shape
    dropout : largest probability, 0 to 1
    """
    return dropout * np.exp(-rate / _LOSS_SCALE)


def _require(**ranges: tuple[float, float, float]) -> None:
    """Raise InvalidSetting for the first setting (value, low, high) outside its range."""
    for field, (value, low, high) in ranges.items():
        if not low <= value <= high:
            raise InvalidSetting(
                field=field,
                expected=f"between {low:,} and {high:,}",
                found=f"{value:,}",
                remedy="Choose a number in that range.",
            )


def _spots_on(plan: TissuePlan, n_rows: int, names: list[str]) -> tuple[pd.DataFrame, Array, float]:
    """Visium grid cut to the tissue: obs, (spots, 2) x and y in image pixels, pitch in pixels."""
    height, width = plan.domain.shape
    row_step = height / (n_rows + 1)
    pitch = row_step * 2 / np.sqrt(3)
    rows, columns = np.mgrid[0:n_rows, 0 : 2 * int(width / pitch)].reshape(2, -1)
    x, y = (columns + 1) * pitch / 2, (rows + 1) * row_step
    room = ndimage.distance_transform_edt(plan.tissue)[y.astype(int), x.astype(int)]
    keep = ((rows + columns) % 2 == 0) & (room > _SPOT_SHARE * pitch / 2 + 1)
    pixels = np.column_stack([x, y])[keep]
    domain = plan.domain[pixels[:, 1].astype(int), pixels[:, 0].astype(int)]
    obs = pd.DataFrame(index=[f"spot_{i:04d}" for i in range(1, len(pixels) + 1)])
    obs["in_tissue"] = 1
    obs["array_row"], obs["array_col"] = rows[keep], columns[keep]
    obs["domain"] = pd.Categorical(np.array(names)[domain], categories=names)
    return obs, pixels, pitch


def _slide(image: NDArray[np.uint8], pitch: float) -> dict[str, object]:
    """One library of ``uns["spatial"]``, in the squidpy layout."""
    spot = float(_SPOT_SHARE * pitch * _FULLRES_PER_PIXEL)
    factors = {
        "tissue_hires_scalef": 1 / _FULLRES_PER_PIXEL,
        "spot_diameter_fullres": spot,
        "fiducial_diameter_fullres": 1.5 * spot,
    }
    return {"images": {"hires": image}, "scalefactors": factors, "metadata": {"simulated": 1}}


def _section_programs(
    rng: np.random.Generator, plan: TissuePlan, pixels: Array, pitch: float
) -> pd.DataFrame:
    """How strongly each program is on in each spot, (spots, programs).

    Domains blend over half a spot distance at their borders; gradients run from -1 to 1.
    """
    n_domains = int(plan.domain.max()) + 1
    at = pixels.T[::-1]
    near = [ndimage.gaussian_filter((plan.domain == k) * 1.0, pitch / 2) for k in range(n_domains)]
    share = np.stack([ndimage.map_coordinates(field, at, order=1) for field in near])
    names = [f"Layer{k}" for k in range(1, n_domains)] + ["Nest"]
    programs = pd.DataFrame((share / share.sum(axis=0)).T, columns=names)
    patches = smooth_noise(rng, plan.domain.shape, 60)
    for number, field in enumerate((plan.arc, 1 - 2 * plan.depth, patches / 2), start=1):
        programs[f"Gradient{number}"] = ndimage.map_coordinates(field, at, order=1)
    programs["Scattered"] = (rng.random(len(pixels)) < 0.15) * 1.0
    programs["Rare"] = (rng.random(len(pixels)) < 0.03) * 1.0
    return programs


def _gene_table(rng: np.random.Generator, shares: dict[str, float], n_genes: int) -> pd.DataFrame:
    """What each gene follows (`program`), its log2 level and its inverse dispersion.

    Every kind has a bright gene "Kind_a" and a sparse one "Kind_b"; the rest have numbers.
    """
    kinds = [*shares, "Flat"]
    others = [kind for kind, share in shares.items() for _ in range(round(share * n_genes) - 2)]
    others += ["Flat"] * (n_genes - 2 * len(kinds) - len(others))
    program = [kind for kind in kinds for _ in "ab"] + list(rng.permutation(others))
    named = [f"{kind}_{letter}" for kind in kinds for letter in "ab"]
    names = named + [f"Gene{i:03d}" for i in range(1, len(others) + 1)]
    first = np.array([_LEVEL.get(kind, -1.3) for kind in program])
    below = np.append(np.tile([0.0, 1.8], len(kinds)), rng.normal(2.6, 2.5, len(others)))
    genes = pd.DataFrame({"program": pd.Categorical(program)}, index=names)
    genes["true_log2_level"] = np.round(first - below, 3)
    genes["true_theta"] = np.round(rng.lognormal(np.log(8), 0.5, n_genes), 2)
    return genes


def _program_effects(rng: np.random.Generator, genes: pd.DataFrame, programs: list[str]) -> Array:
    """Log2 fold change of each gene when a program is fully on, (programs, genes).

    Markers of a domain or type also differ a little between the others; a gene of kind "Gradient"
    follows one of the gradients, up or down.
    """
    gradients = [i for i, name in enumerate(programs) if name.startswith("Gradient")]
    elsewhere = ("Gradient", "Scattered", "Rare")
    domains = [i for i, name in enumerate(programs) if not name.startswith(elsewhere)]
    effects = np.zeros((len(programs), len(genes)))
    for gene, kind in enumerate(genes["program"]):
        strength = rng.uniform(2.0, 3.6)
        if kind == "Gradient":
            effects[gradients[gene % len(gradients)], gene] = rng.choice([-0.7, 0.7]) * strength
        elif kind in programs:
            own = programs.index(kind)
            effects[domains, gene] = rng.normal(0, 0.3, len(domains)) * (own in domains)
            effects[own, gene] = strength
    return effects


def _cell_labels(rng: np.random.Generator, n_cells: int) -> pd.DataFrame:
    """Type, batch and condition of every cell; the second batch has fewer stimulated cells."""
    obs = pd.DataFrame(index=[f"cell_{i:04d}" for i in range(1, n_cells + 1)])
    types = [f"Type {letter}" for letter in "ABCDE"]
    sizes = np.round(np.cumsum([0.36, 0.27, 0.20, 0.12, 0.05]) * n_cells)
    kind = rng.permutation(np.searchsorted(sizes, np.arange(n_cells), side="right"))
    obs["cell_type"] = pd.Categorical(np.array(types)[kind], categories=types)
    is_second = rng.random(n_cells) < 0.4
    obs["batch"] = pd.Categorical(np.where(is_second, "batch 2", "batch 1"))
    is_stimulated = rng.random(n_cells) < np.where(is_second, 0.4, 0.55)
    obs["condition"] = pd.Categorical(np.where(is_stimulated, "stimulated", "control"))
    return obs


def _response_effects(rng: np.random.Generator, genes: pd.DataFrame, n_types: int) -> Array:
    """Log2 fold change under stimulation, (types, genes).

    Every second gene of kind "Response" answers in all types, the others in one; "Response_a" is
    of the first sort and "Response_b", up in the first type only, of the second.
    """
    effects = np.zeros((n_types, len(genes)))
    places = np.flatnonzero(genes["program"] == "Response")
    for order, place in enumerate(places):
        strength = rng.uniform(1.5, 3.2) * (1 if order < 2 or rng.random() < 0.8 else -1)
        affected = slice(None) if order % 2 == 0 else (order // 2) % n_types
        effects[affected, place] = strength
    return effects


def _depths(rng: np.random.Generator, n_obs: int, spread: float) -> Array:
    """Relative sequencing depths, log-normal with median 1."""
    return np.round(rng.lognormal(0, spread, n_obs), 4)


def _with_counts(
    rng: np.random.Generator,
    obs: pd.DataFrame,
    genes: pd.DataFrame,
    log2_change: Array,
    dropout: float,
) -> AnnData:
    """Draw counts around depth · 2^(level + change), lose some entries, keep the truth."""
    depth = obs["true_depth"].to_numpy()[:, None]
    mantissa, exponent = np.frexp(depth * 2 ** (genes["true_log2_level"].to_numpy() + log2_change))
    rate = np.ldexp(np.round(mantissa * 32) / 32, exponent)
    theta = genes["true_theta"].to_numpy()
    drawn = rng.poisson(rng.gamma(theta, rate / theta))
    is_lost = rng.random(rate.shape) < loss_probability(rate, dropout)
    counts = sp.csr_matrix(np.where(is_lost, 0, drawn).astype(np.float32))
    adata = AnnData(X=counts, obs=obs, var=genes)
    adata.layers[TRUE_RATE] = rate.astype(np.float32)
    adata.layers[TECHNICAL_ZERO] = sp.csr_matrix((is_lost & (drawn > 0)).astype(np.uint8))
    return adata


def _hexagonal_grid(n_spots: int) -> Array:
    """The first `n_spots` places of a square patch of hexagonal grid, (n_spots, 2), distance 1."""
    side = int(np.ceil(np.sqrt(n_spots)))
    row, column = np.divmod(np.arange(n_spots), side)
    return np.column_stack([column + 0.5 * (row % 2), row * np.sqrt(3) / 2])


def _smooth_shares(rng: np.random.Generator, coordinates: Array, n_domains: int) -> Array:
    """Shares of the signatures, (spots, domains), from three slow waves each; rows sum to 1."""
    side = max(1.0, float(coordinates.max()))
    fields = np.zeros((len(coordinates), n_domains))
    for _ in range(3):
        waves = rng.normal(0, 2 * np.pi * 1.2 / side, (2, n_domains))
        fields += np.cos(coordinates @ waves + rng.uniform(0, 2 * np.pi, n_domains))
    weights = np.exp(3 * fields)
    shares: Array = weights / weights.sum(axis=1, keepdims=True)
    return shares


def _count_molecules(
    rng: np.random.Generator, totals: NDArray[np.int64], shares: Array, signatures: Array
) -> sp.csr_matrix:
    """Draw each molecule's signature and gene, and count them: CSR (spots, genes), float32.

    A block of spots at a time. Genes come from a table of 65,536 quantiles per signature, which
    is quicker than a search and rounds their shares to as much.
    """
    quantiles = (np.arange(65_536) + 0.5) / 65_536
    tables = np.stack([np.searchsorted(np.cumsum(s), quantiles) for s in signatures.T])
    tables = np.minimum(tables, len(signatures) - 1).astype(np.int32)
    blocks = []
    for rows in np.array_split(np.arange(len(totals)), max(1, len(totals) // 20_000)):
        per_signature = rng.multinomial(totals[rows], shares[rows])
        signature = np.repeat(np.tile(np.arange(shares.shape[1]), len(rows)), per_signature.ravel())
        gene = tables[signature, rng.integers(0, 65_536, len(signature), dtype=np.uint16)]
        ends = np.append(0, np.cumsum(totals[rows]))
        shape = (len(rows), len(signatures))
        block = sp.csr_matrix((np.ones(len(gene), np.float32), gene, ends), shape=shape)
        block.sum_duplicates()
        blocks.append(block)
    counts: sp.csr_matrix = sp.vstack(blocks, format="csr")
    return counts
