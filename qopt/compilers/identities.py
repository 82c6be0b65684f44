"""Rules that cannot be broken one at a time: forms that add up to nothing, such as the lines of a permutation.

Where ``sum of sign_j g_j = 0`` identically, all signs 1 or -1, a form with g_j = k leaves ``sum of abs(g_i) >= abs(k)``
to the others, and the forms are whole, so that the squares add up to at least ``k**2 + abs(k)``: twice the weight's
worth where the rule is broken by 1.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from scipy.sparse import csgraph

from qopt.compilers.passes.assemble import Forms
from qopt.core.arrays import Ints


def identities(forms: Forms, square: NDArray[np.bool_]) -> list[tuple[Ints, Ints]]:
    """Sets of squares whose forms add up to nothing: forms and signs of each. No form is in two sets.

    Only sets are found in which every bit stands in two forms.
    """
    chosen = np.flatnonzero(square & (np.diff(forms.matrix.indptr) > 0))
    if len(chosen) < 2:
        return []
    a = forms.matrix[chosen]
    a.eliminate_zeros()
    twice = np.bincount(a.indices, minlength=a.shape[1]) == 2
    owner = np.repeat(np.arange(len(chosen)), np.diff(a.indptr))
    good = np.bincount(owner[~twice[a.indices]], minlength=len(chosen)) == 0
    chosen, a = chosen[good], a[good]
    if not len(chosen):
        return []
    sign = np.zeros(len(chosen), dtype=np.int64)
    touch = sparse.csr_array(a @ a.T)
    count, part = csgraph.connected_components(touch, directed=False)
    order = np.argsort(part, kind="stable")
    ends = np.searchsorted(part[order], np.arange(count + 1))
    found = []
    for k in range(count):
        members = order[ends[k] : ends[k + 1]]
        if len(members) < 2:
            continue
        walk, before = csgraph.breadth_first_order(touch, int(members[0]), directed=False)
        sign[walk[0]] = 1
        for j in walk[1:].tolist():
            i = int(before[j])
            sign[j] = -sign[i] * (1 if touch[i, j] > 0 else -1)
        rest = sign[members] @ a[members].toarray() if len(members) * a.shape[1] <= 10_000_000 else None
        constant = sign[members] @ forms.constant[chosen[members]]
        if rest is not None and not rest.any() and constant == 0:
            found.append((chosen[members], sign[members].copy()))
    return found
