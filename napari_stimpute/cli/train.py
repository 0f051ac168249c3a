"""The commands `stimpute train` and `finetune`: a model as a folder, for whatever comes later."""

from __future__ import annotations

import argparse
import textwrap
from contextlib import closing
from typing import TYPE_CHECKING

from ..config import ModelConfig
from ..errors import Diverged
from ..models import MODELS, model_info
from .options import (
    INPUT,
    Parser,
    add_data_options,
    add_deterministic_option,
    add_fresh_option,
    add_reading_option,
    add_run_options,
    add_setting_options,
    config_of,
    forget_training,
    kept_training,
    opened_by,
    positive,
    reading_options,
    settings_text,
    usage,
    width,
    with_examples,
)
from .processes import add_processes_option, number

if TYPE_CHECKING:
    from collections.abc import Generator

    from anndata import AnnData

    from ..models.base import Model
    from ..progress import Progress
    from ..terminal import Teller

_TRAIN = (
    "Train a model on the counts of IN and save it as the folder MODEL (no pickle); no values are "
    "written. scDiffusion can then generate cells. Ctrl-C stops early and keeps the best so far; "
    "what was killed is gone on with by the same command."
)
_FINETUNE = (
    "Teach a trained scDiffusion the cells of NEW, and save the result as the folder OUT. Genes "
    "are aligned by name; new labels are appended; what is frozen, gained and forgotten is told."
)


def add_train(commands: argparse._SubParsersAction[Parser]) -> None:
    """Offer the command that trains a model and keeps it."""
    parser = commands.add_parser(
        "train",
        help="train a model, and save it as a folder",
        description=textwrap.fill(_TRAIN, width()),
        epilog=with_examples(
            settings_text(list(MODELS.values())),
            "stimpute train cells.h5ad model --model scdiffusion --condition cell_type",
            "stimpute train cells.h5ad model --model scdiffusion --condition cell_type,dose",
            "stimpute train section.h5ad model --model gmm_vgae --n-domains 6",
        ),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("input", metavar="IN", help=INPUT)
    parser.add_argument("output", metavar="MODEL", help="the folder to write")
    group = parser.add_argument_group("model")
    names = ", ".join(MODELS)
    group.add_argument(
        "--model", default="scdiffusion", metavar="NAME", help=f"one of: {names} (%(default)s)"
    )
    group.add_argument(
        "--condition",
        default="",
        metavar="COLUMN,…",
        help="columns of obs that cells can be asked for: names or numbers (scdiffusion)",
    )
    add_setting_options(group, list(MODELS.values()))
    add_data_options(parser.add_argument_group("data"))
    run = add_run_options(parser)
    add_deterministic_option(run)
    add_processes_option(run)
    add_fresh_option(run)
    parser.set_defaults(command=_train, parser=parser, gives="")


def add_finetune(commands: argparse._SubParsersAction[Parser]) -> None:
    """Offer the command that teaches a model new cells."""
    parser = commands.add_parser(
        "finetune",
        help="teach a trained scDiffusion new cells",
        description=textwrap.fill(_FINETUNE, width()),
        epilog=with_examples(
            "",
            "stimpute finetune model new_donor.h5ad model_of_both",
            "stimpute finetune model other_panel.h5ad model_of_both --force",
        ),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("model_folder", metavar="MODEL", help="a folder that 'train' wrote")
    parser.add_argument("input", metavar="NEW", help=INPUT)
    parser.add_argument("output", metavar="OUT", help="the folder to write")
    parser.add_argument(
        "--force", action="store_true", help="go on though few of the model's genes are there"
    )
    parser.add_argument(
        "--steps", default=2000, type=positive, metavar="N", help="of training (%(default)s)"
    )
    add_reading_option(parser)
    add_run_options(parser)
    parser.set_defaults(command=_finetune, parser=parser)


def _train(args: argparse.Namespace) -> int:
    config = _with_condition(args)
    from ..data.files import holding_signals
    from ..devices import resolve_device
    from ..job import Job, JobState
    from ..models import model_class
    from ..models.scdiffusion.model import ScDiffusion
    from ..models.storage import check_folder
    from ..terminal import Teller, follow

    usage(args, lambda: resolve_device(args.device))
    check_folder(args.output)
    tell = Teller(quiet=args.quiet or number() > 0)
    tell.say(f"Reading {args.input}")
    opened = opened_by(args, args.input)
    tell.say(*opened.notes)
    model = model_class(args.model)(config)
    model.check(opened.adata)
    kept = kept_training(args.output, tell, fresh=args.fresh)
    model.keeping(kept)
    steps = _fit(model, opened.adata, args, tell)
    state = follow(Job(steps, f"Training {model_info(args.model).title}"), tell)
    if number():  # the first of several processes keeps what they learned
        return 0
    if not model.is_fitted:  # stopped before anything was learned
        raise KeyboardInterrupt
    with holding_signals(resends=False):
        path = model.save(args.output)
        if state is not JobState.CANCELLED:
            forget_training(kept)
    unfinished = "" if model.completed_ else " Stopped early: marked as incomplete."
    tell.say(*model.notes_, f"Saved the model to {path}.{unfinished}")
    if isinstance(model, ScDiffusion):
        tell.say(f"Next: stimpute generate {args.output} OUT.h5ad -n 500 --against {args.input}")
    return 0


def _with_condition(args: argparse.Namespace) -> ModelConfig:
    """Settings as asked for, conditions among them."""
    if args.condition:
        info = usage(args, lambda: model_info(args.model))
        if "condition" not in info.config.model_fields:
            args.parser.error(f"{info.title} takes no --condition; choose --model scdiffusion")
        args.settings.append(f"condition={args.condition}")
    return config_of(args)


def _fit(
    model: Model, adata: AnnData, args: argparse.Namespace, tell: Teller
) -> Generator[Progress, None, None]:
    """Train; a training that breaks off is used as it was at its best, if it ever was."""
    from ..devices import DETERMINISTIC
    from ..nn.determinism import deterministically

    fit = model.fit_steps(adata, seed=args.seed, device=args.device)
    if args.deterministic:
        tell.say(DETERMINISTIC)
        fit = deterministically(fit)
    with closing(fit) as steps:
        try:
            yield from steps
        except Diverged as error:
            if not any("validation" in row for row in model.history_):
                raise
            tell.warn(f"Training broke off. {error}")


def _finetune(args: argparse.Namespace) -> int:
    from ..data.files import holding_signals
    from ..data.opening import load
    from ..job import Job
    from ..models.scdiffusion.finetune import finetune_steps
    from ..models.scdiffusion.model import ScDiffusion
    from ..models.storage import check_folder
    from ..terminal import Teller, whole

    check_folder(args.output)
    tell = Teller(quiet=args.quiet)
    model = ScDiffusion.load(args.model_folder, device=args.device)
    tell.say(f"Reading {args.input}")
    opened = load(args.input, genes="all", options=reading_options(args))
    steps = finetune_steps(
        model, opened.adata, force=args.force, seed=args.seed, n_steps=args.steps
    )
    job = Job(steps, "Fine-tuning")
    tuned = whole(job, tell)
    with holding_signals(resends=False):
        path = tuned.model.save(args.output)
    tell.say(*tuned.sentences, f"Saved the model to {path}.")
    return 0
