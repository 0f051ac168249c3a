"""The command `stimpute tune`: search a model's settings on hidden molecules and structure."""

from __future__ import annotations

import argparse
import textwrap
from collections.abc import Sequence
from typing import TYPE_CHECKING

from ..errors import StimputeError
from ..models import MODELS
from ..models.configs import ModelInfo
from ..words import duration, number, percent
from .options import (
    INPUT,
    Parser,
    add_data_options,
    add_run_options,
    add_setting_options,
    add_workers_options,
    aligned,
    config_of,
    enough,
    named_settings,
    names_file,
    opened_by,
    positive,
    usage,
    warn_of_memory,
    width,
    with_examples,
    workers_of,
)

if TYPE_CHECKING:
    from ..terminal import Teller
    from ..tune.outcome import Outcome, TrialResult

_ABOUT = (
    "Tries settings of a model on IN, each with three fits, and says which score highest. The "
    "score is the share of hidden molecules' deviance explained, plus half of how far clusters "
    "stand apart, plus half of how well the clusters of the three fits agree; larger is better. "
    "Known labels never enter it. Trial 0 has the settings that the search begins with. With "
    "--study the search goes on where it stopped, whatever stopped it. Ctrl-C stops early and "
    "keeps what was scored."
)
_EXAMPLES = (
    "stimpute tune section.h5ad --n-domains 6 --trials 20 --out best.json",
    "stimpute tune cells.h5ad --model scimta --study search.jsonl --labels cell_type",
    "stimpute impute section.h5ad result.h5ad --settings best.json",
)
_HEADER = (
    "Trial",
    "Score",
    "±",
    "Molecules",
    "Silhouette",
    "Stability",
    "Modularity",
    "Clusters",
)
_LEGEND = (
    "Score: molecules + ½ silhouette + ½ stability, mean of three fits; ±: standard deviation over "
    "them. Molecules: share of the deviance of gene mean × depth that is explained. Silhouette: "
    "how far clusters stand apart in the embedding. Stability: agreement of clusters between fits "
    "(adjusted Rand index). Modularity: edges within clusters, beyond chance, among neighbours; "
    "not in the score."
)


