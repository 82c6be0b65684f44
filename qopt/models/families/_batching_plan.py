"""Order batches as plans that people read, with the picks in the order of the walk, and back."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from qopt.core.arrays import Ints
from qopt.core.errors import RecordError
from qopt.core.forms.batches import Proposal, Walks, length, tour
from qopt.models.plans import entries

if TYPE_CHECKING:
    from qopt.models.families._batching_document import BatchingInstance


def plan_of(instance: BatchingInstance, proposal: Proposal) -> dict[str, Any]:
    """Batches with their orders, loads, walks and lengths; orders that are in none are listed."""
    form = instance.form
    batches, total = [], 0.0
    for number, batch in enumerate(proposal.batches, start=1):
        walk = length(form, batch)
        total += walk
        line: dict[str, Any] = {"batch": number, "orders": [instance.orders[o].id for o in batch.tolist()]}
        if len(form.capacity):
            line["load"] = _told(form.load[batch].sum(axis=0), instance.names)
        line["distance"] = _tidy(walk)
        line["walk"] = [_spot(instance.spots[s]) for s in in_order(form.walks, form.stops(batch)).tolist()]
        batches.append(line)
    picked = {o for batch in proposal.batches for o in batch.tolist()}
    return {
        "batches": batches,
        "unpicked": [order.id for o, order in enumerate(instance.orders) if o not in picked],
        "distance": _tidy(total),
        "alone": _tidy(instance.alone),
    }


def in_order(walks: Walks, stops: Ints) -> Ints:
    """Locations in the order in which the picker comes past them."""
    if walks.policy == "table":
        return tour(walks, stops)
    aisles = np.unique(walks.aisle[stops]).tolist()
    inside = [stops[walks.aisle[stops] == a] for a in aisles]
    if walks.policy == "s_shape":
        last = len(aisles) - 1
        parts = [part if k % 2 == 0 or (k == last and last % 2 == 0) else part[::-1] for k, part in enumerate(inside)]
        return np.concatenate(parts)
    if walks.policy == "return" or len(aisles) == 1:
        return np.concatenate(inside)
    way_out: list[Ints] = []
    way_back: list[Ints] = []
    back: list[Ints] = []
    for aisle, part in zip(aisles[1:-1], inside[1:-1]):
        ends = np.concatenate([[0.0], walks.position[part], [walks.length]])
        cut = int(np.argmax(np.diff(ends)))
        back.append(part[cut:][::-1])
        (way_out if aisle < walks.depot else way_back).append(part[:cut])
    return np.concatenate([*way_out[::-1], inside[0], *back, inside[-1][::-1], *way_back[::-1]])


def _spot(spot: Any) -> Any:
    return [spot[0], _tidy(spot[1])] if isinstance(spot, tuple) else spot


def _told(load: Any, names: tuple[str, ...] | None) -> Any:
    numbers = [_tidy(round(float(v), 9)) for v in load]
    if names is not None:
        return dict(zip(names, numbers))
    return numbers if len(numbers) > 1 else numbers[0]


def _tidy(value: float) -> int | float:
    return int(value) if float(value).is_integer() else float(value)


def restore(instance: BatchingInstance, plan: Mapping[str, Any]) -> Proposal:
    """A plan's batches as a proposal; its walks and lengths are not looked at.

    Raises
    ------
    RecordError
        No batches, or an order that the instance does not have.
    """
    number = {str(order.id): o for o, order in enumerate(instance.orders)}
    batches = []
    for k, line in enumerate(entries(plan, "batches")):
        if not isinstance(line, Mapping) or not isinstance(line.get("orders"), (list, tuple)):
            raise RecordError(f"batches[{k}] has no list of orders, got {line!r}")
        for name in line["orders"]:
            if str(name) not in number:
                raise RecordError(f"batches[{k}] holds {name!r}, which is no order of {instance.name}")
        batches.append(np.array([number[str(name)] for name in line["orders"]], dtype=np.int64))
    return Proposal(tuple(batches))
