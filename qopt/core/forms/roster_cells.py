"""A roster as a Problem: one binary column per person, day and shift, and every rule a linear row.

    x[person,day,shift]          at most one per person and day; none is a day off
    weekend[person,weekend]      1 when the person works on it; only for people whose weekends are limited
    high[k], low[k]              the most and the least that a member has of what is balanced

It stands with the form because both need it: the family to state its formulation, the proposers to free parts of it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np

from qopt.core.arrays import Floats, Ints
from qopt.core.forms.roster import UNBOUND, Proposal, Roster
from qopt.core.names import Labels, NameTable
from qopt.core.polynomial import Polynomial
from qopt.core.problem import Columns, Kind, Problem
from qopt.core.rows import GroupKind, Groups, Rows

Line = tuple[str, str, Ints, Floats, float, float, float]
"""A row: family, label, columns, coefficients, lower and upper side, and price (NaN for a hard row)."""


@dataclass(frozen=True, eq=False)
class Cells:
    """Where the columns of a roster are.

    Parameters
    ----------
    people, days, shifts
        Labels; numbers where they are left out.
    """

    form: Roster
    people: tuple[str, ...] = field(default=())
    days: tuple[str, ...] = field(default=())
    shifts: tuple[str, ...] = field(default=())

    def __post_init__(self) -> None:
        for name, count in zip(("people", "days", "shifts"), np.array(self.form.shape) - (0, 0, 1), strict=True):
            if not getattr(self, name):
                object.__setattr__(self, name, tuple(str(k) for k in range(count)))
        limited = np.flatnonzero(self.form.runs.most_weekends < self.weekends)
        object.__setattr__(self, "limited", tuple(limited.tolist()))

    limited: tuple[int, ...] = field(init=False, default=())
    """People whose weekends are limited."""

    @property
    def weekends(self) -> int:
        """Number of weekends."""
        return int(self.form.weekend.max(initial=-1)) + 1

    @property
    def cells(self) -> int:
        """Number of columns x: the first ones."""
        people, days, duties = self.form.shape
        return people * days * (duties - 1)

    @property
    def size(self) -> int:
        """Number of columns."""
        return self.cells + len(self.limited) * self.weekends + 2 * len(self.form.balance)

    @property
    def nonzeros(self) -> int:
        """Nonzeros, about, without building anything."""
        runs, totals = self.form.runs, self.form.totals
        days = self.form.shape[1]
        windows = np.minimum(runs.most_work, days) + (runs.least_work - 1) * 3 + (runs.least_rest - 1) * 3
        each = int(np.minimum(windows, 4 * days).mean()) + 2 * int(runs.forbidden.any(axis=2).mean() > 0) + 4
        spans = int(((totals.last - totals.first)[:, None] * (totals.amount > 0)).sum())
        return self.cells * each + spans + 2 * len(self.form.cover) * self.form.shape[0]

    def x(self, person: int, day: int) -> Ints:
        """Columns of a cell, one per shift."""
        _, days, duties = self.form.shape
        return (person * days + day) * (duties - 1) + np.arange(duties - 1)

    def problem(self, name: str = "roster") -> Problem:
        """The whole roster."""
        form = self.form
        people, days, duties = form.shape
        labels = [Labels("x", (people, days, duties - 1), (self.people, self.days, self.shifts))]
        if self.limited:
            who = tuple(self.people[p] for p in self.limited)
            labels.append(Labels("weekend", (len(who), self.weekends), (who, None)))
        kind, upper = np.zeros(self.size, np.int8), np.ones(self.size)
        if len(form.balance):
            names = form.balance.names or tuple(str(b) for b in range(len(form.balance)))
            labels += [Labels("high", (len(names),), (names,)), Labels("low", (len(names),), (names,))]
            kind[-2 * len(names) :] = Kind.INTEGER
            upper[-2 * len(names) :] = days
        return Problem.build(
            Columns(kind, np.zeros(self.size), upper, NameTable(tuple(labels))),
            dict(self._objective()),
            rows=_rows([line for line in self._lines() if len(line[2]) or line[4] > 0]),
            groups=self._once(),
            name=name,
        )

    def lift(self, proposal: Proposal) -> Floats:
        """The columns of a proposal."""
        form, duty = self.form, proposal.duty
        _, days, duties = form.shape
        values = np.zeros(self.size)
        x = (duty[:, :, None] == np.arange(1, duties)).astype(np.float64)
        values[: self.cells] = x.ravel()
        at = self.cells
        for p in self.limited:
            worked = np.unique(form.weekend[(duty[p] > 0) & (form.weekend >= 0)])
            values[at + worked] = 1.0
            at += self.weekends
        lines = len(form.balance)
        for b in range(lines):
            tally = form.balance.counts[b][np.arange(days), duty].sum(axis=1)[form.balance.members[b]]
            values[at + b], values[at + lines + b] = tally.max(initial=0), tally.min() if len(tally) else 0
        return values

    def lower(self, values: Floats) -> Proposal | None:
        """The proposal of columns; None when they give somebody two shifts on a day."""
        people, days, duties = self.form.shape
        x = np.asarray(values)[: self.cells].reshape(people, days, duties - 1) > 0.5
        if (x.sum(axis=2) > 1).any():
            return None
        return Proposal(np.where(x.any(axis=2), np.argmax(x, axis=2) + 1, 0))

    def _objective(self) -> Iterator[tuple[str, Polynomial]]:
        form = self.form
        yield "wishes", self._priced(form.wish)
        now = form.current
        if now is not None:
            paid = np.where((now.duty >= 0) & np.isfinite(now.price), now.price, 0.0)[:, :, None]
            yield "changes", self._priced(np.where(np.arange(form.shape[2]) == now.duty[:, :, None], 0.0, paid))
        if len(form.balance):
            linear = np.zeros(self.size)
            linear[-2 * len(form.balance) :] = np.concatenate([form.balance.price, -form.balance.price])
            yield "fairness", Polynomial(linear)

    def _priced(self, price: Floats) -> Polynomial:
        """Prices of duties: what a shift costs more than the day off."""
        linear = np.zeros(self.size)
        linear[: self.cells] = (price[:, :, 1:] - price[:, :, :1]).ravel()
        return Polynomial(linear, offset=float(price[:, :, 0].sum()))

    def _once(self) -> Groups:
        people, days, duties = self.form.shape
        if duties == 2:
            return Groups()
        names = NameTable((Labels("one_shift", (people, days), (self.people, self.days)),))
        cells = people * days
        indptr = np.arange(cells + 1) * (duties - 1)
        return Groups(np.full(cells, GroupKind.AT_MOST_ONE), indptr, np.arange(self.cells, dtype=np.int32), names)

    # -- rows ----------------------------------------------------------------------------------------------------

    def _lines(self) -> Iterator[Line]:
        for p in range(self.form.shape[0]):
            yield from self._available(p)
            yield from self._successions(p)
            yield from self._runs(p)
        for k, p in enumerate(self.limited):
            yield from self._weekends(k, p)
        yield from self._cover()
        yield from self._totals()
        yield from self._balance()

    def _cell(self, p: int, d: int) -> str:
        return f"{self.people[p]},{self.days[d]}"

    def _available(self, p: int) -> Iterator[Line]:
        """Duties that the person may not have, and pins."""
        form = self.form
        now = form.current
        for d in range(form.shape[1]):
            allowed = form.allowed[p, d]
            if not allowed[1:].all():
                shut = self.x(p, d)[~allowed[1:]]
                yield "available", self._cell(p, d), shut, np.ones(len(shut)), -np.inf, 0.0, np.nan
            if not allowed[0]:
                yield "must_work", self._cell(p, d), self.x(p, d), np.ones(form.shape[2] - 1), 1.0, np.inf, np.nan
            if now is not None and now.duty[p, d] >= 0 and np.isinf(now.price[p, d]):
                there = int(now.duty[p, d])
                columns = self.x(p, d) if there == 0 else self.x(p, d)[there - 1 : there]
                side = 0.0 if there == 0 else 1.0
                yield "pinned", self._cell(p, d), columns, np.ones(len(columns)), side, side, np.nan

    def _successions(self, p: int) -> Iterator[Line]:
        days = self.form.shape[1]
        for a in np.flatnonzero(self.form.runs.forbidden[p].any(axis=1)).tolist():
            after = np.flatnonzero(self.form.runs.forbidden[p, a]) - 1
            for d in range(days - 1):
                columns = np.append(self.x(p, d)[a - 1], self.x(p, d + 1)[after])
                label = f"{self._cell(p, d)},{self.shifts[a - 1]}"
                yield "succession", label, columns, np.ones(len(columns)), -np.inf, 1.0, np.nan

    def _runs(self, p: int) -> Iterator[Line]:
        """Windows of days: none of work that is too long, and no run that is too short between two of the other."""
        days, runs = self.form.shape[1], self.form.runs
        most = int(min(runs.most_work[p], days))
        for d in range(days - most):
            span = range(d, d + most + 1)
            yield "longest_work", self._cell(p, d), *self._worked(p, span, np.ones(most + 1)), -np.inf, most, np.nan
        for family, least, sign in (
            ("shortest_work", runs.least_work[p], 1.0),
            ("shortest_rest", runs.least_rest[p], -1.0),
        ):
            for length in range(1, int(min(least, days))):
                for d in range(1, days - length):
                    inner = -sign * np.ones(length)
                    side = 1.0 - length if sign > 0 else -1.0
                    worked = self._worked(p, range(d - 1, d + length + 1), np.concatenate([[sign], inner, [sign]]))
                    yield family, f"{self._cell(p, d)},{length}", *worked, side, np.inf, np.nan

    def _worked(self, p: int, days: range, coefficients: Floats) -> tuple[Ints, Floats]:
        """Columns and coefficients of a sum over days of "works on that day"."""
        columns = np.concatenate([self.x(p, d) for d in days])
        return columns, np.repeat(coefficients, self.form.shape[2] - 1)

    def _weekends(self, k: int, p: int) -> Iterator[Line]:
        first = self.cells + k * self.weekends
        for d in np.flatnonzero(self.form.weekend >= 0).tolist():
            columns = np.append(self.x(p, d), first + self.form.weekend[d])
            values = np.append(np.ones(len(columns) - 1), -1.0)
            yield "weekend", self._cell(p, d), columns, values, -np.inf, 0.0, np.nan
        most = float(self.form.runs.most_weekends[p])
        yield (
            "weekends",
            self.people[p],
            first + np.arange(self.weekends),
            np.ones(self.weekends),
            -np.inf,
            most,
            np.nan,
        )

    def _cover(self) -> Iterator[Line]:
        cover, form = self.form.cover, self.form
        for c in range(len(cover)):
            d, s = int(cover.day[c]), int(cover.duty[c]) - 1
            columns = np.array(
                [self.x(p, d)[s] for p in np.flatnonzero(form.groups[cover.group[c]]).tolist()], np.int64
            )
            label, ones = f"{self.days[d]},{self.shifts[s]},{c}", np.ones(len(columns))
            least, most = float(cover.least[c]), float(cover.most[c])
            for family, low, high, price in (
                ("under", least, np.inf, cover.under[c]),
                ("over", -np.inf, most, cover.over[c]),
            ):
                binds = low > 0 if family == "under" else high < len(columns)
                if binds and price > 0:
                    yield family, label, columns, ones, low, high, np.nan if np.isinf(price) else float(price)

    def _totals(self) -> Iterator[Line]:
        totals = self.form.totals
        for k in range(len(totals)):
            p, span = int(totals.person[k]), range(int(totals.first[k]), int(totals.last[k]))
            columns = np.concatenate([self.x(p, d) for d in span] or [np.zeros(0, np.int64)])
            values = np.tile(totals.amount[k, 1:], len(span)).astype(np.float64)
            used = values != 0
            low = float(totals.least[k]) if totals.least[k] > 0 else -np.inf
            high = float(totals.most[k]) if totals.most[k] < min(UNBOUND, values.sum()) else np.inf
            price = np.nan if np.isinf(totals.price[k]) else float(totals.price[k])
            if np.isfinite(low) or np.isfinite(high):
                label = f"{totals.name(k)},{self.people[p]},{self.days[span.start] if len(span) else k},{k}"
                yield "totals", label, columns[used], values[used], low, high, price

    def _balance(self) -> Iterator[Line]:
        balance = self.form.balance
        high, low = self.size - 2 * len(balance), self.size - len(balance)
        for b in range(len(balance)):
            day, duty = np.nonzero(balance.counts[b][:, 1:])
            for p in np.flatnonzero(balance.members[b]).tolist():
                columns = np.array([self.x(p, d)[s] for d, s in zip(day.tolist(), duty.tolist())], np.int64)
                ones = np.ones(len(columns))
                for family, column, lower, upper in (("most", high + b, -np.inf, 0.0), ("least", low + b, 0.0, np.inf)):
                    line = np.append(columns, column), np.append(ones, -1.0)
                    yield f"balance_{family}", f"{self.people[p]},{b}", *line, lower, upper, np.nan


def _rows(lines: list[Line]) -> Rows:
    """Rows in CSR form; those of one family stand together."""
    families: dict[str, list[Line]] = {}
    for line in lines:
        families.setdefault(line[0], []).append(line)
    ordered = [line for members in families.values() for line in members]
    names = [Labels(name, (len(m),), (tuple(line[1] for line in m),)) for name, m in families.items()]
    price = np.array([line[6] for line in ordered])
    return Rows(
        np.append(0, np.cumsum([len(line[2]) for line in ordered], dtype=np.int64)),
        np.concatenate([line[2] for line in ordered] or [np.zeros(0, np.int64)]),
        np.concatenate([line[3] for line in ordered] or [np.zeros(0)]),
        np.array([line[4] for line in ordered]),
        np.array([line[5] for line in ordered]),
        NameTable(tuple(names)),
        price if np.isfinite(price).any() else None,
    )
