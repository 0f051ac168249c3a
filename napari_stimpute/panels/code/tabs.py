"""Lines for the tabs Data, Genes, Train (and Find settings), and Compare."""

from __future__ import annotations

from pathlib import Path

from ... import keys
from ...errors import InvalidSetting
from ...scene.shown import Values
from ...session.display import Display
from ...workers.workers import Workers
from ..compare import ComparePanel
from ..data import DataPanel
from ..genes import GenesPanel
from ..groups import safe_name
from ..train import TrainPanel
from ..tune import TunePanel
from .script import ADATA, Code, Name, Script

_LOOK = ("source", "column", "percentiles", "aspect", "threshold", "fades", "colormap")
"""What of a display says which values are shown, and how they are coloured."""


def data_code(panel: DataPanel) -> Code:
    """Open the data with what is chosen, do again what was trained here, and save it all."""
    session, now = panel.session, panel.now
    script = Script(session)
    if session.card is None:
        return script.code()
    how, genes = session.card.how, now.gene_file if now.takes_file else now.genes.chosen
    is_found = not how.counts and now.counts.chosen == session.card.counts_where
    counts = now.counts.chosen if session.path and not is_found else how.counts
    script.open_with(genes or how.genes, counts)
    for key in session.contents.records:
        script.run(key)
    script.add(script.call("session.save", panel.file_name))
    return script.code()


def genes_code(panel: GenesPanel) -> Code:
    """Look at the same gene, or column; its values, and its figure where there is a tissue."""
    session, display, usual = panel.session, panel.display, Display()
    script = Script(session)
    if session.adata is None:
        return script.code()
    for key in session.contents.runs:
        script.run(key)
    if display.column:
        script.column(display.column)
    script.add(script.literal(display.gene), "session.display.gene")
    for name in _LOOK:
        if getattr(display, name) != getattr(usual, name):
            script.add(script.literal(getattr(display, name)), f"session.display.{name}")
    if display.source in session.contents.kept:
        script.add("session.expression()  # computed here, as its values were not kept")
    script.add(script.call("Scene", Name("session")), "scene")
    if display.column and not session.contents.holds_numbers(display.column):
        script.add("codes, names, colors = session.labels()")
    else:
        has_values = isinstance(panel.scene.shown, Values)  # a zero map has categories
        script.add("values = scene.shown.values" if has_values else "zeros = scene.shown")
    if keys.SPATIAL in session.adata.obsm and not display.column:
        script.add(f"{script.call('gene_figure', Name('scene')).text}.draw()", "figure")
        script.add(script.call("figure.savefig", f"{safe_name(display.gene)}.png"))
    return script.code()


def train_code(panel: TrainPanel) -> Code:
    """Train with the settings of the form."""
    session, options = panel.session, panel.options
    model, config = session.model, panel.form.settings
    script = Script(session, panel.form.problems or panel.now.no_also.text)
    if config is None or session.adata is None:
        return script.code()
    key = options.key.strip()
    script.add(
        script.train(
            model,
            config,
            seed=options.seed,
            device=panel.now.device.chosen,
            key=key,
            blend=options.blend,
            judged=options.judged,
            keeps=options.keeps,
            deterministic=options.deterministic,
        )
    )
    if options.keeps == "model":
        script.add(script.call("session.expression", session.display.gene, key or model), "values")
        return script.code()
    layer = script.literal(keys.imputed(key or model))
    script.add(f"imputed = adata.layers[{layer}]  # expected counts")
    return script.code()


def tune_code(panel: TunePanel) -> Code:
    """Search settings, beginning with those of the form."""
    from ...tune.search import Search  # torch: not before it is needed

    try:
        setup = panel.setup()
    except InvalidSetting as problem:
        return Code(why_not=str(problem))
    script = Script(panel.session, panel.work.missing())
    study = str(Path(panel.study.strip()).resolve()) if panel.study.strip() else ""
    search = Search(panel.n_trials, setup.seed, study, device=setup.device)
    made = script.call("Tuning", ADATA, setup.model, setup.config, search, **_shared(panel))
    script.add(made, "tuning")
    script.add(script.call("drain", Name("tuning.steps()")))
    script.add('print(*tuning.outcome.notes, sep="\\n")')
    script.add("config = tuning.outcome.config_of(tuning.outcome.best)")
    return script.code()


def compare_code(panel: ComparePanel) -> Code:
    """Score the methods that are ticked."""
    script = Script(panel.session, panel.work.missing())
    show = [gene.strip() for gene in panel.genes.split(",") if gene.strip()]
    drawn = {"show": show} if show else {}
    seeds = {"seeds": Name(f"range({panel.n_splits})")} if panel.n_splits > 1 else {}
    comparison = script.call(
        "comparison_of", ADATA, panel.chosen, **seeds, **drawn, **_shared(panel)
    )
    script.add(comparison, "comparison")
    script.add(script.call("drain", Name("comparison.steps()")))
    script.add("for score in comparison.scores:")
    script.add("    print(score.title, score.seed, score.gain)")
    return script.code()


def _shared(panel: ComparePanel | TunePanel) -> dict[str, Workers]:
    """The processes that share the fits, where there are several."""
    return {"workers": Workers(panel.n_workers)} if panel.n_workers > 1 else {}
