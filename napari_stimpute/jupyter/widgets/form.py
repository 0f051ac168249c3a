"""A form of ipywidgets made from a model's settings, and the settings read back from it.

Number boxes have no limits of their own: they would correct a value without a word. The settings
check it instead, and say beside the box what is wrong.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

import ipywidgets as widgets

from ...config import FormField, ModelConfig, form_fields
from ...errors import InvalidSetting
from .words import Words

NONE = "none"
"""What a person sees for "" in a list of columns."""

LABEL, CONTROL = "112px", "374px"
"""Widths of a control's label, and of both together at most."""

WIDTH = "390px"
"""Width of a column of controls."""


class ConfigForm:
    """The settings of one model: basic ones first, advanced ones folded away."""

    def __init__(self, config: type[ModelConfig], columns: Iterable[str] = ()) -> None:
        self.config = config
        self.fields = {field.name: field for field in form_fields(config)}
        self.widgets: dict[str, widgets.DOMWidget] = {}
        self.words: dict[str, Words] = {}
        for name, field in self.fields.items():
            self.widgets[name] = _widget(field, tuple(columns))
            self.words[name] = Words()
            self.widgets[name].observe(lambda _change, name=name: self._check(name), "value")
        self.advanced = widgets.Accordion([self._rows("advanced")], titles=("Advanced settings",))
        groups = [self._rows("basic")]
        if any(field.group == "advanced" for field in self.fields.values()):
            groups.append(self.advanced)
        self.widget = widgets.VBox(groups)

    def read(self) -> ModelConfig:
        """Return the settings as they stand; a bad one raises `InvalidSetting` and is marked."""
        self.clear_mark()
        try:
            return self.config.checked({n: w.value for n, w in self.widgets.items()})
        except InvalidSetting as error:
            self.mark(error.field, str(error))
            raise

    def write(self, values: Mapping[str, Any]) -> None:
        """Show these settings; those that are not named get their defaults."""
        for name, field in self.fields.items():
            _set(self.widgets[name], values.get(name, field.default))
        self.clear_mark()

    def set_columns(self, columns: Iterable[str]) -> None:
        """Offer the columns of the data that are open."""
        choices = _column_choices(tuple(columns))
        for name, field in self.fields.items():
            if field.source:
                before = self.widgets[name].value
                offer(self.widgets[name], choices, before if (before, before) in choices else "")

    def mark(self, field: str, words: str) -> None:
        """Say beside a setting what is wrong with it."""
        if field not in self.words:
            return
        self.words[field].say(words)
        if self.fields[field].group == "advanced":
            self.advanced.selected_index = 0

    def clear_mark(self) -> None:
        """All is well again."""
        for words in self.words.values():
            words.say("")

    def connect(self, changed: Callable[[], None]) -> None:
        """Call back whenever a setting is changed."""
        for widget in self.widgets.values():
            widget.observe(lambda _change: changed(), "value")

    def _check(self, name: str) -> None:
        try:
            self.config.checked({name: self.widgets[name].value})
        except InvalidSetting as error:
            self.mark(name, str(error))
        else:
            self.words[name].say("")

    def _rows(self, group: str) -> widgets.VBox:
        rows = []
        for name, field in self.fields.items():
            if field.group == group:
                rows += [self.widgets[name], self.words[name].widget]
        return widgets.VBox(rows)


def control(kind: type[widgets.DOMWidget], title: str, **traits: Any) -> widgets.DOMWidget:
    """Make a control with its label, in the widths that all of a panel share."""
    style = {"description_width": LABEL}
    layout = widgets.Layout(width="auto", max_width=CONTROL)
    return kind(description=title, style=style, layout=layout, **traits)


def offer(menu: widgets.Dropdown, options: list[tuple[str, str]], value: str) -> None:
    """Set what a menu offers and what is chosen."""
    if list(menu.options) != options:
        menu.options = options
    menu.value = value


def _widget(field: FormField, columns: tuple[str, ...]) -> widgets.DOMWidget:
    common = {"title": field.title, "value": field.default, "tooltip": _help(field)}
    if field.kind == "choice":
        return control(widgets.Dropdown, options=field.choices, **common)
    if field.kind == "boolean":
        return control(widgets.Checkbox, **common)
    if field.source:
        return control(widgets.Dropdown, options=_column_choices(columns), **common)
    if field.kind == "integer":
        return control(widgets.IntText, step=int(field.step or 1), **common)
    if field.kind == "number":
        return control(widgets.FloatText, step=field.step, **common)
    return control(widgets.Text, **common)


def _help(field: FormField) -> str:
    limits = [
        f"{word} {limit:,g}"
        for word, limit in (("at least", field.minimum), ("at most", field.maximum))
        if limit is not None
    ]
    return f"{field.help} ({', '.join(limits)})" if limits else field.help


def _set(widget: widgets.DOMWidget, value: Any) -> None:
    """Show a value; a column that these data do not have is added to the choices, not dropped."""
    if isinstance(widget, widgets.Dropdown):
        options = list(widget.options)
        known = [option[1] if isinstance(option, tuple) else option for option in options]
        if value not in known:
            widget.options = [*options, (str(value), value)]
    widget.value = value


def _column_choices(columns: tuple[str, ...]) -> list[tuple[str, str]]:
    return [(NONE, ""), *((column, column) for column in columns)]
