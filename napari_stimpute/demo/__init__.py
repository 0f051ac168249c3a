"""The demo: one section from file to trusted picture, with everything it shows kept in a folder.

`run_demo` opens the data, judges GMM-VGAE and simple baselines on hidden molecules, trains on all
of them, saves the result, and tells it as a report (`story`) with screenshots of the real window
(`window`).
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from ..config import ModelConfig
from ..errors import NotWritable
from ..words import percent

if TYPE_CHECKING:
    from ..compare.comparison import Comparison
    from ..session.session import Session
    from ..terminal import Teller

MODEL, TITLE = "gmm_vgae", "GMM-VGAE"


@dataclass(frozen=True)
class Demo:
    """What to show.

    Parameters
    ----------
    data : path of an .h5ad file with coordinates; "" simulates the sample section
    out : folder for everything that is written
    config : settings of GMM-VGAE
    genes : which to model, as `session.load` takes it
    """

    data: str
    out: Path
    config: ModelConfig
    genes: str = ""
    seed: int = 0
    device: str = "auto"

    @property
    def name(self) -> str:
        """What the data are called on the page."""
        return Path(self.data).name if self.data else "the simulated sample section"


def run_demo(demo: Demo, tell: Teller, *, window: bool = True) -> Path:
    """Run the whole demo; returns the path of the report.

    Parameters
    ----------
    tell : says what happens, and how long it will take
    window : open napari in the end, where there is a display

    Raises
    ------
    StimputeError : in words, whatever is wrong with data, settings or folder
    KeyboardInterrupt : stopped before anything was learned
    """
    from ..plugin import has_display
    from .story import Story, telling_genes
    from .window import look, screenshots

    result = _prepare(demo)
    session = _open(demo, tell)
    comparison = _compare(demo, session, tell)
    _train(demo, session, tell)
    session.save(result)
    session.save_model(MODEL, demo.out / "model")
    examples = telling_genes(comparison)
    gene = examples[min(1, len(examples) - 1)][0]
    shots = screenshots(result, demo.out / "screenshots", gene, tell)
    report = Story(demo, session, comparison, shots).write()
    tell.say("", f"Wrote {result}", f"Wrote {report}: open it in a browser.")
    if window and has_display():
        tell.say("napari opens now; close its window to end.")
        look(session, gene)
    return report


def _prepare(demo: Demo) -> Path:
    """Make the folder, and check that the result can be written before work is put into it."""
    from ..data.save import check_writable

    try:
        (demo.out / "figures").mkdir(parents=True, exist_ok=True)
        (demo.out / "screenshots").mkdir(exist_ok=True)
    except OSError as error:
        raise NotWritable(
            expected=f"a folder that can be written at {demo.out}",
            found=error.strerror or str(error),
            remedy="Choose another with --out.",
        ) from None
    result = demo.out / "result.h5ad"
    check_writable(result, demo.data or None)
    return result


def _open(demo: Demo, tell: Teller) -> Session:
    from ..models import model_class
    from ..session.session import Session

    session = Session()
    tell.say(f"Opening {demo.name}")
    if demo.data:
        session.open(demo.data, genes=demo.genes)
    else:
        from ..data.simulate import simulate_section

        session.open(simulate_section(seed=0), genes=demo.genes)
    assert session.card is not None and session.adata is not None
    tell.say("", session.card.text(), *session.notes, "")
    model_class(MODEL)(demo.config).check(session.adata)
    return session


def _compare(demo: Demo, session: Session, tell: Teller) -> Comparison:
    """Hide a tenth of the molecules, and see which method predicts them best."""
    from ..compare.contenders import comparison_of
    from ..compare.methods import methods
    from ..compare.standing import rows, verdict
    from ..job import Job
    from ..terminal import follow

    adata = session.adata
    assert adata is not None
    simple = [method.name for method in methods().values() if method.kind == "simple"]
    comparison = comparison_of(
        adata,
        [*simple, MODEL],
        seeds=[demo.seed],
        device=demo.device,
        configs={MODEL: demo.config.model_copy(update={"mode": "denoise"})},
    )
    follow(Job(comparison.steps(), "Judging on hidden molecules"), tell)
    if not any(score.method.name == MODEL for score in comparison.scores):
        raise KeyboardInterrupt
    for row in rows(comparison):
        sentence = f"{percent(row.gain, 1):>8} of the deviance explained" if row.n else row.reason
        tell.say(f"  {row.title:31} {sentence}")
    tell.say(verdict(comparison), "")
    return comparison


def _train(demo: Demo, session: Session, tell: Teller) -> None:
    from ..terminal import follow

    job = session.train(MODEL, demo.config, seed=demo.seed, device=demo.device)
    follow(job, tell)
    if MODEL not in session.contents.runs:
        raise KeyboardInterrupt
    tell.say(*session.contents.record(MODEL).notes)
