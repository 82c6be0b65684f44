"""Measures of a search: gap over time and time to target."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from qopt.core.arrays import Floats


def time_to_target(seconds: Sequence[float], reached: Sequence[bool], *, probability: float = 0.99) -> float:
    """Expected time until a restarted search has reached its target with the given probability.

    Parameters
    ----------
    seconds
        Time each run took (to the target where it was reached, else its whole length).
    reached
        Whether the run reached it.

    Returns
    -------
    ``mean time * log(1 - probability) / log(1 - p)`` with p the share of runs that reached the target (Aramon et al.
    2019, eq. 2); the mean time itself when all did; infinity when none did.
    """
    if len(seconds) == 0 or len(seconds) != len(reached):
        raise ValueError(f"need as many times as outcomes and at least one, got {len(seconds)} and {len(reached)}")
    share = float(np.mean(reached))
    mean = float(np.mean(seconds))
    if share == 0.0:
        return float("inf")
    if share == 1.0:
        return mean
    return mean * max(1.0, np.log(1 - probability) / np.log(1 - share))


def gap_at(times: Sequence[float], objectives: Sequence[float], moments: Sequence[float], best_known: float) -> Floats:
    """Relative gap of the incumbent at each moment; NaN before the first incumbent.

    Parameters
    ----------
    times, objectives
        When each incumbent came, ascending, and its objective.
    moments
        When to look.
    """
    which = np.searchsorted(np.asarray(times), np.asarray(moments), side="right") - 1
    values = np.asarray(objectives, dtype=np.float64)
    found = values[np.maximum(which, 0)] if len(values) else np.full(len(which), np.nan)
    gap = np.abs(found - best_known) / max(1e-9, abs(best_known))
    return np.where(which >= 0, gap, np.nan)
