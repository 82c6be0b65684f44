"""The cheapest row of each person at given prices of the cells: exact where all her limits fit into the states."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from qopt.core.arrays import Bools, Floats, Indices, Ints
from qopt.core.forms.roster import Roster

NARROW = 12_000
"""Most states of a day, in the mean, that completions are found for, where the sums with a least allow for so few."""
SUMS = 2_000_000
"""Most states of a day among which those of completions are looked for."""
LEAST = 300_000
"""Most states of a day when nothing is counted but what must be."""
WIDE = 6_000_000
"""Most states of a day."""
AIMS = 0.02, 0.2, 1.0
"""How far above the bound the cheapest row is looked for, in parts of what is asked: mostly it is near."""
FAR = 1000.0
"""What counts as all that is asked where there is no limit."""
LABELS = 150_000
"""Most states that are met on the way to one row."""
LABEL = np.dtype([("price", np.float64), ("state", np.int64), ("before", np.int64)])


class Counted(NamedTuple):
    """What one person is held to, with N nodes and K counted sums, for ``kernels.roster_rows``.

    A sum stands for one line of totals in units of its amounts' greatest common divisor, or for the weekends.
    """

    duty: Ints  # (N,) the last duty
    short: Ints  # (N,) length of a run that may not end yet, else 0
    go: Ints  # (N, duties) where a duty leads to, -1: it may not follow
    start: Ints  # (duties,) where it leads to on the first day
    weekend: Ints  # (days,)
    weekends: Ints  # (1,) which sum counts the weekends, or -1
    size: Ints  # (K,) values that a sum takes: 0, ..., size - 1
    stride: Ints  # (K,) where it stands in the sums as one number
    first: Ints  # (K,)
    last: Ints  # (K,)
    least: Floats  # (K,) in units, which need not be whole
    most: Floats  # (K,)
    price: Floats  # (K,) of a unit outside; infinity for a hard line
    amount: Ints  # (K, duties)


def odd_weekends(form: Roster) -> bool:
    """Whether a weekend is not one day or two in a row: a state remembers only the day before."""
    worn = form.weekend[form.weekend >= 0]
    days = np.flatnonzero(form.weekend >= 0)
    return any(np.ptp(days[worn == w]) > 1 for w in np.unique(worn))


def nodes_of(form: Roster, p: int) -> tuple[Ints, Ints, Ints, Ints]:
    """``duty``, ``short``, ``go`` and ``start`` of ``Counted``: the successive days of a person as a graph."""
    _, days, duties = form.shape
    runs = form.runs
    capped = int(runs.most_work[p]) < days
    least_work, least_rest = (int(np.clip(least[p], 1, days)) for least in (runs.least_work, runs.least_rest))
    longest = max(0, int(runs.most_work[p])) if capped else least_work
    kinds = [(0, r) for r in range(1, least_rest + 1)]
    kinds += [(duty, r) for duty in range(1, duties) for r in range(1, longest + 1)]
    place = {kind: node for node, kind in enumerate(kinds)}
    go = np.full((len(kinds), duties), -1, np.int64)
    for node, (last, run) in enumerate(kinds):
        for duty in range(duties):
            if (duty > 0) != (last > 0):
                length = 1
            elif duty == 0:
                length = min(run + 1, least_rest)
            else:
                length = run + 1 if capped else min(run + 1, longest)
            if not runs.forbidden[p, last, duty]:
                go[node, duty] = place.get((duty, length), -1)
    short = [run if run < (least_rest if last == 0 else least_work) else 0 for last, run in kinds]
    start = [place.get((duty, 1), -1) for duty in range(duties)]
    return np.array([last for last, _ in kinds]), np.array(short), go, np.array(start)


class Rows:
    """The cheapest rows of everybody."""

    def __init__(self, form: Roster, allowed: Bools) -> None:
        self.form, self.allowed = form, allowed
        self._people: dict[int, Person] = {}
        self._slot = np.full(2, -1, np.int32)
        self._rest = np.empty(0)
        self._found = np.zeros(LABELS, LABEL)

    def person(self, p: int) -> Person:
        """A person's limits; made when they are first asked for."""
        if p not in self._people:
            self._people[p] = Person(self.form, p)
        return self._people[p]

    @staticmethod
    def states(form: Roster) -> int:
        """Most states that a day of one person has when only what must be counted is."""
        totals, runs = form.totals, form.runs
        most = 0
        for p in range(form.shape[0]):
            sums = int(min(runs.most_weekends[p], form.weekend.max(initial=0))) + 1
            for k in np.flatnonzero((totals.person == p) & (totals.price > 0) & (totals.least > 0)).tolist():
                reach = int(totals.amount[k].max()) * int(totals.last[k] - totals.first[k])
                limit = min(reach, int(totals.most[k])) if np.isinf(totals.price[k]) else reach
                sums *= limit // max(1, int(np.gcd.reduce(totals.amount[k]))) + 1
            most = max(most, sums * len(nodes_of(form, p)[0]))
        return most

    def cheapest(self, p: int, price: Floats, below: float = np.inf) -> tuple[float, Ints | None]:
        """A bound from below on the price of every row of a person, and a row that has that price exactly.

        Parameters
        ----------
        price
            Shape (days, duties), finite: of each duty; those that are not allowed are left out.
        below
            Of what costs as much there need not be a row.

        Returns
        -------
        The row is None where there is none below, or where counting all that it must not exceed takes too many states.
        """
        from qopt.kernels.roster_rows import completions

        person = self.person(p)
        priced = np.where(self.allowed[p], price, np.inf)
        row = np.zeros(len(price), np.int64)
        counted, view = person.counted, person.view
        shape = len(view.sums), len(counted.duty), view.sums.shape[1]
        if int(np.prod(shape)) > len(self._rest):
            self._rest = np.empty(int(np.prod(shape)))
        rest = self._rest[: int(np.prod(shape))].reshape(shape)
        completions(counted, view.base, view.sums, view.step, view.fee, priced, rest)
        bound = _first_bound(counted, view, priced, rest)
        for share in AIMS:
            aim = below if share == 1.0 or not bound < below else bound + share * (min(below, bound + FAR) - bound)
            while True:
                best = self._search(person, priced, rest, min(aim, below), row)
                if best == -np.inf:
                    return bound, None
                bound = max(bound, min(best, aim))
                if best == np.inf:
                    break
                missed = person.missed(row)
                if not missed:
                    return best, row
                if not person.count(missed):
                    return bound, None
        return bound, None

    def _search(self, person: Person, price: Floats, rest: Floats, below: float, row: Ints) -> float:
        """The cheapest row below a price, with the sums that are counted now."""
        from qopt.kernels.roster_rows import cheapest_row

        states = person.states
        if 2 * states > len(self._slot):
            self._slot = np.full(2 * states, -1, np.int32)
        slot, view = self._slot[: 2 * states].reshape(2, states), person.view
        return float(cheapest_row(person.counted, view.place, price, rest, below, slot, self._found, row))


