"""Products of bits: linearised inside rows, reduced to degree 2 in an energy, or put back."""

from __future__ import annotations

import heapq
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np
from scipy import sparse

from qopt.compilers.passes.assemble import Forms, Terms, added, terms_of
from qopt.core.polynomial import Polynomial, polynomial_of


def linearised(polynomials: Sequence[Terms], start: int) -> tuple[list[dict[int, float]], list[tuple[int, int]]]:
    """Give every product its own bit, so that each polynomial is linear.

    Returns
    -------
    Per polynomial its coefficients by bit (the constant left out), and per new bit ``start + t`` the two bits it is the
    product of; equal products share a bit.
    """
    pairs: dict[tuple[int, int], int] = {}
    linear = []
    for terms in polynomials:
        row: dict[int, float] = {}
        for bits, value in terms.items():
            if not bits:
                continue
            product = bits[0]
            for bit in bits[1:]:
                product = pairs.setdefault((min(product, bit), max(product, bit)), start + len(pairs))
            row[product] = row.get(product, 0.0) + value
        linear.append(row)
    return linear, list(pairs)


def product_forms(pairs: Sequence[tuple[int, int]], start: int) -> Forms:
    """The rules ``z = x y`` for bits ``start + t``: windows over g = x + y - 2 z, 0 or 1 exactly when z = x y."""
    m = len(pairs)
    factors = np.array(pairs, dtype=np.int64).reshape(m, 2)
    index = np.concatenate([factors, start + np.arange(m)[:, None]], axis=1).ravel()
    data = np.tile(np.array([1, 1, -2], dtype=np.int64), m)
    matrix = sparse.csr_array((data, index, 3 * np.arange(m + 1)), shape=(m, start + m))
    return Forms(matrix, np.zeros(m), np.full(m, 0.5), np.full(m, -0.5))


def put_back(energy: Polynomial, factors: Mapping[int, tuple[int, ...]], first: int, count: int) -> Polynomial:
    """Replace the bits ``first .. first + count - 1`` by the products they stand for, and close the gap."""
    place = np.arange(energy.n)
    place[first + count :] -= count
    stands = np.zeros(energy.n, dtype=bool)
    stands[first : first + count] = True
    pair = stands[energy.row] | stands[energy.col]
    row, col = (place[part[~pair]].astype(np.int32) for part in (energy.row, energy.col))
    kept = Polynomial(energy.linear[~stands], row, col, energy.value[~pair], offset=energy.offset)
    touched: list[tuple[tuple[int, ...], float]] = [
        ((int(b),), float(energy.linear[b])) for b in np.flatnonzero(stands & (energy.linear != 0))
    ]
    pairs = zip(energy.row[pair].tolist(), energy.col[pair].tolist(), energy.value[pair].tolist())
    touched += [((x, y), value) for x, y, value in pairs]
    products = energy.products
    touched += [(tuple(products.term(t).tolist()), float(products.coefficient[t])) for t in range(len(products))]
    moved: Terms = {}
    for bits, value in touched:
        key = tuple(sorted({int(place[b]) for bit in bits for b in factors.get(bit, (bit,))}))
        moved[key] = moved.get(key, 0.0) + value
    return added([kept, polynomial_of(kept.n, {k: v for k, v in moved.items() if v})], kept.n)


@dataclass(frozen=True, slots=True)
class Gadget:
    """A new bit that makes products shorter.

    Parameters
    ----------
    factors
        The bits it is the product of.
    weight
        Size of the negative coefficient it stands for, or the weight under which it is the product of two bits.
    terms
        What it shortened, of a pair: the other bits of each product and its coefficient. None for a negative product.
    """

    factors: tuple[int, ...]
    weight: float
    terms: tuple[tuple[tuple[int, ...], float], ...] | None = None


