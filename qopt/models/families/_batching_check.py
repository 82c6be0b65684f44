"""The batching family's own judge: it walks every batch step by step through the warehouse of the document."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from qopt.models.families._batching_document import Aisles, BatchingInstance

_NOISE = 1e-6
Point = tuple[float, float]
"""Metres along the front, and metres into an aisle."""


def faults(instance: BatchingInstance, plan: Mapping[str, Any]) -> list[str]:
    """Every rule that a plan breaks and every number it states wrongly, one sentence each."""
    out: list[str] = []
    orders = {str(order.id): order for order in instance.orders}
    picked = Counter(str(name) for line in plan["batches"] for name in line["orders"])
    strangers = [name for name in picked if name not in orders]
    if strangers:
        return [f"there is no order {name}" for name in strangers]
    out += [f"order {name} is in {picked[name]} batches" for name in orders if picked[name] != 1]
    trolley, total = instance.trolley, 0.0
    for line in plan["batches"]:
        label, inside = f"batch {line['batch']}", [orders[str(name)] for name in line["orders"]]
        if trolley.orders is not None and len(inside) > trolley.orders:
            out.append(f"{label} has {len(inside)} orders, at most {trolley.orders}")
        if trolley.capacity is not None:
            out += [f"{label} {text}" for text in _loads(trolley.capacity, inside, line["load"])]
        wanted = {_spot(pick) for order in inside for pick in order.picks}
        walk = [_spot(pick) for pick in line["walk"]]
        if sorted(walk, key=str) != sorted(wanted, key=str):
            out.append(f"{label}: the walk does not come past every pick once")
        found = _by_table(instance, walk) if instance.table is not None else _in_aisles(instance, wanted)
        total += found
        if abs(found - line["distance"]) > _NOISE * (1 + found):
            out.append(f"{label} states a walk of {line['distance']:g}, it is {found:g}")
    if trolley.count is not None and len(plan["batches"]) > trolley.count:
        out.append(f"there are {len(plan['batches'])} batches, at most {trolley.count}")
    if abs(total - plan["distance"]) > _NOISE * (1 + total):
        out.append(f"the plan states walks of {plan['distance']:g} together, they are {total:g}")
    return out


def _spot(pick: Any) -> Any:
    return (int(pick[0]), float(pick[1])) if isinstance(pick, (list, tuple)) else str(pick)


def _amounts(given: Any) -> dict[Any, float]:
    """Amounts by dimension: by name, or by position."""
    if isinstance(given, Mapping):
        return dict(given)
    return dict(enumerate(given)) if isinstance(given, (list, tuple)) else {0: given}


def _loads(capacity: Any, inside: Sequence[Any], stated: Any) -> Iterator[str]:
    """What is wrong with the load of a batch."""
    load: Counter[Any] = Counter()
    for order in inside:
        load.update(_amounts(len(order.picks) if order.load is None else order.load))
    for d, room in _amounts(capacity).items():
        of = f" of {d}" if isinstance(d, str) else ""
        if load[d] > room + _NOISE * (1 + room):
            yield f"holds {load[d]:g}{of}, a trolley holds {room:g}"
        if abs(load[d] - _amounts(stated).get(d, 0.0)) > _NOISE * (1 + room):
            yield f"states a load of {_amounts(stated).get(d, 0.0):g}{of}, it is {load[d]:g}"


def _by_table(instance: BatchingInstance, walk: Sequence[str]) -> float:
    """The stated walk, leg by leg."""
    assert instance.table is not None
    places = [str(name) for name in instance.table.locations]
    path = [0, *(places.index(name) for name in walk if name in places), 0]
    return sum(instance.table.distance[a][b] for a, b in pairwise(path))


def _in_aisles(instance: BatchingInstance, picks: set[tuple[int, float]]) -> float:
    """A picker who walks along the cross aisles and the aisles as the rule says."""
    assert instance.aisles is not None
    told = instance.aisles
    by_aisle: dict[int, list[float]] = {}
    for aisle, depth in picks:
        by_aisle.setdefault(aisle, []).append(depth)
    steps = {"s_shape": _traverse, "return": _enter_and_leave, "largest_gap": _around_gaps}[told.walk]
    depot = (told.depot * told.pitch, 0.0)
    points = [depot, *steps(told, dict(sorted(by_aisle.items()))), depot]
    return sum(abs(a[0] - b[0]) + abs(a[1] - b[1]) for a, b in pairwise(points))


def _enter_and_leave(told: Aisles, picks: Mapping[int, list[float]]) -> Iterator[Point]:
    for aisle, depths in picks.items():
        x = aisle * told.pitch
        yield from ((x, 0.0), (x, max(depths)), (x, 0.0))


def _traverse(told: Aisles, picks: Mapping[int, list[float]]) -> Iterator[Point]:
    at_front, left = True, len(picks)
    for aisle, depths in picks.items():
        x = aisle * told.pitch
        left -= 1
        if left == 0 and at_front:
            yield from ((x, 0.0), (x, max(depths)), (x, 0.0))
        elif at_front:
            yield from ((x, 0.0), (x, told.length))
        else:
            yield from ((x, told.length), (x, 0.0))
        at_front = not at_front


def _around_gaps(told: Aisles, picks: Mapping[int, list[float]]) -> Iterator[Point]:
    first, *inner = picks
    if not inner:
        yield from _enter_and_leave(told, picks)
        return
    last = inner.pop()
    way_out: list[Point] = []
    way_back: list[Point] = []
    back: list[Point] = []
    for aisle in inner:
        x, depths = aisle * told.pitch, sorted(picks[aisle])
        gaps = [(b - a, a, b) for a, b in pairwise([0.0, *depths, told.length])]
        _, low, high = max(gaps, key=lambda gap: gap[0])
        back += [(x, told.length), (x, high), (x, told.length)]
        if low > 0:
            (way_out if aisle < told.depot else way_back).extend([(x, 0.0), (x, low), (x, 0.0)])
    yield from reversed(way_out)
    yield from ((first * told.pitch, 0.0), (first * told.pitch, told.length))
    yield from back
    yield from ((last * told.pitch, told.length), (last * told.pitch, 0.0))
    yield from reversed(way_back)
