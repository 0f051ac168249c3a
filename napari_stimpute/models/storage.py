"""Models as folders: written whole or not at all, and checked before anything of them is used.

A folder holds ``config.json`` (model and settings), ``record.json`` (how it was fitted) and
``weights.pt`` (plain tensors, no pickle). Nothing else is ever replaced or removed.
"""

from __future__ import annotations

import hashlib
import json
import os
import pickle
import secrets
import shutil
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Annotated, Any

import torch
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError

from ..data.files import flush, full_path, holding_signals
from ..errors import NotReadable, NotWritable, UnsafeFile
from ..words import lower_first
from .configs import MODELS

_CONFIG, _RECORD, _WEIGHTS = _PARTS = ("config.json", "record.json", "weights.pt")
_KINDS = (
    torch.float16,
    torch.float32,
    torch.float64,
    torch.int64,
    torch.int32,
    torch.uint8,
    torch.bool,
)
_PER_GENE = (
    "gene_scale",
    "common_scale",
    "gene_share",
    "mean",
    "input.mean",
    "theta",
    "own_share",
    "communities",
)
"""Tensors that hold one value per modelled gene."""
_GENES_LAST = ("loadings", "label_scale", "input.loadings", "views.loadings", "low_rank", "rule")
"""Tensors whose columns are the modelled genes."""
_WHOLE = (
    "titles",
    "batches",
    "label_sets",
    "replay.",
    "communities",
    "clusters.",
    "smoothing",
    "is_pruned",
    "domains.hops",
)
"""How the names of tensors begin that hold whole numbers; those of networks are known to them."""


def _all_different(names: list[str]) -> list[str]:
    if len(set(names)) < len(names):
        raise ValueError("a gene is named twice")
    return names


class Past(BaseModel):
    """How a model was fitted; ``history`` holds a row per reported epoch."""

    model_config = ConfigDict(strict=True, extra="forbid", ser_json_inf_nan="constants")

    var_names: Annotated[list[str], Field(min_length=1), AfterValidator(_all_different)]
    seed: int = Field(ge=0)
    device: str
    completed: bool
    notes: list[str]
    history: list[dict[str, Any]]


class Config(BaseModel):
    """Which model it is, and its settings."""

    model_config = ConfigDict(strict=True, extra="forbid")

    model: str
    config: dict[str, Any]
    digest: str = ""
    """Of all weights, by which it is seen whether they were altered; "" in older folders."""


def check_folder(path: str | os.PathLike[str]) -> Path:
    """The folder in which a model can be saved: a new one, or that of a saved model.

    Raises
    ------
    NotWritable : a file, or a folder that holds anything else, or a place that cannot be written
    """
    target = full_path(path)
    if target.exists() and not _is_model(target):
        raise NotWritable(
            expected="a new folder, or the folder of a saved model and nothing else",
            found=f"something else at {target}",
            remedy="Choose another name.",
        )
    above = next(folder for folder in target.parents if folder.exists())
    if not above.is_dir() or not os.access(above, os.W_OK | os.X_OK):
        raise _not_written(target, f"no permission to write in {above}")
    return target


def save_folder(
    path: str | os.PathLike[str], config: Config, past: Past, state: Mapping[str, torch.Tensor]
) -> Path:
    """Write a model beside its place, then put it there; what was there before stays until then.

    Raises
    ------
    NotWritable : as `check_folder`, or the disk is full
    """
    target = check_folder(path)
    aside = f".{target.name[:80]}.{os.getpid()}-{secrets.token_hex(4)}"
    draft, old = target.with_name(f"{aside}.part"), target.with_name(f"{aside}.old")
    with holding_signals():
        try:
            draft.mkdir(parents=True)
            plain = {name: tensor.detach().cpu().contiguous() for name, tensor in state.items()}
            signed = config.model_copy(update={"digest": _digest(plain)})
            (draft / _CONFIG).write_text(signed.model_dump_json(indent=1))
            (draft / _RECORD).write_text(past.model_dump_json())
            torch.save(plain, draft / _WEIGHTS)
            for part in _PARTS:
                flush(draft / part)
            _put_in_place(draft, target, old)
        except (OSError, RuntimeError) as error:  # torch raises the second when the disk is full
            reason = getattr(error, "strerror", None) or "the disk may be full"
            raise _not_written(target, f"that writing failed ({reason})") from error
        finally:
            shutil.rmtree(draft, ignore_errors=True)
    return target


