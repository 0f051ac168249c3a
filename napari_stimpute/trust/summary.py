"""What a run was judged, in sentences: genes per verdict, and what each part of it is worth."""

from __future__ import annotations

from ..data.records import RunRecord, TrustRecord
from ..words import percent


def run_in_words(record: RunRecord) -> list[str]:
    """Sentences on how far a run can be believed; the first names the run."""
    trust, title = record.trust, record.title
    if trust is None or not is_judged(record):
        return [f"{title} was not judged on hidden molecules: its genes have no verdict."]
    genes = ", ".join(f"{n:,} {verdict}" for verdict, n in trust.verdicts.items() if n)
    lines = [f"{title}, judged on {percent(trust.share_hidden)} of the molecules. Genes: {genes}."]
    if trust.gain is not None:
        lines.append(_gains(title, trust))
    if adds_nothing(record):
        lines.append(
            f"{title} adds nothing here: the simple predictors explain as much without it."
        )
    return lines


def judged_in_words(record: TrustRecord, title: str) -> str:
    """The outcome of judging a run, for its notes; `title` is that of the model."""
    counts = ", ".join(f"{n:,} {verdict}" for verdict, n in record.verdicts.items())
    text = f"Judged on {percent(record.share_hidden)} of the molecules, hidden from all: {counts}."
    if record.gain is None:
        return text
    text += (
        f" Of the deviance that gene mean × depth leaves, {percent(record.gain, 2)} is explained"
    )
    if record.gain_model_alone is not None and record.gain_without_model is not None:
        text += (
            f"; by {title} alone {percent(record.gain_model_alone, 2)}, by the simple methods "
            f"without it {percent(record.gain_without_model, 2)}"
        )
    if record.gain_baseline is not None:
        best = f"the best simple method by itself ({record.baseline})"
        text += f", by {best} {percent(record.gain_baseline, 2)}"
    nothing = f" {title} adds nothing here: simple methods explain as much without it."
    return text + "." + nothing * record.adds_nothing


def is_judged(record: RunRecord) -> bool:
    """Whether the genes of a run have verdicts."""
    return record.trust is not None and bool(record.trust.verdicts)


def adds_nothing(record: RunRecord) -> bool:
    """Whether the blend explains as much without the model that was trained."""
    return record.trust is not None and record.trust.adds_nothing


def _gains(title: str, trust: TrustRecord) -> str:
    compared = {
        f"{title} alone": trust.gain_model_alone,
        "the blend without it": trust.gain_without_model,
        f"the best simple method ({trust.baseline})": trust.gain_baseline,
    }
    others = [f"{name} {percent(g, 1)}" for name, g in compared.items() if g is not None]
    whole = "Of the differences that gene mean × depth leaves open, the result explains"
    explained = f"{whole} {percent(trust.gain or 0.0, 1)}"
    return f"{explained}; {', '.join(others)}." if others else f"{explained}."
