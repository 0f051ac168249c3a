"""`--forecast` says what a run takes, from its file to its result, and writes nothing."""

from __future__ import annotations

from pathlib import Path

import anndata as ad
import pytest

from napari_stimpute.cli import main

TINY = ["--model", "gene_mean", "--forecast", "--quiet"]


def test_time_memory_and_disk_are_told_and_nothing_is_written(
    file: Path, section: ad.AnnData, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["impute", str(file), str(file.parent / "out.h5ad"), *TINY]) == 0
    said = capsys.readouterr().out.splitlines()
    assert said[0] == f"{section.n_obs} spots × {section.n_vars} genes."
    assert [line.split(":")[0] for line in said[1:]] == ["Run", "Memory", "Result"]
    assert [entry.name for entry in file.parent.iterdir()] == [file.name]


def test_a_model_that_is_kept_takes_less_than_the_values(
    file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    asked = ["impute", str(file), str(file.parent / "out.h5ad"), *TINY]
    sizes = []
    for keep in ("values", "model"):
        assert main([*asked, "--keep", keep]) == 0
        sizes.append(capsys.readouterr().out.splitlines()[-1])
    assert sizes[0] != sizes[1]


def test_a_file_larger_than_memory_is_told_by_some_of_its_cells(
    file: Path,
    section: ad.AnnData,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("napari_stimpute.data.readers.elements.CHUNK", 150)
    monkeypatch.setattr("napari_stimpute.forecast.whole.THOROUGH", 60_000)
    options = [*TINY, "--read", "load=disk"]
    assert main(["impute", str(file), str(file.parent / "out.h5ad"), *options]) == 0
    said = capsys.readouterr().out.splitlines()
    assert said[0].startswith(f"{section.n_obs} spots × ")
    assert said[0].endswith("of them from all over the file.")
    assert [line.split(":")[0] for line in said[1:]] == [
        "Opening", "Run", "Memory", "Disk", "Result",
    ]  # fmt: skip


def test_a_folder_is_refused(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["impute", str(file.parent), str(file.parent / "out"), "--forecast"])
    assert ended.value.code == 2
    assert "--forecast is about one file" in capsys.readouterr().err
