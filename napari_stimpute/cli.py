"""The `stimpute` command. What is heavy is imported when a command runs, so that help is quick.

Exit codes: 0 done, 1 failed (with a message), 2 wrong usage.
"""

from __future__ import annotations

import argparse
import os
import shutil
import sys
import textwrap
import threading
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn, TypeVar

from . import __version__, keys
from .config import FormField, ModelConfig, form_fields
from .errors import InvalidSetting, StimputeError, UnknownName
from .models import MODELS, model_info
from .models.configs import ModelInfo

if TYPE_CHECKING:
    from .data.results import Results
    from .run import Run

T = TypeVar("T")

_SHORTCUTS = ("n_domains", "mode")
"""Settings that have an option of their own, beside ``--set``."""


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
        nothing = "" if command is _demo else "; nothing was written"
        print(f"\nstimpute: given up{nothing}.", file=sys.stderr)
    return 1


class _Parser(argparse.ArgumentParser):
    """Says what is wrong in one line, and where help is, in place of the whole usage."""

    def error(self, message: str) -> NoReturn:
        self.exit(2, f"stimpute: {message}\nSee: {self.prog} --help\n")


# ---- what can be asked for ---------------------------------------------------------------------


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(
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
    _add_demo(commands)
    return parser


_IMPUTE = (
    "Train a model on the counts of IN and write a copy to OUT, with expected counts in "
    "layers['KEY_imputed'] (each spot at its own depth), and embedding and clusters where the "
    "model gives them. Every cell is kept, in order. The modelled genes become OUT's var; the "
    "counts of all genes stay in raw. Ctrl-C stops early and keeps the best so far."
)
_CLUSTER = (
    "Train a model on the counts of IN and write a copy to OUT, with clusters in "
    "obs['KEY_cluster'], their probabilities and the embedding in obsm; no imputed values. "
    "Ctrl-C stops early and keeps the best so far."
)
_GENES = "genes to model: all, hvg:N, or a text file with one gene per line"
_COUNTS = "where the raw counts are: X, raw or the name of a layer (default: found by itself)"


def _add_models(commands: argparse._SubParsersAction[_Parser]) -> None:
    text = "list the models, what they need and what they give"
    parser = commands.add_parser("models", help=text, description=f"{text.capitalize()}.")
    parser.set_defaults(command=_models, parser=parser)


def _add_check(commands: argparse._SubParsersAction[_Parser]) -> None:
    text = "say in words what a file holds, what would be used, and what looks wrong"
    parser = commands.add_parser("check", help=text, description=f"{text.capitalize()}.")
    parser.add_argument("file", metavar="FILE", help="an .h5ad file")
    parser.add_argument("--counts", default="", metavar="PLACE", help=_COUNTS)
    parser.set_defaults(command=_check, parser=parser)


def _add_work(
    commands: argparse._SubParsersAction[_Parser], name: str, gives: str, text: str, about: str
) -> None:
    infos = [info for info in MODELS.values() if gives in info.provides]
    parser = commands.add_parser(
        name, help=text, description=textwrap.fill(about, _width()), epilog=_settings(infos),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )  # fmt: skip
    parser.add_argument("input", metavar="IN", help="an .h5ad file; it is never changed")
    parser.add_argument("output", metavar="OUT", help="the .h5ad file to write")
    _add_model_options(parser, infos)
    data = parser.add_argument_group("data")
    data.add_argument(
        "--genes", default="", metavar="WHICH",
        help=f"{_GENES} (default: all up to 5,000, else hvg:3000)",
    )  # fmt: skip
    data.add_argument("--counts", default="", metavar="PLACE", help=_COUNTS)
    data.add_argument(
        "--key", default="", metavar="NAME",
        help="prefix of the results' names (default: the model's name)",
    )  # fmt: skip
    data.add_argument(
        "--save-model", default="", metavar="FOLDER", help="also save the trained model (no pickle)"
    )
    _add_run_options(parser)
    parser.set_defaults(command=_work, parser=parser, gives=gives)


def _add_demo(commands: argparse._SubParsersAction[_Parser]) -> None:
    text = "train GMM-VGAE on the sample section, or on your file, and look at the result"
    about = (
        "Trains GMM-VGAE, compares it with simple baselines on hidden molecules, and writes "
        "result.h5ad, figures, screenshots of the window and report.html to a folder. With a "
        "display, napari opens in the end."
    )
    parser = commands.add_parser(
        "demo", help=text, description=textwrap.fill(about, _width()),
        epilog=_settings([model_info("gmm_vgae")]),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )  # fmt: skip
    parser.add_argument(
        "data", nargs="?", default="", metavar="DATA",
        help="an .h5ad file with coordinates (default: the sample section)",
    )  # fmt: skip
    parser.add_argument(
        "--out", default="demo", metavar="FOLDER", help="where it goes (%(default)s)"
    )
    parser.add_argument("--no-window", action="store_true", help="do not open napari in the end")
    parser.add_argument("--genes", default="", metavar="WHICH", help=_GENES)
    _add_setting_options(parser, [model_info("gmm_vgae")])
    _add_run_options(parser)
    parser.set_defaults(command=_demo, parser=parser, model="gmm_vgae", counts="", gives="clusters")


def _add_model_options(parser: argparse.ArgumentParser, infos: Sequence[ModelInfo]) -> None:
    group = parser.add_argument_group("model")
    names = ", ".join(info.name for info in infos)
    group.add_argument(
        "--model", default="gmm_vgae", metavar="NAME", help=f"one of: {names} (%(default)s)"
    )
    _add_setting_options(group, infos)


def _add_setting_options(group: argparse._ActionsContainer, infos: Sequence[ModelInfo]) -> None:
    fields = {f.name: f for info in infos for f in form_fields(info.config)}
    for name in _SHORTCUTS:
        if name in fields:
            field = fields[name]
            group.add_argument(
                f"--{name.replace('_', '-')}",
                metavar=f"{{{','.join(field.choices)}}}" if field.choices else "N",
                help=f"{field.help} ({field.default})".replace("%", "%%"),
            )  # fmt: skip
    group.add_argument("--preset", default="default", metavar="NAME", help="settings to begin with")
    group.add_argument(
        "--set", action="append", default=[], metavar="NAME=VALUE", dest="settings",
        help="any setting listed below; may be given several times",
    )  # fmt: skip


def _add_run_options(parser: argparse.ArgumentParser) -> None:
    run = parser.add_argument_group("run")
    run.add_argument(
        "--seed", default=0, type=_seed, metavar="N",
        help="of everything random, a whole number from 0 (%(default)s)",
    )  # fmt: skip
    run.add_argument("--device", default="auto", help="auto, cpu, cuda or mps (%(default)s)")
    run.add_argument("--quiet", action="store_true", help="say nothing but what goes wrong")


# ---- the commands ------------------------------------------------------------------------------


def _models(args: argparse.Namespace) -> int:
    for info in MODELS.values():
        genes = f" · suited to {info.recommended_genes}" if info.recommended_genes else ""
        print(f"{info.name:16} {info.title}")
        print(textwrap.indent(textwrap.fill(info.summary, _width() - 17), " " * 17))
        both = f"needs {_listed(sorted(info.needs))} · gives {_listed(info.provides)}"
        print(f"{'':17}{both}{genes}\n")
    print("Settings of each: stimpute impute --help")
    return 0


def _check(args: argparse.Namespace) -> int:
    from .data.io import read
    from .preflight import data_card

    card = data_card(read(args.file), args.counts)
    print(card.text(_width()))
    if card.counts_where:
        return 0
    print("stimpute: this file cannot be used as it is, for want of counts.", file=sys.stderr)
    return 1


def _work(args: argparse.Namespace) -> int:
    config = _config(args)
    from .data.io import check_writable, write
    from .data.results import check_key, write_results
    from .job import Job
    from .models.base import resolve_device
    from .run import Request, Run
    from .session import load
    from .terminal import Teller, follow

    _usage(args, lambda: resolve_device(args.device))
    check_key(args.key or args.model)
    check_writable(args.output, args.input)
    tell = Teller(quiet=args.quiet)
    tell.say(f"Reading {args.input}")
    opened = load(args.input, genes=args.genes, counts=args.counts)
    tell.say(*opened.said)
    imputes = args.gives == "imputed"
    request = Request(args.model, config, args.seed, args.device, args.key, imputes)
    run = Run(opened.adata, request)
    follow(Job(run.steps(), f"Training {model_info(args.model).title}"), tell)
    results = _wanted(run)
    write_results(opened.adata, results)
    path = write(opened.adata, args.output, args.input)
    tell.say(*results.record.notes, _written(path, opened.adata.shape, results))
    if args.save_model:
        tell.say(f"Saved the model to {run.model.save(args.save_model)}")
    return 0


def _demo(args: argparse.Namespace) -> int:
    config = _config(args)
    from .demo import Demo, run_demo
    from .models.base import resolve_device
    from .terminal import Teller

    _usage(args, lambda: resolve_device(args.device))
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
        f"obsm['{keys.embedding(key)}']": results.embedding,
        f"obs['{keys.cluster(key)}']": results.clusters,
    }
    held = _listed([place for place, array in places.items() if array is not None])
    unfinished = "" if results.record.completed else " Stopped early: marked as incomplete."
    return f"Wrote {path}: {shape[0]:,} × {shape[1]:,}, with {held}.{unfinished}"


