"""Numbers, verdicts, ranked tables and the funnel as people read them."""

from __future__ import annotations

import pytest
from made_results import bound, result, solution
from rich.console import Console

from qopt.core.problem import Sense
from qopt.core.result import Status
from qopt.core.solution import Origin, Violation
from qopt.report.tables import (
    SPACE,
    few,
    funnel_text,
    number,
    numbers,
    objective,
    percent,
    ranked,
    ranking,
    verdict,
    workers,
)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, "–"),
        (0.0, "0"),
        (-0.0, "0"),
        (-3.0, "-3"),
        (9999.0, "9999"),
        (12345.0, "12345"),
        (-1234567.0, "-1234567"),
        (44.128041, "44.128"),
        (123456.78, "123456.8"),
        (0.00001234, "1.234e-05"),
        (1e300, "1e+300"),
        (float("inf"), "inf"),
    ],
)
def test_a_number(value: float | None, text: str) -> None:
    assert number(value) == text


def test_a_column_of_numbers_has_its_points_below_one_another() -> None:
    assert numbers([44.128, 44.5618, 45.0]) == ["44.1280", "44.5618", "45.0000"]
    assert numbers([1.0, 20000.0, None]) == ["1", "20000", "–"]
    assert numbers([]) == []


@pytest.mark.parametrize(
    ("gap", "text"),
    [
        (None, "–"),
        (0.0, "0 %"),
        (1e-14, "0 %"),
        (0.00012, "0.012 %"),
        (0.0234, "2.3 %"),
        (0.271, "27 %"),
        (70, ">999 %"),
    ],
)
def test_a_gap(gap: float | None, text: str) -> None:
    assert percent(gap).replace(SPACE, " ") == text


@pytest.mark.parametrize(
    ("made", "text"),
    [
        (
            result(solution({}, 375.0), bound=bound(367.5)),
            "at most 2 % from the best possible (bound 367.5 by k_tree), after 2.0 s, the time was up",
        ),
        (result(solution({}, 375.0), stopped_by="interrupt"), "no bound is known, after 2.0 s, interrupted"),
        (
            result(solution({}, 375.0), status=Status.OPTIMAL, bound=bound(375.0, "highs"), stopped_by="optimal"),
            "proven best by highs, after 2.0 s",
        ),
        (result(solution({}, 1.0), status=Status.OPTIMAL, stopped_by="optimal"), "proven best, after 2.0 s"),
        (result(status=Status.NOTHING_FOUND), "no feasible plan after 2.0 s, the time was up"),
        (
            result(status=Status.INFEASIBLE, stopped_by="infeasible"),
            "no plan can keep every rule, shown after 2.0 s",
        ),
        (
            result(status=Status.UNBOUNDED, stopped_by="done"),
            "the objective can be improved without end, found after 2.0 s, nothing was left to try",
        ),
    ],
)
def test_the_verdict(made: object, text: str) -> None:
    assert verdict(made).replace(SPACE, " ") == text  # type: ignore[arg-type]


def test_the_objective_is_that_of_the_best_feasible_plan_with_all_its_levels() -> None:
    assert objective(result(solution({}, 2.0, 3.5))) == "2 / 3.5"
    assert objective(result(solution({}, 2.0, broken=(Violation("r", 1.0),)))) == ""
    assert objective(result()) == ""


def test_the_ranked_table_gives_parts_their_own_columns() -> None:
    made = result(
        solution({"a": 1}, 46.0, parts={"rent": 30.0, "haul": 16.0}, gap=0.0, origin=Origin.EXACT, backend="highs"),
        solution({"a": 2}, 50.5, parts={"rent": 40.0, "haul": 10.5}, gap=0.09, differs=0.25),
    )
    columns, rows = ranked(made)

    titles = [title for title, _ in columns]
    assert titles == ["#", "objective", "gap", "rent", "haul", "differs", "feasible", "found by", "times"]
    assert rows[0] == ["1", "46.0", f"0{SPACE}%", "30", "16.0", "", "yes", "highs (exact)", "3"]
    assert rows[1] == ["2", "50.5", f"9{SPACE}%", "40", "10.5", f"25{SPACE}%", "yes", "anneal (sampled)", "3"]


def test_an_objective_without_a_name_beside_soft_rules_is_no_second_objective() -> None:
    columns, _ = ranked(result(solution({}, 9.0, parts={"objective": 7.0, "soft.rest": 2.0})))

    assert [title for title, _ in columns][1:5] == ["objective", "gap", "without prices", "soft.rest"]


def test_one_part_or_many_get_no_columns() -> None:
    for parts in ({"cost": 1.0}, {f"p{k}": 1.0 for k in range(5)}, {}):
        columns, _ = ranked(result(solution({}, 1.0, parts=parts)))
        assert len(columns) == 6


def test_an_infeasible_plan_is_never_shown_as_feasible() -> None:
    _, rows = ranked(result(solution({}, 1.0, broken=(Violation("a", 1.0), Violation("b", 2.0)))))

    assert rows[0][3] == "no, 2 rules broken"


@pytest.mark.parametrize("width", [80, 120])
def test_the_rich_table_fits_the_terminal_and_takes_names_literally(width: int) -> None:
    made = result(*(solution({"k": k}, 12.5 + k, parts={"[red]x[/]": 1.0, "b": 2.0}, gap=0.1) for k in range(5)))
    console = Console(width=width, record=True, file=open("/dev/null", "w"))  # noqa: SIM115
    console.print(ranking(made))
    text = console.export_text()
    console.file.close()

    assert "[red]x[/]" in text
    assert max(len(line.rstrip()) for line in text.splitlines()) <= width
    assert len(text.splitlines()) == 6


def test_workers_are_listed_by_what_they_found() -> None:
    made = result(sense=Sense.MAXIMIZE)
    made.record.funnel.by_origin = {
        "sampled:anneal": {"plans": 3, "best": 10.0},
        "exact:highs": {"plans": 1, "best": 12.0 + 1e-15},
        "proposed:tabu": {"plans": 7, "best": 12.0},
    }

    assert workers(made) == [
        ("tabu (proposed)", "7", 12.0),
        ("highs (exact)", "1", 12.0 + 1e-15),
        ("anneal (sampled)", "3", 10.0),
    ]


def test_the_funnel_says_what_repair_added() -> None:
    assert funnel_text(result()).replace(SPACE, " ") == (
        "120 sampled or proposed → 40 distinct → 39 decoded → 10 feasible before repair (best 50)"
        " → 12 feasible in the end (best 44.5)"
    )


def test_long_lists_tell_how_much_more_there_is():
    assert few(["a", "b"], 2) == ["a", "b"]
    assert few(["a", "b", "c", "d"], 2) == ["a", "b", "… and 2 more"]
