"""Plans into files of other programs: the format by name or by suffix."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from qopt.core import registry
from qopt.core.errors import Issue, ModelError, Place, UnsupportedModelError
from qopt.core.result import Result
from qopt.models.subject import Subject, as_subject


def save(
    result: Result | Mapping[str, Any],
    target: str | Path,
    subject: Any,
    *,
    format: str | None = None,
    number: int = 1,
    **options: Any,
) -> list[Path]:
    """Write a plan as a file that other programs read.

    Parameters
    ----------
    result
        A Result, or a plan in the family's words.
    target
        Where to. A format of several files, such as one calendar for each driver, puts their names behind that of the
        target: ``plan-van-1.ics``.
    subject
        What was solved: a path, an instance, or anything else that ``solve`` takes.
    format
        Name of an export; None: by the suffix of the target.
    number
        Which of the result's plans, from 1.
    options
        For a path: ``format`` of the reader has no place here, its other options have.

    Returns
    -------
    The files.

    Raises
    ------
    ModelError
        No such format, no such plan, or a folder that does not exist.
    UnsupportedModelError
        What the format cannot hold, by name.
    """
    path, what = Path(target), as_subject(subject, **options)
    texts = exporter(format, path, what).texts(plan_of(result, number), what)
    if not path.absolute().parent.is_dir():
        raise ModelError(Issue("there is no such folder", str(path.parent), Place(str(path))))
    files = targets(path, texts)
    for file, text in files.items():
        file.write_text(text, encoding="utf-8", newline="")
    return list(files)


def plan_of(result: Result | Mapping[str, Any], number: int) -> Mapping[str, Any]:
    """A plan of a result.

    Raises
    ------
    ModelError
        It has no such plan.
    """
    if not isinstance(result, Result):
        return result
    if not 1 <= number <= len(result.solutions):
        has = f"the result has {len(result.solutions)} plans" if result.solutions else "no plan was found"
        raise ModelError(Issue(has, str(number)))
    return result.solutions[number - 1].plan


def exporter(format: str | None, target: Path, subject: Subject) -> Any:
    """The export for a target, once it is sure that it takes plans of the subject.

    Raises
    ------
    ModelError
        No export, or several, have the target's suffix.
    UnsupportedModelError
        It does not take plans of this family, or of this subject.
    """
    if format is not None:
        name, export = format, registry.load("exports", format)
    else:
        called = target.name.lower()
        every = {name: registry.load("exports", name) for name in registry.names("exports")}
        found = [name for name, export in every.items() if called.endswith(export.suffixes)]
        if len(found) != 1:
            known = ", ".join(f"{name} ({', '.join(export.suffixes)})" for name, export in every.items())
            rule = f"{'several formats have' if found else 'no format of plans has'} this suffix; there are: {known}"
            raise ModelError(Issue(rule, target.suffix or called, Place(str(target)), "name one by --as"))
        name, export = found[0], every[found[0]]
    if subject.family_name not in export.families:
        rule = f"{name} holds plans of {', '.join(export.families)}"
        raise UnsupportedModelError(Issue(rule, subject.family_name or "a plain problem", Place(str(target))))
    export.check(subject)
    return export


def targets(path: Path, texts: Mapping[str, str]) -> dict[Path, str]:
    """The file of every text: the target itself, or one beside it with the name behind its own."""
    out: dict[Path, str] = {}
    for name, text in texts.items():
        plain = re.sub(r"[^\w.-]+", "-", name).strip("-.") or "plan"
        file = path if not name else path.with_name(f"{path.stem}-{plain}{path.suffix}")
        k = 1
        while file in out:
            k += 1
            file = path.with_name(f"{path.stem}-{plain}-{k}{path.suffix}")
        out[file] = text
    return out
