"""The judge of ``roster`` proposals, in plain numpy and Python."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby
from typing import TYPE_CHECKING

import numpy as np

from qopt.core.arrays import Ints
from qopt.core.solution import Check, Violation

if TYPE_CHECKING:
    from qopt.core.forms.roster import Proposal, Roster


def judge(form: Roster, proposal: Proposal) -> Check:
    """Every rule, and the parts of the objective: under, over, wishes, totals, fairness, changes."""
    people, days, duties = form.shape
    duty = proposal.duty
    if duty.shape != (people, days):
        raise ValueError(f"a plan of shape {duty.shape} for {people} people and {days} days")
    wrong = (duty < 0) | (duty >= duties)
    told = [_cell(form, p, d, f"has no duty {duty[p, d]}") for p, d in np.argwhere(wrong).tolist()]
    broken = [Violation("duties", 1.0, text) for text in told]
    duty = np.where(wrong, 0, duty)
    who, when = np.indices((people, days))
    for p, d in np.argwhere(~form.allowed[who, when, duty]).tolist():
        broken.append(Violation("available", 1.0, _cell(form, p, d, f"may not have {form.duty(duty[p, d])}")))
    for p in range(people):
        broken += _successions(form, p, duty[p])
        broken += _runs(form, p, duty[p])
        broken += _weekends(form, p, duty[p])
    parts = {"wishes": float(form.wish[who, when, duty].sum())}
    for part, found in (_cover(form, duty), _totals(form, duty), _changes(form, duty)):
        parts |= part
        broken += found
    parts["fairness"] = float(form.balance.price @ spreads(form, duty))
    return Check(not broken, (float(sum(parts.values())),), tuple(broken), parts)


def _cell(form: Roster, p: int, d: int, what: str) -> str:
    return f"{form.person(p)} {what} on day {d}"


def _successions(form: Roster, p: int, row: Ints) -> Iterator[Violation]:
    for d in np.flatnonzero(form.runs.forbidden[p, row[:-1], row[1:]]).tolist():
        text = f"has {form.duty(row[d + 1])} the day after {form.duty(row[d])}"
        yield Violation("successions", 1.0, _cell(form, p, d + 1, text))


def _runs(form: Roster, p: int, row: Ints) -> Iterator[Violation]:
    """Runs that are too long or, inside the roster, too short."""
    at = 0
    for works, cells in groupby((row > 0).tolist()):
        length = len(list(cells))
        inside = at > 0 and at + length < len(row)
        if works and length > form.runs.most_work[p]:
            over = int(length - form.runs.most_work[p])
            yield Violation("run of work", float(over), _cell(form, p, at, f"begins {length} days of work in a row"))
        least = int((form.runs.least_work if works else form.runs.least_rest)[p])
        if inside and length < least:
            what = "of work" if works else "off"
            text = f"begins {length} days {what} in a row, at least {least} are needed,"
            yield Violation(f"run of {'work' if works else 'rest'}", float(least - length), _cell(form, p, at, text))
        at += length


def _weekends(form: Roster, p: int, row: Ints) -> Iterator[Violation]:
    worked = np.unique(form.weekend[(form.weekend >= 0) & (row > 0)])
    over = len(worked) - int(form.runs.most_weekends[p])
    if over > 0:
        told = f"{form.person(p)} works {len(worked)} weekends, at most {form.runs.most_weekends[p]} are allowed"
        yield Violation("weekends", float(over), told)


def counts(form: Roster, duty: Ints) -> Ints:
    """How many people count for each line of cover, shape (lines,)."""
    cover = form.cover
    there = duty[:, cover.day] == cover.duty[None, :]
    return np.asarray((there & form.groups[cover.group].T).sum(axis=0), dtype=np.int64)


def _cover(form: Roster, duty: Ints) -> tuple[dict[str, float], list[Violation]]:
    cover, have = form.cover, counts(form, duty)
    parts, broken = {}, []
    for part, amount, price in (
        ("under", np.maximum(0, cover.least - have), cover.under),
        ("over", np.maximum(0, have - cover.most), cover.over),
    ):
        soft = np.isfinite(price)
        parts[part] = float(amount[soft] @ price[soft])
        for c in np.flatnonzero(~soft & (amount > 0)).tolist():
            side = f"{cover.least[c]} are needed" if part == "under" else f"at most {cover.most[c]} are wanted"
            told = f"{have[c]} people have {form.duty(int(cover.duty[c]))} on day {cover.day[c]}, {side}"
            broken.append(Violation("cover", float(amount[c]), told))
    return parts, broken


def sums(form: Roster, duty: Ints) -> Ints:
    """What each line of totals adds up to, shape (lines,)."""
    totals = form.totals
    out = [
        int(totals.amount[k][duty[totals.person[k], totals.first[k] : totals.last[k]]].sum())
        for k in range(len(totals))
    ]
    return np.array(out, dtype=np.int64)


def _totals(form: Roster, duty: Ints) -> tuple[dict[str, float], list[Violation]]:
    totals, have = form.totals, sums(form, duty)
    amount = np.maximum(0, totals.least - have) + np.maximum(0, have - totals.most)
    soft = np.isfinite(totals.price)
    broken = []
    for k in np.flatnonzero(~soft & (amount > 0)).tolist():
        limit = f"at least {totals.least[k]}" if have[k] < totals.least[k] else f"at most {totals.most[k]}"
        span = f"on days {totals.first[k]} to {totals.last[k] - 1}"
        told = f"{form.person(int(totals.person[k]))} has {have[k]} of {totals.name(k)} {span}, {limit} are allowed"
        broken.append(Violation(totals.name(k), float(amount[k]), told))
    return {"totals": float(amount[soft] @ totals.price[soft])}, broken


def tallies(form: Roster, duty: Ints) -> Ints:
    """What each person has of what is balanced, shape (lines, people)."""
    days = np.arange(duty.shape[1])
    return np.asarray(form.balance.counts[:, days, duty].sum(axis=2), dtype=np.int64).reshape(-1, len(duty))


def spreads(form: Roster, duty: Ints) -> Ints:
    """The most less the least that a member has, shape (lines,)."""
    lines = zip(tallies(form, duty), form.balance.members, strict=True)
    spread = [int(np.ptp(tally[members])) if members.any() else 0 for tally, members in lines]
    return np.array(spread, dtype=np.int64)


def _changes(form: Roster, duty: Ints) -> tuple[dict[str, float], list[Violation]]:
    now = form.current
    if now is None:
        return {}, []
    moved = (now.duty >= 0) & (now.duty != duty)
    pinned = np.isinf(now.price)
    told = [
        _cell(form, p, d, f"is pinned to {form.duty(int(now.duty[p, d]))}")
        for p, d in np.argwhere(moved & pinned).tolist()
    ]
    return {"changes": float(now.price[moved & ~pinned].sum())}, [Violation("pinned", 1.0, text) for text in told]
