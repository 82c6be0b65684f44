"""Annealing over rosters: one-hot moves on duties, whose effect on cover, totals and balance is kept up as they happen.

A move changes a cell, exchanges the days of two people, moves days of one person, or gives one duty to several days.
Rules are priced: what is broken of each kind costs its weight, which rises while the kind stays broken and falls while
it holds (strategic oscillation, Glover 1977). Temperatures fall geometrically; each cycle starts from the best plan.
"""

from typing import Any

import numpy as np
from numba import njit

from qopt.kernels.rng import below, unit

RUNS, WEEKENDS, TOTALS, COVER = 0, 1, 2, 3
_EPSILON = 1e-9
_COOLING = 64
_WEIGHING = 1024


@njit(cache=True, nogil=True, inline="always")
def set_duty(f: Any, s: Any, p: int, d: int, duty: int) -> None:
    """Give a person a duty; everything but what depends on the whole row is kept up."""
    now = s.now[0]
    old = s.duty[p, d]
    s.duty[p, d] = duty
    now.price += f.price[p, d, duty] - f.price[p, d, old]
    for change, sign in ((old, -1), (duty, 1)):
        for k in range(f.cover_start[d, change], f.cover_start[d, change + 1]):
            line = f.cover[k]
            if f.member[line.group, p]:
                have = s.have[k]
                s.have[k] = have + sign
                now.price += price_of(line, have + sign) - price_of(line, have)
                s.broken[COVER] += broken_of(line, have + sign) - broken_of(line, have)
    for k in range(f.total_start[p], f.total_start[p + 1]):
        line = f.total[k]
        if line.first <= d < line.last:
            change = f.amount[k, duty] - f.amount[k, old]
            if change != 0:
                sum_ = s.sum[k]
                s.sum[k] = sum_ + change
                more = outside(line, sum_ + change) - outside(line, sum_)
                if line.hard:
                    s.broken[TOTALS] += more
                else:
                    now.price += more * line.price
    for b in range(len(f.balance)):
        change = np.int64(f.counted[b, d, duty]) - np.int64(f.counted[b, d, old])
        if change != 0 and f.balanced[b, p]:
            s.tally[b, p] += change
            spread = spread_of(f, s, b)
            now.price += (spread - s.spread[b]) * f.balance[b]
            s.spread[b] = spread


@njit(cache=True, nogil=True, inline="always")
def price_of(line: Any, have: int) -> float:
    """What a line of cover costs."""
    if have < line.least:
        return 0.0 if line.hard_under else (line.least - have) * line.under
    if have > line.most:
        return 0.0 if line.hard_over else (have - line.most) * line.over
    return 0.0


@njit(cache=True, nogil=True, inline="always")
def broken_of(line: Any, have: int) -> float:
    """How many people a line of cover lacks or has too many where it must not."""
    if have < line.least:
        return float(line.least - have) if line.hard_under else 0.0
    if have > line.most:
        return float(have - line.most) if line.hard_over else 0.0
    return 0.0


@njit(cache=True, nogil=True, inline="always")
def outside(line: Any, value: int) -> float:
    """How far a sum is outside its limits; of hard lines in steps of ``scale``."""
    off = max(0, line.least - value) + max(0, value - line.most)
    return off / line.scale if line.hard else float(off)


@njit(cache=True, nogil=True)
def spread_of(f: Any, s: Any, b: int) -> Any:
    """The most less the least that a member has."""
    low, high = np.int64(2**62), np.int64(-1)
    for p in range(len(s.duty)):
        if f.balanced[b, p]:
            low, high = min(low, s.tally[b, p]), max(high, s.tally[b, p])
    return max(high - low, np.int64(0))


