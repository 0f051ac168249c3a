"""The tabs in order, and whose work shows on which."""

from __future__ import annotations

from dataclasses import dataclass

from ..scene.maps import MAPPING
from ..session.adding import ADD
from ..session.samples import SAMPLE
from ..session.session import OPEN, SAVE, TRAIN, Session
from .panel import Panel


@dataclass(frozen=True)
class Tab:
    """A tab: ``owners`` are those of the jobs whose progress and errors are shown there."""

    name: str
    title: str
    help: str
    owners: tuple[str, ...] = ()


TABS = (
    Tab("data", "Data", "Open data, see what was found, save.", (OPEN, SAVE, SAMPLE)),
    Tab(
        "genes",
        "Genes",
        "Look at genes on the tissue, and whether to believe them.",
        (MAPPING, ADD),
    ),
    Tab("train", "Train", "Train a model that imputes them.", (TRAIN, "tune")),
    Tab(
        "statistics",
        "Statistics",
        "Variable genes, spatial patterns, and differences between groups.",
        ("variable", "patterns", "differences"),
    ),
    Tab(
        "cells",
        "Cells",
        "Markers, names, order, batches and gene communities.",
        ("markers", "names", "transfer", "trajectory", "batches", "communities"),
    ),
    Tab(
        "generate",
        "Generate",
        "New cells of wished types and conditions, by a trained scDiffusion.",
        ("generate", "enhance"),
    ),
    Tab(
        "edit",
        "Edit",
        "Cells as they might be: another condition, or genes changed.",
        ("edit", "save edited"),
    ),
    Tab(
        "compare",
        "Compare",
        "Score all methods on hidden molecules.",
        ("compare", "report"),
    ),
)


STATISTICS = ("Variable genes", "Spatial patterns", "Differences between groups")
CELLS = ("Markers", "Names", "Trajectory", "Batches", "Gene communities")
GENERATE = ("New cells", "Enhance")
"""Titles of the sections of these tabs, of which one is open."""


class Tabs(Panel[tuple[str, ...]]):
    """Titles of the tabs, with a sign where something is at work or went wrong."""

    def __init__(self, session: Session) -> None:
        super().__init__(session)
        self.follow(session.events.job, session.events.adata, session.events.problem)
        self.refresh()

    def _resolve(self) -> tuple[str, ...]:
        session, job = self.session, self.session.job
        if session.is_busy and job is not None:
            owner, sign = job.owner, " …"
        else:
            owner, sign = session.at_fault, " !" if session.problem else ""
        return tuple(tab.title + sign * (owner in tab.owners) for tab in TABS)
