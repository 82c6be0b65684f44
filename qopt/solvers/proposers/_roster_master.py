"""The choice of one row for each person of a roster: its relaxation, its prices, and what they prove.

    minimise  sum of price of the rows chosen  +  what the cover costs  +  price (high - low) of every balance
    person p: rows chosen of p = 1          line of cover l: least <= people who work + under - over <= most
    member m of balance b: low <= what the rows chosen of m have of it <= high

Source: Burke & Curtois (2014), branch and price for rosters.
"""

from __future__ import annotations

import numpy as np

from qopt.core.arrays import Floats, Ints
from qopt.core.forms.roster import UNBOUND, Roster
from qopt.core.names import NameTable
from qopt.core.polynomial import Polynomial
from qopt.core.problem import Columns, Kind, Problem
from qopt.core.rows import Rows
from qopt.core.watch import Watch
from qopt.milp.lowering import lower
from qopt.milp.session import Session
from qopt.solvers.proposers._roster_person import Bands
from qopt.solvers.proposers._roster_ties import Ties

_DEAR = 1000.0
"""What breaking a hard line costs in the relaxation, in units of the dearest price."""


class Master:
    """Rows known of each person, and the relaxed choice among them.

    Parameters
    ----------
    price
        Shape (people, days, duties): what duties cost, wishes and changes.
    """

    def __init__(self, form: Roster, price: Floats) -> None:
        self.form, self.price = form, price
        self.people = form.shape[0]
        self.ties = Ties(form)
        cover = form.cover
        dearest = max(1.0, float(np.abs(price).max(initial=0.0)))
        for side in (cover.under, cover.over, self.ties.price):
            dearest = max(dearest, float(side[np.isfinite(side)].max(initial=0.0)))
        self.dear = _DEAR * dearest
        self.person = np.zeros(0, np.int64)
        self.cost = np.zeros(0)
        self.rows = np.zeros((0, form.shape[1]), np.int64)
        self.barred = np.zeros(0, bool)
        self._known: dict[tuple[int, bytes], int] = {}
        problem = self._slacks()
        model, _ = lower(problem)
        assert model is not None
        self._slack = problem.n
        self._ends = np.cumsum([self.people, len(cover), len(self.ties.balance)])
        self._session = Session(model)
        self._session.minimise(model.costs[0])

    def _costs(self) -> Floats:
        """Of slacks: people without a row, cover under and over, and the most and the least of what is balanced."""
        sides = self.form.cover.under, self.form.cover.over
        under, over = (np.where(np.isinf(side), self.dear, side) for side in sides)
        even = self.ties.price
        return np.concatenate([np.full(self.people, 10 * self.dear), under, over, even, -even])

    def _slacks(self) -> Problem:
        """Nobody's row chosen yet: only what it costs to go without."""
        cover, ties, people = self.form.cover, self.ties, self.people
        lines, pairs, balances = len(cover), len(ties.balance), len(ties.reach)
        first = people + 2 * lines
        n = first + 2 * balances
        at = np.arange(lines)
        count = np.concatenate([np.ones(people), np.full(lines, 2), np.ones(2 * pairs)]).astype(np.int64)
        index = [np.arange(people), np.stack([people + at, people + lines + at], axis=1).ravel()]
        index += [first + ties.balance, first + balances + ties.balance]
        most = np.where(cover.most >= UNBOUND, np.inf, cover.most)
        rows = Rows(
            np.append(0, np.cumsum(count)),
            np.concatenate(index),
            np.concatenate([np.ones(people), np.tile([1.0, -1.0], lines), np.full(2 * pairs, -1.0)]),
            np.concatenate([np.ones(people), np.maximum(cover.least, 0), np.full(pairs, -np.inf), np.zeros(pairs)]),
            np.concatenate([np.ones(people), most, np.zeros(pairs), np.full(pairs, np.inf)]),
            NameTable.numbered("row", len(count)),
        )
        kind = np.append(np.full(first, Kind.REAL, np.int8), np.full(2 * balances, Kind.REAL, np.int8))
        upper = np.concatenate([np.full(first, np.inf), ties.reach, ties.reach])
        columns = Columns(kind, np.zeros(n), upper, NameTable.numbered("slack", n))
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
        indptr = np.append(0, np.cumsum((entries > 0).sum(axis=1)))
        self._session.add_columns(costs, indptr, np.nonzero(entries)[1], entries[entries > 0])
        self.person = np.append(self.person, person)
        self.cost = np.append(self.cost, costs)
        self.rows = np.vstack([self.rows, duty])
        self.barred = np.append(self.barred, np.zeros(len(new), bool))
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
        """What the cheapest row of each person that may be chosen costs at other prices of duties, shape (people,)."""
        best = np.full(self.people, np.inf)
        np.minimum.at(best, self.person, np.where(self.barred, np.inf, self.priced(cells)))
        return best

    def relax(self, watch: Watch) -> tuple[float, Floats, Floats, Floats] | None:
        """The relaxed choice: its price, the share of each row, what ties are worth and what people are."""
        run = self._session.run(watch, relaxed=True)
        if run.state != "optimal" or run.point is None:
            return None
        own, cover, high, low = np.split(self._session.duals()[0], self._ends)
        return run.objective, run.point[self._slack :], np.append(cover, high + low), own

    def hold(self, columns: Ints, held: bool) -> None:
        """Choose rows for good, or no longer."""
        lower = np.full(len(columns), 1.0 if held else 0.0)
        self._session.bound_columns(self._slack + columns, lower, np.full(len(columns), np.inf))

    def bar(self, bands: Bands | None) -> None:
        """Choose no row whose person would have less or more of what is balanced than bands allow; None: all again."""
        self.barred[:] = False
        if bands is not None:
            tally, members = self.ties.tallies(self.rows), self.form.balance.members[:, self.person].T
            outside = members & (self.ties.price > 0) & ((tally < bands.least) | (tally > bands.most))
            self.barred = np.asarray(outside.any(axis=1), bool)
        every = np.arange(len(self.rows))
        self._session.bound_columns(self._slack + every, np.zeros(len(every)), np.where(self.barred, 0.0, np.inf))

    def choice(self, kept: Ints) -> Problem:
        """The whole choice among some of the rows, to be solved in whole numbers: first these rows, then slacks."""
        n, slacks = len(kept), self._slacks()
        entries = self._entries(self.person[kept], self.rows[kept])
        column, row = np.nonzero(entries > 0)
        counts = np.diff(slacks.rows.indptr)
        row = np.append(row, np.repeat(np.arange(len(counts)), counts))
        column = np.append(column, n + slacks.rows.index)
        value = np.append(entries[entries > 0], slacks.rows.value)
        order = np.lexsort((column, row))
        rows = Rows(
            np.append(0, np.cumsum(np.bincount(row, minlength=len(counts)))),
            column[order].astype(np.int32),
            value[order],
            slacks.rows.lower,
            slacks.rows.upper,
            NameTable.numbered("row", len(counts)),
        )
        kind = np.append(np.full(n, Kind.BINARY, np.int8), slacks.columns.kind)
        ends = np.append(np.ones(n), slacks.columns.upper)
        columns = Columns(kind, np.zeros(len(kind)), ends, NameTable.numbered("row", len(kind)))
        return Problem.build(columns, Polynomial(np.append(self.cost[kept], self._costs())), rows=rows)

    def chosen(self, kept: Ints, rows: Ints) -> Floats:
        """The columns of ``choice`` when some rows, one of each person, are taken."""
        cover, members, ties = self.form.cover, self.form.balance.members.T, self.ties
        own = rows[np.argsort(self.person[rows])]
        have = ties.counted(self.person[own], self.rows[own])[0].sum(axis=0)
        tally = ties.tallies(self.rows[own])
        slacks = [np.maximum(0, cover.least - have), np.maximum(0, have - cover.most)]
        slacks += [np.where(members, tally, 0).max(axis=0), np.where(members, tally, ties.reach).min(axis=0)]
        return np.concatenate([np.isin(kept, rows), np.zeros(self.people), *slacks]).astype(np.float64)

    def _entries(self, person: Ints, duty: Ints) -> Floats:
        """What each row of a person has in the rows of the model, shape (rows, people + lines + 2 pairs)."""
        there, pairs = self.ties.counted(person, duty)
        return np.concatenate([person[:, None] == np.arange(self.people), there, pairs, pairs], axis=1).astype(float)
