"""Every model on a pretended accelerator: no step may mix two devices, need float64, or wait."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator
from pathlib import Path

import numpy as np
import pytest
import torch
from anndata import AnnData
from torch import Tensor

from napari_stimpute.models import MODELS, model_class, model_info
from napari_stimpute.models.base import Model
from napari_stimpute.models.protocols import FillsZeros, FindsCommunities
from napari_stimpute.models.scziva import ScZiva
from napari_stimpute.models.training import HiddenMolecules
from napari_stimpute.nn.determinism import deterministically
from napari_stimpute.progress import Progress, drain
from napari_stimpute.run import Request, Run

from .conftest import N_COLUMNS, N_ROWS, make_section, results
from .pretend_gpu import NAME, PretendGPU

DEEP = ["gmm_vgae", "scziva", "scamzi", "scimta", "scdiffusion"]
"""Models with a network; the others compute on the host whatever the device."""

N_STEPS = 4
"""Of an epoch, each a pass over the spots."""

SHORT = {
    "batch_size": N_ROWS * N_COLUMNS // N_STEPS,
    "epochs": 2,
    "mixture_epochs": 1,
    "finetune_epochs": 1,
    "cluster_epochs": 1,
    "decoder_epochs": 1,
    "least_steps": 1,
    "diffusion_steps": 2 * N_STEPS,
    "batch_key": "half",
}
"""As few steps as reach every phase, and a second epoch after one that was kept."""

VARIANTS = [
    ("gmm_vgae", {"likelihood": "gaussian", "smoothing": "none", "prune": False}),
    ("gmm_vgae", {"mode": "fill", "smoothing": "neighbours", "refine": True}),
    ("scziva", {"likelihood": "nb", "ordering": "none", "auxiliary_weight": 0.0}),
    ("scziva", {"mode": "fill", "n_clusters": 0, "ordering": "data"}),
    ("scamzi", {"attention": False, "zero_inflation": False, "kl_weight": 0.0}),
    ("scamzi", {"mode": "fill", "finetune_epochs": 0}),
    ("scimta", {"communities": False, "n_hidden": 16, "batch_key": ""}),
    ("scimta", {"mode": "fill", "graph_weight": 0.0}),
    ("scdiffusion", {"condition": "half", "process": "v", "likelihood": "zinb"}),
    ("scdiffusion", {"likelihood": "bernoulli", "process": "ve"}),
    ("scdiffusion", {"likelihood": "poisson", "process": "sub_vp"}),
    ("scdiffusion", {"likelihood": "gaussian", "process": "vp"}),
]


def in_halves() -> AnnData:
    """The section, as two batches that lie side by side."""
    section = make_section()
    section.obs["half"] = np.where(np.arange(section.n_obs) % 2, "left", "right")
    return section


def short(name: str, **settings: object) -> Model:
    """An unfitted model that learns for a few steps."""
    known = model_info(name).config.model_fields
    brief = {key: value for key, value in SHORT.items() if key in known}
    return model_class(name).preset("tiny", **(brief | settings))


@pytest.fixture
def gpu(monkeypatch: pytest.MonkeyPatch) -> Iterator[PretendGPU]:
    """An accelerator without float64 that "auto" picks, as on Apple's computers."""
    monkeypatch.setattr(
        "napari_stimpute.models.base.resolve_device",
        lambda device="auto": NAME if device == "auto" else device,
    )
    with PretendGPU() as pretended:
        yield pretended


def everything(model: Model, adata: AnnData) -> dict[str, np.ndarray]:
    """Everything a model can be asked for."""
    found = results(model, adata)
    if isinstance(model, FillsZeros):
        found["fills"] = model.fills(adata)
        found["dropout"] = np.nan_to_num(model.dropout_probability(adata))
    if isinstance(model, FindsCommunities):
        found["communities"] = model.communities()
        found["genes"] = model.gene_graph().toarray()
        found["cells"] = model.cell_graph(adata).toarray()
    if isinstance(model, ScZiva):
        found["spread"] = model.spread(adata, n_samples=3)
    return found


def assert_close(found: dict[str, np.ndarray], wanted: dict[str, np.ndarray]) -> None:
    assert found.keys() == wanted.keys()
    for key, array in wanted.items():
        # the optimiser's many small operators are fused on the CPU, where last digits differ
        np.testing.assert_allclose(found[key], array, rtol=1e-3, atol=1e-4, err_msg=key)


