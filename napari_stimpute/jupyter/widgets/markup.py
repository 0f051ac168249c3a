"""HTML of what panels say: the one place in which words become HTML, and are escaped."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Iterable, Sequence
from html import escape

from ...panels.message import EDGES, GROUNDS, Tone
from ...panels.table import Cell
from ...scene.colours import LOOKS

QUIET = "var(--jp-ui-font-color2, #6b7280)"
"""Colour of what is said quietly, where the theme of JupyterLab names none."""

ROW = 28
"""Pixels that a row of a table is high, so that names and numbers stand in line."""

NAME, HEAD = "stimpute-name", "stimpute-head"
"""Classes of the buttons that are names in a table, and headings over it."""

PANEL = "stimpute-panel"
"""Class of a whole panel."""

GONE = (
    "The kernel that answered here has ended, and this panel with it: run its cell again. "
    "Results that were in no file are then offered in the tab Data."
)
"""Stands over a panel whose kernel was restarted, or died: all else of it looks as it was."""

_GONE = ".jupyter-widgets-disconnected"
"""What ipywidgets calls whatever has lost its kernel, to which it adds a sign of a broken chain."""

_ARROW = (
    "<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 18 18'>"
    "<path fill='%23ccc' d='M5.2 5.9 9 9.7l3.8-3.8 1.2 1.2-5 5-5-5z'/></svg>"
)
"""Of menus on a dark ground, where that of ipywidgets is black."""

SHEET = f"""<style>
[data-jp-theme-light="false"] .{PANEL} {{
  --jp-widgets-dropdown-arrow: url("data:image/svg+xml;utf8,{_ARROW}"); }}
.{NAME}, .{HEAD} {{ text-align: left; padding: 0 6px; height: {ROW}px; width: 100%; margin: 0;
  background: transparent; box-shadow: none; overflow: hidden; text-overflow: ellipsis; }}
.{HEAD} {{ font-weight: 600; border-bottom: 1px solid rgba(138,143,152,.6); }}
.{HEAD}.stimpute-right {{ text-align: right; }}
.{NAME} {{ border-bottom: 1px solid rgba(138,143,152,.25); }}
.{NAME}.stimpute-chosen, .stimpute-cell.stimpute-chosen {{ background: rgba(61,139,253,.18); }}
.{NAME}:hover {{ text-decoration: underline; }}
.stimpute-cell {{ height: {ROW}px; line-height: {ROW}px; padding: 0 6px; box-sizing: border-box;
  white-space: nowrap; overflow: hidden; text-overflow: ellipsis;
  border-bottom: 1px solid rgba(138,143,152,.25); }}
.stimpute-title {{ font-weight: 600; border-bottom: 1px solid rgba(138,143,152,.6); }}
.stimpute-number {{ text-align: right; font-variant-numeric: tabular-nums; }}
.stimpute-reason {{ overflow: visible; color: {QUIET}; }}
.stimpute-facts td {{ vertical-align: top; padding: 1px 12px 1px 0; line-height: 1.45; }}
.stimpute-facts td:first-child {{ color: {QUIET}; white-space: nowrap; }}
.stimpute-tabs > .lm-TabBar .lm-TabBar-tab {{ flex: 0 1 auto; min-width: 64px; }}
.stimpute-code textarea {{ font-family: monospace; white-space: pre; }}
.{PANEL} {_GONE}::before {{ content: none; }}
.{PANEL}{_GONE}::before {{ content: "{GONE}"; display: block; font: inherit; color: inherit;
  text-align: left; line-height: 1.45; margin-bottom: 6px; padding: 6px 10px;
  background: rgba{GROUNDS["warning"]}; border-left: 3px solid {EDGES["warning"]}; }}
