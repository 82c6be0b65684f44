"""The routing family: three formulations and two judges held against one another on small instances."""

from itertools import permutations, product

import numpy as np
import pytest
from pydantic import ValidationError

from qopt.core.errors import ModelError
from qopt.core.forms.routes import Proposal, evaluate
from qopt.core.rows import GroupKind
from qopt.core.solution import Candidate, Origin, Solution
from qopt.models.families.routing import PLUGIN, RoutingInstance, Travel
from qopt.testing.brute import all_points, holds
from qopt.testing.forms import shortest_routes


def instance(n, seed, *, count=2, capacity=None, directed=False, **more):
    """``n`` visits with whole distances that need not keep the triangle inequality."""
    rng = np.random.default_rng(seed)
    distance = rng.integers(1, 30, (n + 1, n + 1))
    if not directed:
        distance = np.minimum(distance, distance.T)
    ids = ["hub", *"abcdefgh"[:n]]
    return RoutingInstance.model_validate(
        {
            "name": "small",
            "locations": ids,
            "travel": {"matrix": distance.tolist()},
            "fleet": [{"id": "van", "count": count, "capacity": capacity}],
            "visits": [{"id": k, "deliver": int(d)} for k, d in zip(ids[1:], rng.integers(1, 6, n))],
            **more,
        }
    )


CASES = [
    instance(4, 1, count=1),
    instance(4, 2, count=1, directed=True),
    instance(1, 3, count=1),
    instance(3, 4, count=2, capacity=9),
    instance(3, 5, count=3, capacity=6, directed=True),
    instance(3, 6, count="unlimited", capacity=7),
    instance(3, 7, count=2),
    instance(4, 8, count=1, capacity=6),
    instance(2, 10, count=2, capacity=9, directed=True),
]


def proposals(n, most):
    """Every way to put visits 1..n on at most ``most`` routes, each in every order."""
    for order in permutations(range(1, n + 1)):
        for cuts in product([False, True], repeat=n - 1):
            routes, line = [], [order[0]]
            for visit, cut in zip(order[1:], cuts):
                if cut:
                    routes.append(line)
                    line = []
                line.append(visit)
            if len(routes) + 1 <= most:
                yield Proposal((*(np.array(r) for r in routes), np.array(line)))


def judged(case, proposal=None, values=None, problem=None):
    candidate = Candidate(Origin.EXACT, "test", values, proposal)
    labels = None if problem is None else problem.columns.names
    return Solution(candidate, evaluate(case.form, proposal or Proposal(())), values, {}, labels=labels)


@pytest.mark.parametrize("case", CASES, ids=range(len(CASES)))
@pytest.mark.parametrize("formulation", ["position", "arcs", "pool"])
def test_judges_agree_on_every_proposal(case, formulation):
    """Lifted values cost what the form says, are feasible when it says so, and come back as the same proposal."""
    every = list(proposals(case.form.n - 1, case.form.n - 1))
    problem = PLUGIN.build(case, formulation=formulation, pool=every)
    lifted = 0
    for proposal in every:
        check = evaluate(case.form, proposal)
        values = PLUGIN.lift(case, proposal, formulation=formulation, pool=every)
        if values is None:
            assert not check.feasible
            continue
        lifted += 1
        assert holds(problem, values[None])[0] == check.feasible
        if formulation != "pool":  # a pool keeps the best order of the same visits
            assert problem.objectives(values)[0, 0] == pytest.approx(check.objective)
            assert PLUGIN.lower(case, values, formulation=formulation).key() == proposal.key()
            for routes in PLUGIN.interpret(case, judged(case, None, values, problem))["routes"]:
                assert routes["stops"]
    assert lifted or shortest_routes(case.form) is None


@pytest.mark.parametrize("case", [c for c in CASES if PLUGIN.size(c, "position")[0] <= 16])
def test_position_has_the_optimum_and_nothing_below(case):
    """Every point that keeps the groups and rows: it lowers to a feasible proposal that costs no more."""
    problem = PLUGIN.build(case, formulation="position")
    points = all_points(problem)
    points = points[holds(problem, points)]
    best = shortest_routes(case.form)
    assert (len(points) > 0) == (best is not None)
    for point in points:
        check = evaluate(case.form, PLUGIN.lower(case, point, formulation="position"))
        assert check.feasible
        assert check.objective <= problem.objectives(point)[0, 0] + 1e-9
    if best is not None:
        assert problem.objectives(points).min() == best


