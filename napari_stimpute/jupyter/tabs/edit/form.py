"""What is asked of cells: which, what they are to become, how strongly; and genes by name."""

from __future__ import annotations

from functools import partial

import ipywidgets as widgets

from ....panels.edit import EditPanel
from ....panels.edit_form import (
    ADVANCED,
    FOLD,
    FOLD_HELP,
    GENES,
    HOW,
    MOST,
    MOST_FOLD,
    MOST_SEED,
    SEED_HELP,
    STRENGTH_HELP,
    EditFormState,
    Wish,
)
from ....panels.menu import Choice, Menu
from ...widgets.controls import MenuBox, control, enable, named
from ...widgets.gene_box import GeneBox
from ...widgets.loop import Home
from ...widgets.page import laid_out
from ...widgets.words import Words, show
from .goal import GoalBox


class EditFormBox:
    """Draws the form of an edit."""

    def __init__(self, panel: EditPanel, home: Home) -> None:
        self.panel, self.home = panel, home
        form = panel.form
        self.run, self.cells = self._menu("Model", form.run), self._menu("Cells", form.cells)
        self.group, self.what = self._menu("Group", form.group), self._menu("Ask for", form.what)
        titles = zip(form.goals, ("Condition", "And"), strict=True)
        self.goals = [GoalBox(panel, goal, title, home) for goal, title in titles]
        self.method = self._menu("Method", form.method)
        self.groups = self._menu("Groups", form.groups)
        self.strength = control(
            widgets.FloatSlider, "Strength", min=0, max=MOST, step=0.05, tooltip=STRENGTH_HELP
        )
        self.strength.continuous_update = False
        home.observe(self.strength, lambda: panel.set_strength(self.strength.value))
        self.seed = control(widgets.BoundedIntText, "Seed", max=MOST_SEED, tooltip=SEED_HELP)
        home.observe(self.seed, lambda: panel.set_seed(self.seed.value))
        self.wishes = WishesBox(panel, home)
        inside = widgets.VBox([self.method.widget, self.groups.widget, self.seed])
        self.advanced = widgets.Accordion([inside], titles=(ADVANCED,), selected_index=None)
        parts = laid_out(self.run, self.cells, self.group, self.what, *self.goals, self.wishes)
        self.widget = widgets.VBox([*parts, self.strength, self.advanced])

    def _menu(self, title: str, choice: Choice) -> MenuBox:
        return MenuBox(title, partial(self.panel.choose, choice), self.home)

    def draw(self, form: EditFormState) -> None:
        """Show what is set."""
        is_genes = form.what.chosen == GENES
        for box, menu in (
            (self.run, form.run),
            (self.cells, form.cells),
            (self.group, form.group),
            (self.what, form.what),
            (self.method, form.method),
            (self.groups, form.groups),
        ):
            box.draw(menu)
        show(self.group.widget, bool(form.group.entries))
        for goal, state in zip(self.goals, form.goals, strict=True):
            goal.draw(state)
            show(goal.widget, not is_genes and bool(state.column.entries))
        show(self.wishes.widget, is_genes)
        self.wishes.draw(form)
        with self.home.quiet():
            self.strength.value, self.seed.value = form.strength, form.seed
        enable(form.run.why_not, self.strength, self.seed, self.wishes.gene.widget)


class WishesBox:
    """A line in which genes are named, and those that were named below it."""

    def __init__(self, panel: EditPanel, home: Home) -> None:
        self.panel, self.home = panel, home
        self.gene = GeneBox("Add gene", lambda: panel.form.search, self._add, home)
        self.words, self.rows, self.inner = Words("error"), dict[str, WishRow](), widgets.VBox()
        self.widget = widgets.VBox([self.gene.widget, self.words.widget, self.inner])

    def draw(self, now: EditFormState) -> None:
        """Show the genes that were named, and what is to be done to each."""
        self.gene.show_gene("")
        if list(self.rows) != [wish.gene for wish in now.wishes]:
            self.rows = {w.gene: WishRow(self.panel, w.gene, self.home) for w in now.wishes}
            self.inner.children = [row.widget for row in self.rows.values()]
        for wish in now.wishes:
            self.rows[wish.gene].draw(wish)
        self.words.draw(now.said)

    def _add(self, gene: str) -> None:
        self.panel.add_gene(gene)
        if not self.panel.now.form.said:
            self.gene.clear()


class WishRow:
    """One gene, what is to be done to it, and a button that leaves it out."""

    def __init__(self, panel: EditPanel, gene: str, home: Home) -> None:
        self.home = home
        self.how = MenuBox("", partial(panel.change_gene, gene), home)
        self.how.widget.layout.width, self.how.widget.layout.flex = "auto", "1 1 110px"
        self.fold = widgets.BoundedFloatText(min=0, max=MOST_FOLD, step=0.5, tooltip=FOLD_HELP)
        self.fold.layout.width = "80px"
        home.observe(self.fold, lambda: panel.change_gene(gene, fold=self.fold.value))
        self.remove = widgets.Button(description="✕", tooltip=f"Leave {gene} as it is.")
        self.remove.layout.width = "36px"
        self.remove.on_click(lambda _button: home.run(lambda: panel.remove_gene(gene)))
        self.widget = named(gene, widgets.HBox([self.how.widget, self.fold, self.remove]))

    def draw(self, wish: Wish) -> None:
        """Show what is to be done."""
        self.how.draw(Menu(HOW, wish.how))
        show(self.fold, wish.how == FOLD)
        with self.home.quiet():
            self.fold.value = wish.fold