def quadratised(energy: Polynomial) -> tuple[Polynomial, tuple[Gadget, ...]]:
    """Reduce products of three and more bits to pairs, with new bits behind the others.

    A term with a negative coefficient takes one bit and no weight (Kolmogorov and Zabih, 2004; Freedman and Drineas,
    2005): ``-c x1…xk = min over z of c z (k - 1 - x1 - … - xk)``. Positive terms share bits for their most frequent
    pair (Rosenberg, 1975): ``z = x y`` under a weight of the sum of the coefficients it appears with, which is enough,
    because that sum is all that z = 0 could gain while x y = 1, and z = 1 gains nothing.

    Returns
    -------
    An energy whose least value over the new bits is the old energy, on every bit string; and the new bits, whose
    factors may be earlier new bits.
    """
    work = _Reduction(energy.n)
    for bits, value in sorted(terms_of(Polynomial(np.zeros(energy.n), products=energy.products)).items()):
        if value < 0:
            work.negative(bits, value)
        elif value > 0:
            work.positive.append((set(bits), value))
    work.share_pairs()
    total = energy.n + len(work.gadgets)
    flat = Polynomial(energy.linear, energy.row, energy.col, energy.value, offset=energy.offset)
    return added([flat, polynomial_of(total, work.terms)], total), tuple(work.gadgets)


class _Reduction:
    """Terms of degree 2 that stand for longer products, and the new bits they need."""

    def __init__(self, n: int) -> None:
        self.n = n
        self.gadgets: list[Gadget] = []
        self.terms: Terms = {}
        self.positive: list[tuple[set[int], float]] = []
        self.users: dict[tuple[int, int], set[int]] = {}

    def _new(self, gadget: Gadget) -> int:
        self.gadgets.append(gadget)
        return self.n + len(self.gadgets) - 1

    def _add(self, value: float, *bits: int) -> None:
        key = tuple(sorted(bits))
        self.terms[key] = self.terms.get(key, 0.0) + value

    def negative(self, bits: tuple[int, ...], value: float) -> None:
        """One term with a negative coefficient."""
        z = self._new(Gadget(bits, -value))
        self._add(-value * (len(bits) - 1), z)
        for bit in bits:
            self._add(value, bit, z)

    def share_pairs(self) -> None:
        """Replace pairs in the positive terms, the most frequent first, until every term is a pair."""
        heap = [(-len(self.users[pair]), pair) for pair in sorted(self._note(range(len(self.positive))))]
        heapq.heapify(heap)
        while heap:
            count, (x, y) = heapq.heappop(heap)
            users = {t for t in self.users[x, y] if {x, y} <= self.positive[t][0] and len(self.positive[t][0]) > 2}
            self.users[x, y] = users
            if len(users) == -count:
                fresh = self._replace(x, y, sorted(users))
                for pair in sorted(fresh):
                    heapq.heappush(heap, (-len(self.users[pair]), pair))
            elif users:
                heapq.heappush(heap, (-len(users), (x, y)))
        for bits, value in self.positive:
            self._add(value, *bits)

    def _replace(self, x: int, y: int, users: list[int]) -> set[tuple[int, int]]:
        weight = sum(self.positive[t][1] for t in users)
        terms = tuple((tuple(sorted(self.positive[t][0] - {x, y})), self.positive[t][1]) for t in users)
        z = self._new(Gadget((x, y), weight, terms))
        self._add(weight, x, y)
        self._add(-2 * weight, x, z)
        self._add(-2 * weight, y, z)
        self._add(3 * weight, z)
        for t in users:
            bits, value = self.positive[t]
            self.positive[t] = (bits - {x, y} | {z}, value)
        return self._note(users)

    def _note(self, terms: Iterable[int]) -> set[tuple[int, int]]:
        """Enter the pairs of some terms; returns them."""
        pairs = set()
        for t in terms:
            for pair in combinations(sorted(self.positive[t][0]), 2):
                self.users.setdefault(pair, set()).add(t)
                pairs.add(pair)
        return pairs
