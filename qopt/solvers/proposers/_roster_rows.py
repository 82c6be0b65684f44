"""The cheapest row of each person at given prices of the cells: exact where all her limits fit into the states."""

from __future__ import annotations

import numpy as np

from qopt.core.arrays import Bools, Floats, Ints
from qopt.core.forms.roster import Roster
from qopt.solvers.proposers._roster_person import Bands, Counted, Limits, Person, View, alike, combinations

LEAST = 300_000
"""Most states of a day when nothing is counted but what must be."""
AIMS = 0.02, 0.2, 1.0
"""How far above the bound the cheapest row is looked for, in parts of what is asked: mostly it is near."""
FAR = 1000.0
"""What counts as all that is asked where there is no limit."""
LABELS = 150_000
"""Most states that are met on the way to one row."""
LABEL = np.dtype([("price", np.float64), *((name, np.int64) for name in ("state", "duty", "before", "next"))])


def odd_weekends(form: Roster) -> bool:
    """Whether a weekend is not one day or two in a row: a state remembers only the day before."""
    worn = form.weekend[form.weekend >= 0]
    days = np.flatnonzero(form.weekend >= 0)
    return any(np.ptp(days[worn == w]) > 1 for w in np.unique(worn))


class Rows:
    """The cheapest rows of everybody.

    Parameters
    ----------
    allowed
        Shape (people, days, duties).
    bands
        Between what members of balances are held; nothing when left out.
    """

    def __init__(self, form: Roster, allowed: Bools, bands: Bands | None = None) -> None:
        self.form, self.allowed, self.bands = form, allowed, bands
        self._people: dict[int, Person] = {}
        self._alike: dict[tuple[bytes, ...], Person] = {}
        self._slot = np.full(2 * 2 ** LABELS.bit_length(), -1, np.int32)
        self._rest = np.empty(0)
        self._found = np.zeros(LABELS, LABEL)

    def person(self, p: int) -> Person:
        """A person's limits, made when they are first asked for; one for all that are held to the same."""
        if p not in self._people:
            limits = Limits.of(self.form, p, self.bands)
            kind = alike(self.form, p, limits)
            if kind not in self._alike:
                self._alike[kind] = Person(self.form, p, limits)
            self._people[p] = self._alike[kind]
        return self._people[p]

    @staticmethod
    def states(form: Roster) -> int:
        """Most states that a day of one person has when only what must be counted is."""
        everybody = ((p, Limits.of(form, p, None)) for p in range(form.shape[0]))
        unlike = {alike(form, p, limits): Person(form, p, limits) for p, limits in everybody}
        return max(person.states for person in unlike.values())

    def cheapest(self, p: int, price: Floats, below: float = np.inf, *, most: int = 1) -> tuple[float, Ints]:
        """A bound from below on the price of every row of a person, and rows: the first has that price exactly.

        Parameters
        ----------
        price
            Shape (days, duties), finite: of each duty; those that are not allowed are left out.
        below
            Of what costs as much there need not be a row.
        most
            Most rows: the cheapest, then others that are cheap.

        Returns
        -------
        There are no rows where there is none below, or where counting all that they must not exceed takes too many
        states.
        """
        from qopt.kernels.roster_rows import completions

        person = self.person(p)
        priced = np.where(self.allowed[p], price, np.inf)
        rows = np.zeros((most, len(price)), np.int64)
        view = person.prepare()
        counted = person.counted
        shape = len(view.sums), len(counted.works), view.sums.shape[1]
        if int(np.prod(shape)) > len(self._rest):
            self._rest = np.empty(int(np.prod(shape)))
        rest = self._rest[: int(np.prod(shape))].reshape(shape)
        completions(counted, view.base, view.sums, view.step, view.fee, priced, rest)
        bound = _first_bound(counted, view, priced, rest)
        for share in AIMS:
            aim = below if share == 1.0 or not bound < below else bound + share * (min(below, bound + FAR) - bound)
            while True:
                best = self._search(person, priced, rest, min(aim, below), rows)
                if best == -np.inf:
                    return bound, rows[:0]
                bound = max(bound, min(best, aim))
                if best == np.inf:
                    break
                missed = person.missed(rows[0])
                if not missed:
                    return best, rows[[bool(row[0] >= 0) and not person.missed(row) for row in rows]]
                if not person.count(missed):
                    return bound, rows[:0]
        return bound, rows[:0]

    def _search(self, person: Person, price: Floats, rest: Floats, below: float, rows: Ints) -> float:
        """The cheapest row below a price, with the sums that are counted now."""
        from qopt.kernels.roster_rows import cheapest_row

        sums = combinations(person.counted)
        return float(
            cheapest_row(
                person.counted, person.prepare().place, price, rest, below, sums, self._slot, self._found, rows
            )
        )


def _first_bound(counted: Counted, view: View, price: Floats, rest: Floats) -> float:
    """What completions say of whole rows."""
    from qopt.kernels.roster_rows import tally

    best, nothing = np.inf, np.zeros(len(counted.size), np.int64)
    for duty, node in enumerate(counted.start.tolist()):
        if node >= 0 and np.isfinite(price[0, duty]):
            ends = tally(counted, view.base, 0, duty, 0, nothing, False)
            at = view.place[0, ends] if ends >= 0 else -1
            best = min(best, float(price[0, duty] + rest[0, node, at])) if at >= 0 else best
    return best
