"""Genes to change, by name: a row for each, with what is to be done to it."""

from __future__ import annotations

from qtpy.QtWidgets import QDoubleSpinBox, QToolButton, QVBoxLayout, QWidget

from ...panels.edit import EditPanel
from ...panels.edit_form import FOLD, FOLD_HELP, HOW, MOST_FOLD, EditFormState, Wish
from ...panels.menu import Menu
from ..genes.gene_box import GeneBox
from ..widgets.choice import MenuBox
from ..widgets.plain import Label
from ..widgets.wheel import guard_wheel
from ..widgets.words import Words, clear, labelled, row, shrinkable

_FOLD = 100  # pixels of a fold change


class WishesBox(QWidget):
    """A line in which genes are named, and those that were named below it."""

    def __init__(self, panel: EditPanel, *, label: int) -> None:
        super().__init__()
        self.panel, self._label = panel, label
        self.gene, self.words = GeneBox(lambda: panel.form.search), Words("error")
        self.gene.setToolTip("Type part of a name; ↓ and Enter add the gene.")
        self.gene.chosen.connect(self._add)
        self.rows: dict[str, WishRow] = {}
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(6)
        layout.addLayout(labelled([("Add gene", self.gene)], width=label))
        layout.addWidget(self.words)
        self._inner = QVBoxLayout()
        self._inner.setContentsMargins(0, 0, 0, 0)
        self._inner.setSpacing(4)
        layout.addLayout(self._inner)

    def draw(self, now: EditFormState) -> None:
        """Show the genes that were named, and what is to be done to each."""
        if list(self.rows) != [wish.gene for wish in now.wishes]:
            clear(self._inner)
            self.rows = {
                wish.gene: WishRow(self.panel, wish.gene, label=self._label) for wish in now.wishes
            }
            for found in self.rows.values():
                self._inner.addWidget(found)
            guard_wheel(self)
        for wish in now.wishes:
            self.rows[wish.gene].draw(wish)
        self.words.draw(now.said)

    def _add(self, gene: str) -> None:
        self.panel.add_gene(gene)
        if not self.panel.now.form.said:
            self.gene.clear()


class WishRow(QWidget):
    """One gene, what is to be done to it, and a button that leaves it out."""

    def __init__(self, panel: EditPanel, gene: str, *, label: int) -> None:
        super().__init__()
        self.how = MenuBox(lambda how: panel.change_gene(gene, how))
        self.how.setAccessibleName(f"What is done to {gene}")
        shrinkable(self.how)
        self.fold = QDoubleSpinBox()
        self.fold.setRange(0, MOST_FOLD)
        self.fold.setPrefix("× ")
        self.fold.setKeyboardTracking(False)
        self.fold.setToolTip(FOLD_HELP)
        self.fold.setAccessibleName(f"Fold change of {gene}")
        self.fold.valueChanged.connect(lambda fold: panel.change_gene(gene, fold=fold))
        self.remove = QToolButton()
        self.remove.setText("✕")
        self.remove.setToolTip(f"Leave {gene} as it is.")
        self.remove.setAccessibleName(f"Leave out {gene}")
        self.remove.clicked.connect(lambda: panel.remove_gene(gene))
        self.fold.setMinimumWidth(_FOLD)
        name = Label(gene)
        name.setMinimumWidth(label)
        layout = row(name, self.how, self.fold, self.remove, stretch=False)
        layout.setStretch(1, 1)
        self.setLayout(layout)

    def draw(self, wish: Wish) -> None:
        """Show what is to be done."""
        self.how.draw(Menu(HOW, wish.how))
        self.fold.setVisible(wish.how == FOLD)
        if self.fold.value() != wish.fold:
            self.fold.setValue(wish.fold)
