"""The packing family: three formulations, the form's judge and the family's own one against every packing there is."""

from __future__ import annotations

import json
import time
from itertools import product
from pathlib import Path

import numpy as np
import pytest

import qopt
from qopt.core.errors import ModelError, RecordError
from qopt.core.forms.bins import Proposal, evaluate, first_fit
from qopt.core.solution import Candidate, Origin, Solution
from qopt.core.watch import Watch
from qopt.evaluate.check import check
from qopt.milp.solve import solve
from qopt.models.documents import load_document, validate
from qopt.models.families.packing import PLUGIN, PackingInstance
from qopt.models.subject import Subject

SHARED = Path(__file__).resolve().parents[3].parent / "shared" / "instances" / "binpacking"


def instance(seed: int) -> PackingInstance:
    """Four or five copies; two kinds of bins, two dimensions, rules and a begun bin come and go with the seed."""
    rng = np.random.default_rng(seed)
    names = ["a", "b", "c", "d"]
    deep = seed % 3 == 1
    items = [
        {"id": n, "size": [float(v) for v in rng.integers(1, 8, 2)] if deep else float(rng.integers(1, 8))}
        for n in names
    ]
    if seed % 2:
        items[0]["count"] = 2
    bins = [{"id": "s", "capacity": [9.0, 9.0] if deep else 9.0, "cost": 2.0}]
    if seed % 4 > 1:
        bins.append({"id": "l", "capacity": [14.0, 12.0] if deep else 13.0, "cost": 3.0, "count": 2})
        items[1]["only"] = ["l"]
    data = {"name": f"small-{seed}", "bins": bins, "items": items}
    if seed % 5 == 2:
        data["apart"] = [["c", "d"], ["a", "a", "d"]]
    if seed % 7 == 3:
        data["apart"] = [["a", "d"]]
        data["begun"] = [{"id": "open", "bin": "s", "holds": ["c"]}, {"id": "other", "bin": "s", "holds": ["d"]}]
    return PackingInstance.model_validate(data)


def plans(given: PackingInstance):
    """Every way to put every copy into one of as many bins as there are copies, of every kind, as a plan."""
    ids, sizes = given.ids, given.sizes()
    copies = [k for k, item in enumerate(given.items) for _ in range(item.count)]
    seen = set()
    for where in product(range(len(copies)), repeat=len(copies)):
        if any(w > max(where[:i], default=-1) + 1 for i, w in enumerate(where)):
            continue
        blocks = [tuple(sorted(c for c, w in zip(copies, where) if w == b)) for b in range(max(where) + 1)]
        for kinds in product(range(len(given.bins)), repeat=len(blocks)):
            key = tuple(sorted(zip(kinds, blocks)))
            if key in seen:
                continue
            seen.add(key)
            bins = []
            for b, (kind, block) in enumerate(zip(kinds, blocks)):
                label = next((g.id for g in given.begun if any(ids[k] in g.holds for k in block)), f"bin {b}")
                load = [float(sum(sizes[k][d] for k in block)) for d in range(sizes.shape[1])]
                items = [[ids[k], block.count(k)] for k in sorted(set(block))]
                bins.append(
                    {
                        "bin": label,
                        "kind": given.bins[kind].id,
                        "items": items,
                        "load": load if len(load) > 1 else load[0],
                    }
                )
            yield {"bins": bins, "cost": sum(given.bins[k].cost for k in kinds)}


def holds(given: PackingInstance, plan) -> bool:
    """The rules of the document, one after another."""
    kinds = {kind.id: kind for kind in given.bins}
    sizes = dict(zip(given.ids, given.sizes()))
    only = dict(zip(given.ids, [item.only for item in given.items]))
    for line in plan["bins"]:
        load = sum(count * sizes[name] for name, count in line["items"])
        inside = dict(line["items"])
        if np.any(load > np.array(kinds[line["kind"]].capacity)):
            return False
        if any(only[name] is not None and line["kind"] not in only[name] for name in inside):
            return False
        for names in given.apart:
            if sum(min(inside.get(n, 0), names.count(n)) for n in set(names)) > 1:
                return False
        begun = [g for g in given.begun if set(g.holds) & set(inside)]
        if len(begun) > 1 or any(g.bin != line["kind"] or not set(g.holds) <= set(inside) for g in begun):
            return False
    used = [line["kind"] for line in plan["bins"]]
    return all(kind.count is None or used.count(kind.id) <= kind.count for kind in given.bins)


