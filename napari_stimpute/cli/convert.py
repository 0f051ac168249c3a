"""The command `stimpute convert`: data of any format that is read, as one that is written."""

from __future__ import annotations

import argparse
import textwrap

from .options import INPUT, Parser, add_reading_option, reading_options, width, with_examples

_ABOUT = (
    "Read IN, of any format that can be read, and write it to OUT, with all genes and no other "
    "changes than those that are said: .h5ad, or a new SpatialData store (.zarr)."
)


def add_convert(commands: argparse._SubParsersAction[Parser]) -> None:
    """Offer the command that reads one format and writes another."""
    parser = commands.add_parser(
        "convert",
        help="read data of any format, and write them as .h5ad or .zarr",
        description=textwrap.fill(_ABOUT, width()),
        epilog=with_examples(
            "",
            "stimpute convert spaceranger/outs section.h5ad",
            "stimpute convert visium_hd/ bins.zarr --read bin=16",
            "stimpute convert result.h5ad result.zarr",
        ),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("input", metavar="IN", help=INPUT)
    parser.add_argument("output", metavar="OUT", help="the .h5ad file or .zarr store to write")
    add_reading_option(parser)
    parser.add_argument("--quiet", action="store_true", help="say nothing but what goes wrong")
    parser.set_defaults(command=_convert, parser=parser)


def _convert(args: argparse.Namespace) -> int:
    from ..data.files import holding_signals
    from ..data.opening import sound
    from ..data.save import check_writable, write
    from ..terminal import Teller

    check_writable(args.output, args.input)
    tell = Teller(quiet=args.quiet)
    tell.say(f"Reading {args.input}")
    found = sound(args.input, reading_options(args))
    tell.say(*found.notes)
    with holding_signals(resends=False):  # what is whole is not called given up
        path = write(found.adata, args.output, args.input)
        tell.say(f"Wrote {path}: {found.adata.n_obs:,} × {found.adata.n_vars:,}.")
    return 0
