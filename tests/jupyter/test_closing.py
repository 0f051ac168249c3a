"""A panel that is closed, or whose cell is run again, listens no longer; others are not touched."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator

import pytest
from jupyter_client import BlockingKernelClient
from jupyter_client.manager import start_new_kernel

from napari_stimpute import Session
from napari_stimpute.job import UNDER_WAY
from napari_stimpute.jupyter import genes, panels, train
from napari_stimpute.jupyter.panel import CLOSED, AllTabs
from napari_stimpute.panels.tabs import TABS
from napari_stimpute.session.autosave import autosave_of


def listeners(session: Session) -> int:
    """How many listen to a session, and to the jobs of this process."""
    signals = (*session.events.signals.values(), session.display.changed, UNDER_WAY.began)
    return sum(len(signal) for signal in signals)


def every_section(session: Session) -> AllTabs:
    shown = panels(session)
    for tab in TABS:
        shown.show_tab(tab.name)
    for folds in (shown.statistics.folds, shown.cells.folds, shown.generate.folds):
        for place in range(len(folds.widget.children)):
            folds.section(place)
    return shown


def test_nothing_of_a_closed_panel_listens(session: Session) -> None:
    autosave_of(session)  # the session's own, whatever shows it
    before = listeners(session)
    shown = every_section(session)
    parts = [shown.tabs, shown.genes.gene.widget, shown.genes.canvas.spots.widget]
    assert listeners(session) > before + 100
    shown.close()
    assert listeners(session) == before
    assert all(part.comm is None for part in parts)
    assert repr(shown) == CLOSED and session.adata is not None


def test_of_two_panels_of_a_session_the_other_stays(session: Session) -> None:
    closed, other = train(session), genes(session)
    closed.close()
    closed.close()  # again: nothing happens
    gene = session.contents.genes[3]
    session.display.gene = gene
    assert other.genes.gene.widget.value == gene


def test_what_was_begun_before_there_was_a_panel_ends_in_it(
    session: Session, until: Callable[..., Awaitable[None]]
) -> None:
    async def cells() -> None:
        session.train("gene_mean")
        shown = genes(session)
        await until(lambda: not session.is_busy)
        assert "gene_mean" in session.contents.runs
        shown.close()

    asyncio.run(cells())


# ---- in a kernel ---------------------------------------------------------------------------------

BEGIN = """
from napari_stimpute import Session
from napari_stimpute.jupyter import data
from IPython.display import display
session = Session()
made = []
def show(panel):
    made.append(panel)
    display(panel)
"""


@pytest.fixture
def kernel() -> Iterator[BlockingKernelClient]:
    manager, client = start_new_kernel()
    yield client
    client.stop_channels()
    manager.shutdown_kernel(now=True)


def run_cell(kernel: BlockingKernelClient, cell: str, code: str) -> str:
    """What is printed by a cell, asked for as JupyterLab does."""
    about = {"code": code, "silent": False, "store_history": True, "user_expressions": {}}
    asked = kernel.session.msg("execute_request", about, metadata={"cellId": cell})
    kernel.shell_channel.send(asked)
    printed, is_over = "", False
    while not is_over:
        message = kernel.get_iopub_msg(timeout=60)
        if message["parent_header"].get("msg_id") == asked["header"]["msg_id"]:
            assert message["msg_type"] != "error", message["content"]
            printed += message["content"].get("text", "")
            is_over = message["content"].get("execution_state") == "idle"
    return printed


def test_a_cell_that_is_run_again_closes_what_it_showed_before(
    kernel: BlockingKernelClient,
) -> None:
    run_cell(kernel, "1", BEGIN)
    for _again in range(2):
        run_cell(kernel, "2", "show(data(session)); show(data(session))")
    run_cell(kernel, "3", "show(data(session))")
    run_cell(kernel, "4", "hidden = data(session)")
    run_cell(kernel, "5", "display(made[3])")
    run_cell(kernel, "2", "show(data(session))")
    run_cell(kernel, "4", "hidden, before = data(session), hidden")
    print_open = "print([panel.comm is not None for panel in [*made, before, hidden]])"
    # the first two are seen no longer, nor the third; the fourth is still seen in the last cell
    open_now = [False, False, False, True, True, True, True, True]
    assert run_cell(kernel, "6", print_open).strip() == str(open_now)
