"""Small pieces of HTML. Everything that comes from outside goes through ``escape`` here or at its caller."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from html import escape


def section(title: str, *parts: str) -> str:
    """A card of the page; the title is plain text."""
    return f"<section><h2>{escape(title)}</h2>{''.join(parts)}</section>"


def listing(lines: Iterable[str]) -> str:
    """A bulleted list of plain texts."""
    return "<ul>" + "".join(f"<li>{escape(line)}</li>" for line in lines) + "</ul>"


def table(
    columns: Sequence[tuple[str, str]], rows: Iterable[Sequence[str]], *, first: str = "", hidden: Sequence[str] = ()
) -> str:
    """A table that scrolls sideways where it must.

    Parameters
    ----------
    columns
        Title (plain text) and ``left``, ``right`` or ``words`` (left, with room to wrap).
    rows
        Cells as HTML.
    first
        Class of the first row.
    hidden
        Titles of columns that are left out.
    """
    kept = [k for k, (title, _) in enumerate(columns) if title not in hidden]
    classes = {"right": ' class="right"', "words": ' class="words"'}
    head = "".join(f"<th{classes.get(columns[k][1], '')}>{escape(columns[k][0])}</th>" for k in kept)
    lines = []
    for number, row in enumerate(rows):
        mark = f' class="{first}"' if first and number == 0 else ""
        cells = "".join(f"<td{classes.get(columns[k][1], '')}>{row[k]}</td>" for k in kept)
        lines.append(f"<tr{mark}>{cells}</tr>")
    return f'<div class="wide"><table><thead><tr>{head}</tr></thead><tbody>{"".join(lines)}</tbody></table></div>'


def folded(summary: str, body: str) -> str:
    """Something to open; the summary is plain text, the body HTML."""
    return f"<details><summary>{escape(summary)}</summary>{body}</details>"


def tag(origin: str) -> str:
    """An origin in its colour."""
    return f'<span class="tag o-{escape(origin)}">{escape(origin)}</span>'


def bars(rows: Sequence[tuple[str, int, str]]) -> str:
    """Horizontal bars of counts: rows of label, count and a note. Lengths go with the root, so that small ones show."""
    largest = max((count for _, count, _ in rows), default=0) or 1
    lines = []
    for label, count, note in rows:
        share = 100 * (count / largest) ** 0.5
        bar = f'<span style="width:{share:.1f}%"></span>' if count else ""
        words = f"{count}" + (f" <small>{escape(note)}</small>" if note else "")
        lines.append(f'<tr><td>{escape(label)}</td><td class="track">{bar}</td><td>{words}</td></tr>')
    return f'<table class="bars">{"".join(lines)}</table>'