# ---- settings ----------------------------------------------------------------------------------


def _config(args: argparse.Namespace) -> ModelConfig:
    """Settings as asked for; anything that cannot be is wrong usage."""
    info = _usage(args, lambda: model_info(args.model))
    if args.gives not in info.provides:
        able = _listed([i.name for i in MODELS.values() if args.gives in i.provides])
        args.parser.error(f"{info.title} gives no {args.gives}; choose one of: {able}")
    presets: Mapping[str, Mapping[str, object]] = info.config.PRESETS  # type: ignore[attr-defined]
    if args.preset not in presets:
        args.parser.error(f"no preset {args.preset!r} of {info.name}; it has: {_listed(presets)}")
    return info.config.checked({**presets[args.preset], **_named_settings(args)})


def _named_settings(args: argparse.Namespace) -> dict[str, str]:
    settings = {n: v for n in _SHORTCUTS if (v := getattr(args, n, None)) is not None}
    for text in args.settings:
        name, equals, value = text.partition("=")
        if not equals:
            args.parser.error(f"--set takes NAME=VALUE, and {text!r} has no '='")
        settings[name.strip().replace("-", "_")] = value.strip()
    return settings


def _seed(text: str) -> int:
    if not text.isascii() or not text.isdigit():
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number from 0")
    return int(text)


