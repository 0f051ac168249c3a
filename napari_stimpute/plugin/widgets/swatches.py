"""Groups in the legend: a click shows one alone, hides it, or gives it another colour."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from qtpy.QtCore import QRectF, QSize, Qt
from qtpy.QtGui import (
    QAction,
    QColor,
    QContextMenuEvent,
    QKeySequence,
    QPainter,
    QPaintEvent,
    QPalette,
    QPen,
    QShortcut,
)
from qtpy.QtWidgets import (
    QAbstractButton,
    QApplication,
    QColorDialog,
    QGridLayout,
    QHBoxLayout,
    QMenu,
    QPushButton,
    QSizePolicy,
    QWidget,
)

from ...panels.legend import (
    ALL,
    ALONE,
    ENTRY_HELP,
    HIDE,
    RECOLOUR,
    SHOW,
    UNDO,
    LegendEntry,
    LegendPanel,
)
from .plain import Label, tip

_SIDE, _GAP = 12, 8  # pixels of a square, and between it, name and count
_ROOM = 4  # pixels that an entry is taller than its text
_FOCUS = QColor("#8a8f98")


class Swatches(QWidget):
    """All groups in two columns, with how many spots each has."""

    def __init__(self, panel: LegendPanel) -> None:
        super().__init__()
        self.panel = panel
        self.names: list[str] = []
        self.entries: list[GroupButton] = []
        self.title, self.all = Label(), QPushButton()
        self.title.setStyleSheet("padding: 0; margin: 0; background: transparent;")
        self.all.setStyleSheet("padding: 0px 6px; margin: 0;")
        self.all.setToolTip("Draw all groups again.")
        self.all.clicked.connect(lambda: panel.show_all())
        head = QHBoxLayout()
        head.addWidget(self.title, 1)
        head.addWidget(self.all)
        self._layout = QGridLayout(self)
        self._layout.setContentsMargins(0, 0, 0, 0)
        self._layout.setHorizontalSpacing(12)
        self._layout.setVerticalSpacing(0)
        self._layout.addLayout(head, 0, 0, 1, 2)
        for column in (0, 1):
            self._layout.setColumnStretch(column, 1)
        undo = QShortcut(QKeySequence(QKeySequence.StandardKey.Undo), self)
        undo.setContext(Qt.ShortcutContext.WidgetWithChildrenShortcut)
        undo.activated.connect(lambda: panel.undo())

    def draw(self) -> None:
        """Show the groups as they are now."""
        now = self.panel.now
        self.title.setText(now.title)
        self.all.setText(f"{ALL} ({now.note})")
        self.all.setVisible(bool(now.note))
        names = [entry.name for entry in now.entries]
        if names != self.names:
            self._lay_out(names)
        for button, entry in zip(self.entries, now.entries, strict=True):
            button.show_entry(entry, now.about(entry))
        for label in (self.title, *self.entries):
            label.ensurePolished()  # its font, and so its height, is the theme's from now on
        self._layout.activate()

    def _lay_out(self, names: list[str]) -> None:
        for button in self.entries:
            button.setParent(None)
            button.deleteLater()
        self.names, rows = names, -(-len(names) // 2)
        self.entries = [GroupButton(self.panel) for _name in names]
        for place, button in enumerate(self.entries):
            self._layout.addWidget(button, 1 + place % rows, place // rows)
            button.show()  # a hidden one takes no room


class GroupButton(QAbstractButton):
    """A coloured square, a name and a number; hollow where the group is hidden."""

    def __init__(self, panel: LegendPanel) -> None:
        super().__init__()
        self.panel = panel
        self.entry = LegendEntry("", "#808080", 0, is_hidden=False)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        self.clicked.connect(self._choose)

    def show_entry(self, entry: LegendEntry, about: str) -> None:
        """Take over a group, and what is said of it."""
        self.entry = entry
        self.setText(entry.name)
        self.setAccessibleName(about)
        self.setAccessibleDescription(ENTRY_HELP)
        self.setToolTip(tip(f"{about}.\n{ENTRY_HELP}"))
        self.update()

    def sizeHint(self) -> QSize:
        """As high as a line of text."""
        return QSize(120, self.fontMetrics().height() + _ROOM)

    def menu(self) -> QMenu:
        """What can be done with the group."""
        now, name, found = self.panel.now, self.entry.name, QMenu(self)
        found.setToolTipsVisible(True)
        offered = (
            (ALONE, partial(self.panel.isolate, name), ""),
            (SHOW if self.entry.is_hidden else HIDE, partial(self.panel.toggle, name), ""),
            (ALL, self.panel.show_all, "" if now.note else "None is hidden."),
            (RECOLOUR, self._ask_colour, now.no_recolour),
            (UNDO, self.panel.undo, "" if now.can_undo else "Nothing to take back."),
        )
        for text, act, why_not in offered:
            action = QAction(text, found)
            action.setEnabled(not why_not)
            action.setToolTip(why_not or text)
            action.triggered.connect(partial(_call, act))
            found.addAction(action)
        return found

    def contextMenuEvent(self, event: QContextMenuEvent | None) -> None:
        """Offer it, by the right button or the menu key."""
        if event is not None:
            self.menu().exec(event.globalPos())

    def paintEvent(self, event: QPaintEvent | None) -> None:
        """Draw it in the theme's text colour."""
        painter, metrics, entry = QPainter(self), self.fontMetrics(), self.entry
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        ink = self.palette().color(QPalette.ColorRole.WindowText)
        square = QRectF(1.5, (self.height() - _SIDE) / 2, _SIDE - 1, _SIDE - 1)
        colour = QColor(entry.colour[:7])
        painter.setPen(QPen(colour if entry.is_hidden else ink, 1.5 if entry.is_hidden else 0.6))
        painter.setBrush(Qt.BrushStyle.NoBrush if entry.is_hidden else colour)
        painter.drawRoundedRect(square, 2, 2)
        painter.setPen(ink)
        count = f"{entry.count:,}"
        wide, left = metrics.horizontalAdvance(count), _SIDE + _GAP
        base = (self.height() + metrics.ascent() - metrics.descent()) // 2
        room = self.width() - left - wide - _GAP - 2
        font = self.font()
        font.setStrikeOut(entry.is_hidden)
        painter.setFont(font)
        painter.drawText(left, base, metrics.elidedText(entry.name, _END, room))
        painter.setFont(self.font())
        painter.drawText(self.width() - wide - 2, base, count)
        if self.hasFocus() or self.underMouse():
            painter.setPen(QPen(_FOCUS, 1))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawRoundedRect(QRectF(self.rect()).adjusted(0.5, 0.5, -0.5, -0.5), 3, 3)
        painter.end()

    def _choose(self) -> None:
        is_held = QApplication.keyboardModifiers() & Qt.KeyboardModifier.ControlModifier
        (self.panel.toggle if is_held else self.panel.isolate)(self.entry.name)

    def _ask_colour(self) -> None:
        now = QColor(self.entry.colour[:7])
        colour = QColorDialog.getColor(now, self, f"Colour of {self.entry.name}")
        if colour.isValid():
            self.panel.recolour(self.entry.name, colour.name())


_END = Qt.TextElideMode.ElideRight


def _call(act: Callable[[], None], _checked: bool) -> None:
    act()
