"""Look at a gene on the tissue: counted, and beside it what the chosen source says."""

from __future__ import annotations

import ipywidgets as widgets

from .. import keys
from ..errors import StimputeError
from ..session.contents import COUNTS, LOG
from ..session.session import Session
from .widgets.form import CONTROL, control, offer
from .widgets.loop import Home
from .widgets.picture import Picture
from .widgets.words import Tone, Words, heading

MOST_SUGGESTED = 3000
"""Genes offered while typing; every other one can be typed in full."""

_NOT_JUDGED = "This result was not judged on hidden molecules."
_TONES: dict[str, Tone] = {
    "reliable": "good",
    "use with care": "warning",
    "do not use": "error",
}


class OverlayPanel:
    """Gene, source, and maps on one colour scale."""

    def __init__(self, session: Session, home: Home) -> None:
        self.session, self.home = session, home
        self.gene = control(widgets.Combobox, "Gene", continuous_update=False)
        self.source = control(widgets.Dropdown, "Show", options=[])
        self.words, self.trust = Words(), Words("note")
        self.map = Picture()
        menus = widgets.HBox([self.gene, self.source])
        menus.layout.flex_flow = "row wrap"
        for menu in menus.children:
            menu.layout.width = CONTROL
        parts = [heading("Look at a gene"), menus, self.words.widget, self.trust.widget]
        parts.append(self.map.widget)
        self.widget = widgets.VBox(parts)
        home.observe(self.gene, self._choose_gene)
        home.observe(self.source, self._choose_source)
        events = session.events
        for event in (events.adata, events.contents, session.display.changed, events.job):
            event.connect(self._follow, thread="current")
        self._follow()

    def _choose_gene(self) -> None:
        gene = self.gene.value
        if gene == self.session.display.gene or not gene:
            return
        try:
            self.session.expression(gene, COUNTS)
        except StimputeError as error:
            self.words.say(str(error))
        else:
            self.session.display.gene = gene

    def _choose_source(self) -> None:
        if self.source.value:
            self.session.display.source = self.source.value

    def _follow(self) -> None:
        session = self.session
        if session.adata is None or not session.display.gene:
            return
        with self.home.quiet():
            self.gene.options = session.contents.genes[:MOST_SUGGESTED]
            self.gene.value = session.display.gene
            offer(
                self.source,
                [(s.title, s.name) for s in session.contents.sources],
                session.display.source,
            )
        self.words.say("")
        self._say_trust()
        self.home.run_once(self.draw)

    def _say_trust(self) -> None:
        """Say in one line whether the imputed gene that is shown can be believed."""
        session = self.session
        key, gene = session.display.source, session.display.gene
        if (
            session.adata is None
            or key not in session.contents.runs
            or not session.contents.is_modelled(gene)
        ):
            self.trust.say("")
            return
        from ..trust.verdict import badge

        found = badge(session.adata, key, gene)
        if found is None:
            self.trust.say(_NOT_JUDGED, tone="note")
        else:
            tone = _TONES.get(found.verdict, "note")
            self.trust.say(found.sentence, f"Blend: {found.blend}.", tone=tone)

    def draw(self) -> None:
        """Draw the maps anew."""
        from ..data.graph import spatial_coordinates
        from ..plots import Tissue, gene_maps

        session = self.session
        assert session.adata is not None
        if keys.SPATIAL not in session.adata.obsm:
            self.words.say("These data have no coordinates: no map to draw.", tone="note")
            self.map.hide()
            return
        contents = session.contents
        shown = {s.title: s for s in contents.sources if s.name in self._sources()}
        tissue = Tissue(spatial_coordinates(session.adata), contents.spot_diameter, contents.image)
        figure = gene_maps(
            tissue,
            {title: session.expression(source=source.name) for title, source in shown.items()},
            limits=session.limits(),
            title=session.display.gene,
            unit="log" if session.display.source == LOG else f"counts per {session.place}",
        )
        self.map.show(figure)

    def _sources(self) -> tuple[str, ...]:
        session = self.session
        is_imputed = session.display.source in session.contents.runs
        if is_imputed and not session.contents.is_modelled(session.display.gene):
            text = f"{session.display.gene} was not modelled: only its counts are shown."
            self.words.say(text, tone="note")
            return (COUNTS,)
        return (COUNTS, session.display.source) if is_imputed else (session.display.source,)
