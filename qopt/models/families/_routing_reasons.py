"""Why a visit is not made: no vehicle can, no vehicle has room in this plan, or making it costs more than leaving it.

Nothing is guessed: the visit is put alone into an empty vehicle of every kind, then into every place of every tour of
the plan and of every vehicle that is left, and what the form's judge says of each try is what is told.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from qopt.core.forms._fleet_judge import judged
from qopt.core.forms.fleet import Fleet, Proposal, Role, Tour, evaluate
from qopt.models.families._fleet_pool import ADDITIVE

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
MOST_TRIES = 3000
"""Changed tours and plans that are looked at for one plan: about a second."""
_ALONE = {"visits", "pinned"}
"""What does not count when a visit is tried alone."""


class Reasons:
    """Why the visits that a plan leaves out are left out."""

    def __init__(self, instance: RoutingInstance, form: Fleet, proposal: Proposal, *, most: int = MOST_TRIES) -> None:
        self.instance, self.form, self.left = instance, form, most
        self.tours = list(proposal.tours)
        self.base = evaluate(form, proposal)
        self.company = {rule.name or rule.kind for rule in form.company}
        # where rules, balance and ends tie no tours together, a changed tour says all
        self.apart = not form.company and all(name in ADDITIVE for level in form.levels for name, _ in level)
        self.levels = [self._alone_levels(tour) for tour in self.tours] if self.apart else []
        self.known = [{v.name for v in judged(form, tour)[1]} for tour in self.tours] if self.apart else []

    def of(self, visit: int) -> dict[str, Any]:
        """Code and sentence of why a visit is not made; with ``price`` where it could be, and for how much more."""
        items = _with_mate(self.form, visit)
        impossible = self._nobody(items)
        if impossible is not None:
            return impossible
        best: tuple[tuple[float, ...], int] | None = None
        blocked: Counter[str] = Counter()
        for kind, broken, more in self._together(items) if not self.apart else self._tour_by_tour(items):
            if broken:
                blocked[broken] += 1
            elif best is None or more < best[0]:
                best = (more, kind)
        if self.left <= 0 and (best is None or not blocked):
            told = "left out; too many are left out to look into all of them"
            return {"code": "NOT_EXPLAINED", "reason": told}
        if best is None:
            return self._no_room(blocked)
        return self._price(visit, *best)

    def _nobody(self, items: list[int]) -> dict[str, Any] | None:
        """That no vehicle can make it, even alone; None where one can."""
        alone: dict[int, str] = {}
        for kind in range(len(self.form.kinds)):
            self.left -= 1
            broken = _least_broken(self.form, _alone(self.form, kind, items), self.company)
            if not broken:
                return None
            alone[kind] = broken[0]
        crew = self.instance.crew
        name = Counter(alone.values()).most_common(1)[0][0]
        who = "no vehicle can make it" if len(alone) > 1 else f"{crew[0][1]} cannot make it"
        details = "; ".join(f"{crew[k][1]} {_words(broken)}" for k, broken in alone.items())
        return {"code": f"NO_VEHICLE.{_code(name)}", "reason": f"{who}: {details}"}

    def _no_room(self, blocked: Counter[str]) -> dict[str, Any]:
        name = blocked.most_common(1)[0][0] if blocked else "vehicles"
        told = f"no vehicle has room for it in this plan; where it comes nearest, the vehicle {_words(name)}"
        if name not in CODES:
            told = f"no place in this plan: it would break {name}"
        return {"code": f"NO_ROOM.{_code(name)}", "reason": told}

    def _price(self, visit: int, more: tuple[float, ...], kind: int) -> dict[str, Any]:
        vehicle = self.instance.crew[kind][1]
        if more < (0.0,) * len(more):
            told = f"{vehicle} could make it at no harm: the search ended before it was tried"
            return {"code": "SEARCH_LIMIT", "reason": told, "price": round(more[-1], 6)}
        penalty = self.form.items.penalty[visit]
        paid = float(penalty) if np.isfinite(penalty) else 0.0
        told = f"{vehicle} could make it for {more[-1] + paid:.6g}, leaving it out costs {paid:.6g}"
        return {"code": "PENALTY_CHEAPER", "reason": told, "price": round(more[-1] + paid, 6)}

    def _tour_by_tour(self, items: list[int]) -> Iterator[tuple[int, str, tuple[float, ...]]]:
        """Kind, what is broken first (empty for nothing) and what changes, of every place of every tour."""
        form, nothing = self.form, self._alone_levels(None)
        for r, tour in enumerate(self.tours):
            hopeless = self._hopeless(tour, items)
            if hopeless:
                yield tour.kind, hopeless, ()
                continue
            for line in _places(tour.items.tolist(), items, self._begun(tour.kind)):
                if self.left <= 0:
                    return
                self.left -= 1
                changed = Tour(tour.kind, np.array(line, dtype=np.int64))
                broken = [v.name for v in judged(form, changed)[1] if v.name not in self.known[r]]
                more = () if broken else _less(self._alone_levels(changed), self.levels[r])
                yield tour.kind, broken[0] if broken else "", more
        for kind, alone in self._unused(items):
            broken = [v.name for v in judged(form, alone)[1]]
            yield kind, broken[0] if broken else "", () if broken else _less(self._alone_levels(alone), nothing)

    def _together(self, items: list[int]) -> Iterator[tuple[int, str, tuple[float, ...]]]:
        """The same, each time for the whole plan."""
        known = {v.name for v in self.base.violations}

        def judged(kind: int, changed: Proposal) -> tuple[int, str, tuple[float, ...]]:
            check = evaluate(self.form, changed)
            broken = [v.name for v in check.violations if v.name not in known]
            return kind, broken[0] if broken else "", _less(check.levels, self.base.levels)

        for r, tour in enumerate(self.tours):
            hopeless = self._hopeless(tour, items)
            if hopeless:
                yield tour.kind, hopeless, ()
                continue
            others = tuple(other for q, other in enumerate(self.tours) if q != r)
            for line in _places(tour.items.tolist(), items, 0):
                if self.left <= 0:
                    return
                self.left -= 1
                yield judged(tour.kind, Proposal((*others, Tour(tour.kind, np.array(line, dtype=np.int64)))))
        for kind, alone in self._unused(items):
            yield judged(kind, Proposal((*self.tours, alone)))

    def _unused(self, items: list[int]) -> Iterator[tuple[int, Tour]]:
        """The visit alone with a vehicle of each kind that is left."""
        used = Counter(tour.kind for tour in self.tours)
        for kind in range(len(self.form.kinds)):
            if used[kind] < self.form.kinds.count[kind]:
                yield from ((kind, alone.tours[0]) for alone in _alone(self.form, kind, items))

    def _hopeless(self, tour: Tour, items: list[int]) -> str:
        """What a visit breaks wherever it is put into a tour; empty where that depends on the place."""
        form = self.form
        if not form.allowed[tour.kind, items].all():
            return "allowed"
        if (form.items.role[tour.items] == Role.RELOAD).any():
            return ""
        line, room = [*tour.items.tolist(), *items], form.kinds.capacity[tour.kind] + 1e-6
        over = [amount[line].sum(axis=0) > room for amount in (form.items.deliver, form.items.collect)]
        return "capacity" if np.any(over) else ""

    def _begun(self, kind: int) -> int:
        current = self.form.current
        return 0 if current is None or not current.done else len(current.done[kind])

    def _alone_levels(self, tour: Tour | None) -> tuple[float, ...]:
        return evaluate(self.form, Proposal(() if tour is None else (tour,))).levels


def _less(after: tuple[float, ...], before: tuple[float, ...]) -> tuple[float, ...]:
    return tuple(a - b for a, b in zip(after, before, strict=True))


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


def _places(line: list[int], items: Sequence[int], begun: int) -> Iterator[list[int]]:
    """A line with one or two items, in order, in all places behind what has begun."""
    for i in range(begun, len(line) + 1):
        for j in range(i, len(line) + 1) if len(items) > 1 else (i,):
            yield [*line[:i], items[0], *line[i:j], *items[1:], *line[j:]]


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


def _least_broken(form: Fleet, tries: Iterator[Proposal], company: set[str]) -> list[str]:
    """Names of the rules that the best try breaks; rules on visits that others make do not count."""
    best: list[str] | None = None
    for proposal in tries:
        names = [v.name for v in judged(form, proposal.tours[0])[1] if v.name not in _ALONE | company]
        if best is None or len(names) < len(best):
            best = names
    return best or []