def test_closing_a_gap_never_costs_more():
    """Routes with idle positions in between, over distances where a stop at the depot would be a short cut."""
    case = instance(4, 9, count=2, capacity=40, directed=True)
    matrix = np.array(case.travel.matrix) + 20
    matrix[0], matrix[:, 0] = range(5), range(2, 7)
    case = case.model_copy(update={"travel": Travel(matrix=matrix.tolist())})
    assert case.form.distance[1, 0] + case.form.distance[0, 2] < case.form.distance[1, 2]
    problem = PLUGIN.build(case, formulation="position")
    grid = np.arange(problem.n).reshape(2, 4, 5)
    gaps = 0
    for line in set(permutations([1, 2, 3, 4, 0, 0, 0, 0])):
        values = np.zeros(problem.n)
        values[grid[np.repeat([0, 1], 4), np.tile(range(4), 2), line]] = 1.0
        assert holds(problem, values[None])[0]
        check = evaluate(case.form, PLUGIN.lower(case, values, formulation="position"))
        cost = problem.objectives(values)[0, 0]
        assert check.feasible
        assert check.objective <= cost + 1e-9
        gaps += check.objective < cost
    assert gaps > 100


def test_arcs_hold_the_optimum_of_their_relaxation_and_no_round_without_the_depot():
    """HiGHS finds the enumerated optimum; a round among the visits alone is refused."""
    from scipy.optimize import LinearConstraint, milp

    for case in CASES:
        problem = PLUGIN.build(case, formulation="arcs")
        rows, groups = problem.rows, problem.groups.as_rows()
        matrix = np.zeros((len(rows) + len(groups), problem.n))
        for k, (block, r) in enumerate(
            [(rows, r) for r in range(len(rows))] + [(groups, g) for g in range(len(groups))]
        ):
            columns, coefficients = block.row(r)
            matrix[k, columns] = coefficients
        answer = milp(
            problem.objective.linear,
            integrality=(problem.columns.discrete).astype(int),
            bounds=(problem.columns.lower, problem.columns.upper),
            constraints=LinearConstraint(
                matrix, np.concatenate([rows.lower, groups.lower]), np.concatenate([rows.upper, groups.upper])
            ),
        )
        best = shortest_routes(case.form)
        assert (answer.x is not None) == (best is not None)
        if best is not None:
            assert answer.fun == pytest.approx(best)
            assert evaluate(case.form, PLUGIN.lower(case, answer.x, formulation="arcs")).objective == best
    form = CASES[0].form
    there, back = PLUGIN.lift(CASES[0], Proposal(([1, 2, 3, 4],)), formulation="arcs"), np.zeros(0)
    pairs = [(i, j) for i in range(5) for j in range(5) if i != j]
    back = there.copy()
    back[: len(pairs)] = [pair in [(0, 1), (1, 0), (2, 3), (3, 4), (4, 2)] for pair in pairs]
    assert PLUGIN.lower(CASES[0], back, formulation="arcs") is None
    assert not holds(PLUGIN.build(CASES[0], formulation="arcs"), back[None])[0]
    assert form.n == 5


def test_pool_recombines_routes_of_different_proposals():
    """Each proposal has one good route; together they make the best answer."""
    case = PLUGIN.example()
    mixed = [Proposal(([1, 2, 3], [4, 6, 5])), Proposal(([2, 1, 3], [4, 5, 6]))]
    problem = PLUGIN.build(case, formulation="pool", pool=mixed)
    assert problem.n == 2  # the shortest order of each of the two sets of visits
    assert problem.columns.names[0] == "route[1-2-3]"
    made = PLUGIN.lower(case, np.ones(2), formulation="pool", pool=mixed)
    assert made.key() == ((1, 2, 3), (4, 5, 6))
    assert evaluate(case.form, made).objective < min(evaluate(case.form, p).objective for p in mixed)
    assert problem.objectives(np.ones(2))[0, 0] == pytest.approx(evaluate(case.form, made).objective)
    plan = PLUGIN.interpret(case, judged(case, None, np.ones(2), problem))
    assert [route["stops"] for route in plan["routes"]] == [["abbey", "mill", "quay"], ["school", "tower", "market"]]
    assert PLUGIN.lift(case, Proposal(([1, 2], [3, 4])), formulation="pool", pool=mixed) is None
    heavy = Proposal(([1, 2, 3, 4],))
    assert PLUGIN.build(case, formulation="pool", pool=[*mixed, heavy]).n == 2  # no vehicle drives that
    with pytest.raises(ModelError, match="pool"):
        PLUGIN.build(case, formulation="pool")


def test_tour_is_one_permutation():
    problem = PLUGIN.build(CASES[0], formulation="position")
    assert problem.groups.kind.tolist() == [GroupKind.PERMUTATION]
    assert problem.n == 16
    assert problem.columns.names[1] == "x[0,b]"
    assert len(problem.rows) == 0
    assert problem.integral


