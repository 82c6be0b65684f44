"""The cheapest row of one person in a roster, by dynamic programming over her days.

A state is what the days still to come must know: a node (what may follow the last duty, and how long its run of work
or of rest is), and how much of every counted sum is used up. Rows that pass through one state differ no more from there
on.

The few sums that matter most come first. Backwards over states of these alone, ``completions`` finds what the days to
come cost at least; forwards over states of all sums, ``cheapest_row`` leaves out what can no longer come below a price
that is known. Rows with broken sums that are not counted at all are for the caller to see.
"""

from typing import Any

import numpy as np
from numba import njit

_TRIES = 64
"""Most labels that one is compared with."""


@njit(cache=True, nogil=True, inline="always")
def unpack(c: Any, count: int, sums: int, have: Any) -> None:
    """Write how much of each of the first ``count`` sums is used up in one number."""
    for k in range(count):
        have[k] = sums // c.stride[k] % c.size[k]


@njit(cache=True, nogil=True, inline="always")
def tally(c: Any, count: int, d: int, duty: int, sums: int, have: Any, again: bool) -> int:
    """The first ``count`` sums, as one number, after one more duty; -1: a limit breaks.

    ``have`` is what ``unpack`` makes of ``sums``; ``again`` tells that the weekend of day d has work already.
    """
    moved = sums
    for k in range(count):
        if k == c.weekends[0]:
            add = np.int64(duty > 0 and c.weekend[d] >= 0 and not again)
        else:
            add = c.amount[k, d, duty]
        if add > 0:
            if have[k] + add >= c.size[k]:
                return -1
            moved += add * c.stride[k]
    return moved


@njit(cache=True, nogil=True, inline="always")
def close(c: Any, count: int, d: int, sums: int) -> tuple[int, float]:
    """The first ``count`` sums without those that end before day d, and what these cost (infinity: they may not be)."""
    kept, fee = sums, 0.0
    for k in range(count):
        if c.last[k] == d:
            have = sums // c.stride[k] % c.size[k]
            kept -= have * c.stride[k]
            off = max(0.0, c.least[k] - have) + max(0.0, have - c.most[k])
            if off > 0:
                fee += off * c.price[k]
    return kept, fee


@njit(cache=True, nogil=True, inline="always")
def leads(c: Any, d: int, node: int, duty: int) -> int:
    """The node that a duty on day d leads to, -1 for none. A run that began with the roster may be short."""
    short = c.short[node]
    if (duty > 0) != c.works[node] and short > 0 and short != d:
        return -1
    return c.go[node, duty]


@njit(cache=True, nogil=True)
def live_sums(c: Any, base: int, live: Any, most: int) -> bool:
    """Write to ``live`` (days, sums) which of the first ``base`` sums there can be after each day and still end well.

    False, and nothing to rely on, when more than ``most`` are met on the way.
    """
    days, sums = live.shape
    duties = len(c.start)
    have = np.zeros(len(c.size), np.int64)
    live[:] = False
    met = 0
    for d in range(days):
        for s in range(sums):
            if (s > 0) if d == 0 else not live[d - 1, s]:
                continue
            kept = close(c, base, d, s)[0] if d > 0 else s
            unpack(c, base, kept, have)
            for duty in range(duties):
                for again in range(2):
                    then = tally(c, base, d, duty, kept, have, again == 1)
                    if then >= 0 and not live[d, then]:
                        live[d, then] = True
                        met += 1
        if met > most:
            return False
    for d in range(days - 1, -1, -1):
        for s in range(sums):
            if not live[d, s]:
                continue
            kept, fee = close(c, base, d + 1, s)
            ends = fee < np.inf
            if ends and d < days - 1:
                ends = False
                unpack(c, base, kept, have)
                for duty in range(duties):
                    for again in range(2):
                        then = tally(c, base, d + 1, duty, kept, have, again == 1)
                        ends |= then >= 0 and live[d + 1, then]
            live[d, s] = ends
    return True


@njit(cache=True, nogil=True)
def steps(c: Any, base: int, sums: Any, place: Any, step: Any, fee: Any) -> None:
    """Write where each live sum leads to, and what the sums that end before a day cost.

    Parameters
    ----------
    sums, place
        (days, width) the live sums after each day, -1 behind the last; (days, sums) where each stands there, or -1.
    step
        (days, 2, duties, width) from the place after the day before; second index: the weekend has work already.
    fee
        (days, width).
    """
    days, width = sums.shape
    have = np.zeros(len(c.size), np.int64)
    step[:] = -1
    fee[:] = 0.0
    for d in range(1, days):
        for i in range(width):
            if sums[d - 1, i] >= 0:
                kept, fee[d, i] = close(c, base, d, sums[d - 1, i])
                unpack(c, base, kept, have)
                for again in range(2):
                    for duty in range(step.shape[2]):
                        then = tally(c, base, d, duty, kept, have, again == 1)
                        if then >= 0:
                            step[d, again, duty, i] = place[d, then]


@njit(cache=True, nogil=True)
def completions(c: Any, base: int, sums: Any, step: Any, fee: Any, price: Any, rest: Any) -> None:
    """Write to ``rest`` (days, nodes, width) what the days after each cost at least at the prices."""
    days = len(sums)
    count = (sums >= 0).sum(axis=1)
    rest[:] = np.inf
    for i in range(count[days - 1]):
        rest[days - 1, :, i] = close(c, base, days, sums[days - 1, i])[1]
    for d in range(days - 1, 0, -1):
        same = c.weekend[d] >= 0 and c.weekend[d] == c.weekend[d - 1]
        for node in range(rest.shape[1]):
            table = step[d, 1 if same and c.works[node] else 0]
            here = rest[d - 1, node]
            for duty in range(price.shape[1]):
                to = leads(c, d, node, duty)
                if to < 0 or price[d, duty] == np.inf:
                    continue
                there, paid = rest[d, to], price[d, duty]
                for i in range(count[d - 1]):
                    then = table[duty, i]
                    if then >= 0:
                        here[i] = min(here[i], paid + there[then])
            for i in range(count[d - 1]):
                here[i] += fee[d, i]


