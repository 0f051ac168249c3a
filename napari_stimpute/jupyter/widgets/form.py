"""A form of ipywidgets that draws a model's settings, and passes on what is entered.

Number boxes have no limits of their own: they would correct a value without a word. The settings
check it instead, and say beside the box what is wrong.
"""

from __future__ import annotations

from functools import partial

import ipywidgets as widgets

from ...panels.form import ADVANCED, Field, Form
from .controls import control, offer
from .loop import Home
from .words import Words


class ConfigForm:
    """Draws the settings of one model: basic ones first, advanced ones folded away."""

    def __init__(self, form: Form, home: Home) -> None:
        self.form, self.home = form, home
        self.widgets: dict[str, widgets.DOMWidget] = {}
        self.words: dict[str, Words] = {}
        for field in form.fields:
            name = field.about.name
            self.widgets[name], self.words[name] = _widget(field), Words()
            home.observe(self.widgets[name], partial(self._enter, name))
        self.advanced = widgets.Accordion([self._rows("advanced")], titles=(ADVANCED,))
        groups = [self._rows("basic")]
        if any(field.group == "advanced" for field in form.about.values()):
            groups.append(self.advanced)
        self.widget = widgets.VBox(groups)
        form.changed.connect(self._draw)
        self._draw()

    def _enter(self, name: str) -> None:
        self.form.enter(name, self.widgets[name].value)

    def _draw(self) -> None:
        with self.home.quiet():
            for field in self.form.fields:
                name, wrong = field.about.name, field.wrong
                _show(self.widgets[name], field)
                self.words[name].say(wrong)
                if wrong and field.about.group == "advanced":
                    self.advanced.selected_index = 0

    def _rows(self, group: str) -> widgets.VBox:
        rows = []
        for name, field in self.form.about.items():
            if field.group == group:
                rows += [self.widgets[name], self.words[name].widget]
        return widgets.VBox(rows)


def _widget(field: Field) -> widgets.DOMWidget:
    about = field.about
    common = {"title": about.title, "value": field.value, "tooltip": field.help}
    if field.entries:
        options = [(entry.title, entry.name) for entry in field.entries]
        return control(widgets.Dropdown, options=options, **common)
    if about.kind == "boolean":
        return control(widgets.Checkbox, **common)
    if about.kind == "integer":
        return control(widgets.IntText, step=int(about.step or 1), **common)
    if about.kind == "number":
        return control(widgets.FloatText, step=about.step, **common)
    return control(widgets.Text, **common)


def _show(widget: widgets.DOMWidget, field: Field) -> None:
    if isinstance(widget, widgets.Dropdown):
        offer(widget, ((e.title, e.name) for e in field.entries), field.value)
    elif widget.value != field.value:
        widget.value = field.value
