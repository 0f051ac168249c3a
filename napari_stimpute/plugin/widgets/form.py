"""A magicgui form that draws a model's settings, and passes on what is entered."""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial
from typing import Any

from magicgui.widgets import CheckBox, ComboBox, FloatSpinBox, LineEdit, SpinBox
from magicgui.widgets.bases import ValueWidget
from qtpy.QtWidgets import QVBoxLayout, QWidget

from ...config import FormField
from ...connections import Connections
from ...panels.form import ADVANCED, Field, Form
from ...panels.menu import Entry
from .fold import Fold
from .wheel import guard_wheel
from .words import Words, labelled

_FAR = 2**31 - 1
_MARKED = "border: 2px solid #e5484d; border-radius: 3px;"


class ConfigForm(QWidget):
    """Draws the settings of one model: basic ones first, advanced ones folded away."""

    def __init__(self, form: Form) -> None:
        super().__init__()
        self.form = form
        self.widgets: dict[str, Any] = {field.about.name: _widget(field) for field in form.fields}
        self.words = Words("error")
        for name, widget in self.widgets.items():
            if isinstance(widget, LineEdit):
                widget.changed.connect(partial(form.put, name))
                widget.native.editingFinished.connect(partial(form.check, name))
            else:
                widget.changed.connect(partial(form.enter, name))
        self._lay_out()
        guard_wheel(self)
        self.connections = Connections()
        self.connections.add(form.changed, self._draw)
        self._draw()

    def _lay_out(self) -> None:
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(4)
        basic, advanced = self._group("basic"), self._group("advanced")
        self._advanced = Fold(ADVANCED, _rows(advanced))
        shown = _rows(basic)
        layout.addWidget(shown)
        layout.addWidget(self.words)
        layout.addWidget(self._advanced)
        shown.setVisible(bool(basic))
        self._advanced.setVisible(bool(advanced))

    def _group(self, group: str) -> list[ValueWidget[Any]]:
        about = self.form.about.values()
        return [self.widgets[field.name] for field in about if field.group == group]

    def _draw(self) -> None:
        for field in self.form.fields:
            widget = self.widgets[field.about.name]
            with widget.changed.blocked():
                _show(widget, field)
            look = _MARKED if field.wrong else ""
            if widget.native.styleSheet() != look:
                widget.native.setStyleSheet(look)
            if field.wrong and field.about.group == "advanced":
                self._advanced.set_open(True)
        self.words.say(self.form.problems)


def _rows(widgets: Iterable[ValueWidget[Any]]) -> QWidget:
    """Widgets with their labels in two columns."""
    holder = QWidget()
    holder.setLayout(labelled((widget.label, widget.native) for widget in widgets))
    return holder


def _widget(field: Field) -> ValueWidget[Any]:
    about = field.about
    common: dict[str, Any] = {"name": about.name, "label": about.title, "tooltip": field.help}
    if field.entries:
        return ComboBox(choices=_choices(field.entries), **common)
    if about.kind == "boolean":
        box = CheckBox(**common)
        box.native.setText("")  # its label stands beside it
        return box
    if about.kind == "integer":
        return SpinBox(**_limits(about), step=int(about.step or 1), **common)
    if about.kind == "number" and not about.log:
        spin = FloatSpinBox(**_limits(about), step=about.step or 0.01, **common)
        spin.native.setDecimals(field.decimals)
        return spin
    return LineEdit(**common)


def _limits(about: FormField) -> dict[str, Any]:
    kind = int if about.kind == "integer" else float
    low = -_FAR if about.minimum is None else about.minimum
    high = _FAR if about.maximum is None else about.maximum
    return {"min": kind(low), "max": kind(high), "value": kind(max(low, min(high, about.default)))}


def _show(widget: Any, field: Field) -> None:
    if isinstance(widget, ComboBox) and list(widget.choices) != [e.name for e in field.entries]:
        widget.choices = _choices(field.entries)
    wanted = field.text if isinstance(widget, LineEdit) else field.value
    if widget.value == wanted:  # what is being typed is left alone
        return
    if isinstance(widget, FloatSpinBox):
        widget.native.setDecimals(field.decimals)
    widget.value = wanted


def _choices(entries: Iterable[Entry]) -> list[tuple[str, str]]:
    return [(entry.title, entry.name) for entry in entries]
