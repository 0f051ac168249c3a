"""The `stimpute` command. What is heavy is imported when a command runs, so that help is quick.

Exit codes: 0 done, 1 failed (with a message), 2 wrong usage.
"""

from __future__ import annotations

import argparse
import os
import sys
import textwrap
import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from .. import __version__, keys
from ..errors import InputError, InvalidSetting, StimputeError
from ..models import MODELS, model_info
from ..models.configs import ModelInfo
from .compare import add_compare
from .folder import Task, Worked, add_folder_options, is_folder, work_on_folder
from .options import (
    COUNTS,
    GENES,
    Parser,
    add_run_options,
    add_setting_options,
    config_of,
    listed,
    settings_text,
    usage,
    width,
)
from .tune import add_tune

if TYPE_CHECKING:
    from ..config import ModelConfig
    from ..data.results import Results
    from ..run import Run
    from ..terminal import Teller


def main(argv: Sequence[str] | None = None) -> int:
    """Run a command line; returns the exit code, or raises SystemExit for help and wrong usage.

    Without `argv` it is the program itself, and leaves at once if Ctrl-C left a thread computing:
    Python would wait for no such thread, and crash under it.
    """
    code = _run(sys.argv[1:] if argv is None else argv)
    if argv is None and any(t.daemon and t.is_alive() for t in threading.enumerate()):
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)
    return code


def _run(argv: Sequence[str]) -> int:
    args = _parser().parse_args(argv)
    command: Callable[[argparse.Namespace], int] = args.command
    try:
        return command(args)
    except InvalidSetting as error:
        args.parser.error(str(error))
    except StimputeError as error:
        print(f"stimpute: {error}", file=sys.stderr)
    except KeyboardInterrupt:
        print(f"\nstimpute: given up{_what_is_left(args)}.", file=sys.stderr)
    return 1


def _what_is_left(args: argparse.Namespace) -> str:
    study = getattr(args, "study", "")
    if study and Path(study).exists():
        return f"; the trials that had ended are in {study}"
    return "" if args.command is _demo else "; nothing was written"


# ---- what can be asked for ---------------------------------------------------------------------


def _parser() -> argparse.ArgumentParser:
    parser = Parser(
        prog="stimpute",
        description="Impute gene expression in spatial transcriptomics and single-cell data.",
        epilog="Exit codes: 0 done, 1 failed (with a message), 2 wrong usage.",
    )
    parser.add_argument("--version", action="version", version=f"stimpute {__version__}")
    commands = parser.add_subparsers(required=True, metavar="COMMAND", title="commands")
    _add_models(commands)
    _add_check(commands)
    _add_work(commands, "impute", "imputed", "impute genes, and write a new .h5ad", _IMPUTE)
    _add_work(commands, "cluster", "clusters", "find spatial domains or cell clusters", _CLUSTER)
    add_compare(commands)
    add_tune(commands)
    _add_demo(commands)
    return parser


_IMPUTE = (
    "Train a model on the counts of IN and write a copy to OUT, with expected counts in "
    "layers['KEY_imputed'] (each at its own depth), and embedding and clusters where the "
    "model gives them. Every cell is kept, in order. The modelled genes become OUT's var; the "
    "counts of all genes stay in raw. IN may be a folder: every .h5ad file in it gets a result of "
    "the same name in the folder OUT. Ctrl-C stops early and keeps the best so far."
)
_CLUSTER = (
    "Train a model on the counts of IN and write a copy to OUT, with clusters in "
    "obs['KEY_cluster'], their probabilities and the embedding in obsm; no imputed values. IN may "
    "be a folder: every .h5ad file in it gets a result of the same name in the folder OUT. Ctrl-C "
    "stops early and keeps the best so far."
)


def _add_models(commands: argparse._SubParsersAction[Parser]) -> None:
    text = "list the models, what they need and what they give"
    parser = commands.add_parser("models", help=text, description=f"{text.capitalize()}.")
    parser.set_defaults(command=_models, parser=parser)


