"""The small section and its session, as the panels' tests have them."""

from ..panels.conftest import _section, judged, opened, section, session

__all__ = ["_section", "judged", "opened", "section", "session"]
