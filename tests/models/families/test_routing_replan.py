"""Re-planning routes: pins, what is done, and changes that cost; both judges, enumeration, and the whole run."""

import json
from itertools import permutations

import numpy as np
import pytest
from pydantic import ValidationError

import qopt
from qopt.core.forms.fleet import Proposal, Tour, evaluate
from qopt.core.solution import Candidate, Check, Origin, Solution
from qopt.models.documents import load_document, validate
from qopt.models.families.routing import PLUGIN, RoutingInstance

SPOTS = {"hub": (0, 0), "a": (4, 0), "b": (8, 0), "c": (0, 5), "d": (0, 9)}
NOW = [{"vehicle": "van-1", "stops": ["a", "b"]}, {"vehicle": "van-2", "stops": ["c", "d"]}]


def document(plan=None, **more):
    out = {
        "problem": "routing",
        "name": "today",
        "units": {"time": "min"},
        "locations": [{"id": name, "x": x, "y": y} for name, (x, y) in SPOTS.items()],
        "travel": {"euclidean": {}},
        "fleet": [{"id": "van", "count": 2, "cost": {"fixed": 3, "per_distance": 1}}],
        "visits": [{"id": name} for name in "abcd"],
        **more,
    }
    return out if plan is None else out | {"plan": plan}


def instance(plan=None, **more):
    return RoutingInstance.model_validate(document(plan, **more))


def plan_of(case, proposal):
    candidate = Candidate(Origin.BASELINE, "test", proposal=proposal)
    return PLUGIN.interpret(case, Solution(candidate, Check(True, (0.0,)), None, {}))


def every(case):
    """Every way in which the two vehicles make some of the visits, breaks anywhere, nothing reloaded."""
    form = case.rich
    rests = [np.flatnonzero((form.items.role == 1) & (form.items.owner == k)).tolist() for k in range(2)]
    visits = range(form.items.visits)
    for who in np.ndindex(*[3] * len(visits)):
        mine = [[v for v in visits if who[v] == k + 1] for k in range(2)]
        lines = [list(permutations(part + rests[k])) if part else [()] for k, part in enumerate(mine)]
        for one in lines[0]:
            for two in lines[1]:
                chosen = (Tour(k, np.array(line, np.int64)) for k, line in enumerate((one, two)) if line)
                yield Proposal(tuple(chosen))


def timed(case, *stops):
    """The plan of a case's two vehicles with these stops, as ``qopt solve --json`` writes it."""
    routes = [{"vehicle": f"van-{k}", "stops": line} for k, line in enumerate(stops, start=1) if line]
    return plan_of(case, PLUGIN.restore(case, {"routes": routes}))


CLOCK = {
    "horizon": {"start": "2026-03-10T06:00", "end": "2026-03-10T08:00"},
    "objective": [{"minimise": "unserved"}, {"minimise": "cost"}],
}
REST = {"fleet": [{"id": "van", "count": 2, "breaks": [{"duration": 5}], "cost": {"fixed": 3, "per_hour": 60}}]}
SHIP = {
    "visits": [{"id": "a", "service": 4}, {"id": "b", "optional": {"penalty": 20}}],
    "shipments": [{"id": "s", "load": 1, "pickup": {"at": "c"}, "delivery": {"at": "d", "service": 2}}],
}
WINDOWS = {
    "visits": [
        {"id": "a", "windows": [["06:10", "06:30"]], "service": 3},
        {"id": "b", "windows": [["06:00", "06:10"], ["06:40", "06:50"]]},
        {"id": "c", "service": 10, "late": 30, "windows": [["06:00", "06:12"]]},
        {"id": "d", "optional": {"penalty": 9}},
    ]
}


def cases():
    yield instance({"routes": NOW, "change_cost": 2})
    yield instance({"routes": NOW, "change_cost": 50})
    yield instance({"routes": NOW, "pinned": {"visits": ["d"]}})
    yield instance({"routes": NOW, "pinned": {"first": {"van-1": 1, "van-2": "c"}}, "change_cost": 1})
    yield instance({"routes": NOW[:1], "pinned": {"visits": ["a"], "first": {"van-1": "a"}}, "change_cost": 1})
    base = instance(**CLOCK, **WINDOWS)
    now = timed(base, ["a", "b"], ["c", "d"])["routes"]
    for before in ("06:05", "06:12", "06:20"):
        yield instance({"routes": cut(now), "pinned": {"before": before}, "change_cost": 4}, **CLOCK, **WINDOWS)
    base = instance(**CLOCK, **REST)
    now = timed(base, ["a"], ["c", "b"])["routes"]
    pinned = {"before": "06:11", "visits": ["b"]}
    yield instance({"routes": cut(now), "pinned": pinned, "change_cost": 4}, **CLOCK, **REST)
    base = instance(**CLOCK, **SHIP)
    for pinned in ({"before": "06:06"}, {"visits": ["s"]}):
        now = timed(base, ["s.pickup", "a", "s.delivery"], ["b"])["routes"]
        yield instance({"routes": cut(now), "pinned": pinned, "change_cost": 3}, **CLOCK, **SHIP)


