"""Lines for the tabs Generate and Edit, by a trained model."""

from __future__ import annotations

import pandas as pd

from ..edit import EditPanel
from ..edit_form import ALL, PICKED
from ..enhance import DEEPEN, DENOISE, EnhancePanel
from ..generate import GeneratePanel
from .script import ADATA, MODEL, Code, Name, Script, settings_of


def generate_code(panel: GeneratePanel) -> Code:
    """Have cells made, and judged by the open data."""
    script, order = Script(panel.session, panel.work.missing()), panel.order
    script.model(panel.generators.key)
    settings = settings_of(order)
    given = panel.now.conditions
    settings["guidance"] = {c.name: c.guidance for c in given if c.guidance != 1}
    if not settings["guidance"]:
        del settings["guidance"]
    asked = script.call("Order", **settings)
    script.add(script.drained("generation_steps", MODEL, asked, ADATA), "found")
    script.add('print(*found.notes, sep="\\n")')
    script.add(script.call("found.adata.write_h5ad", panel.file.name))
    return script.code()


def enhance_code(panel: EnhancePanel) -> Code:
    """Have the open data made fuller."""
    script, amounts = Script(panel.session, panel.work.missing()), panel.amounts
    script.model(panel.generators.key)
    if panel.kind.name == DEEPEN:
        found = script.drained("deepen_steps", MODEL, ADATA, amounts.factor)
    elif panel.kind.name == DENOISE:
        time = {"time": amounts.time} if amounts.time != 0.05 else {}
        found = script.drained("denoise_steps", MODEL, ADATA, **time)
    else:
        label = panel.column.name, panel.label.name
        found = script.drained("raise_steps", MODEL, ADATA, *label, amounts.n)
    script.add(found, "found")
    script.add('print(*found.sentences, sep="\\n")')
    script.add(script.call("found.adata.write_h5ad", panel.file.name))
    return script.code()


def edit_code(panel: EditPanel) -> Code:
    """Edit the chosen cells, and judge each gene's change."""
    session, form = panel.session, panel.form
    script, asked, adata = Script(session, form.missing()), form.asked(), session.adata
    if asked is None or adata is None:
        return script.code()
    script.model(form.run.name)
    if asked.groups:
        script.column(asked.groups)
    script.add(_cells(script, panel), "cells")
    settings = settings_of(asked.request(adata.obs_names, form.strength))
    settings["cells"] = Name("tuple(cells)")
    for name in ("to", "genes"):
        if name in settings:
            settings[name] = dict(getattr(asked, name))
    script.add(script.call("EditRequest", **settings), "request")
    script.add(script.call("Editor", MODEL, ADATA), "editor")
    edited = script.call("editor.edit", Name("request"))
    script.add(script.call("judge_edit", edited), "found")
    script.add("table = found.table()")
    return script.code()


def _cells(script: Script, panel: EditPanel) -> str:
    """Which cells are edited: names, in the order of the data."""
    form, adata = panel.form, panel.session.adata
    assert adata is not None
    chosen = form.cells.name
    if chosen == ALL:
        return "adata.obs_names"
    if chosen == PICKED:
        mask = form.mask()
        assert mask is not None
        return script.literal([str(name) for name in adata.obs_names[mask]])
    script.column(chosen)
    column, group = f"adata.obs[{script.literal(chosen)}]", script.literal(form.group.name)
    if not all(isinstance(label, str) for label in pd.unique(adata.obs[chosen].dropna())):
        column = f"{column}.astype(str)"
    return f"adata.obs_names[{column} == {group}]"
