"""The small section and its session, as the panels' tests have them."""

from ..panels.conftest import drawn, judged, opened, pristine, section, session

__all__ = ["drawn", "judged", "opened", "pristine", "section", "session"]
