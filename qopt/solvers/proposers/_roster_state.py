"""A roster as the arrays that its kernels work on, and the state of a search."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from qopt.core.arrays import Bools, Floats, Ints
from qopt.core.forms.roster import Proposal, Roster
from qopt.solvers.proposers._routes_state import random_state

FAR = 2**40
LINE = np.dtype(
    [(name, np.int64) for name in ("group", "least", "most")]
    + [("under", np.float64), ("over", np.float64), ("hard_under", np.bool_), ("hard_over", np.bool_)]
)
TOTAL = np.dtype(
    [(name, np.int64) for name in ("first", "last", "least", "most")]
    + [("price", np.float64), ("scale", np.float64), ("hard", np.bool_)]
)
PERSON = np.dtype([(name, np.int64) for name in ("most_work", "least_work", "least_rest", "most_weekends")])
NOW = np.dtype(
    [(name, np.float64) for name in ("price", "best_price", "best_broken", "heat")]
    + [(name, np.int64) for name in ("cycle", "step", "noted", "found")]
)
KINDS = 4
"""Kinds of rules with weights of their own: runs and successions, weekends, totals, cover."""


class Facts(NamedTuple):
    """For ``kernels.roster``: P people, D days, K duties."""

    allowed: Bools  # (P, D, K)
    price: Floats  # (P, D, K) wishes and changes
    cover: NDArray[Any]  # (lines,) of LINE, by day and duty
    cover_start: Ints  # (D, K + 1)
    member: Bools  # (groups, P)
    total: NDArray[Any]  # (lines,) of TOTAL, by person
    total_start: Ints  # (P + 1,)
    amount: Ints  # (lines, K)
    person: NDArray[Any]  # (P,) of PERSON
    forbidden: Bools  # (P, K, K)
    weekend: Ints  # (D,)
    counted: Bools  # (balances, D, K)
    balanced: Bools  # (balances, P)
    balance: Floats  # (balances,)
    longest: Ints  # (1,) days that a move takes at most
    heat: Floats  # (2,) temperatures at which a cycle begins and ends
    cycles: Ints  # (2,) steps of the first cycle, and of the longest
    range: Floats  # (3,) least weight of what is broken, the one that a cycle begins with, the largest


class State(NamedTuple):
    """A plan, what it costs and breaks, and the best one so far."""

    now: NDArray[Any]  # (1,) of NOW
    rng: NDArray[np.uint64]  # (1,)
    duty: Ints  # (P, D)
    best: Ints  # (P, D)
    have: Ints  # people per line of cover
    sum: Ints  # per line of totals
    tally: Ints  # (balances, P)
    spread: Ints  # (balances,)
    row: Ints  # (P, 2) faults in runs, weekends too many
    broken: Floats  # (KINDS,)
    weight: Floats  # (KINDS,)
    times: Ints  # (KINDS,) steps with something broken since the weights were changed
    noted: Ints  # (2 D, 3) person, day and duty of a move


def facts(form: Roster, *, heat: tuple[float, float], cycles: tuple[int, int]) -> Facts:
    """The constants of a form.

    Parameters
    ----------
    heat
        Temperatures at the begin and the end of a cycle, in units of the typical price.
    cycles
        Steps of the first cycle and of the longest.
    """
    people, days, duties = form.shape
    cover, totals, runs = form.cover, form.totals, form.runs
    by_cell, by_person = np.lexsort((cover.duty, cover.day)), np.argsort(totals.person, kind="stable")
    line = np.zeros(len(cover), LINE)
    for name in ("group", "least", "most"):
        line[name] = getattr(cover, name)[by_cell]
    for name, price in (("under", cover.under[by_cell]), ("over", cover.over[by_cell])):
        line[f"hard_{name}"] = np.isinf(price)
        line[name] = np.where(np.isinf(price), 0.0, price)
    cell = cover.day.astype(np.int64)[by_cell] * duties + cover.duty[by_cell]
    bounds = np.searchsorted(cell, np.arange(days * duties + 1))
    start = np.stack([np.append(bounds[d * duties : (d + 1) * duties], bounds[(d + 1) * duties]) for d in range(days)])
    total = np.zeros(len(totals), TOTAL)
    for name in ("first", "last", "least", "most", "price"):
        total[name] = getattr(totals, name)[by_person]
    amount = totals.amount[by_person]
    total["hard"] = np.isinf(total["price"])
    total["price"][total["hard"]] = 0.0
    total["scale"] = [max(1, min((a for a in line.tolist() if a > 0), default=1)) for line in amount]
    person = np.zeros(people, PERSON)
    for name in PERSON.names or ():
        person[name] = np.minimum(getattr(runs, name), FAR)
    allowed, price = _cells(form)
    typical = typical_price(form)
    largest = max(
        typical, float(np.abs(price).max(initial=0)), line["under"].max(initial=0), line["over"].max(initial=0)
    )
    return Facts(
        allowed,
        price,
        line,
        start.astype(np.int64),
        np.array(form.groups),
        total,
        np.searchsorted(totals.person[by_person], np.arange(people + 1)).astype(np.int64),
        amount,
        person,
        np.array(runs.forbidden),
        form.weekend.astype(np.int64),
        np.array(form.balance.counts),
        np.array(form.balance.members),
        np.array(form.balance.price),
        np.array([min(days, 10)]),
        np.array([heat[0] * typical, heat[1] * typical]),
        np.array(cycles),
        np.array([0.5 * typical, largest, 10.0 * largest]),
    )


def _cells(form: Roster) -> tuple[Bools, Floats]:
    """What is allowed, pins included, and what it costs, changes included. A pin that is not allowed is left out."""
    allowed, price = np.array(form.allowed), np.array(form.wish)
    now = form.current
    if now is not None:
        known = now.duty >= 0
        there = np.arange(form.shape[2]) == now.duty[:, :, None]
        pinned = known & np.isinf(now.price) & (allowed & there).any(axis=2)
        allowed &= ~pinned[:, :, None] | there
        paid = np.where(known & np.isfinite(now.price), now.price, 0.0)
        price += np.where(there, 0.0, paid[:, :, None])
    return allowed, price


def typical_price(form: Roster) -> float:
    """The median of the prices that are asked; 1 where there are none."""
    prices = [form.wish.ravel(), form.cover.under, form.cover.over, form.totals.price, form.balance.price]
    if form.current is not None:
        prices.append(form.current.price.ravel())
    every = np.abs(np.concatenate(prices))
    asked = every[np.isfinite(every) & (every > 0)]
    return float(np.median(asked)) if len(asked) else 1.0


def state_of(f: Facts, seed: int) -> State:
    """A state with days off wherever they are allowed."""
    people, days, _ = f.allowed.shape
    now = np.zeros(1, NOW)
    now["best_price"] = now["best_broken"] = np.inf
    now["cycle"] = f.cycles[0]
    s = State(
        now,
        random_state(seed),
        np.zeros((people, days), np.int64),
        np.zeros((people, days), np.int64),
        np.zeros(len(f.cover), np.int64),
        np.zeros(len(f.total), np.int64),
        np.zeros((len(f.balance), people), np.int64),
        np.zeros(len(f.balance), np.int64),
        np.zeros((people, 2), np.int64),
        np.zeros(KINDS),
        np.full(KINDS, f.range[1]),
        np.zeros(KINDS, np.int64),
        np.zeros((2 * days, 3), np.int64),
    )
    enter(f, s, np.argmax(f.allowed, axis=2))
    return s


def enter(f: Facts, s: State, duty: Ints) -> None:
    """Make a plan of allowed duties the one of the state."""
    from qopt.kernels.roster import count_up, keep

    s.duty[:] = duty
    count_up(f, s)
    keep(s)


def faulty(f: Facts, s: State) -> Bools:
    """People whose own rules are broken in the state's plan, shape (people,)."""
    off = (s.sum < f.total["least"]) | (s.sum > f.total["most"])
    owner = np.repeat(np.arange(len(s.duty)), np.diff(f.total_start))
    broken: Bools = np.asarray(s.row.any(axis=1))
    broken[owner[off & f.total["hard"]]] = True
    return broken


def read(s: State) -> Proposal:
    """The best plan."""
    return Proposal(s.best.copy())