.{PANEL}{_GONE} > * {{ opacity: .45; pointer-events: none; }}
</style>"""
"""Looks of tables; each panel holds it once."""

_SIGNS = {"reliable": "✓", "use with care": "!", "do not use": "✕", "cannot be judged": "?"}


def plain(text: str) -> str:
    """A text as it is, whatever signs it holds; lines stay lines."""
    return escape(text).replace("\n", "<br>")


def attribute(text: str) -> str:
    """A text as it is, on one line of an attribute or a title."""
    return escape(text)


def faint(text: str) -> str:
    """A quiet sentence."""
    return f'<div style="color: {QUIET}; line-height: 1.4">{plain(text)}</div>' if text else ""


def titled(text: str) -> str:
    """Title of a part."""
    return f'<div style="font-weight: 600; padding-top: 4px">{plain(text)}</div>'


def label(text: str, width: str) -> str:
    """What a control is about, beside it."""
    style = f"width: {width}; text-align: right; overflow: hidden; text-overflow: ellipsis"
    return f'<div style="{style}; white-space: nowrap" title="{escape(text)}">{plain(text)}</div>'


def boxed(sentences: Iterable[str], tone: Tone) -> str:
    """Sentences, one paragraph each, in the colours of their tone."""
    style = f"border-left: 3px solid {EDGES[tone]}; padding: 6px 10px"
    style += f"; background: rgba{GROUNDS[tone]}; overflow-wrap: anywhere"
    inner = "".join(f"<div>{plain(sentence)}</div>" for sentence in sentences)
    role = "alert" if tone == "error" else "status"
    return f'<div role="{role}" style="{style}; line-height: 1.45">{inner}</div>'


def facts(rows: Iterable[tuple[str, str]], doubts: Iterable[str] = ()) -> str:
    """Labels with a sentence each, then what is doubtful."""
    lines = [f"<tr><td>{plain(name)}</td><td>{plain(text)}</td></tr>" for name, text in rows]
    table = f'<table class="stimpute-facts">{"".join(lines)}</table>' if lines else ""
    said = list(doubts)
    return table + (boxed(said, "warning") if said else "")


def picture(png: bytes, about: str, width: float) -> str:
    """A PNG so many pixels wide, but no wider than its place.

    Parameters
    ----------
    about : is read to those who do not see it
    """
    data = b64encode(png).decode()
    style = f"width: {width:.0f}px; max-width: 100%"
    return f'<img src="data:image/png;base64,{data}" alt="{escape(about)}" style="{style}">'


def still(name: str, text: str, inner: str) -> str:
    """What stands in the place of a panel where no kernel draws it: a sentence, and a picture.

    Parameters
    ----------
    name : its class, which `hidden` hides while the panel is alive
    inner : HTML of the picture; "" for none
    """
    return f'<div class="{name}">{faint(text)}{inner}</div>'


def hidden(name: str) -> str:
    """Let nothing of a class be seen as long as this is in the page."""
    return f"<style>.{name} {{ display: none; }}</style>"


def chip(verdict: str) -> str:
    """A verdict as a small coloured label: a word and a sign, so that colour is never alone."""
    look = LOOKS[verdict]
    style = f"background: {look.ground}; color: {look.ink}; border-radius: 10px; padding: 2px 8px"
    style += "; white-space: nowrap; line-height: 1.2; font-size: 0.92em"
    return f'<span style="{style}">{_SIGNS[verdict]}&nbsp;{plain(verdict.capitalize())}</span>'


def head(title: str, help: str, *, is_right: bool) -> str:
    """Title of a column that does not order the rows, and what it means."""
    classes = "stimpute-cell stimpute-title" + " stimpute-number" * is_right
    return f'<div class="{classes}" title="{escape(help)}">{escape(title)}</div>'


def column(cells: Sequence[Cell | None], *, chosen: int = -1, are_verdicts: bool = False) -> str:
    """One column of a table, a line for each cell; None for what a cell before reaches into.

    Parameters
    ----------
    chosen : place of the row that is marked; −1 for none
    """
    return "".join(
        _cell(cell, is_chosen=place == chosen, is_verdict=are_verdicts)
        for place, cell in enumerate(cells)
    )


def _cell(cell: Cell | None, *, is_chosen: bool, is_verdict: bool) -> str:
    if cell is None:
        return '<div class="stimpute-cell"></div>'
    is_number = cell.value is not None and not isinstance(cell.value, str)
    classes = "stimpute-cell" + " stimpute-number" * is_number + " stimpute-chosen" * is_chosen
    known = is_verdict and cell.text.lower() in LOOKS
    inner = chip(cell.text.lower()) if known else escape(cell.text.replace("\n", " "))
    return f'<div class="{classes}" title="{escape(cell.help or cell.text)}">{inner}</div>'