@njit(cache=True, nogil=True)
def walk(f: Any, s: Any, p: int) -> None:
    """Go along the row of a person: its runs, successions and weekends."""
    days = s.duty.shape[1]
    limit = f.person[p]
    faults, weekends, seen = 0, 0, -1
    run, before, first = 0, s.duty[p, 0], True
    working = before > 0
    for d in range(days):
        duty = s.duty[p, d]
        if d > 0 and f.forbidden[p, before, duty]:
            faults += 1
        if (duty > 0) != working:
            if working and run > limit.most_work:
                faults += run - limit.most_work
            if not first:
                faults += max(0, (limit.least_work if working else limit.least_rest) - run)
            first, run, working = False, 0, duty > 0
        run += 1
        if working and f.weekend[d] >= 0 and f.weekend[d] != seen:
            seen = f.weekend[d]
            weekends += 1
        before = duty
    if working and run > limit.most_work:
        faults += run - limit.most_work
    over = max(0, weekends - limit.most_weekends)
    s.broken[RUNS] += faults - s.row[p, RUNS]
    s.broken[WEEKENDS] += over - s.row[p, WEEKENDS]
    s.row[p, RUNS] = faults
    s.row[p, WEEKENDS] = over


@njit(cache=True, nogil=True)
def count_up(f: Any, s: Any) -> None:
    """Count everything that is kept of a plan anew."""
    now = s.now[0]
    people, days = s.duty.shape
    now.price = 0.0
    s.broken[:] = 0.0
    s.row[:] = 0
    s.have[:] = 0
    s.sum[:] = 0
    s.tally[:] = 0
    for p in range(people):
        for d in range(days):
            duty = s.duty[p, d]
            now.price += f.price[p, d, duty]
            for k in range(f.cover_start[d, duty], f.cover_start[d, duty + 1]):
                s.have[k] += 1 if f.member[f.cover[k].group, p] else 0
            for k in range(f.total_start[p], f.total_start[p + 1]):
                if f.total[k].first <= d < f.total[k].last:
                    s.sum[k] += f.amount[k, duty]
            for b in range(len(f.balance)):
                s.tally[b, p] += 1 if f.counted[b, d, duty] and f.balanced[b, p] else 0
        walk(f, s, p)
    for k in range(len(f.cover)):
        now.price += price_of(f.cover[k], s.have[k])
        s.broken[COVER] += broken_of(f.cover[k], s.have[k])
    for k in range(len(f.total)):
        if f.total[k].hard:
            s.broken[TOTALS] += outside(f.total[k], s.sum[k])
        else:
            now.price += outside(f.total[k], s.sum[k]) * f.total[k].price
    for b in range(len(f.balance)):
        s.spread[b] = spread_of(f, s, b)
        now.price += s.spread[b] * f.balance[b]


@njit(cache=True, nogil=True, inline="always")
def cost(s: Any) -> float:
    """What the plan costs, with what is broken at its weights."""
    total = s.now[0].price
    for k in range(len(s.broken)):
        total += s.broken[k] * s.weight[k]
    return total


@njit(cache=True, nogil=True, inline="always")
def note(f: Any, s: Any, p: int, d: int, duty: int) -> bool:
    """Note a duty that a move gives; False where it is not allowed."""
    if s.duty[p, d] != duty:
        now = s.now[0]
        s.noted[now.noted, 0] = p
        s.noted[now.noted, 1] = d
        s.noted[now.noted, 2] = duty
        now.noted += 1
    return f.allowed[p, d, duty]


@njit(cache=True, nogil=True)
def exchange(f: Any, s: Any) -> None:
    """Give the noted duties and note those that were there instead: done twice, nothing has changed."""
    for k in range(s.now[0].noted):
        p, d, duty = s.noted[k, 0], s.noted[k, 1], s.noted[k, 2]
        s.noted[k, 2] = s.duty[p, d]
        set_duty(f, s, p, d, duty)


