"""Set up a comparison by the names of its methods, and keep its scores as a table.

The shell, the viewer and the demo all compare through `comparison_of`: every registered model runs
as `Run` would run it, so that what is compared is what a button gives.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..config import ModelConfig
from ..data.simulate import TRUE_RATE
from ..errors import NotWritable, UnknownName
from ..keys import SPATIAL
from ..models import model_class, model_info
from ..progress import Progress
from ..run import Request, Run
from .comparison import Comparison
from .methods import Method, chosen
from .peers import PEERS
from .standing import Row, rows, verdict, wins
from .trial import Contender, Predicting, raw

if TYPE_CHECKING:
    from anndata import AnnData

_ENDINGS = (".csv", ".json")


def comparison_of(
    adata: AnnData, names: Sequence[str], *, seeds: Sequence[int] = (0,), device: str = "auto",
    preset: str = "default", configs: Mapping[str, ModelConfig] | None = None,
    show: Sequence[str] = (),
) -> Comparison:  # fmt: skip
    """Prepare a comparison; nothing runs before its `steps` are taken.

    Parameters
    ----------
    adata : counts of the modelled genes in X; a known truth is taken from its layer
    names : methods, as `methods` names them
    preset : settings of the models, where they have it; theirs else
    configs : settings of single methods, by name; they go before the preset
    show : genes whose maps are kept, as for `Comparison`

    Raises
    ------
    UnknownName : a method, a preset, or a gene to show that does not exist
    TooSmall : too little data to hide any
    """
    has_tissue = SPATIAL in adata.obsm
    contenders, methods = [], chosen(names)
    _require_preset(preset, methods)
    for method in methods:
        config = (configs or {}).get(method.name) or _config(method, preset)
        contenders.append(_contender(method, config, device, method.why_not(has_tissue)))
    truth = adata.layers.get(TRUE_RATE)
    return Comparison(adata, contenders, seeds=seeds, truth=truth, show=show)


def check_table(path: str | os.PathLike[str]) -> None:
    """Refuse a table that could not be written, before work is put into it (`NotWritable`)."""
    if Path(path).suffix.lower() not in _ENDINGS:
        raise NotWritable(
            expected="a table ending in .csv or .json", found=f"{Path(path).name!r}",
            remedy="Choose one of these endings.",
        )  # fmt: skip
    check_place(path)


def check_page(path: str | os.PathLike[str]) -> None:
    """Refuse a page that could not be written, before work is put into it (`NotWritable`)."""
    if Path(path).suffix.lower() not in (".html", ".htm"):
        raise NotWritable(
            expected="a page ending in .html", found=f"{Path(path).name!r}",
            remedy="Choose this ending.",
        )  # fmt: skip
    check_place(path)


def check_place(path: str | os.PathLike[str]) -> None:
    """Refuse a place where no file can be written (`NotWritable`)."""
    file = Path(path).expanduser().resolve()
    found = ""
    if not file.parent.is_dir():
        found = "that its folder is missing"
    elif file.is_dir():
        found = "a folder of that name"
    elif not os.access(file if file.exists() else file.parent, os.W_OK):
        found = "no permission to write there"
    if found:
        raise NotWritable(
            expected=f"to write {file}", found=found, remedy="Choose another place or name."
        )


def write_table(comparison: Comparison, path: str | os.PathLike[str]) -> Path:
    """Write every score of every seed, as CSV, or as JSON with summary and gene winners.

    Raises
    ------
    NotWritable : another ending, or a place that cannot be written
    """
    check_table(path)
    file = Path(path).expanduser().resolve()
    text = _csv(comparison) if file.suffix.lower() == ".csv" else _json(comparison)
    try:
        file.write_text(text, encoding="utf-8")
    except OSError as error:
        raise NotWritable(
            expected=f"to write {file}", found=error.strerror or str(error),
            remedy="Choose another folder, or free some space.",
        ) from error  # fmt: skip
    return file


def _require_preset(preset: str, methods: Sequence[Method]) -> None:
    known = {"default"} | {name for method in methods for name in _presets(method)}
    if preset not in known:
        raise UnknownName.of("preset", preset, sorted(known))


def _config(method: Method, preset: str) -> ModelConfig | None:
    if not method.model:
        return None
    values = {**_presets(method).get(preset, {}), **method.settings}
    return model_info(method.model).config.checked(values)


def _presets(method: Method) -> Mapping[str, Mapping[str, Any]]:
    if not method.model:
        return {}
    return model_info(method.model).config.PRESETS  # type: ignore[attr-defined,no-any-return]


def _contender(
    method: Method, config: ModelConfig | None, device: str, unavailable: str
) -> Contender:
    def trained(kept: AnnData, seed: int) -> Predicting:
        assert config is not None
        model_class(method.model)
        yield Progress("prepare", 0, 1)  # imported: what follows is the method's own time
        request = Request(method.model, config, seed, device, blend=method.blend, judged=False)
        run = Run(kept, request)
        yield from run.steps()
        assert run.results is not None and run.results.imputed is not None
        return run.results.imputed

    def tool(kept: AnnData, seed: int) -> Predicting:
        return PEERS[method.name](kept, seed, device)

    predict = trained if method.model else tool if method.package else raw
    return Contender(method, predict, unavailable)


def _csv(comparison: Comparison) -> str:
    import pandas as pd

    table = pd.DataFrame(_records(comparison)).astype({"seed": "Int64"})
    return str(table.to_csv(index=False, lineterminator="\n"))


def _json(comparison: Comparison) -> str:
    won = wins(comparison)
    names = [method.name for method in won.methods]
    content = {
        "verdict": verdict(comparison),
        "complete": comparison.is_complete,
        "seeds": comparison.seeds,
        "methods": [_summary(row) for row in rows(comparison)],
        "scores": _records(comparison),
        "genes_won": won.shares,
        "winner_of_gene": {
            gene: names[place]
            for gene, place in zip(comparison.genes, won.winner, strict=True)
            if place >= 0
        },
    }
    return json.dumps(content, indent=1, allow_nan=False)


def _records(comparison: Comparison) -> list[dict[str, Any]]:
    """One record per method and seed; a failure has its reason in place of numbers."""
    found: list[dict[str, Any]] = []
    for row in rows(comparison):
        who = {"method": row.method.name, "title": row.title}
        for s in row.scores:
            r = s.recovery
            found.append(
                {**who, "seed": s.seed, "deviance_explained": r.deviance_explained,
                 "median_gene": r.gene_median, "genes_better": r.share_better, "nll": r.nll,
                 "seconds": round(s.seconds, 3), "memory_mb": round(s.memory / 2**20, 1),
                 "failure": None}
            )  # fmt: skip
        if row.reason:
            found.append({**who, "seed": None, "failure": row.reason})
    return found


def _summary(row: Row) -> dict[str, Any]:
    numbers = {
        "deviance_explained": row.gain, "spread": row.spread, "median_gene": row.gene_median,
        "genes_better": row.genes_better, "seconds": row.seconds,
        "memory_mb": row.memory / 2**20,
    }  # fmt: skip
    said = {name: value if value == value else None for name, value in numbers.items()}
    who = {"method": row.method.name, "title": row.title, "kind": row.method.kind}
    return {**who, "seeds": row.n, **said, "failure": row.reason or None}
