"""Between which temperatures to anneal, told from changes of energy that single moves make."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

CALM = 0.3
"""Worsening moves that a sweep of a local minimum is expected to accept at the coldest temperature."""


def hottest(sizes: NDArray[Any]) -> float:
    """The temperature above which little is refused: nine tenths of the changes are smaller than 2.2 temperatures.

    Parameters
    ----------
    sizes
        Absolute changes that moves make at a random point, above 0; at least one.
    """
    return float(np.quantile(sizes, 0.9)) / 2.2


def coldest(rises: NDArray[Any], share: float) -> float:
    """The temperature at which a sweep of a local minimum is expected to accept ``CALM`` moves.

    Parameters
    ----------
    rises
        What moves cost there, above 0; at least one.
    share
        How many moves of a sweep each of them stands for.
    """
    low, high = 1e-3, 1e3 * max(1.0, float(np.log(share * len(rises) + 2)))
    scale = float(rises.min())
    for _ in range(60):  # bisection for beta in units of 1 / smallest rise
        beta = (low * high) ** 0.5
        expected = share * float(np.exp(-np.minimum(beta * rises / scale, 700.0)).sum())
        low, high = (beta, high) if expected > CALM else (low, beta)
    return scale / high