@pytest.mark.parametrize("seed", range(12))
def test_every_packing_is_judged_alike_and_every_formulation_finds_the_best(seed):
    """Form, own judge and plain rules agree on every packing; the best of all is what each formulation proves."""
    given = instance(seed)
    best, feasible = np.inf, 0
    pool = []
    for plan in plans(given):
        right = holds(given, plan)
        proposal = PLUGIN.restore(given, plan)
        verdict = evaluate(given.form, proposal)
        assert verdict.feasible == right, plan
        assert (PLUGIN.domain_check(given, plan) == []) == right, (plan, PLUGIN.domain_check(given, plan))
        if right:
            feasible += 1
            assert verdict.objective == plan["cost"]
            best = min(best, plan["cost"])
            pool.append(proposal)
            told = PLUGIN.interpret(given, Solution(Candidate(Origin.EXACT, "t", proposal=proposal), verdict, None, {}))
            assert PLUGIN.domain_check(given, json.loads(json.dumps(told))) == []
            assert PLUGIN.restore(given, told).key() == proposal.key()
    assert feasible
    for formulation in PLUGIN.offers(given):
        extra = {"pool": pool} if formulation == "pool" else {}
        problem = PLUGIN.build(given, formulation=formulation, **extra)
        outcome = solve(problem, watch=Watch(clock=time.perf_counter))
        assert outcome.status == "optimal" and outcome.objectives[0][0] == best, formulation
        lifted = [PLUGIN.lift(given, proposal, formulation=formulation, **extra) for proposal in pool]
        assert any(values is not None for values in lifted)
        for proposal, values in zip(pool, lifted):
            if values is None:
                assert formulation == "assign"  # more bins than are worth having
                continue
            assert check(problem, values).feasible
            assert check(problem, values).objective == evaluate(given.form, proposal).objective
            assert PLUGIN.lower(given, values, formulation=formulation, **extra).key() == proposal.key()


def test_items_that_must_share_a_bin_are_one_unit():
    """Both in one bin, or the judges object: the form misses the unit, the family names the items."""
    given = PackingInstance.model_validate(
        {
            "bins": [{"id": "b", "capacity": 10.0}],
            "items": [{"id": "x", "size": 3.0, "count": 2}, {"id": "y", "size": 2.0}, {"id": "z", "size": 4.0}],
            "together": [["x", "y"]],
        }
    )
    assert given.form.copies == 2 and sorted(given.form.size[:, 0]) == [4, 8]
    apart = {"bins": [{"bin": "1", "kind": "b", "items": [["x", 2], ["z", 1]], "load": 10}], "cost": 2}
    apart["bins"].append({"bin": "2", "kind": "b", "items": [["y", 1]], "load": 2})
    assert "x, y lie in several bins, they must share one" in PLUGIN.domain_check(given, apart)
    verdict = evaluate(given.form, PLUGIN.restore(given, apart))
    assert not verdict.feasible
    proposal = PLUGIN.restore(given, apart)
    told = PLUGIN.interpret(given, Solution(Candidate(Origin.BASELINE, "t", proposal=proposal), verdict, None, {}))
    assert "y is packed 0 times, there are 1; it must share a bin with x" in PLUGIN.domain_check(given, told)


