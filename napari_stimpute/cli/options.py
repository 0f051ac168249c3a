"""What the commands share: options, settings by name, and how wrong usage is answered."""

from __future__ import annotations

import argparse
import json
import os
import re
import shutil
import textwrap
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn, TypeVar

from ..config import LARGEST_SEED, FormField, ModelConfig, form_fields
from ..data.files import full_path
from ..errors import NotReadable, UnknownName
from ..models import MODELS, model_info
from ..models.configs import ModelInfo
from ..words import counted, did_you_mean, memory, shown

if TYPE_CHECKING:
    from anndata import AnnData

    from ..data.opening import Opened
    from ..forecast import Plan
    from ..terminal import Teller
    from ..workers.workers import Workers

T = TypeVar("T")

_SHORTCUTS = ("n_clusters", "n_domains", "mode")
"""Settings that have an option of their own, beside ``--set``."""


INPUT = "a file or a folder of data; it is never changed"
GENES = "genes to model: all, hvg:N, or a text file with one gene per line"
COUNTS = "where the raw counts are: X, raw or the name of a layer (default: found automatically)"


_CHOICE = re.compile(r"invalid choice: '(.*)' \(choose from (.*)\)$", re.DOTALL)
_UNRECOGNISED = re.compile(r"unrecognized arguments:.*?(--[\w-]+)", re.DOTALL)


class Parser(argparse.ArgumentParser):
    """Says what is wrong in one line, and where help is, in place of the whole usage."""

    def error(self, message: str) -> NoReturn:
        """End with exit code 2; ask which name was meant where one is unknown."""
        known: list[str] = []
        if found := _CHOICE.search(message):
            known = re.findall(r"[\w-]+", found[2])
        elif found := _UNRECOGNISED.search(message):
            known = re.findall(r"(?<![\w-])--[\w-]+", self.format_usage())
        asks = did_you_mean(found[1], known) if found else ""
        said = f"{message}. {asks}" if asks else message
        self.exit(2, shown(f"stimpute: {said}\nSee: {self.prog} --help\n"))


def add_setting_options(group: argparse._ActionsContainer, infos: Sequence[ModelInfo]) -> None:
    """Offer presets, and every setting of these models by name."""
    fields = {f.name: f for info in infos for f in form_fields(info.config)}
    for name in _SHORTCUTS:
        if name in fields:
            field = fields[name]
            group.add_argument(
                f"--{name.replace('_', '-')}",
                metavar=f"{{{','.join(field.choices)}}}" if field.choices else "N",
                help=f"{field.help} ({field.default})".replace("%", "%%"),
            )
    group.add_argument("--preset", default="default", metavar="NAME", help="settings to begin with")
    group.add_argument(
        "--settings",
        default="",
        metavar="BEST.json",
        dest="settings_file",
        help="settings that 'stimpute tune --out' wrote, in place of the preset's",
    )
    group.add_argument(
        "--set",
        action="append",
        default=[],
        metavar="NAME=VALUE",
        dest="settings",
        help="any setting listed below; may be given several times",
    )


def add_data_options(group: argparse._ActionsContainer) -> None:
    """Offer which genes are modelled, and where the counts are."""
    group.add_argument(
        "--genes",
        default="",
        metavar="WHICH",
        help=f"{GENES} (default: all up to 5,000, else hvg:3000)",
    )
    group.add_argument(
        "--also",
        default="",
        metavar="GENE,…|FILE",
        help="genes that are modelled whatever is chosen: names with commas, or a text file",
    )
    group.add_argument("--counts", default="", metavar="PLACE", help=COUNTS)
    add_reading_option(group)


def add_table_option(group: argparse._ActionsContainer) -> None:
    """Offer to write into the store that is read."""
    group.add_argument(
        "--table",
        default="",
        metavar="NAME",
        help="where IN is a SpatialData store and OUT the same, write a new table of this name "
        "into it; nothing in it is replaced",
    )


def add_reading_option(group: argparse._ActionsContainer) -> None:
    """Offer to answer what an input leaves open."""
    group.add_argument(
        "--read",
        action="append",
        default=[],
        metavar="NAME=VALUE",
        help="what an input leaves open, as 'stimpute check' lists it: bin=16, for example",
    )


def add_run_options(parser: argparse.ArgumentParser) -> argparse._ArgumentGroup:
    """Offer what every run takes: seed, device, and silence; in a group for more of the kind."""
    run = parser.add_argument_group("run")
    run.add_argument(
        "--seed",
        default=0,
        type=seed_of,
        metavar="N",
        help="of everything random, a whole number from 0 (%(default)s)",
    )
    run.add_argument("--device", default="auto", help="auto, cpu, cuda or mps (%(default)s)")
    run.add_argument("--quiet", action="store_true", help="say nothing but what goes wrong")
    return run


