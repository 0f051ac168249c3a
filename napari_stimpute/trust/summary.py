"""What a run was judged, in sentences: genes per verdict, and what each part of it is worth."""

from __future__ import annotations

from ..data.records import RunRecord, TrustRecord
from ..words import lower_first, percent


def run_in_words(record: RunRecord) -> list[str]:
    """Sentences on how far a run can be believed; the first names the run."""
    trust, title = record.trust, record.title
    if trust is None or not trust.verdicts:
        return [f"{title} was not judged on hidden molecules: its genes have no verdict."]
    first, *others = judged_in_words(trust, title)
    return [f"{title}, {lower_first(first)}", *others]


def judged_in_words(trust: TrustRecord, title: str) -> list[str]:
    """Sentences on how a run was judged; `title` is that of its model."""
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
    if trust.adds_nothing:
        lines.append(
            f"{title} adds nothing here: the simple predictors explain as much without it."
        )
    return lines


def is_judged(record: RunRecord) -> bool:
    """Whether the genes of a run have verdicts."""
    return record.trust is not None and bool(record.trust.verdicts)


def adds_nothing(record: RunRecord) -> bool:
    """Whether the blend explains as much without the model that was trained."""
    return record.trust is not None and record.trust.adds_nothing
