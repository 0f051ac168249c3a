"""Sentences in panels: errors beside their control, notes, and cards of labelled rows."""

from __future__ import annotations

from collections.abc import Iterable

from qtpy.QtCore import QEvent, Qt
from qtpy.QtGui import QResizeEvent, QShowEvent
from qtpy.QtWidgets import (
    QComboBox,
    QFormLayout,
    QFrame,
    QHBoxLayout,
    QLabel,
    QSizePolicy,
    QVBoxLayout,
    QWidget,
)

from ...panels.message import EDGES, GROUNDS, Message, Tone
from .plain import Label, tip

_QUIET = 0.7
"""Share of the theme's text colour in quiet text: its contrast is above 4.5 in both themes."""


class Words(Label):
    """A sentence that takes no room while there is nothing to say."""

    def __init__(self, tone: Tone = "error", parent: QWidget | None = None) -> None:
        super().__init__()
        self.setParent(parent)
        self.setWordWrap(True)
        self.setTextInteractionFlags(
            Qt.TextInteractionFlag.TextSelectableByMouse
            | Qt.TextInteractionFlag.TextSelectableByKeyboard
        )
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Minimum)
        self.tone: Tone = tone
        self.say("")

    def say(self, text: str, tone: Tone | None = None) -> None:
        """Show a text, or nothing at all."""
        if tone is not None:
            self.tone = tone
        red, green, blue, opacity = GROUNDS[self.tone]
        ground = f"rgba({red}, {green}, {blue}, {round(255 * opacity)})"
        self.setStyleSheet(
            f"QLabel {{ border: none; border-left: 3px solid {EDGES[self.tone]};"
            f" background: {ground}; padding: 6px 8px; }}"
        )
        self.setText(text)
        self.setVisible(bool(text))

    def draw(self, message: Message) -> None:
        """Show a message."""
        self.say(message.text, message.tone)


class Card(QWidget):
    """Labelled rows, and what looks wrong below them."""

    def __init__(self) -> None:
        super().__init__()
        self._layout = QVBoxLayout(self)
        self._layout.setContentsMargins(0, 0, 0, 0)
        self._layout.setSpacing(6)

    def fill(self, rows: Iterable[tuple[str, str]], problems: Iterable[str] = ()) -> None:
        """Replace what the card says."""
        clear(self._layout)
        form = QFormLayout()
        form.setContentsMargins(0, 0, 0, 0)
        form.setHorizontalSpacing(12)
        form.setVerticalSpacing(4)
        form.setLabelAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignTop)
        for name, text in rows:
            form.addRow(faint(name), _value(text))
        self._layout.addLayout(form)
        for problem in problems:
            words = Words("warning")
            self._layout.addWidget(words)
            words.say(problem)

    def text(self) -> str:
        """All that the card says, for tests and for copying."""
        return "\n".join(label.text() for label in self.findChildren(QLabel))


class Quiet(Label):
    """Text that stands back behind other text, in any theme."""

    def changeEvent(self, event: QEvent | None) -> None:
        """Take over the colours of another theme."""
        super().changeEvent(event)
        if event is not None and event.type() == QEvent.Type.StyleChange:
            self._follow_theme()

    def showEvent(self, event: QShowEvent | None) -> None:
        """Take over the colours of the window it has come into."""
        super().showEvent(event)
        self._follow_theme()

    def _follow_theme(self) -> None:
        style = f"color: {quiet_colour(self)}; background: transparent;"
        if style != self.styleSheet():
            self.setStyleSheet(style)


class Elided(Quiet):
    """A quiet line that ends in … where there is no room; all of it appears on hover."""

    def __init__(self, text: str = "") -> None:
        super().__init__()
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        self.whole = ""
        self.say(text)

    def say(self, text: str) -> None:
        """Show a text as far as it fits."""
        self.whole = text
        self.setAccessibleName(text)
        self._fit()

    def resizeEvent(self, event: QResizeEvent | None) -> None:
        """Fit it anew."""
        super().resizeEvent(event)
        self._fit()

    def _fit(self) -> None:
        end = Qt.TextElideMode.ElideRight
        shown = self.fontMetrics().elidedText(self.whole, end, self.width())
        self.setText(shown)
        self.setToolTip(tip(self.whole) if shown != self.whole else "")


