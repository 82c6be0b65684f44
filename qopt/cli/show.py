"""A result on a terminal: verdict, ranked table, the best plan, who did the work."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterable, Sequence
from itertools import groupby
from textwrap import wrap

from rich.console import Console
from rich.text import Text

from qopt.core.result import Result, Status
from qopt.core.solution import Violation
from qopt.models.subject import Subject
from qopt.report.gantt import IDLE
from qopt.report.tables import SPACE, few, funnel_text, kind, numbers, objective, ranking, table, verdict, workers
from qopt.report.views import text_view

COLOURS = {Status.OPTIMAL: "bold green", Status.FEASIBLE: "bold cyan"}
GANTT = (
    "sky_blue2",
    "light_salmon1",
    "medium_aquamarine",
    "plum2",
    "khaki3",
    "light_steel_blue",
    "dark_sea_green2",
    "tan",
)
PIPED_WIDTH = 100
WIDEST = 120


def console() -> Console:
    """Standard output: as wide as its terminal, or 100 columns where it is none."""
    piped = not sys.stdout.isatty() and "COLUMNS" not in os.environ
    return Console(width=PIPED_WIDTH if piped else None, highlight=False, emoji=False)


def show_result(result: Result, subject: Subject, out: Console) -> None:
    """Print a result for a person."""
    width = min(out.width, WIDEST)
    out.print(Text.assemble((printable(subject.name), "bold"), (f"  {kind(result, subject.family_name)}", "dim")))
    words = result.status.value.replace("_", " ")
    value = objective(result)
    sentence = f"{words}: {value}, {verdict(result)}" if value else f"{words}: {verdict(result)}"
    told = Text(printable("\n".join(wrap(sentence, width))))
    told.stylize(COLOURS.get(result.status, "bold red"), 0, len(words))
    told.stylize("bold", len(words) + 2, len(words) + 2 + len(value))
    out.print(told)
    if result.conflict:
        _section(out, "these rules cannot hold together", rule_lines(result.conflict, width))
    if result.solutions:
        best = result.solutions[0]
        if best.feasible:
            out.print()
            out.print(ranking(result))
        else:
            faults = [line for fault in few(subject.faults(best.plan)) for line in hanging("", fault, width - 2)]
            _section(out, "the closest plan found breaks", faults or rule_lines(best.check.violations, width))
        title = "best plan" if best.feasible else "the closest plan found"
        lines = text_view(best.plan, width=width - 2).splitlines()
        _section(out, title, lines, painted if "tasks" in best.plan else Text)
    _work(result, out, width)
    for title, lines in (("warning", result.record.warnings), ("fallback", result.record.fallbacks)):
        for line in lines:
            out.print(Text(printable("\n".join(hanging(f"{title}: ", line, width))), "yellow"))


def _work(result: Result, out: Console, width: int) -> None:
    lines = workers(result)
    if len(lines) > 1:
        out.print()
        best = numbers([line[2] for line in lines])
        columns = (("who did the work", "left"), ("plans", "right"), ("best", "right"))
        out.print(table(columns, ((printable(who), plans, value) for (who, plans, _), value in zip(lines, best))))
    out.print()
    out.print(Text(printable("\n".join(wrap(funnel_text(result), width))), "dim"))


def _section(out: Console, title: str, lines: Sequence[str], paint: Callable[[str], Text] = Text) -> None:
    if lines:
        out.print()
        out.print(Text(title, "dim"))
        out.print(paint("\n".join(f"  {printable(line)}" for line in lines)), soft_wrap=True)


def painted(gantt: str) -> Text:
    """A text Gantt chart with every job's characters on a colour of their own."""
    out = Text()
    colours: dict[str, str] = {}
    for line in gantt.splitlines():
        name, *bar = line.rsplit("│", 2)
        if len(bar) != 2:
            out.append(f"{line}\n")
            continue
        out.append(f"{name}│")
        for job, run in groupby(bar[0]):
            if job == IDLE:
                out.append("".join(run), "dim")
            else:
                colour = colours.setdefault(job, GANTT[len(colours) % len(GANTT)])
                out.append("".join(run), f"black on {colour}")
        out.append(f"│{bar[1]}\n")
    out.rstrip()
    return out


def rule_lines(rules: Iterable[Violation], width: int, most: int = 30) -> list[str]:
    """One paragraph for each broken or conflicting rule: its name, and what it says."""
    rules = list(rules)
    lines = []
    for rule in rules[:most]:
        named = rule.message.startswith(rule.name)
        lines += hanging("" if named else f"{rule.name}: ", rule.message or "is broken", width - 2, indent=4)
    return lines + ([f"… and {len(rules) - most} more"] if len(rules) > most else [])


def hanging(head: str, text: str, width: int, *, indent: int = 2) -> list[str]:
    """A paragraph whose further lines are indented; words are never broken."""
    return wrap(head + text, max(40, width), subsequent_indent=" " * indent, break_long_words=False) or [head]


def printable(text: str) -> str:
    """The text without characters that would move a terminal's cursor or change its colours; spaces are plain ones."""
    return "".join(c if c.isprintable() or c == "\n" else "�" for c in text.replace(SPACE, " "))
