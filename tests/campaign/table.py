"""What came of a campaign, by class."""

from __future__ import annotations

from collections import Counter

from .case import Case
from .verdict import Verdict

COLUMNS = ("inputs", "cases", "refused", "taken", "faulty", "tracebacks", "signals", "changed")


class Table:
    """Counts what became of each case."""

    def __init__(self) -> None:
        self._rows: dict[str, Counter[str]] = {}
        self._names: set[tuple[str, str]] = set()
        self._skipped: Counter[str] = Counter()

    def add(self, case: Case, verdict: Verdict, code: int | None) -> None:
        """Count a case."""
        row = self._rows.setdefault(case.cls, Counter())
        row["inputs"] += (case.cls, case.name) not in self._names
        self._names.add((case.cls, case.name))
        row["cases"] += 1
        outcome = "faulty" if verdict.faults else "taken" if code == 0 else "refused"
        row[outcome] += 1
        row["tracebacks"] += verdict.has_traceback
        row["signals"] += verdict.has_signal
        row["changed"] += verdict.changed

    def skip(self, case: Case) -> None:
        """Count a case that could not be set up here."""
        self._skipped[case.needs_root] += 1

    @property
    def is_clean(self) -> bool:
        """Whether nothing is faulty."""
        return not any(row["faulty"] for row in self._rows.values())

    def text(self) -> str:
        """The table, and what was skipped."""
        total: Counter[str] = sum(self._rows.values(), Counter())
        lines = [_line("class", COLUMNS)]
        lines += [_line(name, [row[c] for c in COLUMNS]) for name, row in self._rows.items()]
        lines.append(_line("all", [total[c] for c in COLUMNS]))
        for reason, n in self._skipped.items():
            lines.append(f"{n} cases were skipped: they need {reason}, which is not possible here.")
        lines.append(
            f"{total['tracebacks']} tracebacks, {total['signals']} signals, "
            f"{total['changed']} files changed or left."
        )
        return "\n".join(lines)


def _line(name: str, values: object) -> str:
    return f"{name:10}" + "".join(f"{value!s:>11}" for value in values)  # type: ignore[attr-defined]
