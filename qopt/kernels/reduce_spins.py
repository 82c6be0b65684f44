"""Take spins out of a graph whose best value follows from their neighbours, whatever those are.

Spin i costs ``s_i F`` with ``F = field[i] + sum of J_iu s_u``, so its best value is -sign(F) and it leaves -|F| behind.
Two rules say when -|F| is a quadratic polynomial of the neighbours again; a field counts as a coupling to a spin that
is always +1, number n.

    dominated  one |J_iu| is at least the sum of all the others of i: s_i = -sign(J_iu) s_u, and the others of i pass
               to u. (Every spin of degree 0, 1 or 2 is dominated.)
    star       three couplings a, b, c, none dominated: -|a x + b y + c z| is the triangle
               -(|a| + |b| + |c|) / 2 - sign(ab) (|a| + |b| - |c|) / 2 xy - …, provided that |a| + |b| + |c| is even.

With four or more neighbours -|F| has a term of degree 4 unless one dominates, so that there are no more such rules.
Neither adds an edge in all, and neither enlarges |constant| + sum |field| + sum |weight|, which so bounds all numbers.

Every spin taken out leaves a record, newest last:

    record.spin (k,), record.rule (k,) and s_spin = -sign(sum of record.factor[t, c] s_{record.source[t, c]}), -1 for 0

Sources: the triangle of Onsager (1944) at zero temperature; dominating edges of Hrga & Povh (2021), and earlier.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from numba import njit

from qopt.kernels.reduce_graph import FREE, GONE, add_to, detach, edge_between

DEGREE_0, DEGREE_1, DEGREE_2, DEGREE_3, PERSISTENT, CONTRACTED, TWIN, SOLVED = range(8)
RULES = 8

CONSTANT, RECORDS, FIRST, WAITING, STARS = range(5)
"""Places in ``at``: the constant, records made, first of the queue, spins in the queue, spins that may be stars."""

_FEW, _MANY = 4, 16
"""More than _FEW edges are looked up by marks, unless the other spin has more than _MANY times as many."""


class Records(NamedTuple):
    """``spin``, ``rule`` (n,); ``source``, ``factor`` (n, 3)."""

    spin: Any
    rule: Any
    source: Any
    factor: Any


class Work(NamedTuple):
    """``at`` (5,) int64; ``queue`` (n,), a ring, and ``queued`` (n,) of spins to look at; ``mark`` (n,), all -1.

    Stars make their neighbours' degrees grow, so they wait in ``star`` (n,), ``starred`` (n,) until the queue is empty.
    """

    at: Any
    queue: Any
    queued: Any
    mark: Any
    star: Any
    starred: Any


@njit(cache=True, nogil=True)
def put(graph, work, i):
    """Look at spin i (again)."""
    if graph.state[i] == FREE and not work.queued[i]:
        work.queued[i] = True
        at = work.at
        place = at[FIRST] + at[WAITING]
        work.queue[place if place < len(work.queue) else place - len(work.queue)] = i
        at[WAITING] += 1


@njit(cache=True, nogil=True)
def _record(graph, records, work, i, rule):
    t = work.at[RECORDS]
    work.at[RECORDS] += 1
    graph.state[i] = GONE
    records.spin[t] = i
    records.rule[t] = rule
    records.source[t, :] = len(graph.field)
    records.factor[t, :] = 0
    return t


@njit(cache=True, nogil=True)
def fix(graph, records, work, i, sign, rule):
    """Make s_i = sign."""
    t = _record(graph, records, work, i, rule)
    records.factor[t, 0] = -sign
    work.at[CONSTANT] += sign * graph.field[i]
    graph.field[i] = 0
    while graph.head[i] >= 0:
        h = graph.head[i]
        u, value = graph.to[h], graph.weight[h >> 1]
        detach(graph, h >> 1)
        graph.field[u] += sign * value
        put(graph, work, u)


@njit(cache=True, nogil=True)
def merge(graph, records, work, i, u, sign, rule):
    """Make s_i = sign * s_u: what joined i joins u. The one with fewer edges goes, if it may."""
    if graph.degree[i] > graph.degree[u] and graph.state[u] == FREE:
        i, u = u, i
    t = _record(graph, records, work, i, rule)
    records.source[t, 0] = u
    records.factor[t, 0] = -sign
    e = edge_between(graph, i, u)
    if e >= 0:
        work.at[CONSTANT] += sign * graph.weight[e]
        detach(graph, e)
    graph.field[u] += sign * graph.field[i]
    graph.field[i] = 0
    marked = graph.degree[i] > _FEW and graph.degree[u] <= _MANY * graph.degree[i]
    if marked:
        h = graph.head[u]
        while h >= 0:
            work.mark[graph.to[h]] = h >> 1
            h = graph.next[h]
    while graph.head[i] >= 0:
        h = graph.head[i]
        w, value = graph.to[h], graph.weight[h >> 1]
        detach(graph, h >> 1)
        if marked:
            e = work.mark[w]
            work.mark[w] = -1
        else:
            e = edge_between(graph, u, w)
        add_to(graph, e, u, w, sign * value)
        put(graph, work, w)
    if marked:
        h = graph.head[u]
        while h >= 0:
            work.mark[graph.to[h]] = -1
            h = graph.next[h]
    put(graph, work, u)


@njit(cache=True, nogil=True)
def _join(graph, work, u, v, value):
    """Add to the coupling of two spins, one of which may be the spin that is always +1."""
    n = len(graph.field)
    if u == n:
        graph.field[v] += value
    elif v == n:
        graph.field[u] += value
    else:
        add_to(graph, edge_between(graph, u, v), u, v, value)
    if u < n:
        put(graph, work, u)
    if v < n:
        put(graph, work, v)


@njit(cache=True, nogil=True)
def _star(graph, records, work, i):
    """Three couplings become a triangle."""
    t = _record(graph, records, work, i, DEGREE_3)
    source, factor = records.source[t], records.factor[t]
    count = 0
    while graph.head[i] >= 0:
        h = graph.head[i]
        source[count], factor[count] = graph.to[h], graph.weight[h >> 1]
        detach(graph, h >> 1)
        count += 1
    if count == 2:
        factor[2] = graph.field[i]
        graph.field[i] = 0
    half = (abs(factor[0]) + abs(factor[1]) + abs(factor[2])) // 2
    work.at[CONSTANT] -= half
    for k in range(3):
        u, v = (k + 1) % 3, (k + 2) % 3
        value = abs(factor[k]) - half
        _join(graph, work, source[u], source[v], value if (factor[u] > 0) == (factor[v] > 0) else -value)


@njit(cache=True, nogil=True)
def _look(graph, records, work, i, may_star):
    """Take spin i out if a rule says so."""
    field = graph.field[i]
    largest, at_edge, h = abs(field), -1, graph.head[i]
    while h >= 0:
        size = abs(graph.weight[h >> 1])
        if size > largest:
            largest, at_edge = size, h
        h = graph.next[h]
    whole = graph.total[i] + abs(field)
    degree = graph.degree[i] + (field != 0)
    if 2 * largest >= whole:
        if at_edge < 0:
            fix(graph, records, work, i, -1 if field >= 0 else 1, degree if degree < 3 else PERSISTENT)
        else:
            sign = -1 if graph.weight[at_edge >> 1] > 0 else 1
            merge(graph, records, work, i, graph.to[at_edge], sign, degree if degree < 3 else CONTRACTED)
    elif degree == 3 and whole % 2 == 0:
        if may_star:
            _star(graph, records, work, i)
        elif not work.starred[i]:
            work.starred[i] = True
            work.star[work.at[STARS]] = i
            work.at[STARS] += 1


@njit(cache=True, nogil=True)
def eliminate(units, graph, records, work):
    """Look at up to ``units`` spins of the queue; returns how many were looked at, fewer when none is left."""
    at = work.at
    done = 0
    while done < units and at[WAITING] + at[STARS] > 0:
        star = at[WAITING] == 0
        if star:
            at[STARS] -= 1
            i = work.star[at[STARS]]
            work.starred[i] = False
        else:
            i = work.queue[at[FIRST]]
            at[FIRST] = at[FIRST] + 1 if at[FIRST] + 1 < len(work.queue) else 0
            at[WAITING] -= 1
            work.queued[i] = False
        done += 1
        if graph.state[i] == FREE:
            _look(graph, records, work, i, star)
    return done


@njit(cache=True, nogil=True)
def restore(spin, source, factor, bits):
    """Fill in the bits (rows, n) of the spins of the records; those of all others are given."""
    n = bits.shape[1]
    for r in range(len(bits)):
        point = bits[r]
        for t in range(len(spin) - 1, -1, -1):
            force = 0
            for c in range(3):
                k = source[t, c]
                force += factor[t, c] if k == n or point[k] else -factor[t, c]
            point[spin[t]] = force < 0