@njit(cache=True, nogil=True, inline="always")
def begin_at(slot: Any, number: int) -> int:
    """Where the search for a number begins in a table of 2^m places."""
    mixed = (number ^ (number >> 20)) & 0xFFFFFFFF
    mixed *= 0x45D9F3B
    return (mixed ^ (mixed >> 16)) & (len(slot) - 1)


@njit(cache=True, nogil=True)
def thin(c: Any, sums: int, found: Any, first: int, last: int, slot: Any) -> int:
    """Drop labels of one day where another is no dearer and has used up no more; returns the end of those that stay.

    That another has less of a sum is no worse where the sum has no least. Labels are alike in everything else: those
    are chained, from a place of ``slot`` on, which is left as it was found.
    """
    count, every = last - first, len(c.size)
    price, key, stays = np.empty(count), np.empty(count, np.int64), np.ones(count, np.bool_)
    used, chains = np.empty(count, np.int64), 0
    for i in range(count):
        price[i], key[i] = found[first + i].price, found[first + i].state
        for k in range(every):
            if c.falls[k]:
                key[i] -= found[first + i].state % sums // c.stride[k] % c.size[k] * c.stride[k]
    for i in np.argsort(price):
        at = begin_at(slot, key[i])
        while slot[at] >= 0 and key[slot[at] - first] != key[i]:
            at = (at + 1) & (len(slot) - 1)
        other, tries = np.int64(slot[at]), 0
        while other >= 0 and tries < _TRIES:
            less = True
            for k in range(every):
                if c.falls[k]:
                    there = found[other].state % sums // c.stride[k] % c.size[k]
                    less &= there <= found[first + i].state % sums // c.stride[k] % c.size[k]
            if less:
                break
            other = found[other].next
            tries += 1
        if other >= 0 and tries < _TRIES:
            stays[i] = False
            continue
        if slot[at] < 0:
            used[chains] = at
            chains += 1
        found[first + i].next = slot[at]
        slot[at] = first + i
    for chain in range(chains):
        slot[used[chain]] = -1
    stay = first
    for i in range(count):
        if stays[i]:
            found[stay] = found[first + i]
            stay += 1
    return stay


@njit(cache=True, nogil=True)
def cheapest_row(
    c: Any, place: Any, price: Any, rest: Any, below: float, sums: int, slot: Any, found: Any, rows: Any
) -> float:
    """Write the cheapest row and others that end in other states to ``rows``: those whose prices are below ``below``.

    Parameters
    ----------
    c
        ``_roster_rows.Counted``: the person's rules.
    place
        As of ``steps``, for the sums that ``rest`` speaks of.
    price
        (days, duties): infinity for duties that are not allowed.
    rest
        From ``completions``.
    sums
        How many numbers the sums can be.
    slot
        (2^m,) int32 of -1, as it is left again; more than labels.
    found
        (labels,) records of price, state, duty, the label before and one more.
    rows
        (most, days) integers, dearer ones later; -1 behind the last.

    Returns
    -------
    The price of the cheapest row. Infinity where no row is below; -infinity where there are more labels than room.
    """
    days, duties = price.shape
    every = len(c.size)
    have = np.zeros(every, np.int64)
    narrow = place.shape[1]
    first, last = 0, 0
    full = False
    for d in range(days):
        end = last
        for label in range(first - 1 if d == 0 else first, end):
            if d == 0:
                node, s, was, again = -1, 0, 0.0, False
            else:
                node, s, was = found[label].state // sums, found[label].state % sums, found[label].price
                s, fee = close(c, every, d, s)
                was += fee
                if was == np.inf:
                    continue
                again = c.weekend[d] >= 0 and c.weekend[d] == c.weekend[d - 1] and c.works[node]
            unpack(c, every, s, have)
            for duty in range(duties):
                if price[d, duty] == np.inf:
                    continue
                to = c.start[duty] if d == 0 else leads(c, d, node, duty)
                if to < 0:
                    continue
                then = tally(c, every, d, duty, s, have, again)
                if then < 0:
                    continue
                now = was + price[d, duty]
                at = place[d, then % narrow]
                if at < 0 or now + rest[d, to, at] >= below:
                    continue
                state = to * sums + then
                where = begin_at(slot, state)
                while slot[where] >= 0 and found[slot[where]].state != state:
                    where = (where + 1) & (len(slot) - 1)
                known = slot[where]
                if known < 0:
                    if last == len(found):
                        full = True
                        break
                    known = last
                    last += 1
                    slot[where] = known
                    found[known].next = where
                    found[known].state = state
                    found[known].price = np.inf
                if now < found[known].price:
                    found[known].price = now
                    found[known].before = label
                    found[known].duty = duty
        for label in range(end, last):
            slot[found[label].next] = -1
        if d < days - 1:
            last = thin(c, sums, found, end, last, slot)
        first = end
        if full:
            return -np.inf
    total = np.empty(last - first)
    for label in range(first, last):
        total[label - first] = found[label].price + close(c, every, days, found[label].state % sums)[1]
    rows[:] = -1
    best, number = np.inf, 0
    while number < len(rows) and len(total):
        label = first + int(np.argmin(total))
        if total[label - first] >= below:
            break
        best = min(best, total[label - first])
        total[label - first] = np.inf
        for d in range(days - 1, -1, -1):
            rows[number, d] = found[label].duty
            label = found[label].before
        number += 1
    return best
