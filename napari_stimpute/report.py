"""One self-contained HTML page from sentences, tables and figures: it opens anywhere, offline."""

from __future__ import annotations

import base64
import os
import re
from collections.abc import Sequence
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING

from .data.files import write_whole
from .plots.saving import png_of

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_NUMBER = re.compile(r"[+−-]?\d[\d,]*(\.\d+)?( ?%)?|(\d[\d.]* (h|min|s) ?)+|\d[\d.,]* (MB|GB)|–")


class Report:
    """A page that is written from top to bottom. Every text is escaped.

    Parameters
    ----------
    title : heading of the page
    subtitle : one sentence under it
    """

    def __init__(self, title: str, subtitle: str = "") -> None:
        self.title, self.subtitle = title, subtitle
        self._parts: list[str] = []
        self._headings: list[str] = []

    def heading(self, text: str) -> Report:
        """Begin a section; it is listed at the top of the page."""
        self._headings.append(text)
        self._parts.append(f'<h2 id="s{len(self._headings)}">{_escaped(text)}</h2>')
        return self

    def text(self, *paragraphs: str) -> Report:
        """Add paragraphs."""
        self._parts += [f"<p>{_escaped(p)}</p>" for p in paragraphs]
        return self

    def verdict(self, text: str) -> Report:
        """Add the one sentence that a reader in a hurry should see."""
        self._parts.append(f'<p class="verdict">{_escaped(text)}</p>')
        return self

    def points(self, items: Sequence[str]) -> Report:
        """Add a list; nothing if it is empty."""
        if items:
            rows = "".join(f"<li>{_escaped(item)}</li>" for item in items)
            self._parts.append(f"<ul>{rows}</ul>")
        return self

    def code(self, text: str) -> Report:
        """Add lines of code or commands."""
        self._parts.append(f"<pre><code>{escape(text)}</code></pre>")
        return self

    def table(
        self,
        header: Sequence[str],
        rows: Sequence[Sequence[str]],
        *,
        caption: str = "",
        strong: int | None = None,
    ) -> Report:
        """Add a table; what looks like a number is set to the right.

        Parameters
        ----------
        header : names of the columns; none for a list of labels and sentences
        rows : cells as text
        strong : the row to point out
        """
        head = "".join(f"<th scope=col>{_escaped(name)}</th>" for name in header)
        body = "".join(
            f"<tr{' class=strong' if i == strong else ''}>{''.join(map(_cell, row))}</tr>"
            for i, row in enumerate(rows)
        )
        above = f"<caption>{_escaped(caption)}</caption>" if caption else ""
        head = f"<thead><tr>{head}</tr></thead>" if head else ""
        self._parts.append(
            f"<div class=wide><table>{above}{head}<tbody>{body}</tbody></table></div>"
        )
        return self

    def figure(self, figure: Figure, caption: str) -> Report:
        """Add a figure with what to see in it."""
        return self.image(png_of(figure), caption)

    def image(self, png: bytes, caption: str) -> Report:
        """Add a picture (PNG) with what to see in it."""
        data = base64.b64encode(png).decode("ascii")
        words = _escaped(caption)
        self._parts.append(
            f'<figure><img src="data:image/png;base64,{data}" alt="{words}">'
            f"<figcaption>{words}</figcaption></figure>"
        )
        return self

    def html(self) -> str:
        """Return the whole page."""
        links = "".join(
            f'<a href="#s{i}">{_escaped(text)}</a>' for i, text in enumerate(self._headings, 1)
        )
        return _PAGE.format(
            title=_escaped(self.title),
            subtitle=f"<p class=subtitle>{_escaped(self.subtitle)}</p>" if self.subtitle else "",
            contents=f"<nav>{links}</nav>" if len(self._headings) > 2 else "",
            style=_STYLE,
            body="\n".join(self._parts),
        )

    def write(self, path: str | os.PathLike[str]) -> Path:
        """Save the page, whole or not at all.

        Raises
        ------
        NotWritable : the folder is missing, not writable, or the disk is full
        """
        return write_whole(path, self.html().encode())


def _escaped(text: str) -> str:
    """Escaped, and with no line break between a number and its percent sign."""
    return escape(text).replace(" %", "&nbsp;%")


def _cell(text: str) -> str:
    is_number = _NUMBER.fullmatch(text) is not None
    return f"<td{' class=number' if is_number else ''}>{_escaped(text)}</td>"


_PAGE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title>
<style>{style}</style>
</head>
<body>
<header><h1>{title}</h1>{subtitle}{contents}</header>
<main>
{body}
</main>
</body>
</html>
"""

_STYLE = """
:root { color-scheme: light dark; --text: #1c2126; --soft: #5c6670; --page: #ffffff;
  --line: #dde2e7; --shade: #f4f6f8; --accent: #0072b2; }
@media (prefers-color-scheme: dark) { :root { --text: #e4e8ec; --soft: #9aa5b0; --page: #16191d;
  --line: #333a42; --shade: #1f242a; --accent: #56b4e9; } }
* { box-sizing: border-box; }
body { margin: 0 auto; max-width: 62rem; padding: 2rem 1.25rem 4rem; background: var(--page);
  color: var(--text); font: 1rem/1.55 system-ui, -apple-system, "Segoe UI", sans-serif; }
h1 { margin: 0; font-size: 1.9rem; line-height: 1.2; }
h2 { margin: 2.8rem 0 0.6rem; padding-top: 0.8rem; border-top: 1px solid var(--line);
  font-size: 1.3rem; }
p, ul { max-width: 46rem; }
.subtitle, figcaption, caption { color: var(--soft); }
nav { margin: 1rem 0 0; display: flex; flex-wrap: wrap; gap: 0.3rem 1.1rem; font-size: 0.95rem; }
a { color: var(--accent); }
.verdict { padding: 0.8rem 1rem; border-left: 4px solid var(--accent); background: var(--shade);
  font-weight: 600; }
figure { margin: 1.2rem 0 1.8rem; }
img { display: block; max-width: 100%; height: auto; background: #ffffff; border-radius: 6px;
  border: 1px solid var(--line); }
figcaption { margin-top: 0.4rem; max-width: 46rem; font-size: 0.92rem; }
.wide { overflow-x: auto; }
table { border-collapse: collapse; margin: 0.8rem 0 1.2rem; font-size: 0.95rem; }
caption { text-align: left; padding-bottom: 0.4rem; }
th, td { padding: 0.32rem 1.1rem 0.32rem 0; text-align: left; vertical-align: top;
  border-bottom: 1px solid var(--line); }
th { font-weight: 600; }
thead + tbody td:first-child { white-space: nowrap; }
.number { text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap; }
.strong td { font-weight: 700; }
pre { padding: 0.8rem 1rem; background: var(--shade); border-radius: 6px; overflow-x: auto;
  font-size: 0.9rem; }
@media print { body { max-width: none; padding: 0; } nav { display: none; }
  figure, table, .verdict { break-inside: avoid; } h2 { break-after: avoid; } }
"""
