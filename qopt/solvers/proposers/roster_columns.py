"""Proposer ``roster_columns``: rows of people, found by dynamic programming and chosen by dives from their LP."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from qopt.core.accepts import AcceptsForm
from qopt.core.arrays import Bools, Floats, Ints
from qopt.core.batch import Proposals
from qopt.core.budget import Budget
from qopt.core.errors import NotApplicableError
from qopt.core.forms._roster_judge import spreads
from qopt.core.forms.roster import Proposal, Roster, evaluate
from qopt.core.result import Bound, closes
from qopt.core.watch import Watch
from qopt.milp.solve import solve
from qopt.solvers.proposers._finds import Finds
from qopt.solvers.proposers._roster_master import Master
from qopt.solvers.proposers._roster_person import Bands
from qopt.solvers.proposers._roster_rows import LEAST, Rows, odd_weekends
from qopt.solvers.proposers.roster_search import DEFAULT_WORK, RosterSearch, Walk

NAME = "roster_columns"
PIECE = 100
"""What pricing one row counts in moves, for budgets of work."""
_EPSILON = 1e-6


@dataclass(frozen=True)
class RosterColumns:
    """Column generation over the rows of people, then dives: rows are held one after another while new ones are priced.

    What the relaxation is worth at any prices is a bound on every plan (Lagrange), which is told. The best plan is then
    mended: rows of some people are priced and chosen anew. Sources: Burke & Curtois (2014), Strandmark, Qu & Curtois
    (2020) for rosters; Wentges (1997) for smoothed prices.

    Parameters
    ----------
    search
        The annealing that finds the first rows.
    share, longest
        Of the time that goes to it, and its most seconds.
    first
        Of the time then left, what goes at most to the first relaxation.
    smoothing
        Weight of the prices that gave the best bound when new prices are made; below 1.
    each
        Most seconds of a choice among rows in whole numbers.
    several
        Most rows of one person that come from pricing it once.
    rounds
        Most rounds of prices for one relaxation of a dive.
    free
        People whose rows are chosen anew at first; more where that is quick, fewer where it is not.
    patience
        Choices without a better plan after which it dives again.
    nodes
        Most branch-and-bound nodes of one when the budget counts work.
    columns
        Most rows in one.
    crowd
        Most people between whom anything is to be spread evenly: among more a dive takes minutes.
    """

    search: RosterSearch = RosterSearch()
    share: float = 0.05
    longest: float = 5.0
    first: float = 0.4
    smoothing: float = 0.5
    each: float = 4.0
    several: int = 3
    rounds: int = 20
    free: int = 6
    patience: int = 8
    nodes: int = 200
    columns: int = 3000
    crowd: int = 60
    accepts: AcceptsForm = AcceptsForm("roster")

    def refuses(self, form: Roster) -> list[str]:
        """Rosters whose rows have too many states."""
        reasons = []
        if odd_weekends(form):
            reasons.append("a weekend is more than two days in a row")
        if (among := int(form.balance.members.any(axis=0).sum())) > self.crowd:
            reasons.append(f"fairness between {among} people, at most {self.crowd} are taken")
        if not reasons and (states := Rows.states(form)) > LEAST:
            reasons.append(f"a day of one person has {states} states, at most {LEAST} are taken")
        return reasons

    def propose(
        self, form: Roster, *, budget: Budget, seed: int, watch: Watch, pool: Sequence[Proposal] = ()
    ) -> Proposals:
        """Search for cheap plans; see ``core.protocols.Proposer``. A unit of work is one move, a priced row many.

        Raises
        ------
        NotApplicableError
            A roster that it refuses.
        """
        reasons = self.refuses(form)
        if reasons:
            raise NotApplicableError(NAME, reasons)
        begin = watch.clock()
        if budget.seconds is not None and watch.deadline is None:
            watch = watch.within(budget.seconds)
        work = DEFAULT_WORK if budget.work is None and watch.deadline is None else budget.work
        finds = Finds(form, evaluate, NAME, watch, self.search.most)
        for proposal in pool:
            finds.take(proposal, offer=False)
        search = _Columns(self, form, seed, finds, work)
        search.run(watch)
        reason = "cancelled" if watch.stop[0] else "done" if search.done else "seconds" if watch.expired() else "work"
        info = {"rows": len(search.master), "rounds": search.rounds, "dives": search.dives, "mended": search.mended}
        return finds.proposals(seed, reason, watch.clock() - begin, info)


class _Columns:
    """One search: the rows known so far, and the best prices."""

    def __init__(self, settings: RosterColumns, form: Roster, seed: int, finds: Finds, work: int | None) -> None:
        self.settings, self.form, self.finds = settings, form, finds
        self.rng = np.random.default_rng(seed)
        self.walk = Walk(settings.search, form, seed, finds)
        facts = self.walk.facts
        self.rows = self.pricing = Rows(form, facts.allowed)
        self.master = Master(form, facts.price)
        self.counted, self.left = work is not None, work
        self.bound = self.raw = -np.inf
        self.worth = np.zeros(len(self.master.ties))
        self.rounds = self.dives = self.mended = 0
        self.free = float(settings.free)
        self.done = False
        self.least = 1.0 if form.integral else 1e-6  # by which a plan is better

    def run(self, watch: Watch) -> None:
        self._begin(watch)
        everybody = np.ones(self.form.shape[0], bool)
        first = watch if self.counted else watch.within(self.settings.first * watch.remaining())
        relaxed = self._generate(everybody, first, rounds=None)
        if relaxed is None:
            return
        shares = relaxed[1]
        while not self._over(watch):
            self.dives += 1
            self._within(self._bands(shares))
            self._dive(watch)
            self._within(None)
            self._choose(everybody, self.worth, self.raw, watch)
            stale = 0
            while stale < self.settings.patience and not self._over(watch):
                stale = 0 if self._mend(watch) else stale + 1

    def _bands(self, shares: Floats) -> Bands | None:
        """What members of balances may have: what they have in the mean, and more dive by dive.

        The relaxation mixes rows of those who have more and less, and so tells nothing of fairness where it may.
        """
        ties, count = self.master.ties, len(shares)
        if not len(ties.balance):
            return None
        mean = ties.means(self.master.person[:count], self.master.rows[:count], shares)
        low, wider = np.floor(mean + _EPSILON).astype(np.int64), self.dives - 1
        return Bands(np.maximum(0, low - (wider + 1) // 2), low + 1 + wider // 2)

    def _within(self, bands: Bands | None) -> None:
        """Price and choose only rows in some bands; None: all rows."""
        if not len(self.master.ties.balance):
            return
        self.pricing = self.rows if bands is None else Rows(self.form, self.walk.facts.allowed, bands)
        self.master.bar(bands)

    @property
    def _best(self) -> tuple[Proposal, float] | None:
        """The best feasible plan and what it costs."""
        best = self.finds.best
        return (best[0], best[1].objective) if best is not None and best[1].feasible else None

    def _over(self, watch: Watch) -> bool:
        best = self._best
        if best is not None:
            self.done |= closes(best[1], self.bound, integral=self.form.integral)
        return self.done or watch.expired() or self.left == 0

    def _spend(self, work: int) -> None:
        if self.left is not None:
            self.left = max(0, self.left - work)

    def _begin(self, watch: Watch) -> None:
        """Rows of annealed plans and of those that were given."""
        settings = self.settings
        if self.counted:
            assert self.left is not None
            self._spend(self.walk.run(watch, max(1, int(settings.share * self.left))))
        else:
            self.walk.run(watch.within(min(settings.longest, settings.share * watch.remaining())), None)
        for proposal, _ in list(self.finds.known.values()):
            self._learn(proposal)

    def _learn(self, proposal: Proposal) -> None:
        """Take the rows of people whose own rules a plan keeps."""
        people, days = proposal.duty.shape
        known = self.walk.facts.allowed[np.arange(people)[:, None], np.arange(days), proposal.duty].all(axis=1)
        fine = known & ~self.walk.faulty(proposal) if known.all() else np.zeros(people, bool)
        self.master.add([(p, proposal.duty[p].copy()) for p in np.flatnonzero(fine).tolist()])

    # -- prices --------------------------------------------------------------------------------------------------

    def _generate(
        self, free: Bools, watch: Watch, *, rounds: int | None
    ) -> tuple[float, Floats, Floats, Floats] | None:
        """Price rows of some people until none pays, the bound is met, or for some rounds; the last relaxation."""
        relaxed = None
        while True:
            again = self.master.relax(watch)
            if again is None:
                return relaxed
            relaxed = again
            whole = self._whole(free)
            if self._over(watch) or rounds == 0 or (whole and relaxed[0] - self.bound < _EPSILON):
                return relaxed
            if not self._round(free, relaxed, watch):
                return relaxed
            rounds = None if rounds is None else rounds - 1

    def _whole(self, free: Bools) -> bool:
        """Whether nothing is held, so that what is relaxed is the whole roster."""
        return self.pricing is self.rows and bool(free.all())

    def _round(self, free: Bools, relaxed: tuple[float, Floats, Floats, Floats], watch: Watch) -> int:
        """Price the rows of some people once; how many new ones pay."""
        self.rounds += 1
        mine = self.settings.smoothing if self._whole(free) and np.isfinite(self.bound) else 0.0
        for weight in (mine, 0.0) if mine else (0.0,):
            worth = self.master.ties.grained(weight * self.worth + (1 - weight) * relaxed[2])
            new = self._price(free, worth, relaxed, watch)
            if new:
                break
        return new

    def _price(self, free: Bools, worth: Floats, relaxed: tuple[float, Floats, Floats, Floats], watch: Watch) -> int:
        form, master = self.form, self.master
        cells = master.ties.cells(master.price, worth)
        true = master.ties.cells(master.price, relaxed[2])
        known = master.cheapest(cells)
        days = np.arange(form.shape[1])
        total, size = master.ties.least(worth), float(np.abs(worth).sum())
        new: list[tuple[int, Ints]] = []
        for p in np.flatnonzero(free).tolist():
            if watch.expired():
                break
            value, rows = self.pricing.cheapest(p, cells[p], known[p], most=self.settings.several)
            total += value
            size += abs(value)
            pays = true[p, days, rows].sum(axis=1) + master.own(np.full(len(rows), p), rows) - relaxed[3][p]
            new += [(p, row) for row in rows[pays < -_EPSILON]]
        else:
            self._spend(PIECE * int(free.sum()))
            if self._whole(free):
                self._bound(total, size, worth, watch)
        return master.add(new)

    def _bound(self, total: float, size: float, worth: Floats, watch: Watch) -> None:
        """Keep and tell a bound that is better, and the prices that gave it."""
        if np.isfinite(total) and total > self.raw:
            self.raw, self.worth = total, worth
            told = self.master.ties.bound(total, size)
            if told > self.bound:
                self.bound = told
                watch.bound(Bound(told, "combinatorial", source=NAME))

    # -- whole rows ----------------------------------------------------------------------------------------------

    def _dive(self, watch: Watch) -> None:
        """Hold the row with the largest share, price anew, and so on until everybody has a row.

        With half of the time gone it prices once between two rows: a dive that does not end is worth nothing.
        """
        held, begin = np.full(self.form.shape[0], -1), watch.remaining()
        while (held < 0).any() and not self._over(watch):
            late = not self.counted and watch.remaining() < 0.5 * begin
            relaxed = self._generate(held < 0, watch, rounds=1 if late else self.settings.rounds)
            if relaxed is None or self._hopeless(relaxed[0]) or not self._hold(held, relaxed[1]):
                break
        self.master.hold(held[held >= 0], False)
        if (held >= 0).all():
            self.finds.take(Proposal(self.master.rows[held]))

    def _mend(self, watch: Watch) -> bool:
        """Hold the best plan's rows of all but some people and choose those of these anew; whether that was better."""
        best = self._best
        if best is None:
            return False
        people = self.form.shape[0]
        own = self._own(best[0])
        free = self._free(best[0])
        self.master.hold(own[~free], True)
        relaxed = self._generate(free, watch, rounds=self.settings.rounds)
        self.master.hold(own[~free], False)
        larger = min(1.1 * self.free, 0.8 * people)
        if relaxed is None or self._over(watch):
            return False
        if self._hopeless(relaxed[0]):
            self.free = larger
            return False
        self.mended += 1
        solved = self._choose(free, relaxed[2], relaxed[0], watch)
        self.free = larger if solved else max(2.0, 0.9 * self.free)
        after = self._best
        return after is not None and after[1] < best[1]

    def _free(self, proposal: Proposal) -> Bools:
        """Whose rows are chosen anew: some people, by turns with those who have the most or the least of something."""
        people, ties = self.form.shape[0], self.master.ties
        order = self.rng.permutation(people)
        uneven = np.flatnonzero(ties.price * spreads(self.form, proposal.duty) > 0)
        if len(uneven) and self.rng.random() < 0.5:
            b = int(self.rng.choice(uneven))
            tally, members = ties.tallies(proposal.duty)[:, b], self.form.balance.members[b]
            end = tally[members].max() if self.rng.random() < 0.5 else tally[members].min()
            order = order[np.argsort(~(members & (tally == end))[order], kind="stable")]
        free = np.zeros(people, bool)
        free[order[: round(self.free)]] = True
        return free

    def _own(self, proposal: Proposal) -> Ints:
        """Where the rows of a feasible plan are, shape (people,)."""
        self.master.add([(p, row.copy()) for p, row in enumerate(proposal.duty)])
        return np.array([self.master.find(p, row) for p, row in enumerate(proposal.duty)])

    def _hopeless(self, value: float) -> bool:
        """Whether what costs ``value`` at least cannot be better than the best plan."""
        best = self._best
        return best is not None and value > best[1] - self.least + _EPSILON

    def _hold(self, held: Ints, share: Floats) -> bool:
        """Hold all rows that are chosen nearly whole, or those with the largest shares; False where nobody has one."""
        share = np.append(share, np.zeros(len(self.master) - len(share)))
        share[held[self.master.person] >= 0] = -1.0
        chosen = np.flatnonzero(share > 0.99)
        if not len(chosen):
            noise = self.rng.random(len(share)) * (0.0 if self.dives == 1 else 0.3)
            order = np.argsort(-(share + np.where(share > 0, noise, 0.0)), kind="stable")
            # One in 16 people, of whom more than half of a row is chosen: that is no row of the same person.
            chosen = order[: max(1, int((held < 0).sum()) // 16)]
            others = chosen[1:][self.master.person[chosen[1:]] != self.master.person[chosen[0]]]
            chosen = np.append(chosen[:1], others[share[others] > 0.51])
        if share[chosen[0]] <= _EPSILON:
            return False
        held[self.master.person[chosen]] = chosen
        self.master.hold(chosen, True)
        return True

    def _choose(self, free: Bools, worth: Floats, value: float, watch: Watch) -> bool:
        """The best choice in whole numbers among known rows of some people, others as in the best plan.

        Rows that are dearer than their person's cheapest, at the prices that make ``value`` a bound, by more than the
        best plan is above it can be in no better plan (reduced costs).

        Returns
        -------
        Whether it was solved in good time.
        """
        form, master, settings = self.form, self.master, self.settings
        if self._over(watch):
            return False
        best, start = self._best, None
        if best is not None:
            start = self._own(best[0])
        cells = master.ties.cells(master.price, worth)
        over = master.priced(cells) - master.cheapest(cells)[master.person]
        if best is not None and start is not None:
            over[~free[master.person]] = np.inf
            over[start] = -1.0
        most = np.inf if best is None else best[1] - self.least - value + _EPSILON
        kept = np.argsort(over, kind="stable")[: settings.columns]
        kept = np.sort(kept[(over[kept] <= most) | (over[kept] < 0)])
        share = watch if self.counted else watch.within(settings.each)
        outcome = solve(
            master.choice(kept),
            watch=share.silent(),
            start=None if start is None else master.chosen(kept, start),
            nodes=settings.nodes if self.counted else None,
            seed=int(self.rng.integers(2**31 - 1)),
        )
        self._spend(20 * PIECE)
        for values in outcome.values:
            on = kept[np.asarray(values)[: len(kept)] > 0.5]
            if len(on) == form.shape[0]:
                duty = np.zeros(form.shape[:2], np.int64)
                duty[master.person[on]] = master.rows[on]
                self.finds.take(Proposal(duty))
        return outcome.status in ("optimal", "infeasible")


PLUGIN = RosterColumns()
