"""Find plug-ins by the name of their file, or by entry point; listing them imports none."""

from __future__ import annotations

import dataclasses
import importlib
import importlib.util
from functools import cache
from importlib.metadata import EntryPoints, entry_points
from pathlib import Path
from typing import Any

from qopt.core.errors import ModelError, UnknownPluginError
from qopt.core.protocols import KINDS


@cache
def names(kind: str) -> tuple[str, ...]:
    """Names of the plug-ins of a kind (a key of ``KINDS``), sorted. Imports no plug-in."""
    if kind not in KINDS:
        raise UnknownPluginError("kind of plug-in", kind, tuple(KINDS))
    spec = importlib.util.find_spec(KINDS[kind])
    found = set()
    for folder in (spec.submodule_search_locations or ()) if spec else ():
        found |= {path.stem for path in Path(folder).glob("*.py") if not path.stem.startswith("_")}
    found |= {point.name for point in _announced(kind)}
    return tuple(sorted(found))


def _announced(kind: str) -> EntryPoints:
    """Plug-ins of a kind that other packages announce."""
    return _all_announced().select(group=f"qopt.{kind}")


@cache
def _all_announced() -> EntryPoints:
    """Every entry point there is; finding them reads a file of each installed package, so it is done once."""
    points: EntryPoints = entry_points()  # type: ignore[assignment]  # the stubs tell of a class that 3.12 has dropped
    return points


def _one(kind: str) -> str:
    """The name of one plug-in of a kind: ``family`` of ``families``."""
    return f"{kind[:-3]}y" if kind.endswith("ies") else kind.removesuffix("s")


def named(kind: str, name: str) -> str:
    """The name of a plug-in, which may be written with hyphens for underscores.

    Raises
    ------
    UnknownPluginError
        No such plug-in.
    """
    for known in (name, name.replace("-", "_")):
        if known in names(kind):
            return known
    raise UnknownPluginError(_one(kind), name, names(kind))


@cache
def _load(kind: str, name: str) -> Any:
    for point in _announced(kind):
        if point.name == name:
            found = point.load()
            return getattr(found, "PLUGIN", found)
    return importlib.import_module(f"{KINDS[kind]}.{name}").PLUGIN


def load(kind: str, name: str, **parameters: Any) -> Any:
    """The plug-in of that name, with parameters changed from its defaults.

    Raises
    ------
    UnknownPluginError
        No such plug-in.
    ModelError
        A parameter that the plug-in does not have.
    """
    name = named(kind, name)
    plugin = _load(kind, name)
    if not parameters:
        return plugin
    known = [f.name for f in dataclasses.fields(plugin)]
    for key in parameters:
        if key not in known:
            raise ModelError(
                f"{kind.rstrip('s')} {name} has no parameter {key!r}; it has: {', '.join(known) or 'none'}"
            )
    return dataclasses.replace(plugin, **parameters)
