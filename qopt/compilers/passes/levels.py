"""Ordered levels of the objective as one energy: earlier levels weighed so that they matter infinitely more."""

from __future__ import annotations

from collections.abc import Sequence
from math import gcd

import numpy as np

from qopt.compilers.passes.assemble import added
from qopt.compilers.passes.exact import EXACT, common_scale, simplest
from qopt.core.errors import CompileError
from qopt.core.polynomial import Polynomial


def combined(levels: Sequence[Polynomial], *, rounding: bool = False) -> tuple[Polynomial, tuple[float, ...], bool]:
    """``w_0 F_0 + w_1 F_1 + … + F_last``, in lexicographic order.

    If two values of F_k differ at all, they differ by at least the common divisor d of its coefficients, so
    ``w_k = (range of all that follows) / d``, rounded up to a whole number above it, lets no later level outvote it.

    Parameters
    ----------
    rounding
        Accept a level whose coefficients have no common divisor, at a resolution of 10**-6 of its range.

    Returns
    -------
    The energy, the weight of each level, and whether the order is exact.

    Raises
    ------
    CompileError
        A level before the last without common divisor.
    """
    n = max((p.n for p in levels), default=0)
    total, weights, exact = levels[-1], [1.0], True
    for k in range(len(levels) - 2, -1, -1):
        step = _divisor(levels[k])
        if step is None:
            if not rounding:
                raise CompileError(
                    f"level {k + 1} of the objective has coefficients without a common divisor, so no finite weight"
                    " puts it above the next (round its data, or accept this with guarantee='none')"
                )
            exact, step = False, 1e-6 * _range(levels[k])
        weight = float(np.floor(_range(total) / step * (1 + 1e-9))) + 1.0 if step else 1.0
        weights.append(weight)
        total = added([levels[k].scaled(weight), total], n)
    return total, tuple(reversed(weights)), exact


def _coefficients(p: Polynomial) -> np.ndarray:
    return np.concatenate([p.linear, p.value, p.products.coefficient])


def _range(p: Polynomial) -> float:
    """Distance between the termwise bounds over bits."""
    return float(np.abs(_coefficients(p)).sum())


def _divisor(p: Polynomial) -> float | None:
    """The largest number that all coefficients are whole multiples of (0 for none); None when it is below 2**-53."""
    values = np.unique(np.abs(_coefficients(p)))
    values = values[values > 0]
    if not len(values):
        return 0.0
    if p.integral:
        return float(np.gcd.reduce(values.astype(np.int64)))
    fractions = [simplest(float(v)) for v in values]
    scale = common_scale(fractions)
    if scale is None or max(fractions) * scale >= EXACT:
        return None
    return gcd(*(int(f * scale) for f in fractions)) / scale
