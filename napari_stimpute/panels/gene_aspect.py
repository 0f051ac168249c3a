"""What of an imputed gene is shown by colour: its counts, how sure they are, or its zeros."""

from __future__ import annotations

from dataclasses import dataclass

from ..scene.aspects import Aspects
from ..session.display import Aspect, Display
from .menu import Entry, Menu

THRESHOLDS = (50, 99)
"""Least and most of the threshold of the zero map, in %."""

THRESHOLD_HELP = (
    "A zero is called technical if five times the depth would show a molecule with at least this "
    "probability, and biological if with at most the rest. Higher: fewer zeros are called."
)
_ASPECT_HELP = "What of the imputed gene is shown by colour."
_FADE_HELP = "The less is known of an expected count, the fainter it is drawn."

ASPECTS: tuple[tuple[str, Aspect, str], ...] = (
    ("Expected counts", "expected", "The imputed values: molecules to be expected."),
    (
        "Uncertainty",
        "uncertainty",
        "How far a second measurement of the same may lie from this one: "
        "the width of the interval that holds it nine times in ten.",
    ),
    (
        "Zero map",
        "zeros",
        "What each zero means: technical (the gene is there, but was missed), "
        "biological (it is not there), or unsure.",
    ),
)
"""Title, name and help of each."""


@dataclass(frozen=True)
class AspectState:
    """What of an imputed gene can be shown: the menu, the zero map, and fading.

    ``shares`` says what the zero map finds; ``no_fade`` why nothing fades, "" where it can.
    """

    menu: Menu
    threshold: float
    is_zeros: bool
    shares: str
    fades: bool
    no_fade: str
    fade_help: str


def aspect_state(aspects: Aspects, display: Display, hidden: str) -> AspectState:
    """What can be shown now; ``hidden`` says why nothing but values can be seen, "" if more can."""
    why_not = hidden or aspects.why_not()
    offered = tuple(Entry(title, name, text) for title, name, text in ASPECTS)
    menu = Menu(offered, display.aspect, _ASPECT_HELP, why_not)
    is_expected, is_zeros = display.aspect == "expected", display.aspect == "zeros"
    no_fade = why_not or ("" if is_expected else f"{menu.title} is shown.")
    return AspectState(
        menu=menu,
        threshold=display.threshold,
        is_zeros=is_zeros and not why_not,
        shares=aspects.shares_in_words() if is_zeros and not why_not else "",
        fades=display.fades,
        no_fade=no_fade,
        fade_help=no_fade or _FADE_HELP,
    )
