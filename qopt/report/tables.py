"""What a result says in words and tables: verdict, ranked plans, funnel, who did the work."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

from qopt.core.problem import Sense
from qopt.core.result import Result, Status

if TYPE_CHECKING:
    from rich.table import Table

NONE = "–"
SPACE = "\u00a0"
"""A space that no line is broken at."""
MOST_PARTS = 4
"""Parts of the objective that get a column of their own."""
ENDINGS = {
    "seconds": "the time was up",
    "work": "the work was done",
    "target": "the target was reached",
    "interrupt": "interrupted",
    "done": "nothing was left to try",
}


def few(lines: Sequence[str], most: int = 20) -> list[str]:
    """The first lines of a long list, and how many more there are."""
    return [*lines[:most], *([f"… and {len(lines) - most} more"] if len(lines) > most else [])]


def number(value: float | None) -> str:
    """A number for people: whole ones without a point, others with six digits. It can be copied as it stands."""
    if value is None:
        return NONE
    value = float(value) + 0.0
    if value.is_integer() and abs(value) < 1e15:
        return f"{value:.0f}"
    return f"{value:.1f}" if 1e5 <= abs(value) < 1e15 else f"{value:.6g}"


def numbers(values: Sequence[float | None]) -> list[str]:
    """A column of numbers with the same number of decimals, so that their points stand below one another."""
    known = [float(value) for value in values if value is not None]
    if all(value.is_integer() for value in known) or any(abs(value) >= 1e5 for value in known):
        return [number(value) for value in values]
    decimals = max(len(f"{value:.6g}".partition(".")[2].partition("e")[0]) for value in known)
    return [NONE if value is None else f"{value + 0.0:.{min(decimals, 6)}f}" for value in values]


def percent(gap: float | None) -> str:
    """A gap for people; what is below a millionth of a percent counts as none."""
    if gap is None:
        return NONE
    size = 100 * gap
    if size < 1e-6:
        text = "0"
    elif size >= 1000:
        text = ">999"
    else:
        text = f"{size:.2g}" if size < 10 else f"{size:.0f}"
    return f"{text}{SPACE}%"


def verdict(result: Result) -> str:
    """What is known at the end, in one sentence that begins behind the status."""
    seconds = f"{result.record.seconds.get('total', 0.0):.1f}{SPACE}s"
    ending = ENDINGS.get(result.stopped_by, "")
    after = f"after {seconds}" + (f", {ending}" if ending else "")
    if result.status is Status.INFEASIBLE:
        return f"no plan can keep every rule, shown {after}"
    if result.status is Status.UNBOUNDED:
        return f"the objective can be improved without end, found {after}"
    if result.objective is None:
        return f"no feasible plan {after}"
    if result.status is Status.OPTIMAL:
        who = "" if result.bound is None else f" by {result.bound.source or result.bound.proof}"
        return f"proven best{who}, {after}"
    if result.bound is None:
        return f"no bound is known, {after}"
    bound = f"bound {number(result.bound.value)} by {result.bound.source or result.bound.proof}"
    return f"at most {percent(result.gap)} from the best possible ({bound}), {after}"


def kind(result: Result, family: str) -> str:
    """What sort of problem it is: its family, and the direction of its objective."""
    direction = "maximise" if result.sense is Sense.MAXIMIZE else "minimise"
    return f"{family}, {direction}" if family else direction


def objective(result: Result) -> str:
    """The best feasible plan's objective, every level of it; empty without one."""
    if result.objective is None:
        return ""
    return " / ".join(number(value) for value in result.solutions[0].levels)


def ranked(result: Result) -> tuple[list[tuple[str, str]], list[list[str]]]:
    """The ranked plans: ``(title, justification)`` of every column, and the cells of every row.

    Parts of the objective get columns where there are at least two and at most four of them; an objective without names
    is what is left without the prices of soft rules.
    """
    solutions = result.solutions
    levels = [" / ".join(cells) for cells in zip(*(numbers(column) for column in zip(*(s.levels for s in solutions))))]
    columns = [("#", "right"), ("objective", "right"), ("gap", "right")]
    cells = [[str(k) for k in range(1, len(solutions) + 1)], levels, [percent(s.gap) for s in solutions]]
    parts = list(dict.fromkeys(name for s in solutions for name in s.check.parts))
    if 2 <= len(parts) <= MOST_PARTS:
        columns += [("without prices" if name == "objective" else name, "right") for name in parts]
        cells += [numbers([s.check.parts.get(name) for s in solutions]) for name in parts]
    if len(solutions) > 1:
        columns.append(("differs", "right"))
        cells.append(["" if k == 0 else percent(s.differs) for k, s in enumerate(solutions)])
    columns += [("feasible", "left"), ("found by", "left"), ("times", "right")]
    cells.append(["yes" if s.feasible else f"no, {_count(len(s.check.violations), 'rule')} broken" for s in solutions])
    cells.append([f"{s.backend} ({s.origin.value})" for s in solutions])
    cells.append([str(s.seen) for s in solutions])
    return columns, [list(row) for row in zip(*cells)]


def ranking(result: Result) -> Table:
    """The ranked plans as a rich table; the best one stands out."""
    from rich.text import Text

    columns, rows = ranked(result)
    return table(
        columns,
        ([Text(cell.replace(SPACE, " "), "bold" if k == 0 else "") for cell in row] for k, row in enumerate(rows)),
    )


def table(columns: Sequence[tuple[str, str]], rows: Iterable[Iterable[Any]]) -> Table:
    """A plain rich table: no lines, titles dim, two spaces between the columns."""
    from rich.table import Table
    from rich.text import Text

    out = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="dim")
    for title, justify in columns:
        out.add_column(Text(title), justify=justify, no_wrap=justify == "right")  # type: ignore[arg-type]
    for row in rows:
        out.add_row(*row)
    return out


def workers(result: Result) -> list[tuple[str, str, float]]:
    """``(who, how many plans, best)`` for every backend that found feasible plans, the best one first."""
    lines = []
    for key, line in result.record.funnel.by_origin.items():
        origin, backend = key.split(":", 1)
        lines.append((f"{backend} ({origin})", str(line["plans"]), float(line["best"])))
    return sorted(lines, key=lambda line: (result.sense.sign * float(f"{line[2]:.12g}"), -int(line[1])))


def funnel_rows(result: Result) -> list[tuple[str, int, float | None]]:
    """The funnel, stage by stage: what it is, how many, and the best objective where feasible plans are counted."""
    funnel = result.record.funnel
    return [
        ("sampled or proposed", funnel.sampled, None),
        ("distinct", funnel.distinct, None),
        ("decoded", funnel.decoded, None),
        ("feasible before repair", funnel.feasible_before_repair, funnel.best_before_repair),
        ("feasible in the end", funnel.feasible_after_repair, funnel.best_after_repair),
    ]


def funnel_text(result: Result) -> str:
    """The funnel in one line, to be broken at spaces."""
    stages = []
    for what, count, best in funnel_rows(result):
        text = f"{count} {what}" + ("" if best is None else f" (best {number(best)})")
        stages.append(text.replace(" ", SPACE))
    return " → ".join(stages)


def _count(count: int, what: str) -> str:
    return f"{count} {what}" if count == 1 else f"{count} {what}s"
