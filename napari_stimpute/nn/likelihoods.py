"""Probabilities of counts: negative binomial, zero-inflated, Gaussian, and what a zero means.

`mu` is clamped to [1e-5, 1e6] and `theta` to [1e-4, 1e4] in every function that takes them.
No difference of large numbers is formed: `log1p`, `softplus` and, for large theta, Stirling's
series keep float32 exact to about 1e-6 of the result's terms.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor
from torch.nn.functional import softplus

MU_RANGE = (1e-5, 1e6)
THETA_RANGE = (1e-4, 1e4)
_STIRLING_FROM = 16.0  # the series is exact to 1e-9 from here; lgamma differences lose digits


def nb_log_prob(x: Tensor, mu: Tensor, theta: Tensor) -> Tensor:
    """Log-probability of counts under a negative binomial: how well a mean explains a count.

    Parameters
    ----------
    x : (cells, genes), counts, ≥ 0
    mu : (cells, genes), expected counts per cell, > 0
    theta : (genes,) or (cells, genes), inverse dispersion, > 0; larger is closer to Poisson

    Returns
    -------
    (cells, genes), natural logarithm, ≤ 0

    Notes
    -----
    Variance is mu + mu² / theta. Outside the clamps the gradient is zero; train with
    `nb_negative_log_likelihood`, which takes log_mu and needs no clamp.
    """
    mu, theta = _clamped(mu, theta)
    zero = theta * torch.log1p(mu / theta)
    counted = _log_gamma_ratio(x, theta, torch.lgamma(theta)) - torch.lgamma(x + 1)
    return counted - zero - x * torch.log1p(theta / mu)


def nb_negative_log_likelihood(
    rows: Tensor, columns: Tensor, values: Tensor, log_mu: Tensor, theta: Tensor
) -> Tensor:
    """Negative binomial loss of each cell, at the cost of its non-zero counts.

    Parameters
    ----------
    rows, columns : (non-zeros,), int64, where the non-zero counts of this block are; no pair twice
    values : (non-zeros,), float32, these counts, > 0
    log_mu : (cells, genes), natural logarithm of the expected counts, dense
    theta : (genes,), inverse dispersion, > 0

    Returns
    -------
    (cells,), −Σ over genes of `nb_log_prob`, constants included

    Notes
    -----
    A zero costs theta·log1p(mu/theta) = theta·softplus(log_mu − log theta): one dense operation and
    a product with theta. lgamma is taken at non-zeros only. log_mu is never exponentiated, so
    it is not clamped, and a count on a vanishing mean still has a gradient.
    """
    theta = theta.clamp(*THETA_RANGE)
    log_ratio = log_mu - theta.log()  # (cells, genes), log(mu / theta)
    zeros = softplus(log_ratio) @ theta  # (cells,)
    log_ratio_here = entries_at(log_ratio, rows * log_mu.shape[1] + columns)
    theta_here = theta.index_select(0, columns)
    lgamma_here = torch.lgamma(theta).index_select(0, columns)
    counted = _log_gamma_ratio(values, theta_here, lgamma_here) - torch.lgamma(values + 1)
    return zeros.index_add(0, rows, values * softplus(-log_ratio_here) - counted)


def zinb_negative_log_likelihood(
    rows: Tensor,
    columns: Tensor,
    values: Tensor,
    log_mu: Tensor,
    theta: Tensor,
    dropout_logits: Tensor,
) -> Tensor:
    """Zero-inflated negative binomial loss of each cell; lgamma is taken at non-zeros only.

    Parameters
    ----------
    rows, columns, values : (non-zeros,), as for `nb_negative_log_likelihood`
    log_mu : (cells, genes), natural logarithm of the expected counts where nothing is lost, dense
    theta : (genes,), inverse dispersion, > 0
    dropout_logits : (cells, genes), logit of the probability of a technical zero, dense

    Returns
    -------
    (cells,), −Σ over genes of `zinb_log_prob`, constants included
    """
    theta = theta.clamp(*THETA_RANGE)
    log_ratio = log_mu - theta.log()  # (cells, genes), log(mu / theta)
    nb_zero = -theta * softplus(log_ratio)  # (cells, genes), log NB(0)
    zero_cost = softplus(-dropout_logits) - softplus(nb_zero - dropout_logits)
    place = rows * log_mu.shape[1] + columns
    ratio_here, logit_here = entries_at(log_ratio, place), entries_at(dropout_logits, place)
    theta_here = theta.index_select(0, columns)
    lgamma_here = torch.lgamma(theta).index_select(0, columns)
    counted = _log_gamma_ratio(values, theta_here, lgamma_here) - torch.lgamma(values + 1)
    cost = softplus(logit_here) - entries_at(nb_zero, place)
    cost = cost + values * softplus(-ratio_here) - counted
    return zero_cost.sum(dim=1).index_add(0, rows, cost - entries_at(zero_cost, place))


def nb_zero_log_prob(mu: Tensor, theta: Tensor) -> Tensor:
    """Log-probability that a gene with this mean shows no molecule.

    Parameters
    ----------
    mu : (cells, genes), expected counts, > 0
    theta : (genes,) or (cells, genes), inverse dispersion, > 0

    Returns
    -------
    (cells, genes), natural logarithm, ≤ 0
    """
    mu, theta = _clamped(mu, theta)
    return -theta * torch.log1p(mu / theta)


def zinb_log_prob(x: Tensor, mu: Tensor, theta: Tensor, dropout_logits: Tensor) -> Tensor:
    """Log-probability of counts under a zero-inflated negative binomial.

    Parameters
    ----------
    x : (cells, genes), counts, ≥ 0
    mu : (cells, genes), expected counts per cell, > 0
    theta : (genes,) or (cells, genes), inverse dispersion, > 0; larger is closer to Poisson
    dropout_logits : (cells, genes), logit of the probability of a technical zero

    Returns
    -------
    (cells, genes), natural logarithm, ≤ 0

    Notes
    -----
    p(0) = π + (1 − π) NB(0), otherwise (1 − π) NB(x). Stable for large |logits|: softplus, no exp
    of differences. Both branches are finite, so the one not chosen adds no NaN to the gradient.
    Source: scAMZI eq. 7, whose printed "+" should be a product; checked against scipy.stats.nbinom.
    """
    zero = softplus(nb_zero_log_prob(mu, theta) - dropout_logits) - softplus(-dropout_logits)
    positive = nb_log_prob(x, mu, theta) - softplus(dropout_logits)
    return torch.where(x > 0, positive, zero)


def dropout_posterior(mu: Tensor, theta: Tensor, dropout_logits: Tensor) -> Tensor:
    """Probability that an observed zero is technical, under zero inflation.

    Parameters
    ----------
    mu : (cells, genes), expected counts, > 0
    theta : (genes,) or (cells, genes), inverse dispersion, > 0
    dropout_logits : (cells, genes), logit of the probability of a technical zero

    Returns
    -------
    (cells, genes), in [0, 1]; never below the prior probability, near 1 where mu is large

    Notes
    -----
    π / (π + (1 − π) NB(0)) = sigmoid(logit π − log NB(0)).
    """
    return torch.sigmoid(dropout_logits - nb_zero_log_prob(mu, theta))


def technical_zero_probability(mu: Tensor, theta: Tensor, fold: float = 5.0) -> Tensor:
    """Probability that sequencing `fold` times as deep would show a molecule where none was seen.

    Parameters
    ----------
    mu : (cells, genes), expected counts at the present depth, > 0
    theta : (genes,) or (cells, genes), inverse dispersion, > 0
    fold : how many times the present depth, ≥ 1

    Returns
    -------
    (cells, genes), in [0, 1]

    Notes
    -----
    The rate behind a negative binomial zero is Gamma(theta, theta + mu), so the chance is
    1 − (1 + (fold − 1)·mu / (theta + mu))^−theta. Needs no zero inflation.
    """
    mu, theta = _clamped(mu, theta)
    return -torch.expm1(-theta * torch.log1p((fold - 1) * mu / (theta + mu)))


def hidden_molecule_probability(
    mu: Tensor, theta: Tensor, dropout_logits: Tensor | None, fold: float = 5.0
) -> Tensor:
    """Probability that an observed zero hides a molecule, by dropout or for want of depth.

    Parameters
    ----------
    mu : (cells, genes), expected counts where nothing is lost, > 0
    theta : (genes,) or (cells, genes), inverse dispersion, > 0
    dropout_logits : (cells, genes), logit of the probability of dropout; None if there is none
    fold : how many times the present depth would show it

    Returns
    -------
    (cells, genes), in [0, 1]

    Notes
    -----
    With the posterior probability r (`dropout_posterior`) the zero is a dropout, and hides a
    molecule unless `fold` times the mean shows none; else it is `technical_zero_probability`.
    """
    unread = technical_zero_probability(mu, theta, fold)
    if dropout_logits is None:
        return unread
    lost = dropout_posterior(mu, theta, dropout_logits)
    return lost * -torch.expm1(nb_zero_log_prob(fold * mu, theta)) + (1 - lost) * unread


def squared_log_error(rows: Tensor, columns: Tensor, values: Tensor, expected: Tensor) -> Tensor:
    """Σ over genes of (log(1 + expected) − log(1 + count))² of each cell.

    Parameters
    ----------
    rows, columns, values : (non-zeros,), as for `nb_negative_log_likelihood`
    expected : (cells, genes), ≥ 0, dense

    Returns
    -------
    (cells,)
    """
    logged, counted = torch.log1p(expected), torch.log1p(values)
    here = entries_at(logged, rows * expected.shape[1] + columns)
    return logged.square().sum(dim=1).index_add(0, rows, counted * (counted - 2 * here))


def gaussian_log_prob(x: Tensor, mean: Tensor, log_scale: Tensor) -> Tensor:
    """Log-density of values under a normal distribution.

    Parameters
    ----------
    x : (cells, genes), for example log-normalised expression
    mean : (cells, genes), in the same units
    log_scale : (genes,) or (cells, genes), natural logarithm of the standard deviation

    Returns
    -------
    (cells, genes), natural logarithm
    """
    standardised = (x - mean) * torch.exp(-log_scale)
    return -0.5 * standardised.square() - log_scale - 0.5 * math.log(2 * math.pi)


def entries_at(values: Tensor, place: Tensor) -> Tensor:
    """Entries of a dense tensor, by their places in it as it lies in memory, (entries,).

    As `torch.take`, whose gradient has no deterministic algorithm on CUDA.
    """
    return values.flatten().index_select(0, place)


def _clamped(mu: Tensor, theta: Tensor) -> tuple[Tensor, Tensor]:
    return mu.clamp(*MU_RANGE), theta.clamp(*THETA_RANGE)


def _log_gamma_ratio(x: Tensor, theta: Tensor, lgamma_theta: Tensor) -> Tensor:
    """log Γ(x + theta) − log Γ(theta), by Stirling's series where the difference loses digits."""
    large = theta.clamp_min(_STIRLING_FROM)
    series = (large - 0.5) * torch.log1p(x / large) + x * (torch.log(large + x) - 1)
    series = series + _stirling_rest(large + x) - _stirling_rest(large)
    return torch.where(theta < _STIRLING_FROM, torch.lgamma(x + theta) - lgamma_theta, series)


def _stirling_rest(y: Tensor) -> Tensor:
    return 1 / (12 * y) - 1 / (360 * y**3)
