"""Saved models when the disk, the folder or a part of them is not as it should be."""

from __future__ import annotations

import errno
import json
import os
import shutil
import signal
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from anndata import AnnData

from napari_stimpute import Mixture
from napari_stimpute.errors import InvalidSetting, NotReadable, NotWritable
from napari_stimpute.models.base import Model
from napari_stimpute.models.gmm_vgae.model import GMMVGAE
from napari_stimpute.models.scziva import ScZiva
from napari_stimpute.models.simple.baselines import GeneMean
from napari_stimpute.models.storage import check_folder

from ..simulated import simulate_section


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
    with pytest.raises(NotReadable, match=r"a saved GMM-VGAE at .*, but found one of Gene mean"):
        GMMVGAE.load(path)
    config = json.loads((path / "config.json").read_text())
    (path / "config.json").write_text(json.dumps(config | {"model": "gmm_vgae"}))
    with pytest.raises(NotReadable, match=r"other tensors in weights\.pt"):
        GMMVGAE.load(path)
    shutil.rmtree(path)
    with pytest.raises(NotReadable, match=r"a saved model \(config\.json, record\.json"):
        GMMVGAE.load(path)


@pytest.mark.parametrize("config", ["{}", '{"model": "gene_mean", "config": {}}'])
def test_nothing_foreign_is_ever_replaced(config: str, section: AnnData, tmp_path: Path) -> None:
    folder = tmp_path / "project"
    folder.mkdir()
    (folder / "config.json").write_text(config)
    (folder / "thesis.txt").write_text("three years")
    for act in (check_folder, GeneMean().fit(section).save):
        with pytest.raises(NotWritable, match="and nothing else, but found something else"):
            act(folder)
    assert (folder / "thesis.txt").read_text() == "three years"
    assert (folder / "config.json").read_text() == config


def test_a_model_that_cannot_take_its_place_leaves_the_one_before(
    section: AnnData, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    model, rename = GeneMean().fit(section), Path.rename
    path = model.save(tmp_path / "model")
    before = (path / "record.json").read_bytes()

    def failing(self: Path, target: Path) -> Path:
        if self.suffix == ".part":
            full_disk()
        return rename(self, target)

    monkeypatch.setattr(Path, "rename", failing)
    with pytest.raises(NotWritable, match="what was there before is kept"):
        model.save(path)
    assert (path / "record.json").read_bytes() == before
    assert [p.name for p in tmp_path.iterdir()] == ["model"]


def test_ctrl_c_waits_until_a_model_is_in_its_place(
    section: AnnData, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    model, save = GeneMean().fit(section), torch.save

    def interrupted(*args: object) -> None:
        signal.raise_signal(signal.SIGINT)
        save(*args)

    monkeypatch.setattr(torch, "save", interrupted)
    with pytest.raises(KeyboardInterrupt):
        model.save(tmp_path / "model")
    assert GeneMean.load(tmp_path / "model").var_names_ == model.var_names_
    assert [p.name for p in tmp_path.iterdir()] == ["model"]


def spoil(path: Path, **changes: object) -> None:
    """Change parts of a JSON file."""
    path.write_text(json.dumps(json.loads(path.read_text()) | changes))


@pytest.mark.parametrize(
    ("part", "changes"),
    [
        ("record.json", {"var_names": 3}),
        ("record.json", {"var_names": ["one"]}),
        ("record.json", {"var_names": ["one"] * 60}),
        ("record.json", {"seed": "0"}),
        ("record.json", {"history": {}}),
        ("record.json", {"more": 1}),
        ("config.json", {"config": {"config": {}}}),
        ("config.json", {"config": [1]}),
        ("config.json", {"model": None}),
    ],
)
def test_settings_and_record_of_a_saved_model_are_checked(
    part: str, changes: dict[str, object], section: AnnData, tmp_path: Path
) -> None:
    path = GeneMean().fit(section).save(tmp_path / "model")
    spoil(path / part, **changes)
    with pytest.raises((NotReadable, InvalidSetting)):
        GeneMean.load(path)


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        (lambda t: t * float("nan"), "NaN or infinity in 'gene_share'"),
        (lambda t: t.to(torch.complex64), "'gene_share' of another type .complex64."),
        (lambda t: t[:3], "'gene_share' for other genes than the 60"),
        (lambda t: t.long(), "'gene_share' of another type .int64."),
        (lambda t: t.to("meta"), "'gene_share', which holds fewer values than it claims"),
        (lambda t: t[:1].expand(60), "'gene_share', which holds fewer values than it claims"),
        (lambda t: t.to_sparse(), "'gene_share', which is no dense tensor"),
        (lambda t: t.tolist(), "'gene_share', which is no dense tensor"),
    ],
    ids=["nan", "complex", "short", "whole", "meta", "expanded", "sparse", "list"],
)
def test_tensors_of_a_saved_model_are_checked(
    changed: Callable[[torch.Tensor], object], words: str, section: AnnData, tmp_path: Path
) -> None:
    path = GeneMean().fit(section).save(tmp_path / "model")
    state = torch.load(path / "weights.pt", weights_only=True)
    torch.save({"gene_share": changed(state["gene_share"])}, path / "weights.pt")
    with pytest.raises(NotReadable, match=words):
        GeneMean.load(path)


@pytest.mark.parametrize("change", ["integers", "one more", "transposed"])
def test_networks_of_a_saved_model_are_checked(
    change: str, section: AnnData, tmp_path: Path
) -> None:
    model = ScZiva.preset("tiny", epochs=1).fit(section, device="cpu")
    path = model.save(tmp_path / "model")
    state = torch.load(path / "weights.pt", weights_only=True)
    name = next(n for n, t in state.items() if n[:8] == "network." and len(set(t.shape)) == 2)
    if change == "one more":
        state["network.more"] = torch.zeros(2)
    else:
        state[name] = state[name].long() if change == "integers" else state[name].T.contiguous()
    torch.save(state, path / "weights.pt")
    with pytest.raises(NotReadable, match=r"other tensors in weights\.pt"):
        ScZiva.load(path, device="cpu")


@pytest.mark.parametrize(
    ("model", "name", "value"),
    [
        (ScZiva, "clusters.labels", 10**9),
        (ScZiva, "clusters.labels", -1),
        (ScZiva, "clusters.n", 10**9),
        (ScZiva, "clusters.n", 0),
        (Mixture, "titles", 0),
        (Mixture, "titles", 255),
    ],
)
def test_whole_numbers_of_a_saved_model_are_checked(
    model: type[Model], name: str, value: int, section: AnnData, tmp_path: Path
) -> None:
    settings = {"epochs": 1} if model is ScZiva else {}
    path = (
        model.preset("tiny" if settings else "default", **settings)
        .fit(section)
        .save(tmp_path / "m")
    )
    state = torch.load(path / "weights.pt", weights_only=True)
    state[name] = torch.full_like(state[name], value)
    torch.save(state, path / "weights.pt")
    with pytest.raises(NotReadable, match=r"other tensors in weights\.pt than such a model has"):
        model.load(path, device="cpu")


def test_weights_that_were_altered_are_refused(tmp_path: Path) -> None:
    folder = tmp_path / "model"
    GeneMean().fit(simulate_section(n_rows=15, n_genes=100)).save(folder)
    state = torch.load(folder / "weights.pt", weights_only=True)
    name = next(name for name, tensor in state.items() if tensor.is_floating_point())
    state[name] = state[name] * 1.5  # as plausible as before
    torch.save(state, folder / "weights.pt")
    with pytest.raises(NotReadable, match=r"other numbers in weights\.pt than were saved"):
        GeneMean.load(folder)
