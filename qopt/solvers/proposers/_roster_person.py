"""What one person of a roster is held to, and which of it is counted on the way to a cheapest row."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from qopt.core.arrays import Bools, Floats, Indices, Ints
from qopt.core.forms.roster import Roster

NARROW = 12_000
"""Most states of a day, in the mean, that completions are found for, where the sums with a least allow for so few."""
SUMS = 2_000_000
"""Most states of a day among which those of completions are looked for."""
WIDE = 2**40
"""Most states of a day, of which few are met."""


class Counted(NamedTuple):
    """What one person is held to, with N nodes and K counted sums, for ``kernels.roster_rows``.

    A sum stands for one line of totals in units of its amounts' greatest common divisor, or for the weekends. Sums of
    one size that follow one another may stand at one place.
    """

    works: Bools  # (N,) whether the last duty is work
    short: Ints  # (N,) length of a run that may not end yet, else 0
    go: Ints  # (N, duties) where a duty leads to, -1: it may not follow
    start: Ints  # (duties,) where it leads to on the first day
    weekend: Ints  # (days,)
    weekends: Ints  # (1,) which sum counts the weekends, or -1
    size: Ints  # (K,) values that a sum takes: 0, ..., size - 1
    stride: Ints  # (K,) where it stands in the sums as one number
    falls: Bools  # (K,) whether it is the first at its place, and less is no worse for all that stand there
    first: Ints  # (K,)
    last: Ints  # (K,)
    least: Floats  # (K,) in units, which need not be whole
    most: Floats  # (K,)
    price: Floats  # (K,) of a unit outside; infinity for a hard line
    amount: Ints  # (K, days, duties): 0 on days that a sum is not of


def nodes_of(form: Roster, p: int) -> tuple[Bools, Ints, Ints, Ints]:
    """``works``, ``short``, ``go`` and ``start`` of ``Counted``: the successive days of a person as a graph.

    Shifts that the same duties may follow are one to the days still to come.
    """
    _, days, duties = form.shape
    runs = form.runs
    forbidden = runs.forbidden[p]
    like = [
        0,
        *(min(b for b in range(1, a + 1) if np.array_equal(forbidden[a], forbidden[b])) for a in range(1, duties)),
    ]
    capped = int(runs.most_work[p]) < days
    least_work, least_rest = (int(np.clip(least[p], 1, days)) for least in (runs.least_work, runs.least_rest))
    longest = max(0, int(runs.most_work[p])) if capped else least_work
    kinds = [(0, r) for r in range(1, least_rest + 1)]
    kinds += [(duty, r) for duty in sorted(set(like[1:])) for r in range(1, longest + 1)]
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
            if not forbidden[last, duty]:
                go[node, duty] = place.get((like[duty], length), -1)
    short = [run if run < (least_rest if last == 0 else least_work) else 0 for last, run in kinds]
    start = [place.get((like[duty], 1), -1) for duty in range(duties)]
    return np.array([last > 0 for last, _ in kinds]), np.array(short), go, np.array(start)


class Limits(NamedTuple):
    """``least <= sum of amount[day, duty of the day] <= most`` for one person, L lines."""

    first: Ints  # (L,)
    last: Ints  # (L,) the day behind the last one that counts
    amount: Ints  # (L, days, duties)
    least: Ints  # (L,)
    most: Ints  # (L,)
    price: Floats  # (L,) of one too little or too much; infinity: there may be none

    @classmethod
    def of(cls, form: Roster, p: int, bands: Bands | None) -> Limits:
        """The totals of a person that cost anything, and the bands of what is balanced."""
        totals, balance, days = form.totals, form.balance, np.arange(form.shape[1])
        of = np.flatnonzero((totals.person == p) & (totals.price > 0))
        first, last = totals.first[of], np.maximum(totals.last[of], 1)
        amount = np.where(
            ((days >= totals.first[of, None]) & (days < totals.last[of, None]))[:, :, None], totals.amount[of, None], 0
        )
        limits = cls(first, last, amount, totals.least[of], totals.most[of], totals.price[of])
        if bands is None:
            return limits
        of = np.flatnonzero(balance.members[:, p] & (balance.price > 0))
        more = cls(
            np.zeros(len(of), np.int64),
            np.full(len(of), len(days)),
            balance.counts[of].astype(np.int64),
            bands.least[of],
            bands.most[of],
            np.full(len(of), np.inf),
        )
        return cls(*(np.concatenate(pair) for pair in zip(limits, more, strict=True)))


class Bands(NamedTuple):
    """Between what and what members of a balance are held, shape (balances,)."""

    least: Ints
    most: Ints


def alike(form: Roster, p: int, limits: Limits) -> tuple[bytes, ...]:
    """Everything that a person is held to."""
    runs = form.runs
    own = runs.most_work, runs.least_work, runs.least_rest, runs.most_weekends, runs.forbidden
    return *(line.tobytes() for line in limits), *(limit[p].tobytes() for limit in own)


def combinations(counted: Counted) -> int:
    """How many numbers all sums together can be."""
    return int((counted.stride * counted.size).max(initial=1))


def strides(size: Ints, first: Ints, last: Ints, base: int) -> Ints:
    """Where each sum stands: behind the others, or where one of its size stands that is over when it begins.

    Sums behind the first ``base`` share no place with these.
    """
    stride, room = np.zeros(len(size), np.int64), 1
    for k in range(len(size)):
        apart = [
            j
            for j in range(base if k >= base else 0, k)
            if size[j] == size[k] > 1
            and all(
                last[i] <= first[k] or last[k] <= first[i] for i in range(k) if stride[i] == stride[j] and size[i] > 1
            )
        ]
        stride[k] = stride[apart[0]] if apart else room
        room = room if apart else room * int(size[k])
    return stride


def falling(size: Ints, stride: Ints, least: Floats) -> Bools:
    """``falls`` of ``Counted``."""
    out = np.zeros(len(size), bool)
    for k in np.flatnonzero(size > 1).tolist():
        there = (stride == stride[k]) & (size > 1)
        out[k] = not there[:k].any() and bool((least[there] <= 0).all())
    return out


def live_of(counted: Counted, days: int, most: int) -> Bools | None:
    """Which sums there can be after each day, shape (days, sums); None where they are more than ``most``."""
    from qopt.kernels.roster_rows import live_sums

    live = np.zeros((days, combinations(counted)), np.bool_)
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

    def __init__(self, form: Roster, p: int, limits: Limits) -> None:
        self.form, self.p, self.limits = form, p, limits
        self.graph = nodes_of(form, p)
        self.unit = np.array([max(1, np.gcd.reduce(line, axis=None)) for line in limits.amount], np.int64)
        self.amount = limits.amount // self.unit[:, None, None]
        reach = self.amount.max(axis=2).sum(axis=1)
        most = np.floor(limits.most / self.unit)
        self.size = np.where(np.isinf(limits.price), np.minimum(most, reach), reach).astype(np.int64) + 1
        self.limited = int(form.runs.most_weekends[p]) < len(np.unique(form.weekend[form.weekend >= 0]))
        self.chosen = np.flatnonzero((limits.least > 0) | (self.size == 1)).tolist()
        self.base = len(self.size) + 1  # sums that completions are found for
        self.counted = self._counted()
        self.view: View | None = None

    def prepare(self) -> View:
        """The tables for completions, made when they are first asked for."""
        if self.view is not None:
            return self.view
        days = self.form.shape[1]
        live = live_of(self.counted, days, days * self.states)
        assert live is not None
        for k in np.argsort(self.size, kind="stable").tolist():
            before = self.chosen, self.counted
            if k not in self.chosen and self._add(k, SUMS):
                more = live_of(self.counted, days, NARROW * days // len(self.graph[0]))
                if more is None:
                    self.chosen, self.counted = before
                    break
                live = more
        self.view = View.of(self.counted, live)
        self.base = self.view.base
        return self.view

    @property
    def states(self) -> int:
        """States of a day, those that there cannot be included."""
        return combinations(self.counted) * len(self.counted.works)

    def missed(self, row: Ints) -> list[int]:
        """Lines outside their limits that are not counted."""
        limits, days = self.limits, np.arange(len(row))
        have = limits.amount[:, days, row].sum(axis=1)
        off = (have < limits.least) | (have > limits.most)
        return [k for k in np.flatnonzero(off).tolist() if k not in self.chosen]

    def count(self, lines: list[int]) -> bool:
        """Count one more of some lines, the one of fewest values; False where that is too many states."""
        return self._add(min(lines, key=lambda line: int(self.size[line])), WIDE)

    def _add(self, k: int, most: int) -> bool:
        """Count one more line; False, and nothing done, where that is more states than ``most``."""
        before = self.chosen, self.counted
        self.chosen = [*self.chosen, k]
        self.counted = self._counted()
        if self.states <= most:
            return True
        self.chosen, self.counted = before
        return False

    def _counted(self) -> Counted:
        """Weekends come first, then the lines in the order in which they were chosen."""
        form, limits, chosen = self.form, self.limits, self.chosen
        _, days, duties = form.shape
        weekends = np.full(int(self.limited), form.runs.most_weekends[self.p])
        none = np.zeros(len(weekends), np.int64)
        size = np.concatenate([weekends + 1, self.size[chosen]]).astype(np.int64)
        first = np.concatenate([none, limits.first[chosen]])
        last = np.concatenate([none + days, limits.last[chosen]])
        stride = strides(size, first, last, self.base)
        least = np.concatenate([none.astype(np.float64), limits.least[chosen] / self.unit[chosen]])
        return Counted(
            *self.graph,
            form.weekend.astype(np.int64),
            np.array([0 if self.limited else -1]),
            size,
            stride,
            falling(size, stride, least),
            first,
            last,
            least,
            np.concatenate([weekends.astype(np.float64), limits.most[chosen] / self.unit[chosen]]),
            np.append(none + np.inf, limits.price[chosen] * self.unit[chosen]),
            np.concatenate([np.zeros((len(none), days, duties), np.int64), self.amount[chosen]]),
        )
