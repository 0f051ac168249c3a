"""Numbers and names as people read them, the same in the terminal, on a page and in a window."""

from __future__ import annotations

import re
from collections.abc import Iterable
from difflib import get_close_matches

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


def roughly(seconds: float) -> str:
    """Write a time that is only guessed: a few seconds, 20 s, 4 min, 25 min, 1 h 20 min."""
    if seconds < 8:
        return "a few seconds"
    if seconds < 55:
        return f"{max(10, 10 * round(seconds / 10))} s"
    minutes = max(1, round(seconds / 60))
    if minutes < 10:
        return f"{minutes} min"
    minutes = 5 * round(minutes / 5) if minutes < 60 else 10 * round(minutes / 10)
    return f"{minutes} min" if minutes < 60 else f"{minutes // 60} h {minutes % 60:02d} min"


def about(seconds: float) -> str:
    """Write a time that is only guessed, in a sentence: about 4 min, a few seconds."""
    words = roughly(seconds)
    return words if words.startswith("a ") else f"about {words}"


def number(value: float, decimals: int = 3) -> str:
    """Write a number with a true minus sign, and no minus before zero; – for NaN."""
    if value != value:
        return "–"
    return f"{round(float(value), decimals) + 0.0:.{decimals}f}".replace("-", "−")


def percent(share: float, decimals: int = 0) -> str:
    """Write a share as percent: 0.128 becomes 13 %; – for NaN."""
    return f"{number(100 * share, decimals)} %" if share == share else number(share)


def memory(size: float) -> str:
    """Write bytes as people read them: 12 kB, 3 MB, 1.2 GB; – for NaN."""
    if size < 2**20:
        return f"{number(size / 2**10, 0)} kB"
    if size >= 2**30:
        return f"{number(size / 2**30, 1)} GB"
    return f"{number(size / 2**20, 0)} MB" if size == size else number(size)


def counted(n: int, thing: str) -> str:
    """Write how many of something: 1 gene, 2,000 genes."""
    return f"{n:,} {thing}" if n == 1 else f"{n:,} {thing}s"


def lower_first(title: str) -> str:
    """A title within a sentence: small at its beginning, unless it begins with capitals."""
    keeps = title[:2].isupper() or title[1:2].isupper()
    return title if keeps else title[:1].lower() + title[1:]


def nearest(name: str, known: Iterable[str], most: int = 3) -> list[str]:
    """Known names that may be meant by one that is not: those of other case first, then the like.

    Names that begin with what was typed come before those that are merely spelt like it.
    """
    typed = name.strip().casefold()
    folded: dict[str, list[str]] = {}
    for one in known:
        folded.setdefault(one.casefold(), []).append(one)
    same = folded.get(typed, [])
    if same or not typed:
        return same[:most]
    begin = sorted((n for n in folded if n.startswith(typed)), key=len) if len(typed) > 2 else []
    like = get_close_matches(typed, folded, n=most, cutoff=0.7)
    return [one for near in dict.fromkeys([*begin[:most], *like]) for one in folded[near]][:most]


def did_you_mean(name: str, known: Iterable[str], most: int = 3) -> str:
    """The question which known name is meant: Did you mean 'scziva'? "" where none is like it."""
    near = [repr(one) for one in nearest(name, known, most)]
    return f"Did you mean {either(near)}?" if near else ""


def either(names: list[str]) -> str:
    """Names of which one holds: a, b or c."""
    return " or ".join(filter(None, [", ".join(names[:-1]), *names[-1:]]))
