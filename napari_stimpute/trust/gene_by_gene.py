"""Imputed values of one gene at a time, where those of all together are too many to be kept.

What a gene needs of all others, such as each spot's depth, is worked out once. Then a gene takes
about a second at 100,000 spots: it has the value that it has in a layer, but for rounding.
"""

from __future__ import annotations

from collections.abc import Generator
from functools import partial
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from .. import keys
from ..background import in_steps
from ..config import WithSections
from ..data.blocks import aligned
from ..data.counts import counts_of
from ..data.records import fingerprint, read_records
from ..errors import InputError, UnknownName
from ..models.kept import KeptModel
from ..models.protocols import IsBlend, PredictsGenes
from ..models.simple.blend import blend_gene
from ..models.simple.mixture import tissue_graph
from ..models.simple.parts import Parts, depth_of, factors
from ..models.simple.weights import Blend
from ..progress import Progress, drain

if TYPE_CHECKING:
    from anndata import AnnData

    from ..models.base import Expecting

Array = NDArray[np.float32]


class GeneByGene:
    """Gives what a run imputed, gene after gene, from its model and the counts.

    Examples
    --------
    >>> values = GeneByGene.of(adata, "scziva")
    >>> values.expression("CD3E")
    """

    def __init__(
        self,
        genes: list[str],
        parts: Parts | None,
        blend: Blend | None,
        expecting: Expecting | None,
        to_depth: NDArray[np.float64] | None,
    ) -> None:
        self.genes = genes
        self._parts, self._blend = parts, blend
        self._expecting, self._to_depth = expecting, to_depth

    @classmethod
    def of(cls, adata: AnnData, key: str) -> GeneByGene:
        """Of a run whose model was kept in place of its values. See `kept_steps`."""
        return drain(kept_steps(adata, key))

    def expression(self, gene: str) -> Array:
        """Expected counts of one modelled gene at each spot's own depth, (n_obs,).

        Raises
        ------
        UnknownName : the model does not know it
        """
        if gene not in self.genes:
            raise UnknownName.of("modelled gene", gene, self.genes)
        predicted = None
        if self._expecting is not None:
            predicted = np.concatenate([block[:, 0] for block in self._expecting([gene])])
        if self._parts is None or self._blend is None:
            assert predicted is not None
            return predicted
        if predicted is not None and self._to_depth is not None:
            predicted = np.asarray(predicted * self._to_depth, np.float32)
        return blend_gene(self._parts, self._blend, self.genes.index(gene), predicted)


def kept_steps(adata: AnnData, key: str) -> Generator[Progress, None, GeneByGene]:
    """Prepare the values of a run whose model was kept in place of them.

    Parameters
    ----------
    adata : with the counts that the run was made from, also of genes that it did not model
    key : of the run

    Raises
    ------
    UnknownName : no such run
    InputError : other counts
    NotReadable, UnsafeFile : the model in ``uns`` is damaged
    """
    kept, records = dict(adata.uns.get(keys.MODELS, {})), read_records(adata)
    if key not in kept or key not in records:
        raise UnknownName.of("run whose model was kept", key, kept)
    yield Progress("prepare", 0, 1, message="Reading the model")
    found = KeptModel.unpacked(records[key].model, kept[key])
    names = found.model.var_names_
    if lost := next((name for name in names if name not in adata.var_names), ""):
        raise _other_counts(f"none of {lost}")
    data = adata if list(adata.var_names) == names else adata[:, names].copy()
    if fingerprint(counts_of(data)) != records[key].fingerprint:
        raise _other_counts("others")
    return (yield from gene_by_gene_steps(data, found))


def gene_by_gene_steps(adata: AnnData, kept: KeptModel) -> Generator[Progress, None, GeneByGene]:
    """Work out what all genes need.

    Parameters
    ----------
    adata : the modelled genes, in the model's order
    """
    model, blend, parts = kept.model, kept.blend, None
    names = [str(name) for name in adata.var_names]
    making = Progress("prepare", 0, 1, message="Preparing to compute one gene at a time")
    yield making
    if isinstance(model, IsBlend):
        parts = yield from in_steps(making, partial(model.parts, adata))
        return GeneByGene(names, parts, model.blend_, None, None)
    assert isinstance(model, PredictsGenes)
    expecting = yield from in_steps(making, partial(model.expecting, adata))
    if blend is None:
        return GeneByGene(names, None, None, expecting, None)
    counts, config = model.counted(counts_of(adata), names), model.config
    graph = tissue_graph(adata, config.section_key if isinstance(config, WithSections) else "")
    parts = yield from in_steps(making, partial(Parts.of, counts, graph, model.seed_))
    totals = np.empty(adata.n_obs)
    for rows, block in aligned(expecting(None), counts.shape):
        totals[rows] = block.sum(axis=1, dtype=np.float64)
        yield making
    return GeneByGene(names, parts, blend, expecting, factors(depth_of(counts), totals))


def _other_counts(found: str) -> InputError:
    return InputError(
        expected="the counts that the run was made from",
        found=found,
        remedy="Its values are computed from them: open the file that the run was written to.",
    )
