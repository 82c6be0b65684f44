"""A shop plan as a Gantt chart: text for a terminal, SVG for a page."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from html import escape
from typing import Any

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
    tasks = [task for task in plan["tasks"] if task["end"] > task["start"]]
    if not tasks:
        return "no task takes any time"
    machines, jobs = _machines(plan["tasks"]), _jobs(plan["tasks"])
    horizon = max(task["end"] for task in tasks)
    margin = max(len(str(machine)) for machine in machines)
    room = max(10, width - margin - 2 - _SHARE)
    cells = room if horizon > room else int(room // horizon * horizon)
    lines = []
    for machine in machines:
        here = [task for task in tasks if task["machine"] == machine]
        runs = _runs([_at(here, (cell + 0.5) * horizon / cells) for cell in range(cells)])
        bar = "".join(_run(task, length, jobs, style) for task, length in runs)
        busy = sum(task["end"] - task["start"] for task in here) / horizon
        lines.append(f"{machine!s:<{margin}} │{bar}│{busy:5.0%}")
    lines.append(f"{'':<{margin}} └{_axis(horizon, cells)}")
    lines += _legend(jobs, width)
    if any(CLASH in line for line in lines[: len(machines)]):
        lines.append(f"{CLASH} two tasks at once")
    return "\n".join(lines)


def gantt_svg(plan: Mapping[str, Any], *, width: int = 900) -> str:
    """A row per machine, a bar per task with its job's colour and name, a time axis and a legend; nothing from outside.

    Every bar tells its job, task, machine and times when the pointer rests on it. Text takes the colour of the page.

    Parameters
    ----------
    width
        Of the picture in pixels, >= 200.
    """
    tasks = plan["tasks"]
    machines, jobs = _machines(tasks), _jobs(tasks)
    horizon = max((task["end"] for task in tasks), default=0) or 1
    left = round(max((len(str(machine)) for machine in machines), default=0) * _CHARACTER) + 16
    scale = (width - left - 24) / horizon
    bottom = len(machines) * _ROW + 8
    legend, legend_height = _svg_legend(jobs, width, bottom + 44)
    height = bottom + 34 + legend_height
    label = f"Gantt chart: {len(tasks)} tasks on {len(machines)} machines, makespan {number(horizon)}"
    out = [_HEAD.format(width=width, height=height, label=label), _STRIPES]
    end = round(left + horizon * scale, 1)
    for tick in _ticks(horizon, most=max(2, int((width - left) // 70))):
        x = round(left + tick * scale, 1)
        out.append(f'<path d="M{x} 4V{bottom + 4}" stroke="currentColor" stroke-opacity="0.15"/>')
        if end - x > 4 * _CHARACTER + 8:
            out.append(f'<text x="{x}" y="{bottom + 18}" text-anchor="middle" fill-opacity="0.7">{number(tick)}</text>')
    for row, machine in enumerate(machines):
        middle = row * _ROW + _ROW // 2 + 4
        out.append(f'<text x="{left - 8}" y="{middle + 4}" text-anchor="end">{escape(str(machine))}</text>')
        out.append(f'<path d="M{left} {middle}H{width - 24}" stroke="currentColor" stroke-opacity="0.15"/>')
        for task in tasks:
            if task["machine"] == machine and task["end"] > task["start"]:
                out.append(_bar(task, jobs, left, scale, middle - _BAR // 2))
    out.append(f'<path d="M{end} 4V{bottom + 4}" stroke="currentColor" stroke-width="1.5"/>')
    out.append(f'<text x="{end}" y="{bottom + 18}" text-anchor="middle" font-weight="700">{number(horizon)}</text>')
    return "\n".join([*out, *legend, "</svg>"])


def _machines(tasks: Sequence[Mapping[str, Any]]) -> list[Any]:
    """Machines: numbers in ascending order, names as they first occur."""
    found = list(dict.fromkeys(task["machine"] for task in tasks))
    return sorted(found, key=lambda name: int(str(name))) if all(str(name).isdecimal() for name in found) else found


def _jobs(tasks: Sequence[Mapping[str, Any]]) -> dict[Any, int]:
    """Jobs and their numbers, as they first occur."""
    return {job: k for k, job in enumerate(dict.fromkeys(task["job"] for task in tasks))}


def _at(tasks: Sequence[Mapping[str, Any]], time: float) -> Any:
    """The job that runs at a time; IDLE or CLASH."""
    running = [task["job"] for task in tasks if task["start"] <= time < task["end"]]
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


def _ticks(horizon: float, most: int) -> list[float]:
    """Round times from 0 to the horizon, at most ``most`` + 1 of them; steps of 1, 2 or 5 times a power of ten."""
    step, factors = 1, (2, 2.5, 2)
    k = 0
    while horizon / step > most:
        step = int(step * factors[k % 3])
        k += 1
    return [step * k for k in range(int(horizon // step) + 1)]


def _axis(horizon: float, cells: int) -> str:
    """Tick labels, each beginning in the character of its time, as far as they fit."""
    line = ""
    for tick in _ticks(horizon, most=max(1, cells // 8)):
        place = round(tick * cells / horizon)
        if len(line) <= place <= cells + _SHARE - len(number(tick)):
            line = f"{line:<{place}}{number(tick)}"
    return line


def _bar(task: Mapping[str, Any], jobs: Mapping[Any, int], left: int, scale: float, top: int) -> str:
    """The bar of one task, its name where there is room, and its tooltip."""
    x, wide = round(left + task["start"] * scale, 1), max(1.0, round((task["end"] - task["start"]) * scale, 1))
    colour = COLOURS[jobs[task["job"]] % len(COLOURS)]
    title = (
        f"job {task['job']}, task {task['task']}\n{task['machine']}: {number(task['start'])} to {number(task['end'])} "
        f"({number(task['end'] - task['start'])})"
    )
    place = f'x="{x}" y="{top}" width="{wide}" height="{_BAR}" rx="2"'
    out = f'<g><title>{escape(title)}</title><rect {place} fill="{colour}" stroke="#fff" stroke-width="0.7"/>'
    striped = _striped(jobs[task["job"]])
    if striped:
        out += f'<rect {place} fill="url(#gantt-stripes)"/>'
    name = str(task["job"])
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


def _svg_legend(jobs: Mapping[Any, int], width: int, top: int) -> tuple[list[str], int]:
    """Squares with the jobs' names in lines, and their height."""
    out = [f'<text x="16" y="{top}" fill-opacity="0.7">jobs</text>']
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
