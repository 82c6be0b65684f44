"""Steps of a presolve as the verifier retraces them: whatever it takes leaves the feasible points what they were."""

import copy
import json

import numpy as np
import pytest
from random_models import INF, choose_k, knapsack, mixed, names, rows_of
from tangled_models import TANGLED

from qopt.compilers.compile import compile_problem
from qopt.core.errors import CompileError
from qopt.core.polynomial import polynomial_of
from qopt.core.problem import Columns, Kind, Problem
from qopt.core.rows import Groups
from qopt.evaluate._certificate_numbers import NotProvenError
from qopt.evaluate._certificate_state import State
from qopt.evaluate._certificate_steps import retraced
from qopt.testing.brute import all_points

MALFORMED = (NotProvenError, LookupError, TypeError, ValueError, AttributeError)


def kept(state, points):
    """Which points lie in the bounds, are copies where columns are, and keep every line that there still is."""
    out = []
    for point in points.astype(int).tolist():
        inside = all(
            point[c] == state.copies[c][2] + state.copies[c][1] * point[state.copies[c][0]]
            if c in state.copies
            else box.holds(point[c])
            for c, box in enumerate(state.boxes)
        )
        lines = (state.line(ref) for ref in state.live() if ref not in state.dropped)
        out.append(inside and all(line.holds(sum(a * point[c] for c, a in line.terms.items())) for line in lines))
    return np.array(out)


def leaves(node, path=()):
    children = node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else ()
    if not isinstance(node, (dict, list)):
        yield path, node
    for key, child in children:
        yield from leaves(child, (*path, key))


def mutated(step, rng):
    """A step with one number changed."""
    made = copy.deepcopy(step)
    numbers = [(path, value) for path, value in leaves(made) if isinstance(value, int) and type(value) is not bool]
    numbers += [(path, value) for path, value in leaves(made) if isinstance(value, str) and value.lstrip("-").isdigit()]
    path, value = numbers[rng.integers(len(numbers))]
    place = made
    for key in path[:-1]:
        place = place[key]
    new = int(value) + int(rng.choice([-2, -1, 1, 2]))
    place[path[-1]] = new if isinstance(value, int) else str(new)
    return made


@pytest.mark.parametrize("make", (*TANGLED, knapsack, choose_k, mixed), ids=lambda make: make.__name__)
def test_whatever_is_taken_keeps_the_feasible_points(make):
    taken = refused = 0
    for seed in range(10):
        rng = np.random.default_rng([seed, 41])
        problem = make(rng)
        try:
            compiled = compile_problem(problem, certify=True, guarantee="total")
        except CompileError:
            continue
        steps = json.loads(compiled.certificate.text())["steps"]
        points = all_points(problem)
        feasible = kept(State(problem), points)
        state = State(problem)
        retraced(state, steps)
        assert np.array_equal(kept(state, points), feasible)
        for _ in range(25 if steps else 0):
            k = int(rng.integers(len(steps)))
            state = State(problem)
            retraced(state, steps[:k])
            try:
                retraced(state, [mutated(steps[k], rng)])
            except MALFORMED:
                refused += 1
                continue
            taken += 1
            assert np.array_equal(kept(state, points), feasible), steps[k]
    assert refused >= 3 * taken


def state_of(lines, kinds=None, lower=None, upper=None, groups=None):
    n = 1 + max(c for _, terms, _ in lines for c in terms)
    kinds = np.full(n, Kind.BINARY) if kinds is None else np.array(kinds)
    columns = Columns(
        kinds, np.zeros(n) if lower is None else lower, np.ones(n) if upper is None else upper, names("x", n)
    )
    extra = {} if groups is None else {"groups": groups}
    return State(Problem.build(columns, polynomial_of(n, {}), rows=rows_of(lines, n), **extra))


