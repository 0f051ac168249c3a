"""The commands `stimpute impute` and `cluster`: train on a file, or on each of a folder, and write.

What becomes of a folder's files is told by `folder`.
"""

from __future__ import annotations

import argparse
import io
import os
import textwrap
import time
from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from .. import keys
from ..errors import InputError, NotWritable
from ..models import MODELS, model_info
from ..models.configs import ModelInfo
from .folder import (
    Task,
    Told,
    Worked,
    add_folder_options,
    is_folder,
    share_folder,
    work_on_folder,
)
from .options import (
    Parser,
    add_data_options,
    add_deterministic_option,
    add_fresh_option,
    add_run_options,
    add_setting_options,
    add_table_option,
    add_workers_options,
    config_of,
    forget_training,
    kept_training,
    listed,
    opened_by,
    reading_options,
    settings_text,
    usage,
    width,
    with_examples,
    workers_of,
)
from .processes import add_processes_option, number

if TYPE_CHECKING:
    from anndata import AnnData

    from ..config import ModelConfig
    from ..data.records import RunRecord
    from ..data.results import Results
    from ..run import Request, Run
    from ..terminal import Teller

_IMPUTE = (
    "Train a model on the counts of IN and write a copy to OUT, with expected counts in "
    "layers['KEY_imputed'] (each at its own depth), and embedding and clusters where the "
    "model gives them. Every cell is kept, in order. The modelled genes become OUT's var; the "
    "counts of all genes stay in raw. IN may be a folder: every .h5ad file in it gets a result of "
    "the same name in the folder OUT. Ctrl-C stops early and keeps the best so "
    "far; what was killed is gone on with by the same command."
)
_CLUSTER = (
    "Train a model on the counts of IN and write a copy to OUT, with clusters in "
    "obs['KEY_cluster'], their probabilities and the embedding in obsm; no imputed values. IN may "
    "be a folder: every .h5ad file in it gets a result of the same name in the folder OUT. Ctrl-C "
    "stops early and keeps the best so far; what was killed is gone on with by the same command."
)


_EXAMPLES = {
    "impute": (
        "stimpute impute section.h5ad result.h5ad --n-domains 6",
        "stimpute impute section.h5ad result.h5ad --model mixture --also RELN,GAD1",
        "stimpute impute cells.h5ad filled.h5ad --model scziva --mode fill --genes hvg:2000",
        "stimpute impute samples/ results/ --model mixture --also markers.txt --workers 4",
    ),
    "cluster": (
        "stimpute cluster section.h5ad domains.h5ad --n-domains 6 --seed 1",
        "stimpute cluster cells.h5ad types.h5ad --model scamzi --n-clusters 4",
        "stimpute cluster samples/ results/ --model scimta --set batch_key=batch",
    ),
}


def add_impute(commands: argparse._SubParsersAction[Parser]) -> None:
    """Offer the command that imputes genes."""
    _add_work(commands, "impute", "imputed", "impute genes, and write a new .h5ad", _IMPUTE)


def add_cluster(commands: argparse._SubParsersAction[Parser]) -> None:
    """Offer the command that only finds clusters."""
    _add_work(commands, "cluster", "clusters", "find spatial domains or cell clusters", _CLUSTER)


def _add_work(
    commands: argparse._SubParsersAction[Parser], name: str, gives: str, text: str, about: str
) -> None:
    infos = [info for info in MODELS.values() if gives in info.provides]
    parser = commands.add_parser(
        name,
        help=text,
        description=textwrap.fill(about, width()),
        epilog=with_examples(settings_text(infos), *_EXAMPLES[name]),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "input",
        metavar="IN",
        help="a file or a folder of data, or a folder of them; it is never changed",
    )
    parser.add_argument(
        "output", metavar="OUT", help="the .h5ad file to write, or a folder for the results"
    )
    _add_model_options(parser, infos)
    data = parser.add_argument_group("data")
    add_data_options(data)
    add_table_option(data)
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
        _add_keep_option(data)
        _add_trust_options(parser)
    run = add_run_options(parser)
    add_deterministic_option(run)
    add_processes_option(run)
    add_fresh_option(run)
    run.add_argument(
        "--forecast",
        action="store_true",
        help="only say how long it takes, how much memory and disk: rehearsed on a part, of which "
        "nothing is kept; of a file larger than memory some cells are read for it",
    )
    add_workers_options(parser, "the files of a folder")
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