def add_deterministic_option(group: argparse._ActionsContainer) -> None:
    """Offer the same numbers every time on a GPU, too."""
    group.add_argument(
        "--deterministic",
        action="store_true",
        help="the same seed gives the same numbers on the same GPU, to the last digit, which is "
        "slower; else sums differ there in their last digits. A processor with as many threads "
        "always does; another device, or number of threads or processes, does not",
    )


def add_fresh_option(group: argparse._ActionsContainer) -> None:
    """Offer to begin anew where a training was broken off."""
    group.add_argument(
        "--fresh",
        action="store_true",
        help="begin anew, though a training that was killed stands in OUT.training; else the same "
        "command goes on from there",
    )


def kept_training(target: str, tell: Teller, *, fresh: bool) -> Path:
    """Where a training stands that is to end in an output; says whether it is gone on with."""
    kept = Path(f"{full_path(target)}.training")
    if fresh:
        forget_training(kept)
    elif kept.is_file():
        tell.say(
            f"A training was broken off, and stands in {kept}. It is gone on with, if it is of "
            "these data and settings; --fresh begins anew."
        )
    return kept


def forget_training(kept: Path) -> None:
    """Remove what was kept of a training, if anything was."""
    if kept.is_file():
        kept.unlink()


def add_workers_options(parser: argparse.ArgumentParser, parts: str) -> None:
    """Offer to do independent parts of the work at the same time."""
    group = parser.add_argument_group("workers")
    group.add_argument(
        "--workers",
        default=1,
        type=positive,
        metavar="N",
        help=f"processes that share {parts}, or jobs of SLURM; each computes on its share of the "
        "cores and of the free memory, a GPU is used by all (%(default)s: one after the other). "
        "The numbers are those of a run in series on as many threads (OMP_NUM_THREADS)",
    )
    group.add_argument(
        "--cluster",
        default="",
        metavar="slurm|ADDRESS",
        help="workers elsewhere: jobs of SLURM, which ask for what SBATCH_PARTITION, "
        "SBATCH_ACCOUNT, SBATCH_TIMELIMIT and Dask's jobqueue.yaml say (4 cores, 16 GB, 24 hours), "
        "or those of a Dask scheduler, as tcp://host:8786; all must see the same files",
    )


def workers_of(args: argparse.Namespace) -> Workers:
    """Who does the work; a cluster that cannot be one is wrong usage."""
    from ..workers.workers import SLURM, Workers

    if args.workers > 1 and args.cluster not in ("", SLURM):
        args.parser.error("--workers is about this machine or SLURM; an address has its own")
    return usage(args, lambda: Workers(args.workers, args.cluster))


def enough(workers: Workers, n_parts: int, tell: Teller) -> Workers:
    """No more workers than parts of the work; what each may use is said."""
    used = workers.at_most(n_parts)
    if used.n < workers.n:
        tell.say(f"{counted(used.n, 'worker')} of {workers.n} are used: there is no more to do.")
    if not used.cluster:
        each = f"{counted(used.n_cores, 'core')} and {memory(used.memory)} of memory"
        tell.say(f"Each of {counted(used.n, 'worker')} may use {each}.")
    return used


def warn_of_memory(adata: AnnData, plans: Sequence[Plan], workers: Workers, tell: Teller) -> None:
    """Say so where the largest of some runs, done by all workers at once, do not fit here."""
    from ..forecast import needed_memory, too_large_for_workers
    from ..memory import free_memory

    needed = max((needed_memory(adata, plan) for plan in plans), default=0)
    said = "" if workers.cluster else too_large_for_workers(needed, free_memory(), workers.n)
    if said:
        tell.warn(f"stimpute: {said}")


def opened_by(args: argparse.Namespace, source: str) -> Opened:
    """Read a file as its options say: which genes, and which counts."""
    from ..data.gene_choice import names_in
    from ..data.opening import load

    return load(
        source,
        genes=args.genes,
        also=names_in(args.also),
        counts=args.counts,
        options=reading_options(args),
    )


def reading_options(args: argparse.Namespace) -> dict[str, str]:
    """What ``--read`` says; anything without "=" is wrong usage."""
    return dict(_named_value(args, "--read", text) for text in args.read)


