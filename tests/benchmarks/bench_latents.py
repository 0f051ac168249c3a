"""Latent points of millions of cells from a file, beside memory: rows and training steps a second.

    python tests/benchmarks/bench_latents.py [--cells 3000000] [--folder FOLDER] [--device cpu]

Writes simulated latent points (16 dimensions and log depth) as scDiffusion keeps those of more than
2 million cells, then reads cells in random order, as training does. First from the disk itself,
where the system lets its page cache be emptied (as root on Linux), else from that cache, which is
said; so large a share of all cells as 5,000 steps read of 30 million. Then training steps of the
default denoiser from the file and from memory, and how many cells of 2,000 genes the default
encoder takes in a second. Last what 30 million cells would take, if memory has room for a page
cache as large as their file.
"""

from __future__ import annotations

import argparse
import os
import time
from collections.abc import Iterator
from pathlib import Path

import torch
from bench_cells import simulated
from torch import Tensor

from napari_stimpute import ScDiffusionConfig
from napari_stimpute.data.counts import depth_of
from napari_stimpute.models.cells.model import log_values
from napari_stimpute.models.scdiffusion.latents import Latents, Posterior, joint
from napari_stimpute.models.scdiffusion.training import Network, Pair, with_depth
from napari_stimpute.models.training import rows_of
from napari_stimpute.nn.denoising import Conditions, Denoiser, denoising_loss
from napari_stimpute.nn.noising import RectifiedFlow
from napari_stimpute.nn.optimise import Schedule, minimise

N_LATENT, N_TYPES, WRITTEN = 16, 12, 100_000
BATCH, N_STEPS, N_ENCODED = 256, 100, 6000
MANY, STEPS_OF_MANY = 30_000_000, 5000


def main() -> None:
    """Write, read, train, encode, and say what many more cells would take."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--cells", type=int, default=3_000_000)
    parser.add_argument("--folder", type=Path)
    parser.add_argument("--device", default="cpu", help="cpu, cuda or mps")
    options = parser.parse_args()
    torch.set_num_threads(1)
    n, device = options.cells, torch.device(options.device)
    begun = time.monotonic()
    on_disk = Latents.on_disk(simulated_points(n, device), options.folder)
    written = time.monotonic() - begun
    state = "the disk" if page_cache_is_emptied() else "the page cache, which could not be emptied"
    size = on_disk.table.numel() * on_disk.table.element_size()
    print(f"{n:,} cells × {N_LATENT + 1}, {size / 1e6:.0f} MB, written in {written:.1f} s")
    rows = rows_a_second(on_disk)
    print(f"read in random order from {state}: {rows:,.0f} cells/s")
    print(f"the same cells once more, from the page cache: {rows_a_second(on_disk):,.0f} cells/s")
    file = Posterior.of(on_disk)
    memory = Posterior(on_disk.part(torch.arange(min(n, 1_000_000), device=device)), file.space)
    posteriors, steps = {"file": file, "memory": memory}, {"file": 0.0, "memory": 0.0}
    for kind in list(posteriors) * 3:  # the best of three, as other work comes and goes
        steps[kind] = max(steps[kind], steps_a_second(posteriors[kind]))
    print(", ".join(f"training from {k}: {v:.0f} steps/s" for k, v in steps.items()))
    cells = cells_encoded_a_second(device)
    print(f"encoder: {cells:,.0f} cells/s, 2,000 genes\n")
    forecast(size / n, rows, steps["memory"], cells)


def forecast(bytes_a_cell: float, rows: float, steps: float, cells: float) -> None:
    """What many cells would take, by what was measured."""
    on_disk, n = bytes_a_cell * MANY / 1e9, STEPS_OF_MANY
    print(f"Forecast for {MANY:,} cells:")
    print(f"- file: {on_disk:.1f} GB; in memory it would be {2 * on_disk:.1f} GB")
    print(f"- memory: {16 * MANY / 1e9:.1f} GB for their order and one label each, beside counts")
    print(f"- {n:,} steps: {n / steps + n * BATCH / rows:.0f} s, {n / steps:.0f} s of it computing")
    print(f"- encoding: {MANY / cells / 3600:.1f} h")


def simulated_points(n: int, device: torch.device) -> Iterator[Tensor]:
    """Posteriors of so many cells, block by block."""
    generator = torch.Generator(device).manual_seed(0)
    for start in range(0, n, WRITTEN):
        shape = (min(WRITTEN, n - start), 2 * N_LATENT + 1)
        drawn = torch.randn(shape, generator=generator, device=device)
        yield joint(drawn[:, :N_LATENT], drawn[:, N_LATENT:-1] - 2, drawn[:, -1])


def page_cache_is_emptied() -> bool:
    """Empty the system's page cache, if it lets us."""
    os.sync()
    try:
        Path("/proc/sys/vm/drop_caches").write_text("1")
    except OSError:
        return False
    return True


def rows_a_second(latents: Latents) -> float:
    """Cells a second, in steps of random ones."""
    generator = torch.Generator(latents.device).manual_seed(0)
    n_steps = max(1, STEPS_OF_MANY * len(latents) // MANY)
    begun = time.monotonic()
    for _ in range(n_steps):
        latents.take(some(len(latents), generator))
    return n_steps * BATCH / (time.monotonic() - begun)


def steps_a_second(posterior: Posterior) -> float:
    """Steps of the default denoiser, with conditions of one column."""
    device, n = posterior.space.centre.device, len(posterior.latents)
    config, generator = ScDiffusionConfig(), torch.Generator(device).manual_seed(0)
    pair = Pair(
        Denoiser(
            N_LATENT + 1,
            (N_TYPES,),
            0,
            width=config.width,
            n_blocks=config.n_blocks,
            generator=torch.Generator().manual_seed(0),
        )
    ).to(device)
    labels = torch.randint(N_TYPES, (n, 1), generator=generator, device=device)
    asked = Conditions(labels, torch.empty((n, 0), device=device))

    def loss() -> Tensor:
        pair.follow()
        index = some(n, generator)
        z = posterior.draw(index, generator)
        return denoising_loss(pair.network, RectifiedFlow(), z, asked[index], generator).mean()

    begun = time.monotonic()
    for _ in minimise(loss, pair, Schedule(1, N_STEPS), phase="diffusion"):
        pass
    return N_STEPS / (time.monotonic() - begun)


def some(n: int, generator: torch.Generator) -> Tensor:
    """Random cells of a step, (b,)."""
    return torch.randint(n, (BATCH,), generator=generator, device=generator.device)


def cells_encoded_a_second(device: torch.device) -> float:
    """Cells of about 1,500 molecules through the default encoder, in blocks as in training."""
    cells = simulated(N_ENCODED, 2000)
    config = ScDiffusionConfig(likelihood="nb")
    network = Network(torch.zeros(cells.n_vars), config, seed=0).to(device).eval()
    counts = rows_of(cells.X, device)
    size = torch.from_numpy(depth_of(cells.X) / 1500).float().to(device)
    begun = time.monotonic()
    with torch.no_grad():
        for index in torch.split(torch.arange(N_ENCODED, device=device), 1024):
            logged = log_values(*counts.take(index), size[index], cells.n_vars)
            found = joint(*network.encode(with_depth(logged, size[index])), size[index].log())
    found.cpu()
    return N_ENCODED / (time.monotonic() - begun)


if __name__ == "__main__":
    main()
