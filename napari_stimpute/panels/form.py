"""What a settings form shows and reads: one rule for every front end."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from psygnal import Signal

from ..config import FormField, ModelConfig, form_fields
from ..errors import InvalidSetting
from .menu import Entry, Menu, entries

"""What a person sees for "" in a list of columns."""

BY_HAND = "by_hand"
"""Name of the entry that stands for settings which are no preset's."""

ADVANCED = "Advanced settings"
"""Title over the settings that are seldom changed."""

_PRESETS = "A named set of settings: default, tiny (a quick try), paper (as published)."


@dataclass(frozen=True)
class Field:
    """One setting as it is to be drawn.

    ``value`` is what was entered, a text where it is no number; ``entries`` are those of a menu, ()
    for other kinds; ``wrong`` says why the value cannot be used, "" where it can.
    """

    about: FormField
    value: Any
    entries: tuple[Entry, ...] = ()
    wrong: str = ""

    @property
    def help(self) -> str:
        """What the setting means, and its limits."""
        limits = [
            f"{word} {limit:,g}"
            for word, limit in (("at least", self.about.minimum), ("at most", self.about.maximum))
            if limit is not None
        ]
        return f"{self.about.help} ({', '.join(limits)})" if limits else self.about.help

    @property
    def text(self) -> str:
        """The value in a line of text; a number is never rounded."""
        if not isinstance(self.value, float):
            return str(self.value)
        short = f"{self.value:g}"
        return short if float(short) == self.value else repr(self.value)

    @property
    def decimals(self) -> int:
        """Digits after the point that the value and its steps need; at least one."""
        return max(_decimals(self.about.step or 0.01), _decimals(self.value))


class Form:
    """The settings of one model, as they were entered; `changed` is emitted when they are others.

    Parameters
    ----------
    columns : of the open data, for settings that name one
    found : by the name of a setting, what is found in the data where it names no column
    """

    changed = Signal()

    def __init__(
        self,
        config: type[ModelConfig],
        columns: Iterable[str] = (),
        found: Mapping[str, str] | None = None,
    ) -> None:
        self.config = config
        self.about = {field.name: field for field in form_fields(config)}
        self._preset = "default"
        self._columns, self._found = tuple(columns), dict(found or {})
        self._values: dict[str, Any] = {name: f.default for name, f in self.about.items()}
        self._wrong: dict[str, str] = {}

    # ---- what is shown -------------------------------------------------------------------------

    @property
    def fields(self) -> tuple[Field, ...]:
        """Every setting as it is to be drawn, basic ones first."""
        return tuple(
            Field(about, self._values[name], self._entries(about), self._wrong.get(name, ""))
            for name, about in self.about.items()
        )

    @property
    def problems(self) -> str:
        """What is wrong with the settings, one sentence in a line; "" if nothing is."""
        return "\n".join(self._wrong.values())

    @property
    def settings(self) -> ModelConfig | None:
        """The settings as they stand, without a word on what is wrong; None where anything is."""
        try:
            return self.config.checked({name: self._typed(name) for name in self.about})
        except InvalidSetting:
            return None

    @property
    def preset(self) -> Menu:
        """Named sets of settings, and which one stands here, if any."""
        offered = entries((name.capitalize(), name) for name in self.config.PRESETS)
        same = [name for name in self.config.PRESETS if self._values == self._values_of(name)]
        chosen = self._preset if self._preset in same else next(iter(same), BY_HAND)
        by_hand = [Entry("Changed by hand", BY_HAND)] if not same else []
        return Menu((*offered, *by_hand), chosen, _PRESETS)

    # ---- what is entered -----------------------------------------------------------------------

    def put(self, name: str, value: Any) -> None:
        """Take what is being entered; it is not looked at before `check` or `read`."""
        self._values[name] = value
        self._wrong.pop(name, None)
        self.changed.emit()

    def check(self, name: str) -> None:
        """Say at once if a setting cannot be used."""
        self._wrong.pop(name, None)
        try:
            self._values[name] = self._typed(name)
            self.config.checked({name: self._values[name]})
        except InvalidSetting as error:
            self._wrong[name] = str(error)
        self.changed.emit()

    def enter(self, name: str, value: Any) -> None:
        """Take what was entered, and say at once if it cannot be used."""
        self._values[name] = value
        self.check(name)

    def read(self) -> ModelConfig:
        """The settings as they stand; a bad one raises `InvalidSetting` and is marked."""
        self._wrong.clear()
        try:
            self._values = {name: self._typed(name) for name in self.about}
            config = self.config.checked(self._values)
        except InvalidSetting as error:
            self.mark(error.field, str(error))
            raise
        self.changed.emit()
        return config

    def write(self, values: Mapping[str, Any]) -> None:
        """Show these settings; those that are not named get their defaults."""
        self._values = {name: values.get(name, f.default) for name, f in self.about.items()}
        self._wrong.clear()
        self.changed.emit()

    def choose_preset(self, name: str) -> None:
        """Show a named set of settings."""
        if name != BY_HAND:
            self._preset = name
            self.write(self.config.PRESETS[name])

    def offer_columns(self, columns: Iterable[str], found: Mapping[str, str] | None = None) -> None:
        """Offer the columns of the data that are open; one that they lack is chosen no longer."""
        self._columns, self._found = tuple(columns), dict(found or {})
        for name, about in self.about.items():
            if about.source and self._values[name] not in self._columns:
                self._values[name] = ""
        self.changed.emit()

    def mark(self, name: str, words: str) -> bool:
        """Say what is wrong with a setting; False if the form does not have it."""
        if name in self.about:
            self._wrong[name] = words
            self.changed.emit()
        return name in self.about

    # ---- within --------------------------------------------------------------------------------

    def _values_of(self, preset: str) -> dict[str, Any]:
        settings = self.config.PRESETS[preset]
        return {name: settings.get(name, f.default) for name, f in self.about.items()}

    def _entries(self, about: FormField) -> tuple[Entry, ...]:
        if about.kind == "choice":
            return tuple(entries((choice, choice) for choice in about.choices))
        if not about.source:
            return ()
        value = self._values[about.name]
        offered = dict.fromkeys(filter(None, [*self._columns, value]))
        if about.several:
            offered |= dict.fromkeys(_joined_or_left(_names(value), self._columns))
        found = self._found.get(about.name, "")
        none = f"{about.none}: {found}" if found else about.none
        return (Entry(none, ""), *entries((name, name) for name in offered))

    def _typed(self, name: str) -> Any:
        value = self._values[name]
        if self.about[name].kind != "number" or not isinstance(value, str):
            return value
        try:
            return float(value.replace(",", "."))
        except ValueError:
            raise InvalidSetting(
                field=name,
                expected="a number",
                found=repr(value),
                remedy="Write it like 0.003 or 3e-3.",
            ) from None


def _names(text: str) -> list[str]:
    """Names that a text holds with commas between."""
    return [name for part in text.split(",") if (name := part.strip())]


def _joined_or_left(chosen: list[str], columns: Iterable[str]) -> Iterator[str]:
    """Lists of columns that are one more than those chosen, or one less."""
    lists = [[*chosen, column] for column in columns if column not in chosen]
    lists += [[column for column in chosen if column != left] for left in chosen]
    return (", ".join(names) for names in lists if names)


def _decimals(value: float) -> int:
    return max(1, len(f"{value:.10f}".rstrip("0").partition(".")[2]))