def quiet_colour(widget: QWidget, share: float = _QUIET) -> str:
    """For style sheets: so much of the text colour of a widget's theme, the rest of its ground."""
    window = widget.window()
    assert window is not None
    palette = window.palette()
    text, ground = palette.windowText().color(), palette.window().color()
    parts = zip(text.getRgb()[:3], ground.getRgb()[:3], strict=True)
    red, green, blue = (round(share * one + (1 - share) * other) for one, other in parts)
    return f"rgb({red}, {green}, {blue})"


def faint(text: str) -> QLabel:
    """A quiet label."""
    label = Quiet(text)
    label.setAlignment(Qt.AlignmentFlag.AlignTop | Qt.AlignmentFlag.AlignLeft)
    return label


def hint(text: str) -> QLabel:
    """A quiet sentence that wraps."""
    label = faint(text)
    label.setWordWrap(True)
    return label


def sentence(text: str = "") -> QLabel:
    """A line that wraps."""
    label = Label(text)
    label.setWordWrap(True)
    label.setStyleSheet("background: transparent;")
    return label


def heading(text: str) -> QLabel:
    """Title of a group of controls."""
    label = Label(text)
    label.setStyleSheet("font-weight: bold; padding-top: 6px; background: transparent;")
    return label


def rule() -> QFrame:
    """A thin line between groups."""
    line = QFrame()
    line.setFixedHeight(1)
    line.setStyleSheet("background: rgba(138, 143, 152, 70); border: none;")
    return line


def labelled(rows: Iterable[tuple[str, QWidget]], *, width: int = 0) -> QFormLayout:
    """Controls with their labels, in two columns; a label names its control to screen readers.

    Parameters
    ----------
    width : pixels of the labels at least, so that several forms on one page stand in line
    """
    form = QFormLayout()
    form.setContentsMargins(0, 0, 0, 0)
    form.setHorizontalSpacing(12)
    form.setVerticalSpacing(6)
    form.setLabelAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
    form.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.AllNonFixedFieldsGrow)
    for name, widget in rows:
        add_labelled(form, name, widget, width=width)
    return form


def add_labelled(form: QFormLayout, name: str, widget: QWidget, *, width: int = 0) -> None:
    """One more control with its label."""
    label = Label(name)
    label.setMinimumWidth(width)
    label.setBuddy(widget)
    form.addRow(label, widget)
    if name:
        widget.setAccessibleName(name)
    if isinstance(widget, QComboBox):
        shrinkable(widget)


def row(*widgets: QWidget, stretch: bool = True) -> QHBoxLayout:
    """Controls beside one another."""
    layout = QHBoxLayout()
    layout.setContentsMargins(0, 0, 0, 0)
    layout.setSpacing(8)
    for widget in widgets:
        layout.addWidget(widget, 1 if stretch else 0)
    return layout


def shrinkable(combo: QComboBox) -> None:
    """Let a combo box be narrower than its longest entry, so that it never widens the dock."""
    combo.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
    combo.setMinimumContentsLength(8)
    combo.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)


def clear(layout: QVBoxLayout | QHBoxLayout | QFormLayout) -> None:
    """Remove everything from a layout, and the layouts in it."""
    while layout.count():
        item = layout.takeAt(0)
        if item is None:
            return
        widget, inner = item.widget(), item.layout()
        if widget is not None:
            widget.hide()
            widget.setParent(None)
            widget.deleteLater()
        elif isinstance(inner, QVBoxLayout | QHBoxLayout | QFormLayout):
            clear(inner)


def _value(text: str) -> QLabel:
    label = Label(text)
    label.setWordWrap(True)
    label.setStyleSheet("background: transparent;")
    label.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
    label.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Minimum)
    return label
