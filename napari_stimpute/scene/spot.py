"""What is said of one spot: its name, counts, imputed values, labels and what to expect again."""

from __future__ import annotations

import numpy as np

from ..keys import COUNTS
from ..session.edited import EDITED, TITLE
from ..words import percent
from .scene import Scene
from .shown import Categories, Shown, drawable_source

_MOST_COLUMNS = 4


def spot_rows(scene: Scene, place: int) -> list[tuple[str, str]]:
    """What is known of one spot, labelled: name, counts, imputed by each run, labels."""
    session, aspects = scene.session, scene.aspects
    if session.adata is None:
        return []
    contents, display = session.contents, session.display
    rows = [(session.place.capitalize(), str(session.adata.obs_names[place]))]
    listed = {COUNTS, display.source} if second_measurement(scene, place) else set()
    if display.gene:
        for source in contents.sources:
            is_drawable = drawable_source(session, source.name) == source.name
            if is_drawable and source.name not in listed:
                value = session.expression(source=source.name)[place]
                rows.append((source.title, f"{value:.4g}"))
    edited = display.edited
    if edited is not None and display.source == EDITED and display.gene in edited:
        change = float(edited.values(display.gene)[place])
        rows.append((TITLE, "not edited" if np.isnan(change) else f"{change:+.3g} in log value"))
    key = aspects.run_shown()
    zeros = aspects.zeros(key) if key and display.aspect == "zeros" else None
    if zeros is not None and np.isfinite(zeros.probability[place]):
        chance = percent(float(zeros.probability[place]))
        rows.append(("Zero", f"hides a molecule with a probability of {chance}"))
    layout, known = None if scene.places is None else scene.places.layout, contents.columns
    if layout is not None and layout.sections.column:
        sections = layout.sections
        rows.append(("Section", sections.names[int(sections.codes[place])]))
        known = [column for column in known if column != sections.column]
    for column in [display.column] if display.column else known[:_MOST_COLUMNS]:
        rows.append((contents.column_title(column), str(session.adata.obs[column].iloc[place])))
    return rows


def second_measurement(scene: Scene, place: int) -> str:
    """Raw, imputed, and what a second measurement would give, for a judged run; else ""."""
    session, aspects = scene.session, scene.aspects
    key = aspects.run_shown()
    ends = aspects.interval(key) if key else None
    if ends is None:
        return ""
    raw = session.expression(source=COUNTS)[place]
    imputed = session.expression(source=key)[place]
    low, high = int(ends[0][place]), int(ends[1][place])
    again = f"{low:,}" if low == high else f"{low:,}–{high:,}"
    about = f"{imputed:,.0f}" if imputed >= 10 else f"{imputed:.2g}"
    return f"raw {raw:,.0f} · imputed {about} · a second measurement: {again}"


def in_short(scene: Scene, shown: Shown | None, place: int) -> str:
    """Name of a spot, and its value or label in what a canvas shows."""
    adata = scene.session.adata
    assert adata is not None
    name = str(adata.obs_names[place])
    if shown is None:
        return name
    if isinstance(shown, Categories):
        code = shown.codes[place]
        return f"{name}: {shown.names[code] if code >= 0 else 'none'}"
    value = float(shown.values[place])
    return f"{name}: {value:.4g}" if not np.isnan(value) else f"{name}: {shown.without}"
