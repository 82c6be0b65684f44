"""Proposer ``fleet_search``: the best plan of small fleets, and a state that agrees with the form's judge."""

import time

import numpy as np
import pytest

from qopt.core import registry
from qopt.core.budget import Budget
from qopt.core.forms.fleet import Current, Fleet, Proposal, Role, evaluate
from qopt.core.watch import Watch
from qopt.solvers.proposers import _fleet_state as states
from qopt.solvers.proposers._fleet_facts import facts
from qopt.testing.fleets import cheapest, items_of, kinds_of, random_fleet


def propose(form, *, work=1500, seed=1, pool=()):
    plugin = registry.load("proposers", "fleet_search")
    watch = Watch(clock=time.perf_counter)
    return plugin.propose(form, budget=Budget(work=work), seed=seed, watch=watch, pool=pool)


@pytest.mark.parametrize(("visits", "seed"), [*((3, seed) for seed in range(12)), *((4, seed) for seed in range(3))])
def test_finds_the_best_plan_of_few_visits(visits, seed):
    """Four visits have a shipment among them."""
    form = random_fleet(visits, seed=seed, rules=visits == 3 and seed % 2 == 0)
    found = propose(form).proposals
    best = cheapest(form)
    check = evaluate(form, found[0])
    assert check.feasible == (best is not None)
    if best is not None:
        assert check.levels == pytest.approx(best)


@pytest.mark.parametrize("seed", range(20))
def test_elites_hold_and_cost_what_the_judge_says(seed):
    """Forty visits of every kind: what the kernel keeps as feasible and as its price is what the judge finds."""
    from qopt.kernels.fleet_search import fleet_search

    form = random_fleet(40, seed=seed, rules=seed % 2 == 0, vehicles=8)
    f = facts(form)
    s = states.state_of(form, f, seed, elites=20, stride=10)
    states.scale(form, f, s)
    states.place(form, f, s, ())
    s.now["temperature"] = 1.0
    fleet_search(f, s, 400)
    order = np.argsort(s.head["cost"], kind="stable")[: s.now[0]["elites"]]
    assert len(order) or not form.counts_unserved
    for slot in order:
        check = evaluate(form, states.read_elite(s, int(slot)))
        assert check.feasible, check.violations[:3]
        price = check.parts["cost"] + 0.5 * check.parts["duration_spread"] * (form.counts_unserved)
        if form.counts_unserved:
            price += float(s.now[0]["big"]) * check.levels[0]
        assert s.head["cost"][slot] == pytest.approx(price)
    now = states.present(s)
    check = evaluate(form, now)
    assert s.now[0]["cost"] == pytest.approx(
        sum(check.parts[p] for p in ("fixed", "travel", "time", "overtime", "late"))
    )
    made = {int(i) for tour in now.tours for i in tour.items if i < 40}
    absent = set(s.visit["absent"][: s.now[0]["absent"]].tolist())
    assert made | absent == set(range(40))
    assert not made & absent


@pytest.mark.parametrize("seed", range(6))
def test_shipments_stay_within_a_trip_and_vehicles_within_their_shift(seed):
    """Ten shipments among forty visits, vehicles too small for one trip, and hours that cost little."""
    from qopt.kernels.fleet_search import fleet_search

    rng = np.random.default_rng(seed)
    spot = rng.random((41, 2)) * 30
    distance = np.sqrt(((spot[:, None] - spot[None]) ** 2).sum(axis=2))
    lines = [{"place": k + 1, "service": 3.0, "deliver": float(rng.integers(1, 6))} for k in range(40)]
    for k in range(0, 20, 2):
        load = float(rng.integers(1, 4))
        lines[k] |= {"deliver": 0.0, "change": load, "delivery": k + 1}
        lines[k + 1] |= {"deliver": 0.0, "change": -load}
    for k in range(0, 40, 3):
        opens = float(rng.integers(0, 150))
        lines[k]["windows"] = [(opens, opens + 60)]
    lines.append({"role": Role.BREAK, "place": -1, "service": 5.0, "windows": [(60.0, 120.0)], "owner": 0})
    lines.append({"role": Role.RELOAD, "place": 0, "service": 3.0, "owner": 0})
    kinds = kinds_of({"count": 4, "capacity": 12.0, "trips": 3, "latest": 250.0, "per_time": 0.3, "fixed": 20.0})
    form = Fleet(distance[None], distance[None], items_of(lines), kinds, np.ones((1, 42), bool))
    f = facts(form)
    s = states.state_of(form, f, seed, elites=40, stride=10)
    states.scale(form, f, s)
    states.place(form, f, s, ())
    s.now["temperature"] = 2.0
    fleet_search(f, s, 3000)
    elites = states.elites(s)
    assert len(elites) >= 20
    assert max(sum(form.items.role[tour.items] == Role.RELOAD) for elite in elites for tour in elite.tours) > 0
    for elite in elites:
        check = evaluate(form, elite)
        assert check.feasible, check.violations[:3]


def test_never_loses_a_plan_it_is_given():
    form = random_fleet(30, seed=3, vehicles=6)
    good = propose(form, work=3000).proposals[:1]
    again = propose(form, work=1, seed=9, pool=good).proposals
    assert evaluate(form, again[0]).levels <= evaluate(form, good[0]).levels


def test_begun_routes_stay_and_changes_are_paid():
    """Vehicle 0 has begun with visits 2 and 0; leaving visit 3 with vehicle 1 saves the price of moving it."""
    lines = [{"place": place} for place in (1, 2, 3, 4)]
    line = np.abs(np.subtract.outer(np.arange(5.0), np.arange(5.0)))

    def form(price):
        now = Current(np.array([0, 0, 0, 1]), np.full(4, price), ((2, 0), ()))
        allowed = np.ones((2, 4), bool)
        kinds = kinds_of({}, {"fixed": 1.0})
        return Fleet(line[None], line[None], items_of(lines), kinds, allowed, levels=((("cost", 1.0),),), current=now)

    for price, vehicle in ((0.0, 0), (50.0, 1)):
        best = propose(form(price), work=300).proposals[0]
        assert evaluate(form(price), best).feasible
        by_kind = {tour.kind: tour.items.tolist() for tour in best.tours}
        assert by_kind[0][:2] == [2, 0]
        assert 3 in by_kind[vehicle]


def test_nothing_to_do():
    form = Fleet(np.zeros((1, 1, 1)), np.zeros((1, 1, 1)), items_of([]), kinds_of({}), np.zeros((1, 0), bool))
    assert propose(form).proposals[0].key() == Proposal(()).key()
