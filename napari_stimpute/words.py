"""Numbers and names as people read them, the same in the terminal, on a page and in a window."""

from __future__ import annotations

import re

_CONTROLS = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")
"""What steers a terminal instead of being shown, but for line ends and tabs."""


def shown(text: str) -> str:
    """Text in which what would steer a terminal is written out, and does nothing."""
    return _CONTROLS.sub(lambda found: found[0].encode("unicode_escape").decode(), text)


def duration(seconds: float) -> str:
    """Write a time: 0.4 s, 12 s, 3 min 20 s, 2 h 05 min."""
    if seconds < 1:
        return f"{seconds:.1f} s"
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60:02d} s"
    return f"{whole // 3600} h {whole % 3600 // 60:02d} min"


def number(value: float, decimals: int = 3) -> str:
    """Write a number with a true minus sign, and no minus before zero; – for NaN."""
    if value != value:
        return "–"
    return f"{round(float(value), decimals) + 0.0:.{decimals}f}".replace("-", "−")


def percent(share: float, decimals: int = 0) -> str:
    """Write a share as percent: 0.128 becomes 13 %; – for NaN."""
    return f"{number(100 * share, decimals)} %" if share == share else number(share)


def counted(n: int, thing: str) -> str:
    """Write how many of something: 1 gene, 2,000 genes."""
    return f"{n:,} {thing}" if n == 1 else f"{n:,} {thing}s"


def lower_first(title: str) -> str:
    """A title within a sentence: small at its beginning, unless it begins with capitals."""
    keeps = title[:2].isupper() or title[1:2].isupper()
    return title if keeps else title[:1].lower() + title[1:]
