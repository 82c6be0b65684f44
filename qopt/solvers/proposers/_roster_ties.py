"""What ties the rows of people to each other, cover and fairness, and what it costs at prices of single duties.

A *tie* is a line of cover, or one member of what is to be spread evenly: every duty that counts for it adds one. The
*worth* of ties, one price each, turns a roster into rows that know nothing of each other (Lagrange): a duty is paid its
worth, and ``Ties.least`` is what the ties themselves cost at least when what they count is bought at that worth.
"""

from __future__ import annotations

import numpy as np

from qopt.core.arrays import Bools, Floats, Ints
from qopt.core.forms.roster import Roster

_GRAIN = 2.0**16
"""Worth comes in whole multiples of 1 / _GRAIN: sums of it with whole wishes are exact in floats."""


class Ties:
    """The ties of a roster: lines of cover, then members of each balance.

    Attributes
    ----------
    balance, member
        Shape (pairs,): of which balance, and who.
    price, reach
        Shape (balances,): of each by which the most exceeds the least, 0 where it has no members; the most that
        anybody can have.
    """

    def __init__(self, form: Roster) -> None:
        self.form = form
        self.price = np.where(form.balance.members.any(axis=1), form.balance.price, 0.0)
        self.balance, self.member = np.nonzero(form.balance.members & (self.price > 0)[:, None])
        self.reach = form.balance.counts.any(axis=2).sum(axis=1)

    def __len__(self) -> int:
        return len(self.form.cover) + len(self.balance)

    def tallies(self, duty: Ints) -> Ints:
        """What each row has of what is balanced, shape (rows, balances)."""
        days = np.arange(duty.shape[1])
        return np.asarray(self.form.balance.counts[:, days, duty].sum(axis=2).T, np.int64)

    def counted(self, person: Ints, duty: Ints) -> tuple[Bools, Ints]:
        """What rows add to the ties, of whom each is: to cover, shape (rows, lines), and to members, (rows, pairs)."""
        cover = self.form.cover
        there = (duty[:, cover.day] == cover.duty) & self.form.groups[cover.group][:, person].T
        return there, np.where(person[:, None] == self.member, self.tallies(duty)[:, self.balance], 0)

    def means(self, person: Ints, duty: Ints, shares: Floats) -> Floats:
        """What members of each balance have in the mean when shares of rows are chosen, shape (balances,)."""
        members = self.form.balance.members
        there = (shares[:, None] * self.tallies(duty) * members.T[person]).sum(axis=0)
        return np.asarray(there / np.maximum(1, members.sum(axis=1)))

    def cells(self, price: Floats, worth: Floats) -> Floats:
        """Prices of duties less what they are worth to the ties, shape (people, days, duties)."""
        form, cover = self.form, self.form.cover
        out = np.array(price)
        people = np.arange(form.shape[0])
        for line in range(len(cover)):
            out[people[form.groups[cover.group[line]]], cover.day[line], cover.duty[line]] -= worth[line]
        for p, b, paid in zip(self.member, self.balance, worth[len(cover) :]):
            out[p][form.balance.counts[b]] -= paid
        return out

    def least(self, worth: Floats) -> float:
        """What the ties cost at least when all that they count is paid its worth: the other part of the bound."""
        lines = len(self.form.cover)
        return self._cover(worth[:lines]) + self._fairness(worth[lines:])

    def _cover(self, worth: Floats) -> float:
        cover = self.form.cover
        most = self.form.groups[cover.group].sum(axis=1)
        best = np.full(len(cover), np.inf)
        for have in (np.zeros(len(cover)), np.clip(cover.least, 0, most), np.clip(cover.most, 0, most), most):
            under, over = np.maximum(0, cover.least - have), np.maximum(0, have - cover.most)
            fee = np.zeros(len(cover))
            for amount, side in ((under, cover.under), (over, cover.over)):
                fee += np.where(amount > 0, amount * np.where(amount > 0, side, 0.0), 0.0)
            best = np.minimum(best, fee + worth * have)
        return float(best.sum())

    def _fairness(self, worth: Floats) -> float:
        """Members have between the least and the most: at the least where it is worth something, else at the most.

        That is linear in the least and the most, so the cheapest is where both are nothing, both all, or one of each.
        """
        balances = len(self.reach)
        dear = np.bincount(self.balance, np.maximum(worth, 0.0), balances)
        cheap = np.bincount(self.balance, np.maximum(-worth, 0.0), balances)
        return float((self.reach * np.minimum(0.0, np.minimum(self.price - cheap, dear - cheap))).sum())

    def grained(self, worth: Floats) -> Floats:
        """Worth as multiples of a grain; of members never larger than it was, or they would outbid the price."""
        lines = len(self.form.cover)
        scaled = worth * _GRAIN
        return np.concatenate([np.rint(scaled[:lines]), np.trunc(scaled[lines:])]) / _GRAIN

    def bound(self, value: float, size: float) -> float:
        """A bound, rounded up where prices are whole; ``size`` is the sum of what was added up, without signs."""
        value -= 1e-9 * max(1.0, size)
        return float(np.ceil(value) if self.form.integral else value)
