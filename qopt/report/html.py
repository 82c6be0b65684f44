"""One self-contained HTML page: ranked plans, map or Gantt chart, the incumbent over time, the funnel, the record."""

from __future__ import annotations

from html import escape
from importlib.resources import files

from qopt.core.result import Result
from qopt.core.solution import Violation
from qopt.models.subject import Subject
from qopt.report.charts import incumbent_chart
from qopt.report.markup import bars, folded, listing, section, table, tag
from qopt.report.plans import plan_view
from qopt.report.tables import few, funnel_rows, kind, number, objective, percent, ranked, verdict, workers

ALTERNATIVES = 4
"""Plans behind the best one that are shown in full."""


def page(result: Result, subject: Subject) -> str:
    """The report of a result as an HTML document; loads nothing from anywhere."""
    parts = [_head(result, subject), *_conflict(result), *_plans(result, subject)]
    record = result.record
    if record.incumbents:
        chart = incumbent_chart(record.incumbents, record.bounds, seconds=float(record.seconds.get("total", 0.0)))
        parts.append(section("Objective over time", chart, _legend(result)))
    parts.append(section("Who did the work", _work(result)))
    parts.append(section("How it went", _story(result)))
    style = files("qopt.report").joinpath("style.css").read_text(encoding="utf-8")
    head = (
        '<meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{escape(subject.name)} – qopt</title><style>\n{style}</style>"
    )
    body = "\n".join(parts)
    return f'<!doctype html>\n<html lang="en"><head>{head}</head>\n<body><main>\n{body}\n</main></body></html>\n'


def _head(result: Result, subject: Subject) -> str:
    status = result.status.value
    facts = [("objective", escape(objective(result)) or "–")]
    if result.bound is not None:
        source = f"<small>{escape(result.bound.source or result.bound.proof)}</small>"
        facts.append(("bound", number(result.bound.value) + source))
        facts.append(("gap", percent(result.gap)))
    facts.append(("feasible plans", str(sum(s.feasible for s in result.solutions))))
    facts.append(("time", f"{result.record.seconds.get('total', 0.0):.1f} s"))
    cells = "".join(f"<div><dt>{name}</dt><dd>{value}</dd></div>" for name, value in facts)
    about = [
        kind(result, subject.family_name),
        f"seed {result.record.seed}",
        result.record.started.replace("T", " ").replace("+00:00", " UTC"),
    ]
    small = escape(" · ".join(about))
    words = f"<b>{escape(status.replace('_', ' '))}</b>: {escape(verdict(result))}"
    return (
        f'<header class="{status}"><h1>{escape(subject.name)}</h1><small>{small}</small>'
        f'<p class="verdict">{words}</p><dl>{cells}</dl></header>'
    )


def _conflict(result: Result) -> list[str]:
    if not result.conflict:
        return []
    lead = "<p>Without any one of them the rest can hold.</p>"
    return [section("These rules cannot hold together", lead, _rules(result.conflict))]


def _rules(rules: tuple[Violation, ...]) -> str:
    lines = [f"<li><b>{escape(r.name)}</b> {escape(_rest(r))}</li>" for r in rules]
    return f"<ul>{''.join(lines)}</ul>"


def _rest(rule: Violation) -> str:
    """What a rule says behind its name."""
    return rule.message.removeprefix(rule.name).removeprefix(":").strip() or "is broken"


def _plans(result: Result, subject: Subject) -> list[str]:
    if not result.solutions:
        return []
    best, *others = result.solutions
    if not best.feasible:
        faults = subject.faults(best.plan)
        broken = listing(few(faults)) if faults else _rules(best.check.violations)
        lead = f"<p>It is not feasible:</p>{broken}"
        return [section("The closest plan found", lead, plan_view(best.plan, subject))]
    columns, rows = ranked(result)
    cells = [[escape(cell) for cell in row] for row in rows]
    who = [title for title, _ in columns].index("found by")
    for line, solution in zip(cells, result.solutions):
        line[who] = f"{escape(solution.backend)} {tag(solution.origin.value)}"
    shown = [
        folded(f"plan {k}: {' / '.join(number(v) for v in s.levels)}", plan_view(s.plan, subject))
        for k, s in enumerate(others[:ALTERNATIVES], start=2)
    ]
    return [
        section("Ranked plans", table(columns, cells, first="best")),
        section("Best plan", plan_view(best.plan, subject)),
        *([section("The next plans", *shown)] if shown else []),
    ]


def _legend(result: Result) -> str:
    tags = [tag(origin) for origin in dict.fromkeys(e["origin"] for e in result.record.incumbents)]
    if result.record.bounds:
        tags.append('<span class="soft"><span class="key"></span>bound: nothing can be better</span>')
    return f'<p class="legend">{"".join(tags)}</p>'


def _work(result: Result) -> str:
    rows = []
    for who, plans, best in workers(result):
        backend, origin = who.rsplit(" (", 1)
        rows.append((f"{escape(backend)} {tag(origin.rstrip(')'))}", plans, number(best)))
    found = table((("found by", "left"), ("feasible plans", "right"), ("best", "right")), rows) if rows else ""
    stages = [
        (what, count, "" if best is None else f"best {number(best)}") for what, count, best in funnel_rows(result)
    ]
    return f"{found}<h3>From samples to feasible plans</h3>{bars(stages)}"


def _story(result: Result) -> str:
    record = result.record
    out = []
    for line in (*record.warnings, *record.fallbacks):
        out.append(f'<p class="note">{escape(line)}</p>')
    if record.decisions:
        out.append(f"<h3>Decisions</h3>{listing(record.decisions)}")
    calls = [
        (
            escape(c.backend),
            escape(c.role),
            f"{c.seconds:.2f} s",
            str(c.returned),
            escape(c.stopped_by.replace("_", " ")),
        )
        for c in record.calls
    ]
    columns = (("backend", "left"), ("role", "left"), ("time", "right"), ("answers", "right"), ("ended by", "left"))
    out.append(f"<h3>Backend calls</h3>{table(columns, calls)}")
    machine = record.environment
    versions = ", ".join(f"{name} {text}" for name, text in machine.get("versions", {}).items())
    facts = [
        f"run {record.run_id}",
        f"problem {record.problem_hash[:12]}" if record.problem_hash else "",
        "reproducible" if record.reproducible else "limited by time: another run may differ",
        f"{machine.get('processor', '')}, {machine.get('cores', '?')} cores",
        f"Python {machine.get('python', '')}",
        versions,
    ]
    out.append(f"<p><br><small>{escape(' · '.join(fact for fact in facts if fact))}</small></p>")
    return "".join(out)
