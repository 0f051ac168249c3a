"""GMM-VGAE: a graph variational autoencoder with a Gaussian-mixture prior, for tissue sections.

Paper: Bio_GMM_VGAE builds on the variational graph autoencoder (Kipf and Welling, 2016), the
Gaussian-mixture prior VaDE (Jiang et al., 2017) and its graph form R-GAE (Mrabah et al., 2022).
Use it for spots or cells with coordinates: expected counts of every gene (`impute`), a latent
embedding (`embed`) and spatial domains (`cluster`). Not for data without coordinates.

Where the equations are: negative binomial, `nn.likelihoods`; mixture prior and its divergence,
`nn.mixture`; edges by sampled pairs, `nn.edges`; domains, `domains`.

What differs from the authors' code, and why
--------------------------------------------
- **Genes are decoded.** The public code decodes sigmoid(z zᵀ), spots × spots, and stores it as if
  it were expression. Here the decoder gives the mean of every gene; edges are a second output.
- **Responsibilities work.** There, 0.01 is added to each density (e^-60 in 40 dimensions), which
  makes them uniform. Here they are computed in logarithms, from variances (there: log standard
  deviations in their place).
- **No label is read.** There, the epoch that is kept is the one with the best score against the
  truth. Here hidden molecules decide when to stop and how much to smooth over the tissue.
- **Sparse and linear.** There, six dense n² arrays. Here neighbourhoods are averaged once on a
  sparse graph (a decoupled graph convolution, as in SGC and SIGN: Wu et al., 2019; Frasca et al.,
  2020), after which spots are taken in blocks; edges are sampled. Runs on the device asked for.
- **The encoder reads principal components** of log-normalised counts; the decoder gives all genes.
- **The decoder is linear on the log scale** and starts at the gene means: few parameters per gene
  for few molecules per gene. Gene totals are restored at the end.
- Neighbour edges between confident members of different domains are dropped (`prune`); hub edges
  are not added, since they would join distant places.
- The number of domains, if not given, is the fewest that predict hidden molecules within 3 % of the
  best; BIC, shown beside, asks for as many as are tried on most sections.
- Domains come from mixtures with a common covariance, of the final embedding and of the encoder's
  input; hidden molecules decide which of them count, and how smooth the map is. No R. Of more than
  20,000 spots, mixtures are fitted to as many, drawn. How steady domains are: `steadiness`.
"""

from __future__ import annotations

from collections.abc import Generator, Iterator
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, ClassVar

import numpy as np
import scipy.sparse as sp
import torch

from ...data.blocks import aligned, kept_or_filled
from ...data.components import Components
from ...data.graph import spatial_coordinates
from ...data.on_disk import gene_totals
from ...data.propagation import InputTransform, hop_features
from ...data.section import Section, median_depth, read_section
from ...data.sections import section_codes
from ...data.technology import guess_technology
from ...nn import ranks
from ...nn.likelihoods import technical_zero_probability
from ...progress import Progress
from ..base import in_blocks, require
from ..imputing import Decoder, ImputingModel
from ..training import Split, below
from .domain_views import HalvedGenes, Views
from .domains import (
    Domains,
    DomainSearch,
    choose_number,
    find_domains,
    fit_mixture,
    fitted_in_words,
    refine_domains,
    refinement_in_words,
    smooth,
)
from .steadiness import (
    N_HALVINGS,
    SEARCHING,
    maps_of_halves,
    of_these_spots,
    steadiness_steps,
)
from .training import Network, Training, expected_counts, is_clearly_better, pruned

if TYPE_CHECKING:
    from anndata import AnnData


SMOOTHINGS = {
    "none": "own counts alone",
    "own+neighbours": "own counts and neighbours'",
    "neighbours": "neighbours' counts",
}
"""What the encoder may read, simplest first."""

_SPOT_HOPS, _REGION_HOPS = (0, 1, 2, 3), (1, 2, 3)
"""Smoothing steps of a domain map; where a spot is one cell, a domain holds several."""


