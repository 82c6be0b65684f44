"""Recognise a quadratic assignment: pair weights of a square that are flow times distance."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

_ROUNDING = 1e-11
"""By how much, relative to the largest, weights that are no whole numbers may differ from a product."""


@dataclass(frozen=True, eq=False)
class Factors:
    """``scale * weight[(i, p), (k, q)] == sum over parts of flow[part, i, k] * distance[part, p, q]``.

    Parameters
    ----------
    flow, distance
        Shape (parts, side, side), int64 or float64, zero diagonals. Part 0 is symmetric in both; part 1, there only
        where it is needed, changes its sign in both when turned round.
    scale
        1 or 2.
    """

    flow: NDArray[Any]
    distance: NDArray[Any]
    scale: int

    @property
    def side(self) -> int:
        """Side of the square."""
        return self.flow.shape[1]

    @property
    def directed(self) -> bool:
        """Whether it matters which way round a pair lies."""
        return len(self.flow) > 1


def factors_of(indptr: NDArray[np.int64], col: NDArray[np.int32], weight: NDArray[Any], side: int) -> Factors | None:
    """The factors of the weights of one square, or None where they are no product.

    Every weight is compared: exactly for whole numbers, to a relative 1e-11 of the largest for fractions. The weights
    are not copied.

    Parameters
    ----------
    indptr, col, weight
        As in ``kernels.anneal_fields``, over the ``side * side`` bits row by row; none joins bits of a line.
    """
    from qopt.kernels import kronecker

    weights = (indptr, col, weight)
    whole = weight.dtype.kind == "i"
    number = np.dtype(np.int64 if whole else np.float64)
    slack = 0.0 if whole else _ROUNDING * float(np.abs(weight).max(initial=0.0))
    flows, distances = [], []
    for want in (0, 1):
        at = np.empty(4, dtype=np.int64)
        if not kronecker.first(*weights, side, slack, want, at):
            if want == 0:
                flows.append(np.zeros((side, side), number))
                distances.append(np.zeros((side, side), number))
            continue
        i, k, p, q = at.tolist()
        blocks, lines = np.empty((2, side, side), number), np.empty((2, side, side), number)
        kronecker.block(*weights, side, i, k, *blocks)
        kronecker.across(*weights, side, p, q, *lines)
        flow, distance = _parted(lines[want], blocks[want], blocks[want][p, q])
        flows.append(flow)
        distances.append(distance)
    flow, distance, scale = _halved(np.array(flows), np.array(distances))
    if not kronecker.agrees(*weights, side, flow, distance, scale, slack):
        return None
    return Factors(flow, distance, scale)


def _parted(line: NDArray[Any], block: NDArray[Any], pivot: Any) -> tuple[NDArray[Any], NDArray[Any]]:
    """``line`` and ``block`` so that their product at the pivot is the pivot: whole numbers stay whole."""
    divisor = int(np.gcd.reduce(np.abs(block), axis=None)) if block.dtype.kind == "i" else pivot
    distance = block // divisor if block.dtype.kind == "i" else block / pivot
    unit = pivot // divisor if block.dtype.kind == "i" else 1.0
    return (line // unit if block.dtype.kind == "i" else line), distance


def _halved(flow: NDArray[Any], distance: NDArray[Any]) -> tuple[NDArray[Any], NDArray[Any], int]:
    """Parts that make up the weights once where that keeps whole numbers whole, else twice."""
    if flow.dtype.kind != "i":
        return flow / 2, distance, 1
    odd = [bool((f & 1).any()) for f in flow]
    if not any(odd):
        return flow // 2, distance, 1
    return flow, distance, 2