@pytest.mark.parametrize("formulation", ["position", "arcs"])
def test_size_is_told_before_anything_is_built(formulation):
    for case in CASES:
        columns, nonzeros = PLUGIN.size(case, formulation)
        problem = PLUGIN.build(case, formulation=formulation)
        built = len(problem.objective.value) + len(problem.rows.value) + len(problem.groups.index)
        assert columns == problem.n
        assert built <= nonzeros <= 4 * built + 20


def test_domain_check_agrees_with_the_form():
    """On every plan of every proposal, feasible or not; and it notices wrong numbers."""
    for case in CASES:
        for proposal in proposals(case.form.n - 1, case.form.n - 1):
            plan = PLUGIN.interpret(case, judged(case, proposal))
            assert (PLUGIN.domain_check(case, plan) == []) == evaluate(case.form, proposal).feasible
            assert sum(route["cost"] for route in plan["routes"]) == evaluate(case.form, proposal).objective
    case = PLUGIN.example()
    plan = PLUGIN.interpret(case, judged(case, Proposal(([1, 2, 3], [4, 5, 5]))))
    assert plan["unserved"] == [{"visit": "market", "reason": "no route makes this visit"}]
    assert PLUGIN.domain_check(case, plan) == ["visit tower is made 2 times", "visit market is made 0 times"]
    plan["routes"][0]["cost"] += 1
    plan["routes"][0]["stops"].append("moon")
    faults = PLUGIN.domain_check(case, plan)
    assert any("states a cost" in fault for fault in faults)
    assert any("no visit moon" in fault for fault in faults)


@pytest.mark.parametrize("rule", [{"geo": {}}, {"att": {}}, {"euclidean": {"rounding": "nearest"}}, {"euclidean": {}}])
def test_domain_check_measures_by_itself(rule):
    rng = np.random.default_rng(3)
    names = ("lat", "lon") if "geo" in rule else ("x", "y")
    spots = np.round(rng.uniform(0, 60, (6, 2)), 2).tolist()
    places = [{"id": k, names[0]: a, names[1]: b} for k, (a, b) in enumerate(spots)]
    case = RoutingInstance.model_validate({"locations": places, "travel": rule})
    plan = PLUGIN.interpret(case, judged(case, Proposal(([3, 1, 2, 5, 4],))))
    assert plan["routes"][0]["stops"] == [3, 1, 2, 5, 4]
    assert PLUGIN.domain_check(case, plan) == []


def test_same_plan_in_either_direction_only_where_it_costs_the_same():
    symmetric, directed = instance(3, 1), instance(3, 2, directed=True)
    for case, same in ((symmetric, True), (directed, False)):
        there, back = (PLUGIN.interpret(case, judged(case, Proposal((r,)))) for r in ([1, 2, 3], [3, 2, 1]))
        assert (PLUGIN.key(there) == PLUGIN.key(back)) == same
    one, other = (PLUGIN.interpret(symmetric, judged(symmetric, Proposal(r))) for r in (([1], [2, 3]), ([2, 3], [1])))
    assert PLUGIN.key(one) == PLUGIN.key(other)


def test_vehicles_are_named_after_their_kind():
    plan = PLUGIN.interpret(CASES[0], judged(CASES[0], Proposal(([1, 2, 3, 4],))))
    assert plan["routes"][0]["vehicle"] == "van"
    plan = PLUGIN.interpret(CASES[3], judged(CASES[3], Proposal(([1], [2, 3]))))
    assert [route["vehicle"] for route in plan["routes"]] == ["van-1", "van-2"]


def test_example_has_its_story():
    """Each van takes one side of the river: 5 + 3.6056 + 3.6056 + 5 twice, 34.42."""
    best = shortest_routes(PLUGIN.example().form)
    assert best == pytest.approx(4 * 5 + 4 * np.sqrt(13))


def test_generated_instances_repeat_and_are_feasible():
    made = PLUGIN.generate(12, seed=4)
    assert made == PLUGIN.generate(12, seed=4)
    assert made != PLUGIN.generate(12, seed=5)
    assert len(made.stops) == 12
    assert made.form.vehicles * made.form.capacity >= made.form.demand.sum()


def test_visits_may_share_a_location_and_the_depot_may_be_any():
    case = RoutingInstance.model_validate(
        {
            "locations": ["a", "b", "c"],
            "travel": {"matrix": [[0, 1, 2], [3, 0, 4], [5, 6, 0]]},
            "fleet": [{"start": "b", "end": "b", "capacity": {"kg": 5}}],
            "loads": ["kg"],
            "visits": [{"id": 1, "at": "a", "deliver": {"kg": 2}}, {"id": 2, "at": "a"}, {"id": "c"}],
        }
    )
    assert case.form.distance.tolist() == [[0, 3, 3, 4], [1, 0, 0, 2], [1, 0, 0, 2], [6, 5, 5, 0]]
    assert case.form.demand.tolist() == [0, 2, 0, 0]
    assert PLUGIN.points(case) == (["b", 1, 2, "c"], None)


