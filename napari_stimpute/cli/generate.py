"""The commands `stimpute generate` and `enhance`: cells of a model, and data made fuller."""

from __future__ import annotations

import argparse
import textwrap
from collections.abc import Sequence
from typing import TYPE_CHECKING

from ..words import number
from .options import (
    INPUT,
    Parser,
    add_reading_option,
    add_run_options,
    aligned,
    positive,
    reading_options,
    width,
    with_examples,
)

if TYPE_CHECKING:
    from collections.abc import Generator

    from anndata import AnnData

    from ..generate import Judged
    from ..models.scdiffusion.enhance import Enhanced
    from ..models.scdiffusion.model import ScDiffusion
    from ..progress import Progress
    from ..terminal import Teller

_GENERATE = (
    "Generate cells with a trained scDiffusion (see 'stimpute train') and write them to OUT: whole "
    "counts at depths like those of real cells, marked as synthetic. With --against, they are held "
    "against real cells that the model never saw, beside simple ways to make cells."
)
_ENHANCE = (
    "Write a copy of IN to OUT to which a trained scDiffusion has added something: cells of a rare "
    "label, one small step of denoising, or depth. Measured counts stay as they are, and what was "
    "added is told."
)
_METHODS = ("heun", "ddim", "euler_maruyama", "predictor_corrector")


