"""Find a gene by part of its name; quick at 30,000 genes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from ..words import either, nearest

MOST_OFFERED = 60
_MOST_MEANT = 3


class GeneSearch:
    """Names to search, in the order in which equals are offered.

    Parameters
    ----------
    genes : names of genes in the data
    titles : what people call them, where that is something else; no two have the same
    """

    def __init__(self, genes: Sequence[str] = (), titles: Mapping[str, str] | None = None) -> None:
        self.genes, self._titles = genes, titles or {}
        self._shown = [self._titles.get(gene, gene) for gene in genes]
        self._folded = [title.casefold() for title in self._shown]
        self._gene_of = dict(zip(self._shown, genes, strict=True)) | {g: g for g in genes}

    def __contains__(self, text: str) -> bool:
        return text in self._gene_of

    def title(self, gene: str) -> str:
        """What people call a gene."""
        return self._titles.get(gene, gene)

    def matches(self, text: str) -> list[str]:
        """What genes are called that hold the text: itself, those that begin with it, the rest.

        A gene that is called something else is found by its name in the data, too.
        """
        typed = text.strip().casefold()
        exact: list[str] = []
        begin: list[str] = []
        inside: list[str] = []
        by_name: list[str] = []
        for gene, title, folded in zip(self.genes, self._shown, self._folded, strict=True):
            if typed in folded:
                kind = exact if folded == typed else begin if folded.startswith(typed) else inside
                kind.append(title)
            elif title is not gene and typed in gene.casefold():
                by_name.append(title)
            if len(exact) + len(begin) >= MOST_OFFERED and (exact or not typed):
                break
        return (exact + begin + inside + by_name)[:MOST_OFFERED]

    def meant(self, text: str) -> str:
        """The name in the data of the gene that is meant by what was typed; else the text."""
        typed = text.strip()
        if not typed:
            return typed
        found = typed if typed in self else next(iter(self.matches(typed)), typed)
        return self._gene_of.get(found, found)

    def unknown(self, gene: str) -> str:
        """That there is no such gene, and which may be meant."""
        near = self.matches(gene)[:_MOST_MEANT] or nearest(gene, self._shown, _MOST_MEANT)
        hint = f" Did you mean {either(near)}?" if near else ""
        return f"There is no gene {gene!r} in these data.{hint}"
