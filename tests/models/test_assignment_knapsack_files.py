"""The shipped assignment and knapsack documents, and the benchmark files, have their known optima."""

from __future__ import annotations

import time
from itertools import permutations, product
from pathlib import Path

import pytest

from qopt.core import registry
from qopt.core.solution import Candidate, Check, Origin, Solution
from qopt.core.watch import Watch
from qopt.milp.solve import solve
from qopt.models.detect import detect, read

ROOT = Path(__file__).resolve().parents[2]
EXAMPLES = ROOT / "examples"
SHARED = ROOT.parent / "shared" / "instances"


def proven(instance):
    """Optimum by HiGHS, and the plan, which the family's own judge takes."""
    family = registry.load("families", instance.family)
    problem = family.build(instance)
    outcome = solve(problem, watch=Watch(clock=time.perf_counter))
    assert outcome.status == "optimal"
    x = outcome.values[0]
    plan = family.interpret(instance, Solution(Candidate(Origin.EXACT, "highs", x), Check(True, (0.0,)), x, {}))
    assert family.domain_check(instance, plan) == []
    return float(outcome.objectives[0][0]), plan


def by_trying_all(instance):
    """Optimum by plain enumeration."""
    if instance.family == "knapsack":
        return max(
            sum(c * item.value for c, item in zip(counts, instance.items))
            for counts in product(*(range(item.copies + 1) for item in instance.items))
            if all(
                sum(c * w for c, w in zip(counts, line)) <= room
                for line, room in zip(instance.weights(), instance.capacities())
            )
        )
    n, m = instance.shape
    cost, flow, distance = instance.cost, instance.flow or [[0] * n] * n, instance.distance or [[0] * m] * m
    return min(
        sum(cost[i][p[i]] for i in range(n))
        + sum(flow[i][k] * distance[p[i]][p[k]] for i in range(n) for k in range(n))
        for p in permutations(range(m), n)
        if all(cost[i][p[i]] is not None for i in range(n))
    )


@pytest.mark.parametrize(
    ("file", "optimum"),
    [
        ("assignment_linear.yaml", 79),
        ("assignment_quadratic.yaml", 2870),
        ("knapsack.yaml", 381),
        ("knapsack_multidimensional.yaml", 445),
    ],
)
def test_example_has_its_optimum(file, optimum):
    """HiGHS on the built problem and plain enumeration of the document agree."""
    assert detect(EXAMPLES / file)[0] == "document"
    instance = read(EXAMPLES / file)
    assert by_trying_all(instance) == proven(instance)[0] == optimum


def test_generalised_example_fills_two_machines():
    """The capacities of the two sought-after machines bind, those of the others do not."""
    objective, plan = proven(read(EXAMPLES / "assignment_generalised.yaml"))
    assert objective == 2255
    assert {line["place"]: line["load"] == line["capacity"] for line in plan["loads"]} == {
        "mill-a": False,
        "mill-b": True,
        "lathe": False,
        "robot": True,
    }


@pytest.mark.skipif(not SHARED.is_dir(), reason="the shared benchmark instances are not here")
@pytest.mark.parametrize(
    ("file", "member", "optimum"),
    [
        ("gap/gap1.txt", 1, 336),
        ("gap/gap1.txt", 5, 326),
        ("gap/gap3.txt", 2, 564),
        ("knapsack/mknap1.txt", 1, 3800),
        ("knapsack/mknap1.txt", 2, 8706.1),
        ("knapsack/mknap1.txt", 3, 4015),
    ],
)
def test_published_optima(file, member, optimum):
    """OR-Library's stated optima."""
    assert proven(read(SHARED / file, member=member))[0] == pytest.approx(optimum, rel=1e-12)


@pytest.mark.skipif(not SHARED.is_dir(), reason="the shared benchmark instances are not here")
def test_gapa_is_minimised_on_request():
    """gapa 5 x 100 has its optimum when minimised, and another value when nothing is said."""
    assert proven(read(SHARED / "gap/gapa.txt", member=1, sense="min"))[0] == 1698
    assert proven(read(SHARED / "gap/gapa.txt", member=1))[0] > 1698