def cut(routes):
    """Routes of a plan with what a document may say of them."""
    keep = ("vehicle", "kind", "depart", "stops")
    return [
        {key: route[key] for key in keep}
        | {"schedule": [{key: step[key] for key in ("what", "id", "start")} for step in route["schedule"]]}
        for route in routes
    ]


CASES = list(cases())


@pytest.mark.parametrize("case", CASES, ids=range(len(CASES)))
def test_both_judges_agree_on_every_plan_and_the_search_finds_the_best(case):
    best, held, broken = None, 0, 0
    for proposal in every(case):
        check = evaluate(case.rich, proposal)
        assert check.feasible == (not PLUGIN.domain_check(case, plan_of(case, proposal))), (
            check.violations,
            plan_of(case, proposal),
        )
        held, broken = held + check.feasible, broken + (not check.feasible)
        if check.feasible and (best is None or check.levels < best):
            best = check.levels
    assert held
    assert broken
    found = qopt.solve(case, budget=qopt.Budget(work=3000), seed=3, threads=1)
    assert found.solutions[0].levels == pytest.approx(best)


HOLDS = [case for case in CASES if evaluate(case.rich, case.rich.planned).feasible]


@pytest.mark.parametrize("case", HOLDS, ids=range(len(HOLDS)))
def test_never_worse_than_the_plan_of_now(case):
    """Even where the search proposes nothing but its first answers."""
    now = evaluate(case.rich, case.rich.planned)
    found = qopt.solve(case, budget=qopt.Budget(work=1), seed=0, threads=1)
    assert found.solutions[0].feasible
    assert found.solutions[0].levels <= now.levels


def test_changes_are_worth_their_price_and_listed():
    free = {"routes": [{"vehicle": "van-1", "stops": ["a", "c"]}, {"vehicle": "van-2", "stops": ["b", "d"]}]}

    def answer(price):
        found = qopt.solve(instance(free | {"change_cost": price}), budget=qopt.Budget(work=2000), seed=1, threads=1)
        return found.solutions[0]

    cheap, dear = answer(0.1), answer(100)
    assert cheap.plan["kpis"]["changes"] == pytest.approx(0.1 * len(cheap.plan["changes"]))
    assert {line["visit"] for line in cheap.plan["changes"]} in ({"a", "d"}, {"b", "c"}, {"a", "c"}, {"b", "d"})
    assert all(line["from"] != line["to"] for line in cheap.plan["changes"])
    assert dear.plan["changes"] == []
    assert dear.plan["kpis"]["changes"] == 0


def test_nothing_is_changed_for_nothing():
    """The best plan of two alike vans, given the other way round: changing back is free, and still it stays."""
    best = {"routes": [{"vehicle": "van-1", "stops": ["d", "c"]}, {"vehicle": "van-2", "stops": ["b", "a"]}]}
    fleet = [{"id": "van", "count": 2, "max": {"stops": 2}}]
    found = qopt.solve(instance(best, fleet=fleet), budget=qopt.Budget(work=1000), seed=1, threads=1).solutions
    assert found[0].plan["changes"] == []
    assert found[0].backend == "plan of now"
    assert [route["stops"] for route in found[0].plan["routes"]] == [["d", "c"], ["b", "a"]]


def test_new_visits_and_those_that_are_off():
    plan = {"routes": [{"vehicle": "van-1", "stops": ["a", "gone", "b"]}, {"vehicle": "lorry", "stops": ["c"]}]}
    case = instance(plan | {"change_cost": 5, "pinned": {"first": {"van-1": 2}}})
    found = qopt.solve(case, budget=qopt.Budget(work=2000), seed=1, threads=1).solutions[0]
    lines = {line["visit"]: line for line in found.plan["changes"]}
    assert lines.keys() == {"c", "d", "gone"}
    assert lines["gone"] == {"visit": "gone", "from": "van-1", "to": None, "off": True}
    assert lines["c"]["from"] == "lorry"
    assert lines["c"]["cost"] == 0
    assert lines["d"]["from"] is None
    assert next(r for r in found.plan["routes"] if r["vehicle"] == "van-1")["stops"][0] == "a"


