"""The choice of one row for each person of a roster: its relaxation, its prices, and what they prove.

    minimise  sum of price of the rows chosen  +  what the cover costs
    person p: rows chosen of p = 1          line of cover l: least <= people who work + under - over <= most

Source: Burke & Curtois (2014), branch and price for rosters.
"""

from __future__ import annotations

import numpy as np

from qopt.core.arrays import Bools, Floats, Ints
from qopt.core.forms.roster import UNBOUND, Roster
from qopt.core.names import NameTable
from qopt.core.polynomial import Polynomial
from qopt.core.problem import Columns, Kind, Problem
from qopt.core.rows import Rows
from qopt.core.watch import Watch
from qopt.milp.lowering import lower
from qopt.milp.session import Session

_GRAIN = 1024.0
"""Prices of cover are whole multiples of 1 / _GRAIN: sums of them with whole wishes are exact in floats."""
_DEAR = 1000.0
"""What breaking a hard line costs in the relaxation, in units of the dearest price."""


class Master:
    """Rows known of each person, and the relaxed choice among them.

    Parameters
    ----------
    form
        Without balance.
    price
        Shape (people, days, duties): what duties cost, wishes and changes.
    """

    def __init__(self, form: Roster, price: Floats) -> None:
        self.form, self.price = form, price
        self.people = form.shape[0]
        cover = form.cover
        dearest = max(1.0, float(np.abs(price).max(initial=0.0)))
        for side in (cover.under, cover.over):
            dearest = max(dearest, float(side[np.isfinite(side)].max(initial=0.0)))
        self.dear = _DEAR * dearest
        self.person = np.zeros(0, np.int64)
        self.cost = np.zeros(0)
        self.rows = np.zeros((0, form.shape[1]), np.int64)
        self._known: dict[tuple[int, bytes], int] = {}
        problem = self._slacks()
        model, _ = lower(problem)
        assert model is not None
        self._slack = problem.n
        self._session = Session(model)
        self._session.minimise(model.costs[0])

    def _costs(self) -> Floats:
        """Of slacks: people without a row, and cover under and over."""
        sides = self.form.cover.under, self.form.cover.over
        under, over = (np.where(np.isinf(side), self.dear, side) for side in sides)
        return np.concatenate([np.full(self.people, 10 * self.dear), under, over])

    def _slacks(self) -> Problem:
        """Nobody's row chosen yet: only what it costs to go without."""
        cover, people, lines = self.form.cover, self.people, len(self.form.cover)
        n = people + 2 * lines
        at = np.arange(lines)
        indptr = np.append(np.arange(people), people + 2 * np.arange(lines + 1))
        index = np.concatenate([np.arange(people), np.stack([people + at, people + lines + at], axis=1).ravel()])
        value = np.concatenate([np.ones(people), np.tile([1.0, -1.0], lines)])
        rows = Rows(
            indptr,
            index,
            value,
            np.concatenate([np.ones(people), np.maximum(cover.least, 0).astype(np.float64)]),
            np.concatenate([np.ones(people), np.where(cover.most >= UNBOUND, np.inf, cover.most)]),
            NameTable.numbered("row", people + lines),
        )
        columns = Columns(
            np.full(n, Kind.REAL, np.int8), np.zeros(n), np.full(n, np.inf), NameTable.numbered("slack", n)
        )
        return Problem.build(columns, Polynomial(self._costs()), rows=rows)

    def __len__(self) -> int:
        return len(self.person)

    def add(self, rows: list[tuple[int, Ints]]) -> int:
        """Add rows that are not known yet, each with whose it is; returns how many were new."""
        new = []
        for p, row in rows:
            key = p, row.tobytes()
            if key not in self._known:
                self._known[key] = len(self._known)
                new.append((p, row))
        if not new:
            return 0
        person, duty = np.array([p for p, _ in new]), np.array([row for _, row in new], np.int64)
        days = np.arange(duty.shape[1])
        costs = self.price[person[:, None], days, duty].sum(axis=1) + self.own(person, duty)
        entries = self._entries(person, duty)
        indptr = np.append(0, np.cumsum(entries.sum(axis=1)))
        index = np.nonzero(entries)[1]
        self._session.add_columns(costs, indptr, index, np.ones(len(index)))
        self.person = np.append(self.person, person)
        self.cost = np.append(self.cost, costs)
        self.rows = np.vstack([self.rows, duty])
        return len(new)

    def find(self, p: int, row: Ints) -> int:
        """Where a person's row is, -1 when it is not known."""
        return self._known.get((p, row.tobytes()), -1)

    def own(self, person: Ints, duty: Ints) -> Floats:
        """What rows cost beyond the prices of their duties: soft totals outside their limits."""
        totals = self.form.totals
        out = np.zeros(len(person))
        for k in np.flatnonzero(np.isfinite(totals.price)).tolist():
            of = np.flatnonzero(person == totals.person[k])
            have = totals.amount[k][duty[of, totals.first[k] : totals.last[k]]].sum(axis=1)
            off = np.maximum(0, totals.least[k] - have) + np.maximum(0, have - totals.most[k])
            out[of] += totals.price[k] * off
        return out

    def priced(self, cells: Floats) -> Floats:
        """What every row costs at other prices of duties, shape (rows,)."""
        days = np.arange(self.rows.shape[1])
        at = self.person[:, None], days, self.rows
        return np.asarray(self.cost + (cells - self.price)[at].sum(axis=1))

    def cheapest(self, cells: Floats) -> Floats:
        """What the cheapest known row of each person costs at other prices of duties, shape (people,)."""
        best = np.full(self.people, np.inf)
        np.minimum.at(best, self.person, self.priced(cells))
        return best

    def relax(self, watch: Watch) -> tuple[float, Floats, Floats, Floats] | None:
        """The relaxed choice: its price, the share of each row, the prices of cover and those of people."""
        run = self._session.run(watch, relaxed=True)
        if run.state != "optimal" or run.point is None:
            return None
        dual, _ = self._session.duals()
        return run.objective, run.point[self._slack :], dual[self.people :], dual[: self.people]

    def hold(self, columns: Ints, held: bool) -> None:
        """Choose rows for good, or no longer."""
        lower = np.full(len(columns), 1.0 if held else 0.0)
        self._session.bound_columns(self._slack + columns, lower, np.full(len(columns), np.inf))

    def choice(self, kept: Ints) -> Problem:
        """The whole choice among some of the rows, to be solved in whole numbers: first these rows, then slacks."""
        n, lines = len(kept), len(self.form.cover)
        slacks = self._slacks()
        entries = self._entries(self.person[kept], self.rows[kept])
        column, row = np.nonzero(entries)
        counts = np.diff(slacks.rows.indptr)
        row = np.append(row, np.repeat(np.arange(len(counts)), counts))
        column = np.append(column, n + slacks.rows.index)
        value = np.append(np.ones(len(row) - len(slacks.rows.index)), slacks.rows.value)
        order = np.lexsort((column, row))
        rows = Rows(
            np.append(0, np.cumsum(np.bincount(row, minlength=len(counts)))),
            column[order].astype(np.int32),
            value[order],
            slacks.rows.lower,
            slacks.rows.upper,
            NameTable.numbered("row", self.people + lines),
        )
        kind = np.append(np.full(n, Kind.BINARY, np.int8), slacks.columns.kind)
        ends = np.append(np.ones(n), slacks.columns.upper)
        columns = Columns(kind, np.zeros(len(kind)), ends, NameTable.numbered("row", len(kind)))
        return Problem.build(columns, Polynomial(np.append(self.cost[kept], self._costs())), rows=rows)

    def chosen(self, kept: Ints, rows: Ints) -> Floats:
        """The columns of ``choice`` when some rows, one of each person, are taken."""
        cover = self.form.cover
        have = self._entries(self.person[rows], self.rows[rows])[:, self.people :].sum(axis=0)
        slacks = np.concatenate([np.maximum(0, cover.least - have), np.maximum(0, have - cover.most)])
        return np.concatenate([np.isin(kept, rows), np.zeros(self.people), slacks]).astype(np.float64)

    def _entries(self, person: Ints, duty: Ints) -> Bools:
        """Which rows of the model each row of a person is in, shape (rows, people + lines)."""
        cover = self.form.cover
        there = (duty[:, cover.day] == cover.duty) & self.form.groups[cover.group][:, person].T
        return np.concatenate([person[:, None] == np.arange(self.people), there], axis=1)


