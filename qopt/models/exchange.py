"""Ways out: which format a file is to be written in, and what of a subject it holds."""

from __future__ import annotations

from pathlib import Path
from typing import Any, get_type_hints

from qopt.core import registry
from qopt.core.compiled import Compiled
from qopt.core.errors import Issue, ModelError, Place, UnsupportedModelError
from qopt.core.problem import Problem
from qopt.models.subject import Subject

TARGETS = {
    "qubo": "qubo",
    "coo": "coo",
    "bqm": "dimod_file",
    "cqm": "cqm",
    "dqm": "dqm",
    "ising": "ising",
    "lp": "lp",
    "mps": "mps",
    "qplib": "qplib",
    "problem": "problem",
}
"""What users call a target, and the format that it is; the names of formats are understood too."""


def writer_of(to: str | None, target: Path) -> tuple[str, Any]:
    """Name and writer of a format.

    Parameters
    ----------
    to
        A key of ``TARGETS`` or the name of a format. None: the one format that is written with the target's suffix.

    Raises
    ------
    UnknownPluginError
        No such format.
    ModelError
        A format that is not written, or a suffix that is of none or several.
    """
    if to is not None:
        name = TARGETS.get(to, to)
        writer = registry.load("formats", name)
        if not hasattr(writer, "write"):
            raise ModelError(Issue("this format is only read", name, Place(str(target)), f"written are: {_written()}"))
        return name, writer
    suffix = target.suffix.lower()
    found = [name for name, writer in _writers().items() if suffix and suffix in writer.suffixes]
    if len(found) != 1:
        rule = f"{'several formats have' if found else 'no format has'} this suffix, so it must be said which is meant"
        hint = f"--to {' or '.join(found) if found else 'NAME'}"
        raise ModelError(Issue(rule, suffix or target.name, Place(str(target)), hint))
    return found[0], registry.load("formats", found[0])


def writes(writer: Any) -> str:
    """What a writer takes: ``qubo`` (something compiled, or a plain problem), ``problem`` or ``instance``."""
    return str(getattr(writer, "writes", "instance"))


def write(
    thing: Subject | Problem | Compiled, target: Path, *, to: str | None = None, formulation: str = "auto"
) -> str:
    """Write a subject, a problem or something compiled.

    Parameters
    ----------
    to
        As in ``writer_of``.
    formulation
        How a family writes its problem; ``auto`` takes the one for exact solvers.

    Returns
    -------
    The name of the format.

    Raises
    ------
    UnsupportedModelError
        What the format cannot hold, by name.
    """
    name, writer = writer_of(to, target)
    if writes(writer) == "instance":
        writer.write(_instance(thing, name, writer, target), target)
    elif isinstance(thing, Subject):
        writer.write(thing.problem(thing.choose("exact", formulation)), target)
    else:
        writer.write(thing, target)
    return name


def _instance(thing: Any, name: str, writer: Any, target: Path) -> Any:
    """The instance of a subject, if the writer takes its family."""
    wanted = get_type_hints(writer.write).get("instance", object)
    instance = thing.instance if isinstance(thing, Subject) else None
    if not isinstance(instance, wanted):
        have = "a problem" if instance is None else instance.family
        rule = f"the format {name} holds a {getattr(wanted, 'family', '')} instance".replace("a a", "an a")
        raise UnsupportedModelError(Issue(rule, have, Place(str(target))))
    return instance


def _writers() -> dict[str, Any]:
    found = {name: registry.load("formats", name) for name in registry.names("formats")}
    return {name: writer for name, writer in found.items() if hasattr(writer, "write")}


def _written() -> str:
    return ", ".join(_writers())
