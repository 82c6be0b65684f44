"""The form ``fleet``: its timing against brute force, its judge against plain cases."""

import itertools
from dataclasses import asdict, replace

import numpy as np
import pytest

from qopt.core import forms
from qopt.core.forms._fleet_timing import timing
from qopt.core.forms.fleet import Company, Current, Fleet, Proposal, Role, Tour, evaluate
from qopt.testing.fleets import items_of, kinds_of, random_fleet


def fleet_of(items, kinds, *, distance=None, places=5, seed=0, **more):
    random = np.random.default_rng(seed)
    if distance is None:
        spot = random.integers(0, 10, (places, 2))
        distance = np.abs(spot[:, None] - spot[None]).sum(axis=2)
    matrix = np.asarray(distance, float)[None]
    allowed = more.pop("allowed", np.ones((len(kinds), len(items)), bool))
    return Fleet(matrix, matrix, items, kinds, allowed, **more)


def violated(form, *tours):
    return {v.name for v in evaluate(form, Proposal(tours)).violations}


@pytest.mark.parametrize("seed", range(30))
def test_timing_is_the_earliest_end_and_then_the_latest_departure(seed):
    """Of all departures on a fine grid, each followed as early as windows allow."""
    random = np.random.default_rng(seed)
    lines = []
    for place in range(1, 5):
        cuts = np.sort(random.choice(80, 4, replace=False))
        windows = [(cuts[0], cuts[1]), (cuts[2], cuts[3])][: random.integers(0, 3)]
        lines.append(
            {"place": place, "service": random.integers(0, 5), "setup": random.integers(0, 3), "windows": windows}
        )
    form = fleet_of(items_of(lines), kinds_of({"earliest": 3.0}), seed=seed)
    order = random.permutation(4)
    told = timing(form, 0, order)

    def follow(depart):
        now, here, late = depart, 0, 0.0
        for item in order:
            place = int(form.items.place[item])
            now += form.time[0, here, place]
            windows = lines[item]["windows"]
            open_to = [w for w in windows if now <= w[1]]
            if open_to:
                now = max(now, open_to[0][0])
            elif windows:
                late += now - windows[-1][1]
            now += lines[item]["service"] + (lines[item]["setup"] if place != here else 0)
            here = place
        return now + form.time[0, here, 0], late

    end, late = follow(3.0)
    assert told.end == end
    assert told.late.sum() == pytest.approx(late)
    grid = np.arange(3.0, 120.0, 0.5)
    best = max(depart for depart in grid if follow(depart) == (end, pytest.approx(late)))
    if late == 0:
        assert told.depart == best
    assert follow(told.depart)[0] == end


def test_breaks_reloads_and_loads():
    lines = [
        {"place": 1, "deliver": 6, "service": 2},
        {"place": 2, "deliver": 6, "collect": 3, "service": 2},
        {"role": Role.BREAK, "place": -1, "service": 30, "windows": [(20, 40)], "owner": 0},
        {"role": Role.RELOAD, "place": 0, "service": 5, "owner": 0},
    ]
    line = np.abs(np.subtract.outer([0, 4, 9], [0, 4, 9]))
    form = fleet_of(items_of(lines), kinds_of({"capacity": 8, "trips": 2}), distance=line)
    assert violated(form, Tour(0, [0, 1, 2])) == {"capacity"}
    assert violated(form, Tour(0, [0, 3, 1])) == {"breaks"}
    check = evaluate(form, Proposal((Tour(0, [0, 3, 1, 2]),)))
    assert check.feasible
    told = timing(form, 0, np.array([0, 3, 1, 2]))
    assert told.load[:, 0].tolist() == [6, 0, 6, 3, 3]
    assert told.distance == 4 + 4 + 9 + 9
    assert told.duration == 4 + 2 + 4 + 5 + 9 + 2 + 30 + 9
    once = fleet_of(items_of(lines), kinds_of({"capacity": 8, "trips": 1}), distance=line)
    assert violated(once, Tour(0, [0, 3, 1, 2])) == {"trips"}


