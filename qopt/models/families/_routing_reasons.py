"""Why a visit is not made: no vehicle can, no vehicle has room in this plan, or making it costs more than leaving it.

Nothing is guessed: the visit is put alone into an empty vehicle of every kind, then into every place of every tour of
the plan and of every vehicle that is left, and what the form's judge says of each try is what is told.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from qopt.core.forms.fleet import Fleet, Proposal, Role, Tour, evaluate

if TYPE_CHECKING:
    from qopt.models.families._routing_document import RoutingInstance

CODES = {
    "allowed": ("SKILL", "lacks a skill for it"),
    "capacity": ("CAPACITY", "has no room for its load"),
    "windows": ("TIME_WINDOW", "cannot be there, or elsewhere, in time"),
    "shift": ("SHIFT", "would be back after its shift"),
    "distance": ("MAX_DISTANCE", "would go too far"),
    "duration": ("MAX_DURATION", "would be out too long"),
    "stops": ("MAX_STOPS", "stops too often"),
    "trips": ("TRIPS", "makes too many trips"),
    "breaks": ("BREAK", "could not take its break"),
    "shipments": ("SHIPMENT", "cannot take both ends of it in one trip"),
    "pinned": ("PINNED", "has begun otherwise"),
}
"""By the judge's name of a broken rule: a code, and what it says of a vehicle. Other names are rules between visits."""
_MOST_TRIES = 4000


def reason(instance: RoutingInstance, form: Fleet, proposal: Proposal, visit: int) -> dict[str, Any]:
    """Code and sentence of why a visit is not made; with ``price`` where it could be, and for how much more."""
    items = _with_mate(form, visit)
    alone = {k: _least_broken(form, _alone(form, k, items)) for k in range(len(form.kinds))}
    if all(broken for broken in alone.values()):
        name = Counter(name for broken in alone.values() for name in broken[:1]).most_common(1)[0][0]
        who = "no vehicle can make it" if len(alone) > 1 else f"{instance.crew[0][1]} cannot make it"
        details = "; ".join(f"{instance.crew[k][1]} {_words(broken[0])}" for k, broken in alone.items())
        return {"code": f"NO_VEHICLE.{_code(name)}", "reason": f"{who}: {details}"}
    base = evaluate(form, proposal)
    best: tuple[tuple[float, ...], int] | None = None
    blocked: Counter[str] = Counter()
    for kind, changed in _everywhere(form, proposal, items):
        check = evaluate(form, changed)
        known = {v.name for v in base.violations}
        broken = [v.name for v in check.violations if v.name not in known]
        if broken:
            blocked[broken[0]] += 1
        elif best is None or check.levels < best[0]:
            best = (check.levels, kind)
    if best is None:
        name = blocked.most_common(1)[0][0] if blocked else "vehicles"
        told = f"no vehicle has room for it in this plan; where it comes nearest, the vehicle {_words(name)}"
        if name not in CODES:
            told = f"no place in this plan: it would break {name}"
        return {"code": f"NO_ROOM.{_code(name)}", "reason": told}
    more = [a - b for a, b in zip(best[0], base.levels, strict=True)]
    vehicle = instance.crew[best[1]][1]
    if tuple(more) < (0.0,) * len(more):
        told = f"{vehicle} could make it at no harm: the search ended before it was tried"
        return {"code": "SEARCH_LIMIT", "reason": told, "price": round(more[-1], 6)}
    penalty = form.items.penalty[visit]
    paid = float(penalty) if np.isfinite(penalty) else 0.0
    told = f"{vehicle} could make it for {more[-1] + paid:.6g}, leaving it out costs {paid:.6g}"
    return {"code": "PENALTY_CHEAPER", "reason": told, "price": round(more[-1] + paid, 6)}


def _code(name: str) -> str:
    return CODES[name][0] if name in CODES else "RULE"


def _words(name: str) -> str:
    return CODES[name][1] if name in CODES else f"would break {name}"


def _with_mate(form: Fleet, visit: int) -> list[int]:
    """The visit, or both ends of its shipment in order."""
    delivery, pickup = int(form.items.delivery[visit]), int(form.items.pickup[visit])
    if delivery >= 0:
        return [visit, delivery]
    return [pickup, visit] if pickup >= 0 else [visit]


def _breaks(form: Fleet, kind: int) -> list[int]:
    owned = (form.items.role == Role.BREAK) & (form.items.owner == kind)
    return np.flatnonzero(owned).tolist()


def _alone(form: Fleet, kind: int, items: Sequence[int]) -> Iterator[Proposal]:
    """The visit alone with a vehicle of a kind, its breaks anywhere."""
    rests = _breaks(form, kind)
    for first in range(len(items) + 1):
        line = [*items[:first], *rests, *items[first:]]
        yield Proposal((Tour(kind, np.array(line, dtype=np.int64)),))
        if not rests:
            return


def _least_broken(form: Fleet, tries: Iterator[Proposal]) -> list[str]:
    """Names of the rules that the best try breaks; rules on visits that others make do not count."""
    company = {rule.name or rule.kind for rule in form.company}
    best: list[str] | None = None
    for proposal in tries:
        names = [v.name for v in evaluate(form, proposal).violations if v.name not in {"visits", "pinned", *company}]
        if best is None or len(names) < len(best):
            best = names
    return best or []


def _everywhere(form: Fleet, proposal: Proposal, items: Sequence[int]) -> Iterator[tuple[int, Proposal]]:
    """The plan with the visit in every place of every tour, and alone in a vehicle of each kind that is left."""
    tries = 0
    tours = list(proposal.tours)
    for r, tour in enumerate(tours):
        line = tour.items.tolist()
        for i in range(len(line) + 1):
            for j in range(i, len(line) + 1) if len(items) > 1 else (i,):
                tries += 1
                if tries > _MOST_TRIES:
                    return
                changed = [*line[:i], items[0], *line[i:j], *items[1:], *line[j:]]
                others = tuple(other for q, other in enumerate(tours) if q != r)
                yield tour.kind, Proposal((*others, Tour(tour.kind, np.array(changed, dtype=np.int64))))
    used = Counter(tour.kind for tour in tours)
    for kind in range(len(form.kinds)):
        if used[kind] < form.kinds.count[kind]:
            for alone in _alone(form, kind, items):
                yield kind, Proposal((*tours, *alone.tours))
