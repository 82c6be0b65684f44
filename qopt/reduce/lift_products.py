"""Bits that are the product of two others at some minimiser, as in Rosenberg's gadget P (3z - 2xz - 2yz + xy).

Bit z is *dependent* on x and y when, whatever the other bits are, it is best on with both of them on and best off
otherwise: with pairs of z sorted into those with x and y (of the same weight below 0), dear ones and cheap ones,

    linear + pair(x) + pair(y) + dear <= 0        linear + pair(x) + cheap >= 0

where a product that z is part of is dear or cheap like a pair. Setting such bits to their products, first those that
others depend on, never costs; once they are gone, more bits may have become dependent.

Source: Rosenberg, "Reduction of bivalent maximization to the quadratic case", Cahiers du Centre d'Etudes de Recherche
Operationnelle 17 (1975).
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from qopt.core.polynomial import Polynomial, Products
from qopt.kernels import lift_tables

_ROUNDING = 1e-12


def without_products(p: Polynomial, stays: NDArray[np.bool_]) -> tuple[Polynomial, dict[int, tuple[int, ...]]]:
    """The polynomial with products in the place of dependent bits, which no longer occur; and their factors.

    Parameters
    ----------
    stays
        Shape (n,): bits to leave alone. They may be factors.

    Returns
    -------
    Factors are no dependent bits themselves: products of products are multiplied out.
    """
    stays, factors = stays.copy(), dict[int, tuple[int, ...]]()
    while found := dependent_bits(p, stays):
        p = substituted(p, found)
        stays[list(found)] = True
        factors = {z: _put(ends, found) for z, ends in factors.items()} | found
    return p, factors


def _put(ends: tuple[int, ...], factors: Mapping[int, tuple[int, ...]]) -> tuple[int, ...]:
    """Factors with the factors of some of them in their place."""
    return tuple(sorted({k for end in ends for k in factors.get(end, (end,))}))


def dependent_bits(p: Polynomial, stays: NDArray[np.bool_]) -> dict[int, tuple[int, ...]]:
    """The bits that some minimiser has at the product of others, as far as can be told at once; with their factors.

    Parameters
    ----------
    stays
        Shape (n,): bits to leave alone. They may be factors.

    Returns
    -------
    Factors are no dependent bits themselves: products of products are multiplied out.
    """
    n = p.n
    pair, near = np.empty((n, 2)), np.empty((n, 2), dtype=np.int64)
    dear, rest = np.empty((2, n))
    lift_tables.cheapest(p.row, p.col, p.value, pair, near, dear, rest)
    terms = p.products
    owner = np.repeat(np.arange(len(terms)), np.diff(terms.indptr))
    dear += np.bincount(terms.index, np.maximum(terms.coefficient, 0.0)[owner], n)
    rest += np.bincount(terms.index, np.minimum(terms.coefficient, 0.0)[owner], n)
    slack = 0.0 if p.integral else _ROUNDING * (np.abs(p.linear) + dear - rest - pair.sum(axis=1))
    both = p.linear + pair.sum(axis=1) + dear
    one = p.linear + pair[:, 0] + rest
    good = (near[:, 1] >= 0) & (pair[:, 0] == pair[:, 1]) & (both <= slack) & (one >= -slack) & ~stays
    factors = {int(z): (int(x), int(y)) for z, (x, y) in zip(np.flatnonzero(good), near[good])}
    joined = _joined(p, list(factors.values()))
    return _multiplied({z: ends for z, ends in factors.items() if ends in joined})


def _joined(p: Polynomial, ends: list[tuple[int, int]]) -> set[tuple[int, int]]:
    """Those pairs of bits that cost something together: the gadget's third pair."""
    if not ends:
        return set()
    wanted = np.sort(np.array(ends, dtype=np.int64), axis=1)
    key = p.row.astype(np.int64) * p.n + p.col
    ask = wanted[:, 0] * p.n + wanted[:, 1]
    at = np.minimum(np.searchsorted(key, ask), len(key) - 1)
    return {pair for pair, k, q in zip(ends, at.tolist(), ask.tolist()) if key[k] == q and p.value[k] > 0}


def _multiplied(factors: Mapping[int, tuple[int, ...]]) -> dict[int, tuple[int, ...]]:
    """Every product in terms of independent bits; a bit that would depend on itself is independent."""
    left, done = dict(factors), dict[int, tuple[int, ...]]()
    while left:
        ready = [z for z, ends in left.items() if not any(k in left for k in ends)]
        if not ready:
            del left[min(left)]
        for z in ready:
            done[z] = _put(left.pop(z), done)
    return done


def substituted(p: Polynomial, factors: Mapping[int, tuple[int, ...]]) -> Polynomial:
    """The polynomial with products in the place of dependent bits, which no longer occur."""
    out = np.zeros(p.n, dtype=bool)
    out[list(factors)] = True
    touched = out[p.row] | out[p.col]
    terms: dict[tuple[int, ...], float] = {}

    def add(bits: list[int], value: float) -> None:
        key = _put(tuple(bits), factors)
        terms[key] = terms.get(key, 0.0) + value

    for t in range(len(p.products)):
        add(p.products.term(t).tolist(), float(p.products.coefficient[t]))
    for z in factors:
        add([z], float(p.linear[z]))
    for i, j, value in zip(p.row[touched].tolist(), p.col[touched].tolist(), p.value[touched].tolist()):
        add([i, j], value)
    linear = np.where(out, 0.0, p.linear)
    pairs = {key: value for key, value in terms.items() if len(key) == 2}
    for key, value in terms.items():
        if len(key) == 1:
            linear[key[0]] += value
    more = np.array(list(pairs), dtype=np.int64).reshape(-1, 2)
    return Polynomial.from_pairs(
        linear,
        np.concatenate([p.row[~touched], more[:, 0]]),
        np.concatenate([p.col[~touched], more[:, 1]]),
        np.concatenate([p.value[~touched], np.array(list(pairs.values()))]),
        products=Products.from_terms({key: value for key, value in terms.items() if len(key) > 2}),
        offset=p.offset,
    )
