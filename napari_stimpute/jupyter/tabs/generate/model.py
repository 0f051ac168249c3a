"""Which model generates, its folder, and how it fits the open data."""

from __future__ import annotations

import ipywidgets as widgets

from ....panels.generators import SET_UP, SET_UP_HELP, Generators
from ....panels.model_folder import OPEN_HELP, SAVE_HELP, ModelFolder
from ....panels.saving import with_ending
from ...widgets.controls import Button, MenuBox, control, enable, row
from ...widgets.page import Page, laid_out
from ...widgets.saving import SaveBox
from ...widgets.words import Words, show


class ModelBox:
    """Draws the choice of a model; another is opened from a folder, and this one saved there."""

    def __init__(self, page: Page, generators: Generators) -> None:
        self.page, self.generators = page, generators
        self.folder = folder = page.keep(ModelFolder(page.session, generators))
        home = page.home
        self.run, self.nothing = MenuBox("Model", generators.choose, home), Words("note")
        self.set_up = Button(SET_UP, self._set_up, home, SET_UP_HELP)
        self.path = control(widgets.Text, "Saved model", placeholder="Path of its folder")
        self.open = Button("Open", lambda: folder.open(self.path.value.strip()), home, OPEN_HELP)
        self.save = SaveBox(
            "Save model", lambda: folder.name, folder.save_to, with_ending, home, SAVE_HELP
        )
        self.outcome, self.saved, self.fit = Words("error"), Words("good"), Words("note")
        below = laid_out(self.outcome, self.save, self.saved, self.fit)
        opening = row(self.path, self.open.widget)
        self.widget = widgets.VBox(
            [*laid_out(self.run, self.nothing, self.set_up), opening, *below]
        )
        generators.changed.connect(self._draw, thread="current")
        folder.changed.connect(self._draw, thread="current")
        self._draw()

    def _set_up(self) -> None:
        self.generators.set_up()
        self.page.go_to("train")

    def _draw(self) -> None:
        now, folder = self.generators.now, self.folder.now
        self.run.draw(now.run)
        self.nothing.draw(now.nothing)
        show(self.set_up.widget, bool(now.nothing))
        why_not = "" if folder.work.is_enabled else folder.work.tooltip
        self.open.enable(why_not)
        enable(why_not, self.path)
        self.save.enable(folder.why_not_save)
        show(self.save.widget, bool(self.generators.key))
        self.outcome.draw(folder.work.outcome)
        self.saved.draw(folder.saved)
        self.fit.draw(folder.fit)