def test_shipments_stay_together_and_in_order():
    lines = [{"place": 1, "change": 5, "delivery": 1}, {"place": 2, "change": -5}, {"place": 3, "deliver": 4}]
    form = fleet_of(items_of(lines), kinds_of({"capacity": 8, "count": 2}))
    assert violated(form, Tour(0, [2, 0, 1])) == set()
    assert violated(form, Tour(0, [0, 2, 1])) == {"capacity"}
    assert violated(form, Tour(0, [2, 1, 0])) == {"shipments"}
    assert violated(form, Tour(0, [2, 0]), Tour(0, [1])) == {"shipments"}


def test_company_hard_and_soft():
    lines = [{"place": p} for p in (1, 2, 3)]

    def told(rule, *tours):
        form = fleet_of(items_of(lines), kinds_of({"count": 3}), company=(rule,))
        return violated(form, *tours), evaluate(form, Proposal(tours)).parts.get(f"soft.{rule.kind}", 0.0)

    one, two = (Tour(0, [0, 1, 2]),), (Tour(0, [0, 1]), Tour(0, [2]))
    assert told(Company("together", (0, 2)), *one) == (set(), 0)
    assert told(Company("together", (0, 2)), *two) == ({"together"}, 0)
    assert told(Company("apart", (0, 1, 2), price=7.0), *one) == (set(), 21.0)
    assert told(Company("apart", (0, 1, 2), price=7.0), *two) == (set(), 7.0)
    assert told(Company("before", (2, 0), price=2.0), *one) == (set(), 2.0)
    assert told(Company("before", (0, 2)), *one) == (set(), 0.0)


def test_who_may_what_must_and_what_changes():
    lines = [{"place": 1, "penalty": 9.0}, {"place": 2, "priority": 3.0}]
    kinds = kinds_of({"fixed": 10.0}, {"max_stops": 1, "latest": 2.0})
    allowed = np.array([[True, False], [True, True]])
    now = Current(route=np.array([0, 1]), price=np.array([4.0, 5.0]), done=((), (1,)))
    far = np.abs(np.subtract.outer([0, 1, 5], [0, 1, 5]))
    must = fleet_of(items_of(lines), kinds, distance=far, allowed=allowed, levels=((("cost", 1.0),),), current=now)
    assert violated(must, Tour(0, [0, 1])) == {"allowed"}
    assert violated(must, Tour(0, [0])) == {"visits"}
    assert violated(must, Tour(1, [0, 1])) == {"stops", "shift", "pinned"}
    assert violated(must, Tour(1, [1]), Tour(1, [0])) == {"vehicles", "shift", "pinned"}
    may = fleet_of(items_of(lines), kinds, distance=far, allowed=allowed, current=now)
    check = evaluate(may, Proposal(()))
    assert check.feasible
    assert check.levels == (4.0, 9.0 + 4.0 + 5.0)
    check = evaluate(may, Proposal((Tour(0, [0]),)))
    assert check.parts["unserved"] == 3.0
    assert check.levels[1] == 10.0 + 2.0 + 5.0


def test_form_and_key():
    form = fleet_of(items_of([{"place": 1}, {"place": 2}]), kinds_of({"count": 2}))
    assert forms.name_of(form) == "fleet"
    a, b = Tour(0, [0]), Tour(0, [1])
    assert Proposal((a, b)).key() == Proposal((b, a)).key()
    assert len({Proposal(p).key() for p in itertools.permutations((a, b))}) == 1


@pytest.mark.parametrize("seed", range(10))
def test_what_is_kept_of_tours_changes_no_judgement(seed, monkeypatch):
    monkeypatch.setattr("qopt.core.forms._fleet_judge.MOST_KEPT", 7)
    random = np.random.default_rng(seed)
    form = random_fleet(4, seed=seed, vehicles=2)
    for _ in range(40):
        items = random.permutation(4)
        cut = random.integers(0, 5)
        proposal = Proposal((Tour(0, items[:cut]), Tour(int(random.integers(len(form.kinds))), items[cut:])))
        assert asdict(evaluate(form, proposal)) == asdict(evaluate(replace(form), proposal))
    assert len(form.judged) <= 7