def waits_in_unread_steps(model: Model, adata: AnnData, gpu: PretendGPU) -> list[int]:
    """How often the host waited in each step but the first and last of an epoch, which are read."""
    by_epoch: dict[tuple[str, int], list[int]] = {}
    before = 0
    for progress in model.fit_steps(adata):
        if progress.epoch:
            waits = by_epoch.setdefault((progress.phase, progress.epoch), [])
            waits.append(gpu.waits.total() - before)
        before = gpu.waits.total()
    found = [waits for epoch in by_epoch.values() for waits in epoch[1:-1]]
    assert found
    return found


# ---- every model -------------------------------------------------------------------------------


def test_a_run_fits_judges_imputes_clusters_embeds_and_is_kept_on_the_device(
    name: str, gpu: PretendGPU, tmp_path: Path
) -> None:
    adata = in_halves()
    run = Run(adata, Request(name, short(name).config))
    drain(run.steps())
    assert run.results is not None and run.results.record.trust is not None
    assert run.results.record.device == NAME
    given = (run.results.imputed, run.results.embedding, run.results.clusters)
    assert sum(array is not None for array in given) == len(MODELS[name].provides)
    assert all(np.isfinite(array).all() for array in given if array is not None)
    found = everything(run.model, adata)
    path = run.model.save(tmp_path / "model")
    n_operators = []
    for device in (NAME, "cpu"):
        before = gpu.n_operators
        again = type(run.model).load(path, device=device)
        assert again.device_ == device
        assert_close(everything(again, adata), found)
        n_operators.append(gpu.n_operators - before)
    assert (n_operators[0] > 0) == (name in DEEP)
    assert n_operators[1] == 0


@pytest.mark.parametrize("name", DEEP)
def test_a_device_learns_what_the_cpu_learns_and_is_seldom_waited_for(
    name: str, gpu: PretendGPU
) -> None:
    adata, model = in_halves(), short(name)
    assert not any(waits_in_unread_steps(model, adata, gpu))
    n_operators = gpu.n_operators
    on_cpu = short(name).fit(adata, device="cpu")
    found = everything(on_cpu, adata)
    assert gpu.n_operators == n_operators
    assert_close(everything(model, adata), found)


@pytest.mark.parametrize(("name", "settings"), VARIANTS)
def test_no_setting_mixes_devices_or_waits_in_a_step(
    name: str, settings: dict[str, object], gpu: PretendGPU
) -> None:
    adata, model = in_halves(), short(name, **settings)
    assert not any(waits_in_unread_steps(model, adata, gpu))
    found = everything(model, adata)
    assert all(np.isfinite(array).all() for array in found.values())


VARIED = [(name, {}) for name in DEEP] + VARIANTS


@pytest.mark.parametrize(("name", "settings"), VARIED)
def test_every_step_has_a_deterministic_algorithm(
    name: str, settings: dict[str, object], gpu: PretendGPU
) -> None:
    adata, model = in_halves(), short(name, **settings)
    drain(deterministically(model.fit_steps(adata)))
    assert not gpu.undetermined


@pytest.mark.parametrize("name", DEEP)
def test_a_stopped_training_is_used_on_the_device(name: str, gpu: PretendGPU) -> None:
    adata, model = in_halves(), short(name)
    steps = model.fit_steps(adata)
    next(p for p in steps if p.step == 1)
    steps.close()
    assert all(np.isfinite(array).all() for array in everything(model, adata).values())


# ---- faults on purpose: the pretended device must catch them -----------------------------------


def ones(device: str = NAME, dtype: torch.dtype = torch.float32) -> Tensor:
    return torch.ones(4, device=device, dtype=dtype)


