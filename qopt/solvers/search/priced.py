"""Annealed reads under rows: the arrays of ``kernels.activities_chain``, first prices, temperatures, one read."""

from __future__ import annotations

from functools import cached_property
from typing import NamedTuple

import numpy as np
from scipy import sparse

from qopt.core.arrays import Bits, Floats, is_integral
from qopt.core.watch import Watch, run_in_chunks
from qopt.kernels import activities_chain as chain
from qopt.kernels import activities_probe as probe
from qopt.kernels import anneal_chain
from qopt.kernels.activities import ACTIVITY, PRICE, Rows
from qopt.kernels.rng import streams
from qopt.solvers.search.annealer import watch_for
from qopt.solvers.search.landscape import Landscape
from qopt.solvers.search.temperatures import coldest, hottest
from qopt.solvers.search.terms import Terms

_PATIENCE = 60  # sweeps that a read with broken rows goes on
_GROW = 1.03  # of a price, after a sweep with violation
_BROKEN, _SHARE = 0.5, 0.25
"""Rows that prices in balance leave broken: their number at first, and the largest share of all."""

_HOT = 0.3
"""Of the temperature that a random point tells: most of its rows are broken, so its moves cost more than later ones."""

_RANGE = np.array([1e-3, 1e4])  # of a price, about the first one
_PROBES = 2048
_LEAST = 1e-6  # gain of a descent, in inner energies
_SETTLE_SECONDS = 0.008
_TABLE = -np.log((np.arange(4096) + 0.5) / 4096).astype(np.float32)


class Prices(NamedTuple):
    """What a unit of violation costs, per row, and how many rows prices in balance leave broken, about.

    Many broken rows let a read cross what keeps good points apart, and too many let it end with some: reads that break
    nothing make room for twice as many, others for a quarter.
    """

    price: Floats
    broken: float

    def after(self, price: Floats, holds: bool) -> Prices:
        """For the read that comes after one that has ended with these prices."""
        most = max(_BROKEN, _SHARE * len(price))
        return Prices(price, min(max(self.broken * (2.0 if holds else 0.25), 0.1), most))

    def rate(self) -> Floats:
        """By what the price of a row changes after a sweep in which it was broken, and in which it was not."""
        share = min(_SHARE, self.broken / max(1, len(self.price)))
        return np.array([_GROW, _GROW ** (-share / (1 - share))])


class Read(NamedTuple):
    """Where a read has ended: the best point that breaks nothing where there was one, else the last point.

    The energy is an inner one of the landscape; ``prices`` are for the read that comes after.
    """

    point: Bits
    energy: float
    violation: float
    prices: Prices
    moves: int
    complete: bool


