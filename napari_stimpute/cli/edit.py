"""The command `stimpute edit`: cells of a file as they might be, were something otherwise."""

from __future__ import annotations

import argparse
import os
import re
import textwrap
from typing import TYPE_CHECKING

from .. import keys
from ..errors import InvalidSetting, MissingKey, NotReadable, TooSmall, UnknownName
from .options import (
    COUNTS,
    INPUT,
    Parser,
    add_reading_option,
    aligned,
    reading_options,
    seed_of,
    width,
    with_examples,
)

if TYPE_CHECKING:
    from anndata import AnnData

    from ..editing import JudgedEdit
    from ..models.scdiffusion.edit import GeneWish

_ABOUT = (
    "Edit cells of IN with a trained scDiffusion, and write them to OUT: as they might be under "
    "another condition, or with genes changed. Counts stay counts; layers['before_edit'] holds "
    "those that came in. Each gene's change gets a verdict from groups of cells that are left out "
    f"in turn. Every edited cell is marked: it is an {keys.HYPOTHESIS}, and no measurement. Ctrl-C "
    "gives up, and writes nothing."
)
_EXAMPLES = (
    "stimpute edit cells.h5ad edited.h5ad --model-dir model --cells type=B --to condition=stim",
    "stimpute edit cells.h5ad edited.h5ad --model-dir model --cells type=B --to "
    "condition=stim,dose=2",
    "stimpute edit cells.h5ad edited.h5ad --model-dir model --cells picked.txt --to condition=stim "
    "--strength 0.5",
    "stimpute edit cells.h5ad edited.h5ad --model-dir model --cells type=B --genes "
    "STAT1=0,IFIT1=2x",
)
_N_SHOWN = 10


