"""Roster documents: what they mean, what they refuse, and a judge that finds every kind of fault."""

import copy
import json
from pathlib import Path

import numpy as np
import pytest
from pydantic import ValidationError

from qopt.core.errors import ModelError, RecordError
from qopt.core.forms.roster import UNBOUND, Proposal, evaluate
from qopt.core.solution import Candidate, Origin, Solution
from qopt.models.detect import read
from qopt.models.families.roster import PLUGIN, RosterInstance
from qopt.testing.families import check_family

WARD = {
    "name": "ward",
    "horizon": {"start": "2026-03-05", "days": 9},
    "shifts": [
        {"id": "E", "start": "07:00", "end": "15:00"},
        {"id": "L", "start": "14:30", "end": "22:30"},
        {"id": "N", "start": "22:00", "end": "07:30", "minutes": 500},
    ],
    "contracts": {
        "full": {
            "minutes": [{"per": "week", "max": 2400, "min": 960}, {"per": 2, "max": 1000, "soft": 0.1}],
            "run_of_work": {"min": 2, "max": 4},
            "run_of_rest": {"min": 2},
            "weekends": {"max": 1},
            "shifts": {"N": 2},
            "rest_between": "11h",
            "not_after": {"L": ["N"]},
        }
    },
    "staff": [
        {"id": "amy", "contract": "full", "skills": ["rn"], "unavailable": "2026-03-06"},
        {"id": "ben", "contract": "full", "skills": ["rn", "lead"]},
        "cho",
    ],
}


def ward(**more):
    return RosterInstance.model_validate(WARD | more)


def plan_of(instance, rows):
    form = instance.form
    proposal = Proposal(np.array(rows))
    candidate = Candidate(Origin.PROPOSED, "test", proposal=proposal)
    return dict(PLUGIN.interpret(instance, Solution(candidate, evaluate(form, proposal), None, {})))


def test_the_family_keeps_its_contract():
    check_family("roster")


def test_contracts_become_limits():
    form = ward().form
    after = form.runs.forbidden
    # A late shift ends 8.5 hours before an early one; after a night only another night leaves eleven hours.
    assert after[0].nonzero()[0].tolist() == [2, 2, 3, 3] and after[0].nonzero()[1].tolist() == [1, 3, 1, 2]
    assert not after[2].any()
    assert form.runs.most_work.tolist() == [4, 4, UNBOUND] and form.runs.least_rest.tolist() == [2, 2, 1]
    assert form.weekend.tolist() == [-1, -1, 0, 0, -1, -1, -1, -1, -1]
    mine = form.totals.person == 0
    lines = list(zip(form.totals.first[mine], form.totals.last[mine], form.totals.least[mine], form.totals.most[mine]))
    # Thursday to Sunday is no whole week, so nobody owes its minutes; neither does Monday to Friday.
    assert lines[:2] == [(0, 4, 0, 2400), (4, 9, 0, 2400)]
    assert len(lines) == 2 + 8 + 1 and lines[-1] == (0, 9, 0, 2)
    assert form.totals.amount[0].tolist() == [0, 480, 480, 500]
    assert not form.allowed[0, 1, 1:].any() and form.allowed[0, 1, 0]


def test_a_whole_week_owes_its_minutes():
    horizon = {"start": "2026-03-05", "days": 12, "week_starts": "mon"}
    totals = ward(horizon=horizon).form.totals
    assert [int(least) for least in totals.least[:2]] == [0, 960]


def test_cover_counts_by_skill_and_over_costs_only_where_it_has_a_price():
    cover = [
        {"shift": "E", "days": "sat, sun", "need": {"rn": 2, "lead": 1}},
        {"shift": "L", "days": 0, "need": 1, "most": 2, "under": 100, "over": 4},
    ]
    lines = ward(cover=cover).form.cover
    assert lines.day.tolist() == [2, 2, 3, 3, 0, 0] and lines.duty.tolist() == [1, 1, 1, 1, 2, 2]
    assert lines.least.tolist() == [2, 1, 2, 1, 1, 0] and lines.most.tolist() == [UNBOUND] * 4 + [1, 2]
    assert np.isinf(lines.under[:4]).all() and lines.under[4] == 100 and np.isinf(lines.over[5])
    assert ward(cover=cover).form.groups.tolist() == [[True, True, True], [False, True, False], [True, True, False]]