def load_folder(
    path: str | os.PathLike[str],
) -> tuple[Config, Past, dict[str, torch.Tensor]]:
    """Read a saved model, without running any code of it; tensors are on the CPU, and finite.

    Raises
    ------
    NotReadable : no saved model, or one that is damaged
    UnsafeFile : a pickle in place of tensors
    """
    folder = full_path(path, NotReadable)
    try:
        config = Config.model_validate_json((folder / _CONFIG).read_bytes())
        past = Past.model_validate_json((folder / _RECORD).read_bytes())
    except OSError as error:
        part = Path(error.filename or folder).name
        raise not_a_model(folder, f"{part}: {lower_first(error.strerror or str(error))}") from None
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(map(str, first["loc"]))
        raise not_a_model(folder, f"{place or error.title}: {first['msg']}") from None
    state = _tensors(folder / _WEIGHTS)
    for name, tensor in state.items():
        if fault := _fault(name, tensor, len(past.var_names)):
            raise not_a_model(folder, f"{fault} in {_WEIGHTS}")
    return config, past, state


def check_unaltered(folder: Path, config: Config, state: Mapping[str, torch.Tensor]) -> None:
    """Refuse weights that are sound but not those that were saved (`NotReadable`)."""
    if config.digest and _digest(state) != config.digest:
        raise not_a_model(folder, f"other numbers in {_WEIGHTS} than were saved")


def not_a_model(folder: Path, found: str) -> NotReadable:
    """Error for a folder that is no saved model."""
    return NotReadable(
        expected=f"a saved model ({', '.join(_PARTS)}) at {folder}",
        found=found,
        remedy="Choose a folder written by model.save(), or save the model again.",
    )


def _is_model(folder: Path) -> bool:
    """Whether a folder holds a saved model, and nothing besides."""
    if not folder.is_dir() or {part.name for part in folder.iterdir()} - {*_PARTS}:
        return False
    with suppress(OSError, ValueError, TypeError, AttributeError):
        return json.loads((folder / _CONFIG).read_bytes()).get("model") in MODELS
    return False


def _digest(state: Mapping[str, torch.Tensor]) -> str:
    """Checksum (SHA-256) of names, types, shapes and values."""
    found = hashlib.sha256()
    for name, tensor in sorted(state.items()):
        found.update(f"{name} {tensor.dtype} {tuple(tensor.shape)}".encode())
        found.update(tensor.reshape(-1).view(torch.uint8).numpy().tobytes())
    return found.hexdigest()


def _put_in_place(draft: Path, target: Path, old: Path) -> None:
    if not target.exists():
        draft.rename(target)
        return
    target.rename(old)
    try:
        draft.rename(target)
    except OSError:
        old.rename(target)
        raise
    shutil.rmtree(old, ignore_errors=True)


def _fault(name: str, tensor: Any, n_genes: int) -> str:
    if not isinstance(tensor, torch.Tensor) or tensor.layout != torch.strided:
        return f"{name!r}, which is no dense tensor,"
    if tensor.is_meta or not tensor.is_contiguous():
        return f"{name!r}, which holds fewer values than it claims,"
    is_whole = name.startswith((*_WHOLE, "network."))
    if tensor.dtype not in _KINDS or not (tensor.is_floating_point() or is_whole):
        return f"{name!r} of another type ({str(tensor.dtype).removeprefix('torch.')})"
    if tensor.is_floating_point() and not bool(torch.isfinite(tensor).all()):
        return f"NaN or infinity in {name!r}"
    is_per_gene, is_last = name in _PER_GENE, name in _GENES_LAST
    if (is_per_gene and tensor.shape != (n_genes,)) or (
        is_last and tensor.shape[-1:] != (n_genes,)
    ):
        return f"{name!r} for other genes than the {n_genes:,} of {_RECORD}"
    return ""


def _tensors(path: Path) -> dict[str, torch.Tensor]:
    try:
        state = torch.load(path, map_location="cpu", weights_only=True)
        return {str(name): tensor for name, tensor in state.items()}
    except pickle.UnpicklingError as error:
        raise UnsafeFile(
            expected=f"plain tensors in {_WEIGHTS}",
            found="a pickle that could run code",
            remedy="Do not open it unless you trust where it comes from; ask for model.save().",
        ) from error
    except (OSError, RuntimeError, EOFError, AttributeError, ValueError, KeyError) as error:
        found = getattr(error, "strerror", None) or "something else, or damage"
        raise NotReadable(
            expected=f"tensors in {_WEIGHTS}", found=found, remedy="Save the model again."
        ) from error


def _not_written(target: Path, found: str) -> NotWritable:
    return NotWritable(
        expected=f"to write {target}",
        found=found,
        remedy="Free some space, or choose another place; what was there before is kept.",
    )