def _add_check(commands: argparse._SubParsersAction[Parser]) -> None:
    text = "say in words what a file holds, what would be used, and what looks wrong"
    parser = commands.add_parser("check", help=text, description=f"{text.capitalize()}.")
    parser.add_argument("file", metavar="FILE", help="an .h5ad file")
    parser.add_argument("--counts", default="", metavar="PLACE", help=COUNTS)
    parser.set_defaults(command=_check, parser=parser)


def _add_work(
    commands: argparse._SubParsersAction[Parser], name: str, gives: str, text: str, about: str
) -> None:
    infos = [info for info in MODELS.values() if gives in info.provides]
    parser = commands.add_parser(
        name,
        help=text,
        description=textwrap.fill(about, width()),
        epilog=settings_text(infos),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "input", metavar="IN", help="an .h5ad file, or a folder of them; it is never changed"
    )
    parser.add_argument(
        "output", metavar="OUT", help="the .h5ad file to write, or a folder for the results"
    )
    _add_model_options(parser, infos)
    data = parser.add_argument_group("data")
    data.add_argument(
        "--genes",
        default="",
        metavar="WHICH",
        help=f"{GENES} (default: all up to 5,000, else hvg:3000)",
    )
    data.add_argument("--counts", default="", metavar="PLACE", help=COUNTS)
    data.add_argument(
        "--key",
        default="",
        metavar="NAME",
        help="prefix of the results' names (default: the model's name)",
    )
    data.add_argument(
        "--save-model", default="", metavar="FOLDER", help="also save the trained model (no pickle)"
    )
    add_folder_options(data)
    if gives == "imputed":
        _add_trust_options(parser)
    add_run_options(parser)
    parser.set_defaults(command=_work, parser=parser, gives=gives)


def _add_trust_options(parser: argparse.ArgumentParser) -> None:
    trust = parser.add_argument_group("trust")
    trust.add_argument(
        "--no-blend",
        action="store_true",
        help="the model's own values; else each gene is blended with simple predictions, as far "
        "as hidden molecules speak for it",
    )
    trust.add_argument(
        "--no-judge",
        action="store_true",
        help="hide no molecules to judge each gene on; no gene gets a verdict then",
    )


def _add_demo(commands: argparse._SubParsersAction[Parser]) -> None:
    text = "train GMM-VGAE on the sample section, or on your file, and look at the result"
    about = (
        "Trains GMM-VGAE, compares it with simple baselines on hidden molecules, and writes "
        "result.h5ad, figures, screenshots of the window and report.html to a folder. With a "
        "display, napari opens in the end."
    )
    parser = commands.add_parser(
        "demo",
        help=text,
        description=textwrap.fill(about, width()),
        epilog=settings_text([model_info("gmm_vgae")]),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "data",
        nargs="?",
        default="",
        metavar="DATA",
        help="an .h5ad file with coordinates (default: the sample section)",
    )
    parser.add_argument(
        "--out", default="demo", metavar="FOLDER", help="where it goes (%(default)s)"
    )
    parser.add_argument("--no-window", action="store_true", help="do not open napari in the end")
    parser.add_argument("--genes", default="", metavar="WHICH", help=GENES)
    add_setting_options(parser, [model_info("gmm_vgae")])
    add_run_options(parser)
    parser.set_defaults(command=_demo, parser=parser, model="gmm_vgae", counts="", gives="clusters")


def _add_model_options(parser: argparse.ArgumentParser, infos: Sequence[ModelInfo]) -> None:
    group = parser.add_argument_group("model")
    names = ", ".join(info.name for info in infos)
    group.add_argument(
        "--model", default="gmm_vgae", metavar="NAME", help=f"one of: {names} (%(default)s)"
    )
    add_setting_options(group, infos)


# ---- the commands ------------------------------------------------------------------------------


