"""CVRPLIB: capacitated vehicle routing (TYPE CVRP), distances rounded to the nearest whole number.

The fleet limit is the k of ``-kN`` in NAME, because the published optima of the older sets hold for that many routes
(E-n30-k3: 534, with a fourth route 503). Names that start with ``X-`` set no limit (Uchoa et al., 2017).
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from qopt.core.errors import Issue, ModelError, Place
from qopt.models.families.routing import RoutingInstance
from qopt.models.frontends._tsplib import SECTIONS, TspText, expect_sections, expect_type, parse, travel
from qopt.models.source import member_of


@dataclass(frozen=True)
class Cvrplib:
    """Reader of CVRPLIB files."""

    suffixes: tuple[str, ...] = (".vrp",)
    latin1: bool = True

    def accepts(self, path: Path, text: str) -> bool:
        """Whether the whole text is a CVRP."""
        try:
            _instance(parse(text), None)
        except ModelError:
            return False
        return True

    def members(self, text: str) -> Sequence[str]:
        """A file holds one problem: its NAME."""
        return [parse(text).entry("NAME")]

    def read(
        self,
        source: str | Path,
        *,
        base_dir: Path | None = None,
        member: str | None = None,
        vehicles: int | str | None = None,
    ) -> RoutingInstance:
        """The instance, ids as the file numbers its nodes.

        Parameters
        ----------
        vehicles
            Fleet limit instead of the file's: a number from 1, or ``unlimited``.

        Raises
        ------
        ModelError
            The first thing that is wrong with the file, at its place; or a fleet limit that is none.
        """
        text = parse(source)
        member_of([text.entry("NAME")], member, text.file)
        return _instance(text, vehicles)


def _instance(text: TspText, vehicles: int | str | None) -> RoutingInstance:
    expect_type(text, ("CVRP",))
    expect_sections(text, SECTIONS, ("CAPACITY", "VEHICLES"))
    rule, places = travel(text)
    capacity = text.number("CAPACITY", 1)
    demand = _demands(text, [place["id"] for place in places], capacity)
    depot = _depot(text, demand)
    count, note = _fleet(text, vehicles)
    return RoutingInstance.model_validate(
        {
            "name": text.entry("NAME"),
            "notes": [note] if note else [],
            "locations": places,
            "travel": rule,
            "fleet": [{"count": count, "start": depot, "capacity": capacity}],
            "visits": [{"id": p["id"], "deliver": demand[p["id"]]} for p in places if p["id"] != depot],
        }
    )


def _demands(text: TspText, ids: Sequence[int], capacity: int) -> dict[int, float]:
    """Demand of every node, none above the capacity."""
    nodes, values = text.table("DEMAND_SECTION", len(ids), ("a demand",))
    known = set(ids)
    for node, value, line in zip(nodes, values[:, 0].tolist(), text.sections["DEMAND_SECTION"][1]):
        if node not in known:
            text.refuse("there is no such node", str(node), line)
        if not 0 <= value <= capacity:
            text.refuse(f"a demand lies between 0 and the capacity, {capacity}", f"{value:g}", line, 1)
    return dict(zip(nodes, values[:, 0].tolist()))


def _depot(text: TspText, demand: dict[int, float]) -> int:
    """The one depot: a node without demand."""
    head, at = text.section("DEPOT_SECTION")
    words = [(line, k, word) for line in at for k, word in enumerate(text.lines[line - 1].split())]
    if not words or float(text.value(words[-1][2], *words[-1][:2])) != -1:
        text.refuse("DEPOT_SECTION ends with -1", "", at[-1] if at else head, len(words[-1:]))
    if len(words) != 2:
        line, k, word = words[1] if len(words) > 2 else words[0]
        text.refuse("exactly one depot is read", f"{len(words) - 1}", line, k)
    line, k, word = words[0]
    node = text.value(word, line, k)
    if node not in demand:
        text.refuse("there is no such node", word, line, k)
    if demand[int(node)] != 0:
        text.refuse("the depot has no demand", f"{demand[int(node)]:g} at node {word}", line, k)
    return int(node)


def _fleet(text: TspText, vehicles: int | str | None) -> tuple[int | str, str]:
    """The fleet limit, and what to tell the user when the file's name decided it."""
    if vehicles is not None:
        wanted: Any = str(vehicles).strip()
        if wanted == "unlimited":
            return "unlimited", ""
        if not (wanted.isascii() and wanted.isdigit() and int(wanted) >= 1):
            raise ModelError(Issue("vehicles is a number from 1, or unlimited", wanted, Place(text.file)))
        return int(wanted), ""
    if "VEHICLES" in text.entries:
        return text.number("VEHICLES", 1), ""
    name = text.entry("NAME")
    stated = re.search(r"-k(\d{1,9})(?!\d)", name)
    if name.startswith("X-") or stated is None or int(stated[1]) < 1:
        return "unlimited", f"any number of routes: {name} sets no limit (vehicles=N sets one)"
    return int(stated[1]), f"at most {stated[1]} routes, by the name {name} (vehicles=unlimited lifts this)"


PLUGIN = Cvrplib()
