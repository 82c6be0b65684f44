"""Who searches next and for how long: a bandit over arms, and everything they find in one elite.

An arm is drawn by Thompson sampling: a Beta distribution per arm over the worth of its turns, old turns fading out, so
that the time goes where it pays at this stage of this problem. All draws come from the seed and the number of the turn.

By time, every thread takes one turn after the other and sees what all have found by then. By work, turns come in rounds
of ``BESIDE`` that see the same elite and are merged in order: the threads that run them change nothing.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np

from qopt.core.watch import Watch
from qopt.solvers.search.arm import Arm, Ends, Entry, Turn
from qopt.solvers.search.elite import Elite

BESIDE = 4
"""Turns of a round that is limited by work."""

_TURNS = 64  # of a run that is limited by work, about
_DEEPER = 8
_FADE = 0.9  # what a turn counts when the arm has had another one
_BEST, _ELITE = 1.0, 0.25  # worth of a new best, and of an entry to the elite
_SHORTEST = 0.004  # seconds
_QUICK, _PATIENT = (0.002, 0.04, 0.5), (0.02, 0.15, 5.0)  # seconds of a turn: base, share of the time gone, most
_REST = 0.5  # of what remains, at most, is one turn
_HURRY = 0.25  # seconds: shorter runs are left to the likeliest arms, in turns as long as there is time for
_LIKELIEST = 2
_STALE = 60  # turns without an entry to the elite after which it is built anew around its best


@dataclass(eq=False)
class Account:
    """What an arm has been given and has brought: fading sums of worth and of turns, and totals for the record."""

    arm: Arm
    prior: float
    worth: float = 0.0
    weight: float = 0.0
    turns: int = 0
    bests: int = 0
    seconds: float = 0.0
    moves: int = 0

    def enter(self, worth: float) -> None:
        """Write a turn down."""
        self.worth = self.worth * _FADE + worth
        self.weight = self.weight * _FADE + 1.0
        self.turns += 1

    def draw(self, random: np.random.Generator) -> float:
        """A worth that the next turn may have."""
        good = self.prior + self.worth
        return float(random.beta(max(good, 1e-3), max(1.0 + self.weight - self.worth, 1e-3)))


class Portfolio:
    """Shares out a run among arms.

    Parameters
    ----------
    arms
        Those that fit, at least one of which needs no elite.
    elite
        Where the found points go; may hold some already.
    seed
        All choices and streams come from it.
    found
        Called with each turn's ends, one call at a time.
    """

    def __init__(self, arms: Sequence[Arm], elite: Elite, *, seed: int, found: Callable[[Ends], None]) -> None:
        self.accounts = [Account(arm, arm.prior) for arm in arms]
        self.elite = elite
        self.exhaustive = False
        self._seed = seed & (2**64 - 1)
        self._found = found
        self._turns = 0
        self._stale = 0
        self._hurry = False
        self._lock = threading.Lock()

    @property
    def turns(self) -> int:
        """Turns begun."""
        return self._turns

    @property
    def moves(self) -> int:
        """Moves proposed by all arms."""
        return sum(account.moves for account in self.accounts)

    # choosing and merging

    def _choose(self, number: int) -> Account:
        able = [account for account in self.accounts if account.arm.needs <= len(self.elite)]
        if self._hurry:
            able = sorted(able, key=lambda account: -account.prior)[:_LIKELIEST]
        fresh = [account for account in able if account.turns == 0 and account.arm.needs == 0]
        if number < len(fresh):
            return max(fresh, key=lambda account: account.prior)
        random = np.random.default_rng([self._seed, number, 1])
        return max(able, key=lambda account: account.draw(random))

    def _merge(self, account: Account, ends: Ends, seconds: float) -> None:
        account.seconds += seconds
        account.moves += ends.moves
        before = self.elite.best
        entered = sum(self.elite.add(entry) for entry in sorted(ends.entries(), key=_rank))
        after = self.elite.best
        better = after is not None and (before is None or after.rank < before.rank)
        account.bests += better
        account.enter(_BEST if better else _ELITE if entered else 0.0)
        self._stale = 0 if entered else self._stale + 1
        if self._stale > _STALE:
            self.elite.thin(1)
            self._stale = 0
        self.exhaustive = self.exhaustive or ends.exhaustive
        self._found(ends)

    # by time

    def by_time(self, watch: Watch) -> None:
        """Take turns until the watch expires or a minimiser is proven; at least one turn."""
        began = watch.clock()
        self._hurry = watch.remaining() < _HURRY
        self._alone(began, watch)
        if watch.threads == 1:
            while not self._over(watch):
                self._alone(began, watch)
            return
        with ThreadPoolExecutor(watch.threads) as threads:
            for done in [threads.submit(self._go_on, began, watch) for _ in range(watch.threads)]:
                done.result()

    def _over(self, watch: Watch) -> bool:
        return self.exhaustive or watch.expired()

    def _go_on(self, began: float, watch: Watch) -> None:
        while not self._over(watch):
            self._alone(began, watch)

    def _alone(self, began: float, watch: Watch) -> None:
        with self._lock:
            number = self._turns
            self._turns += 1
            account = self._choose(number)
            elite = self.elite.snapshot()
        now = watch.clock()
        own = watch.within(length(account.arm, now - began, watch.remaining()), threads=1)
        ends = account.arm.spend(Turn(number, self._seed, elite, None, own))
        with self._lock:
            self._merge(account, ends, watch.clock() - now)

    # by work

    def by_work(self, work: int, watch: Watch, *, least: int) -> None:
        """Take turns of about ``work`` moves in all until it is spent or the watch expires; at least one turn.

        Parameters
        ----------
        least
            Moves below which a turn finds nothing: of a patient arm ``_DEEPER`` times as many.
        """
        with ThreadPoolExecutor(max(1, watch.threads)) as threads:
            while self._turns == 0 or (work - self.moves >= least and not self._over(watch)):
                self._round(work, least, watch, threads)

    def _round(self, work: int, least: int, watch: Watch, threads: ThreadPoolExecutor) -> None:
        elite = self.elite.snapshot()
        chosen: list[tuple[Account, Turn]] = []
        left = work - self.moves
        beside = 1 if self._over(watch) else BESIDE
        while not chosen or (len(chosen) < beside and left >= least):
            account = self._choose(self._turns)
            share = max(least * _DEEPER, work // 8) if account.arm.patient else max(least, work // _TURNS)
            own = max(1, min(left, share))
            chosen.append((account, Turn(self._turns, self._seed, elite, own, watch.within(None, threads=1))))
            self._turns += 1
            left -= own

        def spend(one: tuple[Account, Turn]) -> tuple[Ends, float]:
            began = watch.clock()
            ends = one[0].arm.spend(one[1])
            return ends, watch.clock() - began

        for (account, _), (ends, seconds) in zip(chosen, threads.map(spend, chosen), strict=True):
            self._merge(account, ends, seconds)

    @property
    def facts(self) -> dict[str, dict[str, float]]:
        """For the record: turns, seconds, moves and new bests of every arm that had a turn."""
        return {
            a.arm.name: {"turns": a.turns, "seconds": round(a.seconds, 3), "moves": a.moves, "bests": a.bests}
            for a in self.accounts
            if a.turns
        }


def length(arm: Arm, gone: float, remaining: float) -> float:
    """Seconds of the next turn: a share of what has gone, so that early answers come early and long runs dig deep."""
    if arm.patient and gone + remaining < _HURRY:
        return max(_SHORTEST, _REST * remaining)
    base, share, most = _PATIENT if arm.patient else _QUICK
    return max(_SHORTEST, min(base + share * gone, most, _REST * remaining + _SHORTEST))


def _rank(entry: Entry) -> tuple[float, float]:
    return entry.rank
