"""What colours the spots: a gene and its source, or a column; and whether to believe it."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from ..job import Job
from ..keys import COUNTS, LOG
from ..scene.aspects import Badge
from ..scene.figure import gene_figure, pair_figure
from ..scene.pair import LOG_REASON
from ..scene.scene import Scene
from ..scene.shown import drawable_source
from ..session.edited import EDITED, EXPLAINED, TITLE
from ..trust.verdict import ADDED
from .figures import FigureFile
from .gene_aspect import ASPECTS, AspectState, aspect_state
from .gene_search import GeneSearch
from .groups import column_entries
from .menu import LINE, Entry, Menu, entries
from .message import SILENT, Message, Tone, error
from .panel import Panel

if TYPE_CHECKING:
    from matplotlib.figure import Figure

MADE_OF = "What these values are made of"
"""Title of the fold that holds the shares of the blend."""

_COLUMN_HELP = "Colour by a gene, or by a column: labels, or numbers."
LOW_HELP = "Values below this percentile take the lowest colour."
HIGH_HELP = "Values above this percentile take the highest colour."
COLORMAP_HELP = (
    "Colours of the values; all can be read by the colour-blind. On the canvas the darkest are "
    "lifted, so that they are seen on black."
)
SIZES, OUTLINES = (20, 300), (0, 40)
"""Least and most of the size of spots and of their outline, in %."""

SIZE_HELP = "Diameter of the spots, in per cent of the true one."
OUTLINE_HELP = "Dark edge of the spots, in per cent of their diameter."
IMAGE_HELP = "How strongly the tissue image is drawn: less lets the colours of the spots stand out."
_SOURCE_HELP = "Which values are shown by colour."
_FIGURE_HELP = (
    "Save the shown gene, counted and imputed, on one scale with its verdict: PNG, PDF or SVG. "
    "What is drawn does not depend on the zoom of the canvas."
)
PAIR_HELP = "Counts and imputed, side by side on one scale; they pan and zoom as one."
_SIDE_HELP = "What is shown to the {side} of the divider."
_WIPED = "The wipe compares values: end it to see more of them."
_NO_IMAGE = "These data have no tissue image."
_NOT_OPEN, _DRAWING = "Open data first.", "It is being drawn."

_TONES: dict[str, Tone] = {
    "reliable": "good",
    "use with care": "warning",
    "do not use": "error",
}


@dataclass(frozen=True)
class LookState:
    """How spots and image are drawn, as shares; ``no_image`` says why there is none to change."""

    size: float
    outline: float
    image_opacity: float
    no_image: str


@dataclass(frozen=True)
class WipeState:
    """What lies left and right of the divider, while there is one.

    ``waits`` says why the halves are not drawn although it is there, ``no_export`` why they cannot
    be written to a file; "" where they are, and can.
    """

    left: Menu
    right: Menu
    waits: str
    no_export: str
    message: Message


@dataclass(frozen=True)
class GenesState:
    """What the tab shows.

    ``not_open``, ``no_run``, ``no_map``, ``no_pair`` and ``no_figure`` say why something cannot be
    chosen or done, "" where it can. ``blend`` says what the values are made of, ``trust``
    whether to believe them; ``is_on_map`` whether the spots lie on a map in place of a tissue.
    """

    gene: str
    message: Message
    source: Menu
    column: Menu
    percentiles: tuple[float, float]
    colormap: str
    not_open: str
    no_run: str
    no_map: str
    no_pair: str
    no_figure: str
    figure_help: str
    saved: Message
    badge: Badge | None
    blend: str
    trust: Message
    is_on_map: bool
    aspect: AspectState
    look: LookState
    wipe: WipeState | None


class GenesPanel(Panel[GenesState]):
    """Chooses what is looked at, and says what may be believed of it."""

    def __init__(self, scene: Scene) -> None:
        super().__init__(scene.session)
        self.scene, self.display = scene, scene.session.display
        self.search = GeneSearch()
        self.figure, self.wipe_figure = FigureFile(), FigureFile("Written to")
        self._message, self._last_run, self._is_wiped = SILENT, "", False
        self.connections.add(self.session.events.adata, self._open)
        self.follow(scene.changed, self.figure.changed, self.wipe_figure.changed)
        self._open()

    # ---- actions -------------------------------------------------------------------------------

    def choose_gene(self, gene: str) -> None:
        """Show a gene; an unknown name is said."""
        if self.session.adata is None:
            self._say(error("Open data first: there are no genes yet."))
        elif gene not in self.search:
            self._say(error(self.search.unknown(gene)))
        else:
            self._message = SILENT
            self.display.show_gene(gene)
            if self.now.message:  # the gene was shown already
                self.refresh()

    def choose_source(self, source: str) -> None:
        """Show counts, or the values of a run."""
        with self.display.together():
            self.display.column, self.display.source = "", source

    def choose_column(self, column: str) -> None:
        """Colour by a column of obs; "" for the gene."""
        self.display.column = column

    def choose_limits(self, low: float, high: float) -> None:
        """Colour limits, as percentiles over the spots; a wrong order is said."""
        if low >= high:
            self._say(error("The lower percentile has to lie below the upper one."))
            return
        self._say(SILENT)
        self.display.percentiles = (low, high)

    def choose_colormap(self, colormap: str) -> None:
        """Colours of the values, by name."""
        self.display.colormap = colormap

    def choose_size(self, share: float) -> None:
        """Diameter of the spots, as a share of the true one."""
        self.display.spot_size = share

    def choose_outline(self, share: float) -> None:
        """Dark edge of the spots, as a share of their diameter."""
        self.display.outline = share

    def choose_image_opacity(self, opacity: float) -> None:
        """How strongly the tissue image is drawn, 0–1."""
        self.display.image_opacity = opacity

    def choose_aspect(self, aspect: str) -> None:
        """Show expected counts, how sure they are, or what the zeros mean."""
        self.display.aspect = next(name for _title, name, _help in ASPECTS if name == aspect)

    def choose_threshold(self, threshold: float) -> None:
        """Probability from which the zero map calls a zero technical or biological, 0.5 to 1."""
        self.display.threshold = threshold

    def choose_fading(self, fades: bool) -> None:
        """Whether spots whose expected count is unsure are drawn faintly."""
        self.display.fades = fades

    def flip(self) -> None:
        """Raw ↔ imputed, one press away; says so where there is nothing imputed."""
        runs, display = self.session.contents.runs, self.display
        if not runs:
            self._say(Message("Nothing is imputed yet: train a model first."))
        elif not self.session.contents.is_modelled(display.gene):
            self._say(SILENT)  # that it cannot be is said beside the button that adds the gene
        elif display.source in runs:
            self._last_run = display.source
            self.choose_source(COUNTS)
        else:
            self.choose_source(self._last_run if self._last_run in runs else runs[-1])

    def set_wiped(self, is_wiped: bool) -> None:
        """Whether a divider lies on the canvas: then nothing but values can be seen."""
        if is_wiped != self._is_wiped:
            self._is_wiped = is_wiped
            self.wipe_figure.say(SILENT)
            self.refresh()

    def save_figure(self, path: str | os.PathLike[str]) -> Job[Path] | None:
        """Write the shown gene, counted and imputed; how that went is said."""
        return self.figure.save(lambda: gene_figure(self.scene).draw, path)

    def save_wipe(self, path: str | os.PathLike[str], divider: float) -> Job[Path] | None:
        """Write both halves of the wipe, whose divider lies at x; how that went is said."""

        def gather() -> Callable[[], Figure]:
            figure = pair_figure(self.scene, divider)
            return lambda: figure

        return self.wipe_figure.save(gather, path)

    # ---- within --------------------------------------------------------------------------------

    def _open(self) -> None:
        contents = self.session.contents
        genes = contents.genes if self.session.adata is not None else ()
        self.search = GeneSearch(genes, contents.gene_titles)
        self._message = SILENT
        self.figure.say(SILENT)
        self.refresh()

    def _say(self, message: Message) -> None:
        self._message = message
        self.refresh()

    def _resolve(self) -> GenesState:
        session, scene, display = self.session, self.scene, self.display
        contents, not_open = session.contents, "" if session.adata is not None else _NOT_OPEN
        no_run = not_open or contents.no_run
        badge, drawing = self.badge(), _DRAWING if self.figure.is_drawing else ""
        no_figure = ("" if display.gene else _NOT_OPEN) or scene.no_map or drawing
        blend = self._blend(badge) if contents.runs else ""
        tone: Tone = "note" if badge is None else _TONES.get(badge.verdict, "note")
        return GenesState(
            gene=display.gene,
            message=self._message,
            source=self._sources(not_open),
            column=self._columns(not_open),
            percentiles=display.percentiles,
            colormap=display.colormap,
            not_open=not_open,
            no_run=no_run,
            no_map=scene.no_map,
            no_pair=scene.no_pair,
            no_figure=no_figure,
            figure_help=no_figure or _FIGURE_HELP,
            saved=self.figure.answer,
            badge=badge,
            blend=blend,
            trust=Message(blend if badge is None else badge.sentence, tone),
            is_on_map=not not_open and not scene.has_tissue,
            aspect=aspect_state(self.scene.aspects, self.display, _WIPED if self._is_wiped else ""),
            look=self._look(not_open),
            wipe=self._wipe() if self._is_wiped else None,
        )

    def badge(self) -> Badge | None:
        """The verdict on what is shown; None for counts, labels, and what was not judged."""
        run = self.scene.aspects.run_shown()
        return self.scene.aspects.badge(run) if run else None

    def _sources(self, not_open: str) -> Menu:
        session, gene, chosen = self.session, self.display.gene, COUNTS
        why_not = ""
        if gene:
            chosen = drawable_source(session, self.display.source)
            why_not = "" if session.contents.is_modelled(gene) else self._not_modelled()
        offered = (
            Entry(s.title, s.name, why_not="" if s.name in (COUNTS, LOG) else why_not)
            for s in session.contents.sources
        )
        edited = self.display.edited
        changed = () if edited is None else (self._change(gene in edited),)
        return Menu((*offered, *changed), chosen, _SOURCE_HELP, not_open)

    def _change(self, has_gene: bool) -> Entry:
        """The change by an edit, as one more source."""
        why_not = (
            ""
            if has_gene
            else f"The edit did not model {self.session.contents.gene_title(self.display.gene)}."
        )
        return Entry(TITLE, EDITED, EXPLAINED, why_not)

    def _columns(self, not_open: str) -> Menu:
        contents = self.session.contents
        offered = [Entry("Gene", ""), *column_entries(self.session)]
        if contents.number_columns:
            offered.append(LINE)
        offered += entries((f"{c} (numbers)", c) for c in contents.number_columns)
        known = (*contents.columns, *contents.number_columns)
        chosen = self.display.column if self.display.column in known else ""
        return Menu(tuple(offered), chosen, _COLUMN_HELP, not_open)

    def _blend(self, badge: Badge | None) -> str:
        """What the shown values are made of, or why they have no verdict."""
        if badge is not None:
            return badge.blend or "The model alone, not blended."
        if drawable_source(self.session, self.display.source) == EDITED:
            return EXPLAINED
        if self.display.source not in self.session.contents.runs:
            return "As measured. Imputed values come with a verdict: can this gene be believed?"
        if not self.session.contents.is_modelled(self.display.gene):
            return "Its counts are shown."
        if not self.session.contents.has(self.display.gene, self.display.source):
            return self.scene.aspects.why_not()
        if self.display.gene in self.session.contents.record(self.display.source).added:
            return f"{ADDED}. {self.scene.aspects.why_no_badge()}"
        return self.scene.aspects.why_no_badge()

    def _look(self, not_open: str) -> LookState:
        display = self.display
        no_image = not_open or ("" if self.scene.ground is not None else _NO_IMAGE)
        return LookState(display.spot_size, display.outline, display.image_opacity, no_image)

    def _wipe(self) -> WipeState:
        scene = self.scene
        waits = "" if scene.shown is None else scene.pair.why_not(scene.shown)
        offered = tuple(
            Entry(s.title, s.name, why_not=LOG_REASON if s.name == LOG else "")
            for s in self.session.contents.sources
        )
        left, right = (
            Menu(offered, chosen, _SIDE_HELP.format(side=side), waits)
            for side, chosen in zip(("left", "right"), scene.pair.sources(), strict=True)
        )
        file = self.wipe_figure
        no_export = waits or (_DRAWING if file.is_drawing else "")
        return WipeState(left, right, waits, no_export, Message(waits) if waits else file.answer)

    def _not_modelled(self) -> str:
        gene = self.session.contents.gene_title(self.display.gene)
        return f"{gene} is not among the modelled genes: it has no imputed values."
