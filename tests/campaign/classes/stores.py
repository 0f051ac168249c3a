"""SpatialData stores that are there already, and tables that cannot be added to one."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from napari_stimpute.data.stores import write_store

from ..case import FILE, IN, OUT, Case, Make
from ..sound import full_section, put

STORE, NEW = f"{IN}/in.zarr", f"{OUT}/out.zarr"


def _store(folder: Path) -> None:
    put(folder)
    write_store(full_section(), folder / "in.zarr")


def _old(out: Path) -> None:
    write_store(full_section(), out / "out.zarr")


def _file(out: Path) -> None:
    (out / "out.zarr").write_text("mine")


THERE: dict[str, Make] = {
    "a store": _old,
    "an empty folder": lambda out: (out / "out.zarr").mkdir(),
    "a file": _file,
    "a link to nowhere": lambda out: (out / "out.zarr").symlink_to("nowhere"),
}
TABLES = {
    "that is there": "table",
    "that is there in capitals": "TABLE",
    "called as an image": "image_slide",
    "with a slash": "a/b",
    "of two dots": "..",
    "hidden": ".mine",
    "of two lines": "a\nb",
    "of 300 letters": "n" * 300,
}


def cases() -> Iterator[Case]:
    for name, lay in THERE.items():
        line = ("convert", FILE, NEW, "--quiet")
        yield Case("stores", f"over {name}", line, put, "refused", lay)
    for name, table in TABLES.items():
        line = ("convert", STORE, STORE, "--table", table, "--quiet")
        yield Case("stores", f"a table {name}", line, _store, "refused")
    others = {
        "onto itself": (STORE, STORE),
        "a table of an .h5ad": (FILE, FILE, "--table", "mine"),
        "a table of a new store": (STORE, NEW, "--table", "mine"),
        "a table of GeoJSON": (STORE, f"{OUT}/a.geojson", "--groups", "label", "--table", "mine"),
    }
    for name, line in others.items():
        yield Case("stores", name, ("convert", *line, "--quiet"), _store, "refused")
