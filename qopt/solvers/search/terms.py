"""Products of three and more bits as the arrays that kernels work on, over bits or, where those are fewer, spins."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from qopt.core.arrays import Floats, Ints
from qopt.core.polynomial import Polynomial, Products
from qopt.kernels import terms_fields
from qopt.milp.expansion import Substitution, expand, terms_of
from qopt.solvers._structure import Structure
from qopt.solvers.search.couplings import Couplings, exclusive, whole_factor

_MOST_SUMMANDS = 2**23
"""Of the products multiplied out over spins; beyond that they stay products of bits."""


@dataclass(frozen=True, eq=False)
class Terms:
    """A polynomial over inner points, pairs and products apart; see ``kernels.terms_fields``.

    Parameters
    ----------
    couplings
        Linear part and pairs; with its factor and offset ``energies`` gives those of the Compiled.
    products
        Indices are inner bits; coefficients are multiplied by the factor of the couplings.
    spins
        Whether the products are of spins ``2 x - 1``.
    """

    couplings: Couplings
    products: Products
    spins: bool

    @classmethod
    def of(cls, polynomial: Polynomial, structure: Structure) -> Terms:
        """The polynomial of a Compiled over inner bits; products that hold two bits never on together are left out.

        Where every bit is free and that takes fewer factors, products are taken over spins, exactly.
        """
        place = structure.inner
        products = _possible(polynomial.products, structure)
        made = replace(polynomial, products=products)
        spins = _over_spins(made) if structure.free == structure.size else None
        if spins is not None and len(spins.products.index) < len(products.index):
            made = spins
        inner = Products(made.products.indptr, place[made.products.index].astype(np.int32), made.products.coefficient)
        return cls(Couplings.of_polynomial(made, structure), inner, made is spins)

    @cached_property
    def arrays(self) -> terms_fields.Terms:
        """For the kernels."""
        p, n = self.products, len(self.couplings.linear)
        size = np.diff(p.indptr)
        number = self.couplings.linear.dtype
        weight = p.coefficient * self.couplings.factor
        weight = np.rint(weight) if self.couplings.exact else weight
        owner = np.repeat(np.arange(len(p)), size)
        order = np.lexsort((owner, size[owner], p.index))
        at = np.zeros(n + 1, dtype=np.int64)
        np.cumsum(np.bincount(p.index, minlength=n), out=at[1:])
        term, bit = owner[order], p.index[order].astype(np.int64)
        four = at[:-1] + np.bincount(bit[size[term] == 3], minlength=n)
        more = four + np.bincount(bit[size[term] == 4], minlength=n)
        others = size[term] - 1
        ends = np.concatenate([[0], np.cumsum(others)])
        factor = _spans(p.indptr[term], size[term])
        other = p.index[factor]
        other = other[other != np.repeat(bit, size[term])]
        small = np.int16 if n < 2**15 else np.int32
        return terms_fields.Terms(
            np.array([self.spins], dtype=np.int64),
            weight.astype(number),
            size.astype(np.int32),
            at,
            four,
            more,
            term.astype(np.int32),
            ends[at[:-1]],
            other.astype(small),
        )


def _spans(start: Ints, count: Ints) -> Ints:
    """The ranges ``start[k] .. start[k] + count[k] - 1`` one behind the other."""
    ends = np.cumsum(count)
    total = int(ends[-1]) if len(ends) else 0
    return np.repeat(start - (ends - count), count) + np.arange(total)


def _possible(products: Products, structure: Structure) -> Products:
    """The products that are not always 0."""
    kept: list[tuple[NDArray[np.int32], Floats]] = []
    for columns, coefficient in products.blocks:
        inner = structure.inner[columns]
        never = np.zeros(len(coefficient), dtype=bool)
        for a, b in combinations(range(len(columns)), 2):
            never |= exclusive(structure, inner[a], inner[b])
        kept.append((columns[:, ~never], coefficient[~never]))
    size = np.concatenate([np.empty(0, np.int64), *(np.full(len(c), len(columns)) for columns, c in kept)])
    return Products(
        np.concatenate([[0], np.cumsum(size)]),
        np.concatenate([np.empty(0, np.int64), *(columns.T.ravel() for columns, _ in kept)]),
        np.concatenate([np.empty(0), *(coefficient for _, coefficient in kept)]),
    )


def _over_spins(p: Polynomial) -> Polynomial | None:
    """The same energy with products of spins ``2 x - 1`` beside linear part and pairs of bits; None if too many."""
    n = p.n
    factor, _ = whole_factor(p.products.coefficient)
    whole = Polynomial(
        np.zeros(n), products=Products(p.products.indptr, p.products.index, p.products.coefficient * factor)
    )
    half = Substitution(np.arange(n + 1), np.arange(n), np.full(n, 0.5), np.full(n, 0.5), np.zeros(n, dtype=bool))
    found = expand(terms_of([whole], np.zeros(n, dtype=bool)), half, 1, limit=_MOST_SUMMANDS)
    if found is None:
        return None
    s = found.polynomial(0, n).scaled(1 / factor)
    low = replace(p, products=Products())
    linear = 2 * s.linear - 2 * np.bincount(s.row, s.value, n) - 2 * np.bincount(s.col, s.value, n)
    offset = s.offset - float(s.linear.sum()) + float(s.value.sum())
    back = Polynomial(linear, s.row, s.col, 4 * s.value, offset=offset)
    return replace(Polynomial.sum([low, back]), products=s.products)
