"""What is looked at: evented, and shared by all that show one session."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from psygnal import Signal

from ..keys import COUNTS
from ..spatial.regions import Stroke
from ..trust.zeros import DEFAULT_THRESHOLD
from .edited import EditedChange

Aspect = Literal["expected", "uncertainty", "zeros"]
Picked = NDArray[np.bool_]

IMAGE_OPACITY = 0.35
"""Of the tissue image under spots: their colours are told apart on it, and cells still seen."""


class Display:
    """Gene, source, column, limits, colours, aspect and picks, whatever shows them.

    `changed` is emitted with the names of the attributes that changed, once for all that are set
    within `together`.
    """

    changed = Signal(frozenset)

    gene: str
    source: str
    column: str
    """An obs column shown in place of the gene; "" shows the gene."""
    percentiles: tuple[float, float]
    """Colour limits, as percentiles over the spots."""
    colormap: str
    aspect: Aspect
    """What is shown of an imputed gene: expected counts, how sure they are, or its zeros."""
    threshold: float
    """Probability from which the zero map calls a zero technical or biological."""
    fades: bool
    """Whether spots whose expected count is unsure are drawn faintly."""
    spot_size: float
    """Diameter of the drawn spots, as a share of the true one."""
    outline: float
    """Dark edge of a spot, as a share of its diameter; 0 for none."""
    image_opacity: float
    """How strongly the tissue image is drawn, 0–1: the rest is paper."""
    hidden: Mapping[str, frozenset[str]]
    """Groups that are not drawn, by what tells the groups: a column, or the zero map."""
    edited: EditedChange | None
    """An edit of cells, whose change is one more source of values; None where there is none."""
    section: str
    """Name of the section that is shown alone, of several; "" shows all."""
    picked: Picked | None
    """Spots picked by hand on the tissue or on a map, (n_obs,) bool; None when there are none."""
    strokes: tuple[Stroke, ...]
    """The lines by which they were picked; () where not all were drawn around on the tissue."""

    def __init__(self) -> None:
        self._depth = 0
        self._names: set[str] = set()
        self.__dict__ |= {
            "gene": "",
            "source": COUNTS,
            "column": "",
            "percentiles": (0.0, 99.0),
            "colormap": "viridis",
            "aspect": "expected",
            "threshold": DEFAULT_THRESHOLD,
            "fades": False,
            "spot_size": 1.0,
            "outline": 0.04,
            "image_opacity": IMAGE_OPACITY,
            "hidden": {},
            "edited": None,
            "section": "",
            "picked": None,
            "strokes": (),
        }

    def __setattr__(self, name: str, value: Any) -> None:
        is_shown = name in type(self).__annotations__
        is_other = is_shown and not _is_same(self.__dict__[name], value)
        super().__setattr__(name, value)
        if is_other:
            self._names.add(name)
            self._emit()

    @contextmanager
    def together(self) -> Iterator[None]:
        """Emit what changes within as one change."""
        self._depth += 1
        try:
            yield
        finally:
            self._depth -= 1
            self._emit()

    def show_gene(self, gene: str) -> None:
        """Colour by a gene."""
        with self.together():
            self.column, self.gene = "", gene

    def pick(self, mask: Picked | None, strokes: tuple[Stroke, ...] = ()) -> None:
        """Pick spots, (n_obs,) bool; None, or a mask without any, picks none."""
        with self.together():
            self.picked = mask if mask is not None and mask.any() else None
            self.strokes = strokes if self.picked is not None else ()

    def forget(self) -> None:
        """Show nothing, as before data were opened; how things are drawn stays as chosen."""
        with self.together():
            self.gene, self.column, self.source, self.picked = "", "", COUNTS, None
            self.hidden, self.edited, self.section = {}, None, ""
            self.strokes = ()

    def _emit(self) -> None:
        if self._depth == 0 and self._names:
            names, self._names = frozenset(self._names), set()
            self.changed.emit(names)


def _is_same(before: Any, after: Any) -> bool:
    if isinstance(before, np.ndarray) or isinstance(after, np.ndarray):
        return before is after
    return bool(before == after)
