"""What a model made: keep it in a file, or open it."""

from __future__ import annotations

from collections.abc import Callable

import ipywidgets as widgets

from ....panels.made import OPEN_HELP, SAVE_HELP, MadeFile
from ....panels.saving import with_ending
from ...widgets.controls import Button, row
from ...widgets.page import Page
from ...widgets.saving import IN_ROW, SaveBox
from ...widgets.words import Words


class MadeBox:
    """Save, Open, and how saving went; it asks first where unsaved results would be lost."""

    def __init__(
        self,
        page: Page,
        file: MadeFile,
        save: Callable[[str], object],
        open_made: Callable[[], object],
    ) -> None:
        self._file, self.saved = file, Words("good")
        self.save = SaveBox("Save", lambda: file.name, save, with_ending, page.home, SAVE_HELP)
        self.save.widget.layout.flex = IN_ROW
        self.open = Button("Open", lambda: page.question.ask(open_made), page.home, OPEN_HELP)
        buttons = row(self.save.widget, self.open.widget)
        self.widget = widgets.VBox([buttons, self.saved.widget])

    def draw(self, wait: str) -> None:
        """Say why nothing can be done now, and how saving went."""
        self.save.enable(wait)
        self.open.enable(wait)
        self.saved.draw(self._file.saved)
