"""Connections that are undone together: a closed panel must not be called again."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from typing import Any


class Connections:
    """Signals (psygnal's or napari's) and who listens to them."""

    def __init__(self) -> None:
        self._made: list[tuple[Any, Callable[..., Any]]] = []

    def add(self, signal: Any, slot: Callable[..., Any], **options: Any) -> None:
        """Connect, and remember it."""
        signal.connect(slot, **options)
        self._made.append((signal, slot))

    def remove(self, signal: Any) -> None:
        """Undo the connections to one signal."""
        self._undo([made for made in self._made if made[0] is signal])

    def close(self) -> None:
        """Undo every connection."""
        self._undo(self._made)

    def _undo(self, some: list[tuple[Any, Callable[..., Any]]]) -> None:
        for signal, slot in some:
            with suppress(ValueError, RuntimeError, TypeError):
                signal.disconnect(slot)
        self._made = [made for made in self._made if made not in some]
