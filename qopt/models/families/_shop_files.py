"""Files that a shop document names: jobs in other formats, and the plan of now."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from pydantic import ValidationError, ValidationInfo

from qopt.core import registry
from qopt.core.errors import Issue, ModelError, Place
from qopt.models.documents.document import Document
from qopt.models.documents.issues import closest, issues_of, placed
from qopt.models.documents.nodes import Node, Path, Positions, path_parts, rooted
from qopt.models.instance import path_text
from qopt.models.plan_files import plan_in_file
from qopt.models.tables import beside

if TYPE_CHECKING:
    from qopt.models.families._shop_parts import Import


def with_jobs(document: Document) -> Document:
    """The document with the jobs that it imports in the place of ``import``, those of ``imports`` behind its own.

    The machines and resources that they need come behind its own; what has the same id is the same.

    Raises
    ------
    ModelError
        A file that cannot be read, or holds no jobs.
    """
    root = document.positions.root
    jobs, imports = (_entries(root, name) for name in ("jobs", "imports"))
    if not imports and not any(map(_imports, jobs)):
        return document
    reader = _Reader(document)
    made: list[Node] = []
    for k, job in enumerate(jobs):
        made += reader.jobs_of(job, ("jobs", k)) if _imports(job) else [job]
    for k, entry in enumerate(imports):
        made += reader.jobs(entry, ("imports", k))
    if reader.issues:
        raise ModelError(reader.issues)
    parts = {key: node for key, node in root.value.items() if key != "imports"}
    for name, new in (reader.things | {"jobs": made}).items():
        own = parts.get(name)
        if new and (own is None or isinstance(own.value, list)):
            kept = [] if own is None or name == "jobs" else own.value
            parts[name] = Node([*kept, *new], root.start if own is None else own.start)
    positions = document.positions
    grown = Node(parts, root.start, root.style, root.keys)
    return replace(document, positions=Positions(grown, positions.text, positions.file))


def _entries(root: Node, name: str) -> list[Node]:
    found = root.child(name)
    return found.value if found is not None and isinstance(found.value, list) else []


def _imports(job: Node) -> bool:
    found = job.child("import")
    return found is not None and found.value is not None


class _Reader:
    """Reads files of jobs, and keeps what they need besides."""

    def __init__(self, document: Document) -> None:
        self.document = document
        self.things: dict[str, list[Node]] = {"machines": [], "resources": [], "rules": []}
        self.issues: list[Issue] = []
        self._known: dict[str, set[str]] = {
            name: {_id(thing.plain()) for thing in _entries(document.positions.root, name)} for name in self.things
        }

    def jobs(self, entry: Node, path: Path, rename: Callable[[str, int], str] | None = None) -> list[Node]:
        """The jobs of a file, which an entry names; ``rename`` has their id and their count."""
        from qopt.models.families._shop_parts import Import

        positions = self.document.positions
        try:
            asked = Import.model_validate(entry.plain())
        except ValidationError as error:
            own = issues_of(error, Positions(entry, positions.text, positions.file), Import)
            self.issues += [replace(i, place=replace(i.place, path=_joined(path, i.place.path))) for i in own]
            return []
        try:
            found = _read(asked, self.document)
        except ModelError as error:
            self.issues += [placed(issue, path, positions) for issue in error.issues]
            return []
        count = len(found["jobs"])
        new = {
            str(job["id"]): rename(str(job["id"]), count) if rename else f"{asked.prefix}{job['id']}"
            for job in found["jobs"]
        }
        for name in ("machines", "resources"):
            missing = [thing for thing in found.get(name, ()) if str(thing["id"]) not in self._known[name]]
            self.things[name] += [rooted(thing, entry.start) for thing in missing]
            self._known[name] |= {str(thing["id"]) for thing in missing}
        self.things["rules"] += [rooted(_renamed(rule, new), entry.start) for rule in found.get("rules", ())]
        return [rooted(job | {"id": new[str(job["id"])]}, entry.start) for job in found["jobs"]]

    def jobs_of(self, job: Node, path: Path) -> list[Node]:
        """What an entry of ``jobs`` imports: a job of its id, or, of a file with several, jobs ID.0, ID.1 and so on.
        What else the entry says holds for each of them."""
        said = {key: node for key, node in job.value.items() if key not in ("id", "import")}
        if "tasks" in said:
            rule, place = "a job has tasks, or imports them", self.document.place((*path, "import"), key=True)
            self.issues.append(Issue(rule, place=place, suggestion="keep one of the two"))
            return []
        own = job.child("id")
        name = "" if own is None else str(own.value)
        found = self.jobs(
            job.value["import"], (*path, "import"), lambda k, count: name if count == 1 else f"{name}.{k}"
        )
        if own is None or not isinstance(own.value, (str, int)):  # which is told later
            kept = said | ({} if own is None else {"id": own})
            return [Node(kept | {"tasks": made.value["tasks"]}, job.start, keys=job.keys) for made in found[:1]]
        return [Node(made.value | said, job.start, keys=job.keys) for made in found]


def _joined(path: Path, inside: str) -> str:
    return path_text((*path, *path_parts(inside)))


def _id(thing: Any) -> str:
    return str(thing.get("id") if isinstance(thing, dict) else thing)


def _renamed(rule: dict[str, Any], names: Mapping[str, str]) -> dict[str, Any]:
    """A rule of a file with the new names of its jobs."""

    def task(name: str) -> str:
        job = next(job for job in names if name.startswith(f"{job}."))
        return names[job] + name[len(job) :]

    kinds = ("before", "no_wait", "start_within")
    return {key: [task(name) for name in value] if key in kinds else value for key, value in rule.items()}


def _read(asked: Import, document: Document) -> dict[str, Any]:
    """What the file of an entry holds, as plain data."""
    from qopt.models.detect import read
    from qopt.models.families._shop_document import ShopInstance

    try:
        path = beside(document.base_dir, asked.file, document.limits, what="job")
    except ModelError as error:
        raise ModelError([replace(issue, place=Place(path="file")) for issue in error.issues]) from None
    if asked.format is not None and asked.format not in registry.names("formats"):
        known = registry.names("formats")
        raise ModelError(Issue("no such format", asked.format, Place(path="format"), closest(asked.format, known)))
    found = read(path, format=asked.format, member=None if asked.member is None else str(asked.member))
    if not isinstance(found, ShopInstance):
        raise ModelError(Issue("this file holds no jobs of a shop", asked.file, Place(path="file")))
    data: dict[str, Any] = found.model_dump(mode="python", by_alias=True, exclude_defaults=True)
    return data


def with_plan(given: Any, info: ValidationInfo) -> Any:
    """The section ``plan`` with the tasks of the file that it names, and its ``now`` where the document has none.

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
    told = {key: value for key, value in given.items() if key != "from"} | {"tasks": tasks}
    return told | ({"now": found["now"]} if "now" in found and "now" not in given else {})