def test_what_two_chosen_bins_hold_is_packed_once():
    """The pool covers: 0 is in both bins, and stays in the first."""
    given = PackingInstance.model_validate(
        {"bins": [{"id": "b", "capacity": 10.0}], "items": [{"size": 3.0}, {"size": 4.0}, {"size": 5.0}]}
    )
    pool = [Proposal(np.zeros(1, int), (np.array(inside),)) for inside in ([0, 1], [0, 2])]
    problem = PLUGIN.build(given, formulation="pool", pool=pool)
    assert check(problem, np.ones(2)).feasible
    found = PLUGIN.lower(given, np.ones(2), formulation="pool", pool=pool)
    assert evaluate(given.form, found).feasible
    assert found.key() == ((0, (0, 1)), (0, (2,)))


def test_decimal_sizes_are_counted_in_whole_numbers():
    """36.6 + 33.3 + 30.1 is exactly 100, whatever floats say, and fits; 0.1 more does not."""
    sizes = [36.6, 33.3, 30.1]
    given = PackingInstance.model_validate(
        {"bins": [{"id": "b", "capacity": 100.0}], "items": [{"size": size} for size in sizes]}
    )
    assert evaluate(given.form, Proposal(np.array([0]), (np.arange(3),))).feasible
    assert "arcs" in PLUGIN.offers(given)
    assert given.form.capacity[0, 0] == 1000


def test_first_fit_takes_the_largest_first():
    """7, 5, 4, 3 and 1 in bins of 10: 7 + 3 and 5 + 4 + 1."""
    given = PackingInstance.model_validate(
        {"bins": [{"id": "b", "capacity": 10.0}], "items": [{"size": float(s)} for s in (1, 3, 4, 5, 7)]}
    )
    found = first_fit(given.form)
    sizes = [sorted(given.form.size[b, 0].tolist()) for b in found.bins]
    assert sorted(sizes) == [[1, 4, 5], [3, 7]]


def test_the_search_finds_plans_that_both_judges_accept():
    """Conflicts, two dimensions and kinds at once."""
    result = qopt.solve(instance(7), budget=qopt.Budget(work=2000), seed=1)
    assert result.solutions
    for solution in result.solutions:
        assert solution.feasible and Subject(instance=instance(7)).faults(solution.plan) == ()


@pytest.mark.parametrize(
    ("change", "path", "rule"),
    [
        ({"items": []}, "items", "at least one entry"),
        ({"items": [{"id": "a", "size": 11}]}, "items[0].size", "too large for every bin that may hold it"),
        ({"items": [{"id": "a", "size": 1}, {"id": "a", "size": 1}]}, "items[1].id", "an id may occur once"),
        ({"items": [{"id": "a", "size": [1, 2]}]}, "items[0].size", "size needs one number"),
        ({"items": [{"id": "a", "size": -1}]}, "items[0].size", "at least 0"),
        ({"items": [{"id": "a", "size": 1, "count": 0}]}, "items[0].count", "must be at least 1"),
        (
            {"items": [{"id": "a", "size": 1, "only": ["bx"]}]},
            "items[0].only[0]",
            "no such kind of bin; did you mean box?",
        ),
        ({"apart": [["pan", "por"]]}, "apart[0][1]", "no such item; did you mean pot?"),
        ({"apart": [["pan"]]}, "apart[0]", "needs at least 2 entries"),
        ({"together": [["pan", "pot"]]}, "together[0]", "what must share a bin is too large"),
        ({"together": [["pan", "lid"]], "apart": [["lid", "pan"]]}, "apart[0][1]", "must share a bin, and may not"),
        ({"begun": [{"id": "o", "bin": "bag", "holds": ["pan"]}]}, "begun[0].bin", "no such kind of bin"),
        (
            {"begun": [{"id": "o", "bin": "box", "holds": ["pan"]}, {"id": "p", "bin": "box", "holds": ["pan"]}]},
            "begun[1].holds[0]",
            "an item lies in one bin",
        ),
        ({"bins": [{"id": "box", "capacity": {}}]}, "bins[0].capacity", "may not be empty"),
        ({"colour": 1}, "colour", "unknown key"),
    ],
)
def test_mistakes_in_a_document_are_named_where_they_stand(change, path, rule):
    """File, line and column, the rule, and the value."""
    data = {
        "problem": "packing",
        "bins": [{"id": "box", "capacity": 10}],
        "items": [{"id": "pan", "size": 6}, {"id": "pot", "size": 5}, {"id": "lid", "size": 2}],
    } | change
    with pytest.raises(ModelError) as caught:
        validate(load_document(json.dumps(data, indent=1), name="pack.json"), PackingInstance)
    issue = caught.value.issues[0]
    assert issue.place.path == path and issue.place.file == "pack.json"
    assert issue.place.line > 0 and issue.place.column > 0
    assert rule in str(issue)


