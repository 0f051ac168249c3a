"""Two sources of the same gene on one map, one on each side of a divider that can be dragged."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any
from weakref import ref

from psygnal import Signal

from ...scene.shown import Shown, Values
from ...session.contents import COUNTS, LOG, Source
from .cut import Cut, cut_of, uncut
from .divider import Divider, Frame, frame_of
from .spots import MARK, Mark, colour_bar_of, layer_name, paint, spots_layer

if TYPE_CHECKING:
    from napari.layers import Layer

    from ...session.session import Session
    from .view import SpotsView


@dataclass(frozen=True)
class _Before:
    """What the canvas looked like, to be given back."""

    layer: Layer
    name: str
    name_position: Any
    name_visible: bool
    grid: bool
    active: Layer | None


class Wipe:
    """Both maps lie on one another, each cut off at the divider: moving it repaints nothing.

    `moved` is emitted with the position of the divider, 0–1 from left to right of the tissue.
    """

    moved = Signal(float)

    def __init__(self, viewer: Any, view: SpotsView) -> None:
        self._viewer, self._view = ref(viewer), ref(view)
        self.layer: Layer | None = None
        """The map to the right of the divider; None while this is off."""
        self.divider: Divider | None = None
        self.position = 0.5
        self.waits = ""
        """Why the two halves are not drawn although this is on, in words; "" when they are."""
        self._chosen = ("", "")
        self._cuts: tuple[Cut, ...] = ()
        self._frame = Frame(0, 1, 0, 1)
        self._before: _Before | None = None

    @property
    def is_on(self) -> bool:
        """Whether there is a divider, or would be if a gene were shown."""
        return self.layer is not None

    @property
    def is_split(self) -> bool:
        """Whether the two halves are drawn now."""
        return self.is_on and not self.waits

    # ---- what the halves show ------------------------------------------------------------------

    def choices(self) -> list[Source]:
        """What a half may show: sources in counts, for both halves share one scale."""
        return [s for s in self._session().contents.sources if s.name != LOG]

    def choose(self, left: str, right: str) -> None:
        """Choose the two sources; the same on both sides exchanges them."""
        if left == right:
            right, left = self.sources()
        self._chosen = (left, right)
        if self.is_on:
            self._shown_view().refresh()

    def sources(self) -> tuple[str, str]:
        """What is left and right of the divider: as chosen, else counts and the shown run."""
        session = self._session()
        known = [s.name for s in self.choices()]
        left = self._chosen[0] if self._chosen[0] in known else COUNTS
        shown = (
            session.display.source if session.display.source in session.contents.runs else known[-1]
        )
        right = self._chosen[1] if self._chosen[1] in known else shown
        return (left, right) if left != right else (left, self._other(left, known))

    def names(self) -> tuple[str, str]:
        """What is written above the halves; says so where counts stand in for a run."""
        titles = {s.name: short_title(s) for s in self.choices()}
        left, right = (self._name(source, titles) for source in self.sources())
        return left, right

    def halves(self) -> tuple[Values, Values]:
        """Values left and right of the divider, on one scale."""
        view = self._shown_view()
        left, right = (view.values_of(view.drawable_source(s)) for s in self.sources())
        return left, right

    # ---- the divider ---------------------------------------------------------------------------

    @property
    def x(self) -> float:
        """Place of the divider, in coordinate units."""
        return self._frame.x(self.position)

    def set_position(self, position: float) -> None:
        """Move the divider: 0 is left of the tissue, 1 right of it."""
        self.position = min(max(float(position), 0.0), 1.0)
        if self._stop_if_incomplete():
            return
        if self.is_split and self.divider is not None:
            for cut in self._cuts:
                cut.move(self.x)
            self.divider.place(self.x)
        self.moved.emit(self.position)

    def step(self, share: float) -> None:
        """Move the divider by a share of the tissue's width."""
        self.set_position(self.position + share)

    # ---- on and off ----------------------------------------------------------------------------

    def start(self) -> None:
        """Lay the second map over the first, and draw the divider."""
        viewer, view = self._viewer(), self._view()
        if viewer is None or view is None or view.layer is None or self.is_on:
            return
        if len(self.choices()) < 2:
            return
        assert view.places is not None
        view.side_by_side.stop()
        first, overlay, grid = view.layer, view.layer.name_overlay, viewer.canvas.grid
        active = viewer.layers.selection.active
        self._before = _Before(
            first, first.name, overlay.position, overlay.visible, grid.enabled, active
        )
        grid.enabled = False
        self._frame = frame_of(view.places.points, view.places.diameter)
        self.layer = spots_layer(view.session, view.places, role="second")
        self.layer.opacity = view.opacity
        viewer.add_layer(self.layer)
        metadata = {MARK: Mark(view.session.adata, "divider")}
        self.divider = Divider(viewer, self._frame, metadata, self._on_dragged)
        self._cuts = (cut_of(first, "left"), cut_of(self.layer, "right"))
        viewer.layers.selection.active = first
        view.refresh()

    def stop(self) -> None:
        """Back to one map, as it was."""
        viewer, view, before = self._viewer(), self._view(), self._before
        if viewer is None or view is None or self.layer is None or before is None:
            return
        second, divider = self.layer, self.divider
        self.layer = self.divider = self._before = None
        self._cuts, self.waits = (), ""
        if divider is not None:
            divider.remove()
        if second in viewer.layers:
            viewer.layers.remove(second)
        uncut(before.layer)
        before.layer.name = before.name
        before.layer.name_overlay.position = before.name_position
        before.layer.name_overlay.visible = before.name_visible
        viewer.canvas.grid.enabled = before.grid
        if before.active in viewer.layers:
            viewer.layers.selection.active = before.active
        view.refresh()

    def close(self) -> None:
        """Let go of the mouse; the layers stay."""
        if self.divider is not None:
            self.divider.disconnect()

    def repaint(self, shown: Shown) -> Shown:
        """Colour both halves; returns what the canvas shows now.

        Parameters
        ----------
        shown : what the canvas would show without the divider
        """
        view = self._view()
        if self._stop_if_incomplete() or view is None or view.layer is None or self.layer is None:
            return shown
        self.waits = self._why_not(shown)
        self._show_halves(visible=not self.waits)
        if self.waits:
            paint(view.layer, shown)
            return shown
        left, right = self.halves()
        for layer, half, source in zip(
            (view.layer, self.layer), (left, right), self.sources(), strict=True
        ):
            paint(layer, self._faded(half, source))
        for cut in self._cuts:
            cut.make(self.x)
        if self.divider is not None:
            self.divider.place(self.x)
        colour_bar_of(self.layer).visible = False  # the same as that of the first
        self._write_names()
        title = f"{view.session.display.gene} · {' | '.join(self.names())}"
        return replace(right, title=title, unit="counts", headline=view.session.display.gene)

    # ---- within --------------------------------------------------------------------------------

    def _session(self) -> Session:
        return self._shown_view().session

    def _shown_view(self) -> SpotsView:
        view = self._view()
        assert view is not None
        return view

    def _other(self, left: str, known: list[str]) -> str:
        others = [name for name in known if name != left]
        return others[-1] if others else left

    def _name(self, source: str, titles: dict[str, str]) -> str:
        is_drawn = self._shown_view().drawable_source(source) == source
        return titles[source] if is_drawn else f"{titles[source]} (gene not modelled: counts)"

    def _faded(self, half: Values, source: str) -> Values:
        """With unsure spots drawn faintly, if that is wanted."""
        view = self._shown_view()
        seen = view.shown_for(source) if view.aspects.fades else half
        return seen if isinstance(seen, Values) and seen.unit == half.unit else half

    def _stop_if_incomplete(self) -> bool:
        """Whether someone removed one of the layers; then this is off."""
        viewer = self._viewer()
        if viewer is None or self.layer is None or self.divider is None:
            return False
        if self.layer in viewer.layers and self.divider.layer in viewer.layers:
            return False
        self.stop()
        return True

    def _why_not(self, shown: Shown) -> str:
        if self._session().display.column:
            return "A column is shown: colour by the gene to see the two halves."
        units = {s.unit for s in self._session().contents.sources}
        if not isinstance(shown, Values) or shown.unit not in units:
            return "Something else than expected counts is shown: choose these to see the halves."
        return ""

    def _show_halves(self, *, visible: bool) -> None:
        """Make both halves and the divider seen, or the first map alone, as it was."""
        view = self._shown_view()
        assert view.layer is not None and self.layer is not None and self.divider is not None
        view.layer.name_overlay.visible = self.layer.name_overlay.visible = visible
        self.layer.visible = self.divider.layer.visible = visible
        if visible or self._before is None:
            return
        view.layer.name = self._before.name
        for cut in self._cuts:
            cut.lift()

    def _write_names(self) -> None:
        view = self._shown_view()
        assert view.layer is not None and self.layer is not None
        left, right = self.names()
        if self.layer.name == left:  # napari numbers layers of the same name
            self.layer.name = layer_name(view.session, "right")
        view.layer.name, self.layer.name = left, right
        view.layer.name_overlay.position = "top_left"
        self.layer.name_overlay.position = "top_right"

    def _on_dragged(self, x: float) -> None:
        self.set_position(self._frame.share(x))


def short_title(source: Source) -> str:
    """Name of a source where there is little room."""
    return source.title.removeprefix("Imputed: ")
