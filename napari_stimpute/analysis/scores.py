"""How high each count is for the depth of its spot, so that spots of any depth can be compared.

A count's score is its place among the counts that its spot would show if the gene had the same
share of the molecules everywhere (a negative binomial, of mean depth × share): the chance of a
smaller count plus half that of the same. This mid-rank is ½ on average at every depth; half is
taken off, and it is divided by its standard deviation, which is smaller where the gene is rarely
seen. Like ranks, scores are bounded above, so that a few very high counts do not decide.

Depths are told apart to 5 %. Spots of about the same depth with the same count thus share a score,
and a gene has a few hundred scores however many spots there are.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray
from scipy import special

from ..data.counts import depth_of
from .saddlepoint import Pool

_WIDTH = 0.05
"""Of a bin of depths, on the natural logarithm."""

_LEAST_DISPERSION, _LARGEST_DISPERSION = 1e-4, 1e3
_ENOUGH_ZEROS = 0.1
"""Share of spots without molecules from which zeros tell the dispersion."""

_N_HALVINGS = 30
_N_TABLED = 40
"""Counts that add to the variance of a mid-rank; higher ones are too unlikely one by one."""


@dataclass(frozen=True, eq=False)
class DepthBins:
    """Spots by depth.

    ``of`` (n_obs,) bin of each spot; ``depth`` (n_bins,) mean molecules; ``size`` (n_bins,) spots.
    """

    of: NDArray[np.intp] = field(repr=False)
    depth: NDArray[np.float64]
    size: NDArray[np.intp]


@dataclass(frozen=True, eq=False)
class Scores:
    """Scores of some genes, of mean 0 and variance 1 over all spots (0 where nothing varies).

    Attributes
    ----------
    of_zero : (n_genes, n_bins), score of a spot without molecules
    beyond : (n_obs, n_genes), what spots with molecules score beyond that
    pool : all scores of each gene, as a random draw takes them
    mu : (n_genes, n_bins), counts that a spot would show if the gene did not differ
    theta : (n_genes,), inverse dispersion of these counts
    """

    of_zero: NDArray[np.float64]
    beyond: sp.csc_matrix
    pool: Pool
    mu: NDArray[np.float64]
    theta: NDArray[np.float64]


def depth_bins(counts: sp.csr_matrix) -> DepthBins:
    """Bins of depth; empty spots have one of their own."""
    depth = depth_of(counts)
    place = np.full(len(depth), -np.inf)
    np.log(depth, out=place, where=depth > 0)
    _, of, size = np.unique(np.round(place / _WIDTH), return_inverse=True, return_counts=True)
    return DepthBins(of, np.bincount(of, weights=depth) / size, size)


def score(counts: sp.csc_matrix, bins: DepthBins) -> Scores:
    """Score the counts of some genes.

    Parameters
    ----------
    counts : (n_obs, n_genes), whole numbers > 0 where stored
    bins : of these spots, by the molecules of all genes
    """
    n_obs, n_genes = counts.shape
    n_bins, n_counts = len(bins.size), int(counts.data.max(initial=0)) + 1
    gene = np.repeat(np.arange(n_genes), np.diff(counts.indptr))
    cell = gene * n_bins + bins.of[counts.indices]  # of a table of genes by bins
    distinct, which, weight = np.unique(
        cell * n_counts + counts.data.astype(np.int64), return_inverse=True, return_counts=True
    )
    at, count = distinct // n_counts, distinct % n_counts
    zeros = bins.size - np.bincount(at, weights=weight, minlength=n_genes * n_bins).reshape(
        n_genes, n_bins
    )
    share = np.asarray(counts.sum(axis=0)).ravel() / max(float(bins.depth @ bins.size), 1.0)
    mu = np.outer(share, bins.depth)
    theta = 1 / _dispersion(counts, mu, bins, zeros.sum(axis=1), gene)
    of_zero, spread = _zeros_and_spread(mu, theta[:, None])
    value = _mid_rank(count, mu.ravel()[at], theta[at // n_bins]) / spread.ravel()[at]

    total = np.bincount(at // n_bins, weights=value * weight, minlength=n_genes)
    mean = (total + (of_zero * zeros).sum(axis=1)) / n_obs
    value, of_zero = value - mean[at // n_bins], of_zero - mean[:, None]
    square = np.bincount(at // n_bins, weights=value**2 * weight, minlength=n_genes)
    deviation = np.sqrt((square + (of_zero**2 * zeros).sum(axis=1)) / n_obs)
    scale = np.divide(1, deviation, out=np.zeros(n_genes), where=deviation > 0)
    value, of_zero = value * scale[at // n_bins], of_zero * scale[:, None]

    beyond = value[which] - of_zero.ravel()[cell]
    some_zero = np.flatnonzero(zeros)
    order = np.argsort(owner := np.append(at, some_zero) // n_bins, kind="stable")
    pool = Pool(
        np.append(value, of_zero.ravel()[some_zero])[order],
        np.append(weight, zeros.ravel()[some_zero])[order].astype(np.float64),
        np.searchsorted(owner[order], np.arange(n_genes + 1)),
    )
    over_zero = sp.csc_matrix((beyond, counts.indices, counts.indptr), counts.shape)
    return Scores(of_zero, over_zero, pool, mu, theta)


def _dispersion(
    counts: sp.csc_matrix,
    mu: NDArray[np.float64],
    bins: DepthBins,
    n_zeros: NDArray[np.float64],
    gene: NDArray[np.intp],
) -> NDArray[np.float64]:
    """Dispersion that gives as many zeros as there are, or, where these are few, the variance.

    Zeros come first because single high counts would otherwise make all others look alike.
    """
    expected = mu[gene, bins.of[counts.indices]]
    power = mu**2 @ bins.size
    square = np.bincount(
        gene, weights=counts.data * (counts.data - 2 * expected), minlength=len(mu)
    )
    excess = square + power - np.asarray(counts.sum(axis=0)).ravel()
    by_variance = np.divide(excess, power, out=np.zeros(len(mu)), where=power > 0)
    low, high = np.log(np.full((2, len(mu)), [[_LEAST_DISPERSION], [_LARGEST_DISPERSION]]))
    for _ in range(_N_HALVINGS):
        middle = (low + high) / 2
        is_few = chance_of_zero(mu, np.exp(-middle)[:, None]) @ bins.size < n_zeros
        low, high = np.where(is_few, middle, low), np.where(is_few, high, middle)
    by_zeros = n_zeros >= _ENOUGH_ZEROS * counts.shape[0]
    found = np.where(by_zeros, np.exp(low), by_variance)
    return np.clip(found, _LEAST_DISPERSION, _LARGEST_DISPERSION)


def chance_of_zero(mu: NDArray[np.float64], theta: NDArray[np.float64]) -> NDArray[np.float64]:
    """Of a negative binomial of mean `mu` and inverse dispersion `theta`, broadcast."""
    return np.asarray(np.exp(-theta * np.log1p(mu / theta)))


def _zeros_and_spread(
    mu: NDArray[np.float64], theta: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Standardised mid-rank of a zero, and the standard deviation of mid-ranks.

    Their variance is (1 − Σ f³) / 12, over the probabilities f of all counts.
    """
    chance = chance_of_zero(mu, theta)
    of_zero, cubes = (chance - 1) / 2, chance**3
    ratio = mu / (mu + theta)
    for count in range(_N_TABLED):
        chance = chance * ratio * (count + theta) / (count + 1)
        cubes += chance**3
        if chance.max(initial=0) < 1e-3:
            break
    spread = np.sqrt(np.maximum(1 - cubes, np.finfo(float).eps) / 12)
    return of_zero / spread, spread


def _mid_rank(
    count: NDArray[np.int64], mu: NDArray[np.float64], theta: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Chance of a smaller count plus half that of the same, less ½; counts from 1."""
    p = theta / (theta + mu)
    below = special.betainc(theta, count, p)
    return np.asarray((below + special.betainc(theta, count + 1, p) - 1) / 2)
