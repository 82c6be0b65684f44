"""The file with the plan of now that a roster document names."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from pydantic import ValidationInfo

from qopt.core.errors import Issue, ModelError, Place
from qopt.models.source import decoded, read_bytes

_HEADER = ("person", "day", "shift")


def with_plan(given: Any, info: ValidationInfo) -> Any:
    """The section ``plan`` with the shifts of the file that it names.

    Raises
    ------
    ModelError
        No such file, or no plan in it.
    """
    from qopt.models.documents.limits import DEFAULT
    from qopt.models.tables import beside, parse_csv

    if not isinstance(given, dict) or not isinstance(given.get("from"), str):
        return given
    if given.get("shifts"):
        place = Place(path="shifts")
        raise ModelError(Issue("a plan is in a file or in the document", place=place, suggestion="keep one of the two"))
    name = given["from"]
    document = (info.context or {}).get("document")
    base, limits = (None, DEFAULT) if document is None else (document.base_dir, document.limits)
    try:
        text = decoded(read_bytes(beside(base, name, limits, what="plan")), name)
    except ModelError as error:
        issue = error.issues[0]
        raise ModelError(Issue(issue.rule, issue.value, Place(path="from"), issue.suggestion)) from None
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
    try:
        found: Any = json.loads(text)
    except ValueError as error:
        raise ModelError(Issue(f"this is no JSON: {error}", name, Place(path="from"))) from None
    if isinstance(found, Mapping) and found.get("solutions"):
        found = found["solutions"][0].get("plan")
    lines = found.get("roster") if isinstance(found, Mapping) else None
    days = found.get("days") if isinstance(found, Mapping) else None
    if not isinstance(lines, list) or not isinstance(days, list):
        rule = "a plan has a roster and days; this file has none"
        raise ModelError(Issue(rule, name, Place(path="from"), "write it by qopt solve --json"))
    return [
        {"person": line["person"], "day": day, "shift": shift}
        for line in lines
        for day, shift in zip(days, line["shifts"])
        if shift is not None
    ]