def add_tune(commands: argparse._SubParsersAction[Parser]) -> None:
    """Offer the command."""
    infos = [info for info in MODELS.values() if info.config.SEARCH]
    text = "search a model's settings on your data, without labels"
    parser = commands.add_parser(
        "tune",
        help=text,
        description=textwrap.fill(_ABOUT, width()),
        epilog=with_examples(_searched(infos), *_EXAMPLES),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("input", metavar="IN", help=INPUT)
    group = parser.add_argument_group("model")
    names = ", ".join(info.name for info in infos)
    group.add_argument(
        "--model", default="gmm_vgae", metavar="NAME", help=f"one of: {names} (%(default)s)"
    )
    add_setting_options(group, infos)
    _add_search_options(parser)
    add_data_options(parser.add_argument_group("data"))
    add_workers_options(parser, "the three fits of each trial")
    add_run_options(parser)
    parser.set_defaults(command=_tune, parser=parser, gives="")


def _add_search_options(parser: argparse.ArgumentParser) -> None:
    search = parser.add_argument_group("search")
    search.add_argument(
        "--trials",
        default=20,
        type=positive,
        metavar="N",
        help="settings to try in all, those of an earlier part of the study included (%(default)s)",
    )
    search.add_argument(
        "--study",
        default="",
        metavar="FILE",
        help="keep every trial here as it ends, and go on from there next time",
    )
    search.add_argument(
        "--out",
        default="",
        metavar="BEST.json",
        help="write the best settings, for 'stimpute impute --settings BEST.json'",
    )
    search.add_argument(
        "--labels",
        default="",
        metavar="COLUMN",
        help="also show how well clusters agree with a column of obs; it never enters the score",
    )


def _tune(args: argparse.Namespace) -> int:
    config = config_of(args)
    from ..data.files import check_place, write_whole
    from ..devices import resolve_device
    from ..forecast import Plan
    from ..job import Job
    from ..terminal import Teller, follow
    from ..tune.outcome import N_FITS
    from ..tune.search import Search, Tuning, search_space

    fixed = frozenset(named_settings(args))
    search_space(args.model, config, fixed)
    usage(args, lambda: resolve_device(args.device))
    workers = workers_of(args)
    if args.out and not args.out.endswith(".json"):
        args.parser.error(f"--out takes a file ending in .json, and {args.out!r} does not")
    kept = (args.input, args.genes, names_file(args), args.settings_file)
    if args.study:
        check_place(args.study, *kept)
    if args.out:
        check_place(args.out, args.study, *kept)
    tell = Teller(quiet=args.quiet)
    tell.say(f"Reading {args.input}")
    opened = opened_by(args, args.input)
    tell.say(*opened.notes)
    if workers.are_apart:
        workers = enough(workers, N_FITS, tell)
        warn_of_memory(opened.adata, [Plan(args.model, config)], workers, tell)
    search = Search(args.trials, args.seed, args.study, fixed, args.labels, args.device)
    tuning = usage(args, lambda: Tuning(opened.adata, args.model, config, search, workers=workers))
    follow(Job(tuning.steps(), "Finding settings"), tell)
    outcome = tuning.outcome
    _require_best(outcome)
    _tell(outcome, tell)
    if args.out:
        tell.say(f"Wrote {write_whole(args.out, outcome.as_json())}")
    return 0


def _require_best(outcome: Outcome) -> None:
    """Raise where nothing was scored: a failure, or Ctrl-C before the first score."""
    if outcome.best is not None:
        return
    if not outcome.is_complete:
        raise KeyboardInterrupt
    raise StimputeError(
        expected="settings with which the model can be fitted to these data",
        found="; ".join(dict.fromkeys(trial.reason for trial in outcome.trials)),
        remedy="Begin with others (--preset, --set), or choose another model.",
    )


def _tell(outcome: Outcome, tell: Teller) -> None:
    ranked = sorted(outcome.trials, key=lambda t: (t.score is None, -(t.score or 0.0)))
    header = (*_HEADER, *((outcome.labels,) if outcome.labels else ()), "Time", "Settings")
    rows = [_cells(t, outcome) for t in ranked if t.measures]
    tell.say("", *aligned([header, *rows], left=(0, len(header) - 1)), "")
    tell.say(*textwrap.wrap(_LEGEND, width()), "")
    for t in (t for t in outcome.trials if t.reason):
        lost = "was given up" if t.state == "pruned" else "failed"
        tell.say(*textwrap.wrap(f"Trial {t.number} {lost}. {t.reason}", width()))
    for sentence in outcome.notes:
        tell.say(*textwrap.wrap(sentence, width()))


def _cells(trial: TrialResult, outcome: Outcome) -> tuple[str, ...]:
    m = trial.measures
    assert m is not None
    mark = " *" if trial == outcome.best else ""
    score = _number(trial.score) if trial.score is not None else "given up"
    parts = (m.spread, None, m.silhouette, m.stability, m.modularity)
    cells = [f"{trial.number}{mark}", score, *map(_number, parts)]
    cells[3] = "–" if m.molecules is None else percent(m.molecules, 2)
    clusters = "–" if m.n_clusters is None else f"{m.n_clusters:.3g}"
    labels = (_number(m.agreement_with(outcome.labels)),) if outcome.labels else ()
    changed = " ".join(f"{name}={value}" for name, value in outcome.changes(trial).items())
    return (*cells, clusters, *labels, duration(m.seconds), changed or "as begun")


def _number(value: float | None) -> str:
    return "–" if value is None else number(value)


def _searched(infos: Sequence[ModelInfo]) -> str:
    """What is searched, by model."""
    blocks = []
    for info in infos:
        lines = [f"searched for {info.name}, unless fixed with --set:"]
        lines += [
            f"  {name:17} {', '.join(map(str, choices))}"
            for name, choices in info.config.SEARCH.items()
        ]
        blocks.append("\n".join(lines))
    return "\n\n".join([*blocks, "All settings, with what they mean: stimpute impute --help"])
