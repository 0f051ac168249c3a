"""Windows over ordered genes: shapes, and what each window sees."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from napari_stimpute.nn.convolution import GeneConvolution
from napari_stimpute.nn.layers import LOG_VARIANCE_RANGE

SHAPE = {"kernel": 8, "stride": 3, "channels": 4, "n_hidden": 6, "n_latent": 2, "dropout": 0.0}


def encoder(n_genes: int = 20, **changes: float) -> GeneConvolution:
    settings = {**SHAPE, **changes}
    return GeneConvolution(n_genes, **settings, generator=torch.Generator().manual_seed(0))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("n_genes", "changes"),
    [
        (20, {}),
        (8, {}),
        (5, {}),
        (2, {}),  # as wide as a window, and narrower
        (20, {"stride": 40}),
        (20, {"kernel": 0}),
        (3, {"n_latent": 7}),
    ],
)
def test_every_cell_gets_a_mean_and_a_log_variance(n_genes: int, changes: dict[str, float]) -> None:
    x = torch.ones(3, n_genes)
    for out in encoder(n_genes, **changes)(x):
        assert out.shape == (3, changes.get("n_latent", 2))
        assert torch.isfinite(out).all()


def test_it_equals_windows_cut_by_hand(generator: torch.Generator) -> None:
    net, x = encoder(), torch.randn(5, 20, generator=generator)
    assert net.windows is not None
    windows = np.stack([x[:, start : start + 8].numpy() for start in range(0, 13, 3)], axis=1)
    seen = (
        torch.from_numpy(windows) @ net.windows.weight.T + net.windows.bias
    )  # (n, windows, channels)
    gelu = seen * 0.5 * (1 + torch.erf(seen / np.sqrt(2)))
    hidden = torch.relu(net.norm(net.hidden(gelu.transpose(1, 2).flatten(1))))
    torch.testing.assert_close(net(x)[0], net.mean(hidden))


@pytest.mark.parametrize(("n_genes", "stride"), [(20, 3), (21, 3), (22, 3), (22, 8), (5, 3)])
def test_every_gene_is_read(n_genes: int, stride: int, generator: torch.Generator) -> None:
    x = torch.randn(4, n_genes, generator=generator).requires_grad_()
    encoder(n_genes, stride=stride)(x)[0].sum().backward()
    assert x.grad is not None and (x.grad != 0).any(dim=0).all()


def test_without_a_convolution_it_is_a_plain_encoder(generator: torch.Generator) -> None:
    net, x = encoder(kernel=0), torch.randn(5, 20, generator=generator)
    assert net.windows is None
    torch.testing.assert_close(net(x)[0], net.mean(torch.relu(net.norm(net.hidden(x)))))


def test_log_variance_stays_in_its_range() -> None:
    net = encoder()
    with torch.no_grad():
        net.log_variance.bias.copy_(torch.tensor([-90.0, 90.0]))
    assert net(torch.zeros(1, 20))[1][0].tolist() == list(LOG_VARIANCE_RANGE)


def test_it_drops_only_in_training_and_with_a_generator(generator: torch.Generator) -> None:
    net, x = encoder(dropout=0.5), torch.ones(4, 20)
    plain = net(x)[0]
    assert torch.equal(net.eval()(x, generator)[0], plain)
    assert not torch.equal(net.train()(x, generator)[0], plain)