def add_edit(commands: argparse._SubParsersAction[Parser]) -> None:
    """Offer the command that edits cells."""
    parser = commands.add_parser(
        "edit",
        help="edit cells: another condition, genes knocked out or raised",
        description=textwrap.fill(_ABOUT, width()),
        epilog=with_examples("", *_EXAMPLES),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("input", metavar="IN", help=INPUT)
    parser.add_argument("output", metavar="OUT", help="the .h5ad file to write")
    parser.add_argument(
        "--model-dir", required=True, metavar="MODEL", help="folder of a trained scDiffusion"
    )
    parser.add_argument(
        "--cells",
        required=True,
        action="append",
        metavar="COLUMN=VALUE|FILE",
        help="which cells: a value of a column of obs (given several times: all must hold), or a "
        "text file of names, one a line",
    )
    asked = parser.add_argument_group("what is asked (one of both)")
    asked.add_argument(
        "--to",
        default="",
        metavar="COLUMN=VALUE,…",
        help="another condition, or several at once; of a number, cells about it tell the change",
    )
    asked.add_argument(
        "--genes",
        default="",
        metavar="GENE=CHANGE,…",
        help="genes to change: 0 is a knock-out, 2x doubles, over is over-expression",
    )
    how = parser.add_argument_group("how")
    how.add_argument(
        "--strength",
        default=1.0,
        type=float,
        metavar="X",
        help="0 returns the cells as they are, 1 is the whole change, 2 the most (%(default)s)",
    )
    how.add_argument(
        "--method",
        default="blend",
        metavar="NAME",
        help="blend: predicted changes, tried on left-out groups; ode, sdedit: by diffusion "
        "(%(default)s)",
    )
    how.add_argument(
        "--groups",
        default="",
        metavar="COLUMN",
        help="groups that may respond each in their own way (default: other conditions of the "
        "model, else its clusters)",
    )
    how.add_argument("--counts", default="", metavar="PLACE", help=COUNTS)
    add_reading_option(how)
    how.add_argument(
        "--seed", default=0, type=seed_of, metavar="N", help="of everything random (%(default)s)"
    )
    how.add_argument("--device", default="auto", help="auto, cpu, cuda or mps (%(default)s)")
    how.add_argument("--quiet", action="store_true", help="say nothing but what goes wrong")
    parser.set_defaults(command=_edit, parser=parser)


def _edit(args: argparse.Namespace) -> int:
    to, genes = _condition(args), _wishes(args)
    from ..data.files import holding_signals
    from ..data.opening import load
    from ..data.save import check_writable, write
    from ..editing import edit_steps
    from ..job import Job
    from ..models.scdiffusion.edit import EditRequest
    from ..models.scdiffusion.editor import Editor
    from ..models.scdiffusion.model import ScDiffusion
    from ..terminal import Teller, whole

    check_writable(args.output, args.input)
    tell = Teller(quiet=args.quiet)
    model = ScDiffusion.load(args.model_dir, device=args.device)
    tell.say(f"Reading {args.input}")
    adata = load(args.input, genes="all", counts=args.counts, options=reading_options(args)).adata
    request = EditRequest(
        _picked(adata, args.cells), to, genes, args.strength, args.method, args.groups, args.seed
    )
    editor = Editor(model, adata)
    editor.check(request)
    n = editor.cost(request)
    if n:
        tell.say(f"{n} groups are left out in turn, each with a training of its own.")
    job = Job(edit_steps(editor, request), "Editing")
    edited = whole(job, tell)
    made = edited.as_anndata()
    with holding_signals(resends=False):
        path = write(made, args.output, args.input)
        tell.say(*edited.notes, *_largest(edited))
        tell.say(f"Wrote {path}: {counted_cells(edited)}, each marked in obs['{keys.SYNTHETIC}'].")
    return 0


def counted_cells(edited: JudgedEdit) -> str:
    """How many cells and genes were written."""
    n_cells, n_genes = edited.edit.after.shape
    return f"{n_cells:,} × {n_genes:,}"


def _condition(args: argparse.Namespace) -> dict[str, str | float]:
    """What is asked by column; a comma within a label stays, where no "=" follows."""
    found: dict[str, str | float] = {}
    for part in re.split(r",(?=[^,]*=)", args.to) if args.to else []:
        column, equals, wish = (text.strip() for text in part.partition("="))
        if not (column and equals and wish):
            args.parser.error(f"--to takes COLUMN=LABEL or COLUMN=NUMBER, and not {part!r}")
        found[column] = wish
    return found


def _wishes(args: argparse.Namespace) -> dict[str, GeneWish]:
    found: dict[str, GeneWish] = {}
    for text in filter(None, (part.strip() for part in args.genes.split(","))):
        gene, equals, change = (part.strip() for part in text.rpartition("="))
        if not gene or not equals:
            args.parser.error(f"--genes takes GENE=CHANGE, and {text!r} has no '='")
        if gene in found:
            args.parser.error(f"--genes names {gene!r} more than once")
        found[gene] = _wish(args, gene, change)
    return found


def _wish(args: argparse.Namespace, gene: str, change: str) -> GeneWish:
    if change in ("over", "over-expression"):
        return "over-expression"
    if change in ("0", "0x", "knock-out"):
        return "knock-out"
    try:
        return float(change.removesuffix("x"))
    except ValueError:
        parser: Parser = args.parser
        parser.error(f"--genes takes 0, 2x or over for {gene}, and not {change!r}")


def _picked(adata: AnnData, choices: list[str]) -> tuple[str, ...]:
    """Names of the cells that all choices hold for."""
    names = adata.obs_names
    for choice in choices:
        column, equals, value = choice.partition("=")
        if os.path.isfile(choice):
            wanted = _names_in(choice)
            unknown = [name for name in wanted if name not in adata.obs_names]
            if unknown:
                raise MissingKey(
                    expected=f"names of cells of the input in {choice}",
                    found=f"{len(unknown):,} that are not, such as {unknown[0]!r}",
                    remedy="Take them out, or give the file that they were picked in.",
                )
            names = names[names.isin(wanted)]
        elif not equals:
            raise InvalidSetting(
                field="cells",
                expected="COLUMN=VALUE or a text file",
                found=repr(choice),
                remedy="Such as cell_type=B; is the file there?",
            )
        elif column not in adata.obs:
            raise UnknownName.of("column of obs", column, adata.obs.columns)
        else:
            labels = adata.obs[column].astype(str)
            if value not in set(labels):
                raise UnknownName.of(f"value of {column!r}", value, sorted(set(labels)))
            names = names[names.isin(adata.obs_names[labels == value])]
    if not len(names):
        raise TooSmall(
            expected="cells for which all of --cells holds",
            found="none",
            remedy="Ask for fewer things at a time.",
        )
    return tuple(names)


def _names_in(path: str) -> list[str]:
    try:
        with open(path, encoding="utf-8") as file:
            return [line.strip() for line in file if line.strip()]
    except (OSError, UnicodeDecodeError) as error:
        raise NotReadable(
            expected="a text file of names, one a line",
            found=f"{path}, which is not",
            remedy="Save it as plain text.",
        ) from error


def _largest(edited: JudgedEdit) -> list[str]:
    """The genes that changed most, with their verdicts."""
    table = edited.table().head(_N_SHOWN)
    if table.empty:
        return ["No gene's counts changed."]
    rows = [
        [str(gene), f"{row['before']:.2f}", f"{row['after']:.2f}", f"{row['change']:+.2f}"]
        for gene, row in table.iterrows()
    ]
    verdicts = table["verdict"].astype(str)
    head = ["gene", "before", "after", "change", "verdict"]
    lines = [[*row, verdict] for row, verdict in zip(rows, verdicts, strict=True)]
    title = "Largest changes of mean log values (molecules per 10,000):"
    return [title, *aligned([head, *lines], left=(0, 4))]