def _first_bound(counted: Counted, view: View, price: Floats, rest: Floats) -> float:
    """What completions say of whole rows."""
    from qopt.kernels.roster_rows import tally

    best = np.inf
    for duty, node in enumerate(counted.start.tolist()):
        if node >= 0 and np.isfinite(price[0, duty]):
            ends = tally(counted, view.base, 0, duty, 0, False)
            at = view.place[0, ends] if ends >= 0 else -1
            best = min(best, float(price[0, duty] + rest[0, node, at])) if at >= 0 else best
    return best


def live_of(counted: Counted, days: int, most: int) -> Bools | None:
    """Which sums there can be after each day, shape (days, sums); None where they are more than ``most``."""
    from qopt.kernels.roster_rows import live_sums

    live = np.zeros((days, int(np.prod(counted.size))), np.bool_)
    return live if live_sums(counted, len(counted.size), live, most) else None


class View(NamedTuple):
    """The sums that completions are found for."""

    base: int
    sums: Ints  # (days, width) the live sums after each day, then -1
    place: Indices  # (days, sums) where each stands there, or -1
    step: Indices  # (days, 2, duties, width)
    fee: Floats  # (days, width)

    @classmethod
    def of(cls, counted: Counted, live: Bools) -> View:
        """The view of all sums that are counted now."""
        from qopt.kernels.roster_rows import steps

        days, duties = len(live), len(counted.start)
        place = np.where(live, np.cumsum(live, axis=1) - 1, -1).astype(np.int32)
        width = max(1, int(live.sum(axis=1).max()))
        sums = np.full((days, width), -1, np.int64)
        for d in range(days):
            here = np.flatnonzero(live[d])
            sums[d, : len(here)] = here
        step, fee = np.empty((days, 2, duties, width), np.int32), np.empty((days, width))
        steps(counted, len(counted.size), sums, place, step, fee)
        return cls(len(counted.size), sums, place, step, fee)


