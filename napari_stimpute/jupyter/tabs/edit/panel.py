"""Ask for an edit of cells, see what changed and whether to believe it, and keep the cells."""

from __future__ import annotations

import ipywidgets as widgets

from ....panels.edit import (
    CLEAR,
    CLEAR_HELP,
    EXPLAINED,
    HOW_DONE,
    SAVE_TITLE,
    SHOWN,
    SHOWN_HELP,
    EditPanel,
    EditState,
)
from ....panels.generators import SET_UP, SET_UP_HELP
from ....panels.saving import with_ending
from ...widgets.controls import Button, MenuBox
from ...widgets.page import Page
from ...widgets.saving import SaveBox
from ...widgets.section import Section
from ...widgets.table import TableView
from ...widgets.words import Facts, Hint, Words, show
from ...widgets.work_box import WorkBox
from .form import EditFormBox


class EditTab:
    """Draws what is asked of cells, and what came of it; pressing a name shows its change."""

    def __init__(self, page: Page) -> None:
        self.panel, self.page = page.keep(EditPanel(page.session)), page
        panel, home = self.panel, page.home
        self.form, self.cost = EditFormBox(panel, home), Hint()
        self.set_up = Button(SET_UP, self._set_up, home, SET_UP_HELP)
        self.work = WorkBox(panel.work, home, self.set_up.widget, self.cost.widget)
        self._make_answer()
        answer = [self.asked.widget, self.facts.widget, self.doubt.widget, self.shown]
        answer += [self.listed.widget, self.table.widget, self.gene.widget, self.how_done]
        answer += [self.save.widget, self.clear.widget, self.saved.widget]
        self.section = Section(EXPLAINED, [self.form.widget, self.work.widget], answer)
        self.widget = self.section.widget
        panel.changed.connect(self._draw, thread="current")
        page.looked.connect(self._look)
        self._look()
        self._draw()

    def _make_answer(self) -> None:
        panel, home = self.panel, self.page.home
        self.asked, self.doubt, self.facts = Words("note"), Words("warning"), Facts()
        self.shown = widgets.Checkbox(description=SHOWN, tooltip=SHOWN_HELP, indent=False)
        home.observe(self.shown, lambda: panel.show_change(self.shown.value))
        self.listed = MenuBox("Listed", panel.choose_listed, home)
        self.table = TableView(panel.table, home, panel.show_gene, search=panel.search)
        self.gene, self.how, self.saved = Words("note"), Hint(), Words("good")
        self.how_done = widgets.Accordion(
            [self.how.widget], titles=(HOW_DONE,), selected_index=None
        )
        self.save = SaveBox(SAVE_TITLE, lambda: panel.file_name, panel.save, with_ending, home)
        self.clear = Button(CLEAR, panel.clear, home, CLEAR_HELP)

    def _set_up(self) -> None:
        self.panel.set_up()
        self.page.go_to("train")

    def _look(self) -> None:
        """Look what an edit would take, while someone looks."""
        self.panel.watch(is_watched=self.page.in_sight == "edit")

    def _draw(self) -> None:
        now = self.panel.now
        show(self.form.widget, now.is_ready)
        show(self.set_up.widget, now.has_no_model)
        self.form.draw(now.form)
        self.work.draw(now.work)
        self.cost.say(now.cost)
        self._draw_answer(now)
        self.section.show_answer(has_answer=now.has_answer)

    def _draw_answer(self, now: EditState) -> None:
        self.asked.draw(now.asked)
        self.facts.fill(now.facts)
        self.doubt.draw(now.doubt)
        with self.page.home.quiet():
            self.shown.value = now.is_shown
        self.listed.draw(now.listed)
        self.table.mark(self.panel.session.display.gene if now.is_shown else "")
        self.gene.draw(now.gene)
        self.how.say(now.how)
        self.save.enable("" if now.saving.is_enabled else now.saving.tooltip, now.saving.tooltip)
        self.saved.draw(now.saving.outcome)