def test_wishes_pins_and_changes_are_priced():
    wishes = [
        {"who": "amy", "want": "E", "days": 4, "weight": 2},
        {"who": ["amy", "cho"], "avoid": "work", "days": "2026-03-05", "weight": 5},
        {"who": "ben", "want": "rest", "days": "all", "weight": 1},
    ]
    plan = {"shifts": [{"person": "cho", "day": "2026-03-06", "shift": "L"}], "change_cost": 3}
    form = ward(wishes=wishes, plan=plan | {"pinned": {"before": "2026-03-06", "who": ["ben"]}}).form
    assert form.wish[0, 4].tolist() == [2, 0, 2, 2]
    assert form.wish[2, 0].tolist() == [0, 5, 5, 5] and form.wish[1, 3].tolist() == [0, 1, 1, 1]
    assert form.current.duty[2, 1] == 2 and form.current.duty.sum() == 2
    assert np.isinf(form.current.price[:, 0]).all() and np.isinf(form.current.price[1]).all()
    assert form.current.price[2, 1] == 3


@pytest.mark.parametrize(
    ("changes", "where"),
    [
        ({"horizon": {"start": "2026-02-30", "days": 3}}, "horizon.start"),
        ({"staff": ["amy", "amy"]}, "staff.1.id"),
        ({"shifts": [{"id": "rest"}]}, "shifts.0.id"),
        ({"shifts": [{"id": "E", "start": "07:00"}]}, "shifts.0"),
        ({"shifts": [{"id": "E", "start": "7 am", "end": "15:00"}]}, "shifts.0.start"),
        ({"contracts": {"full": {"not_after": {"E": ["X"]}}}}, "contracts.full.not_after.E.0"),
        ({"contracts": {"full": {"rest_between": "30h"}}}, "contracts.full.rest_between"),
        ({"contracts": {"full": {"run_of_work": {"min": 4, "max": 2}}}}, "contracts.full.run_of_work.max"),
        ({"contracts": {"full": {"minutes": {"min": 9, "max": 8}}}}, "contracts.full.minutes.0.max"),
        ({"contracts": {}}, "staff.0.contract"),
        ({"cover": [{"shift": "X", "need": 1}]}, "cover.0.shift"),
        ({"cover": [{"shift": "E", "need": {"md": 1}}]}, "cover.0.need.md"),
        ({"cover": [{"shift": "E", "need": 1, "under": 3, "hard": True}]}, "cover.0.hard"),
        ({"cover": [{"shift": "E", "need": 1, "days": "someday"}]}, "cover.0.days.0"),
        ({"wishes": [{"who": "amy", "days": 0}]}, "wishes.0"),
        ({"wishes": [{"who": "zoe", "want": "E", "days": 0}]}, "wishes.0.who.0"),
        ({"wishes": [{"who": "amy", "want": "E", "days": "2026-04-01"}]}, "wishes.0.days.0"),
        ({"fairness": {"balance": "sleep", "weight": 1}}, "fairness.0.balance.0"),
        ({"plan": {"shifts": [{"person": "amy", "day": 0, "shift": "E"}] * 2}}, "plan.shifts.1"),
        ({"plan": {"pinned": {"before": "2025-01-01"}}}, "plan.pinned.before"),
    ],
)
def test_a_fault_is_reported_where_it_is(changes, where):
    with pytest.raises(ValidationError) as caught:
        ward(**changes)
    assert where in [".".join(str(part) for part in error["loc"]) for error in caught.value.errors()]


