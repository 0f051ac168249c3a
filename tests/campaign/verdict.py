"""What counts as faulty: anything but one clear sentence, or a result that is whole."""

from __future__ import annotations

import re
import signal
from typing import NamedTuple

from .case import Case
from .child import FINITE, LOADED
from .driver import Outcome

TRACEBACK = "Traceback (most recent call last)"
JARGON = re.compile(
    r"Error raised|[Uu]nable to |Can't |has no attribute|NoneType|\w+Error\b|ufunc|out of bounds|"
    r"broadcast|unhashable|0x[0-9a-f]{4}|<class|<HDF5|numpy\.|torch\.|Unpickl|state_dict|"
    r"size mismatch|No conversion path|not supported between|Object dtype|subscriptable|"
    r"codec can't|invalid literal|unexpected keyword|takes .* positional|not iterable|"
    r"expected np|IORegistry|synchronously|\bH5[A-Z]+_"
)
"""Words of a library, which mean nothing to a biologist."""


class Verdict(NamedTuple):
    """What is wrong, and the sentence that was said."""

    faults: tuple[str, ...]
    said: str
    has_traceback: bool
    has_signal: bool
    changed: bool
    """Whether a file was changed or left that must not be."""


def judged(case: Case, outcome: Outcome) -> Verdict:
    """Hold what a case left against what it must leave."""
    sentences = [line for line in outcome.err.splitlines() if line.startswith("stimpute: ")]
    files = [*_files(case, outcome), *outcome.results]
    faults = [*_end(case, outcome, sentences), *_words(case, outcome, sentences), *files]
    faults += _wanted(case, outcome, bool(sentences))
    last = (sentences or outcome.err.strip().splitlines() or [""])[-1]
    is_signal = outcome.code is None or outcome.code < 0
    traced = TRACEBACK in outcome.err
    return Verdict(tuple(faults), last, traced, is_signal and not _is_killed(case), bool(files))


def _is_killed(case: Case) -> bool:
    return case.stop[0] == "SIGKILL"


def _end(case: Case, outcome: Outcome, sentences: list[str]) -> list[str]:
    code = outcome.code
    if TRACEBACK in outcome.err:
        return ["traceback"]
    if code is None:
        return ["no end"]
    if code < 0:
        return [] if _is_killed(case) else [signal.Signals(-code).name]
    if code not in (0, 1, 2):
        return [f"exit code {code}"]
    return [] if code == 0 or sentences else ["no sentence"]


def _words(case: Case, outcome: Outcome, sentences: list[str]) -> list[str]:
    faults, typed = [], max(map(len, case.line), default=0)
    if "Something unforeseen" in outcome.err:
        faults.append("unforeseen")
    if "\x1b" in outcome.out + outcome.err:
        faults.append("control characters")
    if any(JARGON.search(sentence) for sentence in sentences):
        faults.append("jargon")
    if any(len(sentence) > 1_500 + typed for sentence in sentences):
        faults.append("an endless sentence")
    return faults


def _files(case: Case, outcome: Outcome) -> list[str]:
    before, after = outcome.before, outcome.after
    changed = {name for name in {*before, *after} if before.get(name) != after.get(name)}
    faults = []
    if given := sorted(name for name in changed if name == "in" or name.startswith("in/")):
        faults.append(f"input changed: {', '.join(given)[:80]}")
    if strays := sorted(name for name in changed if "/" not in name and name not in _ROOTS):
        faults.append(f"left outside: {', '.join(strays)}")
    if lost := sorted(name for name in before if name not in after and not name.endswith(".lock")):
        faults.append(f"lost: {', '.join(lost)[:80]}")
    passing = [name for name in changed if name.endswith((".part", ".old")) and name in after]
    if passing and not _is_killed(case):
        faults.append("a passing file left")
    may_leave = outcome.code == 0 or case.gives or case.stop[0]
    if rest := sorted(n for n in changed if n.startswith(("out/", "beside/")) and not may_leave):
        faults.append(f"left by a failed run: {', '.join(rest)[:80]}")
    if "out/out.h5ad" in before and outcome.code == 0 and "out/out.h5ad" in after:
        old, new = before["out/out.h5ad"].mode, after["out/out.h5ad"].mode
        if old != new:
            faults.append(f"permissions {old:o} became {new:o}")
    return faults


_ROOTS = ("in", "out", "beside")


def _wanted(case: Case, outcome: Outcome, has_sentence: bool) -> list[str]:
    if outcome.code not in (0, 1, 2) or TRACEBACK in outcome.err:
        return []
    command = case.line[0] if case.line else ""
    if command == "use" and outcome.code == 0 and FINITE not in outcome.out:
        return ["values that are not finite"]
    if command == "use" and case.want == "refused" and LOADED in outcome.out and outcome.code == 1:
        return []  # refused when it was used, in words
    if case.want == "taken" and outcome.code != 0:
        return ["refused"]
    is_told = has_sentence or (command == "check" and "! " in outcome.out)
    if case.want == "refused" and outcome.code == 0 and not (command in _LOOKS and is_told):
        return ["taken"]
    return []


_LOOKS = ("check", "open")
"""Commands that say what is wrong, and go on."""
