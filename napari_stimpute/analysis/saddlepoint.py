"""How likely a random draw of spots sums to as much as a group does.

The group is compared with all draws of as many spots, without replacement. Counting them all is out
of reach, and the normal approximation far off where few spots are drawn or few have molecules; the
saddlepoint approximation follows the tail there. Where sums come in steps, as those of a gene with
molecules in few spots do, it runs below the middle of each step, as the mid-p does; at the highest
sum there is, the chance is exact.

Each spot is drawn with chance p = n / N on its own, given that n are drawn. With K(s, t) the
logarithm of the moment-generating function of the number drawn and of the sum of their scores a,
Σ log(1 − p + p exp(s + t a)), the tail is that of Skovgaard (1987, J Appl Probab 24:875), in the
form of Barndorff-Nielsen: 1 − Φ(r + log(u / r) / r), where, at the (s, t) at which the gradient of
K is n and the sum x, r = √(2 (s n + t x − K)) and u = t √(det K″ / (N p (1 − p))). See also
Robinson (1982, J R Stat Soc B 44:91), Booth and Butler (1990, Biometrika 77:787).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import special

_N_STEPS, _N_SHORTER = 60, 12
_LONGEST = 4.0
"""Step of any spot's logarithm of the odds of being drawn."""

_CLOSE = 1e-9
"""What a step has left to gain of K, below which it is the last."""

_ROUNDING = 1e-9
_EPSILON = np.finfo(float).eps


@dataclass(frozen=True, eq=False)
class Pool:
    """Scores that draws are taken from, gene after gene; the mean of each gene is 0.

    Attributes
    ----------
    value : (n_values,), scores; each gene has its own
    weight : (n_values,), spots that have that score; each gene has all spots
    start : (n_genes + 1,), where the scores of each gene start
    """

    value: NDArray[np.float64]
    weight: NDArray[np.float64]
    start: NDArray[np.intp]

    def of(self, genes: NDArray[np.intp]) -> Pool:
        """Scores of some genes."""
        sizes = np.diff(self.start)[genes]
        start = np.append(0, np.cumsum(sizes))
        at = np.arange(start[-1]) + np.repeat(self.start[genes] - start[:-1], sizes)
        return Pool(self.value[at], self.weight[at], start)

    def add(self, terms: NDArray[np.float64]) -> NDArray[np.float64]:
        """Sum of a term per value, (n_genes,)."""
        return np.add.reduceat(terms, self.start[:-1])

    def spread(self, numbers: NDArray[Any]) -> NDArray[Any]:
        """A number of each gene, at each of its values."""
        return np.repeat(numbers, np.diff(self.start))


def two_sided(pool: Pool, n_drawn: int, sums: NDArray[np.float64]) -> NDArray[np.float64]:
    """Chance that the sum of a draw is as far from 0 as these are, on either side, (n_genes,)."""
    far = np.abs(sums)
    lower = upper_tail(replace(pool, value=-pool.value), n_drawn, far)
    return np.minimum(1, upper_tail(pool, n_drawn, far) + lower)


def upper_tail(pool: Pool, n_drawn: int, sums: NDArray[np.float64]) -> NDArray[np.float64]:
    """Chance that the scores of `n_drawn` spots sum to as much or more, (n_genes,).

    Parameters
    ----------
    pool : of at least one gene
    n_drawn : spots of a draw, at least one and fewer than all
    sums : (n_genes,), > 0
    """
    chance = _at_the_edge(pool, n_drawn, sums)
    inside = np.flatnonzero(np.isnan(chance))
    if len(inside):
        chance[inside] = _approximate(pool.of(inside), n_drawn, sums[inside])
    return chance