@njit(cache=True, nogil=True)
def draw(f: Any, s: Any) -> tuple[bool, int, int]:
    """Note one random move: whether it is allowed and changes anything, and whose rows it changes."""
    s.now[0].noted = 0
    people, days = s.duty.shape
    p, d = below(s.rng, people), below(s.rng, days)
    q = p
    ok = True
    u = unit(s.rng)
    if u < 0.35 or days == 1:
        ok = note(f, s, p, d, below(s.rng, f.allowed.shape[2]))
    else:
        length = min(1 + below(s.rng, 1 + below(s.rng, f.longest[0])), days - d)
        to = d
        duty = -1
        if u < 0.7 and people > 1:
            q = (p + 1 + below(s.rng, people - 1)) % people
        elif u < 0.85:
            to = below(s.rng, days - length + 1)
            ok = to >= d + length or to + length <= d
        else:
            duty = below(s.rng, f.allowed.shape[2])
        for k in range(length):
            if not ok:
                break
            if duty >= 0:
                ok = note(f, s, p, d + k, duty)
            else:
                mine, other = s.duty[p, d + k], s.duty[q, to + k]
                ok = note(f, s, p, d + k, other) and note(f, s, q, to + k, mine)
    return ok and s.now[0].noted > 0, p, q


@njit(cache=True, nogil=True)
def keep(s: Any) -> None:
    """Remember the plan when it breaks less than the best one, or breaks as little and costs less."""
    now = s.now[0]
    broken = 0.0
    for k in range(len(s.broken)):
        broken += s.broken[k]
    better = now.price < now.best_price - _EPSILON
    if broken < now.best_broken - _EPSILON or (broken < now.best_broken + _EPSILON and better):
        now.best_price, now.best_broken = now.price, broken
        now.found += 1
        s.best[:] = s.duty


@njit(cache=True, nogil=True)
def reweigh(f: Any, s: Any) -> None:
    """Weights of kinds of rules that were broken all the time rise, of those that always held they fall.

    Only in the colder half of a cycle: while it is hot, something is always broken.
    """
    for k in range(len(s.broken)):
        if s.times[k] == _WEIGHING:
            s.weight[k] = min(s.weight[k] * 1.1, f.range[2])
        elif s.times[k] == 0:
            s.weight[k] = max(s.weight[k] * 0.95, f.range[0])


@njit(cache=True, nogil=True)
def restart(f: Any, s: Any) -> None:
    """The next cycle, twice as long, from the best plan."""
    now = s.now[0]
    now.cycle = min(2 * now.cycle, f.cycles[1])
    now.step = 0
    s.weight[:] = f.range[1]
    s.duty[:] = s.best
    count_up(f, s)


@njit(cache=True, nogil=True)
def roster_search(f: Any, s: Any, units: int) -> int:
    """Try ``units`` moves from where the state stands."""
    now = s.now[0]
    here = cost(s)
    for _ in range(units):
        if now.step == now.cycle:
            restart(f, s)
            here = cost(s)
        if now.step % _COOLING == 0:
            now.heat = f.heat[0] * (f.heat[1] / f.heat[0]) ** (now.step / now.cycle)
        if now.step % _WEIGHING == 0:
            if 2 * now.step >= now.cycle:
                reweigh(f, s)
            s.times[:] = 0
            here = cost(s)
        now.step += 1
        ok, p, q = draw(f, s)
        if ok:
            exchange(f, s)
            runs, weekends = s.broken[RUNS], s.broken[WEEKENDS]
            mine, mine_off = s.row[p, RUNS], s.row[p, WEEKENDS]
            other, other_off = s.row[q, RUNS], s.row[q, WEEKENDS]
            walk(f, s, p)
            if q != p:
                walk(f, s, q)
            there = cost(s)
            if there <= here or unit(s.rng) < np.exp((here - there) / now.heat):
                here = there
                if now.price < now.best_price - _EPSILON or now.best_broken > _EPSILON:
                    keep(s)
            else:
                exchange(f, s)
                s.broken[RUNS], s.broken[WEEKENDS] = runs, weekends
                s.row[p, RUNS], s.row[p, WEEKENDS] = mine, mine_off
                s.row[q, RUNS], s.row[q, WEEKENDS] = other, other_off
        for k in range(len(s.broken)):
            if s.broken[k] > _EPSILON:
                s.times[k] += 1
    return units
