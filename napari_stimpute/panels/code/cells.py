"""Lines for the sections of the tab Cells."""

from __future__ import annotations

from pathlib import Path

from ...keys import COUNTS
from ..cells.batches import BatchesPanel
from ..cells.communities import CommunitiesPanel
from ..cells.markers import MarkersPanel
from ..cells.names import NamesPanel
from ..cells.trajectory import TrajectoryPanel
from ..cells.transfer import TransferPanel
from ..groups import safe_name
from .script import ADATA, Code, Name, Script


def markers_code(panel: MarkersPanel) -> Code:
    """Find the markers of all groups; the table is that of the group that is listed."""
    script, column = Script(panel.session, panel.work.missing()), panel.groups.column
    script.column(column)
    method = {"method": panel.method.name} if panel.method.name != "permutation" else {}
    script.add(script.drained("marker_steps", ADATA, column, **method), "found")
    group = panel.group.name
    script.add(f"table = found.of({script.literal(group)})" if group else "table = found.table")
    return script.code()


def names_code(panel: NamesPanel) -> Code:
    """Name groups by lists of marker genes, and write the names."""
    script, column = Script(panel.session, panel.work.missing()), panel.groups.column
    script.column(column)
    lists = script.call("read_marker_lists", str(Path(panel.lists.strip()).resolve()))
    script.add(script.drained("annotation_steps", ADATA, column, lists), "found")
    for level in ("type", "subtype"):
        place = _obs(script, panel.session.column_for(f"{panel.groups.prefix}_{level}"))
        script.add(f'found.labels("{level}")', place)
    return script.code()


def transfer_code(panel: TransferPanel) -> Code:
    """Carry names over from a reference, and write them."""
    script, opened = Script(panel.session, panel.work.missing()), panel.reference
    if opened is None:
        return script.code()
    column = panel.column.name
    script.add(script.call("Session"), "reference")
    script.add(script.call("reference.open", opened.path, genes="all"))
    found = script.drained("transfer_steps", ADATA, Name("reference.adata"), column)
    script.add(found, "found")
    name = panel.session.column_for(f"{safe_name(column)}_transferred")
    script.add("found.labels", _obs(script, name))
    probability = panel.session.column_for(f"{name}_probability")
    script.add("found.probability", _obs(script, probability))
    return script.code()


def trajectory_code(panel: TrajectoryPanel) -> Code:
    """Put all in line from a beginning, and write their places."""
    script, run = Script(panel.session, panel.work.missing()), panel.run.name
    column = panel.groups.column
    script.column(column)
    script.run(run)
    script.add(script.drained("trajectory_steps", ADATA, run, column, panel.beginning), "found")
    place = panel.session.column_for(f"{run}_pseudotime")
    script.add("found.pseudotime", _obs(script, place))
    return script.code()


def batches_code(panel: BatchesPanel) -> Code:
    """Score the mixing of batches in the counts and in a run."""
    script, run = Script(panel.session, panel.work.missing()), panel.run.name
    column, batch = panel.groups.column, panel.batch.name
    script.column(batch)
    script.run(run)
    script.add(f"{_obs(script, batch)}.astype(str).to_numpy()", "batch")
    groups = [Name("batch")]
    if column not in ("", batch):
        script.column(column)
        script.add(f"{_obs(script, column)}.to_numpy()", "groups")
        groups.append(Name("groups"))
    script.add(script.call("representation", ADATA, COUNTS, 0), "counts")
    script.add(script.call("mixing", Name("counts"), *groups), "before")
    after = script.call("representation", ADATA, run, 0)
    script.add(script.call("mixing", after, *groups, reference=Name("counts")), "after")
    return script.code()


def communities_code(panel: CommunitiesPanel) -> Code:
    """Compare gene communities between groups; the activity and network of the chosen one."""
    script, run = Script(panel.session, panel.work.missing()), panel.run.name
    column = panel.groups.column
    script.column(column)
    script.run(run)
    script.add(script.drained("community_steps", ADATA, run, column=column), "found")
    script.add("table = found.table")
    if panel.chosen:
        script.add(script.call("gene_network", ADATA, run, panel.chosen), "network")
        script.add("network.activity", _obs(script, panel.activity_column))
        parts = (Name(f"network.{part}") for part in ("genes", "edges", "weights", "places"))
        script.add(script.call("network_picture", *parts), "figure")
        script.add(script.call("figure.savefig", f"community_{safe_name(panel.chosen)}.png"))
    return script.code()


def _obs(script: Script, column: str) -> str:
    return f"adata.obs[{script.literal(column)}]"
