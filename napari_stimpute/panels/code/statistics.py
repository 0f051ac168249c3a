"""Lines for the sections of the tab Statistics."""

from __future__ import annotations

from ...data.columns import REST
from ...keys import COUNTS
from ..differences import DifferencesPanel
from ..patterns import PatternsPanel
from ..variable import VariablePanel
from .script import ADATA, Code, Script


def variable_code(panel: VariablePanel) -> Code:
    """Rank genes before and after imputing."""
    script, run = Script(panel.session, panel.work.missing()), panel.run.name
    script.run(run)
    n = {"n": panel.n} if panel.n else {}
    script.add(script.call("variable_genes", ADATA, run, **n), "found")
    script.add("print(found.note)")
    return script.code()


def patterns_code(panel: PatternsPanel) -> Code:
    """Hold the patterns of a run against permuted tissue."""
    script, run = Script(panel.session, panel.work.missing()), panel.run.name
    script.run(run)
    script.add(script.drained("pattern_steps", ADATA, run), "found")
    script.add("table = found.table")
    return script.code()


def differences_code(panel: DifferencesPanel) -> Code:
    """Test one group against others."""
    script, source = Script(panel.session, panel.work.missing()), panel.values.name
    column, against = panel.column.name, panel.against.name
    script.column(column)
    script.run(source)
    settings = {"reference": against} if against != REST else {}
    imputed = {"source": source, "accept_imputed": True} if source != COUNTS else {}
    table = script.call(
        "differential_expression", ADATA, column, panel.group.name, **settings, **imputed
    )
    script.add(table, "table")
    return script.code()