RULES = {
    "cover": [{"shift": "E", "days": "mon", "need": 1}, {"shift": "E", "days": "fri", "need": 0, "most": 1}],
    "plan": {"shifts": [{"person": "cho", "day": 0, "shift": "E"}], "pinned": {"days": [0], "who": []}},
}
GOOD = [[0, 0, 1, 1, 1, 1, 0, 0, 0], [0, 0, 0, 1, 1, 2, 2, 0, 0], [1, 0, 0, 0, 0, 0, 0, 0, 3]]


@pytest.mark.parametrize(
    ("person", "row", "words"),
    [
        (0, [0, 1, 1, 1, 1, 0, 0, 0, 0], "works on 2026-03-06"),
        (0, [0, 0, 2, 1, 1, 1, 0, 0, 0], "rests 510 minutes before 2026-03-08"),
        (0, [0, 0, 1, 2, 3, 3, 0, 0, 0], "has N after L"),
        (0, [0, 0, 1, 1, 1, 1, 1, 0, 0], "works 5 days in a row"),
        (0, [0, 0, 1, 0, 0, 1, 1, 0, 0], "works 1 days in a row"),
        (0, [0, 0, 1, 1, 0, 1, 1, 0, 0], "has 1 days off in a row"),
        (0, [0, 0, 0, 1, 3, 3, 3, 0, 0], "has 3 times N"),
        (0, [0, 0, 0, 0, 0, 0, 0, 0, 0], None),
        (1, [0, 1, 1, 0, 0, 0, 0, 1, 1], "E on 2026-03-09 has 0 people"),
        (2, [2, 0, 0, 0, 0, 0, 0, 0, 3], "cho is pinned on 2026-03-05"),
    ],
)
def test_the_plain_judge_and_the_form_find_the_same_faults(person, row, words):
    instance = ward(**RULES)
    rows = copy.deepcopy(GOOD)
    assert PLUGIN.domain_check(instance, plan_of(instance, rows)) == []
    if words is not None and "E on" in words:
        rows[0] = [0, 0, 0, 0, 0, 0, 0, 0, 0]
    rows[person] = row
    faults = PLUGIN.domain_check(instance, plan_of(instance, rows))
    assert evaluate(instance.form, Proposal(np.array(rows))).feasible == (faults == [])
    assert (words is None) == (faults == []) and all(words in text for text in faults[:1])


def test_numbers_that_are_stated_wrongly_are_noticed():
    instance = ward(**RULES, fairness=[{"balance": "shifts", "weight": 1}])
    plan = plan_of(instance, GOOD)
    assert "states a cost" in PLUGIN.domain_check(instance, plan | {"cost": 1})[0]
    uneven = [line | {"most": line["most"] + 1} for line in plan["fairness"]]
    assert uneven and "are said to be" in PLUGIN.domain_check(instance, plan | {"fairness": uneven})[0]
    spoilt = copy.deepcopy(plan)
    spoilt["roster"][0]["minutes"] += 60
    assert "it is 1920" in PLUGIN.domain_check(instance, spoilt)[0]
    spoilt["roster"] = plan["roster"][1:]
    assert "every person once" in PLUGIN.domain_check(instance, spoilt)[0]


def test_random_plans_are_judged_alike_with_every_price():
    """Costs stated by the form are those that the plain judge finds, broken rules or not."""
    wishes = [{"who": "amy", "want": "L", "days": "all", "weight": 2}, {"who": "cho", "avoid": "N", "days": 3}]
    cover = [{"shift": "E", "need": 1, "under": 7, "over": 2}, {"shift": "N", "need": {"rn": 1}, "under": 3}]
    fairness = [
        {"balance": ["nights", "weekends", "E"], "weight": 4},
        {"balance": "shifts", "weight": 1, "who": ["amy", "cho"]},
    ]
    plan = {"shifts": [{"person": "cho", "day": 0, "shift": "E"}], "change_cost": 1.5}
    instance = ward(wishes=wishes, cover=cover, fairness=fairness, plan=plan)
    rng = np.random.default_rng(1)
    for _ in range(60):
        rows = np.where(rng.random((3, 9)) < 0.4, rng.integers(0, 4, (3, 9)), 0)
        faults = PLUGIN.domain_check(instance, plan_of(instance, rows))
        assert evaluate(instance.form, Proposal(rows)).feasible == (faults == [])
        assert not any("cost" in text or "minutes, it is" in text for text in faults)