@pytest.mark.parametrize(
    ("fault", "words"),
    [
        (lambda: ones() + ones("cpu"), "all tensors on one device"),
        (lambda: torch.cat([ones("cpu"), ones()]), "all tensors on one device"),
        (lambda: ones("cpu")[ones(dtype=torch.int64)], "all tensors on one device"),
        (lambda: torch.nn.Linear(4, 2)(ones()), "all tensors on one device"),
        (lambda: torch.rand(4, generator=torch.Generator(), device=NAME), "on two devices"),
        (lambda: torch.rand(4, generator=torch.Generator(NAME)), "on two devices"),
        (lambda: ones().numpy(), "copy it to the host first"),
        (lambda: ones().double(), "no float64"),
        (lambda: torch.from_numpy(np.ones(4)).to(NAME), "no float64"),
        (lambda: torch.zeros(2, dtype=torch.float64, device=NAME), "no float64"),
    ],
)
def test_what_a_device_refuses_is_refused(
    fault: Callable[[], object], words: str, gpu: PretendGPU
) -> None:
    with pytest.raises((RuntimeError, TypeError), match=words):
        fault()


@pytest.mark.parametrize(
    "asking",
    [
        lambda x: x.sum().item(),
        lambda x: x.tolist(),
        lambda x: x.cpu(),
        lambda x: bool((x > 0).all()),
        lambda x: x[x > 0],
        lambda x: x.nonzero(),
        lambda x: x.repeat_interleave(x.long()),
        lambda x: x + torch.ones(4).to(NAME),
        lambda x: x[torch.arange(2)],
    ],
)
def test_a_host_that_waits_is_counted(asking: Callable[[Tensor], object], gpu: PretendGPU) -> None:
    x = ones()
    assert (x + 1).exp().mean().device.type == "gpu"
    x.repeat_interleave(x.long(), output_size=4)
    before = gpu.waits.total()  # of making x
    asking(x)
    assert gpu.waits.total() > before


@pytest.mark.parametrize(
    "compute",
    [
        lambda x: torch.take(x, torch.zeros(1, dtype=torch.int64, device=NAME)),
        lambda x: x.cumsum(0),
    ],
)
def test_what_has_no_deterministic_algorithm_is_found(
    compute: Callable[[Tensor], Tensor], gpu: PretendGPU
) -> None:
    def steps() -> Generator[Progress, None, None]:
        compute(ones().requires_grad_()).sum().backward()
        yield Progress("train", 1, 1)

    drain(steps())
    assert not gpu.undetermined  # nobody asked for one
    drain(deterministically(steps()))
    assert gpu.undetermined


def noise_of_the_host(mean: Tensor, log_variance: Tensor, generator: torch.Generator) -> Tensor:
    return mean + torch.randn(mean.shape) * torch.exp(0.5 * log_variance)


def noise_from_the_host(mean: Tensor, log_variance: Tensor, generator: torch.Generator) -> Tensor:
    drawn = torch.randn(mean.shape, generator=torch.Generator(), device=mean.device)
    return mean + drawn * torch.exp(0.5 * log_variance)


def noise_that_is_looked_at(
    mean: Tensor, log_variance: Tensor, generator: torch.Generator
) -> Tensor:
    return mean * float(mean.mean().isfinite())


def gain_in_float64(self: HiddenMolecules, index: Tensor, means: Tensor) -> np.ndarray:
    return np.asarray(means.double().sum(dim=1).cpu().numpy())


def gain_without_a_copy(self: HiddenMolecules, index: Tensor, means: Tensor) -> np.ndarray:
    return means.sum(dim=1).numpy()


@pytest.mark.parametrize(
    ("place", "fault", "words"),
    [
        ("scziva.sample_latent", noise_of_the_host, "all tensors on one device"),
        ("scziva.sample_latent", noise_from_the_host, "generator and tensor on two devices"),
        ("training.HiddenMolecules.log_gain", gain_in_float64, "no float64"),
        ("training.HiddenMolecules.log_gain", gain_without_a_copy, "copy it to the host first"),
    ],
)
def test_a_fault_in_a_training_is_caught(
    place: str,
    fault: Callable[..., object],
    words: str,
    gpu: PretendGPU,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(f"napari_stimpute.models.{place}", fault)
    with pytest.raises((RuntimeError, TypeError), match=words):
        short("scziva", epochs=1).fit(in_halves())


def test_a_step_that_looks_at_its_numbers_is_caught(
    gpu: PretendGPU, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("napari_stimpute.models.scziva.sample_latent", noise_that_is_looked_at)
    assert all(waits_in_unread_steps(short("scziva", epochs=1), in_halves(), gpu))
