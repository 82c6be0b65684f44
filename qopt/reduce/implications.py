"""What pairs of binaries imply of each other: equal and complementary columns become one. Equivalent.

A rule over two binaries forbids some of their four joint values. Each forbidden pair ``x = a, y = b`` is two
implications between literals, ``x = a -> y = 1 - b`` and ``y = b -> x = 1 - a``. Literals that imply each other in a
circle are equal (Aspvall, Plass and Tarjan, 1979); a literal and its complement in one circle are a contradiction.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import sparse
from scipy.sparse.csgraph import connected_components

from qopt.core.arrays import Ints
from qopt.core.problem import Problem
from qopt.core.rows import GroupKind
from qopt.reduce.steps import Done, ImpossibleRow, Step, Way, domain, whole_rows
from qopt.reduce.substitute import exact_data, groups_to_rows, substituted

_NAME = "equal variables"


@dataclass(frozen=True, eq=False)
class Implications:
    """Edges between literals: ``2 c`` says x[c] = 1, ``2 c + 1`` says x[c] = 0.

    Parameters
    ----------
    tail, head
        The literal ``tail`` implies the literal ``head``.
    row
        The row each comes from, or ``-1 - g`` for group g.
    """

    tail: Ints
    head: Ints
    row: Ints


def implications(problem: Problem) -> Implications:
    """The implications that single rows and groups over two free binaries make."""
    rows = problem.rows
    low, high = domain(problem.columns)
    free = problem.columns.binary & (low < high)
    pair = whole_rows(problem) & (np.diff(rows.indptr) == 2)
    pair[rows.row_of_entry()[~free[rows.index]]] = False
    chosen = np.flatnonzero(pair)
    start = rows.indptr[:-1][chosen]
    x, y, a, b = rows.index[start], rows.index[start + 1], rows.value[start], rows.value[start + 1]
    lower, upper, source = rows.lower[chosen], rows.upper[chosen], chosen
    small = [(g, kind, line) for g, kind, line in problem.groups.simple() if len(line) == 2 and free[line].all()]
    if small:
        two = np.array([line for _, _, line in small])
        exact = np.array([kind == GroupKind.EXACTLY_ONE for _, kind, _ in small])
        one = np.ones(len(small))
        x, y = np.concatenate([x, two[:, 0]]), np.concatenate([y, two[:, 1]])
        a, b = np.concatenate([a, one]), np.concatenate([b, one])
        lower, upper = np.concatenate([lower, np.where(exact, 1.0, -np.inf)]), np.concatenate([upper, one])
        source = np.concatenate([source, -1 - np.array([g for g, _, _ in small])])
    tails, heads, owners = [], [], []
    for u in (0, 1):
        for v in (0, 1):
            activity = a * u + b * v
            bad = (activity < lower) | (activity > upper)
            # x = u is the literal 2 x + 1 - u, and y = 1 - v the literal 2 y + v.
            tails += [2 * x[bad] + 1 - u, 2 * y[bad] + 1 - v]
            heads += [2 * y[bad] + v, 2 * x[bad] + u]
            owners += [source[bad], source[bad]]
    tail, head, row = (np.concatenate(part).astype(np.int64) for part in (tails, heads, owners))
    return Implications(tail, head, row)


def aggregated(problem: Problem) -> Step:
    """The same problem with one column in place of all that equal it or its complement.

    Done where sums of coefficients are exact. A column whose complement is taken must lie in no group, or the group
    would be none; the lowest column outside that rule stays.

    Raises
    ------
    ImpossibleRow
        Rows over pairs that contradict each other.
    """
    if not exact_data(problem):
        return Step(problem, Done(_NAME))
    edges = implications(problem)
    if not len(edges.tail):
        return Step(problem, Done(_NAME))
    n = problem.n
    graph = sparse.coo_array((np.ones(len(edges.tail), np.int8), (edges.tail, edges.head)), shape=(2 * n, 2 * n))
    count, component = connected_components(graph, directed=True, connection="strong")
    clash = component[0::2] == component[1::2]
    if clash.any():
        c = int(np.argmax(clash))
        inside = np.flatnonzero(
            (component[edges.tail] == component[2 * c]) & (component[edges.head] == component[2 * c])
        )
        row = int(edges.row[inside[0]])
        name = problem.rows.names[row] if row >= 0 else problem.groups.names[-1 - row]
        why = f"with other rows over pairs it would make {problem.columns.names[c]} both 0 and 1"
        raise ImpossibleRow(name, np.nan, np.nan, -np.inf, 0.0, why)
    if count == 2 * n:
        return Step(problem, Done(_NAME))
    problem, way, removed = _chosen(problem, component, count)
    if not len(way):
        return Step(problem, Done(_NAME))
    done = Done(_NAME, counts={"variables replaced": len(way), "groups removed": removed})
    return Step(substituted(problem, way), done, way)


def _chosen(problem: Problem, component: Ints, count: int) -> tuple[Problem, Way, int]:
    """Which columns are replaced by which, and the problem without the groups of two that say so."""
    n = problem.n
    size = np.bincount(component, minlength=count)
    members = np.flatnonzero(size[component[0::2]] > 1)
    # The two circles of a set of columns mirror each other; the lower one stands for both.
    circle = np.minimum(component[2 * members], component[2 * members + 1])
    turned = component[2 * members] > component[2 * members + 1]
    pairs = np.array([kind == GroupKind.EXACTLY_ONE and len(line) == 2 for _, kind, line in problem.groups.simple()])
    owner = np.array([g for g, _, _ in problem.groups.simple()], dtype=np.int64)
    # Groups of two dissolve; a permutation only as a whole, so only one of side 2.
    dissolves = np.bincount(owner[~pairs], minlength=len(problem.groups)) == 0 if len(owner) else np.zeros(0, bool)
    held = np.zeros(n, dtype=bool)
    kept = np.repeat(~dissolves, np.diff(problem.groups.indptr))
    held[problem.groups.index[kept]] = True
    column, source, scale = [], [], []
    order = np.argsort(circle, kind="stable")
    cuts = np.flatnonzero(np.diff(circle[order])) + 1
    for part in np.split(order, cuts):
        if not len(part):
            continue
        # One that lies in a group goes first, so that its complement may be taken of those that do not.
        lead = part[np.lexsort((members[part], ~held[members[part]]))[0]]
        for k in part.tolist():
            opposite = bool(turned[k] != turned[lead])
            if k != lead and not (opposite and held[members[k]]):
                column.append(int(members[k]))
                source.append(int(members[lead]))
                scale.append(-1.0 if opposite else 1.0)
    if not column:
        return problem, Way(), 0
    gone = dissolves.copy()
    lost = np.zeros(n, dtype=bool)
    lost[column] = True
    # A group that would hold a column twice is none any more.
    place = np.arange(n)
    place[column] = source
    for g, _, line in problem.groups.simple():
        if lost[line].any() and len(np.unique(place[line])) < len(line):
            gone[g] = True
    made = groups_to_rows(problem, gone) if gone.any() else problem
    signs = np.array(scale)
    way = Way(np.array(column, np.int32), np.array(source, np.int32), signs, np.where(signs < 0, 1.0, 0.0))
    return made, way, int(gone.sum())