def test_nothing_new_begins_in_the_past_and_what_was_done_stays_as_it_was():
    base = instance(**CLOCK)
    now = cut(timed(base, ["b", "a"], ["d"])["routes"])
    now[0]["schedule"][0]["start"] = "2026-03-10T06:17"  # it was late, and has a long way to go
    now[0]["schedule"][1]["start"] = "2026-03-10T06:31"
    now[1]["depart"] = now[1]["schedule"][0]["start"] = "2026-03-10T07:00"
    case = instance({"routes": now, "pinned": {"before": "06:30"}, "change_cost": 1}, **CLOCK)
    plan = qopt.solve(case, budget=qopt.Budget(work=2000), seed=1, threads=1).solutions[0].plan
    first = next(route for route in plan["routes"] if route["vehicle"] == "van-1")
    assert first["depart"] == now[0]["depart"]
    assert [first["schedule"][0][key] for key in ("id", "start")] == ["b", "2026-03-10T06:17:00"]
    rest = [step["start"] for route in plan["routes"] for step in route["schedule"] if step["id"] != "b"]
    assert len(rest) == 3
    assert min(rest) >= "2026-03-10T06:30"


def test_a_window_that_has_passed_makes_late_or_impossible():
    base = instance(**CLOCK, **WINDOWS)
    now = cut(timed(base, ["a", "b"], ["d", "c"])["routes"])
    now[1]["schedule"][1]["start"] = "2026-03-10T06:31"
    visits = [{"id": "a"}, {"id": "b", "windows": [["06:00", "06:12"]]}, {"id": "c"}, {"id": "d"}]
    visits[2] |= {"late": 60, "windows": [["06:00", "06:12"]]}
    pinned = {"routes": now[1:], "pinned": {"before": "06:30"}}
    plan = qopt.solve(instance(pinned, **CLOCK, visits=visits), budget=qopt.Budget(work=2000), threads=1).solutions[0]
    steps = {step["id"]: step for route in plan.plan["routes"] for step in route["schedule"]}
    assert steps["c"]["late"] >= 18
    assert [line["visit"] for line in plan.plan["unserved"]] == ["b"]
    assert plan.plan["unserved"][0]["code"] == "NO_VEHICLE.TIME_WINDOW"


def test_a_plan_from_a_file_of_a_run(tmp_path):
    run = qopt.solve(instance(**CLOCK), budget=qopt.Budget(work=500), seed=1, threads=1)
    file = tmp_path / "run.json"
    file.write_text(json.dumps({"solutions": [{"plan": run.solutions[0].plan}]}))
    (tmp_path / "day.json").write_text(
        json.dumps(document({"from": "run.json", "pinned": {"before": "06:10"}}, **CLOCK))
    )
    case = validate(load_document(tmp_path / "day.json"), RoutingInstance)
    assert case.rich.planned.key()
    check = evaluate(case.rich, case.rich.planned)
    assert check.feasible
    assert check.levels == pytest.approx(run.solutions[0].levels)


@pytest.mark.parametrize(
    ("plan", "where", "words"),
    [
        ({"routes": [NOW[0], NOW[0]]}, ("routes", 0, "vehicle"), "one route"),
        ({"routes": [{"vehicle": "van-1", "stops": ["a", "a"]}]}, ("routes", 0, "stops", 1), "twice"),
        ({"routes": NOW, "pinned": {"before": "06:30"}}, ("pinned", "before"), "needs a schedule"),
        ({"routes": NOW, "pinned": {"first": {"bike": 1}}}, ("pinned", "first", "bike"), "no such vehicle"),
        ({"routes": NOW, "pinned": {"first": {"van-1": 3}}}, ("pinned", "first", "van-1"), "2 stops"),
        ({"routes": NOW, "pinned": {"first": {"van-1": "c"}}}, ("pinned", "first", "van-1"), "it makes: a, b"),
        ({"routes": NOW, "pinned": {"visits": ["z"]}}, ("pinned", "visits", 0), "no such visit"),
        ({"routes": NOW[:1], "pinned": {"visits": ["c"]}}, ("pinned", "visits", 0), "only what the plan of now makes"),
        ({"routes": [NOW[0] | {"depart": "2026-03-10T06:30"}]}, ("routes", 0, "depart"), "a timestamp needs"),
        ({"from": "x.json", "routes": NOW}, (), "in a file or in the document"),
    ],
)
def test_broken_plans_are_refused_at_their_key(plan, where, words):
    with pytest.raises(ValidationError) as caught:
        instance(plan)
    found = [(error["loc"], error["msg"]) for error in caught.value.errors()]
    assert any(loc[: 1 + len(where)] == ("plan", *where) and words in message for loc, message in found), found


def test_a_price_of_change_that_no_level_counts_is_refused():
    with pytest.raises(ValidationError, match="does not name cost"):
        instance({"routes": NOW, "change_cost": 3}, objective=[{"minimise": "distance"}])