GOOD = {
    "locations": [{"id": "a", "x": 0, "y": 0}, {"id": "b", "x": 1, "y": 0}],
    "travel": {"euclidean": {}},
    "fleet": [{"count": 1, "capacity": 5}],
    "visits": [{"id": "b", "deliver": 2}],
}


@pytest.mark.parametrize(
    ("change", "where", "words"),
    [
        ({"locations": ["a", "a"], "travel": {"matrix": [[0, 1], [1, 0]]}}, ("locations", 1, "id"), "differ"),
        ({"locations": ["a", "b"]}, ("locations", 0), "needs x and y"),
        ({"travel": {"geo": {}}}, ("locations", 0), "needs lat and lon"),
        ({"travel": {}}, ("travel",), "exactly one"),
        ({"travel": {"att": {}, "euclidean": {}}}, ("travel",), "exactly one"),
        ({"travel": {"matrix": [[0, 1]]}}, ("travel", "matrix"), "a row for each of 2"),
        ({"travel": {"matrix": [[0, 1], [1]]}}, ("travel", "matrix", 1), "a row needs 2"),
        ({"travel": {"matrix": [[0, -1], [1, 0]]}}, ("travel", "matrix", 0, 1), "greater than or equal to 0"),
        ({"travel": {"euclidean": {"rounding": "sideways"}}}, ("travel", "euclidean", "rounding"), "nearest"),
        ({"visits": [{"id": "c"}]}, ("visits", 0, "id"), "location of the same id"),
        ({"visits": [{"id": 1, "at": "c"}]}, ("visits", 0, "at"), "no such location"),
        ({"visits": [{"id": "b"}, {"id": "b"}]}, ("visits", 1, "id"), "differ"),
        ({"visits": [{"id": "b", "deliver": 7}]}, ("visits", 0, "deliver"), "the capacity is 5"),
        ({"visits": [{"id": "b", "deliver": {"kg": 1}}]}, ("visits", 0, "deliver", "kg"), "loads does not name"),
        ({"visits": []}, ("visits",), "at least 1"),
        ({"fleet": [{"start": "z"}]}, ("fleet", 0, "start"), "no such location"),
        ({"fleet": [{"end": "z"}]}, ("fleet", 0, "end"), "no such location"),
        ({"fleet": [{"count": 0}]}, ("fleet", 0, "count"), "greater than or equal to 1"),
        ({"fleet": [{}, {}]}, ("fleet", 1, "id"), "ids must differ"),
        ({"visits": [{"id": "b", "windows": [["09:00", "08:00"]]}]}, ("visits", 0, "windows", 0), "before it begins"),
        ({"visits": [{"id": "b", "windows": [["noon", 8]]}]}, ("visits", 0, "windows", 0, 0), "a time is"),
        ({"visits": [{"id": "b", "service": "5 weeks"}]}, ("visits", 0, "service"), "a duration is"),
        ({"rules": [{"soft": 3}]}, ("rules", 0), "exactly one of keep_together"),
        ({"rules": [{"before": ["b", "z"]}]}, ("rules", 0, "before", 1), "no such visit"),
        ({"objective": [{"minimise": "happiness"}]}, ("objective", 0, "minimise"), "unserved"),
        ({"plan": {"from": "now.json"}}, ("plan",), "no folder to look for plans in"),
        ({"depot": "a"}, ("depot",), "not permitted"),
    ],
)
def test_broken_documents_are_refused_at_their_key(change, where, words):
    RoutingInstance.model_validate(GOOD)
    with pytest.raises(ValidationError) as caught:
        RoutingInstance.model_validate({**GOOD, **change})
    found = [
        (tuple(x for x in error["loc"] if x not in ("rows", "named")), error["msg"]) for error in caught.value.errors()
    ]
    assert any(loc[: len(where)] == where and words in message for loc, message in found), found


def test_unknown_formulation():
    with pytest.raises(ModelError, match="position, arcs, pool"):
        PLUGIN.build(CASES[0], formulation="edges")


def test_values_that_describe_no_routes():
    problem = PLUGIN.build(CASES[3], formulation="position")
    values = np.zeros(problem.n)
    assert PLUGIN.lower(CASES[3], values) is None
    with pytest.raises(ModelError, match="describe no routes"):
        PLUGIN.interpret(CASES[3], judged(CASES[3], None, values, problem))
