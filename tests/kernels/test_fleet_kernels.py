"""The fleet kernels against the form's judge and plain Python."""

from dataclasses import replace

import numpy as np
import pytest

from qopt.core.forms._fleet_judge import judged
from qopt.core.forms.fleet import Fleet, Proposal, Role, Tour, evaluate
from qopt.kernels.fleet_insert import try_visit
from qopt.kernels.fleet_moves import close_up, drop_one, refresh
from qopt.kernels.fleet_pairs import try_shipment
from qopt.kernels.fleet_search import fleet_search
from qopt.kernels.fleet_spans import out_with
from qopt.kernels.fleet_times import FAR, delivers, loads
from qopt.solvers.proposers import _fleet_state as states
from qopt.solvers.proposers._fleet_facts import facts
from qopt.testing.fleets import items_of, kinds_of, random_fleet


def plain_fleet(visits, seed):
    """Windows and loads alone, as in the files of Solomon, but with some two windows, set-up and open routes."""
    rng = np.random.default_rng(seed)
    spot = rng.integers(0, 30, (visits + 1, 2))
    distance = np.abs(spot[:, None] - spot[None]).sum(axis=2).astype(float)
    opens = rng.integers(0, 120, visits).astype(float)
    lines = [{"place": k + 1, "service": 3.0, "deliver": float(rng.integers(1, 6))} for k in range(visits)]
    for line, at in zip(lines, opens):
        wide = float(rng.integers(2, 40))
        line["windows"] = [((at, at + wide),), ((at, at + 5), (at + 30, at + 30 + wide)), ()][rng.integers(0, 3)]
        line["setup"] = float(rng.integers(0, 3))
    one = {"count": 4, "capacity": 15.0, "latest": 200.0, "max_distance": 150.0}
    kinds = kinds_of(one, one | {"end": -1, "fixed": 20.0})
    allowed = rng.random((2, visits)) < 0.9
    allowed[0] |= ~allowed[1]
    return Fleet(distance[None], distance[None], items_of(lines), kinds, allowed)


def rich_fleet(visits, seed):
    """Everything but rules between visits; ways are never longer than detours."""
    form = random_fleet(visits, seed=seed, rules=False, vehicles=3)
    return replace(form, time=form.distance)


def strict_fleet(visits, seed):
    """Everything but rules between visits and prices of lateness; detours may be shorter than ways."""
    form = random_fleet(visits, seed=seed, rules=False, vehicles=3)
    kinds = replace(form.kinds, fixed=np.zeros(2), per_time=np.array([0.5, 1.0]))
    return replace(form, items=replace(form.items, late_price=np.full(len(form.items), np.inf)), kinds=kinds)


def gappy_fleet(visits, seed):
    """Every visit has a few short windows with long gaps, and a detour is as often shorter as it is longer."""
    rng = np.random.default_rng(seed)
    time = rng.integers(1, 15, (visits + 1, visits + 1)).astype(float)
    lines = []
    for k in range(visits):
        opens = np.cumsum(rng.integers(15, 60, rng.integers(1, 5))).astype(float)
        windows = [(a, a + float(rng.integers(3, 15))) for a in opens]
        lines.append({"place": k + 1, "service": 2.0, "setup": float(rng.integers(0, 9)), "windows": windows})
        lines[-1]["penalty"] = 500.0
    lines.append({"role": Role.BREAK, "place": -1, "service": 5.0, "windows": [(20.0, 30.0), (70.0, 90.0)], "owner": 0})
    kinds = kinds_of({"count": 3, "latest": 220.0, "per_time": 1.0, "overtime_after": 100.0, "per_overtime": 0.5})
    return Fleet(time[None], time[None], items_of(lines), kinds, np.ones((1, visits + 1), bool))


def started(form, iterations=300):
    f = facts(form)
    s = states.state_of(form, f, 1, elites=5, stride=10)
    states.scale(form, f, s)
    states.place(form, f, s, ())
    s.now["temperature"] = 5.0
    fleet_search(f, s, iterations)
    return f, s


def cost(form, tour):
    """Cost of a tour on its own; infinity where it breaks a rule."""
    if not any(item < form.items.visits for item in tour.items):
        return 0.0
    if judged(form, tour)[1]:
        return np.inf
    parts = evaluate(form, Proposal((tour,))).parts
    return sum(parts[name] for name in ("fixed", "travel", "time", "overtime", "late"))


def tour_of(s, v):
    return Tour(int(s.vehicle["kind"][v]), s.route[v, : s.vehicle["length"][v]].astype(np.int64))


def naive_insertion(form, s, c):
    """The least price of visit c in any vehicle, before any item or at the end."""
    best = np.inf
    for v in range(len(s.vehicle)):
        old = tour_of(s, v)
        if form.allowed[old.kind, c]:
            for at in range(len(old.items) + 1):
                new = cost(form, Tour(old.kind, np.insert(old.items, at, c)))
                if new < np.inf:
                    best = min(best, new - cost(form, old))
    return best


@pytest.mark.parametrize("make", [plain_fleet, rich_fleet])
@pytest.mark.parametrize("seed", range(8))
def test_a_visit_goes_where_it_costs_least(make, seed):
    form = make(16, seed)
    f, s = started(form)
    alone = (form.items.delivery[:16] < 0) & (form.items.pickup[:16] < 0)
    found = 0
    for c in np.flatnonzero(alone & (s.visit["owner"] >= 0)).tolist():
        v = int(s.visit["owner"][c])
        s.now["touched"] = s.now["removed"] = 0
        drop_one(s, c)
        s.vehicle["mark"] = False
        close_up(f, s, v)
        s.now["stamp"] += 1
        s.now["blink"] = 10**9  # overlook nothing
        price, route, at = try_visit(f, s, c, 1e18)
        best = naive_insertion(form, s, c)
        assert (route >= 0) == (best < np.inf)
        if route >= 0:
            found += 1
            assert price == pytest.approx(best)
            old = tour_of(s, route)
            new = Tour(old.kind, np.insert(old.items, at, c))
            assert cost(form, new) - cost(form, old) == pytest.approx(best)
            s.route[route, : len(new.items)] = new.items
            s.vehicle["length"][route] += 1
            refresh(f, s, route)
    assert found >= 8