def _models(args: argparse.Namespace) -> int:
    for info in MODELS.values():
        genes = f" · suited to {info.recommended_genes}" if info.recommended_genes else ""
        print(f"{info.name:16} {info.title}")
        print(textwrap.indent(textwrap.fill(info.summary, width() - 17), " " * 17))
        both = f"needs {listed(sorted(info.needs))} · gives {listed(info.provides)}"
        print(f"{'':17}{both}{genes}\n")
    print("Settings of each: stimpute impute --help")
    return 0


def _check(args: argparse.Namespace) -> int:
    from ..data.card import data_card
    from ..data.readers.h5ad import read

    card = data_card(read(args.file), args.counts)
    print(card.text(width()))
    if card.counts_where:
        return 0
    print("stimpute: this file cannot be used as it is, for want of counts.", file=sys.stderr)
    return 1


def _work(args: argparse.Namespace) -> int:
    config = config_of(args)
    from ..data.records import check_run_key
    from ..devices import resolve_device
    from ..terminal import Teller

    usage(args, lambda: resolve_device(args.device))
    check_run_key(args.key or args.model)
    tell = Teller(quiet=args.quiet)
    if is_folder(args.input):
        return work_on_folder(args, tell, lambda task: _work_on(task, args, config, tell))
    _work_on(Task(args.input, args.output, args.save_model), args, config, tell)
    return 0


def _work_on(task: Task, args: argparse.Namespace, config: ModelConfig, tell: Teller) -> Worked:
    """Train on one file and write its result."""
    from ..data.opening import load
    from ..data.records import record_in
    from ..data.results import check_outlived, write_results
    from ..data.save import check_writable, write
    from ..job import Job, JobState
    from ..run import Request, Run
    from ..terminal import follow

    check_writable(task.target, task.source)
    tell.say(f"Reading {task.source}")
    opened = load(task.source, genes=args.genes, counts=args.counts)
    tell.say(*opened.notes)
    imputes = args.gives == "imputed"
    request = Request(
        args.model,
        config,
        args.seed,
        args.device,
        args.key,
        imputes,
        blend=imputes and not args.no_blend,
        judged=imputes and not args.no_judge,
    )
    run = Run(opened.adata, request)
    title = f"Training {model_info(args.model).title}"
    state = follow(Job(run.steps(), f"{task.place} · {title}" if task.place else title), tell)
    results = _wanted(run)
    try:
        check_outlived(record_in(Path(task.target).expanduser(), run.key), results.record)
        record = write_results(opened.adata, results)
    except InputError as error:
        if state is not JobState.CANCELLED:
            raise
        tell.warn(f"stimpute: {error}")
        raise KeyboardInterrupt from error  # who pressed Ctrl-C does not want other files begun
    path = write(opened.adata, task.target, task.source)
    tell.say(*record.notes, _written(path, opened.adata.shape, results))
    if task.model_folder:
        tell.say(f"Saved the model to {run.model.save(task.model_folder)}")
    return Worked(record.completed, state is JobState.CANCELLED)


def _demo(args: argparse.Namespace) -> int:
    config = config_of(args)
    from ..demo import Demo, run_demo
    from ..devices import resolve_device
    from ..terminal import Teller

    usage(args, lambda: resolve_device(args.device))
    demo = Demo(args.data, Path(args.out), config, args.genes, args.seed, args.device)
    run_demo(demo, Teller(quiet=args.quiet), window=not args.no_window)
    return 0


def _wanted(run: Run) -> Results:
    if run.results is None:  # stopped before anything was learned
        raise KeyboardInterrupt
    return run.results


def _written(path: Path, shape: tuple[int, int], results: Results) -> str:
    key = results.record.key
    places = {
        f"layers['{keys.imputed(key)}']": results.imputed,
        f"layers['{keys.fill_probability(key)}']": results.fill_probability,
        f"obsm['{keys.embedding(key)}']": results.embedding,
        f"obs['{keys.cluster(key)}']": results.clusters,
    }
    held = listed([place for place, array in places.items() if array is not None])
    unfinished = "" if results.record.completed else " Stopped early: marked as incomplete."
    return f"Wrote {path}: {shape[0]:,} × {shape[1]:,}, with {held}.{unfinished}"
