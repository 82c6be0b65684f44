"""The file with the plan of now that a roster document names."""

from __future__ import annotations

from typing import Any

from pydantic import ValidationInfo

from qopt.models.plan_files import json_plan, refuse_both, text_beside

_HEADER = ("person", "day", "shift")


def with_plan(given: Any, info: ValidationInfo) -> Any:
    """The section ``plan`` with the shifts of the file that it names.

    Raises
    ------
    ModelError
        No such file, or no plan in it.
    """
    from qopt.models.tables import parse_csv

    if not isinstance(given, dict) or not isinstance(given.get("from"), str):
        return given
    refuse_both(given, "shifts")
    name = given["from"]
    text = text_beside(name, info)
    rest = {key: value for key, value in given.items() if key != "from"}
    if text.lstrip().startswith("{"):
        return rest | {"shifts": _from_json(text, name)}
    table = parse_csv(text, name)
    columns = [table.column(key) for key in _HEADER]
    lines: list[dict[str, Any]] = [dict(zip(_HEADER, (row[c] for c in columns), strict=True)) for row in table.rows]
    return rest | {"shifts": [line | {"day": _number(line["day"])} for line in lines if line["shift"]]}


def _number(text: str) -> int | str:
    return int(text) if text.isdecimal() else text


def _from_json(text: str, name: str) -> list[dict[str, Any]]:
    """The shifts of a plan as ``interpret`` writes it, or of a run."""
    found = json_plan(text, name, "roster", "days")
    return [
        {"person": line["person"], "day": day, "shift": shift}
        for line in found["roster"]
        for day, shift in zip(found["days"], line["shifts"])
        if shift is not None
    ]
