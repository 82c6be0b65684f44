"""A shop plan as a Gantt chart: text for a terminal, SVG for a page."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from html import escape
from typing import Any

from qopt.report.gantt_rows import Axis, Bar, Row, is_project, owners, rows
from qopt.report.tables import number

SYMBOLS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
IDLE, CLASH = "·", "!"
COLOURS = ("#0072b2", "#e69f00", "#009e73", "#cc79a7", "#56b4e9", "#d55e00", "#f0e442", "#7a3fb5", "#8c8c8c", "#6b4c1e")
"""Fills that stay apart for the colour-blind (Okabe & Ito 2008, and three more); the next ten jobs are striped."""
_ROW, _BAR, _CHARACTER = 30, 22, 6.6  # pixels
_SHARE = 6  # characters of a line's share of busy time

_HEAD = """<svg class="gantt" xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}"
 viewBox="0 0 {width} {height}" role="img" aria-label="{label}"
 font-family="system-ui, sans-serif" font-size="12" fill="currentColor">"""
_STRIPES = """<defs><pattern id="gantt-stripes" width="6" height="6" patternUnits="userSpaceOnUse"
 patternTransform="rotate(45)"><rect width="2" height="6" fill="#fff" fill-opacity="0.55"/></pattern></defs>"""


def text_gantt(plan: Mapping[str, Any], *, width: int = 80, style: Callable[[str, int], str] | None = None) -> str:
    """A line per machine, a character per job, a time axis and a legend.

    A character stands for what runs in the middle of its time; tasks shorter than that may not show. ``!`` marks two
    tasks at once, which a valid plan has not.

    Parameters
    ----------
    width
        Most characters of a line; the bars get at least 10.
    style
        Called with a run of equal characters and the number of its job; returns what to print for it, such as the same
        with markup. Default: plain text.
    """
    tasks = [task for task in plan["tasks"] if task["end"] != task["start"]]
    if not tasks:
        return "no task takes any time"
    axis, jobs = Axis.of(plan["tasks"]), owners(plan["tasks"])
    lanes, horizon = rows(plan, axis), axis.horizon
    margin = max(len(row.name) for row in lanes)
    room = max(10, width - margin - 2 - _SHARE)
    cells = room if horizon > room else int(room // horizon * horizon)
    lines = []
    for row in lanes:
        here = [bar for bar in row.bars if bar.end > bar.start]
        runs = _runs([_at(here, (cell + 0.5) * horizon / cells) for cell in range(cells)])
        drawn = "".join(_run(owner, length, jobs, style) for owner, length in runs)
        busy = sum(bar.end - bar.start for bar in here) / horizon
        lines.append(f"{row.name:<{margin}} │{drawn}│{busy:5.0%}")
    lines.append(f"{'':<{margin}} └{_axis(axis, cells)}")
    lines += _legend(jobs, width)
    if any(CLASH in line for line in lines[: len(lanes)]):
        lines.append(f"{CLASH} two tasks at once")
    return "\n".join([*lines, *_late(plan, axis)])


def gantt_svg(plan: Mapping[str, Any], *, width: int = 900) -> str:
    """A row per machine, a bar per task with its job's colour and name, a time axis and a legend; nothing from outside.

    Every bar tells its job, task, machine and times when the pointer rests on it. Text takes the colour of the page.

    Parameters
    ----------
    width
        Of the picture in pixels, >= 200.
    """
    tasks = plan["tasks"]
    axis, jobs = Axis.of(tasks), owners(tasks)
    lanes, horizon = rows(plan, axis), axis.horizon or 1
    left = round(max((len(row.name) for row in lanes), default=0) * _CHARACTER) + 16
    scale = (width - left - 24) / horizon
    bottom = len(lanes) * _ROW + 8
    legend, legend_height = _svg_legend(jobs, width, bottom + 44, "tasks" if is_project(tasks) else "jobs")
    late = _late(plan, axis)
    height = bottom + 34 + legend_height + 20 * len(late)
    names = len({row.name for row in lanes} - {""})
    label = f"Gantt chart: {len(tasks)} tasks on {names} machines, makespan {number(plan.get('makespan', horizon))}"
    out = [_HEAD.format(width=width, height=height, label=label), _STRIPES]
    end = round(left + horizon * scale, 1)
    for tick in axis.ticks(most=max(2, int((width - left) // 70))):
        x = round(left + tick * scale, 1)
        out.append(f'<path d="M{x} 4V{bottom + 4}" stroke="currentColor" stroke-opacity="0.15"/>')
        if end - x > 4 * _CHARACTER + 8:
            text = escape(axis.label(tick))
            out.append(f'<text x="{x}" y="{bottom + 18}" text-anchor="middle" fill-opacity="0.7">{text}</text>')
    for k, row in enumerate(lanes):
        middle = k * _ROW + _ROW // 2 + 4
        out.append(f'<text x="{left - 8}" y="{middle + 4}" text-anchor="end">{escape(row.name)}</text>')
        out += _closed(row, left, scale, middle - _ROW // 2, horizon)
        out.append(f'<path d="M{left} {middle}H{width - 24}" stroke="currentColor" stroke-opacity="0.15"/>')
        out += [_bar(bar, axis, jobs, left, scale, middle - _BAR // 2) for bar in row.bars if bar.end > bar.start]
    out.append(f'<path d="M{end} 4V{bottom + 4}" stroke="currentColor" stroke-width="1.5"/>')
    text = escape(axis.label(axis.horizon or 1))
    out.append(f'<text x="{end}" y="{bottom + 18}" text-anchor="middle" font-weight="700">{text}</text>')
    for k, line in enumerate(late):
        y = bottom + 44 + legend_height + 20 * k
        out.append(f'<text x="16" y="{y}" font-weight="700">{escape(line)}</text>')
    return "\n".join([*out, *legend, "</svg>"])


def _closed(row: Row, left: int, scale: float, top: int, horizon: float) -> list[str]:
    """Shades where a machine is closed."""
    out = []
    for low, high in row.closed:
        low, high = max(0.0, low), min(horizon, high)
        if low < high:
            place = f'x="{round(left + low * scale, 1)}" width="{round((high - low) * scale, 1)}"'
            out.append(f'<rect {place} y="{top}" height="{_ROW}" fill="currentColor" fill-opacity="0.1"/>')
    return out


def _late(plan: Mapping[str, Any], axis: Axis) -> list[str]:
    """A line per job that ends after it was due."""
    return [
        f"late: {job['job']} by {number(job['late'])}, due {axis.told(job['due'])}"
        + (f", at a price of {number(job['cost'])}" if job.get("cost") else "")
        for job in plan.get("jobs", ())
        if job.get("late", 0) > 0
    ]


def _at(bars: Sequence[Bar], time: float) -> Any:
    """What runs at a time; IDLE or CLASH."""
    running = [bar.owner for bar in bars if bar.start <= time < bar.end]
    return (IDLE,) if not running else (CLASH,) if len(running) > 1 else running[0]


def _runs(cells: Sequence[Any]) -> list[tuple[Any, int]]:
    """Equal neighbours and how many there are."""
    out: list[tuple[Any, int]] = []
    for cell in cells:
        if out and out[-1][0] == cell:
            out[-1] = (cell, out[-1][1] + 1)
        else:
            out.append((cell, 1))
    return out


def _run(job: Any, length: int, jobs: Mapping[Any, int], style: Callable[[str, int], str] | None) -> str:
    if isinstance(job, tuple):
        return str(job[0]) * length
    text = _symbol(job, jobs) * length
    return text if style is None else style(text, jobs[job])


def _symbol(job: Any, jobs: Mapping[Any, int]) -> str:
    """A job's own single character where all have one, else its number's."""
    if all(len(str(name)) == 1 for name in jobs):
        return str(job)
    return SYMBOLS[jobs[job] % len(SYMBOLS)]


def _legend(jobs: Mapping[Any, int], width: int) -> list[str]:
    """What the characters stand for; nothing where they are the jobs' names."""
    lines: list[str] = []
    for job in jobs:
        if _symbol(job, jobs) == str(job):
            continue
        entry = f"{_symbol(job, jobs)} {job}"
        if lines and len(lines[-1]) + 3 + len(entry) <= width:
            lines[-1] += f"   {entry}"
        else:
            lines.append(entry)
    return lines


