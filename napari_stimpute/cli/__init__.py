"""The `stimpute` command. What is heavy is imported when a command runs, so that help is quick.

Exit codes: 0 done, 1 failed (with a message), 2 wrong usage.
"""

from __future__ import annotations

import argparse
import io
import os
import signal
import sys
import textwrap
import threading
from collections.abc import Sequence
from pathlib import Path

from .. import __version__
from ..errors import InvalidSetting, ProcessLost, StimputeError
from ..models import MODELS, model_info
from ..words import shown
from .compare import add_compare
from .convert import add_convert
from .edit import add_edit
from .generate import add_enhance, add_generate
from .impute import add_cluster, add_impute
from .options import (
    GENES,
    Parser,
    add_data_options,
    add_run_options,
    add_setting_options,
    config_of,
    listed,
    reading_options,
    settings_text,
    usage,
    width,
    with_examples,
)
from .processes import LOST, together
from .train import add_finetune, add_train
from .tune import add_tune
from .unforeseen import unforeseen

_MOMENT = 0.05
"""Seconds until what Python was tidying up is done."""


def main(argv: Sequence[str] | None = None) -> int:
    """Run a command line; returns the exit code, or raises SystemExit for help and wrong usage.

    Without `argv` it is the program itself, and leaves at once if Ctrl-C left a thread computing:
    Python would wait for no such thread, and crash under it.
    """
    _bear_any_text()
    if argv is None:  # a scheduler's signal to end keeps the best so far, as Ctrl-C does
        signal.signal(signal.SIGTERM, signal.default_int_handler)
        sys.unraisablehook = _interrupted_again
    code = _run(sys.argv[1:] if argv is None else argv)
    if argv is None and any(t.daemon and t.is_alive() for t in threading.enumerate()):
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)
    return code


def _run(argv: Sequence[str]) -> int:
    args = argparse.Namespace(command=None)
    try:
        args, unknown = command_parser().parse_known_args(argv)
        if unknown:  # said by the command that was asked for: it knows its options
            args.parser.error(f"unrecognized arguments: {' '.join(unknown)}")
        return together(args, argv, args.command)
    except InvalidSetting as error:
        args.parser.error(str(error))
    except ProcessLost as error:
        print(f"stimpute: {error}", file=sys.stderr)
        return LOST
    except StimputeError as error:
        print(shown(f"stimpute: {error}"), file=sys.stderr)
    except MemoryError:
        print("stimpute: Memory ran out. Close other programs.", file=sys.stderr)
    except Exception as error:  # noqa: BLE001  whoever sees it can do nothing with a traceback
        print(shown(f"stimpute: {unforeseen(error)}"), file=sys.stderr)
    except KeyboardInterrupt:
        print(f"\nstimpute: given up{_what_is_left(args)}.", file=sys.stderr)
    return 1


def _interrupted_again(lost: sys.UnraisableHookArgs) -> None:
    """Send Ctrl-C once more where it came while Python was tidying up, and would go lost."""
    if issubclass(lost.exc_type, KeyboardInterrupt):
        threading.Timer(_MOMENT, _press_ctrl_c).start()
    else:
        sys.__unraisablehook__(lost)


def _press_ctrl_c() -> None:
    main_thread = threading.main_thread().ident
    if os.name == "nt" or main_thread is None:
        signal.raise_signal(signal.SIGINT)
    else:
        signal.pthread_kill(main_thread, signal.SIGINT)  # which wakes it where it waits


