"""One self-contained HTML page: ranked plans, map or Gantt chart, the incumbent over time, the funnel, the record."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape
from importlib.resources import files
from typing import Any

from qopt.core.result import Result
from qopt.core.solution import Solution
from qopt.models.subject import Subject
from qopt.report.charts import bars, incumbent_chart
from qopt.report.tables import funnel_rows, number, percent
from qopt.report.views import text_view


def page(result: Result, subject: Subject) -> str:
    """The report of a result as an HTML document; loads nothing from anywhere."""
    record = result.record
    best = result.solutions[0] if result.solutions else None
    sections = [_head(result, subject)]
    if result.conflict:
        items = "".join(f"<li><b>{escape(v.name)}</b>: {escape(v.message)}</li>" for v in result.conflict)
        sections.append(f"<section><h2>These rules cannot hold together</h2><ul>{items}</ul></section>")
    if best is not None:
        title = "Best plan" if best.feasible else "Closest answer (not feasible)"
        sections.append(f"<section><h2>{title}</h2>{plan_view(best, subject)}</section>")
        sections.append(f"<section><h2>Ranked plans</h2>{_ranked(result)}</section>")
    chart = incumbent_chart(record.incumbents, record.bounds, seconds=float(record.seconds.get("total", 0.0)))
    legend = _legend(result)
    sections.append(f"<section><h2>Objective over time</h2>{chart}{legend}</section>")
    sections.append(f"<section><h2>Who did the work</h2>{bars(funnel_rows(result))}</section>")
    sections.append(f"<section><h2>How it went</h2>{_story(result)}</section>")
    body = "\n".join(sections)
    style = files("qopt.report").joinpath("style.css").read_text(encoding="utf-8")
    title = f"<title>{escape(subject.name)} – qopt</title>"
    scale = '<meta name="viewport" content="width=device-width, initial-scale=1">'
    head = f'<meta charset="utf-8">{scale}{title}<style>{style}</style>'
    return f'<!doctype html>\n<html lang="en"><head>{head}</head>\n<body><main>{body}</main></body></html>\n'


def _head(result: Result, subject: Subject) -> str:
    facts = [("status", result.status.value.replace("_", " ")), ("objective", number(result.objective))]
    if result.bound is not None:
        source = escape(result.bound.source or result.bound.proof)
        facts.append(("bound", f"{number(result.bound.value)} <small>{source}</small>"))
        facts.append(("gap", percent(result.gap)))
    facts.append(("time", f"{result.record.seconds.get('total', 0.0):.1f} s"))
    facts.append(("plans", str(sum(s.feasible for s in result.solutions))))
    cells = "".join(f"<div><dt>{name}</dt><dd>{value}</dd></div>" for name, value in facts)
    family = f"{subject.family_name} · " if subject.family_name else ""
    when = f"<p>{family}seed {result.record.seed} · {escape(result.record.started)}</p>"
    return f'<header class="{result.status.value}">{when}<h1>{escape(subject.name)}</h1><dl>{cells}</dl></header>'


def plan_view(solution: Solution, subject: Subject) -> str:
    """The plan as a picture where there is one, and as text."""
    plan: Mapping[str, Any] = solution.plan
    picture = ""
    if plan.get("tasks"):
        from qopt.report.gantt import gantt_svg

        picture = gantt_svg(plan, width=900)
    elif plan.get("routes"):
        picture = _map(plan, subject)
    text = text_view(plan, subject.family_name, width=110)
    return (
        f"{picture}<details{'' if picture else ' open'}><summary>as text</summary><pre>{escape(text)}</pre></details>"
    )


def _map(plan: Mapping[str, Any], subject: Subject) -> str:
    from qopt.report.route_map import estimated_points, route_map

    ids, points = subject.family.points(subject.instance)
    note = ""
    if points is None:
        points = estimated_points(subject.form.distance)
        note = "<p><small>Positions are estimated from the travel distances.</small></p>"
    where = {name: (float(x), float(y)) for name, (x, y) in zip(ids, points)}
    return route_map(plan, where, ids[0]) + note


def _ranked(result: Result) -> str:
    rows = []
    for k, s in enumerate(result.solutions, start=1):
        parts = (
            ", ".join(f"{escape(n)} {number(v)}" for n, v in s.check.parts.items()) if len(s.check.parts) > 1 else ""
        )
        state = "yes" if s.feasible else escape("; ".join(v.message for v in s.check.violations[:3]))
        levels = " / ".join(number(v) for v in s.levels)
        origin = f'<span class="tag o-{s.origin.value}">{s.origin.value}</span> {escape(s.backend)}'
        rows.append(_row((str(k), levels, percent(s.gap), origin, state, parts)))
    head = "<tr><th>#</th><th>objective</th><th>gap</th><th>origin</th><th>feasible</th><th>of which</th></tr>"
    return f'<div class="wide"><table class="ranked">{head}{"".join(rows)}</table></div>'


def _legend(result: Result) -> str:
    seen = dict.fromkeys(e["origin"] for e in result.record.incumbents)
    tags = "".join(f'<span class="tag o-{origin}">{origin}</span> ' for origin in seen)
    bound = '<span class="tag line">bound</span>' if result.record.bounds else ""
    return f"<p>{tags}{bound}</p>"


def _story(result: Result) -> str:
    record = result.record
    out = []
    for title, lines in (
        ("Decisions", record.decisions),
        ("Fallbacks", record.fallbacks),
        ("Warnings", record.warnings),
    ):
        if lines:
            out.append(f"<h3>{title}</h3><ul>" + "".join(f"<li>{escape(line)}</li>" for line in lines) + "</ul>")
    calls = "".join(
        _row((escape(c.backend), c.role, f"{c.seconds:.2f} s", str(c.returned), escape(c.stopped_by)))
        for c in record.calls
    )
    head = "<tr><th>backend</th><th>role</th><th>time</th><th>answers</th><th>ended by</th></tr>"
    out.append(f'<h3>Backend calls</h3><div class="wide"><table class="ranked">{head}{calls}</table></div>')
    machine = record.environment
    versions = ", ".join(f"{name} {text}" for name, text in machine.get("versions", {}).items())
    where = (machine.get("processor", ""), f"{machine.get('cores', '?')} cores", f"Python {machine.get('python', '')}")
    facts = " · ".join((*where, versions))
    sums = f" · problem {record.problem_hash[:12]}" if record.problem_hash else ""
    out.append(f"<p><small>run {record.run_id}{sums} · {escape(facts)}</small></p>")
    return "".join(out)


def _row(cells: Sequence[str]) -> str:
    return "<tr>" + "".join(f"<td>{cell}</td>" for cell in cells) + "</tr>"
