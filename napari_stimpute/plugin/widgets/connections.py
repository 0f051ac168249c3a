"""Whether Qt still holds a widget."""

from __future__ import annotations

from qtpy.compat import isalive


def is_alive(widget: object) -> bool:
    """Whether Qt still holds a widget: events may arrive after its panel was closed."""
    return bool(isalive(widget))  # type: ignore[no-untyped-call]
