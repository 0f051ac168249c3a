"""A magicgui form made from a model's settings, and the settings read back from it."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from magicgui.widgets import CheckBox, ComboBox, FloatSpinBox, LineEdit, SpinBox
from magicgui.widgets.bases import ValueWidget
from qtpy.QtWidgets import QVBoxLayout, QWidget
from superqt import QCollapsible

from ...config import FormField, ModelConfig, form_fields
from ...errors import InvalidSetting
from .wheel import guard_wheel
from .words import Words, labelled

_FAR = 2**31 - 1
NONE = "none"
"""What a person sees for "" in a list of columns."""

_MARKED = "border: 2px solid #e5484d; border-radius: 3px;"


class ConfigForm(QWidget):
    """The settings of one model: basic ones first, advanced ones folded away."""

    def __init__(self, config: type[ModelConfig], columns: Iterable[str] = ()) -> None:
        super().__init__()
        self.config = config
        self.fields = {field.name: field for field in form_fields(config)}
        self.widgets: dict[str, Any] = {
            name: _widget(field, tuple(columns)) for name, field in self.fields.items()
        }
        self.words = Words("error")
        self._lay_out()
        guard_wheel(self)

    def read(self) -> ModelConfig:
        """The settings as they stand; a bad one raises `InvalidSetting` and is marked."""
        self.clear_mark()
        try:
            values = {name: self._value(name) for name in self.fields}
            return self.config.checked(values)
        except InvalidSetting as error:
            self.mark(error.field, str(error))
            raise

    def write(self, values: dict[str, Any]) -> None:
        """Show these settings; those that are not named get their defaults."""
        self.clear_mark()
        for name, field in self.fields.items():
            _set(self.widgets[name], field, values.get(name, field.default))

    def set_columns(self, columns: Iterable[str]) -> None:
        """Offer the columns of the data that are open."""
        for name, field in self.fields.items():
            if field.source:
                combo = self.widgets[name]
                before = combo.value
                combo.choices = _column_choices(tuple(columns))
                combo.value = before if before in columns else ""

    def mark(self, field: str, words: str) -> None:
        """Show which setting is wrong, and why."""
        self.words.say(words)
        if field in self.widgets:
            self.widgets[field].native.setStyleSheet(_MARKED)
            if self.fields[field].group == "advanced":
                self._advanced.expand(animate=False)

    def clear_mark(self) -> None:
        """All is well again."""
        self.words.say("")
        for widget in self.widgets.values():
            widget.native.setStyleSheet("")

    def connect(self, changed: Callable[[], None]) -> None:
        """Call back whenever a setting is changed."""
        for widget in self.widgets.values():
            widget.changed.connect(lambda _value: changed())

    def _lay_out(self) -> None:
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(4)
        groups = {
            group: [self.widgets[n] for n, f in self.fields.items() if f.group == group]
            for group in ("basic", "advanced")
        }
        basic, advanced = magic_rows(groups["basic"]), magic_rows(groups["advanced"])
        self._advanced = QCollapsible("Advanced settings", self)
        self._advanced.addWidget(advanced)
        layout.addWidget(basic)
        layout.addWidget(self.words)
        layout.addWidget(self._advanced)
        basic.setVisible(bool(groups["basic"]))
        self._advanced.setVisible(bool(groups["advanced"]))

    def _value(self, name: str) -> Any:
        value, field = self.widgets[name].value, self.fields[name]
        return _number(name, value) if field.log else value


def magic_rows(widgets: Iterable[ValueWidget[Any] | QWidget]) -> QWidget:
    """Magicgui widgets with their labels in two columns; a plain widget takes the second one."""
    holder = QWidget()
    rows: list[tuple[str, QWidget]] = []
    for widget in widgets:
        if isinstance(widget, QWidget):
            rows.append(("", widget))
        else:
            rows.append((widget.label, widget.native))
    holder.setLayout(labelled(rows))
    return holder


def _widget(field: FormField, columns: tuple[str, ...]) -> ValueWidget[Any]:
    common: dict[str, Any] = {"name": field.name, "label": _title(field), "tooltip": field.help}
    widget: Any
    if field.kind == "choice":
        widget = ComboBox(choices=field.choices, **common)
    elif field.kind == "boolean":
        widget = CheckBox(**common)
        widget.native.setText("")  # its label stands beside it
    elif field.source:
        widget = ComboBox(choices=_column_choices(columns), **common)
    elif field.kind == "integer":
        widget = SpinBox(**_limits(field), step=int(field.step or 1), **common)
    elif field.kind == "number" and not field.log:
        widget = FloatSpinBox(**_limits(field), step=field.step or 0.01, **common)
    else:
        widget = LineEdit(**common)
    _set(widget, field, field.default)
    return widget  # type: ignore[no-any-return]


def _title(field: FormField) -> str:
    """What a person calls a setting: "N domains" is the number of them."""
    name = field.title
    return f"Number of {name.removeprefix('N ')}" if name.startswith("N ") else name


def _limits(field: FormField) -> dict[str, Any]:
    kind = int if field.kind == "integer" else float
    low = -_FAR if field.minimum is None else field.minimum
    high = _FAR if field.maximum is None else field.maximum
    return {"min": kind(low), "max": kind(high), "value": kind(max(low, min(high, field.default)))}


def _set(widget: Any, field: FormField, value: Any) -> None:
    if field.log:
        widget.value = f"{value:g}"
        return
    if field.kind == "number":
        native = widget.native
        native.setDecimals(max(_decimals(field.step or 0.01), _decimals(value)))
    widget.value = value


def _decimals(value: float) -> int:
    """Digits after the point that a number needs."""
    text = f"{value:.10f}".rstrip("0")
    return max(1, len(text.partition(".")[2]))


def _column_choices(columns: tuple[str, ...]) -> list[tuple[str, str]]:
    return [(NONE, ""), *((column, column) for column in columns)]


def _number(name: str, text: str) -> float:
    try:
        return float(text.replace(",", "."))
    except ValueError:
        raise InvalidSetting(
            field=name,
            expected="a number",
            found=repr(text),
            remedy="Write it like 0.003 or 3e-3.",
        ) from None
