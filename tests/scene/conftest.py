"""The small section and its session, as the panels' tests have them."""

from ..panels.conftest import _section, drawn, judged, opened, section, session

__all__ = ["_section", "drawn", "judged", "opened", "section", "session"]
