"""Portfolios and selections for people: what is chosen, what that is worth, and why the rest is not."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape
from textwrap import wrap
from typing import Any

from qopt.report.markup import listing, table
from qopt.report.tables import number, numbers

LEFT_OUT = 25
"""Most items that are left out whose reason is told."""


def text_holdings(plan: Mapping[str, Any], width: int) -> list[str]:
    """A line per holding, then return and volatility, then what is bought and sold."""
    lines = plan["holdings"]
    columns = [
        _column("asset", [str(line["asset"]) for line in lines], left=True),
        _column("lots", [str(line["lots"]) for line in lines]),
        _column("money", numbers([round(line["money"], 2) for line in lines])),
        _column("share", [_percent(line["share"]) for line in lines]),
    ]
    out = ["  ".join(cells) for cells in zip(*columns)]
    for line in (_promise(plan), *_trades(plan)):
        out += wrap(line, max(40, width), subsequent_indent="  ", break_long_words=False)
    return out


def html_holdings(plan: Mapping[str, Any]) -> str:
    """The same as a table and a list."""
    rows = [
        (escape(str(line["asset"])), str(line["lots"]), number(round(line["money"], 2)), _percent(line["share"]))
        for line in plan["holdings"]
    ]
    columns = (("asset", "left"), ("lots", "right"), ("money", "right"), ("share", "right"))
    return table(columns, rows) + listing([_promise(plan), *_trades(plan)])


def text_selection(plan: Mapping[str, Any], width: int) -> list[str]:
    """What is selected, what that is worth and takes, and a line for each item that is left out."""
    names = [str(name) for name in plan["selected"]]
    out = [*_paragraph("selected  ", ", ".join(names) or "nothing", width)]
    out += _paragraph("worth     ", _worth(plan), width)
    if plan["spent"]:
        out += _paragraph("takes     ", _spent(plan), width)
    told = plan.get("left_out", ())
    for line in told[:LEFT_OUT]:
        out += _paragraph(f"without {line['item']}: ", line["reason"], width, indent=2)
    return out + ([f"… and {len(told) - LEFT_OUT} more are left out"] if len(told) > LEFT_OUT else [])


def html_selection(plan: Mapping[str, Any]) -> str:
    """Two tables: what is selected with what it adds, and what is left out with its reason and its price."""
    adds = {str(line["item"]): line for line in plan.get("taken", ())}
    chosen = []
    for name in plan["selected"]:
        line = adds.get(str(name), {})
        chosen.append((escape(str(name)), number(line.get("adds")), escape(line.get("reason", ""))))
    out = [
        (escape(str(line["item"])), escape(line["code"]), number(line.get("price")), escape(line["reason"]))
        for line in plan.get("left_out", ())
    ]
    columns = (("left out", "left"), ("code", "left"), ("price", "right"), ("why", "words"))
    facts = [f"worth {_worth(plan)}"] + ([f"takes {_spent(plan)}"] if plan["spent"] else [])
    selected = table((("selected", "left"), ("adds", "right"), ("", "words")), chosen)
    return selected + listing(facts) + (table(columns, out) if out else "")


def _promise(plan: Mapping[str, Any]) -> str:
    costs = f", {number(round(plan['costs'], 2))} for trading" if plan["costs"] else ""
    facts = f"expected return {_percent(plan['return'])}, volatility {_percent(plan['volatility'])}"
    return f"{facts}; {number(round(plan['invested'], 2))} invested, {number(round(plan['cash'], 2))} in cash{costs}"


def _trades(plan: Mapping[str, Any]) -> list[str]:
    """What is bought, and what is sold."""
    out = []
    for word, key in (("buy", "bought"), ("sell", "sold")):
        moved = [f"{line[key]} {line['asset']}" for line in plan["trades"] if line[key]]
        out += [f"{word} {', '.join(moved)}"] if moved else []
    return out


def _worth(plan: Mapping[str, Any]) -> str:
    parts = [f"{number(round(plan[key], 6))} {key}" for key in ("score", "synergy", "redundancy") if plan[key]]
    return number(round(plan["value"], 6)) + (f" ({', '.join(parts)})" if len(parts) > 1 else "")


def _spent(plan: Mapping[str, Any]) -> str:
    return ", ".join(f"{number(round(value, 6))} {name}" for name, value in plan["spent"].items())


def _percent(share: float) -> str:
    return f"{100 * share:.2f} %"


def _paragraph(head: str, text: str, width: int, *, indent: int | None = None) -> list[str]:
    behind = " " * (len(head) if indent is None else indent)
    return wrap(head + text, max(40, width), subsequent_indent=behind, break_long_words=False)


def _column(title: str, cells: Sequence[str], *, left: bool = False) -> list[str]:
    wide = max(len(text) for text in (title, *cells))
    return [text.ljust(wide) if left else text.rjust(wide) for text in (title, *cells)]
