"""What plans decide, by which it is told how much they differ."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest

from qopt.core import registry
from qopt.evaluate.rank import difference


def differs(family: str, one: dict[str, Any], other: dict[str, Any]) -> float:
    decisions = registry.load("families", family).decisions
    return difference(Counter(decisions(one)), Counter(decisions(other)))


def routes(*stops: str, kinds: str = "") -> dict[str, Any]:
    lines: list[dict[str, Any]] = [{"stops": list(line), "cost": 1.0} for line in stops]
    return {"routes": [line | {"kind": kind} for line, kind in zip(lines, kinds)] if kinds else lines}


def test_legs_of_routes() -> None:
    assert differs("routing", routes("abc", "de"), routes("ed", "cba")) == 0
    assert differs("routing", routes("abc", "de"), routes("abd", "ce")) == pytest.approx(2 / 7)  # bc, de
    assert differs("routing", routes("abc", kinds="x"), routes("cba", kinds="x")) == 1
    assert differs("routing", routes("abc", "d", kinds="xy"), routes("abc", "d", kinds="xx")) == pytest.approx(2 / 6)


def test_orders_on_machines() -> None:
    def plan(*orders: str, **more: Any) -> dict[str, Any]:
        starts = [(f"m{k}", job, j) for k, order in enumerate(orders) for j, job in enumerate(order)]
        lines = [{"machine": m, "job": job, "task": m, "start": j, "end": j + 1} for m, job, j in starts]
        return {"tasks": lines} | more

    assert differs("shop", plan("abc", "abc"), plan("abc", "abc")) == 0
    assert differs("shop", plan("abc", "abc"), plan("abc", "acb")) == 0.5  # bc stays on m0, ab too
    assert differs("shop", plan("abc", "abc", jobs=[]), plan("abc", "acb", jobs=[])) == pytest.approx(2 / 10)


def test_shifts_of_people() -> None:
    def plan(**rows: str) -> dict[str, Any]:
        return {"roster": [{"person": name, "shifts": [s.strip() for s in row]} for name, row in rows.items()]}

    assert differs("roster", plan(ada="EE L", bo="LL  "), plan(bo="LL  ", ada="EE L")) == 0
    assert differs("roster", plan(ada="EE L", bo="LL  "), plan(ada="EE  ", bo="LL L")) == pytest.approx(1 / 5)
