"""What a run was judged, in sentences: genes per verdict, and what each part of it is worth."""

from __future__ import annotations

from ..data.records import RunRecord, TrustRecord
from ..words import counted, percent

_OPEN = "cannot be judged"


def run_in_words(record: RunRecord) -> list[str]:
    """How far a run can be believed, in short: the genes that are reliable, of those judged."""
    trust, title = record.trust, record.title
    if trust is None or not trust.verdicts:
        return [f"{title} was not judged on hidden molecules: its genes have no verdict."]
    n_open = trust.verdicts.get(_OPEN, 0)
    n_judged, n_reliable = sum(trust.verdicts.values()) - n_open, n_reliable_of(record)
    are = "is" if n_reliable == 1 else "are"
    lines = [f"{title}: {n_reliable:,} of {counted(n_judged, 'judged gene')} {are} reliable."]
    if not n_judged:
        lines = [f"{title}: no gene could be judged."]
    elif not n_reliable:
        lines = [f"{title}: none of {counted(n_judged, 'judged gene')} is reliable."]
    if n_open:
        have = "has" if n_open == 1 else "have"
        more = "more " * bool(n_judged)
        lines.append(f"{n_open:,} {more}{have} too few molecules to be judged.")
    if trust.adds_nothing:
        lines.append(_adds_nothing(title))
    return lines


def n_reliable_of(record: RunRecord) -> int:
    """Genes of a run that are reliable; 0 where it was not judged."""
    return 0 if record.trust is None else record.trust.verdicts.get("reliable", 0)


def judged_in_words(trust: TrustRecord, title: str) -> list[str]:
    """Sentences on how a run was judged; `title` is that of its model."""
    return [*evidence_in_words(trust, title), *[_adds_nothing(title)] * trust.adds_nothing]


def evidence_in_words(trust: TrustRecord, title: str) -> list[str]:
    """Genes of each verdict, and what each part of the result explains."""
    genes = ", ".join(f"{n:,} {verdict}" for verdict, n in trust.verdicts.items() if n)
    lines = [f"Judged on {percent(trust.share_hidden)} of the molecules. Genes: {genes}."]
    if trust.gain is not None:
        compared = {
            f"{title} alone": trust.gain_model_alone,
            "the blend without it": trust.gain_without_model,
            f"the best simple method ({trust.baseline})": trust.gain_baseline,
        }
        others = [f"{name} {percent(g, 1)}" for name, g in compared.items() if g is not None]
        whole = "Of the differences that gene mean × depth leaves open, the result explains "
        explained = whole + percent(trust.gain, 1)
        lines.append(f"{explained}; {', '.join(others)}." if others else f"{explained}.")
    return lines


def _adds_nothing(title: str) -> str:
    return f"{title} adds nothing here: the simple predictors explain as much without it."


def is_judged(record: RunRecord) -> bool:
    """Whether the genes of a run have verdicts."""
    return record.trust is not None and bool(record.trust.verdicts)


def adds_nothing(record: RunRecord) -> bool:
    """Whether the blend explains as much without the model that was trained."""
    return record.trust is not None and record.trust.adds_nothing
