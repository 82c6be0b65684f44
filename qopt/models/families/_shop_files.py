"""Files that a shop document names: jobs in other formats, and the plan of now."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic import ValidationError, ValidationInfo

from qopt.core import registry
from qopt.core.errors import Issue, ModelError, Place
from qopt.models.faults import refuse
from qopt.models.plan_files import plan_in_file


def with_jobs(given: Any, info: ValidationInfo) -> Any:
    """The document with the jobs of its ``imports``, and the machines and resources that these need, behind its own.

    Raises
    ------
    ModelError
        A file that cannot be read, or holds no jobs.
    """
    if not isinstance(given, dict) or not isinstance(given.get("imports"), (list, tuple)) or not given["imports"]:
        return given
    out = {key: value for key, value in given.items() if key != "imports"}
    for name in ("machines", "resources", "jobs"):
        out[name] = list(out[name]) if isinstance(out.get(name), (list, tuple)) else []
    known = {name: {str(_id(thing)) for thing in out[name]} for name in ("machines", "resources")}
    for k, entry in enumerate(given["imports"]):
        found = _read(entry, k, info)
        prefix = entry.get("prefix", "")
        for name in known:
            out[name] += [thing for thing in found.get(name, ()) if str(thing["id"]) not in known[name]]
            known[name] |= {str(thing["id"]) for thing in found.get(name, ())}
        out["jobs"] += [job | {"id": f"{prefix}{job['id']}"} if prefix else job for job in found["jobs"]]
        rules = [_renamed(rule, prefix) for rule in found.get("rules", ())]
        if rules:
            out["rules"] = [*out.get("rules", ()), *rules]
    return out


def _id(thing: Any) -> Any:
    return thing.get("id") if isinstance(thing, dict) else thing


def _renamed(rule: dict[str, Any], prefix: str) -> dict[str, Any]:
    kinds = ("before", "no_wait", "start_within")
    return {key: [prefix + name for name in value] if key in kinds else value for key, value in rule.items()}


def _read(entry: Any, k: int, info: ValidationInfo) -> dict[str, Any]:
    """What the file of an entry holds, as plain data."""
    from qopt.models.detect import read
    from qopt.models.families._shop_document import ShopInstance
    from qopt.models.families._shop_parts import Import

    try:
        asked = Import.model_validate(entry)
    except ValidationError as error:
        refuse("shop", [(("imports", k, *found["loc"]), str(found["msg"]), found["input"]) for found in error.errors()])
        raise
    path = _beside(asked.file, info, f"imports[{k}].file")
    member = None if asked.member is None else str(asked.member)
    if asked.format is not None and asked.format not in registry.names("formats"):
        rule = f"no such format; there are: {', '.join(registry.names('formats'))}"
        raise ModelError(Issue(rule, asked.format, Place(path=f"imports[{k}].format")))
    found = read(path, format=asked.format, member=member)
    if not isinstance(found, ShopInstance):
        raise ModelError(Issue("this file holds no jobs of a shop", asked.file, Place(path=f"imports[{k}].file")))
    data: dict[str, Any] = found.model_dump(mode="python", by_alias=True, exclude_defaults=True)
    return data


def with_plan(given: Any, info: ValidationInfo) -> Any:
    """The section ``plan`` with the tasks of the file that it names.

    Raises
    ------
    ModelError
        No such file, no JSON, or no plan in it.
    """
    if not isinstance(given, dict) or not isinstance(given.get("from"), str):
        return given
    found = plan_in_file(given["from"], "tasks", info, given)
    keys = ("job", "task", "machine", "uses", "start")
    tasks = [{key: line[key] for key in keys if key in line} for line in found["tasks"] if isinstance(line, Mapping)]
    return {key: value for key, value in given.items() if key != "from"} | {"tasks": tasks}


def _beside(file: str, info: ValidationInfo, where: str) -> Any:
    """The path of a file of jobs beside the document; a fault stands where the document names it."""
    from qopt.models.documents.limits import DEFAULT
    from qopt.models.tables import beside

    document = (info.context or {}).get("document")
    base, limits = (None, DEFAULT) if document is None else (document.base_dir, document.limits)
    try:
        return beside(base, file, limits, what="file of jobs")
    except ModelError as error:
        issue = error.issues[0]
        raise ModelError(Issue(issue.rule, issue.value, Place(path=where), issue.suggestion)) from None
