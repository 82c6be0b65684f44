"""Rosters as text and as HTML."""

import re

from qopt.report.plans import plan_view
from qopt.report.views import text_view

PLAN = {
    "days": [f"2026-03-{day:02d}" for day in range(2, 16)],
    "roster": [
        {"person": "amy", "name": "Amy A.", "shifts": ["E"] * 5 + [None] * 9, "minutes": 2400},
        {"person": "b<n", "shifts": [None] * 12 + ["Night", None], "minutes": 570},
    ],
    "cover": [{"shift": "E", "day": "2026-03-09", "have": 0, "need": 1, "skill": "rn", "cost": 100, "why": "law"}],
    "wishes": [{"person": "amy", "day": "2026-03-04", "want": "rest", "cost": 2}],
    "fairness": [
        {"balance": "nights", "people": 2, "least": 0, "most": 1, "cost": 30},
        {"balance": "weekends", "people": 2, "least": 1, "most": 1, "cost": 0},
    ],
    "costs": {"under": 100, "wishes": 2, "fairness": 30},
    "cost": 132,
}


def test_text_has_a_line_per_person_and_what_is_not_as_wanted():
    lines = text_view(PLAN, width=110).split("\n")
    assert lines[:5] == [
        "2026-03-09 E: 0 rn of 1 (100), law",
        "nights: 0 to 1 each of 2 people (30)",
        "2026-03-04 Amy A. wanted rest (2)",
        "cost 132: under 100, wishes 2, fairness 30",
        "",
    ]
    assert lines[5].split() == [
        "person",
        *["M2", "T3", "W4", "T5", "F6", "S7", "S8", "M9", "T10", "W11", "T12", "F13", "S14", "S15"],
        "hours",
    ]
    assert lines[6].split() == ["Amy", "A.", *"EEEEE", *"·" * 9, "40.0"]
    assert lines[8].split() == ["E", *"11111", *"·" * 9]


def test_narrow_text_goes_on_in_blocks_of_weeks():
    lines = text_view(PLAN, width=60).split("\n")
    assert lines[5].split()[1:] == ["M2", "T3", "W4", "T5", "F6", "S7", "S8"]
    assert lines[11].split()[1:] == ["M9", "T10", "W11", "T12", "F13", "S14", "S15", "hours"]
    assert all(len(line) <= 60 for line in lines)


def test_html_has_every_shift_and_escapes_names():
    page = plan_view(PLAN, None)
    assert page.count("<b>E</b>") == 5 + 2 and page.count("<b>Night</b>") == 1 + 2  # the table's head and foot as well
    assert page.count('<th class="free">') == 4 and page.count('<td class="free">') == 4 * 4
    assert page.count('<td class="bad"></td>') == 1
    assert "b&lt;n" in page and "b<n" not in page
    assert len(re.findall(r"<th[ >]", page)) == 18
    assert "2026-03-09 E: 0 rn of 1 (100), law" in page
