from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from napari_stimpute.jupyter import panels
from napari_stimpute.session.contents import COUNTS
from napari_stimpute.session.session import Session
from napari_stimpute.trust.verdict import badge


def test_the_overlay_says_whether_the_gene_can_be_believed(
    until: Callable[..., Awaitable[None]], session: Session
) -> None:
    async def main() -> None:
        overlay = panels(session).overlay
        assert overlay.trust.text == ""
        session.train("pca").wait(60)
        await until(lambda: not session.is_busy)
        found = badge(session.adata, "pca", session.display.gene)
        assert found is not None
        assert found.sentence in overlay.trust.text
        assert found.blend in overlay.trust.text
        session.display.source = COUNTS
        assert overlay.trust.text == ""

    asyncio.run(main())


def test_the_overlay_says_that_a_run_was_not_judged(
    until: Callable[..., Awaitable[None]], session: Session
) -> None:
    async def main() -> None:
        overlay = panels(session).overlay
        session.train("pca", blend=False, judged=False).wait(60)
        await until(lambda: not session.is_busy)
        assert "not judged" in overlay.trust.text

    asyncio.run(main())
