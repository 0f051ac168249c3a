"""The command `stimpute compare`: which method predicts hidden molecules best on these data."""

from __future__ import annotations

import argparse
import textwrap
from typing import TYPE_CHECKING

from ..compare.methods import available, chosen, methods
from ..errors import StimputeError
from ..models import model_info
from ..words import duration, memory, percent
from .options import (
    INPUT,
    Parser,
    add_data_options,
    add_workers_options,
    aligned,
    enough,
    listed,
    names_file,
    opened_by,
    positive,
    seed_of,
    usage,
    warn_of_memory,
    width,
    with_examples,
    workers_of,
)

if TYPE_CHECKING:
    from ..compare.comparison import Comparison
    from ..terminal import Teller

_ABOUT = (
    "Hides a tenth of the molecules of IN, lets every method predict them from the rest, and "
    "scores what they predict; several times, with other molecules hidden. Nothing is written "
    "but what is asked for. Ctrl-C stops early and keeps what was scored."
)
_EXAMPLES = (
    "stimpute compare section.h5ad",
    "stimpute compare section.h5ad --models mixture,pca --seeds 2 --report comparison.html",
    "stimpute compare cells.h5ad --models scziva,mixture --genes hvg:1000 --out scores.csv",
)
_HEADER = ("Method", "Explained", "±", "Genes better", "Won", "Time", "Memory")
_LEGEND = (
    "Explained: share of the deviance of gene mean × depth that is gone, mean over splits; ±: its "
    "standard deviation. Genes better: predicted better than by gene mean × depth, and Won: "
    "predicted best of these methods, of the genes with at least {enough} hidden molecules. Time "
    "and memory: of one fit and prediction, median."
)


def add_compare(commands: argparse._SubParsersAction[Parser]) -> None:
    """Offer the command."""
    text = (
        "compare models and simple methods on hidden molecules, and say which of them is best here"
    )
    parser = commands.add_parser(
        "compare",
        help=text,
        description=textwrap.fill(_ABOUT, width()),
        epilog=with_examples(_names(), *_EXAMPLES),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("input", metavar="IN", help=INPUT)
    parser.add_argument(
        "--models",
        default="",
        metavar="A,B,C",
        help="methods listed below (default: all that can run on these data)",
    )
    parser.add_argument(
        "--seeds",
        default=5,
        type=positive,
        metavar="N",
        help="splits into kept and hidden molecules, each with a seed of its own (%(default)s)",
    )
    parser.add_argument("--report", default="", metavar="PAGE", help="write a page (.html)")
    parser.add_argument(
        "--out", default="", metavar="TABLE", help="write every score (.csv or .json)"
    )
    parser.add_argument(
        "--show",
        default="",
        metavar="GENES",
        help="genes to draw in the report, with commas (default: three, chosen from the counts)",
    )
    parser.add_argument("--preset", default="default", metavar="NAME", help="settings of all")
    add_data_options(parser)
    parser.add_argument(
        "--seed", default=0, type=seed_of, metavar="N", help="of the first split (%(default)s)"
    )
    parser.add_argument("--device", default="auto", help="auto, cpu, cuda or mps (%(default)s)")
    parser.add_argument("--quiet", action="store_true", help="say nothing but what goes wrong")
    add_workers_options(parser, "the fits, one for each method on each split")
    parser.set_defaults(command=_compare, parser=parser)


def _compare(args: argparse.Namespace) -> int:
    asked = _split(args.models)
    usage(args, lambda: chosen(asked))
    from ..compare.contenders import comparison_of
    from ..compare.table import check_table, write_table
    from ..data.extend import not_modelled
    from ..data.files import check_page
    from ..devices import resolve_device
    from ..forecast import Plan
    from ..job import Job
    from ..keys import SPATIAL
    from ..terminal import Teller, follow

    usage(args, lambda: resolve_device(args.device))
    workers = workers_of(args)
    if args.report:
        check_page(args.report, args.input, args.genes, names_file(args))
    if args.out:
        check_table(args.out, args.input, args.genes, names_file(args))
    tell = Teller(quiet=args.quiet)
    tell.say(f"Reading {args.input}")
    opened = opened_by(args, args.input)
    tell.say(*opened.notes)
    show = _split(args.show)
    if lacking := usage(args, lambda: not_modelled(opened.adata, show)):
        add = f"add --also {','.join(lacking)}"
        args.parser.error(f"--show names genes that are not modelled: {add}")
    names = asked or available(SPATIAL in opened.adata.obsm)
    if workers.are_apart:
        workers = enough(workers, len(names) * args.seeds, tell)
        known = [(m, model_info(m.model).config()) for m in chosen(names) if m.model]
        plans = [Plan(m.model, config, blend=m.blend, judged=False) for m, config in known]
        warn_of_memory(opened.adata, plans, workers, tell)
    comparison = usage(
        args,
        lambda: comparison_of(
            opened.adata,
            names,
            seeds=range(args.seed, args.seed + args.seeds),
            device=args.device,
            preset=args.preset,
            show=show,
            workers=workers,
        ),
    )
    follow(Job(comparison.steps(), "Comparing"), tell)
    _require_scores(comparison)
    _tell(comparison, tell)
    if args.out:
        tell.say(f"Wrote {write_table(comparison, args.out)}")
    if args.report:
        from ..compare.page import page_of

        tell.say(f"Wrote {page_of(comparison, opened.adata, args.input).write(args.report)}")
    return 0


def _require_scores(comparison: Comparison) -> None:
    """Raise where nothing was scored: a failure, or Ctrl-C before the first score."""
    if comparison.scores:
        return
    if not comparison.is_complete:
        raise KeyboardInterrupt
    raise StimputeError(
        expected="a method that can predict these data",
        found="; ".join(dict.fromkeys(comparison.failures.values())),
        remedy="Choose others with --models.",
    )


def _tell(comparison: Comparison, tell: Teller) -> None:
    from ..compare.standing import describe, rows, verdict, wins
    from ..trust.recovery import MIN_HIDDEN

    found, won = rows(comparison), wins(comparison).shares
    table = [_HEADER] + [
        (
            row.title,
            percent(row.gain, 1),
            percent(row.spread, 1) if row.n > 1 else "–",
            percent(row.genes_better),
            percent(won.get(row.method.name, 0.0)),
            duration(row.seconds),
            memory(row.memory),
        )
        for row in found
        if row.n
    ]
    legend = _LEGEND.format(enough=MIN_HIDDEN)
    tell.say("", *aligned(table), "", *textwrap.wrap(legend, width()), "")
    tell.say(*(describe(row) for row in found if row.reason))
    if not comparison.is_complete:
        tell.say("Stopped early: the comparison is incomplete.")
    tell.say(*textwrap.wrap(verdict(comparison), width()))


def _names() -> str:
    lines = ["methods:"]
    for name, method in methods().items():
        missing = method.why_not()
        sentence = f"{method.title}. {method.about}" + (f" {missing}" if missing else "")
        lines.append(
            textwrap.fill(
                sentence,
                width(),
                initial_indent=f"  {name:17} ",
                subsequent_indent=" " * 20,
                break_long_words=False,
            )
        )
    return "\n".join([*lines, "", f"together: --models {listed(methods()).replace(' ', '')}"])


def _split(text: str) -> list[str]:
    return [part.strip() for part in text.split(",") if part.strip()]