@pytest.mark.parametrize(
    ("plan", "what"),
    [
        ({}, "no list of 'bins'"),
        ({"bins": [3]}, "no bin with items"),
        ({"bins": [{"kind": "bin", "items": ["pan"]}]}, "no item of"),
        ({"bins": [{"kind": "sack", "items": ["i0"]}]}, "of kind 'sack'"),
        ({"bins": [{"items": [["i0", 0]]}]}, "no item with a number of copies"),
    ],
)
def test_a_plan_that_cannot_be_read_is_refused(plan, what):
    """With the entry that is wrong."""
    with pytest.raises(RecordError, match=what):
        PLUGIN.restore(PLUGIN.generate(3, seed=2), plan)


@pytest.mark.parametrize(
    ("spoil", "sentence"),
    [
        (lambda plan: plan["bins"][0].update(load=1), "does not hold the load that the plan states"),
        (lambda plan: plan.update(cost=1), "the plan states a cost of 1"),
        (lambda plan: plan["bins"].pop(), "is packed"),
        (lambda plan: plan["bins"][0].update(kind="tub"), "of kind tub, which does not exist"),
        (lambda plan: plan["bins"][1].update(bin=plan["bins"][0]["bin"]), "2 bins are called"),
    ],
)
def test_the_judge_names_what_is_wrong(spoil, sentence):
    """One sentence per fault."""
    given = PLUGIN.example()
    result = qopt.solve(given, budget=qopt.Budget(work=500), seed=1)
    plan = json.loads(json.dumps(result.solutions[0].plan))
    assert PLUGIN.domain_check(given, plan) == []
    spoil(plan)
    assert any(sentence in fault for fault in PLUGIN.domain_check(given, plan))


def test_no_arcs_where_they_cannot_say_everything():
    """The refusal says what the formulation needs."""
    with pytest.raises(ModelError, match="whole sizes above 0 in one dimension"):
        PLUGIN.build(PLUGIN.example(), formulation="arcs")


@pytest.mark.skipif(not SHARED.is_dir(), reason="no shared instances beside the project")
@pytest.mark.parametrize(("member", "bins"), [(2, 49), (3, 46), (11, 52)])
def test_a_published_problem_is_proven(member, bins):
    """Three of the problems of Falkenauer (1996), by arcs and a bound."""
    subject = qopt.load(SHARED / "binpack1.txt", member=member)
    result = qopt.solve(subject, budget=20.0, threads=2, seed=1)
    assert (result.status, result.objective) == (qopt.Status.OPTIMAL, bins)


def test_a_packing_that_cannot_be_is_explained_by_its_own_rules():
    """Three large things and two bins: each of the three and the bins are named, no flow of arcs."""
    given = PackingInstance.model_validate(
        {
            "name": "moving",
            "bins": [{"id": "crate", "capacity": 10.0, "count": 2}],
            "items": [{"id": name, "size": 6.0} for name in ("piano", "organ", "harp")]
            + [{"id": "flute", "size": 1.0}],
        }
    )
    assert PLUGIN.choose(given, "exact") == "arcs"
    words = " ".join(f"{rule.name} {rule.message}" for rule in qopt.explain(given))
    assert all(name in words for name in ("piano", "organ", "harp", "crate"))
    assert "packed[flute]" not in words
