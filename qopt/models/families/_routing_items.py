"""From the words of a plan to the items of the form ``fleet``."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from qopt.core.forms._fleet_timing import timing
from qopt.core.forms.fleet import Fleet, Role

if TYPE_CHECKING:
    from qopt.models.families._routing_document import RoutingInstance


class Numbers:
    """Items by what a plan calls them."""

    def __init__(self, form: Fleet) -> None:
        self._role = form.items.role
        self._of: dict[tuple[int, str], list[int]] = {}
        for item in range(len(form.items)):
            owner = int(form.items.owner[item])
            for kind in range(len(form.kinds)) if owner < 0 else (owner,):
                self._of.setdefault((kind, form.name(item)), []).append(item)

    def of(self, kind: int, name: str, line: Sequence[int], what: str | None = None) -> int | None:
        """The item of that name in a route of a kind, one that is not in the line yet where there are several.

        Parameters
        ----------
        what
            ``visit``, ``break`` or ``reload``, where the plan says it.
        """
        found = self._of.get((kind, name), [])
        if what is not None:
            found = [item for item in found if Role(int(self._role[item])).name.lower() == what]
        return next((item for item in found if item not in line), found[0] if found else None)


def with_breaks(form: Fleet, kind: int, items: Sequence[int]) -> list[int]:
    """The items with the breaks that a plan does not mention, each where the tour breaks least and ends first."""
    line = list(items)
    owned = (form.items.role == Role.BREAK) & (form.items.owner == kind)
    for item in np.flatnonzero(owned).tolist():
        if item in line or not line:
            continue
        tries = [[*line[:j], item, *line[j:]] for j in range(len(line) + 1)]
        line = min(tries, key=lambda tried: _misery(form, kind, tried))
    return line


def _misery(form: Fleet, kind: int, items: list[int]) -> tuple[float, float]:
    when = timing(form, kind, np.array(items, dtype=np.int64))
    return float(when.late.sum()), when.end


def vroom_steps(instance: RoutingInstance, route: Mapping[str, Any]) -> list[dict[str, Any]] | None:
    """The steps of a route as VROOM writes them, in the names that documents made from VROOM have; None without."""
    if not isinstance(route.get("steps"), (list, tuple)):
        return None
    ends: dict[tuple[str, str], str] = {}
    for shipment in instance.shipments:
        numbers = str(shipment.id).split("/")
        if len(numbers) == 2:
            ends |= {(end, number): f"{shipment.id}.{end}" for end, number in zip(("pickup", "delivery"), numbers)}
    out = []
    for step in route["steps"]:
        kind, number = (str(step.get(key)) for key in ("type", "id")) if isinstance(step, Mapping) else ("", str(step))
        if kind == "break":
            out.append({"what": "break", "id": f"break {number}"})
        elif kind not in ("start", "end"):
            out.append({"what": "visit", "id": ends.get((kind, number), number)})
    return out
