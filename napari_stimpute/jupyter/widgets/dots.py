"""Scores of a search's trials, as dots that say on hover what they stand for."""

from __future__ import annotations

from ...panels.tune import TrialDot, TuneState
from ...words import number
from .markup import QUIET, attribute

_WIDE, _HIGH, _LEFT, _TOP, _LOW = 520, 190, 44, 24, 24
_DOT, _BEST = "#3d8bfd", "#d9902f"


def dots_svg(now: TuneState) -> str:
    """Score against trial: the best is marked; one without a score stands on the bottom line."""
    if not now.dots:
        return ""
    right, bottom = _WIDE - 6, _HIGH - _LOW
    low, high = now.limits
    line = f'stroke="{QUIET}" stroke-opacity=".6" fill="none"'
    box = f'<rect x="{_LEFT}" y="{_TOP}" width="{right - _LEFT}" height="{bottom - _TOP}" {line}/>'
    texts = (
        (0, 13, "Score (larger is better)", "start"),
        (_LEFT - 5, _TOP + 10, number(high, 2), "end"),
        (_LEFT - 5, bottom, number(low, 2), "end"),
        (_LEFT, _HIGH - 7, "trial 0", "start"),
        (right, _HIGH - 7, str(now.n_places - 1), "end"),
    )
    words = "".join(
        f'<text x="{x}" y="{y}" text-anchor="{anchor}">{attribute(text)}</text>'
        for x, y, text, anchor in texts
    )
    start = ""
    if now.dots[0].score is not None:
        _x, y = _place(now, now.dots[0])
        start = f'<path d="M{_LEFT} {y:.1f}H{right}" {line} stroke-dasharray="4 3"/>'
    dots = "".join(_dot(now, dot) for dot in now.dots)
    style = "font-size: 11px; fill: currentColor; max-width: 100%"
    size = f'width="{_WIDE}" height="{_HIGH}" viewBox="0 0 {_WIDE} {_HIGH}"'
    about = 'role="img" aria-label="Score of each trial"'
    return f'<svg {size} {about} style="{style}">{box}{start}{words}{dots}</svg>'


def _place(now: TuneState, dot: TrialDot) -> tuple[float, float]:
    (low, high), bottom = now.limits, _HIGH - _LOW
    x = _LEFT + (dot.number + 0.5) / max(1, now.n_places) * (_WIDE - 6 - _LEFT)
    if dot.score is None:
        return x, bottom - 7
    return x, bottom - (dot.score - low) / (high - low) * (bottom - _TOP)


def _dot(now: TuneState, dot: TrialDot) -> str:
    (x, y), (low, high) = _place(now, dot), now.limits
    about = f"<title>{attribute(dot.help)}</title>"
    ring = f'<circle cx="{x:.1f}" cy="{y:.1f}" r="9" fill="none" stroke="currentColor"/>'
    drawn = ring if dot.number == now.chosen else ""
    faint = f'stroke="{QUIET}" stroke-width="1.5" fill="none"'
    if dot.kind == "failed":
        cross = f'd="M{x - 3:.1f} {y - 3:.1f}l6 6m0 -6l-6 6"'
        return f"<g>{about}<path {cross} {faint}/>{drawn}</g>"
    if dot.score is None:
        return f'<g>{about}<circle cx="{x:.1f}" cy="{y:.1f}" r="3" {faint}/>{drawn}</g>'
    colour, r = (_BEST, 6) if dot.kind == "best" else (_DOT, 4)
    half = dot.spread / (high - low) * (_HIGH - _LOW - _TOP)
    bar = (
        f'<path d="M{x:.1f} {y - half:.1f}v{2 * half:.1f}" stroke="{colour}" stroke-opacity=".5"/>'
    )
    spot = f'<circle cx="{x:.1f}" cy="{y:.1f}" r="{r}" fill="{colour}"/>'
    return f"<g>{about}{bar}{spot}{drawn}</g>"
