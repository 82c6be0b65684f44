"""Gantt charts: what a terminal shows, and an SVG that stands on its own."""

import xml.etree.ElementTree as ET

import pytest

from qopt.report.gantt import COLOURS, _ink, gantt_svg, text_gantt
from qopt.report.gantt_rows import Axis, ticks

SVG = "{http://www.w3.org/2000/svg}"


def plan(*tasks):
    keys = ("job", "task", "machine", "start", "end")
    lines = [dict(zip(keys, task)) for task in tasks]
    return {"tasks": lines, "makespan": max((line["end"] for line in lines), default=0)}


BAKERY = plan(
    ("tart", "dough", "mixer", 0, 3),
    ("tart", "bake", "oven", 3, 11),
    ("torte", "batter", "mixer", 3, 7),
    ("torte", "bake", "oven", 11, 20),
    ("torte", "wait", "oven", 20, 20),
)


def test_text_of_a_small_plan() -> None:
    assert text_gantt(BAKERY, width=34).splitlines() == [
        "mixer │0001111·············│  35%",
        "oven  │···00000000111111111│  85%",
        "      └0         10        20",
        "0 tart   1 torte",
    ]


def test_text_fits_its_width_and_keeps_proportions() -> None:
    for width in (40, 77, 120):
        lines = text_gantt(BAKERY, width=width).splitlines()
        assert max(len(line) for line in lines) <= width
        bar = lines[1].split("│")[1]
        assert len(bar) % 20 == 0 or width == 40
        assert bar.count("0") * 20 == pytest.approx(8 * len(bar), abs=20)
        assert bar.count("1") * 20 == pytest.approx(9 * len(bar), abs=20)


def test_text_of_a_long_plan_is_scaled_down() -> None:
    long = plan(("a", 0, "m", 0, 500), ("b", 0, "m", 500, 1000))
    first = text_gantt(long, width=59).splitlines()
    assert first[0].split("│")[1] == "a" * 25 + "b" * 25 and first[0].endswith("100%")
    assert first[1] == "  └0         200       400       600       800       1000"
    assert len(first) == 2, "one-letter jobs are their own symbols and need no legend"


def test_numbered_machines_are_sorted_and_named_ones_keep_their_order() -> None:
    numbered = plan((0, 0, 10, 0, 1), (0, 1, 9, 1, 2))
    assert [line.split()[0] for line in text_gantt(numbered).splitlines()[:2]] == ["9", "10"]
    assert text_gantt(BAKERY).startswith("mixer")


def test_two_tasks_at_once_are_marked() -> None:
    text = text_gantt(plan(("a", 0, "m", 0, 6), ("b", 0, "m", 4, 10)), width=30)
    assert "aaaaaaaa!!!!bbbbbbbb" in text and text.endswith("! two tasks at once")
    assert "two tasks at once" not in text_gantt(BAKERY)


def test_a_style_is_given_runs_and_jobs() -> None:
    text = text_gantt(BAKERY, width=34, style=lambda run, job: f"[{job}]{run}[/]")
    assert text.splitlines()[0] == "mixer │[0]000[/][1]1111[/]·············│  35%"


@pytest.mark.parametrize("empty", [plan(), plan(("a", 0, "m", 0, 0))])
def test_plans_without_time(empty) -> None:
    assert text_gantt(empty) == "no task takes any time"
    assert ET.fromstring(gantt_svg(empty)).tag == f"{SVG}svg"


def test_svg_has_a_bar_with_a_tooltip_for_every_task_that_takes_time() -> None:
    root = ET.fromstring(gantt_svg(BAKERY, width=500))
    bars = [group for group in root.iter(f"{SVG}g") if group.find(f"{SVG}title") is not None]
    titles = [bar.find(f"{SVG}title").text for bar in bars]
    assert titles[:2] == ["job tart, task dough\nmixer: 0 to 3 (3)", "job torte, task batter\nmixer: 3 to 7 (4)"]
    assert len(bars) == 4
    shown = [float(bar.find(f"{SVG}rect").get("width")) for bar in bars]
    assert [round(width / shown[0] * 3) for width in shown] == [3, 4, 8, 9]
    right = max(float(bar.find(f"{SVG}rect").get("x")) + width for bar, width in zip(bars, shown))
    assert 400 < right <= 500
    fills = {bar.find(f"{SVG}rect").get("fill") for bar in bars}
    assert fills == set(COLOURS[:2])
    texts = [text.text for text in root.iter(f"{SVG}text")]
    assert {"mixer", "oven", "tart", "torte", "20"} <= set(texts)


def test_svg_stands_on_its_own_and_escapes_names() -> None:
    nasty = plan(('<b>&"', "t", "<script>", 0, 5))
    text = gantt_svg(nasty)
    ET.fromstring(text)
    assert "<script>" not in text and "<b>" not in text
    assert "http" not in text.replace("http://www.w3.org/2000/svg", "")