def _usage(args: argparse.Namespace, look_up: Callable[[], T]) -> T:
    parser: _Parser = args.parser
    try:
        return look_up()
    except UnknownName as error:
        parser.error(str(error))


def _settings(infos: Sequence[ModelInfo]) -> str:
    """What ``--set`` takes: each model's settings with range, default and meaning."""
    blocks = []
    for info in infos:
        fields = form_fields(info.config)
        lines = [f"settings of {info.name} (--set NAME=VALUE), presets {_presets(info)}:"]
        lines += [_setting(field) for field in fields] or ["  none"]
        blocks.append("\n".join(lines))
    return "\n\n".join(blocks)


def _setting(field: FormField) -> str:
    default = repr(field.default) if field.kind == "text" else str(field.default)
    return textwrap.fill(
        f"{field.help} [{_metavar(field)}; {default}]", _width(), break_long_words=False,
        initial_indent=f"  {field.name:17} ", subsequent_indent=" " * 20,
    )  # fmt: skip


def _metavar(field: FormField) -> str:
    if field.choices:
        return " | ".join(field.choices)
    if field.minimum is not None and field.maximum is not None:
        return f"{field.minimum:g} to {field.maximum:g}"
    return {"boolean": "true | false", "text": "text"}.get(field.kind, field.kind)


def _presets(info: ModelInfo) -> str:
    presets: Mapping[str, object] = info.config.PRESETS  # type: ignore[attr-defined]
    return _listed(presets)


def _listed(names: Sequence[str] | Mapping[str, object]) -> str:
    return ", ".join(names)


def _width() -> int:
    return min(100, max(60, shutil.get_terminal_size((96, 24)).columns))
