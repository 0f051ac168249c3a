"""The command `stimpute convert`: data of any format that is read, as one that is written."""

from __future__ import annotations

import argparse
import textwrap
from pathlib import Path
from typing import TYPE_CHECKING

from .options import (
    INPUT,
    Parser,
    add_reading_option,
    add_table_option,
    reading_options,
    width,
    with_examples,
)

if TYPE_CHECKING:
    from anndata import AnnData

_ABOUT = (
    "Read IN, of any format that can be read, and write it to OUT, with all genes and no other "
    "changes than those that are said: .h5ad, or a new SpatialData store (.zarr). OUT.geojson gets "
    "the outline of each group of spots, as QuPath reads it; OUT.csv the values of genes."
)
_GEOJSON = ".geojson"
_TABLES = (".csv", ".csv.gz", ".tsv", ".tsv.gz")


def add_convert(commands: argparse._SubParsersAction[Parser]) -> None:
    """Offer the command that reads one format and writes another."""
    parser = commands.add_parser(
        "convert",
        help="read data of any format, and write them as another",
        description=textwrap.fill(_ABOUT, width()),
        epilog=with_examples(
            "",
            "stimpute convert spaceranger/outs section.h5ad",
            "stimpute convert visium_hd/ bins.zarr --read bin=16",
            "stimpute convert section.h5ad named.h5ad --regions qupath.geojson --as pathology",
            "stimpute convert result.h5ad genes.csv --genes Layer3_b,Layer4_a",
            "stimpute convert result.h5ad domains.geojson --groups gmm_vgae_cluster",
        ),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("input", metavar="IN", help=INPUT)
    parser.add_argument("output", metavar="OUT", help="what is written; its ending says as what")
    add_reading_option(parser)
    add_table_option(parser)
    parser.add_argument(
        "--genes",
        default="",
        metavar="GENE,…|FILE",
        help="whose counts and imputed values OUT.csv (.tsv, .gz) gets, a row per spot; their "
        "verdicts go to OUT_genes.csv",
    )
    regions = parser.add_argument_group("regions of a tissue")
    regions.add_argument(
        "--regions",
        default="",
        metavar="FILE",
        help="GeoJSON, or a .csv of selections of Xenium Explorer: add a column that names the "
        "region of each spot",
    )
    regions.add_argument("--as", default="", metavar="COLUMN", dest="column", help="its name")
    regions.add_argument(
        "--groups", default="", metavar="COLUMN", help=f"whose groups OUT{_GEOJSON} outlines"
    )
    regions.add_argument(
        "--unit",
        default="",
        choices=("data", "um"),
        help="what coordinates of regions are in: those of the data, as QuPath's pixels (default "
        "for GeoJSON), or um for µm (for .csv)",
    )
    parser.add_argument("--quiet", action="store_true", help="say nothing but what goes wrong")
    parser.set_defaults(command=_convert, parser=parser)


def _convert(args: argparse.Namespace) -> int:
    from ..data.files import check_place, holding_signals
    from ..data.opening import sound
    from ..data.save import check_writable
    from ..session.gene_values import check_values
    from ..terminal import Teller

    _check_usage(args)
    if _is_table(args):
        check_values(args.output, args.input)
    elif _is_geojson(args):
        check_place(args.output, args.input, args.regions)
    else:
        check_writable(args.output, args.input, table=args.table)
    tell = Teller(quiet=args.quiet)
    tell.say(f"Reading {args.input}")
    if _is_table(args):
        tell.say(*_write_values(args))
        return 0
    found = sound(args.input, reading_options(args))
    tell.say(*found.notes)
    if args.regions:
        tell.say(*_add_regions(found.adata, args))
    with holding_signals(resends=False):  # what is whole is not called given up
        tell.say(_write(found.adata, args))
    return 0


def _is_geojson(args: argparse.Namespace) -> bool:
    return Path(args.output).suffix == _GEOJSON


def _is_table(args: argparse.Namespace) -> bool:
    return Path(args.output).name.lower().endswith(_TABLES)


def _check_usage(args: argparse.Namespace) -> None:
    """Options that would do nothing, or lack another, are wrong usage."""
    if args.column and not args.regions:
        args.parser.error("--as names the column of --regions FILE, which is not given")
    if bool(args.groups) != _is_geojson(args):
        args.parser.error(f"an OUT{_GEOJSON} and --groups COLUMN go together")
    if bool(args.genes) != _is_table(args):
        args.parser.error(f"an OUT{_TABLES[0]} and --genes GENE,… go together")
    if args.genes and args.regions:
        args.parser.error("--regions adds a column to data: write them as .h5ad first")
    if args.table and (_is_geojson(args) or _is_table(args)):
        args.parser.error("--table is about a store, and OUT is none")
    if args.unit and not (args.regions or args.groups):
        args.parser.error("--unit is about --regions or --groups, which are not given")


def _write_values(args: argparse.Namespace) -> list[str]:
    """Write values and verdicts of genes; sentences on what was read and written."""
    from ..data.files import holding_signals
    from ..data.gene_choice import known_genes, names_in
    from ..data.opening import load
    from ..session.contents import Contents
    from ..session.gene_values import write_values

    opened = load(args.input, genes="all", options=reading_options(args))
    with holding_signals(resends=False):  # what is whole is not called given up
        contents, raw = Contents(opened.adata, opened.card.place), opened.adata.raw
        genes = known_genes(names_in(args.genes), raw.var_names.astype(str), raw.var)
        found = write_values(contents, genes, args.output)
    wrote = f"Wrote {found.values}, and verdicts to {found.genes}."
    return [*opened.notes, *found.notes, wrote]


def _add_regions(adata: AnnData, args: argparse.Namespace) -> tuple[str, ...]:
    """Name the region of each spot in a new column; sentences on what was found."""
    from .. import keys
    from ..data.layout import lay_out
    from ..data.records import check_key
    from ..errors import InvalidSetting
    from ..spatial.geojson import read_regions
    from ..spatial.regions import COLUMN, assign

    column = args.column or keys.free(COLUMN, adata.obs.columns)
    check_key(column)
    if column in adata.obs.columns:
        raise InvalidSetting(
            field="--as",
            expected="a column that is not there yet",
            found=repr(column),
            remedy="Choose another name: nothing is replaced.",
        )
    found = assign(adata, lay_out(adata), read_regions(args.regions), unit=args.unit)
    adata.obs[column] = found.column
    return (*found.notes, f"Written into obs[{column!r}].")


def _write(adata: AnnData, args: argparse.Namespace) -> str:
    """Write what was asked for; a sentence on it."""
    from ..data.save import write
    from ..words import counted

    if not _is_geojson(args):
        path = write(adata, args.output, args.input, table=args.table)
        return f"Wrote {path}: {adata.n_obs:,} × {adata.n_vars:,}."
    from ..data.layout import lay_out
    from ..errors import UnknownName
    from ..spatial.geojson import write_regions
    from ..spatial.regions import group_regions, in_unit

    if args.groups not in adata.obs:
        raise UnknownName.of("column of obs", args.groups, adata.obs.columns)
    layout, values = lay_out(adata), adata.obs[args.groups].astype("category").cat
    codes, names = values.codes.to_numpy(), [str(name) for name in values.categories]
    unit = args.unit if args.unit == "um" else ""
    regions = in_unit(group_regions(adata, layout, codes, names), unit, layout)
    path = write_regions(args.output, regions, unit)
    return f"Wrote {path}: {counted(len(regions), 'outline')} of obs[{args.groups!r}]."
