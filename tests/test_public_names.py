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


def test_an_unknown_name_is_refused_as_python_does() -> None:
    with pytest.raises(AttributeError, match="has no attribute 'thick'"):
        napari_stimpute.thick
    assert set(dir(napari_stimpute)) == {*napari_stimpute.__all__, "__version__"}
