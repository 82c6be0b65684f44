"""The contract of an export: the same text for the same plan, files by its suffix, other families refused."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from qopt.core import registry
from qopt.core.errors import UnsupportedModelError
from qopt.core.protocols import Export
from qopt.models.subject import Subject
from qopt.report.save import exporter, save


def check_export(name: str, plan: Mapping[str, Any], subject: Subject, folder: Path) -> None:
    """Check an export against its contract.

    Parameters
    ----------
    plan
        A feasible plan of the subject, which is of one of the export's families.
    folder
        An empty directory to write in.

    Raises
    ------
    AssertionError
        The rule that is broken.
    """
    export: Any = registry.load("exports", name)
    assert isinstance(export, Export), f"{name}: PLUGIN lacks what core.protocols.Export asks for"
    assert dataclasses.is_dataclass(type(export)), f"{name}: PLUGIN must be a frozen dataclass instance"
    for suffix in export.suffixes:
        assert re.fullmatch(r"(\.[a-z0-9]+)+", suffix), f"{name}: suffix {suffix!r} is not like .csv"
    unknown = set(export.families) - set(registry.names("families"))
    assert not unknown, f"{name} names families that do not exist: {unknown}"
    assert subject.family_name in export.families, f"{name} is checked with a plan of {subject.family_name}"
    export.check(subject)
    before = repr(plan)
    texts = export.texts(plan, subject)
    assert texts, f"{name} writes nothing"
    assert texts == export.texts(plan, subject), f"{name} writes the same plan in two ways"
    assert repr(plan) == before, f"{name} changes the plan that it writes"
    files = save(plan, folder / f"plan{export.suffixes[0]}", subject, format=name)
    written = [file.read_bytes().decode() for file in files]
    assert written == list(texts.values()), f"{name}: what stands in the files is not what was given"
    for other in registry.names("families"):
        if other in export.families:
            continue
        try:
            exporter(name, folder / "x", Subject(instance=registry.load("families", other).example()))
        except UnsupportedModelError:
            return
        raise AssertionError(f"{name} takes plans of {other}")