def add_generate(commands: argparse._SubParsersAction[Parser]) -> None:
    """Offer the command that generates cells."""
    parser = commands.add_parser(
        "generate",
        help="generate cells with a trained scDiffusion",
        description=textwrap.fill(_GENERATE, width()),
        epilog=with_examples(
            "",
            "stimpute generate model b_cells.h5ad -n 500 --condition cell_type=B",
            "stimpute generate model cells.h5ad -n 1000 --against cells_it_learned.h5ad",
            "stimpute generate model treated.h5ad -n 200 --condition cell_type=B,dose=0.5",
        ),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("model_folder", metavar="MODEL", help="a folder that 'train' wrote")
    parser.add_argument("output", metavar="OUT", help="the .h5ad file to write")
    parser.add_argument(
        "-n", default=500, type=_whole, metavar="N", help="how many cells (%(default)s)"
    )
    parser.add_argument(
        "--condition",
        action="append",
        default=[],
        metavar="COLUMN=VALUE,…",
        help="what the cells are to be; what is not named comes as often as in training",
    )
    parser.add_argument(
        "--against",
        default="",
        metavar="FILE",
        help="the .h5ad file the model was trained on, to judge the cells by",
    )
    sampler = parser.add_argument_group("sampler")
    sampler.add_argument(
        "--guidance",
        default=1.0,
        type=float,
        metavar="X",
        help="how strongly conditions are followed; more than 1 exaggerates (%(default)s)",
    )
    sampler.add_argument(
        "--sampler",
        default="heun",
        choices=_METHODS,
        help="how noise is led to cells (%(default)s)",
    )
    sampler.add_argument(
        "--steps", default=25, type=positive, metavar="N", help="of the sampler (%(default)s)"
    )
    add_run_options(parser)
    parser.set_defaults(command=_generate, parser=parser)


def add_enhance(commands: argparse._SubParsersAction[Parser]) -> None:
    """Offer the command that adds to data."""
    parser = commands.add_parser(
        "enhance",
        help="add cells of a rare type, or depth, to data",
        description=textwrap.fill(_ENHANCE, width()),
        epilog=with_examples(
            "",
            "stimpute enhance cells.h5ad more.h5ad --model-dir model --raise cell_type=NK:200",
            "stimpute enhance cells.h5ad deeper.h5ad --model-dir model --depth 2",
            "stimpute enhance cells.h5ad quieter.h5ad --model-dir model --denoise",
        ),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("input", metavar="IN", help=INPUT)
    parser.add_argument("output", metavar="OUT", help="the .h5ad file to write")
    parser.add_argument(
        "--model-dir", required=True, metavar="MODEL", help="a folder that 'train' wrote"
    )
    what = parser.add_mutually_exclusive_group(required=True)
    what.add_argument(
        "--raise",
        dest="raised",
        default=None,
        type=_raised,
        metavar="COLUMN=LABEL:N",
        help="add generated cells of a label until there are N",
    )
    what.add_argument("--denoise", action="store_true", help="take one small step of denoising")
    what.add_argument(
        "--depth", default=None, type=float, metavar="X", help="draw molecules to X times the depth"
    )
    add_reading_option(parser)
    add_run_options(parser)
    parser.set_defaults(command=_enhance, parser=parser)


# ---- the commands ------------------------------------------------------------------------------


def _generate(args: argparse.Namespace) -> int:
    conditions = _conditions(args)
    from ..data.files import holding_signals
    from ..data.save import check_writable, write
    from ..generate import Order, check_order, generation_steps
    from ..job import Job
    from ..models.scdiffusion.model import ScDiffusion
    from ..terminal import Teller, whole

    check_writable(args.output, args.against or None)
    tell = Teller(quiet=args.quiet)
    model = ScDiffusion.load(args.model_folder, device=args.device)
    order = Order(args.n, conditions, args.guidance, args.sampler, args.steps, args.seed)
    check_order(model, order)
    job = Job(generation_steps(model, order, _whole_file(args.against, {}, tell)), "Generating")
    found = whole(job, tell)
    made = found.adata
    with holding_signals(resends=False):
        path = write(made, args.output, args.against or None)
        tell.say(*found.notes)
        if found.judged is not None:
            tell.say(*_table(found.judged), *found.judged.sentences)
        tell.say(f"Wrote {path}: {made.n_obs:,} × {made.n_vars:,}, marked as synthetic.")
    return 0


def _enhance(args: argparse.Namespace) -> int:
    from ..data.files import holding_signals
    from ..data.save import check_writable, write
    from ..job import Job
    from ..models.scdiffusion.model import ScDiffusion
    from ..terminal import Teller, whole

    check_writable(args.output, args.input)
    tell = Teller(quiet=args.quiet)
    model = ScDiffusion.load(args.model_dir, device=args.device)
    adata = _whole_file(args.input, reading_options(args), tell)
    assert adata is not None
    job = Job(_enhancing(args, model, adata), "Enhancing")
    enhanced = whole(job, tell)
    with holding_signals(resends=False):
        path = write(enhanced.adata, args.output, args.input)
        tell.say(*enhanced.sentences)
        tell.say(f"Wrote {path}: {enhanced.adata.n_obs:,} × {enhanced.adata.n_vars:,}.")
    return 0


def _enhancing(
    args: argparse.Namespace, model: ScDiffusion, adata: AnnData
) -> Generator[Progress, None, Enhanced]:
    from ..models.scdiffusion.enhance import deepen_steps, denoise_steps, raise_steps

    if args.raised is not None:
        column, label, n = args.raised
        return raise_steps(model, adata, column, label, n, seed=args.seed)
    if args.denoise:
        return denoise_steps(model, adata)
    return deepen_steps(model, adata, args.depth, seed=args.seed)


def _whole_file(path: str, options: dict[str, str], tell: Teller) -> AnnData | None:
    """A file with all its genes; None where none is named."""
    if not path:
        return None
    from ..data.opening import load

    tell.say(f"Reading {path}")
    return load(path, genes="all", options=options).adata


def _conditions(args: argparse.Namespace) -> dict[str, str]:
    found = {}
    for part in ",".join(args.condition).split(","):
        name, equals, value = part.partition("=")
        if part and not (equals and name.strip() and value.strip()):
            args.parser.error(f"--condition takes COLUMN=VALUE, and not {part!r}")
        if name.strip() in found:
            args.parser.error(f"--condition names {name.strip()!r} more than once")
        if part:
            found[name.strip()] = value.strip()
    return found


def _table(judged: Judged) -> Sequence[str]:
    scores = judged.scores
    rows = [
        [str(name), *(number(v) for v in row)]
        for name, row in zip(scores.index, scores.to_numpy(), strict=True)
    ]
    return aligned([["score", *scores.columns], *rows])


def _whole(text: str) -> int:
    """A whole number; which ones make sense, the model says."""
    try:
        return int(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number") from None


def _raised(text: str) -> tuple[str, str, int]:
    """COLUMN=LABEL:N; anything else is wrong usage."""
    column, equals, rest = text.partition("=")
    label, colon, n = rest.rpartition(":")
    if not (equals and colon and column and label and n.isascii() and n.isdigit()):
        raise argparse.ArgumentTypeError(f"{text!r} is not COLUMN=LABEL:N, as cell_type=NK:200")
    return column, label, int(n)