def _add_keep_option(group: argparse._ArgumentGroup) -> None:
    group.add_argument(
        "--keep",
        choices=("values", "model"),
        default="values",
        help="values: expected counts of all genes are written (4 bytes each before packing). "
        "model: in their place the trained model and the blend's weights, from which the window, "
        "a notebook and GeneByGene compute one gene when it is asked for; for data whose values "
        "are too many to be kept (%(default)s)",
    )


def _add_model_options(parser: argparse.ArgumentParser, infos: Sequence[ModelInfo]) -> None:
    group = parser.add_argument_group("model")
    names = ", ".join(info.name for info in infos)
    group.add_argument(
        "--model", default="gmm_vgae", metavar="NAME", help=f"one of: {names} (%(default)s)"
    )
    add_setting_options(group, infos)


def _work(args: argparse.Namespace) -> int:
    config = config_of(args)
    from ..data.records import check_run_key
    from ..devices import resolve_device
    from ..terminal import Teller

    usage(args, lambda: resolve_device(args.device))
    check_run_key(args.key or args.model)
    tell = Teller(quiet=args.quiet or number() > 0)
    if is_folder(args.input):
        if args.forecast:
            args.parser.error("--forecast is about one file; a folder of samples is given")
        if args.table:
            args.parser.error("--table is about one store; a folder of samples is given")
        workers = workers_of(args)
        if workers.are_apart:
            return share_folder(args, tell, partial(_work_apart, _sent(args), config), workers)
        return work_on_folder(args, tell, lambda task: _work_on(task, args, config, tell))
    if args.workers > 1 or args.cluster:
        args.parser.error("--workers and --cluster are about a folder of files; one file is given")
    if args.forecast:
        return _forecast(args, config, tell)
    _work_on(Task(args.input, args.output, args.save_model), args, config, tell)
    return 0


def _forecast(args: argparse.Namespace, config: ModelConfig, tell: Teller) -> int:
    """Say what the work would take, and do none of it."""
    from ..data.gene_choice import names_in
    from ..forecast import Plan, whole_steps
    from ..job import Job
    from ..terminal import whole

    imputes = args.gives == "imputed"
    plan = Plan(
        args.model,
        config,
        args.device,
        blend=imputes and not args.no_blend,
        judged=imputes and not args.no_judge,
        keeps=args.keep if imputes else "",
    )
    steps = whole_steps(
        args.input,
        plan,
        imputes=imputes,
        genes=args.genes,
        also=names_in(args.also),
        counts=args.counts,
        options=reading_options(args),
    )
    print(*whole(Job(steps, "Estimating"), tell).sentences(), sep="\n")
    return 0


def _work_on(task: Task, args: argparse.Namespace, config: ModelConfig, tell: Teller) -> Worked:
    """Train on one file and write its result."""
    from ..data.files import check_place, holding_signals
    from ..data.genes import hold_once
    from ..data.save import check_writable
    from ..job import Job, JobState
    from ..models.storage import check_folder
    from ..run import Request, Run
    from ..terminal import follow

    check_writable(task.target, task.source, table=args.table)
    if task.model_folder:
        check_folder(task.model_folder)
        check_place(task.target, task.source, task.model_folder)
    tell.say(f"Reading {task.source}")
    opened = opened_by(args, task.source)
    tell.say(*opened.notes)
    hold_once(opened.adata)
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
        keeps=args.keep if imputes else "values",
        deterministic=args.deterministic,
    )
    _tell_memory(opened.adata, request, tell)
    kept = kept_training(task.target, tell, fresh=args.fresh)
    run = Run(opened.adata, request, kept)
    title = f"Training {model_info(args.model).title}"
    state = follow(Job(run.steps(), f"{task.place} · {title}" if task.place else title), tell)
    if number():  # the first of several processes judges and writes
        return Worked(is_complete=True, is_stopped=False)
    with holding_signals(resends=False) as came:
        try:
            record = _write(run, task, tell, args.table)
        except InputError as error:
            if state is not JobState.CANCELLED:
                raise
            tell.warn(f"stimpute: {error}")
            raise KeyboardInterrupt from error  # who pressed Ctrl-C does not want other files begun
        if state is not JobState.CANCELLED:
            forget_training(kept)
    is_stopped = state is JobState.CANCELLED or bool(came)
    return Worked(record.completed, is_stopped, frozenset(run.adata.var_names.astype(str)))


