"""Small rosters with every rule of the form, and their best plans by plain enumeration."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import product
from typing import Any

import numpy as np

from qopt.core.forms.roster import UNBOUND, Balance, Cover, Current, Proposal, Roster, Runs, Totals, evaluate


def roster_of(
    people: int,
    days: int,
    shifts: int,
    *,
    cover: Sequence[tuple[Any, ...]] = (),
    totals: Sequence[tuple[Any, ...]] = (),
    balance: Sequence[tuple[Any, Any, float]] = (),
    most_work: Any = UNBOUND,
    least_work: Any = 1,
    least_rest: Any = 1,
    most_weekends: Any = UNBOUND,
    forbidden: Sequence[tuple[int, int]] = (),
    **more: Any,
) -> Roster:
    """A roster from its rules; what is left out binds nothing.

    Parameters
    ----------
    cover
        ``(day, duty, group, least, most, under, over)``.
    totals
        ``(person, first, last, amount, least, most, price)``.
    balance
        ``(counts, members, price)``.
    most_work, least_work, least_rest, most_weekends
        Of everybody, or one per person.
    forbidden
        ``(duty, next duty)``, for everybody.
    more
        Fields of the form.
    """
    duties = shifts + 1
    after = np.zeros((people, duties, duties), bool)
    for a, b in forbidden:
        after[:, a, b] = True
    lines, spread = _columns(cover, 7), _columns(balance, 3)
    person, first, last, amount, least, most, price = _columns(totals, 7)
    limits = [np.broadcast_to(limit, people) for limit in (most_work, least_work, least_rest, most_weekends)]
    given: dict[str, Any] = {
        "allowed": np.ones((people, days, duties), bool),
        "wish": np.zeros((people, days, duties)),
        "groups": np.ones((1, people), bool),
        "weekend": np.where(np.arange(days) % 7 >= 5, np.arange(days) // 7, -1),
    }
    counts, members = spread[0].reshape(-1, days, duties), spread[1].reshape(-1, people)
    return Roster(
        cover=Cover(*lines),
        totals=Totals(person, first, last, amount.reshape(-1, duties), least, most, price),
        runs=Runs(limits[0], limits[1], limits[2], limits[3], after),
        balance=Balance(counts, members, spread[2]),
        **{**given, **more},
    )


def _columns(rules: Sequence[Sequence[Any]], count: int) -> list[Any]:
    """The columns of a table, as arrays."""
    return [np.array([rule[k] for rule in rules]) for k in range(count)]


def random_roster(people: int, days: int, shifts: int, *, seed: int, rich: bool = True) -> Roster:
    """A roster of whole prices that wants about two thirds of the people each day; with ``rich`` every rule binds."""
    rng = np.random.default_rng(seed)
    duties = shifts + 1
    wish = np.zeros((people, days, duties))
    for _ in range(people * days // 2):
        p, d, k = rng.integers(0, (people, days, duties))
        wish[p, d, k] += rng.integers(1, 4)
    groups = np.ones((1, people), bool)
    need = rng.integers(0, max(2, 1 + 4 * people // (3 * shifts)), (days, shifts))
    cover: list[tuple[Any, ...]] = [
        (d, s + 1, 0, need[d, s], need[d, s], 30.0, 1.0) for d in range(days) for s in range(shifts)
    ]
    amount = [0, *(480 + 60 * s for s in range(shifts))]
    totals: list[tuple[Any, ...]] = [
        (p, 0, days, amount, 480 * (days // 3), 600 * (days // 2 + 1), np.inf) for p in range(people)
    ]
    if not rich:
        return roster_of(people, days, shifts, cover=cover, totals=totals, wish=wish)
    groups = np.stack([groups[0], rng.random(people) < 0.5])
    cover += [(d, 1, 1, 1, UNBOUND, 5.0, 0.0) for d in range(0, days, 2)]
    cover += [(0, 1, 0, 1, people, np.inf, np.inf)]
    totals += [(p, 0, days, [0] + [1] * shifts, 0, days // 2, 4.0) for p in range(0, people, 2)]
    allowed = np.ones((people, days, duties), bool)
    for p in range(people):
        allowed[p, rng.integers(1, days), 1:] = False
    counts = np.zeros((days, duties), bool)
    counts[:, -1] = True
    now = Current(rng.integers(-1, duties, (people, days)), np.full((people, days), 2.0))
    price = np.array(now.price)
    held = np.argwhere((now.duty == 0) & allowed[:, :, 0])[:1]
    price[held[:, 0], held[:, 1]] = np.inf
    return roster_of(
        people,
        days,
        shifts,
        cover=cover,
        totals=totals,
        balance=[(counts, np.ones(people, bool), 3.0)],
        most_work=4,
        least_work=rng.integers(1, 3, people),
        least_rest=rng.integers(1, 3, people),
        most_weekends=1,
        forbidden=[(duties - 1, 1)] if shifts > 1 else (),
        groups=groups,
        wish=wish,
        allowed=allowed,
        current=Current(now.duty, price),
    )


def cheapest_roster(form: Roster) -> float | None:
    """The objective of the best plan over all there are; None where nothing is feasible.

    Raises
    ------
    ValueError
        More than 5,000 plans.
    """
    people, days, duties = form.shape
    if duties ** (people * days) > 5000:
        raise ValueError(f"{people} people, {days} days and {duties} duties are too many to enumerate")
    best = None
    for cells in product(range(duties), repeat=people * days):
        check = evaluate(form, Proposal(np.array(cells).reshape(people, days)))
        if check.feasible and (best is None or check.objective < best):
            best = check.objective
    return best