@pytest.mark.parametrize("make", [strict_fleet, gappy_fleet])
@pytest.mark.parametrize("seed", range(20))
def test_spans_tell_how_long_a_vehicle_is_out_with_one_visit_more(make, seed):
    """Where they tell nothing, a window is left or reached that no route so far has used: seldom."""
    form = make(16, seed)
    f, s = started(form, iterations=1 + 100 * (seed % 2))
    told = forbidden = unknown = 0
    for v in np.flatnonzero(s.vehicle["spanned"] & (s.vehicle["made"] > 0)).tolist():
        tour, kind = tour_of(s, v), f.kind[s.vehicle["kind"][v]]
        line, m, begun = s.route[v], len(tour.items), bool(s.vehicle["begun"][v])
        for c in np.flatnonzero(s.visit["owner"] != v).tolist():
            for j in range(m + 1):
                ride = f.ride[kind["profile"]]
                out = out_with(ride, f.item, f.window, kind, begun, line, m, s.step[v], j, c)
                when, faults = judged(form, Tour(tour.kind, np.insert(tour.items, j, c)))
                late = {fault.name for fault in faults} & {"windows", "shift"}
                if out < 0:
                    unknown += 1
                elif out >= FAR / 2:
                    forbidden += 1
                    assert late
                else:
                    told += 1
                    assert not late
                    assert out == pytest.approx(when.duration)
    assert 2 * (told + forbidden) > unknown
    assert min(told, forbidden) > 3


@pytest.mark.parametrize("make", [rich_fleet, strict_fleet])
@pytest.mark.parametrize("seed", range(8))
def test_a_shipment_goes_where_it_costs_least(make, seed):
    """In a vehicle of each kind, unless a position is overlooked, which happens to one in a hundred."""
    form = make(16, seed)
    f, s = started(form)
    pairs = [(0, 1)] if s.visit["owner"][0] >= 0 else []
    for c, to in pairs:
        v = int(s.visit["owner"][c])
        s.now["touched"] = s.now["removed"] = 0
        drop_one(s, c)
        drop_one(s, to)
        s.vehicle["mark"] = False
        close_up(f, s, v)
    for v in range(len(s.vehicle)):
        old = tour_of(s, v)
        if not form.allowed[old.kind, [0, 1]].all():
            continue
        prices = {}
        for i in range(len(old.items) + 1):
            for j in range(i, len(old.items) + 1):
                line = np.insert(np.insert(old.items, j, 1), i, 0)
                prices[i, j] = cost(form, Tour(old.kind, line)) - cost(form, old)
        found = [try_shipment(f, s, v, 0, 1e18) for _ in range(5)]
        best = min(prices.values())
        for price, i, j in found:
            assert i < 0 or price == pytest.approx(prices[i, j])
        assert (min(price for price, _, _ in found) < 1e18) == (best < np.inf)
        assert best == np.inf or min(price for price, _, _ in found) == pytest.approx(best)


def in_time(form, tour, j, arrival):
    """Whether the rest of a tour keeps its windows and its shift if item j is reached then, without set-up."""
    items, place, now = form.items, None, arrival
    for item in tour.items[j:].tolist():
        to, need = items.place[item], items.service[item]
        if place is not None:
            now += form.time[0][place, to]
            need += items.setup[item] * (place != to)
        windows = slice(items.window_start[item], items.window_start[item + 1])
        starts = [max(now, a) for a, b in zip(items.earliest[windows], items.latest[windows]) if max(now, a) <= b]
        if not starts and windows.stop > windows.start:
            return False
        place, now = to, min(starts, default=now) + need
    end = form.kinds.end[tour.kind]
    if end >= 0:
        now += form.time[0][place, end]
    return now <= form.kinds.latest[tour.kind]


@pytest.mark.parametrize("seed", range(4))
def test_due_is_the_last_arrival_that_works(seed):
    form = plain_fleet(16, seed)
    _, s = started(form)
    checked = 0
    for v in range(len(s.vehicle)):
        tour = tour_of(s, v)
        for j in range(len(tour.items)):
            works = [a for a in range(301) if in_time(form, tour, j, float(a))]
            assert s.step["due"][v, j] == max(works)
            assert works == list(range(max(works) + 1))
            checked += 1
    assert checked >= 8


@pytest.mark.parametrize("seed", range(4))
def test_a_plain_vehicle_is_fullest_at_its_start(seed):
    form = plain_fleet(16, seed)
    f, rng = facts(form), np.random.default_rng(seed)
    assert f.kind["plain"].all()
    assert not facts(rich_fleet(16, seed)).kind["plain"].any()
    told = set()
    for m in range(9):
        seq = rng.permutation(16)[:m].astype(np.int32)
        short, whole = np.zeros((3, m + 1, 1)), np.zeros((3, m + 1, 1))
        fit = delivers(f.amount, f.capacity[0], seq, m, short)
        assert fit == loads(f.item, f.amount, f.capacity[0], seq, m, whole)
        assert short[0, 0, 0] == whole[0, 0, 0] == whole[0].max() == form.items.deliver[seq].sum()
        assert short[0, m, 0] == whole[0, m, 0] == 0
        told.add(bool(fit))
    assert told == {False, True}
