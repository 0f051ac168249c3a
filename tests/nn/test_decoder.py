"""The decoder of counts: where it starts, what a batch may change, and some of the genes."""

from __future__ import annotations

import pytest
import torch

from napari_stimpute.nn.decoder import LOWEST, CountDecoder

OFFSET = torch.tensor([-3.0, -1.0, 0.0, 0.5, 2.0])


def decoder(n_hidden: int = 6, *, zero_inflated: bool = False, n_batches: int = 1) -> CountDecoder:
    return CountDecoder(
        3,
        n_hidden,
        OFFSET,
        zero_inflated=zero_inflated,
        n_batches=n_batches,
        generator=torch.Generator().manual_seed(0),
    )


@pytest.mark.parametrize("n_hidden", [0, 6])
def test_it_starts_at_the_gene_means(n_hidden: int, generator: torch.Generator) -> None:
    z = torch.randn(50, 3, generator=generator)
    found = decoder(n_hidden).log_mean(z)
    assert found.shape == (50, 5)
    # weights of 0.01 on nine features of about size 1
    torch.testing.assert_close(found, OFFSET.expand(50, 5), rtol=0, atol=0.15)


def test_it_starts_with_one_gene_in_twenty_lost(generator: torch.Generator) -> None:
    z = torch.randn(50, 3, generator=generator)
    lost = torch.sigmoid(decoder(zero_inflated=True).dropout_logit(z))
    assert lost.mean().item() == pytest.approx(0.047, abs=0.005)


def test_a_linear_decoder_is_linear(generator: torch.Generator) -> None:
    net = decoder(0)
    a, b = torch.randn(2, 4, 3, generator=generator)
    both = net.log_mean(a + b) - OFFSET
    torch.testing.assert_close(both, net.log_mean(a) + net.log_mean(b) - 2 * OFFSET)
    torch.testing.assert_close(net.log_mean(a), a @ net.loadings + OFFSET)


def test_a_hidden_layer_is_added_to_the_linear_path(generator: torch.Generator) -> None:
    net, z = decoder(), torch.randn(4, 3, generator=generator)
    assert net.hidden is not None and net.norm is not None and net.hidden_loadings is not None
    hidden = torch.relu(net.norm(net.hidden(z))) @ net.hidden_loadings
    torch.testing.assert_close(net.log_mean(z), z @ net.loadings + hidden + OFFSET)


@pytest.mark.parametrize("columns", [torch.tensor([4, 0]), slice(1, 3)])
def test_some_genes_are_the_same_columns(
    columns: torch.Tensor | slice, generator: torch.Generator
) -> None:
    net, z = decoder(zero_inflated=True), torch.randn(4, 3, generator=generator)
    torch.testing.assert_close(net.log_mean(z, columns), net.log_mean(z)[:, columns])
    torch.testing.assert_close(net.dropout_logit(z, columns), net.dropout_logit(z)[:, columns])


def test_what_is_peculiar_to_a_batch_acts_on_its_cells_only(generator: torch.Generator) -> None:
    net, z = decoder(n_batches=3), torch.randn(4, 3, generator=generator)
    batch, plain = torch.tensor([0, 2, 1, 2]), net.log_mean(z)
    assert torch.equal(net.in_batch(plain, batch, slice(None)), plain)  # it starts at nothing
    with torch.no_grad():
        net.batch_offset[2] = torch.arange(5.0)
    changed = net.in_batch(plain, batch, slice(None)) - plain
    expected = torch.zeros(4, 5)
    expected[[1, 3]] = torch.arange(5.0)
    torch.testing.assert_close(changed, expected)
    some = torch.tensor([3, 1])
    torch.testing.assert_close(
        net.in_batch(plain[:, some], batch, some) - plain[:, some], expected[:, some]
    )


def test_means_stay_where_their_exponential_is_a_number() -> None:
    far = decoder().log_mean(torch.full((1, 3), 1e6))
    assert far.min() >= LOWEST and far.max() <= 12
    assert torch.isfinite(far.exp()).all()


def test_genes_of_millions_of_counts_can_still_be_learned() -> None:
    generator = torch.Generator().manual_seed(0)
    net = CountDecoder(3, 0, torch.full((5,), 15.0), generator=generator)
    net.log_mean(torch.zeros(2, 3)).sum().backward()
    assert (net.offset.grad == 2).all()


def test_offsets_are_kept_from_weight_decay() -> None:
    net = decoder(zero_inflated=True)
    assert {id(p) for p in net.undecayed} >= {id(net.offset), id(net.dropout_offset)}
    assert [id(p) for p in decoder().undecayed].count(id(net.dropout_offset)) == 0
