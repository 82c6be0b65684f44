"""Ranked plans, verdict and funnel as text and rich tables."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from qopt.core.result import Result, Status

if TYPE_CHECKING:
    from rich.table import Table


def number(value: float | None, *, empty: str = "–") -> str:
    """A number for people: whole ones without a point, others with six digits."""
    if value is None:
        return empty
    return f"{value:,.0f}".replace(",", " ") if float(value).is_integer() else f"{value:.6g}"


def percent(value: float | None) -> str:
    """A gap for people."""
    if value is None:
        return "–"
    return "0 %" if value == 0 else f"{100 * value:.2g} %" if value < 0.1 else f"{100 * value:.0f} %"


def verdict(result: Result, name: str) -> str:
    """One sentence with rich markup: status, objective, bound and gap, time."""
    seconds = result.record.seconds.get("total", 0.0)
    colour = {Status.OPTIMAL: "green", Status.FEASIBLE: "cyan"}.get(result.status, "red")
    title = name.replace("[", "\\[")
    text = f"[bold]{title}[/]: [{colour}]{result.status.value.replace('_', ' ')}[/]"
    if result.objective is not None:
        text += f", objective [bold]{number(result.objective)}[/]"
        if result.status is Status.OPTIMAL:
            text += ", proven"
        elif result.bound is not None:
            text += f", bound {number(result.bound.value)} ({result.bound.source or result.bound.proof})"
            text += f", at most {percent(result.gap)} from optimal"
        else:
            text += ", no bound known"
    return text + f", {seconds:.1f} s (stopped by: {result.stopped_by})"


def ranking(result: Result) -> Table:
    """The ranked plans as a rich table."""
    from rich.table import Table

    table = Table(box=None, pad_edge=False, header_style="bold")
    for title, justify in (("#", "right"), ("objective", "right"), ("gap", "right"), ("origin", "left")):
        table.add_column(title, justify=justify)  # type: ignore[arg-type]
    table.add_column("feasible")
    table.add_column("of which")
    for k, solution in enumerate(result.solutions, start=1):
        parts = solution.check.parts
        detail = "  ".join(f"{name} {number(value)}" for name, value in parts.items()) if len(parts) > 1 else ""
        state = "yes" if solution.feasible else "; ".join(v.message for v in solution.check.violations[:2])
        table.add_row(
            str(k),
            " / ".join(number(value) for value in solution.levels),
            percent(solution.gap),
            f"{solution.origin.value} ({solution.backend})",
            state.replace("[", "\\["),
            detail.replace("[", "\\["),
        )
    return table


def funnel_rows(result: Result) -> list[tuple[str, str]]:
    """The funnel, stage by stage: what it is, how many."""
    funnel = result.record.funnel
    rows = [
        ("sampled or proposed", str(funnel.sampled)),
        ("distinct", str(funnel.distinct)),
        ("decoded", str(funnel.decoded)),
        ("feasible before repair", _with_best(funnel.feasible_before_repair, funnel.best_before_repair)),
        ("feasible in the end", _with_best(funnel.feasible_after_repair, funnel.best_after_repair)),
    ]
    for key, line in funnel.by_origin.items():
        origin, backend = key.split(":", 1)
        rows.append((f"{origin} by {backend}", _with_best(line["plans"], line["best"])))
    return rows


def _with_best(count: int, best: float | None) -> str:
    return f"{count}" if best is None else f"{count} (best {number(best)})"


def funnel_lines(result: Result) -> list[str]:
    """The funnel in two lines of text."""
    rows = funnel_rows(result)
    lines = ["funnel: " + " → ".join(f"{text} {count}" for text, count in rows[:5])]
    if len(rows) > 5:
        lines.append("by origin: " + ", ".join(f"{text} {count}" for text, count in rows[5:]))
    return lines


def plan_rows(plan: dict[str, Any]) -> list[tuple[str, str]]:
    """A plan of no known family as lines of name and value."""
    return [
        (f"{family}[{','.join(str(k) for k in line[:-1])}]" if len(line) > 1 else family, str(line[-1]))
        for family, lines in plan.get("values", {}).items()
        for line in lines
    ]
