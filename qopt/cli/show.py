"""A result on a terminal: the ranked table, the best plan, who did the work."""

from __future__ import annotations

from typing import Any

from rich.console import Console

from qopt.core.result import Result
from qopt.models.subject import Subject
from qopt.report.tables import funnel_lines, ranking, verdict
from qopt.report.views import text_view


def show_result(result: Result, subject: Subject, console: Console | None = None) -> None:
    """Print a result for a person."""
    out = console or Console()
    out.print(verdict(result, subject.name))
    for clash in result.conflict:
        out.print(f"  [bold]{_safe(clash.name)}[/]: {_safe(clash.message)}")
    if result.solutions:
        out.print(ranking(result))
        view = text_view(result.solutions[0].plan, subject.family_name, width=min(out.width, 110))
        if view:
            out.print(view, highlight=False, markup=False)
    for line in funnel_lines(result):
        out.print(line, style="dim", highlight=False, markup=False, soft_wrap=True)
    for warning in result.record.warnings:
        out.print(f"warning: {warning}", style="yellow", highlight=False, markup=False, soft_wrap=True)
    for fallback in result.record.fallbacks:
        out.print(f"fallback: {fallback}", style="yellow", highlight=False, markup=False, soft_wrap=True)


def _safe(text: Any) -> str:
    return str(text).replace("[", "\\[")
