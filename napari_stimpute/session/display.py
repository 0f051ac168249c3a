"""What is looked at: evented, and shared by all that show one session."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Generic, Literal, TypeVar, overload

import numpy as np
from numpy.typing import NDArray
from psygnal import Signal

from ..trust.zeros import DEFAULT_THRESHOLD
from .contents import COUNTS

Aspect = Literal["expected", "uncertainty", "zeros"]
Picked = NDArray[np.bool_]
T = TypeVar("T")


class _Field(Generic[T]):
    """An attribute of `Display` whose change is emitted."""

    def __init__(self, default: T) -> None:
        self.default = default

    def __set_name__(self, owner: type[Display], name: str) -> None:
        self.name = f"_{name}"

    @overload
    def __get__(self, display: None, owner: type[Display]) -> _Field[T]: ...

    @overload
    def __get__(self, display: Display, owner: type[Display]) -> T: ...

    def __get__(self, display: Display | None, owner: type[Display]) -> _Field[T] | T:
        if display is None:
            return self
        value: T = display.__dict__.get(self.name, self.default)
        return value

    def __set__(self, display: Display, value: T) -> None:
        before = self.__get__(display, type(display))
        display.__dict__[self.name] = value
        if not _is_same(before, value):
            display.note_change(self.name.removeprefix("_"))


class Display:
    """Gene, source, column, limits, colours, aspect and picks, whatever shows them.

    `changed` is emitted with the names of the attributes that changed, once for all that are set
    within `together`.
    """

    changed = Signal(frozenset)

    gene = _Field("")
    source = _Field(COUNTS)
    column = _Field("")
    """An obs column shown in place of the gene; "" shows the gene."""
    percentiles = _Field((0.0, 99.0))
    """Colour limits, as percentiles over the spots."""
    colormap = _Field("viridis")
    aspect = _Field[Aspect]("expected")
    """What is shown of an imputed gene: expected counts, how sure they are, or its zeros."""
    threshold = _Field(DEFAULT_THRESHOLD)
    """Probability from which the zero map calls a zero technical or biological."""
    fades = _Field(False)
    """Whether spots whose expected count is unsure are drawn faintly."""
    picked = _Field[Picked | None](None)
    """Spots picked by hand on the tissue or on a map, (n_obs,) bool; None when there are none."""

    def __init__(self) -> None:
        self._depth = 0
        self._names: set[str] = set()

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

    def pick(self, mask: Picked | None) -> None:
        """Pick spots, (n_obs,) bool; None, or a mask without any, picks none."""
        self.picked = mask if mask is not None and mask.any() else None

    def forget(self) -> None:
        """Show nothing, as before data were opened; limits, colours and aspect stay as chosen."""
        with self.together():
            self.gene, self.column, self.source, self.picked = "", "", COUNTS, None

    def note_change(self, name: str) -> None:
        """Emit that an attribute changed, now or at the end of `together`."""
        self._names.add(name)
        self._emit()

    def _emit(self) -> None:
        if self._depth == 0 and self._names:
            names, self._names = frozenset(self._names), set()
            self.changed.emit(names)


def _is_same(before: Any, after: Any) -> bool:
    if isinstance(before, np.ndarray) or isinstance(after, np.ndarray):
        return before is after
    return bool(before == after)
