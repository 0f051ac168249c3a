"""Two faces, one product: what a panel can do is reached from the window and from a notebook."""

from __future__ import annotations

import ast
import importlib
import inspect
import pkgutil
from functools import cache
from pathlib import Path
from typing import Any

import pytest

import napari_stimpute
from napari_stimpute import jupyter, panels
from napari_stimpute.panels.cells.trajectory import TrajectoryPanel
from napari_stimpute.panels.compare import ComparePanel
from napari_stimpute.panels.edit import EditPanel
from napari_stimpute.panels.enhance import EnhancePanel
from napari_stimpute.panels.generate import GeneratePanel
from napari_stimpute.panels.generators import Generators
from napari_stimpute.panels.genes import GenesPanel
from napari_stimpute.panels.groups import Groups
from napari_stimpute.panels.panel import Panel
from napari_stimpute.panels.tabs import TABS
from napari_stimpute.panels.train import TrainPanel
from napari_stimpute.panels.variable import VariablePanel
from napari_stimpute.session.session import Session

from .editable import with_model

PACKAGE = Path(napari_stimpute.__file__).parent

PLUMBING = {"refresh", "follow", "close"}
"""What keeps every panel up to date: nothing that a person asks for."""

HELD = {"Saving": {"DataPanel", "TrainPanel"}, "AskFirst": {"Page"}}
"""Panels that others hold: they are reached where these are."""

WITHIN = {
    "ForecastPanel.update": "its owner calls it when what is set is something else",
    "Generators.missing": "the sections of its tab ask",
    "Groups.colours": "the sections of its tab ask",
    "Groups.missing": "the sections of its tab ask",
    "Groups.sizes": "the sections of its tab ask",
    "Groups.titled": "the sections of its tab ask",
    "PicksPanel.unsay": "what was said ends with other data",
    "Saving.say": "the tab Data says how saving a model went",
    "TrainPanel.setup": "the search asks what is set",
    "TunePanel.forget": "another model or other data are set",
}
"""What panels ask of one another, and no person asks for."""

ELSEWHERE = {
    "plugin": {
        "AskFirst.save": "the window asks in a dialog, which blocks nothing and knows its answers",
        "AskFirst.discard": "the window asks in a dialog",
        "AskFirst.cancel": "the window asks in a dialog",
        "AskFirst.ask": "the window asks in a dialog",
    },
    "jupyter": {
        "GenesPanel.set_wiped": "the divider lies on the window's canvas",
        "GenesPanel.save_wipe": "the divider lies on the window's canvas",
        "LegendPanel.show_all": "the window's canvas has a menu for it; here a click does the same",
    },
}
"""What one face need not reach, and why."""

SCRIPTS = {
    "hold": "adding genes calls it",
}
"""What of a session is not reached through panels, and why."""


@cache
def kinds() -> tuple[type[Panel[Any]], ...]:
    """Every panel that there is."""
    found = []
    for module in pkgutil.walk_packages(panels.__path__, f"{panels.__name__}."):
        members = inspect.getmembers(importlib.import_module(module.name), inspect.isclass)
        own = [kind for _name, kind in members if kind.__module__ == module.name]
        found += [kind for kind in own if issubclass(kind, Panel) and kind is not Panel]
    return tuple(kind for kind in found if not kind.__subclasses__())


def ours(kind: type) -> list[type]:
    """A class and those it is made from, but for what comes from elsewhere."""
    return [base for base in kind.__mro__ if base.__module__.startswith("napari_stimpute")]


def actions(kind: type) -> list[str]:
    """Public methods of a class, but for what all panels have."""
    members = [member for base in ours(kind) for member in vars(base).items()]
    methods = {name for name, member in members if inspect.isfunction(member)}
    return sorted(name for name in methods - PLUMBING if not name.startswith("_"))


@cache
def files(part: str) -> tuple[tuple[frozenset[str], frozenset[str]], ...]:
    """Of each file of a part of the package: names it imports, and attributes it asks for."""
    found = []
    for path in (PACKAGE / part).rglob("*.py"):
        nodes = list(ast.walk(ast.parse(path.read_text(encoding="utf-8"))))
        imports = (node for node in nodes if isinstance(node, ast.ImportFrom))
        names = frozenset(alias.name for node in imports for alias in node.names)
        asked = frozenset(node.attr for node in nodes if isinstance(node, ast.Attribute))
        found.append((names, asked))
    return tuple(found)


def begun_by_a_button(kind: type) -> set[str]:
    """Actions that a `Work` begins: its button is all that a face needs."""
    trees = [ast.parse(inspect.getsource(base)) for base in ours(kind)]
    calls = (n for tree in trees for n in ast.walk(tree) if isinstance(n, ast.Call))
    given = (key for call in calls for key in call.keywords if key.arg == "begin")
    return {key.value.attr for key in given if isinstance(key.value, ast.Attribute)}


def reached(face: str, kind: type) -> set[str]:
    """Actions of a panel that a face passes clicks on to."""
    holders = {kind.__name__} | HELD.get(kind.__name__, set())
    asked = {attr for names, attrs in files(face) if names & holders for attr in attrs}
    return asked | (begun_by_a_button(kind) if "work" in asked else set())


@pytest.mark.parametrize("face", ["plugin", "jupyter"])
@pytest.mark.parametrize("kind", kinds(), ids=lambda kind: kind.__name__)
def test_every_action_is_reached(face: str, kind: type[Panel[Any]]) -> None:
    excused = {*WITHIN, *ELSEWHERE[face]}
    known = {f"{kind.__name__}.{name}" for name in actions(kind)}
    there = {f"{kind.__name__}.{name}" for name in reached(face, kind)}
    assert known - there - excused == set()


def test_excuses_are_needed() -> None:
    for face, excuses in ELSEWHERE.items():
        for excuse in {*excuses}:
            name, action = excuse.split(".")
            kind = next(kind for kind in kinds() if kind.__name__ == name)
            assert action in actions(kind) and action not in reached(face, kind), excuse


def test_every_action_of_a_session_is_reached_through_panels() -> None:
    asked = {
        attr for part in ("panels", "scene") for _names, attrs in files(part) for attr in attrs
    }
    assert set(actions(Session)) - asked == set(SCRIPTS)


def test_forms_of_a_notebook_leave_every_default_as_it_is() -> None:
    """Limits of number boxes, steps of sliders and entries of menus correct nothing."""
    session = with_model(Session())
    shown = jupyter.panels(session)
    for tab in TABS:
        shown.show_tab(tab.name)
    generators, groups = Generators(session), Groups(session)
    new = shown.generate.folds
    made: list[tuple[Panel[Any], Panel[Any]]] = [
        (shown.compare.panel, ComparePanel(session)),
        (new.section(0).panel, GeneratePanel(session, generators)),
        (new.section(1).panel, EnhancePanel(session, generators)),
        (shown.statistics.folds.section(0).panel, VariablePanel(session)),
        (shown.cells.folds.section(2).panel, TrajectoryPanel(session, groups)),
        (shown.genes.panel, GenesPanel(shown.genes.scene)),
    ]
    for drawn, fresh in made:
        assert drawn.now == fresh.now
    assert shown.edit.panel.now.form == EditPanel(session).now.form
    train = TrainPanel(session)
    assert shown.train.panel.options == train.options
    assert shown.train.panel.form.read() == train.form.read()
