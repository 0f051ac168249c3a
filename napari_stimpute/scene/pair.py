"""Two sources of the shown gene, on one scale: one on either side, or one beside the other."""

from __future__ import annotations

from dataclasses import replace

from psygnal import Signal

from ..keys import COUNTS, LOG
from ..session.contents import Source
from ..session.edited import EDITED
from ..session.session import Session
from .aspects import Aspects
from .shown import Shown, Values, drawable_source, gene_shown

LOG_REASON = "Log values have another unit than counts: the two halves could not share a scale."


class Pair:
    """What lies left and right of a divider. `changed` is emitted when others were chosen."""

    changed = Signal()

    def __init__(self, session: Session, aspects: Aspects) -> None:
        self.session, self.aspects = session, aspects
        self._chosen = ("", "")

    def choices(self) -> list[Source]:
        """What a half may show: sources in counts, for both halves share one scale."""
        return [s for s in self.session.contents.sources if s.name != LOG]

    def choose(self, left: str, right: str) -> None:
        """Choose the two sources; the same on both sides exchanges them."""
        if left == right:
            right, left = self.sources()
        self._chosen = (left, right)
        self.changed.emit()

    def sources(self) -> tuple[str, str]:
        """What is left and right of the divider: as chosen, else counts and the shown run."""
        source, runs = self.session.display.source, self.session.contents.runs
        known = [s.name for s in self.choices()]
        left = self._chosen[0] if self._chosen[0] in known else COUNTS
        right = self._chosen[1] if self._chosen[1] in known else ""
        right = right or (source if source in runs else known[-1])
        others = [name for name in known if name != left]
        return (left, right if left != right or not others else others[-1])

    def names(self) -> tuple[str, str]:
        """What is written above the halves; says so where counts stand in for a run."""
        left, right = (self._name(source) for source in self.sources())
        return left, right

    def halves(self) -> tuple[Values, Values]:
        """Values left and right of the divider, on one scale."""
        left, right = (self._half(source) for source in self.sources())
        return left, right

    def drawn(self) -> tuple[Values, Values]:
        """The halves as they are drawn: unsure spots faintly, if that is wanted."""
        left, right = (self._faded(source) for source in self.sources())
        return left, right

    def both(self) -> Values:
        """What a colour bar says of the two halves."""
        gene = self.session.contents.gene_title(self.session.display.gene)
        title = f"{gene} · {' | '.join(self.names())}"
        return replace(self.halves()[1], title=title, unit="counts", headline=gene)

    def why_not(self, shown: Shown) -> str:
        """Why there are no two halves of what is shown now, in words; "" where there are."""
        if self.session.display.column:
            return "A column is shown: colour by the gene to see the two halves."
        units = {s.unit for s in self.session.contents.sources}
        if not isinstance(shown, Values) or shown.unit not in units:
            return "Something else than expected counts is shown: choose these to see the halves."
        return ""

    def badges(self) -> str:
        """What the shown gene was judged in each run that is drawn; "" for none."""
        contents = self.session.contents
        drawn = [s for s in self.sources() if s in contents.runs and self._is_drawn(s)]
        found = {contents.source(s).short_title: self.aspects.badge(s) for s in drawn}
        return "; ".join(f"{t}: {badge.verdict}" for t, badge in found.items() if badge is not None)

    def _is_drawn(self, source: str) -> bool:
        return drawable_source(self.session, source) == source

    def _name(self, source: str) -> str:
        title = self.session.contents.source(source).short_title
        is_late = self.session.contents.is_modelled(self.session.display.gene)
        why = "not computed yet" if is_late else "gene not modelled"
        return title if self._is_drawn(source) else f"{title} ({why}: counts)"

    def _half(self, source: str) -> Values:
        self.aspects.computing.draw_beside(source)
        return gene_shown(self.session, drawable_source(self.session, source))

    def _faded(self, source: str) -> Values:
        half = self._half(source)
        if not self.session.display.fades or source not in self.session.contents.runs:
            return half
        seen = self.aspects.seen(half, source) if self._is_drawn(source) else half
        return seen if isinstance(seen, Values) and seen.unit == half.unit else half


def raw_and_imputed(session: Session) -> tuple[str, str]:
    """Sources of two maps beside one another: counts, and what is shown or the newest run."""
    source, runs = session.display.source, session.contents.runs
    newest = runs[-1] if runs else LOG
    return COUNTS, drawable_source(session, source if source in (*runs, EDITED) else newest)
