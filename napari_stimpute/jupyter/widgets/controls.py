"""Buttons, menus and rows: what all panels are laid out with."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import ipywidgets as widgets

from ...panels.menu import LINE, Menu
from . import markup
from .loop import Home

LABEL, CONTROL = "112px", "374px"
"""Widths of a control's label, and of both together at most."""

WIDTH = "390px"
"""Width of a column of controls."""


class Button:
    """A button, which says on hover what it does, or why it cannot be pressed."""

    def __init__(self, title: str, act: Callable[[], object], home: Home, help: str = "") -> None:
        self.help = help
        layout = widgets.Layout(width="max-content", min_width="88px")
        self.widget = widgets.Button(description=title, tooltip=help, layout=layout)
        self.widget.on_click(lambda _button: home.run(act))

    def enable(self, why_not: str, help: str = "") -> None:
        """Let it be pressed unless there is a reason why not."""
        self.help = help or self.help
        self.widget.disabled, self.widget.tooltip = bool(why_not), why_not or self.help


class MenuBox:
    """Draws a `Menu`; ``choose`` is called with the name of the entry that a person chooses.

    What cannot be chosen is left out: a page has no entries that are there and cannot be chosen.
    """

    def __init__(self, title: str, choose: Callable[[str], object], home: Home) -> None:
        self.home = home
        self.widget = control(widgets.Dropdown, title)
        home.observe(self.widget, lambda: choose(str(self.widget.value)))

    def draw(self, menu: Menu) -> None:
        """Show entries, which is chosen, and why none can be."""
        offered = [
            entry
            for entry in menu.entries
            if entry != LINE and (not entry.why_not or entry.name == menu.chosen)
        ]
        about = next((e.help for e in offered if e.name == menu.chosen), "")
        known = any(entry.name == menu.chosen for entry in offered)
        with self.home.quiet():
            offer(self.widget, ((e.title, e.name) for e in offered), menu.chosen if known else None)
        help = " ".join(part for part in (menu.help, about) if part)
        self.widget.tooltip, self.widget.disabled = menu.why_not or help, bool(menu.why_not)


def control(kind: type[widgets.DOMWidget], title: str, **traits: Any) -> widgets.DOMWidget:
    """Make a control with its label, in the widths that all of a panel share."""
    style = {"description_width": LABEL}
    layout = widgets.Layout(width="auto", max_width=CONTROL)
    return kind(description=title, style=style, layout=layout, **traits)


def offer(menu: widgets.Dropdown, options: Iterable[tuple[str, str]], value: str | None) -> None:
    """Set what a menu offers and what is chosen, None for nothing."""
    if tuple(menu.options) != (wanted := tuple(options)):
        menu.options = wanted
    menu.value = value


def draw(dropdown: widgets.Dropdown, menu: Menu) -> None:
    """Show all entries, which is chosen, and why none can be."""
    offer(dropdown, ((entry.title, entry.name) for entry in menu.entries), menu.chosen)
    dropdown.tooltip, dropdown.disabled = menu.why_not or menu.help, bool(menu.why_not)


def enable(why_not: str, *controls: widgets.DOMWidget) -> None:
    """Let controls be used unless there is a reason why not."""
    for box in controls:
        box.disabled = bool(why_not)


def row(*parts: widgets.DOMWidget) -> widgets.HBox:
    """Parts beside one another, in as many lines as they need."""
    return widgets.HBox(parts, layout=widgets.Layout(flex_flow="row wrap", align_items="center"))


def named(title: str, part: widgets.DOMWidget) -> widgets.HBox:
    """A part with a label that the data may have named: it is shown as it is."""
    part.layout.flex, part.layout.width = "1 1 auto", "auto"
    about = widgets.HTML(markup.label(title, LABEL))
    about.layout.margin = "2px 6px 2px 2px"  # a control's own label stands as far from it
    return widgets.HBox([about, part], layout=widgets.Layout(max_width=f"calc({CONTROL} + 4px)"))


def beside(left: widgets.DOMWidget, right: widgets.DOMWidget) -> widgets.HBox:
    """A column of controls, and what comes of them beside it, or below it on a narrow page."""
    left.layout.width, right.layout.flex = WIDTH, "1 1 360px"
    right.layout.padding, right.layout.min_width = "0 0 0 16px", "0"
    return widgets.HBox([left, right], layout=widgets.Layout(flex_flow="row wrap"))