def _at_the_edge(pool: Pool, n_drawn: int, sums: NDArray[np.float64]) -> NDArray[np.float64]:
    """Exact chance of the highest sum there is, 0 beyond it, not a number below it."""
    order = np.lexsort((-pool.value, pool.spread(np.arange(len(sums)))))
    value, weight = pool.value[order], pool.weight[order]
    before = np.cumsum(weight) - weight
    before -= pool.spread(before[pool.start[:-1]])
    taken = np.clip(n_drawn - before, 0, weight)
    highest = pool.add(taken * value)
    is_last = (before < n_drawn) & (before + weight >= n_drawn)
    tied, of_tied = pool.add(is_last * weight), pool.add(is_last * taken)
    n_obs = pool.add(weight)
    chance = np.exp(_log_choices(tied, of_tied) - _log_choices(n_obs, n_drawn))
    slack = _ROUNDING * n_drawn
    chance[sums < highest - slack] = np.nan
    chance[sums > highest + slack] = 0
    return np.asarray(chance)


def _log_choices(n: NDArray[np.float64], k: NDArray[np.float64] | int) -> NDArray[np.float64]:
    return np.asarray(special.gammaln(n + 1) - special.gammaln(k + 1) - special.gammaln(n - k + 1))


def _approximate(pool: Pool, n_drawn: int, sums: NDArray[np.float64]) -> NDArray[np.float64]:
    """The saddlepoint approximation, by Newton steps that are shortened until K gets lower."""
    n_obs = pool.weight[: pool.start[1]].sum()
    p = n_drawn / n_obs

    def log_odds(s: NDArray[np.float64], t: NDArray[np.float64]) -> NDArray[np.float64]:
        return np.asarray(special.logit(p) + pool.spread(s) + pool.spread(t) * pool.value)

    def below(s: NDArray[np.float64], t: NDArray[np.float64]) -> NDArray[np.float64]:
        """K − s n − t x, convex, lowest where its gradient is 0."""
        k = pool.add(pool.weight * np.logaddexp(0, log_odds(s, t))) + n_obs * np.log1p(-p)
        return np.asarray(k - s * n_drawn - t * sums)

    variance = pool.add(pool.weight * pool.value**2) / n_obs
    s = np.zeros(len(sums))
    t = np.minimum(sums / (n_drawn * (1 - p) * variance), 1 / np.sqrt(variance))
    lowest = below(s, t)
    is_close = np.zeros(len(sums), dtype=bool)
    for _ in range(_N_STEPS):
        chance = special.expit(log_odds(s, t))
        drawn = pool.weight * chance
        in_n, in_x = pool.add(drawn) - n_drawn, pool.add(drawn * pool.value) - sums
        drawn *= 1 - chance
        of_s, of_st = pool.add(drawn), pool.add(drawn * pool.value)
        of_t = pool.add(drawn * pool.value**2)
        curvature = np.maximum(of_s * of_t - of_st**2, _EPSILON * of_s * of_t + _EPSILON**6)
        ds = (of_st * in_x - of_t * in_n) / curvature
        dt = (of_st * in_n - of_s * in_x) / curvature
        is_close |= -(in_n * ds + in_x * dt) < _CLOSE
        if is_close.all():
            break
        change = np.abs(pool.spread(ds) + pool.spread(dt) * pool.value)
        longest = np.maximum.reduceat(change, pool.start[:-1])
        step = np.where(is_close, 0, np.minimum(1, _LONGEST / np.maximum(longest, _EPSILON)))
        for _ in range(_N_SHORTER):
            found = below(s + step * ds, t + step * dt)
            is_higher = (found > lowest + _ROUNDING) & ~is_close
            if not is_higher.any():
                break
            step = np.where(is_higher, step / 3, step)
        s, t = s + step * ds, t + step * dt
        lowest = np.where(is_close, lowest, found)
    return tail(np.sqrt(np.maximum(-2 * lowest, 0)), t * np.sqrt(curvature / (n_drawn * (1 - p))))


def tail(r: NDArray[np.float64], u: NDArray[np.float64]) -> NDArray[np.float64]:
    """Chance beyond a saddlepoint, from the r and u of its formula; 1 where none was found."""
    is_sound = (r > 0) & (u > 0)
    ratio = np.divide(u, r, out=np.ones_like(u), where=is_sound)
    star = r + np.divide(np.log(ratio), r, out=np.zeros_like(r), where=is_sound)
    return np.where(is_sound, special.ndtr(-star), 1.0)
