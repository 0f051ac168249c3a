"""`stimpute convert`: regions into a column, and groups into regions."""

from __future__ import annotations

from pathlib import Path

import anndata as ad
import pytest
from shapely import box

from napari_stimpute.cli import main
from napari_stimpute.spatial.geojson import read_regions, write_regions
from napari_stimpute.spatial.regions import Region


def half(section: ad.AnnData, folder: Path) -> Path:
    """A file with the left half of a section as a region."""
    points = section.obsm["spatial"]
    (left, top), (right, bottom) = points.min(axis=0), points.max(axis=0)
    return write_regions(
        folder / "left.geojson",
        [Region("left half", box(left, top, (left + right) / 2, bottom))],
    )


def test_regions_become_a_column(file: Path, section: ad.AnnData, tmp_path: Path) -> None:
    out, regions = tmp_path / "out.h5ad", half(section, tmp_path)
    line = ["convert", str(file), str(out), "--regions", str(regions), "--as", "side"]
    assert main(line) == 0
    x = section.obsm["spatial"][:, 0]
    inside = x <= (x.min() + x.max()) / 2
    assert list(ad.read_h5ad(out).obs["side"] == "left half") == list(inside)


def test_the_outlines_of_groups_name_the_same_spots_when_read(
    file: Path, section: ad.AnnData, tmp_path: Path
) -> None:
    groups, out = tmp_path / "domains.geojson", tmp_path / "out.h5ad"
    assert main(["convert", str(file), str(groups), "--groups", "domain", "--unit", "um"]) == 0
    assert read_regions(groups).unit == "um"
    assert main(["convert", str(file), str(out), "--regions", str(groups)]) == 0
    found = ad.read_h5ad(out).obs
    assert list(found["regions"].astype(str)) == list(section.obs["domain"].astype(str))


@pytest.mark.parametrize(
    ("options", "code", "words"),
    [
        (["out.h5ad", "--as", "side"], 2, "--regions FILE, which is not given"),
        (["out.geojson"], 2, "go together"),
        (["out.h5ad", "--groups", "domain"], 2, "go together"),
        (["out.h5ad", "--unit", "um"], 2, "not given"),
        (["out.geojson", "--groups", "domian"], 1, "Did you mean 'domain'"),
        (["left.geojson", "--groups", "domain", "--regions", "left.geojson"], 1, "another file"),
        (["out.h5ad", "--regions", "left.geojson", "--as", "domain"], 2, "not there yet"),
        (["out.h5ad", "--regions", "left.geojson", "--unit", "um"], 1, "regions that hold spots"),
    ],
)
def test_what_cannot_be_is_a_sentence(
    file: Path,
    section: ad.AnnData,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    options: list[str],
    code: int,
    words: str,
) -> None:
    regions = half(section, tmp_path)
    if "um" in options and "--regions" in options:
        (region,) = read_regions(regions).found
        write_regions(regions, [Region("far", region.area.buffer(1).boundary.buffer(1e-3))])
    monkeypatch.chdir(tmp_path)
    try:
        found = main(["convert", file.name, *options])
    except SystemExit as ended:
        found = ended.code
    assert found == code
    assert words in capsys.readouterr().err
    assert not Path(tmp_path, "out.h5ad").exists() and not Path(tmp_path, "out.geojson").exists()