def test_more_jobs_than_colours_are_told_apart_by_stripes() -> None:
    many = plan(*[(j, 0, 0, 10 * j, 10 * j + 10) for j in range(12)])
    root = ET.fromstring(gantt_svg(many))
    bars = [group for group in root.iter(f"{SVG}g") if group.find(f"{SVG}title") is not None]
    striped = [len(bar.findall(f"{SVG}rect")) == 2 for bar in bars]
    assert striped == [False] * 10 + [True] * 2


def test_ink_contrasts_with_every_fill() -> None:
    def luminance(colour: str) -> float:
        channels = [int(colour[k : k + 2], 16) / 255 for k in (1, 3, 5)]
        return sum(
            w * (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4)
            for w, c in zip((0.2126, 0.7152, 0.0722), channels)
        )

    for colour in COLOURS:
        dark, light = sorted((luminance(colour), 1.0 if _ink(colour) == "#fff" else 0.0))
        assert (light + 0.05) / (dark + 0.05) >= 4.5


@pytest.mark.parametrize(
    ("horizon", "most", "expected"), [(7, 10, 1), (20, 10, 2), (55, 12, 5), (1246, 12, 200), (3, 1, 5)]
)
def test_ticks_are_round(horizon, most, expected) -> None:
    found = ticks(horizon, most)
    assert found[0] == 0 and len(found) <= most + 1
    assert len(found) == 1 or found[1] == expected


RICH = {
    "tasks": [
        {"job": "J", "task": "cut", "machine": "saw", "start": "2026-03-09T13:00:00", "end": "2026-03-09T14:30:00"},
        {"job": "J", "task": "cure", "machine": "oven", "start": "2026-03-10T06:00:00", "end": "2026-03-10T08:00:00"},
        {"job": "K", "task": "cure", "machine": "oven", "start": "2026-03-10T07:00:00", "end": "2026-03-10T09:00:00"},
        {
            "job": "K",
            "task": "check",
            "machine": None,
            "uses": {"people": 2},
            "start": "2026-03-10T09:00:00",
            "end": "2026-03-10T10:00:00",
        },
    ],
    "jobs": [
        {"job": "J", "end": "2026-03-10T08:00:00", "due": "2026-03-10T07:00:00", "late": 60},
        {"job": "K", "end": "2026-03-10T10:00:00", "due": "2026-03-10T10:00:00", "late": 0},
    ],
    "machines": [
        {"machine": "saw", "capacity": 1, "closed": [["2026-03-09T15:00:00", "2026-03-10T06:00:00"]]},
        {"machine": "oven", "capacity": 2},
    ],
    "makespan": 1260,
}


def test_times_of_the_clock_have_labels_and_what_takes_several_tasks_has_rows() -> None:
    lines = text_gantt(RICH, width=60).splitlines()
    assert [line.split("│")[0].strip() for line in lines[:4]] == ["saw", "oven", "", "people"]
    assert lines[4].split() == ["└", "18:00", "Tue", "10", "06:00"]
    assert lines[0].split("│")[1].rstrip("·") == "JJJ" and "!" not in lines[1] + lines[2]
    assert lines[-1] == "late: J by 60, due Tue 10 Mar 07:00"


def test_svg_of_a_workshop_tells_uses_closed_times_and_lateness() -> None:
    root = ET.fromstring(gantt_svg(RICH))
    titles = [title.text for title in root.iter(f"{SVG}title")]
    assert "job K, task check\nTue 10 Mar 09:00 to Tue 10 Mar 10:00\n2 of people" in titles
    shaded = [rect for rect in root.iter(f"{SVG}rect") if rect.get("fill-opacity") == "0.1"]
    assert len(shaded) == 1 and float(shaded[0].get("width")) == pytest.approx(15 / 21 * (900 - 24 - 56), abs=1)
    assert "late: J by 60, due Tue 10 Mar 07:00" in [text.text for text in root.iter(f"{SVG}text")]


def test_the_tasks_of_one_project_have_colours_of_their_own() -> None:
    lines = [
        {"job": "project", "task": k, "machine": None, "uses": {"R1": 2}, "start": k, "end": k + 2} for k in range(3)
    ]
    text = text_gantt({"tasks": lines, "makespan": 4, "machines": []}, width=40).splitlines()
    assert len([line for line in text if "│" in line]) == 2, "three tasks fit into two rows"
    assert {"0", "1", "2"} <= set("".join(text[:2]))


def test_clock_texts_without_a_day() -> None:
    axis = Axis.of([{"start": "06:30", "end": "25:10"}])
    assert axis.at("07:15") == 75 and axis.horizon == 1150 and axis.label(1140) == "25:00"
    assert [axis.label(tick) for tick in axis.ticks(6)] == ["08:00", "12:00", "16:00", "20:00", "24:00"]
