"""Files with the plan of now that a document names."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from pydantic import ValidationInfo

from qopt.core.errors import Issue, ModelError, Place
from qopt.models.source import decoded, read_bytes


def plan_in_file(name: str, key: str, info: ValidationInfo, section: Mapping[str, Any]) -> Mapping[str, Any]:
    """The plan in a file beside the document: a plan by itself, or what ``qopt solve --json`` wrote.

    Parameters
    ----------
    key
        What the plan lists, such as ``routes``.
    section
        The document's section ``plan``, which must not list the same.

    Raises
    ------
    ModelError
        No such file, no JSON, no plan of that kind in it, or a plan in the document besides.
    """
    refuse_both(section, key)
    return json_plan(text_beside(name, info), name, key)


def refuse_both(section: Mapping[str, Any], key: str) -> None:
    """Raise where a section that names a file lists a plan besides."""
    if section.get(key):
        place = Place(path=key)
        raise ModelError(Issue("a plan is in a file or in the document", place=place, suggestion="keep one of the two"))


def text_beside(name: str, info: ValidationInfo) -> str:
    """The text of the file with the plan; a fault stands where the document names it, at ``from``."""
    from qopt.models.documents.limits import DEFAULT
    from qopt.models.tables import beside

    document = (info.context or {}).get("document")
    base, limits = (None, DEFAULT) if document is None else (document.base_dir, document.limits)
    try:
        return decoded(read_bytes(beside(base, name, limits, what="plan")), name)
    except ModelError as error:
        issue = error.issues[0]
        raise ModelError(Issue(issue.rule, issue.value, Place(path="from"), issue.suggestion)) from None


def json_plan(text: str, name: str, *keys: str) -> Mapping[str, Any]:
    """The plan in a JSON text: a run's best, or the text itself. It has lists under these keys."""
    try:
        found: Any = json.loads(text)
    except ValueError as error:
        raise ModelError(Issue(f"this is no JSON: {error}", name, Place(path="from"))) from None
    solutions = found.get("solutions") if isinstance(found, Mapping) else None
    if isinstance(solutions, list) and solutions and isinstance(solutions[0], Mapping):
        found = solutions[0].get("plan")
    if not isinstance(found, Mapping) or not all(isinstance(found.get(key), list) for key in keys):
        rule = f"a plan has a list of {' and of '.join(keys)}; this file has none"
        raise ModelError(Issue(rule, name, Place(path="from"), "write it by qopt solve --json"))
    return found