class GMMVGAE(ImputingModel):
    """Spatial domains and denoised genes of a tissue section.

    Examples
    --------
    >>> model = GMMVGAE(n_domains=7).fit(adata, seed=0)
    >>> adata.layers["gmm_vgae_imputed"] = model.impute(adata)
    """

    name: ClassVar[str] = "gmm_vgae"
    smoothing_: str
    transform_: InputTransform
    network_: Network
    gene_scale_: np.ndarray
    n_domains_: int
    domains_: Domains
    stability_: np.ndarray
    views_: Views
    median_depth_: float
    is_pruned_: bool

    def check(self, adata: AnnData) -> None:
        """As for every model; coordinates, section column and number of domains must fit too."""
        super().check(adata)
        spatial_coordinates(adata)
        section_codes(adata, self.config.section_key)
        k = self.config.n_domains
        require(
            k <= adata.n_obs,
            "n_domains",
            f"at most the number of spots ({adata.n_obs})",
            str(k),
            "Ask for fewer domains, or 0 to let the data decide.",
        )
        is_gaussian = self.config.likelihood == "gaussian"
        require(
            self.config.mode == "denoise" or not is_gaussian,
            "mode",
            "'denoise' with the Gaussian likelihood",
            f"{self.config.mode!r}",
            "Which zeros are technical is a question of counts: choose the negative binomial.",
        )

    # ---- learning ------------------------------------------------------------------------------

    def _learn(
        self, adata: AnnData, counts: sp.csr_matrix, names: list[str]
    ) -> Generator[Progress, None, None]:
        self.median_depth_ = median_depth(counts)
        section = self._section(adata, counts)
        hops = _REGION_HOPS if guess_technology(adata).single_cell_scale else _SPOT_HOPS
        yield Progress("prepare", 0, 1, message="Preparing: components of the counts")
        split = Split.of(counts, self.config.hidden_share, self.seed_)
        kept, hidden, size = split.kept, split.hidden, split.size
        self.transform_ = ranks.from_first(
            InputTransform.fit, kept, size, self.config.n_components, self.seed_
        )
        scores, self.is_pruned_ = self.transform_.scores(kept, size), False
        candidates = [s for s in SMOOTHINGS if self.config.smoothing in ("auto", s)]
        trainings: dict[str, Training] = {}
        for smoothing in candidates:
            yield Progress("prepare", 0, 1, message="Preparing: neighbourhoods")
            trainings[smoothing] = training = Training(
                split,
                section.graph,
                partial(self._features, scores, smoothing=smoothing),
                self.config,
                seed=self.seed_,
                device=self.device_,
            )
            training.checkpoint = self._checkpoint
        self._adopt(candidates[0], trainings)
        if ranks.is_first():
            yield Progress("prepare", 0, 1, message="Preparing: views of the spots")
            self.views_ = Views.fit(kept, self.seed_)
            self.n_domains_ = self.config.n_domains
            if not self.n_domains_:
                view = smooth(self.views_.per_10k_of(kept), section.graph, 1)
                self.n_domains_, text = yield from choose_number(view, kept, hidden, self.seed_)
                self.notes_.append(text)
        self.n_domains_ = ranks.from_first(lambda: self.n_domains_)
        with self._concluding(names, partial(self._conclude, section, split, hops)):
            yield from self._pretrain(trainings)
            yield from self._train_mixture(trainings, section)
            if ranks.is_first():
                for progress in self._find_domains(section, split, DomainSearch(hops), N_HALVINGS):
                    step = self._n_steps(trainings)[1]
                    yield replace(progress, step=step, n_steps=step)

    def _adopt(self, smoothing: str, trainings: dict[str, Training]) -> None:
        self.smoothing_, self.network_ = smoothing, trainings[smoothing].network

    def _pretrain(self, trainings: dict[str, Training]) -> Iterator[Progress]:
        """Train each candidate; a less simple one must predict hidden molecules clearly better."""
        per_candidate, n_steps = self._n_steps(trainings)
        for i, (smoothing, training) in enumerate(trainings.items()):
            tried = f" ({SMOOTHINGS[smoothing]})" if len(trainings) > 1 else ""
            yield from training.pretrain("pretrain" + tried, 1 + i * per_candidate, n_steps)
            if is_clearly_better(training.spot_gains, trainings[self.smoothing_].spot_gains):
                self._adopt(smoothing, trainings)
        scores = ", ".join(
            f"{SMOOTHINGS[s]} {100 * (1 - t.score):.2f} %" for s, t in trainings.items()
        )
        how = "decided from the data" if len(trainings) > 1 else "as set"
        self.notes_.append(
            f"Smoothing over the tissue ({how}): {SMOOTHINGS[self.smoothing_]}. Deviance of hidden "
            f"molecules explained beyond gene mean × depth: {scores}."
        )

    def _train_mixture(
        self, trainings: dict[str, Training], section: Section
    ) -> Iterator[Progress]:
        per_candidate, n_steps = self._n_steps(trainings)
        training = trainings[self.smoothing_]
        z = training.embed(training.features)
        found = ranks.from_first(fit_mixture, z, self.n_domains_, self.seed_)
        training.start_mixture(z, found.probabilities(z))

        def prune() -> None:
            training.prune(
                pruned(self.network_.prior, training.embed(training.features), section.graph)
            )

        if self.config.mixture_epochs:
            on_epochs = prune if self.config.prune and self.smoothing_ != "none" else None
            first = 1 + len(trainings) * per_candidate
            try:
                yield from training.train_mixture(first, n_steps, on_epochs)
            finally:
                self.is_pruned_ = training.is_pruned

    def _n_steps(self, trainings: dict[str, Training]) -> tuple[int, int]:
        """Steps of pretraining one candidate, and of the whole work."""
        per_epoch = next(iter(trainings.values())).steps_per_epoch
        pretrain = self.config.epochs * per_epoch
        return pretrain, len(trainings) * pretrain + self.config.mixture_epochs * per_epoch

    def _find_domains(
        self, section: Section, split: Split, search: DomainSearch, n_halvings: int
    ) -> Iterator[Progress]:
        """Find domains with the final network, and how steady they are."""
        z = self._latent(section)
        self.views_ = self.views_.with_latent(z, self.network_.loadings.detach().cpu().numpy())
        views, k = self._seen(section, z), self.n_domains_
        asked = (section.graph, k, search, self.seed_, split.kept, split.hidden)
        yield SEARCHING
        self.domains_, how = find_domains(views, *asked)
        labels = self.domains_.probabilities(views, section.graph).argmax(axis=1)
        halves = HalvedGenes(split.kept, split.size, self.seed_)
        maps = maps_of_halves(halves, section.graph, self.domains_, n_halvings, self.seed_)
        steady = yield from steadiness_steps(labels, maps, k)
        self.stability_ = steady.spots
        self.notes_ += [how, steady.in_words, *fitted_in_words(len(z))]
        if self.config.refine:
            self.notes_.append(refinement_in_words(labels, self._refined(labels, section)))

    def _conclude(
        self, section: Section, split: Split, hops: tuple[int, ...], is_cut: bool
    ) -> None:
        """From the final network: the factors that restore each gene's total; domains, if cut."""
        if is_cut:  # little is searched: who cancels does not want to wait
            quick = DomainSearch(hops[:1], n_starts=1)
            list(self._find_domains(section, split, quick, n_halvings=1))
        z = self._latent(section)
        observed = gene_totals(section.counts).astype(np.float64)
        n_vars, expected = len(observed), np.zeros_like(observed)
        self.gene_scale_ = np.ones(n_vars, dtype=np.float32)
        for block in self._expected_blocks(z, section.depth, np.arange(n_vars)):
            expected += block.sum(axis=0, dtype=np.float64)
        scale = np.divide(observed, expected, out=np.ones_like(observed), where=expected > 0)
        self.gene_scale_ = scale.astype(np.float32)

    # ---- applying ------------------------------------------------------------------------------

    def cluster_stability(self, adata: AnnData) -> np.ndarray:
        """Share of maps, each from half of the genes, that agree on each spot's domain, (n_obs,).

        Raises
        ------
        TooSmall : other spots than it was fitted to
        """
        return of_these_spots(self.stability_, adata.n_obs)

    def embed(self, adata: AnnData) -> np.ndarray:
        """Latent means, (n_obs, n_latent) float32."""
        return self._latent(self._section(adata, self._aligned_counts(adata)))

    def cluster(self, adata: AnnData) -> np.ndarray:
        """Spatial domain of each spot, (n_obs,) int from 0; refined if the settings say so."""
        section = self._section(adata, self._aligned_counts(adata))
        labels = np.asarray(self._memberships(section).argmax(axis=1), dtype=np.int64)
        return self._refined(labels, section) if self.config.refine else labels

    def _refined(self, labels: np.ndarray, section: Section) -> np.ndarray:
        return refine_domains(labels, section.places, section.codes)

    def cluster_probability(self, adata: AnnData) -> np.ndarray:
        """Probability of each domain, before refinement, (n_obs, n_domains) float32."""
        return self._memberships(self._section(adata, self._aligned_counts(adata)))

    def _memberships(self, section: Section) -> np.ndarray:
        views = self._seen(section, self._latent(section))
        return self.domains_.probabilities(views, section.graph)

    def _seen(self, section: Section, z: np.ndarray) -> dict[str, np.ndarray]:
        scores = self.transform_.scores(section.counts, section.size)
        return self.views_.of(section.counts, scores, z)

    def _decoder(self, adata: AnnData, counts: sp.csr_matrix) -> Decoder:
        section = self._section(adata, counts)
        return partial(self._expected_blocks, self._latent(section), section.depth)

    def expected_at(self, adata: AnnData, at: np.ndarray) -> Iterator[np.ndarray]:
        """Expected counts of some spots, in blocks (block, n_vars); no others are decoded."""
        section, columns = self._section(adata, self._aligned_counts(adata)), self._columns(None)
        yield from self._expected_blocks(self._latent(section)[at], section.depth[at], columns)

    def _filled_blocks(self, adata: AnnData, columns: np.ndarray) -> Iterator[np.ndarray]:
        counts = self._aligned_counts(adata)
        shape, blocks = (adata.n_obs, len(columns)), self._decoder(adata, counts)(columns)
        theta = self.network_.log_dispersion.detach().cpu()[torch.from_numpy(columns)].exp()
        for rows, block in aligned(blocks, shape):
            probability = technical_zero_probability(torch.from_numpy(block), theta).numpy()
            seen = counts[rows][:, columns]
            yield kept_or_filled(block, seen, probability >= self.config.fill_threshold)

    def _expected_blocks(
        self, z: np.ndarray, size: np.ndarray, columns: np.ndarray
    ) -> Iterator[np.ndarray]:
        network, device = self.network_.eval(), self.network_.offset.device
        chosen = torch.from_numpy(columns).to(device)
        is_gaussian = self.config.likelihood == "gaussian"
        scale = self.gene_scale_[columns]

        def decode(rows: slice) -> np.ndarray:
            latent, depth = (torch.from_numpy(a[rows]).to(device) for a in (z, size))
            with torch.no_grad():
                mean = expected_counts(network, latent, depth, is_gaussian, chosen)
            return np.asarray(mean.cpu().numpy() * scale, dtype=np.float32)

        yield from in_blocks(len(z), 4 * self.config.batch_size, decode, self.notes_)

    # ---- the tissue ----------------------------------------------------------------------------

    def _section(self, adata: AnnData, counts: sp.csr_matrix) -> Section:
        key, k = self.config.section_key, self.config.n_neighbors
        return read_section(adata, counts, self.median_depth_, n_neighbours=k, section_key=key)

    def _features(self, scores: np.ndarray, graph: sp.csr_matrix, smoothing: str) -> np.ndarray:
        n_hops = 0 if smoothing == "none" else self.config.n_hops
        hops = hop_features(scores, graph, n_hops)
        return hops[:, 1:] if smoothing == "neighbours" else hops

    def _latent(self, section: Section) -> np.ndarray:
        scores = self.transform_.scores(section.counts, section.size)
        z = self._encode(self._features(scores, section.graph, self.smoothing_))
        if not self.is_pruned_:
            return z
        graph = pruned(self.network_.prior, z, section.graph)
        return self._encode(self._features(scores, graph, self.smoothing_))

    def _encode(self, features: np.ndarray) -> np.ndarray:
        network, device = self.network_.eval(), self.network_.offset.device

        def encode(rows: slice) -> np.ndarray:
            with torch.no_grad():
                mean = network.encoder(torch.from_numpy(features[rows]).to(device))[0]
            return np.asarray(mean.cpu().numpy(), dtype=np.float32)

        return np.concatenate(list(in_blocks(len(features), 8192, encode, self.notes_)))

    # ---- keeping -------------------------------------------------------------------------------

    def _state(self) -> dict[str, torch.Tensor]:
        parts = self.transform_.components
        arrays = {
            "gene_scale": self.gene_scale_,
            "input.loadings": parts.loadings,
            "input.mean": parts.mean,
            "input.unit": np.array(self.transform_.unit),
            "median_depth": np.array(self.median_depth_),
            "is_pruned": np.array(self.is_pruned_),
            "smoothing": np.array(list(SMOOTHINGS).index(self.smoothing_)),
            "stability": self.stability_,
        }
        arrays |= {f"views.{k}": v for k, v in self.views_.arrays().items()}
        arrays |= {f"domains.{k}": v for k, v in self.domains_.arrays().items()}
        tensors = {k: torch.from_numpy(np.ascontiguousarray(v)) for k, v in arrays.items()}
        return tensors | {f"network.{k}": v for k, v in self.network_.state_dict().items()}

    def _restore(self, state: dict[str, torch.Tensor]) -> None:
        arrays = {k: v.numpy() for k, v in state.items() if not k.startswith("network.")}
        self.gene_scale_ = arrays["gene_scale"]
        parts = Components(np.empty(0), arrays["input.loadings"], arrays["input.mean"])
        self.transform_ = InputTransform(parts, arrays["input.unit"].item())
        self.median_depth_ = arrays["median_depth"].item()
        self.is_pruned_ = bool(arrays["is_pruned"].item())
        self.smoothing_ = list(SMOOTHINGS)[arrays["smoothing"].item()]
        self.stability_ = arrays["stability"]
        self.views_ = Views.of_arrays(below("views.", arrays))
        self.domains_ = Domains.of_arrays(below("domains.", arrays))
        network = Network.of_state(below("network.", state), self.config)
        self.network_ = network.to(self.device_)
