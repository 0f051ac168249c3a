"""Folders of machines that are broken: parts that are missing, cut, of another kind or run."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import h5py
import numpy as np
import pandas as pd

from tests import machines

from ..case import IN, RESULT, Case, Want

Write = Callable[[Path], object]

MACHINES: dict[str, tuple[Write, str, tuple[str, ...]]] = {
    "xenium": (machines.write_xenium, "in", ("cell_feature_matrix.h5", "cells.parquet")),
    "cosmx": (machines.write_cosmx, "in", ("Run_exprMat_file.csv", "Run_metadata_file.csv")),
    "merscope": (machines.write_merscope, "in", ("cell_by_gene.csv", "cell_metadata.csv")),
    "curio": (
        machines.write_curio,
        "in",
        ("S1_MatchedBeadLocation.csv", "S1_genes.tsv", "S1_barcodes.tsv"),
    ),
    "bins": (machines.write_gef, "in.gef", ("",)),
    "cells of a chip": (machines.write_cellbin, "in.gef", ("",)),
}
"""How each is written, what it is called, and the parts that it cannot do without."""


UNREAD = ("Labels", "zarr", "z0", "PolyT")
"""In names of parts that nobody asks for."""


def _noise(file: Path) -> None:
    file.write_bytes(np.random.default_rng(0).bytes(4_000))


def _cut(file: Path) -> None:
    file.write_bytes(file.read_bytes()[: file.stat().st_size // 2])


def _folder(file: Path) -> None:
    file.unlink()
    file.mkdir()


DAMAGES: dict[str, tuple[Write, Want]] = {
    "missing": (Path.unlink, "refused"),
    "empty": (lambda file: file.write_bytes(b""), "refused"),
    "noise": (_noise, "refused"),
    "a folder": (_folder, "refused"),
    "cut": (_cut, "either"),
}
"""What may become of any part, and what must become of a folder whose tables it is one of."""


def cases() -> Iterator[Case]:
    """Every part of every machine, damaged in every way."""
    for machine, (write, name, needed) in MACHINES.items():
        yield from _tried(f"{machine}, whole", name, write, "taken")
        for part in _parts(write, name):
            for damage, (do, want) in DAMAGES.items():
                wanted = want if part in needed else "either"
                yield from _tried(
                    f"{machine}, {part or 'file'} {damage}", name, _then(write, part, do), wanted
                )


def tables() -> Iterator[Case]:
    """Tables of cells whose columns or values are not what they should be."""
    for machine, file, x in (
        ("xenium", "cells.parquet", "x_centroid"),
        ("cosmx", "Run_metadata_file.csv", "CenterX_global_px"),
        ("merscope", "cell_metadata.csv", "center_x"),
        ("curio", "S1_MatchedBeadLocation.csv", "xcoord"),
    ):
        write, name, _ = MACHINES[machine]
        for what, (change, want) in _CHANGES.items():
            do = _then(write, file, lambda f, c=change, x=x: _changed(f, c, x))
            yield from _tried(f"{machine}, {what}", name, do, want)


def chips() -> Iterator[Case]:
    """Files of Stereo-seq whose numbers lead elsewhere."""
    for what, (place, field, value) in {
        "counts of genes too large": ("geneExp/bin50/gene", "count", 4_000_000_000),
        "beginnings that are wrong": ("geneExp/bin50/gene", "offset", 3),
        "cells that begin elsewhere": ("cellBin/cell", "offset", 4_000_000_000),
        "genes that there are not": ("cellBin/cellExp", "geneID", 4_000_000_000),
    }.items():
        write = machines.write_gef if place.startswith("gene") else machines.write_cellbin
        do = _then(write, "", lambda f, p=place, n=field, v=value: _set(f, p, n, v))
        yield from _tried(what, "in.gef", do, "refused")


_CHANGES: dict[str, tuple[Callable[[pd.DataFrame, str], pd.DataFrame], Want]] = {
    "columns of other names": (lambda t, x: t.rename(columns=lambda c: f"{c}_2"), "refused"),
    "words for places": (lambda t, x: t.assign(**{x: "left"}), "refused"),
    "no places": (lambda t, x: t.assign(**{x: np.nan}), "either"),
    "infinite places": (lambda t, x: t.assign(**{x: np.inf}), "either"),
    "far places": (lambda t, x: t.assign(**{x: 1e300}), "either"),
    "places all equal": (lambda t, x: t.assign(**{x: 5.0}), "either"),
    "no rows": (lambda t, x: t.iloc[:0], "refused"),
    "one row": (lambda t, x: t.iloc[:1], "either"),
    "half of the rows": (lambda t, x: t.iloc[::2], "either"),
    "each row twice": (lambda t, x: pd.concat([t, t]), "either"),
}


def _changed(file: Path, change: Callable[[pd.DataFrame, str], pd.DataFrame], x: str) -> None:
    if file.suffix == ".parquet":
        change(pd.read_parquet(file), x).to_parquet(file)
    else:
        change(pd.read_csv(file, dtype=object), x).to_csv(file, index=False)


def _set(file: Path, place: str, field: str, value: int) -> None:
    with h5py.File(file, "a") as content:
        values = content[place][:]
        values[field][1] = value
        content[place][...] = values


def _parts(write: Write, name: str) -> list[str]:
    """What a machine writes, by its name within; "" for a single file."""
    with tempfile.TemporaryDirectory() as folder:
        made = Path(folder) / name
        write(made)
        if made.is_file():
            return [""]
        found = [str(f.relative_to(made)) for f in made.rglob("*") if f.is_file()]
    return sorted(name for name in found if not any(word in name for word in UNREAD))


def _then(write: Write, part: str, do: Write) -> Write:
    """Write it, and do something to a part."""

    def make(made: Path) -> None:
        write(made)
        do(made / part if part else made)

    return make


def _tried(what: str, name: str, write: Write, want: Want) -> Iterator[Case]:
    path = f"{IN}/{name}"
    lines = [("check", path), ("open", path)]
    if want == "refused":
        lines.append(("impute", path, RESULT, "--model", "mixture", "--quiet"))
    for line in lines:
        yield Case("platforms", what, line, lambda folder: write(folder / name), want)
