"""What may be relied on: the names at the top of the package, which users are shown."""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path

import pytest

import napari_stimpute

ROOT = Path(__file__).resolve().parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")
PLACES = ("napari_stimpute", "napari_stimpute.jupyter")


def code_of(notebook: Path) -> str:
    """Its code cells, without commands to IPython."""
    cells = json.loads(notebook.read_text(encoding="utf-8"))["cells"]
    lines = [line for c in cells if c["cell_type"] == "code" for line in [*c["source"], "\n"]]
    return "".join(line for line in lines if not line.startswith("%"))


SHOWN = {
    "README.md": "".join(re.findall(r"^```python\n(.*?)^```$", README, re.MULTILINE | re.DOTALL)),
    **{path.name: code_of(path) for path in (ROOT / "notebooks").glob("*.ipynb")},
    **{path.name: path.read_text("utf-8") for path in (ROOT / "sample_data").glob("*.py")},
}


def imports(tree: ast.AST) -> Iterator[tuple[str, str]]:
    """Module and name of every import; "" where a module is imported as a whole."""
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom):
            yield from (("." * node.level + (node.module or ""), each.name) for each in node.names)
        elif isinstance(node, ast.Import):
            yield from ((each.name, "") for each in node.names)


@pytest.mark.parametrize("file", SHOWN)
def test_users_are_shown_public_names_only(file: str) -> None:
    ours = [pair for pair in imports(ast.parse(SHOWN[file])) if "napari_stimpute" in pair[0]]
    assert ours
    for module, name in ours:
        assert module in PLACES
        assert name in import_module(module).__all__


def test_table_of_public_names_is_complete() -> None:
    cells = re.findall(r"^\| (.*?) \|", napari_stimpute.__doc__ or "", re.MULTILINE)
    names = [name for cell in cells for name in re.findall(r"`([^`]+)`", cell)]
    assert sorted(names) == sorted([*napari_stimpute.__all__, "jupyter.panels"])


def test_every_public_name_is_the_one_that_type_checkers_see() -> None:
    tree = ast.parse(Path(napari_stimpute.__file__).read_text(encoding="utf-8"))
    (unrun,) = [node for node in tree.body if isinstance(node, ast.If)]
    homes = {name: module for module, name in imports(unrun)}
    assert sorted(homes) == sorted(napari_stimpute.__all__)
    for name, module in homes.items():
        theirs = getattr(import_module(module, "napari_stimpute"), name)
        assert getattr(napari_stimpute, name) is theirs


OURS = re.compile(r"(?:def |class |self\.|cls\.|^|^_\w+, )(_(?!_)\w+)", re.MULTILINE)
"""How the package defines and reads what is private in it."""


def reached(tree: ast.AST) -> Iterator[str]:
    """What is imported, read of other objects than oneself, or replaced by its name."""
    yield from (name for _module, name in imports(tree))
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and not is_oneself(node.value):
            yield node.attr
        elif isinstance(node, ast.Call) and getattr(node.func, "attr", "") == "setattr":
            texts = [a.value for a in node.args[:2] if isinstance(a, ast.Constant)]
            yield from (str(text).rpartition(".")[2] for text in texts)


def is_oneself(node: ast.AST) -> bool:
    if isinstance(node, ast.Call):  # super()
        node = node.func
    return isinstance(node, ast.Name) and node.id in ("self", "cls", "super")


def test_no_test_reaches_for_what_is_private() -> None:
    sources = (path.read_text("utf-8") for path in (ROOT / "napari_stimpute").rglob("*.py"))
    private = {name for source in sources for name in OURS.findall(source)}
    found = {}
    for path in (ROOT / "tests").rglob("*.py"):
        text = path.read_text("utf-8")
        if private & set(re.findall(r"\b_\w+", text)):
            found[path.name] = private & set(reached(ast.parse(text)))
    assert found  # some that only call super()
    assert not {name: reaches for name, reaches in found.items() if reaches}


def test_an_unknown_name_is_refused_as_python_does() -> None:
    with pytest.raises(AttributeError, match="has no attribute 'thick'"):
        napari_stimpute.thick
    assert set(dir(napari_stimpute)) == {*napari_stimpute.__all__, "__version__"}
