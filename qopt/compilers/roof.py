"""Towards the roof dual where pairs are too many for a relaxation: reduced costs evened out over pairs.

A reduced cost above 0 has room that one below 0 can use (Hammer, Hansen and Simeone, 1984): a negative pair moves its
burden to the bit with room, a positive one pays for two bits without. Every move is split evenly over the pairs of its
bits, so that all may be made at once and none takes more than there is. Longer chains of moves than the rounds can
carry are not looked for: with few pairs the linear relaxation, which holds the whole roof dual, is solved instead.
"""

from __future__ import annotations

import numpy as np

from qopt.core.arrays import Floats
from qopt.core.polynomial import Polynomial

ROUNDS = 12


def shifted(objective: Polynomial, shares: Floats, cost: Floats) -> tuple[Floats, float]:
    """Shares that bound better, and what they gain.

    Parameters
    ----------
    shares
        Shape (pairs,), 0 to 1, as in ``bounds.Prices``.
    cost
        Shape (bits,): reduced costs with these shares, multipliers of rows included.
    """
    x, y, n = objective.row, objective.col, objective.n
    size, positive = np.abs(objective.value), objective.value > 0
    part = shares * size
    gained = 0.0
    for _ in range(ROUNDS if len(size) else 0):
        first, second = cost[x], cost[y]
        # Every pair has at most one of these moves: how its part changes, and what bounds that.
        up = np.where(positive, (first < 0) & (second < 0) & (part < size), (first > 0) & (second < 0) & (part < size))
        down = np.where(positive, (first > 0) & (second > 0), (first < 0) & (second > 0)) & (part > 0)
        moves = up | down
        many = np.bincount(x[moves], minlength=n) + np.bincount(y[moves], minlength=n)
        many = np.maximum(many, 1)
        most = np.minimum(np.abs(first) / many[x], np.abs(second) / many[y])
        step = np.where(up, np.minimum(most, size - part), np.where(down, -np.minimum(most, part), 0.0))
        total = float(np.abs(step).sum())
        if total <= 2.0**-20 * abs(gained):
            break
        part, gained = part + step, gained + total
        sign = np.where(positive, 1.0, -1.0)
        cost = cost + np.bincount(x, weights=sign * step, minlength=n) + np.bincount(y, weights=step, minlength=n)
    return np.clip(part / np.where(size > 0, size, 1.0), 0.0, 1.0), gained
