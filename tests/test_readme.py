"""The README tells the truth: its code runs, its commands parse, its paths and names exist."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import anndata as ad
import pytest

import napari_stimpute
from napari_stimpute import cli, keys
from napari_stimpute.cli.options import config_of
from napari_stimpute.models import MODELS

from .simulated import simulate_section

ROOT = Path(__file__).resolve().parents[1]
PACKAGE = ROOT / "napari_stimpute"
README = (ROOT / "README.md").read_text(encoding="utf-8")
MEASURED = (ROOT / "tests" / "benchmarks" / "MEASURED.md").read_text(encoding="utf-8")


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```$", README, re.MULTILINE | re.DOTALL)


def chapter(title: str) -> str:
    return README.split(f"\n## {title}\n")[1].split("\n## ")[0]


def first_column(text: str) -> list[str]:
    """Names in backticks in the first cell of each row of a table."""
    cells = re.findall(r"^\| (.*?) \|", text, re.MULTILINE)
    return [name for cell in cells for name in re.findall(r"`([^`]+)`", cell)]


COMMANDS = [
    shlex.split(line, comments=True)[1:]
    for line in "".join(blocks("shell")).splitlines()
    if line.startswith("stimpute ")
]


@pytest.fixture
def beside_the_sample(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Work in an empty folder with a sample section where the README has one, only smaller."""
    (tmp_path / "sample_data").mkdir()
    part = simulate_section(n_rows=15, n_genes=100)[:70, :60]
    part.write_h5ad(tmp_path / "sample_data" / "section.h5ad")
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.slow
def test_python_runs_as_it_stands(
    beside_the_sample: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    names: dict[str, object] = {}
    for block in blocks("python"):
        exec(compile(block, "README.md", "exec"), names)
    printed = capsys.readouterr().out
    assert "Smoothing over the tissue" in printed and "hidden molecules" in printed
    result = ad.read_h5ad(beside_the_sample / "result.h5ad")
    assert result.layers[keys.imputed("gmm_vgae")].shape == result.shape
    assert {keys.cluster("gmm_vgae")} <= set(result.obs)
    assert napari_stimpute.GMMVGAE.load(beside_the_sample / "gmm_vgae_model").is_fitted


def test_every_command_is_shown() -> None:
    assert {argv[0] for argv in COMMANDS} == {
        "models",
        "check",
        "impute",
        "cluster",
        "convert",
        "compare",
        "tune",
        "train",
        "generate",
        "enhance",
        "edit",
        "finetune",
        "demo",
    }


@pytest.mark.parametrize("argv", COMMANDS, ids=" ".join)
def test_command_parses_with_settings_that_exist(argv: list[str]) -> None:
    args = cli.command_parser().parse_args(argv)
    if hasattr(args, "settings"):
        config_of(args)


def test_table_of_models_is_complete_and_true() -> None:
    rows = dict(re.findall(r"^\| `(\w+)` \|(.*)$", chapter("Models"), re.MULTILINE))
    assert list(rows) == list(MODELS)
    for name, row in rows.items():
        needs, gives = [cell.strip() for cell in row.strip("| ").split("|")[-2:]]
        assert gives == ", ".join(MODELS[name].provides)
        assert needs.startswith("counts")
        assert ("spatial" in MODELS[name].needs) == (needs == "counts, coordinates")


def test_table_of_places_names_what_is_written() -> None:
    places = first_column(keys.__doc__ or "")
    assert set(first_column(chapter("What is written into the file"))) <= set(places)
    run = "gmm_vgae"
    assert {
        f'layers["{keys.imputed(run)}"]',
        f'obsm["{keys.embedding(run)}"]',
        f'obs["{keys.cluster(run)}"]',
        f'obsm["{keys.cluster_probability(run)}"]',
        *(f'var["{name}"]' for name in keys.gene_facts(run)),
        f'varm["{keys.weights(run)}"]',
        f'uns["{keys.UNS}"]["{run}"]',
        f'uns["{keys.MODELS}"]["{run}"]',
        f'uns["{keys.GENE_CHOICE}"]',
        f'uns["{keys.ALSO}"]',
        f'uns["{keys.SECTIONS}"]',
        "X",
        "raw",
        f'layers["{keys.X_BEFORE}"]',
        f'obsm["{keys.RAW_BEFORE}"]',
        f'var["{keys.community("scimta")}"]',
        f'obs["{keys.cluster_stability("scamzi")}"]',
        f'varp["{keys.gene_graph("scimta")}"]',
        f'obsp["{keys.cell_graph("scimta")}"]',
        f'layers["{keys.fill_probability("scziva")}"]',
        f'layers["{keys.denoised("scdiffusion")}"]',
        f'layers["{keys.deeper("scdiffusion")}"]',
        *(f'obsm["{keys.space("scimta", kind)}"]' for kind in ("umap", "pca")),
        *(f'obs["scimta_{what}"]' for what in ("pseudotime", "community_1_activity")),
        *(f'obs["scimta_{level}"]' for level in ("type", "subtype")),
        'obs["picked"]',
        'obs["regions"]',
        f'obs["{keys.SYNTHETIC}"]',
        f'uns["{keys.SYNTHETIC}"]',
        f'layers["{keys.BEFORE_EDIT}"]',
        f'var["{keys.EDIT_CHANGE}"]',
        f'var["{keys.trust("edit")}"]',
        *(f'obs["…_transferred{what}"]' for what in ("", "_probability")),
    } == set(places)


def test_map_holds_every_folder_and_top_module_once_and_nothing_else() -> None:
    _heading, *shown = first_column(chapter("Map of the code"))
    inside = [p.parent.relative_to(PACKAGE) for p in PACKAGE.rglob("*/__init__.py")]
    folders = [f"{folder.as_posix()}/" for folder in inside if folder.name]
    modules = [p.name for p in PACKAGE.glob("*.py") if p.name[0] != "_"]
    assert sorted(shown) == sorted(folders + modules)


def test_it_can_be_read_in_one_go() -> None:
    assert len(README.splitlines()) <= 180


def test_headline_numbers_stand_in_what_was_measured() -> None:
    numbers = set(re.findall(r"[−\d][\d.,]*\d|\d", chapter("Measured")))
    assert len(numbers) > 10
    assert numbers <= set(re.findall(r"[−\d][\d.,]*\d|\d", MEASURED))


def paths() -> Iterator[str]:
    """Links and pictures, and what else looks like a path in the repository."""
    yield from re.findall(r"\]\(([^)#:]+)\)", README)
    yield from re.findall(r"\b(?:tests|notebooks|sample_data)/[\w./]*", README)
    yield from (f"napari_stimpute/{n}" for n in re.findall(r"`(\w+\.yaml)`", README))


@pytest.mark.parametrize("path", sorted(set(paths())))
def test_path_exists(path: str) -> None:
    assert (ROOT / path).exists()


def test_make_targets_exist() -> None:
    targets = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    assert {"demo", "test", "bench", "screenshots"} <= set(re.findall(r"make ([a-z]+)", README))
    assert set(re.findall(r"(?:`|    )make ([a-z]+)", README)) <= targets


def test_pictures_are_small() -> None:
    pictures = list((ROOT / "notebooks" / "images").glob("*.png"))
    assert {f"notebooks/images/{p.name}" for p in pictures} <= set(paths())
    assert all(p.stat().st_size < 400_000 for p in pictures)