def _sent(args: argparse.Namespace) -> argparse.Namespace:
    """What a worker needs of the command line; it may work in another folder."""
    reading_options(args)  # refused here, where it can be answered
    sent = {name: value for name, value in vars(args).items() if name not in ("parser", "command")}
    for name in ("genes", "also"):
        if os.path.isfile(sent[name]):
            sent[name] = os.path.abspath(sent[name])
    return argparse.Namespace(**sent)


def _work_apart(args: argparse.Namespace, config: ModelConfig, task: Task) -> Told:
    """Work on a file as a worker does, which has no terminal."""
    from ..terminal import Teller

    warned, begun = io.StringIO(), time.monotonic()
    worked = _work_on(replace(task, place=""), args, config, Teller(quiet=True, stream=warned))
    return Told(worked, time.monotonic() - begun, warned.getvalue().strip())


def _tell_memory(adata: AnnData, request: Request, tell: Teller) -> None:
    """Say how much memory it takes; time is told on the way, where it costs nothing to know."""
    from ..forecast import (
        Plan,
        memory_in_words,
        needed_memory,
        room_in_words,
        too_large_in_words,
    )
    from ..memory import free_memory

    needed, free = needed_memory(adata, Plan(request.model, request.config)), free_memory()
    refusal = too_large_in_words(needed, free)
    if refusal:
        tell.warn(f"stimpute: {refusal}")
    else:
        room = room_in_words(adata) if request.imputes and request.keeps == "values" else ""
        tell.say(f"Needs about {memory_in_words(needed, free)}{room}.")


def _write(run: Run, task: Task, tell: Teller, table: str) -> RunRecord:
    """Write what a run found, unless a finished run of the target would be lost by it."""
    from ..data.records import read_records, records_in
    from ..data.results import check_outlived, write_results
    from ..data.save import write

    if run.results is None:  # stopped before anything was learned
        raise KeyboardInterrupt
    record = write_results(run.adata, run.results)
    target, written = Path(task.target).expanduser(), read_records(run.adata)
    lost = [found for key, found in records_in(target).items() if written.get(key) != found]
    elsewhere = "To keep a part of a run, name another file as OUT."
    check_outlived(lost, record, f"{target} stays as it was. {elsewhere}")
    path = write(run.adata, task.target, task.source, table=table)
    tell.say(*record.notes, _written(path, run.adata.shape, run.results))
    if task.model_folder:
        try:
            tell.say(f"Saved the model to {run.model.save(task.model_folder)}")
        except NotWritable:
            tell.warn(f"The result is whole, in {path}; only its model could not be saved.")
            raise
    return record


def _written(path: Path, shape: tuple[int, int], results: Results) -> str:
    key = results.record.key
    places = {
        f"layers['{keys.imputed(key)}']": results.imputed,
        f"layers['{keys.fill_probability(key)}']": results.fill_probability,
        f"uns['{keys.MODELS}']['{key}']": results.kept,
        f"obsm['{keys.embedding(key)}']": results.embedding,
        f"obs['{keys.cluster(key)}']": results.clusters,
        f"obs['{keys.cluster_stability(key)}']": results.cluster_stability,
    }
    held = listed([place for place, array in places.items() if array is not None])
    unfinished = "" if results.record.completed else " Stopped early: marked as incomplete."
    return f"Wrote {path}: {shape[0]:,} × {shape[1]:,}, with {held}.{unfinished}"