KNAPSACK = (-INF, {0: 2.0, 1: 3.0, 2: 4.0}, 5.0)
RIGHT_AND_WRONG = {
    "a factor": (
        [(-INF, {0: 0.5, 1: 1.5}, 1.75)],
        {"step": "whole", "row": ["row", 0], "by": "2"},
        [{"by": "1"}, {"by": "-2"}, {"by": "4/3"}],
    ),
    "a bound": (
        [KNAPSACK, (1.0, {2: 1.0}, 1.0)],
        {"step": "bounds", "row": ["row", 1], "moves": [[2, 1, None]]},
        [{"moves": [[2, 2, None]]}, {"moves": [[2, 0, None]]}, {"moves": [[1, 1, None]]}, {"moves": []}],
    ),
    "a side by sums": (
        [(-INF, {0: 6.0, 1: 10.0, 2: 15.0}, 14.0)],
        {"step": "sides", "moves": [{"row": ["row", 0], "end": "high", "at": 10, "by": "sums", "bound": None}]},
        [
            {"moves": [{"row": ["row", 0], "end": "high", "at": at, "by": "sums", "bound": None}]}
            for at in (6, 9, 11, 13, 14)
        ],
    ),
    "a side by another row": (
        [(-INF, {0: 1.0, 1: 1.0, 2: 1.0}, 3.0), (-INF, {0: 2.0, 1: 2.0, 2: 2.0}, 5.0)],
        {
            "step": "sides",
            "moves": [{"row": ["row", 0], "end": "high", "at": 2, "by": [[["row", 1], "-1/2"]], "bound": "-5/2"}],
        },
        [
            {"moves": [{"row": ["row", 0], "end": end, "at": at, "by": [[["row", 1], y]], "bound": bound}]}
            for end, at, y, bound in (
                ("high", 1, "-1/2", "-5/2"),
                ("high", 2, "-1/2", "-2"),
                ("high", 2, "1/2", "-5/2"),
                ("low", 2, "-1/2", "-5/2"),
            )
        ],
    ),
    "smaller coefficients": (
        [(-INF, {0: 9.0, 1: 3.0, 2: 4.0}, 10.0)],
        {"step": "tighten", "row": ["row", 0], "terms": [[0, "6"]], "side": "7"},
        [{"terms": [[0, "5"]], "side": "6"}, {"side": "6"}, {"side": "8"}, {"terms": [[1, "2"]], "side": "9"}],
    ),
    "a count": (
        [(-INF, {0: 5.0, 1: 6.0, 2: 6.0}, 12.0)],
        {"step": "count", "row": ["row", 0], "at": 2},
        [{"at": 1}, {"at": 3}, {"at": 0}, {"at": -1}],
    ),
    "a row that follows": (
        [(-INF, {0: 1.0, 1: 1.0}, 1.0), (-INF, {0: 1.0, 1: 1.0, 2: 1.0}, 1.0)],
        {"step": "drop", "row": ["row", 0], "low": None, "high": {"by": [[["row", 1], "-1"]], "bound": "-1"}},
        [
            {"row": ["row", 1], "high": {"by": [[["row", 0], "-1"]], "bound": "-2"}},
            {"high": {"by": [[["row", 0], "-1"]], "bound": "-1"}},
            {"high": {"by": [], "bound": "-2"}},
            {"high": None},
        ],
    ),
    "a set from pairs": (
        [(-INF, {0: 1.0, 1: 1.0}, 1.0), (-INF, {0: 1.0, 2: 1.0}, 1.0), (-INF, {1: 1.0, 2: 1.0}, 1.0)],
        {"step": "clique", "members": [0, 1, 2], "by": [["row", 0], ["row", 1], ["row", 2]]},
        [
            {"by": [["row", 0], ["row", 1], ["row", 1]]},
            {"by": [["row", 0], ["row", 1]]},
            {"members": [0, 1, 1]},
            {"members": [0, 1]},
        ],
    ),
    "equal columns": (
        [(-INF, {0: 1.0, 1: -1.0}, 0.0), (-INF, {1: 1.0, 0: -1.0}, 0.0), (-INF, {2: 1.0, 1: -1.0}, 0.0)],
        {
            "step": "equal",
            "circles": [{"source": 0, "walk": [[["row", 0], 1, 1], [["row", 1], 0, 1]], "columns": [[1, 1]]}],
        },
        [
            {"circles": [{"source": 0, "walk": [[["row", 0], 1, 1]], "columns": [[1, 1]]}]},
            {"circles": [{"source": 0, "walk": [[["row", 0], 1, 1], [["row", 1], 0, 1]], "columns": [[1, 0]]}]},
            {"circles": [{"source": 0, "walk": [[["row", 0], 1, 1], [["row", 1], 0, 1]], "columns": [[2, 1]]}]},
            {"circles": [{"source": 0, "walk": [[["row", 1], 1, 1], [["row", 0], 0, 1]], "columns": [[1, 1]]}]},
        ],
    ),
}


@pytest.mark.parametrize("name", RIGHT_AND_WRONG)
def test_a_step_is_taken_when_it_is_right_and_not_when_it_is_wrong(name):
    lines, right, wrong = RIGHT_AND_WRONG[name]
    retraced(state_of(lines), [right])
    for change in wrong:
        with pytest.raises(NotProvenError):
            retraced(state_of(lines), [{**right, **change}])


def test_two_rows_cannot_follow_from_each_other():
    lines = [(-INF, {0: 1.0, 1: 1.0}, 1.0)] * 2
    drops = [
        {"step": "drop", "row": ["row", k], "low": None, "high": {"by": [[["row", 1 - k], "-1"]], "bound": "-1"}}
        for k in (0, 1)
    ]
    retraced(state_of(lines), drops[:1])
    with pytest.raises(NotProvenError, match="dropped before"):
        retraced(state_of(lines), drops)


def test_bounds_of_open_integers():
    """A row that holds an open integer bounds that one, and no other."""
    lines = [(-INF, {0: 1.0, 1: 2.0}, 7.0)]
    kinds, lower, upper = [Kind.INTEGER] * 2, np.array([0.0, 0.0]), np.array([np.inf, 3.0])
    right = {"step": "bounds", "row": ["row", 0], "moves": [[0, None, 7]]}
    state = state_of(lines, kinds, lower, upper)
    retraced(state, [right])
    assert state.boxes[0].high == 7
    for moves in ([[0, None, 6]], [[0, None, 8]], [[1, None, 2]]):
        with pytest.raises(NotProvenError):
            retraced(state_of(lines, kinds, lower, upper), [{**right, "moves": moves}])


def test_lines_of_groups_count_as_rows():
    groups = Groups(np.array([0]), [0, 3], [0, 1, 2], names("one", 1))
    state = state_of([(-INF, {0: 1.0, 1: 1.0, 2: 1.0}, 2.0)], groups=groups)
    high = {"by": [[["group", 0], "-1"]], "bound": "-1"}
    retraced(state, [{"step": "drop", "row": ["row", 0], "low": None, "high": high}])
    assert ("row", 0) in state.dropped