def _bear_any_text() -> None:
    """Let the streams show what their encoding lacks as an escape, instead of failing."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


def _what_is_left(args: argparse.Namespace) -> str:
    study = getattr(args, "study", "")
    if study and Path(study).exists():
        return f"; the trials that had ended are in {study}"
    return "" if args.command is _demo else "; nothing was written"


# ---- what can be asked for ---------------------------------------------------------------------


def command_parser() -> argparse.ArgumentParser:
    """What every command takes."""
    parser = Parser(
        prog="stimpute",
        description="Impute gene expression in spatial transcriptomics and single-cell data.",
        epilog=with_examples(
            "Exit codes: 0 done, 1 failed (with a message), 2 wrong usage.",
            "stimpute check section.h5ad",
            "stimpute impute section.h5ad result.h5ad --model mixture",
            "stimpute impute --help",
        ),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--version", action="version", version=f"stimpute {__version__}")
    commands = parser.add_subparsers(required=True, metavar="COMMAND", title="commands")
    _add_models(commands)
    _add_check(commands)
    add_convert(commands)
    add_impute(commands)
    add_cluster(commands)
    add_compare(commands)
    add_edit(commands)
    add_tune(commands)
    add_train(commands)
    add_generate(commands)
    add_enhance(commands)
    add_finetune(commands)
    _add_demo(commands)
    return parser


def _add_plain(
    commands: argparse._SubParsersAction[Parser], name: str, text: str, epilog: str
) -> Parser:
    """Offer a command whose help is one sentence, and examples."""
    return commands.add_parser(
        name,
        help=text,
        description=textwrap.fill(f"{text.capitalize()}.", width()),
        epilog=epilog,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )


def _add_models(commands: argparse._SubParsersAction[Parser]) -> None:
    text = "list the models, what they need and what they give"
    examples = with_examples("", "stimpute models", "stimpute impute --help")
    parser = _add_plain(commands, "models", text, examples)
    parser.set_defaults(command=_models, parser=parser)


def _add_check(commands: argparse._SubParsersAction[Parser]) -> None:
    text = "say in words what a file holds, what would be used, and what looks wrong"
    examples = with_examples(
        "",
        "stimpute check section.h5ad",
        "stimpute check cells.h5ad --genes hvg:2000 --also RELN,GAD1",
        "stimpute check cells.h5ad --counts raw",
    )
    parser = _add_plain(commands, "check", text, examples)
    parser.add_argument("file", metavar="FILE", help="a file or a folder of data")
    add_data_options(parser)
    parser.set_defaults(command=_check, parser=parser)


_DEMOS = (
    "stimpute demo",
    "stimpute demo section.h5ad --out demo_of_section --n-domains 6",
    "stimpute demo section.h5ad --preset tiny --no-window",
)


def _add_demo(commands: argparse._SubParsersAction[Parser]) -> None:
    text = "train GMM-VGAE on the sample section, or on your file, and look at the result"
    about = (
        "Trains GMM-VGAE, compares it with simple baselines on hidden molecules, and writes "
        "result.h5ad, figures, screenshots of the window and report.html to a folder. With a "
        "display, napari opens at the end."
    )
    parser = commands.add_parser(
        "demo",
        help=text,
        description=textwrap.fill(about, width()),
        epilog=with_examples(settings_text([model_info("gmm_vgae")]), *_DEMOS),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "data",
        nargs="?",
        default="",
        metavar="DATA",
        help="data with coordinates (default: the sample section)",
    )
    parser.add_argument(
        "--out", default="demo", metavar="FOLDER", help="where it goes (%(default)s)"
    )
    parser.add_argument("--no-window", action="store_true", help="do not open napari at the end")
    parser.add_argument("--genes", default="", metavar="WHICH", help=GENES)
    add_setting_options(parser, [model_info("gmm_vgae")])
    add_run_options(parser)
    parser.set_defaults(command=_demo, parser=parser, model="gmm_vgae", counts="", gives="clusters")


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
    from ..data.gene_choice import names_in
    from ..data.opening import Wanted, sound

    wanted = Wanted(args.genes, names_in(args.also), args.counts)
    found = sound(args.file, reading_options(args), wanted)
    if found.part:  # of which the wanted genes are all there is
        wanted = Wanted("all", counts="X")
    card = data_card(found.adata, wanted.counts, genes=wanted.genes, also=wanted.also)
    card = card.read_by(found.questions, found.part)
    print(card.text(width()))
    for question in found.questions:
        others = [f"{v} ({words})" for v, words in question.choices if v != question.answer]
        if others:
            print(shown(f"--read {question.name}=… takes also {', '.join(others)}"))
    for note in found.notes:
        print(shown(textwrap.fill(f"! {note}", width(), subsequent_indent="  ")))
    if card.is_usable:
        return 0
    why = "these genes cannot be modelled" if card.counts_where else "it holds no counts"
    print(f"stimpute: this file cannot be used as it is: {why}.", file=sys.stderr)
    return 1


def _demo(args: argparse.Namespace) -> int:
    config = config_of(args)
    from ..demo import Demo, run_demo
    from ..devices import resolve_device
    from ..terminal import Teller

    usage(args, lambda: resolve_device(args.device))
    demo = Demo(args.data, Path(args.out), config, args.genes, args.seed, args.device)
    run_demo(demo, Teller(quiet=args.quiet), window=not args.no_window)
    return 0
