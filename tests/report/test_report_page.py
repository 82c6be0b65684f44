"""The HTML page: self-contained, balanced, everything from outside escaped, every family's picture on it."""

from __future__ import annotations

from html.parser import HTMLParser

import pytest
from made_results import EVIL, bound, result, solution, subject_of

import qopt
from qopt.core import registry
from qopt.core.names import Labels, NameTable
from qopt.core.problem import Columns, Problem
from qopt.core.result import Result, Status
from qopt.core.solution import Violation
from qopt.models.subject import Subject
from qopt.report.html import page

VOID = {"meta", "br", "img", "link", "input", "hr"}


class Outline(HTMLParser):
    """Tags in order, the texts of headings, and whether every tag is closed where it should be."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.stack: list[str] = []
        self.tags: list[str] = []
        self.links: list[str] = []
        self.text = ""
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.links += [
            value or "" for name, value in attrs if name in ("src", "href", "action") or name.startswith("on")
        ]
        if tag not in VOID:
            self.stack.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.stack.pop() == tag

    def handle_data(self, data: str) -> None:
        if self.stack and self.stack[-1] not in ("style",):
            self.text += f" {data.strip()}"


def outline(made: Result, subject: Subject) -> Outline:
    found = Outline(page(made, subject))
    assert found.stack == []
    assert found.links == []
    assert "script" not in found.tags
    assert found.tags[:2] == ["html", "head"]
    return found


def plain(name: str = "plain") -> Subject:
    return Subject(problem=Problem.build(Columns.binaries(NameTable((Labels("x", (1,)),))), name=name))


@pytest.mark.parametrize("family", registry.names("families"))
def test_every_family_has_a_page(family: str) -> None:
    subject = subject_of(family)
    made = qopt.solve(subject, budget=1.5, seed=1, top=3, threads=1)
    found = outline(made, subject)

    for heading in ("Ranked plans", "Best plan", "Objective over time", "Who did the work", "How it went"):
        assert heading in found.text
    assert subject.name in found.text
    drawn = family in ("routing", "shop")  # the others are tables
    assert found.tags.count("svg") >= (2 if drawn else 1)


def test_everything_from_outside_is_escaped() -> None:
    plans = [
        {
            "routes": [{"vehicle": EVIL, "stops": [], "load": 1, "cost": 1.0}],
            "unserved": [{"visit": EVIL, "reason": EVIL}],
        },
        {"assignment": [[EVIL, EVIL]], "loads": [{"place": EVIL, "load": 1, "capacity": 2}]},
        {"items": [EVIL, [EVIL, 2]], "weights": [1]},
        {"values": {EVIL: [[EVIL, 1]]}},
        {"tasks": [{"job": EVIL, "task": EVIL, "machine": EVIL, "start": 0, "end": 4}], "makespan": 4},
    ]
    for plan in plans:
        subject = subject_of("routing") if "routes" in plan else plain(EVIL)
        incumbents = [{"seconds": 0.1, "objective": 1.0, "origin": "sampled", "backend": EVIL}]
        best = solution(plan, 1.0, parts={EVIL: 1.0, "b": 0.0}, backend=EVIL)
        made = result(best, bound=bound(0.5, EVIL), incumbents=incumbents, warnings=[EVIL], fallbacks=[EVIL])
        made.record.decisions.append(EVIL)
        made.record.funnel.by_origin = {f"sampled:{EVIL}": {"plans": 1, "best": 1.0}}
        found = outline(made, subject)
        assert EVIL in found.text


def test_an_infeasible_result_names_the_rules_and_shows_the_closest_plan() -> None:
    clash = (Violation("staffed", 0.0, f"staffed: two people {EVIL}"), Violation("rested", 0.0, "rested: two nights"))
    closest = solution({"values": {"x": [[0, 1]]}}, 1.0, broken=(Violation("staffed", 1.0, "staffed is broken by 1"),))
    found = outline(result(closest, status=Status.INFEASIBLE, conflict=clash), plain())

    assert "These rules cannot hold together" in found.text
    assert "two people <script>" in found.text
    assert "The closest plan found" in found.text
    assert "is broken by 1" in found.text
    assert "Ranked plans" not in found.text
    assert "Objective over time" not in found.text


def test_a_result_with_nothing_at_all_has_a_page() -> None:
    found = outline(result(status=Status.NOTHING_FOUND), plain())

    assert "nothing found" in found.text
    assert "no feasible plan after" in found.text


def test_a_matrix_gives_a_map_and_says_that_positions_are_estimated() -> None:
    instance = registry.load("families", "routing").instance(
        locations=("a", "b", "c"), travel={"matrix": ((0, 3, 4), (3, 0, 5), (4, 5, 0))}
    )
    subject = Subject(instance=instance)
    plan = {"routes": [{"vehicle": "v", "stops": ["b", "c"], "load": 0, "cost": 12}], "unserved": []}
    found = outline(result(solution(plan, 12.0)), subject)

    assert "positions are estimated" in found.text
    assert "load" not in [word for word in found.text.split() if word == "load"]
    assert found.tags.count("polyline") == 1


def test_the_alternatives_are_folded_behind_the_best_plan() -> None:
    made = result(*(solution({"values": {"x": [[0, k]]}}, float(k)) for k in range(1, 9)))
    found = outline(made, plain())

    assert found.tags.count("details") == 4
    assert "plan 5: 5" in found.text
    assert "plan 6: 6" not in found.text
