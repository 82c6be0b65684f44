"""Take bits out of a quadratic polynomial without losing its minimum."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from qopt.core.arrays import no_indices
from qopt.core.polynomial import Polynomial
from qopt.core.watch import Watch
from qopt.reduce.polynomial.grid import Grid, promising
from qopt.reduce.polynomial.reduced import Reduced

MOST_CELLS = 2**21
_SMALL = 2**16
"""Fewer pairs than this are reduced without a look beforehand."""


def reduce_polynomial(
    polynomial: Polynomial,
    *,
    keep: ArrayLike | None = None,
    cells: int = MOST_CELLS,
    watch: Watch | None = None,
) -> Reduced:
    """Reduce a polynomial over bits; linear time but for the pieces solved, whose tables are bounded.

    Above 2**16 pairs nothing is tried unless some bit has at most three couplings, or one as large as its others.

    Parameters
    ----------
    polynomial
        Bits of products of three or more are left alone.
    keep
        Bits to leave alone, as a mask or as numbers: those of groups and rows.
    cells
        Most table cells for pieces that are nearly trees; 0 solves none.
    watch
        Ends the reduction early; what is done by then is right.

    Examples
    --------
    >>> from qopt.core.polynomial import polynomial_of
    >>> path = polynomial_of(4, {(0, 1): 2, (1, 2): -3, (2, 3): 2, (0,): -1, (3,): -1})
    >>> reduced = reduce_polynomial(path)
    >>> reduced.polynomial.n, reduced.polynomial.offset, reduced.restore([[]]).tolist()
    (0, -3.0, [[0, 1, 1, 0]])
    """
    stays = np.zeros(polynomial.n, dtype=bool)
    if keep is not None:
        stays[np.asarray(keep)] = True
    stays[polynomial.products.index] = True
    if stays.all() or (len(polynomial.value) > _SMALL and not promising(polynomial, stays)):
        return _unchanged(polynomial)
    from qopt.reduce.polynomial.reduction import Reduction

    work = Reduction(Grid.of(polynomial), stays)
    work.run(cells, watch)
    return work.result(polynomial) if work.removed else _unchanged(polynomial)


def _unchanged(polynomial: Polynomial) -> Reduced:
    n = polynomial.n
    nothing = np.zeros((0, 3), dtype=np.int32)
    return Reduced(polynomial, np.arange(n), n, no_indices(), nothing, nothing.astype(np.int64), {}, 0.0)