class Priced:
    """A landscape ready to be annealed with prices on what rows lack."""

    def __init__(self, landscape: Landscape) -> None:
        self.landscape = landscape
        structure = landscape.structure
        self.terms = Terms.of(landscape.compiled.polynomial, structure)
        self.rows, self.sides = _arrays(landscape)
        c, s = self.terms.couplings, structure
        # One type for all: prices are fractions anyway, and whole energies stay exact.
        linear, weight, indptr = c.linear.astype(np.float64), c.weight.astype(np.float64), c.indptr
        if c.dense:
            weight *= indptr[0]
            indptr = np.ones(1, dtype=np.int64)
        couplings = anneal_chain.Couplings(linear, indptr, c.col, weight, np.array([c.lowest]))
        free = np.array([s.free], dtype=np.int64)
        layout = anneal_chain.Layout(free, s.set_start, s.square_start, s.side, s.row_start)
        terms = self.terms.arrays
        terms = terms._replace(weight=terms.weight.astype(np.float64))
        self.problem = chain.Problem(couplings, layout, terms, self.rows)

    def _state(self, point: Bits, price: Floats, seed: int, stream: int) -> chain.State:
        s = self.landscape.structure
        field, sign, push = np.zeros((3, s.size))
        random = np.empty(1, dtype=np.uint64)
        streams(np.uint64(seed & (2**64 - 1)), stream, random)
        state = chain.State(
            field,
            sign,
            push,
            np.zeros(len(self.terms.products)),
            np.column_stack([np.zeros(len(price)), price, *self.sides]),
            np.array(s.chosen(point)),
            np.array(s.place(point)),
            np.zeros(s.size, dtype=np.int8),
            random,
            np.zeros(6, dtype=np.int64),
            np.zeros(2),
        )
        chain.begin(self.problem, state, point)
        return state

    def _random(self, seed: int) -> Bits:
        return self.landscape.structure.random_points(np.random.default_rng([seed & (2**64 - 1), 2]), 1)[0]

    @cached_property
    def first_prices(self) -> Prices:
        """Prices to begin with.

        Per row the mean, over its bits, of what turning the bit over changes in the energy per unit of activity."""
        rows, s = self.rows, self.landscape.structure
        many = len(rows.start) - 1
        state = self._state(self._random(0), np.zeros(many), 0, 0)
        level = np.zeros(s.size)
        level[s.free : s.set_start[-1]] = np.repeat(state.field[state.chosen], np.diff(s.set_start))
        for q, (start, side) in enumerate(zip(s.square_start.tolist(), s.side.tolist())):
            place = state.place[s.row_start[q] : s.row_start[q + 1]]
            level[start : start + side * side] = np.repeat(state.field[start + np.arange(side) * side + place], side)
        change = np.abs(state.field - level + state.sign * state.push)
        entries = np.maximum(1, np.diff(rows.start))
        owner = np.repeat(np.arange(s.size), np.diff(rows.at))
        worth = np.bincount(rows.row, change[owner] / np.abs(rows.value), many) / entries
        usual = float(worth[worth > 0].mean()) if (worth > 0).any() else 1.0
        return Prices(np.where(worth > 0, worth, usual), _BROKEN)

    def temperatures(self, prices: Prices, watch: Watch) -> tuple[float, float]:
        """Hottest and coldest temperature at these prices, in inner energies of the terms."""
        state = self._state(self._random(0), prices.price, 0, 0)
        sizes = np.abs(self._gains(state))
        sizes = sizes[sizes > 0]
        if not len(sizes):
            return 1.0, 1.0
        hot = _HOT * hottest(sizes)
        self._run(state, self._plan(np.zeros(0), prices), watch)
        up = np.concatenate([self._gains(state), self._trades(state)])
        share = self.landscape.structure.moves / len(up)
        up = up[up > _LEAST]
        cold = coldest(up if len(up) else sizes, share)
        return max(hot, cold), min(hot, cold)

    def _gains(self, state: chain.State) -> Floats:
        moves = self.landscape.structure.moves
        out = np.empty(min(moves, _PROBES))
        return out[: probe.singles(self.problem, state, max(1, -(-moves // _PROBES)), out)]

    def _trades(self, state: chain.State) -> Floats:
        out = np.empty(min(self.landscape.structure.moves, _PROBES))
        return out[: probe.trades(self.problem, state, out)]

    def _plan(self, temperatures: Floats, prices: Prices) -> chain.Plan:
        settle = np.array([len(temperatures) // 2])
        limit = self.first_prices.price[:, None] * _RANGE
        return chain.Plan(temperatures, _TABLE, np.array([_LEAST]), settle, np.array([_PATIENCE]), prices.rate(), limit)

    def _run(self, state: chain.State, plan: chain.Plan, watch: Watch) -> int:
        def step(units: int) -> int:
            done: int = chain.anneal(units, self.problem, state, plan)
            return done

        return run_in_chunks(step, watch, first=4096)

    def read(
        self, point: Bits | None, temperatures: Floats, prices: Prices, *, seed: int, stream: int, watch: Watch
    ) -> Read:
        """Anneal from a point (None: a random one), then descend from the best that was found without breaking rows."""
        if point is None:
            random = np.random.default_rng([seed & (2**64 - 1), stream])
            point = self.landscape.structure.random_points(random, 1)[0]
        state, plan = self._state(point, prices.price, seed, stream), self._plan(temperatures, prices)
        state.energy[chain.BEST] = np.inf  # what it starts from is known
        moves = self._run(state, plan, watch)
        complete = bool(state.at[chain.ENDED])
        holds = bool(np.isfinite(state.energy[chain.BEST]))
        after = prices.after(np.array(state.ledger[:, PRICE]), holds) if complete else prices
        settle = watch if complete else watch_for(_SETTLE_SECONDS, watch)
        if holds:
            last = self._state(np.array(state.best), plan.limit[:, 1], seed, stream)
            moves += self._run(last, self._plan(np.zeros(0), prices), settle)
            best = last if np.isfinite(last.energy[chain.BEST]) else state
            return Read(best.best, self._inner(best.energy[chain.BEST]), 0.0, after, moves, complete)
        if not complete:
            state.at[chain.SWEEP] = len(temperatures)
            moves += self._run(state, plan, settle)
        activity, (lower, upper) = state.ledger[:, ACTIVITY], self.sides
        total = float(np.maximum(0.0, np.maximum(lower - activity, activity - upper)).sum())
        end = (state.sign < 0).astype(np.int8)
        return Read(end, self._inner(state.energy[chain.NOW]), total, after, moves, complete)

    def _inner(self, own: float) -> float:
        """An inner energy of the landscape, for one of the terms."""
        return float(self.landscape.couplings.inner(self.terms.couplings.energies(np.array([own])))[0])


def _arrays(landscape: Landscape) -> tuple[Rows, tuple[Floats, Floats]]:
    """The rows over inner bits, and their sides; those of rows that are not whole give way to float noise."""
    rows, inner = landscape.compiled.rows, landscape.structure.inner
    shape = (len(rows), landscape.structure.size)
    by_row = sparse.csr_array((np.array(rows.value), inner[rows.index], np.array(rows.indptr)), shape=shape)
    by_row.sum_duplicates()
    by_row.eliminate_zeros()
    by_bit = by_row.tocsc()
    by_bit.sort_indices()
    noise = np.zeros(len(rows))
    if not is_integral(rows.value):
        noise += 1e-9 * np.maximum(1.0, np.abs(by_row) @ np.ones(shape[1]))
    arrays = Rows(
        by_bit.indptr.astype(np.int64),
        by_bit.indices.astype(np.int32),
        by_bit.data,
        by_row.indptr.astype(np.int64),
        by_row.indices.astype(np.int32),
    )
    return arrays, (rows.lower - noise, rows.upper + noise)