def _axis(axis: Axis, cells: int) -> str:
    """Tick labels, each beginning in the character of its time, as far as they fit."""
    line = ""
    for tick in axis.ticks(most=max(1, cells // 8)):
        place, text = round(tick * cells / axis.horizon), axis.label(tick)
        if len(line) <= place <= cells + _SHARE - len(text):
            line = f"{line:<{place}}{text}"
    return line


def _bar(bar: Bar, axis: Axis, jobs: Mapping[Any, int], left: int, scale: float, top: int) -> str:
    """The bar of one task, its name where there is room, and its tooltip."""
    task, k = bar.task, jobs[bar.owner]
    x, wide = round(left + bar.start * scale, 1), max(1.0, round((bar.end - bar.start) * scale, 1))
    title = f"job {task['job']}, task {task['task']}\n"
    title += "" if task["machine"] is None else f"{task['machine']}: "
    title += f"{axis.told(task['start'])} to {axis.told(task['end'])}"
    title += f" ({number(bar.end - bar.start)})" if axis.zero is None else ""
    title += "".join(f"\n{amount} of {name}" for name, amount in task.get("uses", {}).items())
    place = f'x="{x}" y="{top}" width="{wide}" height="{_BAR}" rx="2"'
    colour = COLOURS[k % len(COLOURS)]
    out = f'<g><title>{escape(title)}</title><rect {place} fill="{colour}" stroke="#fff" stroke-width="0.7"/>'
    striped = _striped(k)
    if striped:
        out += f'<rect {place} fill="url(#gantt-stripes)"/>'
    name = str(bar.owner)
    if len(name) * _CHARACTER + 6 <= wide:
        ink = '#000" stroke="#fff" stroke-width="3" paint-order="stroke' if striped else _ink(colour)
        middle = round(x + wide / 2, 1)
        out += f'<text x="{middle}" y="{top + 15}" text-anchor="middle" fill="{ink}">{escape(name)}</text>'
    return out + "</g>"


def _striped(k: int) -> bool:
    """Whether the k-th job has its colour for the second time."""
    return k // len(COLOURS) % 2 == 1


def _ink(colour: str) -> str:
    """Black or white, whichever stands out more on a fill (relative luminance of WCAG 2)."""
    channels = [int(colour[k : k + 2], 16) / 255 for k in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    luminance = sum(weight * c for weight, c in zip((0.2126, 0.7152, 0.0722), linear))
    return "#000" if luminance > 0.179 else "#fff"


def _svg_legend(jobs: Mapping[Any, int], width: int, top: int, what: str) -> tuple[list[str], int]:
    """Squares with the jobs' names in lines, and their height."""
    out = [f'<text x="16" y="{top}" fill-opacity="0.7">{what}</text>']
    x, y = 52.0, top
    for job, k in jobs.items():
        wide = len(str(job)) * _CHARACTER + 34
        if x + wide > width and x > 52:
            x, y = 52.0, y + 20
        square = f'x="{round(x, 1)}" y="{y - 11}" width="13" height="13" rx="2"'
        out.append(f'<rect {square} fill="{COLOURS[k % len(COLOURS)]}"/>')
        if _striped(k):
            out.append(f'<rect {square} fill="url(#gantt-stripes)"/>')
        out.append(f'<text x="{round(x + 18, 1)}" y="{y}">{escape(str(job))}</text>')
        x += wide
    return out, y - top + 20
