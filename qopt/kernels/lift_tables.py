"""How much pairs can cost a bit, or a line of bits of which at most one is on, when it is switched on.

Pairs are ``row``, ``col``, ``value`` (pairs,), each once. ``line`` (n,) numbers the lines, -1 for bits of none, and
``other`` (n,) numbers lines that cross them, -1 likewise. Pairs inside a line of either kind are not looked at.
"""

from __future__ import annotations

from numba import njit


@njit(cache=True, nogil=True, inline="always")
def _apart(line, other, i, j):
    return (line[i] < 0 or line[i] != line[j]) and (other[i] < 0 or other[i] != other[j])


@njit(cache=True, nogil=True)
def least(row, col, value, linear, out):
    """Write the least that each bit can add when it is on, whatever the others are, to ``out`` (n,)."""
    out[:] = linear
    for e in range(len(value)):
        if value[e] < 0:
            out[row[e]] += value[e]
            out[col[e]] += value[e]


@njit(cache=True, nogil=True)
def dearest(row, col, value, line, other, table, alone):
    """Write to ``table`` (n, lines) the dearest pair of each bit with any bit of each line, 0 where none costs.

    ``alone`` (n,) gets the sum of its dear pairs with bits of no line.
    """
    table[:], alone[:] = 0.0, 0.0
    for e in range(len(value)):
        i, j, v = row[e], col[e], value[e]
        if v <= 0 or not _apart(line, other, i, j):
            continue
        for k, u in ((i, j), (j, i)):
            if line[u] < 0:
                alone[k] += v
            else:
                table[k, line[u]] = max(table[k, line[u]], v)


@njit(cache=True, nogil=True)
def together(row, col, value, line, table):
    """Write to ``table`` (lines, n) the sum of the pairs of each bit with all bits of each line that it is not in."""
    table[:] = 0.0
    for e in range(len(value)):
        i, j, v = row[e], col[e], value[e]
        if line[i] >= 0 and line[i] == line[j]:
            continue
        if line[i] >= 0:
            table[line[i], j] += v
        if line[j] >= 0:
            table[line[j], i] += v


@njit(cache=True, nogil=True)
def conflicting(row, col, value, low, slack, stays, out):
    """Mark in ``out`` (pairs,) the pairs that no minimiser needs to have on together; returns how many.

    With both on, switching off the end that adds more does not cost: ``value + max(low of both) >= -slack`` (n,), with
    ``low`` the least that an end adds without this pair. Pairs with a bit that ``stays`` (n,) are left out.
    """
    count = 0
    for e in range(len(value)):
        i, j = row[e], col[e]
        out[e] = 0
        if value[e] > 0 and not (stays[i] or stays[j]):
            spare = max(low[i] + slack[i], low[j] + slack[j])
            out[e] = value[e] + spare >= 0
            count += out[e]
    return count


@njit(cache=True, nogil=True)
def neighbours(row, col, value, marked, indptr, near, weight):
    """The marked pairs as CSR with both directions: ``indptr`` (n + 1,), ``near`` and ``weight`` (2 * marked,)."""
    indptr[:] = 0
    for e in range(len(value)):
        if marked[e]:
            indptr[row[e] + 1] += 1
            indptr[col[e] + 1] += 1
    for k in range(len(indptr) - 1):
        indptr[k + 1] += indptr[k]
    at = indptr[:-1].copy()
    for e in range(len(value)):
        if marked[e]:
            for k, u in ((row[e], col[e]), (col[e], row[e])):
                near[at[k]] = u
                weight[at[k]] = value[e]
                at[k] += 1


@njit(cache=True, nogil=True)
def clique(indptr, near, weight, i, j, value, stamp, mark, out):
    """Write i, j and what both are joined to, by ``value`` alone if it is above 0, to ``out`` (n,); returns how many.

    0 where these are not all joined to each other. ``mark`` (n,) is int64 room that calls share, and ``stamp`` a number
    above 0 that no call before had.
    """
    for p in range(indptr[i], indptr[i + 1]):
        if value <= 0 or weight[p] == value:
            mark[near[p]] = stamp
    out[0], out[1] = i, j
    count = 2
    for p in range(indptr[j], indptr[j + 1]):
        if mark[near[p]] == stamp and (value <= 0 or weight[p] == value):
            out[count] = near[p]
            count += 1
    for k in range(count):
        mark[out[k]] = -stamp
    for k in range(2, count):
        inside = 0
        for p in range(indptr[out[k]], indptr[out[k] + 1]):
            inside += mark[near[p]] == -stamp and (value <= 0 or weight[p] == value)
        if inside != count - 1:
            return 0
    return count


@njit(cache=True, nogil=True)
def cheapest(row, col, value, pair, near, dear, rest):
    """Per bit, its two cheapest pairs below 0: values, ascending, to ``pair`` (n, 2), others' bits to ``near`` (n, 2).

    ``dear`` (n,) gets the sum of its pairs above 0, ``rest`` (n,) that of the pairs below 0 other than these two. Where
    there are fewer, ``near`` is -1 and ``pair`` 0.
    """
    pair[:], near[:], dear[:], rest[:] = 0.0, -1, 0.0, 0.0
    for e in range(len(value)):
        v = value[e]
        for k, u in ((row[e], col[e]), (col[e], row[e])):
            if v > 0:
                dear[k] += v
            elif v < pair[k, 0]:
                rest[k] += pair[k, 1]
                pair[k, 1], near[k, 1] = pair[k, 0], near[k, 0]
                pair[k, 0], near[k, 0] = v, u
            elif v < pair[k, 1]:
                rest[k] += pair[k, 1]
                pair[k, 1], near[k, 1] = v, u
            elif v < 0:
                rest[k] += v