def test_a_plan_is_restored_and_broken_ones_are_refused():
    instance = ward(**RULES)
    plan = json.loads(json.dumps(plan_of(instance, GOOD)))
    assert PLUGIN.restore(instance, plan).duty.tolist() == GOOD
    for spoil, words in (
        (lambda p: p["roster"].pop(), "no line for cho"),
        (lambda p: p["roster"][0]["shifts"].pop(), "each of 9 days"),
        (lambda p: p["roster"][0]["shifts"].__setitem__(0, "X"), "no shift"),
        (lambda p: p["roster"][0].update(person="zoe"), "nobody"),
    ):
        broken = copy.deepcopy(plan)
        spoil(broken)
        with pytest.raises(RecordError, match=words):
            PLUGIN.restore(instance, broken)


TEXT = """qopt: 1
problem: roster
horizon: {start: "2026-03-02", days: 3}
shifts: [E, L]
staff: [amy, 7]
plan: {from: NAME, change_cost: 2}
"""


@pytest.mark.parametrize("name", ["plan.csv", "plan.json"])
def test_the_plan_of_now_is_read_from_a_file(tmp_path: Path, name: str):
    lines = [{"person": "amy", "shifts": ["E", None, "L"]}, {"person": 7, "shifts": [None, None, "L"]}]
    written = {"roster": lines, "days": ["2026-03-02", "2026-03-03", "2026-03-04"]}
    table = "person,day,shift\namy,2026-03-02,E\namy,2,L\n7,2026-03-04,L\namy,1,\n"
    (tmp_path / name).write_text(table if name.endswith("csv") else json.dumps({"solutions": [{"plan": written}]}))
    (tmp_path / "roster.yaml").write_text(TEXT.replace("NAME", name))
    form = read(tmp_path / "roster.yaml").form
    assert form.current.duty.tolist() == [[1, 0, 2], [0, 0, 2]] and (form.current.price == 2).all()


@pytest.mark.parametrize(
    ("old", "new", "line", "column", "rule"),
    [
        ("amy,2026-03-02,E", "ami,2026-03-02,E", 2, 1, "there is no such person"),
        ("amy,2026-03-02,E", "amy,2026-03-02,F", 2, 16, "there is no such shift"),
        ("amy,2026-03-02,E", "amy,2026-03-05,E", 2, 5, "no day of the horizon"),
        ("amy,2026-03-02,E", "amy,2,E", 3, 1, "has a shift on that day already"),
        ("amy,2026-03-02,E", "amy,,E", 2, 5, "the key day is missing"),
        ("person,", "who,", 1, 1, "this one has no person"),
    ],
)
def test_faults_of_a_table_of_shifts_stand_in_it(tmp_path: Path, old: str, new: str, line: int, column: int, rule: str):
    table = "person,day,shift\namy,2026-03-02,E\namy,2,L\n7,2026-03-04,L\n"
    assert old in table
    (tmp_path / "plan.csv").write_text(table.replace(old, new))
    (tmp_path / "roster.yaml").write_text(TEXT.replace("NAME", "plan.csv"))
    with pytest.raises(ModelError) as caught:
        read(tmp_path / "roster.yaml")
    found = [issue.rule for issue in caught.value.issues if str(issue.place).startswith(f"plan.csv:{line}:{column}")]
    assert any(rule in told for told in found), str(caught.value)


def test_a_plan_that_is_not_there_is_a_fault_at_its_name(tmp_path: Path):
    (tmp_path / "roster.yaml").write_text(TEXT.replace("NAME", "nowhere.csv"))
    with pytest.raises(ModelError, match="nowhere") as caught:
        read(tmp_path / "roster.yaml")
    assert caught.value.issues[0].place.line == 6
