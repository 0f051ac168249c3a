"""Noise is led back to known data: exact velocities of a mixture of two normal distributions."""

import math

import pytest
import torch
from scipy.stats import norm
from torch import Tensor

from napari_stimpute.nn.denoising import Conditions, Denoiser, denoising_loss, guided
from napari_stimpute.nn.noising import (
    Cosine,
    Process,
    RectifiedFlow,
    SubVariancePreserving,
    VarianceExploding,
    VariancePreserving,
    mixed,
    parted,
)
from napari_stimpute.nn.sampling import Method, Sampler, transport

WEIGHTS, MEANS, SD = (0.3, 0.7), (-2.0, 1.5), 0.3
PROCESSES = {
    "flow": RectifiedFlow(),
    "cosine": Cosine(),
    "vp": VariancePreserving(),
    "sub-vp": SubVariancePreserving(),
    "ve": VarianceExploding(),
}


def exact(x: Tensor, angle: Tensor) -> Tensor:
    """v of the mixture: E[z | x′] by Bayes, and e from x′ = cos φ·z + sin φ·e."""
    cos, sin = angle.cos()[:, None], angle.sin()[:, None]
    variance = cos**2 * SD**2 + sin**2
    logs = torch.cat(
        [
            math.log(w) - 0.5 * (x - cos * m) ** 2 / variance
            for w, m in zip(WEIGHTS, MEANS, strict=True)
        ],
        1,
    )
    parts = torch.cat([m + cos * SD**2 / variance * (x - cos * m) for m in MEANS], 1)
    z = (logs.softmax(1) * parts).sum(1, keepdim=True)
    return (cos * x - z) / sin


@pytest.mark.parametrize("process", PROCESSES.values(), ids=PROCESSES)
@pytest.mark.parametrize(
    ("method", "n_steps"),
    [("heun", 50), ("ddim", 250), ("euler_maruyama", 250), ("predictor_corrector", 250)],
)
def test_every_sampler_recovers_two_components(
    process: Process, method: Method, n_steps: int
) -> None:
    sampler = Sampler(process, method, n_steps)
    generator = torch.Generator().manual_seed(0)
    draws = torch.randn(20_000, sampler.n_draws, 1, generator=generator)
    z = sampler.sample(exact, draws)[:, 0]
    low, high = z[z < -0.4], z[z >= -0.4]
    assert len(low) / len(z) == pytest.approx(WEIGHTS[0], abs=0.02)
    assert [float(low.mean()), float(high.mean())] == pytest.approx(list(MEANS), abs=0.02)
    assert [float(low.std()), float(high.std())] == pytest.approx([SD, SD], abs=0.02)


def test_there_and_back_returns_the_input() -> None:
    generator = torch.Generator().manual_seed(0)
    z = torch.tensor(MEANS)[torch.randint(2, (2000,), generator=generator)][:, None]
    z = z + SD * torch.randn(z.shape, generator=generator)
    there = transport(exact, z, 1e-3, math.pi / 2, 50)
    back = transport(exact, there, math.pi / 2, 1e-3, 50)
    missed = (back - z).abs()
    assert float(missed.median()) < 1e-3
    assert float(missed.max()) < 0.05


def test_marginals_in_closed_form() -> None:
    t = torch.tensor([1e-3, 0.3, 1.0], dtype=torch.float64)
    assert VarianceExploding(25.0).noise(t).tolist() == pytest.approx(
        [0.03167, 0.957, 9.8452], rel=5e-4
    )
    vp = VariancePreserving()
    assert float(vp.signal(t)[2]) == pytest.approx(0.0066, abs=5e-5)
    assert [float(vp.signal(t)[1]), float(vp.noise(t)[1])] == pytest.approx(
        [0.6296, 0.7770], abs=1e-4
    )
    assert float(SubVariancePreserving().noise(t)[1]) == pytest.approx(0.7770**2, abs=1e-4)


@pytest.mark.parametrize("process", PROCESSES.values(), ids=PROCESSES)
def test_drift_and_diffusion_belong_to_signal_and_noise(process: Process) -> None:
    t = torch.linspace(0.05, 0.95, 19, dtype=torch.float64).requires_grad_()
    signal = process.signal(t) + 0 * t  # also where it does not depend on time
    (rate,) = torch.autograd.grad(signal.log().sum(), t)
    (growth,) = torch.autograd.grad(process.noise(t).square().sum(), t)
    drift = process.drift(t)
    assert torch.allclose(drift, rate)
    assert torch.allclose(process.diffusion(t), growth - 2 * drift * process.noise(t).square())
    ratio = process.noise(t) / process.signal(t)
    assert torch.allclose(process.time(ratio), t)


def test_explosion_reaches_what_is_asked() -> None:
    process = VarianceExploding.reaching(22.6)
    assert float(process.noise(torch.ones(1))) == pytest.approx(22.6, rel=1e-5)


def test_parts_of_a_mixture_are_found_again() -> None:
    generator = torch.Generator().manual_seed(0)
    z, e = torch.randn(2, 7, 3, generator=generator)
    angle = torch.linspace(0.01, 1.5, 7)
    again = parted(*mixed(z, e, angle), angle)
    assert torch.allclose(again[0], z, atol=1e-5)
    assert torch.allclose(again[1], e, atol=1e-5)


