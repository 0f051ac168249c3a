from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path

import numpy as np
from anndata import AnnData

from napari_stimpute.jupyter import panels
from napari_stimpute.session.contents import COUNTS
from napari_stimpute.session.session import Session
from napari_stimpute.trust.verdict import badge


def test_it_says_whether_the_gene_can_be_believed(
    until: Callable[..., Awaitable[None]], session: Session
) -> None:
    async def main() -> None:
        genes = panels(session).genes
        assert genes.trust.text == ""
        session.train("pca").wait(60)
        await until(lambda: not session.is_busy)
        found = badge(session.adata, "pca", session.display.gene)
        assert found is not None
        assert found.sentence in genes.trust.text
        assert found.blend in genes.blend.text and genes.made_of.layout.display is None
        session.display.source = COUNTS
        assert genes.trust.text == genes.panel.now.blend
        assert genes.trust.text.startswith("As measured.")

    asyncio.run(main())


def test_it_says_that_a_run_was_not_judged(
    until: Callable[..., Awaitable[None]], session: Session
) -> None:
    async def main() -> None:
        genes = panels(session).genes
        session.train("pca", blend=False, judged=False).wait(60)
        await until(lambda: not session.is_busy)
        assert "not judged" in genes.trust.text

    asyncio.run(main())


def test_an_unknown_name_stays_to_be_mended(session: Session) -> None:
    genes = panels(session).genes
    genes.gene.widget.value = "no such gene"
    assert genes.gene.widget.value == "no such gene"
    assert genes.words.text == genes.panel.now.message.text
    session.display.gene = session.contents.genes[3]
    assert genes.gene.widget.value == session.contents.genes[3]


def test_values_that_a_gene_does_not_have_are_not_offered(section: AnnData) -> None:
    session = Session()
    session.open(section, genes="hvg:20")
    session.train("gene_mean").wait(60)
    genes, contents = panels(session).genes, session.contents
    assert genes.source.widget.value == "gene_mean"
    session.display.gene = next(g for g in contents.genes if not contents.is_modelled(g))
    assert [name for _title, name in genes.source.widget.options] == ["counts", "log"]
    assert genes.source.widget.value == "counts"
    assert genes.trust.text == "Its counts are shown."


def test_a_gene_that_was_not_modelled_is_added_with_one_press(
    until: Callable[..., Awaitable[None]], section: AnnData
) -> None:
    async def main() -> None:
        session = Session()
        session.open(section, genes="hvg:20")
        session.train("mixture").wait(60)
        shown, contents = panels(session), session.contents
        genes = shown.genes
        assert genes.adding.button.layout.display == "none"
        session.display.gene = next(g for g in contents.genes if not contents.is_modelled(g))
        assert f"{session.display.gene} is not among the modelled genes" in genes.lacking.text
        assert genes.adding.button.description == "Add this gene"
        genes.adding.button.click()
        await until(lambda: not session.is_busy)
        assert "was added; the next training learns it" in genes.adding.words.text
        assert genes.lacking.text == "" and genes.adding.button.layout.display == "none"
        assert shown.train.also.value == session.display.gene

    asyncio.run(main())


def test_image_and_spots_are_drawn_as_chosen_here_or_in_the_window(session: Session) -> None:
    genes = panels(session).genes
    look = genes.display
    look.image.value, look.size.value = 80, 50
    assert (session.display.image_opacity, session.display.spot_size) == (0.8, 0.5)
    session.display.image_opacity = 0.1
    assert look.image.value == 10


def test_regions_are_written_and_read_by_their_paths(
    until: Callable[..., Awaitable[None]], session: Session, tmp_path: Path
) -> None:
    async def main() -> None:
        box = panels(session).genes.canvas.regions
        assert box.save.button.widget.disabled
        picked = np.arange(session.adata.n_obs) < 30
        session.display.pick(picked)
        box.save.path.value = box.path.value = str(tmp_path / "edge.geojson")
        box.save.button.widget.click()
        await until(lambda: not session.is_busy)
        assert "edge.geojson" in box.words.text
        session.display.pick(None)
        box.read.widget.click()
        await until(lambda: not session.is_busy)
        np.testing.assert_array_equal(session.display.picked, picked)
        assert "named in “regions”" in box.words.text

    asyncio.run(main())