def _named_value(args: argparse.Namespace, option: str, text: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not equals:
        args.parser.error(f"{option} takes NAME=VALUE, and {text!r} has no '='")
    return name.strip(), value.strip()


def names_file(args: argparse.Namespace) -> str:
    """The file that names genes to model in any case; "" where they are named one by one."""
    return str(args.also) if os.path.isfile(args.also) else ""


def config_of(args: argparse.Namespace) -> ModelConfig:
    """Settings as asked for; anything that cannot be is wrong usage."""
    info = usage(args, lambda: model_info(args.model))
    if args.gives and args.gives not in info.provides:
        able = listed([i.name for i in MODELS.values() if args.gives in i.provides])
        args.parser.error(f"{info.title} gives no {args.gives}; choose one of: {able}")
    presets: Mapping[str, Mapping[str, object]] = info.config.PRESETS
    if args.preset not in presets:
        args.parser.error(str(UnknownName.of(f"preset of {info.name}", args.preset, presets)))
    found = _settings_in_file(args) if args.settings_file else {}
    return info.config.checked({**presets[args.preset], **found, **named_settings(args)})


def _settings_in_file(args: argparse.Namespace) -> dict[str, object]:
    """Settings that a search wrote; those of another model are wrong usage."""
    expected = f"settings written by 'stimpute tune' in {args.settings_file}"
    remedy = "Give the file that 'stimpute tune --out' wrote."
    try:
        file = full_path(args.settings_file, NotReadable)
        held = json.loads(file.read_text(encoding="utf-8-sig"))
        model, settings = str(held["model"]), dict(held["settings"])
    except OSError as error:
        found = error.strerror or str(error)
        raise NotReadable(expected=expected, found=found, remedy=remedy) from None
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise NotReadable(expected=expected, found="something else", remedy=remedy) from error
    if model != args.model:
        args.parser.error(f"{args.settings_file} holds settings of {model}: add --model {model}")
    return settings


def named_settings(args: argparse.Namespace) -> dict[str, str]:
    """Settings given one by one."""
    settings = {n: v for n in _SHORTCUTS if (v := getattr(args, n, None)) is not None}
    for text in args.settings:
        name, value = _named_value(args, "--set", text)
        settings[name.replace("-", "_")] = value
    return settings


def seed_of(text: str) -> int:
    """Whole number from 0; anything else is wrong usage."""
    if not text.isascii() or not text.isdigit() or len(text) > 20 or int(text) > LARGEST_SEED:
        raise argparse.ArgumentTypeError(
            f"{text[:30]!r} is not a whole number from 0 to {LARGEST_SEED:,}"
        )
    return int(text)


def positive(text: str) -> int:
    """Whole number from 1; anything else is wrong usage."""
    if not text.isascii() or not text.isdigit() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number from 1")
    return int(text)


def usage(args: argparse.Namespace, look_up: Callable[[], T]) -> T:
    """Look something up; a name that does not exist is wrong usage."""
    parser: Parser = args.parser
    try:
        return look_up()
    except UnknownName as error:
        parser.error(str(error))


def with_examples(text: str, *lines: str) -> str:
    """What stands at the end of a command's help: a text, and command lines to begin with."""
    block = "\n".join(["examples:", *(f"  {line}" for line in lines)])
    return f"{text}\n\n{block}" if text else block


def settings_text(infos: Sequence[ModelInfo]) -> str:
    """What ``--set`` takes: each model's settings with range, default and meaning."""
    blocks = []
    for info in infos:
        fields = form_fields(info.config)
        presets = listed(info.config.PRESETS)
        lines = [f"settings of {info.name} (--set NAME=VALUE), presets {presets}:"]
        lines += [_setting(field) for field in fields] or ["  none"]
        blocks.append("\n".join(lines))
    return "\n\n".join(blocks)


def _setting(field: FormField) -> str:
    default = repr(field.default) if field.kind == "text" else str(field.default)
    return textwrap.fill(
        f"{field.help} [{_metavar(field)}; {default}]",
        width(),
        break_long_words=False,
        initial_indent=f"  {field.name:17} ",
        subsequent_indent=" " * 20,
    )


def _metavar(field: FormField) -> str:
    if field.choices:
        return " | ".join(field.choices)
    if field.minimum is not None and field.maximum is not None:
        return f"{field.minimum:g} to {field.maximum:g}"
    return {"boolean": "true | false", "text": "text"}.get(field.kind, field.kind)


def listed(names: Sequence[str] | Mapping[str, object]) -> str:
    """Names with commas."""
    return ", ".join(names)


def aligned(table: Sequence[Sequence[str]], left: Sequence[int] = (0,)) -> list[str]:
    """Lines of a table: columns named in `left` to the left, numbers to the right."""
    widths = [max(map(len, column)) for column in zip(*table, strict=True)]
    return [
        "  ".join(
            cell.ljust(wide) if place in left else cell.rjust(wide)
            for place, (cell, wide) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in table
    ]


def width() -> int:
    """Columns of the terminal, within what reads well."""
    return min(100, max(60, shutil.get_terminal_size((96, 24)).columns))
