"""A compile report on a terminal: one line per family of rules, the passes, and the totals beside a plain compile."""

from __future__ import annotations

from collections.abc import Mapping

from rich.console import Console
from rich.table import Table
from rich.text import Text

from qopt.cli.show import printable
from qopt.compilers.report import CompileReport, FamilyOfRules
from qopt.report.tables import number, table


def show_report(report: CompileReport, out: Console) -> None:
    """Print a compile report."""
    if report.families:
        out.print(_rules(report.families))
    else:
        out.print(Text("no rule needs a penalty", "dim"))
    out.print()
    if report.passes:
        out.print(Text("passes", "bold"))
        for step in report.passes:
            tag = "" if step["tag"] == "equivalent" else f" ({step['tag']})"
            out.print(Text(f"  {step['pass']}{tag}: {_counts(step['counts'])}"))
        out.print()
    out.print(_totals(report))
    if report.plain is None:
        out.print(Text(printable(f"a plain compile refuses: {report.plain_refusal}"), "dim"))
    if report.solved:
        out.print(Text("solved classically: no bit is left to decide", "bold green"))


def _rules(families: tuple[FamilyOfRules, ...]) -> Table:
    columns = [("rule", "left"), ("form", "left")]
    columns += [(name, "right") for name in ("slack bits", "multiplier", "weight", "coefficient bits")]
    return table([*columns, ("removed", "left")], [_line(family) for family in families])


def _line(family: FamilyOfRules) -> list[str]:
    name, gone = printable(family.family), _counts(family.removed)
    if not family.rules:
        return [name, "-", "-", "-", "-", "-", gone]
    sizes = [str(family.slack_bits), _span(family.multiplier), _span(family.weight), str(family.coefficient_bits)]
    return [name, _counts(family.forms), *sizes, gone]


def _totals(report: CompileReport) -> Table:
    columns = [("total", "left"), ("this compile", "right"), ("plain range rule", "right")]
    lines = []
    for name in ("bits", "couplings", "coefficient_bits"):
        other = "-" if report.plain is None else str(getattr(report.plain, name))
        lines.append([name.replace("_", " "), str(getattr(report.size, name)), other])
    return table(columns, lines)


def _counts(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{count} {name}" for name, count in counts.items())


def _span(ends: tuple[float, float]) -> str:
    return number(ends[0]) if ends[0] == ends[1] else f"{number(ends[0])} to {number(ends[1])}"