def grained(prices: Floats) -> Floats:
    """Prices of cover as multiples of a grain."""
    return np.asarray(np.rint(prices * _GRAIN) / _GRAIN)


def cell_prices(form: Roster, price: Floats, worth: Floats) -> Floats:
    """Prices of duties less what their work is worth to the cover, shape (people, days, duties)."""
    cover = form.cover
    out = np.array(price)
    people = np.arange(form.shape[0])
    for line in range(len(cover)):
        out[people[form.groups[cover.group[line]]], cover.day[line], cover.duty[line]] -= worth[line]
    return out


def cover_price(form: Roster, worth: Floats) -> float:
    """What the cover costs at least when every person at work is paid its worth: the other part of the bound."""
    cover = form.cover
    most = form.groups[cover.group].sum(axis=1)
    best = np.full(len(cover), np.inf)
    for have in (np.zeros(len(cover)), np.clip(cover.least, 0, most), np.clip(cover.most, 0, most), most):
        under, over = np.maximum(0, cover.least - have), np.maximum(0, have - cover.most)
        fee = np.zeros(len(cover))
        for amount, side in ((under, cover.under), (over, cover.over)):
            fee += np.where(amount > 0, amount * np.where(amount > 0, side, 0.0), 0.0)
        best = np.minimum(best, fee + worth * have)
    return float(best.sum())


def whole_bound(form: Roster, value: float, size: float) -> float:
    """A bound, rounded up where prices are whole; ``size`` is the sum of what was added up, without signs."""
    value -= 1e-9 * max(1.0, size)
    return float(np.ceil(value)) if form.integral else value