class Person:
    """The limits of one person, and which of them are counted: the more, the more rows fall foul of those that are not
    (decremental state space relaxation, Righini & Salani 2008)."""

    def __init__(self, form: Roster, p: int) -> None:
        self.form, self.p = form, p
        self.graph = nodes_of(form, p)
        totals, days = form.totals, form.shape[1]
        self.lines = np.flatnonzero((totals.person == p) & (totals.price > 0))
        amount = totals.amount[self.lines].astype(np.int64)
        self.unit = np.array([max(1, np.gcd.reduce(line)) for line in amount], np.int64)
        self.amount = amount // self.unit[:, None]
        first, last = totals.first[self.lines], totals.last[self.lines]
        reach = self.amount.max(axis=1, initial=0) * np.maximum(last - first, 0)
        most = np.floor(totals.most[self.lines] / self.unit)
        hard = np.isinf(totals.price[self.lines])
        self.size = np.where(hard, np.minimum(most, reach), reach).astype(np.int64) + 1
        self.limited = int(form.runs.most_weekends[p]) < len(np.unique(form.weekend[form.weekend >= 0]))
        self.chosen = [k for k in range(len(self.lines)) if totals.least[self.lines[k]] > 0 or self.size[k] == 1]
        self.counted = self._counted()
        live = live_of(self.counted, days, days * self.states)
        assert live is not None
        for k in np.argsort(self.size, kind="stable").tolist():
            if k not in self.chosen and self.states * int(self.size[k]) <= SUMS:
                before = self.chosen, self.counted
                self.chosen = [*self.chosen, k]
                self.counted = self._counted()
                more = live_of(self.counted, days, NARROW * days // len(self.graph[0]))
                if more is None:
                    self.chosen, self.counted = before
                    break
                live = more
        self.view = View.of(self.counted, live)

    @property
    def states(self) -> int:
        """States of a day, those that there cannot be included."""
        return int(np.prod(self.counted.size)) * len(self.counted.duty)

    def missed(self, row: Ints) -> list[int]:
        """Lines outside their limits that are not counted."""
        totals = self.form.totals
        out = []
        for k, line in enumerate(self.lines.tolist()):
            if k not in self.chosen:
                have = totals.amount[line][row[totals.first[line] : totals.last[line]]].sum()
                if not totals.least[line] <= have <= totals.most[line]:
                    out.append(k)
        return out

    def count(self, lines: list[int]) -> bool:
        """Count one more of some lines, the one of fewest values; False where that is too many states."""
        k = min(lines, key=lambda line: int(self.size[line]))
        if self.states * int(self.size[k]) > WIDE:
            return False
        self.chosen.append(k)
        self.counted = self._counted()
        return True

    def _counted(self) -> Counted:
        """Weekends come first, then the lines in the order in which they were chosen."""
        form, chosen = self.form, self.chosen
        _, days, duties = form.shape
        totals, lines, unit = form.totals, self.lines[chosen], self.unit[chosen]
        weekends = np.full(int(self.limited), form.runs.most_weekends[self.p])
        none = np.zeros(len(weekends), np.int64)
        size = np.concatenate([weekends + 1, self.size[chosen]]).astype(np.int64)
        return Counted(
            *self.graph,
            form.weekend.astype(np.int64),
            np.array([0 if self.limited else -1]),
            size,
            np.append(1, np.cumprod(size))[:-1].astype(np.int64),
            np.concatenate([none, totals.first[lines]]),
            np.concatenate([none + days, np.maximum(totals.last[lines], 1)]),
            np.concatenate([none.astype(np.float64), totals.least[lines] / unit]),
            np.concatenate([weekends.astype(np.float64), totals.most[lines] / unit]),
            np.append(none + np.inf, totals.price[lines] * unit),
            np.concatenate([np.zeros((len(none), duties), np.int64), self.amount[chosen]]),
        )
