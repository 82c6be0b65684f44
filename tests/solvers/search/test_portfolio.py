"""The portfolio: every arm that can is tried, time follows what pays, threads change nothing where work limits."""

import itertools
import time
from dataclasses import dataclass, field

import numpy as np
import pytest

from qopt.core.watch import Watch
from qopt.solvers.search.arm import Ends
from qopt.solvers.search.elite import Elite
from qopt.solvers.search.portfolio import Portfolio, length


@dataclass
class Walk:
    """Draws a point from the turn's stream and the elite; its energy is its value as a number, times ``worth``."""

    name: str = "walk"
    worth: float = 1.0
    needs: int = 0
    patient: bool = False
    prior: float = 0.5
    exhaustive: bool = False
    turns: list = field(default_factory=list)

    def spend(self, turn):
        self.turns.append(turn)
        random = np.random.default_rng([turn.seed, turn.number])
        point = random.integers(0, 2, 12, dtype=np.int8)
        if turn.elite:
            point = np.where(random.random(12) < 0.8, turn.elite[0].point, point).astype(np.int8)
        energy = self.worth * float(point @ 2.0 ** np.arange(12))
        moves = turn.work or 100
        return Ends(point[None], np.array([energy]), moves, True, exhaustive=self.exhaustive)


def portfolio(*arms, seed=1):
    found = []
    return Portfolio(arms, Elite(5, 1), seed=seed, found=found.append), found


def endless(threads=1):
    return Watch(clock=time.perf_counter, threads=threads)


@pytest.mark.parametrize("threads", [1, 2, 5])
def test_work_gives_the_same_turns_at_any_number_of_threads(threads):
    told, told_found = portfolio(Walk(), Walk(name="other", needs=2, worth=1.5))
    told.by_work(20_000, endless(), least=100)
    again, again_found = portfolio(Walk(), Walk(name="other", needs=2, worth=1.5))
    again.by_work(20_000, endless(threads), least=100)
    assert [e.energies[0] for e in told_found] == [e.energies[0] for e in again_found]
    assert [e.energy for e in told.elite.snapshot()] == [e.energy for e in again.elite.snapshot()]
    assert {n: f["turns"] for n, f in told.facts.items()} == {n: f["turns"] for n, f in again.facts.items()}


@pytest.mark.parametrize("work", [1, 99, 1000, 12_345])
def test_work_is_not_exceeded(work):
    made, found = portfolio(Walk(), Walk(name="slow", patient=True))
    made.by_work(work, endless(), least=50)
    assert 0 < made.moves <= work
    assert made.moves > work - 50 or work < 50
    assert len(found) == made.turns


def test_an_arm_waits_for_the_elite_it_needs():
    needy = Walk(name="needy", needs=3)
    made, _ = portfolio(Walk(), needy)
    made.by_work(50_000, endless(), least=100)
    assert needy.turns
    assert all(len(turn.elite) >= 3 for turn in needy.turns)


def test_turns_follow_what_pays():
    """Negative worth makes large numbers good: only one of the arms ever enters the elite."""
    good, bad = Walk(name="good", worth=-1.0), Walk(name="bad", worth=1.0)
    made, _ = portfolio(bad, good)
    made.by_work(64_000, endless(), least=100)
    facts = made.facts
    assert facts["good"]["turns"] > 2 * facts["bad"]["turns"]


def test_by_time_ends_with_the_watch_or_a_proof():
    ticks = itertools.count()
    watch = Watch(clock=lambda: next(ticks) * 0.001, deadline=1.0)
    made, found = portfolio(Walk())
    made.by_time(watch)
    assert watch.expired()
    assert len(found) == made.turns > 5
    made, found = portfolio(Walk(exhaustive=True))
    made.by_time(endless(2))
    assert made.exhaustive
    assert len(found) <= 3


def test_a_watch_that_has_stopped_still_gets_one_turn():
    watch = endless()
    watch.cancel()
    for run in (lambda p: p.by_time(watch), lambda p: p.by_work(1000, watch, least=10)):
        made, found = portfolio(Walk())
        run(made)
        assert len(found) == 1


def test_turns_grow_with_the_run_and_end_with_it():
    quick, slow = Walk(), Walk(patient=True)
    assert length(quick, 0.0, 10.0) < length(quick, 1.0, 10.0) <= length(quick, 100.0, 1000.0)
    assert length(slow, 1.0, 10.0) > length(quick, 1.0, 10.0)
    assert length(slow, 10.0, 0.02) < 0.02
