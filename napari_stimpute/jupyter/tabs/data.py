"""Open data, see in words what was found, choose genes, save."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial

import ipywidgets as widgets

from ...panels.data import (
    APPLY_HELP,
    DISCARD_HELP,
    EMPTY,
    FOUND,
    KEEP,
    LEFT,
    MODELLED,
    OPEN_HELP,
    RECOVER_HELP,
    SAVE_HELP,
    SAVE_MODEL_HELP,
    DataPanel,
    DataState,
)
from ...panels.menu import Menu
from ...panels.message import SILENT
from ...panels.reading import CANCEL, CANCEL_HELP, CHOOSE, LEAVE_IT, OPEN_IT
from ...panels.run_card import DETAILS
from ...panels.saving import INTO_STORE, INTO_STORE_HELP, TABLE_HELP, with_ending
from ...session.autosave import Left
from ..widgets.controls import Button, MenuBox, beside, control, row
from ..widgets.page import Page
from ..widgets.saving import SaveBox
from ..widgets.words import Facts, Hint, Words, heading, show
from ..widgets.work_box import WorkBox


class DataTab:
    """Draws what is open, and passes on what is to be opened and saved."""

    def __init__(self, page: Page) -> None:
        self.panel, self.page = page.keep(DataPanel(page.session)), page
        self._offered = tuple[Left, ...]()
        self._make_way_in()
        self._make_found()
        self._make_choice()
        self.widget = self._laid_out()
        self.panel.changed.connect(self._draw, thread="current")
        self._draw()

    def _make_way_in(self) -> None:
        panel, home, ask = self.panel, self.page.home, self.page.question.ask
        self.path = widgets.Text(placeholder="Path of a file or a folder")
        self.path.layout.flex, self.path.layout.width = "1 1 200px", "auto"
        self.open = Button(
            "Open", lambda: ask(lambda: panel.open(self.path.value)), home, OPEN_HELP
        )
        self.sample = MenuBox("Sample", panel.choose_sample, home)
        self.sample.widget.layout.max_width = "540px"  # names of public ones are long
        self.work = WorkBox(panel.work, home, begin=lambda: ask(panel.work.press))
        self.asked, self.ask_words = MenuBox("", panel.answer, home), Hint()
        self.open_asked = Button(OPEN_IT, lambda: ask(panel.open_asked), home)
        self.open_asked.widget.button_style = "primary"
        self.leave_asked = Button(LEAVE_IT, panel.leave_asked, home)
        self.busy, self.problem, self.left = Hint(), Words("error"), widgets.VBox()
        self.cancel = Button(CANCEL, panel.cancel, home, CANCEL_HELP)

    def _make_found(self) -> None:
        self.empty, self.card, self.notes = Hint(EMPTY), Facts(), Hint()
        self.details, self.asides = Facts(), Hint()
        inside = widgets.VBox([self.details.widget, self.asides.widget])
        self.fold = widgets.Accordion([inside], titles=(DETAILS,))

    def _make_choice(self) -> None:
        panel, home = self.panel, self.page.home
        self.genes = MenuBox("Genes", panel.choose_genes, home)
        self.counts = MenuBox("Counts in", partial(self._read_anew, panel.choose_counts), home)
        self.reading, self.reading_box = dict[str, MenuBox](), widgets.VBox()
        self.gene_file = control(widgets.Text, "File", placeholder="Path of the file")
        home.observe(self.gene_file, lambda: panel.take_genes_from(self.gene_file.value))
        self.apply = Button("", lambda: self.page.question.ask(panel.apply), home, APPLY_HELP)
        self.save = SaveBox(
            "Save", lambda: panel.file_name, panel.save_to, with_ending, home, SAVE_HELP
        )
        self.save_model = SaveBox(
            "Save model",
            lambda: panel.model_name,
            panel.save_model_to,
            with_ending,
            home,
            SAVE_MODEL_HELP,
        )
        self.table = control(widgets.Text, "Table", tooltip=TABLE_HELP)
        self.save_table = Button(
            INTO_STORE, lambda: panel.saving.save_table(self.table.value), home, INTO_STORE_HELP
        )
        self.into_store = widgets.VBox([self.table, self.save_table.widget])
        self.unsaved, self.saved = Words("note"), Words("good")

    def _laid_out(self) -> widgets.VBox:
        head = row(self.path, self.open.widget)
        head.layout.max_width = "640px"
        found = [heading(FOUND), self.card.widget, self.notes.widget, self.fold]
        choice = [heading(MODELLED), self.genes.widget, self.counts.widget]
        choice += [self.reading_box, self.gene_file]
        choice += [self.apply.widget, heading(KEEP), self.save.widget, self.save_model.widget]
        choice.append(self.into_store)
        choice += [self.unsaved.widget, self.saved.widget]
        self.opened = beside(widgets.VBox(choice), widgets.VBox(found))
        buttons = row(self.open_asked.widget, self.leave_asked.widget)
        parts = [heading(CHOOSE), self.ask_words.widget, self.asked.widget, buttons]
        self.asked_box = widgets.VBox(parts)
        busy = row(self.busy.widget, self.cancel.widget)
        words = [busy, self.problem.widget, self.asked_box]
        words += [self.empty.widget, self.left]
        sample = widgets.VBox([self.sample.widget, self.work.widget])
        return widgets.VBox([head, sample, *words, self.opened])

    def _draw(self) -> None:
        now = self.panel.now
        show(self.empty.widget, not now.is_open and now.asked is None)
        show(self.opened, now.is_open)
        self._draw_left(now.left)
        self.busy.say(now.doing if now.is_busy else "")
        show(self.cancel.widget, now.can_cancel)
        self.problem.draw(now.problem)
        self.card.fill(now.card, now.doubts)
        self.notes.say(now.notes)
        self.details.fill(now.details)
        self.asides.say(now.asides)
        self._draw_choice(now)
        show(self.asked_box, now.asked is not None)
        if now.asked is not None:
            self.ask_words.say(now.asked.sentence)
            self.asked.widget.description = now.asked.title
            self.asked.draw(now.asked.menu)
        self._draw_reading(now.reading)
        self.sample.draw(now.sample)
        self.work.draw(replace(now.work, why_not=SILENT))  # the button says it
        for button in (self.open, self.apply):
            button.enable(now.wait)
        self.save.enable(now.wait)
        show(self.into_store, bool(now.table))
        self.table.placeholder = now.table
        self.save_table.enable(now.wait)
        self.save_model.enable(now.no_model)
        self.unsaved.draw(now.unsaved)
        self.saved.draw(now.saved)

    def _draw_reading(self, menus: tuple[tuple[str, str, Menu], ...]) -> None:
        """One menu for each thing that could be read otherwise."""
        if tuple(self.reading) != tuple(name for name, _title, _menu in menus):
            self.reading = {
                name: MenuBox(title, partial(self._read_anew, choose), self.page.home)
                for name, title, _menu in menus
                for choose in [partial(self.panel.choose_reading, name)]
            }
            self.reading_box.children = [box.widget for box in self.reading.values()]
        for name, _title, menu in menus:
            self.reading[name].draw(menu)

    def _read_anew(self, choose: Callable[[str], object], name: str) -> None:
        """Read as was chosen in a menu, which goes back until it is known whether to."""
        self.page.question.ask(lambda: choose(name))
        self._draw()

    def _draw_choice(self, now: DataState) -> None:
        self.genes.draw(now.genes)
        self.counts.draw(now.counts)
        with self.page.home.quiet():
            self.gene_file.value = now.gene_file
        show(self.gene_file, now.takes_file)
        self.apply.widget.description = now.apply

    def _draw_left(self, left: tuple[Left, ...]) -> None:
        if left == self._offered:
            return
        self._offered, home = left, self.page.home
        rows: list[widgets.DOMWidget] = [Hint(LEFT).widget] if left else []
        for copy in left:
            recover = partial(self.page.question.ask, partial(self.panel.recover, copy))
            opening = Button("Open", recover, home, RECOVER_HELP)
            discard = Button("Discard", partial(self.panel.discard, copy), home, DISCARD_HELP)
            rows.append(row(Hint(copy.title).widget, opening.widget, discard.widget))
        self.left.children = rows
