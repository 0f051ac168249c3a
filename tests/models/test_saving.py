"""Saved models when the disk, the folder or a part of them is not as it should be."""

from __future__ import annotations

import errno
import json
import os
import shutil
from pathlib import Path

import pytest
import torch
from anndata import AnnData

from napari_stimpute.errors import NotReadable, NotWritable, UnknownName
from napari_stimpute.models.gmm_vgae.model import GMMVGAE
from napari_stimpute.models.simple.baselines import GeneMean


def full_disk(*_: object) -> None:
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def test_a_full_disk_keeps_the_model_that_was_there(
    section: AnnData, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    model = GeneMean().fit(section)
    model.save(tmp_path / "model")
    monkeypatch.setattr(torch, "save", full_disk)
    with pytest.raises(NotWritable, match=r"writing failed.*No space left.*Free some space"):
        model.save(tmp_path / "model")
    assert [p.name for p in tmp_path.iterdir()] == ["model"]
    GeneMean.load(tmp_path / "model")


def test_a_folder_that_is_no_model_is_not_replaced_by_one(section: AnnData, tmp_path: Path) -> None:
    (tmp_path / "thesis").mkdir()
    with pytest.raises(NotWritable, match=r"a new folder, or the folder of a saved model"):
        GeneMean().fit(section).save(tmp_path / "thesis")


@pytest.mark.parametrize("part", ["config.json", "record.json", "weights.pt"])
def test_a_saved_model_with_a_missing_or_damaged_part(
    part: str, section: AnnData, tmp_path: Path
) -> None:
    path = GeneMean().fit(section).save(tmp_path / "model")
    content = (path / part).read_bytes()
    for damaged in (content[: len(content) // 2], b"{}" if part.endswith("json") else b"", None):
        if damaged is None:
            (path / part).unlink()
        else:
            (path / part).write_bytes(damaged)
        with pytest.raises(NotReadable, match=r"(?i)save"):
            GeneMean.load(path)


def test_a_saved_model_of_another_kind_or_with_other_tensors(
    section: AnnData, tmp_path: Path
) -> None:
    path = GeneMean().fit(section).save(tmp_path / "model")
    with pytest.raises(UnknownName, match=r"saved model of this class, but found 'gene_mean'"):
        GMMVGAE.load(path)
    config = json.loads((path / "config.json").read_text())
    (path / "config.json").write_text(json.dumps(config | {"model": "gmm_vgae"}))
    with pytest.raises(NotReadable, match=r"other tensors in weights\.pt"):
        GMMVGAE.load(path)
    shutil.rmtree(path)
    with pytest.raises(NotReadable, match=r"a saved model \(config\.json, record\.json"):
        GMMVGAE.load(path)
