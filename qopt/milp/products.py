"""Columns that equal a product of others: exact on whole points."""

from __future__ import annotations

import numpy as np

from qopt.core.arrays import Bools, Ints
from qopt.milp.assembly import Assembly, Block, Source
from qopt.milp.expansion import unique_rows


def add_products(assembly: Assembly, factors: Ints, binary: Bools, above: Bools, below: Bools) -> Ints:
    """One column per monomial, with the rows that tie it to its factors; their indices.

    A product w of binaries b_1..b_d obeys ``w <= b_i`` and ``w >= sum(b) - (d - 1)``; a product of a binary B and one
    bounded column y obeys the four inequalities of McCormick (1976), which leave ``w = B y`` alone when B is 0 or 1.

    Parameters
    ----------
    factors
        Distinct monomials, shape (terms, degree): columns, ascending, padded in front with -1. At most one factor is
        not binary, and that one has finite bounds.
    binary
        Shape (columns,): which columns are 0 or 1.
    above, below
        Shape (terms,): whether w must be held from exceeding the product, and from falling short of it. A product
        that is only ever made small needs no ceiling.
    """
    pure = np.append(binary, True)[factors].all(axis=1)
    # The binaries of a mixed product are a monomial of their own: it is tied on both sides.
    inner = np.where(np.append(binary, False)[factors], factors, -1)[~pure]
    inner.sort(axis=1)
    composite = (inner >= 0).sum(axis=1) >= 2
    table, rank = unique_rows(np.concatenate([factors[pure], inner[composite]]))
    given, made = rank[: pure.sum()], rank[pure.sum() :]
    ceiling, floor = np.zeros(len(table), bool), np.zeros(len(table), bool)
    ceiling[given[above[pure]]] = True
    floor[given[below[pure]]] = True
    ceiling[made] = floor[made] = True
    column = _conjunctions(assembly, table, ceiling, floor)
    out = np.empty(len(factors), dtype=np.int64)
    out[pure] = column[given]
    if not pure.all():
        switch = inner[:, -1].copy()
        switch[composite] = column[made]
        mixed = factors[~pure]
        scaled = np.where((mixed >= 0) & ~np.append(binary, True)[mixed], mixed, -1).max(axis=1)
        out[~pure] = _switched(assembly, switch, scaled)
    return out


def _conjunctions(assembly: Assembly, factors: Ints, ceiling: Bools, floor: Bools) -> Ints:
    """``w = product of binaries``."""
    w = assembly.columns(0.0, 1.0, False, len(factors))
    held = factors[ceiling]
    term, position = np.nonzero(held >= 0)
    count = len(term)
    assembly.rows(
        Block(
            np.tile(np.arange(count), 2),
            np.concatenate([w[ceiling][term], held[term, position]]),
            np.repeat([1.0, -1.0], count),
            np.full(count, -np.inf),
            np.zeros(count),
        ),
        Source.DEFINITION,
    )
    held = factors[floor]
    term, position = np.nonzero(held >= 0)
    count = len(held)
    assembly.rows(
        Block(
            np.concatenate([np.arange(count), term]),
            np.concatenate([w[floor], held[term, position]]),
            np.concatenate([np.full(count, -1.0), np.ones(len(term))]),
            np.full(count, -np.inf),
            (held >= 0).sum(axis=1) - 1.0,
        ),
        Source.DEFINITION,
    )
    return w


def _switched(assembly: Assembly, switch: Ints, scaled: Ints) -> Ints:
    """``w = B y``: with L <= y <= U, ``L B <= w <= U B`` and ``y - U (1 - B) <= w <= y - L (1 - B)``."""
    low, high = assembly.lower[scaled], assembly.upper[scaled]
    count = len(switch)
    w = assembly.columns(np.minimum(low, 0.0), np.maximum(high, 0.0), False, count)
    k, one = np.arange(count), np.ones(count)
    for bound, of_y, lower, upper in (
        (high, 0.0, -np.inf, 0.0),  # w - U B <= 0
        (low, 0.0, 0.0, np.inf),  # w - L B >= 0
        (high, 1.0, -high, np.inf),  # w - y - U B >= -U
        (low, 1.0, -np.inf, -low),  # w - y - L B <= -L
    ):
        assembly.rows(
            Block(
                np.tile(k, 3),
                np.concatenate([w, switch, scaled]),
                np.concatenate([one, -bound, -of_y * one]),
                np.broadcast_to(lower, (count,)),
                np.broadcast_to(upper, (count,)),
            ),
            Source.DEFINITION,
        )
    return w
