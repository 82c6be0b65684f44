"""The file with the plan of now that a roster document names."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

from pydantic import ValidationInfo

from qopt.core.errors import Issue, ModelError
from qopt.models.documents.document import Document
from qopt.models.documents.issues import placed
from qopt.models.documents.nodes import Node, Positions, planted
from qopt.models.plan_files import json_plan, refuse_both, text_beside
from qopt.models.records import read_table
from qopt.models.table_rows import Expansion, TablePointer

_COLUMNS = ("person", "day", "shift")
_WHERE = ("plan", "from")


def with_shifts(document: Document) -> Document:
    """The document with the lines of the table of shifts that its section ``plan`` names; without a shift a line says
    that the day is off. What is no table is read later, by ``with_plan``.

    Raises
    ------
    ModelError
        No such file, no such columns, or shifts in the document besides.
    """
    from qopt.models.families._roster_parts import Planned

    positions = document.positions
    named, section = positions.node(_WHERE), positions.node(_WHERE[:1])
    if named is None or section is None or not isinstance(named.value, str) or Path(named.value).suffix == ".json":
        return document
    try:
        refuse_both(section.plain(), "shifts")
    except ModelError as error:
        raise ModelError([placed(issue, _WHERE[:1], positions) for issue in error.issues]) from None
    try:
        table = read_table(named.value, document, what="plan")
        missing = [name for name in _COLUMNS if name not in table.header]
        if missing:
            rule = f"a table of shifts has the columns {', '.join(_COLUMNS)}; this one has no {', '.join(missing)}"
            raise ModelError(Issue(rule, place=table.place(-1, 0), suggestion="name them in the header"))
        lines = Expansion(table, TablePointer(table=named.value, columns=_COLUMNS), "records", [Planned]).node()
    except ModelError as error:
        raise ModelError([placed(issue, _WHERE, positions) for issue in error.issues]) from None
    shifts = Node([line for line in lines.value if "shift" in line.value], lines.start)
    plan = {key: part for key, part in section.value.items() if key != "from"} | {"shifts": shifts}
    root = planted(positions.root, _WHERE[:1], Node(plan, section.start, keys=section.keys))
    return replace(document, positions=Positions(root, positions.text, positions.file))


def with_plan(given: Any, info: ValidationInfo) -> Any:
    """The section ``plan`` with the shifts of the plan, as ``interpret`` writes it, or of the run that it names.

    Raises
    ------
    ModelError
        No such file, or no plan in it.
    """
    if not isinstance(given, dict) or not isinstance(given.get("from"), str):
        return given
    refuse_both(given, "shifts")
    found = json_plan(text_beside(given["from"], info), given["from"], "roster", "days")
    shifts = [
        {"person": line["person"], "day": day, "shift": shift}
        for line in found["roster"]
        for day, shift in zip(found["days"], line["shifts"])
        if shift is not None
    ]
    return {key: value for key, value in given.items() if key != "from"} | {"shifts": shifts}
