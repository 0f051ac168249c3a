"""The notebook asks before unsaved results are lost, and offers what was left."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from napari_stimpute.forecast import Plan, needed_memory
from napari_stimpute.jupyter import panels
from napari_stimpute.jupyter.panel import AllTabs
from napari_stimpute.models import model_info
from napari_stimpute.session import autosave
from napari_stimpute.session.autosave import Left, autosave_of
from napari_stimpute.session.session import Session

from ..simulated import simulate_section

Until = Callable[..., Awaitable[None]]


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A place of its own for copies."""
    monkeypatch.setattr(autosave, "folder", lambda: tmp_path / "unsaved")
    return tmp_path / "unsaved"


def is_asking(shown: AllTabs) -> bool:
    return shown.asked.widget.layout.display is None


def test_opening_asks_first_and_goes_on_once_saved(
    until: Until, session: Session, tmp_path: Path, folder: Path
) -> None:
    first, other = tmp_path / "first.h5ad", tmp_path / "other.h5ad"
    session.save(other)

    async def main() -> None:
        shown = panels(session)
        box, asked = shown.data, shown.asked
        assert not is_asking(shown) and "spots" in box.card.widget.value
        session.train("gene_mean", blend=False, judged=False)
        await until(lambda: not session.is_busy)
        assert "Gene mean × depth is in no file yet." in box.unsaved.text
        autosave_of(session).wait(30)
        assert len(list(folder.glob("*.h5ad"))) == 1
        box.path.value = str(other)
        box.open.widget.click()
        assert is_asking(shown) and "would be lost" in asked.words.text
        asked.cancel.widget.click()
        assert not is_asking(shown) and session.unsaved
        box.open.widget.click()
        asked.saving.path.value = str(first)
        asked.saving.button.widget.click()
        await until(lambda: session.path == str(other))
        assert first.exists() and not session.unsaved and not is_asking(shown)
        assert box.save.path.value == "other_imputed.h5ad"
        assert "other.h5ad" in box.card.widget.value
        assert not list(folder.glob("*.h5ad"))

    asyncio.run(main())


def test_fewer_genes_are_opened_only_once_that_is_answered(
    until: Until, monkeypatch: pytest.MonkeyPatch
) -> None:
    session = Session()
    session.open(simulate_section(n_rows=15, n_genes=600), genes="all")
    session.model = "gene_mean"

    async def main() -> None:
        shown = panels(session)
        session.train("gene_mean", blend=False, judged=False)
        await until(lambda: not session.is_busy)
        assert session.adata is not None
        needed = needed_memory(session.adata, Plan("pca", model_info("pca").config()), 500)
        monkeypatch.setattr("napari_stimpute.panels.forecast.free_memory", lambda: needed)
        shown.train.model.value = "pca"
        shown.show_tab("train")
        smaller = shown.train.forecast.smaller.widget
        assert smaller.description == "Model the 500 most variable genes"
        smaller.click()
        assert is_asking(shown) and "would be lost" in shown.asked.words.text
        shown.asked.discard.widget.click()
        await until(lambda: session.adata.n_vars == 500)
        assert not is_asking(shown) and smaller.layout.display == "none"

    asyncio.run(main())


def test_what_was_left_is_offered_beside_open_data(
    session: Session, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    copy = tmp_path / "section.1-0.h5ad"
    copy.touch()
    monkeypatch.setattr(
        "napari_stimpute.panels.data.left",
        lambda: [Left(copy, "section: scZiva")] if copy.exists() else [],
    )
    box = panels(session).data
    title, (opening, discard) = box.left.children[1].children[0], box.left.children[1].children[1:]
    assert "section: scZiva" in title.value and opening.description == "Open"
    discard.click()
    assert not copy.exists() and not box.left.children


def test_a_menu_of_the_card_reads_at_once_and_asks_first(
    until: Until, session: Session, tmp_path: Path
) -> None:
    adata = session.adata
    assert adata is not None
    (library,) = adata.uns["spatial"].values()
    adata.uns["spatial"] = {"A": library, "B": library}
    session.save(tmp_path / "two.h5ad")
    session.open(tmp_path / "two.h5ad")

    async def main() -> None:
        shown = panels(session)
        box = shown.data
        before = session.adata
        box.reading["library"].widget.value = "B"
        assert session.is_busy and box.cancel.widget.layout.display is None
        await until(lambda: not session.is_busy and session.adata is not before)
        assert "B (hires)" in box.card.widget.value
        session.train("gene_mean", blend=False, judged=False)
        await until(lambda: not session.is_busy)
        box.reading["library"].widget.value = "A"
        assert is_asking(shown) and box.reading["library"].widget.value == "B"
        shown.asked.discard.widget.click()
        await until(lambda: not session.is_busy and "A (hires)" in box.card.widget.value)

    asyncio.run(main())
