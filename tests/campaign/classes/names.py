"""Names of genes, spots, groups and columns that mean something to a terminal, a page, a shell."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pandas as pd
from anndata import AnnData

from ..case import FILE, OUT, Case, Make, tried
from ..hdf5 import broken, dataset
from ..sound import G, N, section

HTML = "<img src=x onerror=alert(1)>"

ODD = {
    "a script": "<script>alert(1)</script>",
    "an image": HTML,
    "a path": "../../x",
    "an entity": "a&b;&lt;",
    "symbols": "🧬💥",
    "10,000 letters": "n" * 10_000,
    "an escape": "\x1b[2J\x1b]0;steered\x07",
    "two lines": "a\nb\r\nc",
    "a tab": "a\tb",
    "right to left": "\u202egene",
    "a formula of TeX": r"$\frac{1$ $x^$",
    "a format": "%s%n%d{0}",
    "commas": "a,b;c",
    "slashes": "a/b/c",
    "a dot": ".",
    "a line separator": "a\u2028b",
    "no width": "a\u200bb",
    "nan": "nan",
    "quotes": "\"'`",
    "a formula of a table": "=cmd|' /C calc'!A0",
    "spaces": " a ",
}


def of(change: Callable[[AnnData], object]) -> Make:
    """A section with other names."""

    def make(folder: Path) -> None:
        adata = section()
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            change(adata)
            adata.write_h5ad(folder / "in.h5ad")

    return make


def named(text: str) -> Make:
    """A section in which a gene, a spot and a group have that name."""

    def change(adata: AnnData) -> None:
        adata.var_names = [text, *adata.var_names[1:]]
        adata.obs_names = [text, *adata.obs_names[1:]]
        adata.obs["label"] = pd.Categorical([(text or "e", "b")[i % 2] for i in range(N)])

    return of(change)


def twins(of_genes: bool, text: str) -> Make:
    """A section in which two genes, or two spots, share a name."""

    def change(adata: AnnData) -> None:
        where = "var_names" if of_genes else "obs_names"
        setattr(adata, where, [text, text, *list(getattr(adata, where))[2:]])

    return of(change)


def column(name: str) -> Make:
    """A section with a column of that name."""
    return of(lambda adata: adata.obs.insert(0, name, adata.obs["label"].to_numpy()))


def _two_forms(adata: AnnData) -> None:
    adata.var_names = ["e\u0301", "\u00e9", *adata.var_names[2:]]


def _steering_layer(adata: AnnData) -> None:
    adata.layers["\x1b[31mcounts"] = adata.X.copy()
    adata.X = adata.X * 0.5


def cases() -> Iterator[Case]:
    for name, text in ODD.items():
        yield from tried("names", name, named(text), "taken")
    yield from tried("names", "no name", named(""), "either")
    zeros = dataset("var/_index", np.array([b"a\0b", *(b"g%d" % i for i in range(1, G))]))
    yield from broken("names", "a zero byte", zeros, want="either")
    for of_genes, what in ((True, "genes"), (False, "spots")):
        for name, text in {"twin": "twin", "HTML": HTML, "an escape": "\x1b[31m"}.items():
            yield from tried("names", f"two {what} {name}", twins(of_genes, text))
    yield from tried("names", "two forms of é", of(_two_forms), "either")
    for name in ("an escape", "an image", "10,000 letters"):
        yield from tried("names", f"a column: {name}", column(ODD[name]), "taken")
    yield from tried("names", "a layer that steers", of(_steering_layer), "either")


def pages() -> Iterator[Case]:
    """What `compare` makes of them."""
    compare = ("compare", FILE, "--models", "gene_mean,pca", "--seeds", "1", "--quiet")
    written = (*compare, "--report", f"{OUT}/r.html", "--out", f"{OUT}/t.csv")
    for name in ("a script", "an image", "a formula of TeX", "10,000 letters", "an escape"):
        yield from tried("compare", name, named(ODD[name]), "taken", (written,))
    for name, more in {
        "a page without folder": ("--report", f"{OUT}/a/b.html"),
        "a page of another ending": ("--report", f"{OUT}/b.txt"),
        "a table of another ending": ("--out", f"{OUT}/b.txt"),
        "the page is the input": ("--report", FILE),
        "an unknown gene": ("--show", "nosuch"),
        "an unknown model": ("--models", "nosuch"),
        "a model twice": ("--models", "gene_mean,gene_mean"),
        "no seed": ("--seeds", "0"),
    }.items():
        yield from tried("compare", name, of(lambda adata: None), "either", ((*compare, *more),))
    shown = ("--report", f"{OUT}/r.html", "--show", ODD["a formula of TeX"])
    yield from tried("compare", "TeX shown", named(shown[-1]), "taken", ((*compare, *shown),))