def trained(process: Process, n_steps: int = 600) -> tuple[Denoiser, Tensor]:
    """A network trained on the mixture, the component as its label; and the scale of the data."""
    generator = torch.Generator().manual_seed(0)
    label = (torch.rand(4000, generator=generator) >= WEIGHTS[0]).long()
    z = torch.tensor(MEANS)[label] + SD * torch.randn(4000, generator=generator)
    centre, scale = z.mean(), z.std()
    z = ((z - centre) / scale)[:, None]
    network = Denoiser(1, [2], width=32, n_blocks=2, n_embedding=16, generator=generator)
    optimiser = torch.optim.AdamW(network.parameters(), 3e-3)
    rates = torch.optim.lr_scheduler.CosineAnnealingLR(optimiser, n_steps)
    every = Conditions(label[:, None], torch.zeros(4000, 0))
    for _ in range(n_steps):
        index = torch.randint(4000, (256,), generator=generator)
        asked = every[index].dropped(0.1, generator)
        optimiser.zero_grad()
        denoising_loss(network, process, z[index], asked, generator).mean().backward()
        optimiser.step()
        rates.step()
    return network.eval(), torch.stack([centre, scale])


@pytest.mark.slow
@pytest.mark.parametrize("process", PROCESSES.values(), ids=PROCESSES)
def test_a_trained_network_gives_each_condition_its_cells(process: Process) -> None:
    network, (centre, scale) = trained(process)
    sampler = Sampler(process)
    generator = torch.Generator().manual_seed(1)
    draws = torch.randn(4000, 1, 1, generator=generator)
    for label, mean in enumerate(MEANS):
        asked = Conditions(torch.full((4000, 1), label), torch.zeros(4000, 0))
        with torch.no_grad():
            z = sampler.sample(guided(network, asked, [1.0]), draws)[:, 0] * scale + centre
        assert float(z.mean()) == pytest.approx(mean, abs=0.1)
        assert float(z.std()) == pytest.approx(SD, abs=0.1)
    nothing = Conditions(torch.full((4000, 1), -1), torch.zeros(4000, 0))
    with torch.no_grad():
        z = sampler.sample(guided(network, nothing, [1.0]), draws)[:, 0] * scale + centre
    assert float((z < -0.4).float().mean()) == pytest.approx(WEIGHTS[0], abs=0.05)


def small_network() -> tuple[Denoiser, Tensor, Tensor, Conditions]:
    generator = torch.Generator().manual_seed(0)
    network = Denoiser(3, [2, 4], 1, width=16, n_blocks=1, n_embedding=8, generator=generator)
    torch.nn.init.normal_(network.last.weight, generator=generator)
    x, angle = torch.randn(5, 3, generator=generator), torch.linspace(0.1, 1.5, 5)
    labels = torch.tensor([[0, 1], [1, 3], [-1, 2], [0, -1], [1, 0]])
    return (
        network,
        x,
        angle,
        Conditions(labels, torch.tensor([[0.5], [math.nan], [1.0], [-1.0], [0.0]])),
    )


def test_guidance_of_one_is_the_condition() -> None:
    network, x, angle, asked = small_network()
    assert torch.equal(guided(network, asked, [1, 1, 1])(x, angle), network(x, angle, asked))


def test_guidance_of_nothing_leaves_the_condition_out() -> None:
    network, x, angle, asked = small_network()
    for number, weights in enumerate(([0, 1, 1], [1, 0, 1], [1, 1, 0])):
        found = guided(network, asked, weights)(x, angle)
        assert torch.allclose(found, network(x, angle, asked.without(number)), atol=1e-5)


def test_each_condition_changes_the_way() -> None:
    network, x, angle, asked = small_network()
    whole = network(x, angle, asked)
    for number, row in ((0, 0), (1, 0), (2, 0)):
        assert not torch.allclose(network(x, angle, asked.without(number))[row], whole[row])


def test_conditions_are_dropped_as_often_as_told() -> None:
    asked = Conditions(torch.zeros(4000, 2, dtype=torch.int64), torch.zeros(4000, 1))
    left = asked.dropped(0.1, torch.Generator().manual_seed(0))
    gone = [
        *(left.labels == -1).float().mean(0).tolist(),
        float(left.values.isnan().float().mean()),
    ]
    assert gone == pytest.approx([0.1, 0.1, 0.1], abs=0.02)


def test_a_point_depends_on_its_own_draws_alone() -> None:
    sampler = Sampler(VariancePreserving(), "predictor_corrector", 20)
    draws = torch.randn(50, sampler.n_draws, 1, generator=torch.Generator().manual_seed(0))
    assert torch.allclose(
        sampler.sample(exact, draws)[:7], sampler.sample(exact, draws[:7]), atol=1e-6
    )


@pytest.mark.parametrize("method", ["heun", "ddim", "euler_maruyama", "predictor_corrector"])
def test_the_network_is_asked_as_often_as_told(method: Method) -> None:
    sampler, calls = Sampler(Cosine(), method, 10), []
    draws = torch.randn(2, sampler.n_draws, 1, generator=torch.Generator().manual_seed(0))

    def counted(x: Tensor, angle: Tensor) -> Tensor:
        calls.append(len(x))
        return exact(x, angle)

    sampler.sample(counted, draws)
    assert len(calls) == sampler.n_calls


def test_truth_is_what_it_claims() -> None:
    """The exact velocity is checked against the density, whose gradient is the score."""
    x, angle = torch.tensor([[0.3]], dtype=torch.float64), torch.tensor([0.7], dtype=torch.float64)
    cos, sin = math.cos(0.7), math.sin(0.7)
    spread = math.hypot(cos * SD, sin)

    def log_density(at: float) -> float:
        return math.log(
            sum(w * norm.pdf(at, cos * m, spread) for w, m in zip(WEIGHTS, MEANS, strict=True))
        )

    score = (log_density(0.3 + 1e-5) - log_density(0.3 - 1e-5)) / 2e-5
    noise = parted(x, exact(x, angle), angle)[1]
    assert -float(noise) / sin == pytest.approx(score, rel=1e-6)
