"""Steps of a presolve that are about sets: equal columns, groups found again, pairs merged into larger sets."""

from __future__ import annotations

from typing import Any

import numpy as np

from qopt.compilers._certificate_reasons import Chains, Ref, Trail, members_of, remaining
from qopt.core.problem import Problem
from qopt.core.rows import GroupKind
from qopt.reduce.steps import Step, domain


def equal_columns(trail: Trail, before: Problem, step: Step) -> bool:
    """Columns that stand for others: a circle of implications that passes them all."""
    chains, way = Chains(before, trail.rows, trail.lines), step.way
    circles: dict[int, list[list[int]]] = {}
    for c, s, scale in zip(way.column.tolist(), way.source.tolist(), way.scale.tolist()):
        circles.setdefault(s, []).append([c, int(scale > 0)])
    made = []
    for source, columns in circles.items():
        walk = chains.circle(source, {(c, value) for c, value in columns})
        if walk is None:
            return False
        made.append({"source": source, "walk": walk, "columns": columns})
    trail.steps.append({"step": "equal", "circles": made})
    # Rows stay in order; groups that hold a column twice then stand behind them, line by line.
    place = np.arange(before.n)
    place[way.column] = way.source
    left, spare = list(step.problem.groups.simple()), []
    lines: list[Ref] = []
    for (_, kind, line), ref in zip(before.groups.simple(), trail.lines):
        there_is = len(lines) < len(left)
        if there_is and left[len(lines)][1] == kind and np.array_equal(left[len(lines)][2], place[line]):
            lines.append(ref)
        else:
            spare.append(ref)
    if len(lines) != len(left) or len(trail.rows) + len(spare) != len(step.problem.rows):
        return False
    trail.rows, trail.lines = [*trail.rows, *spare], lines
    return True


def groups_found(trail: Trail, before: Problem, step: Step) -> bool:
    """Lines of groups, whatever they came from: found again by their members that are not decided."""
    low, high = domain(step.problem.columns)
    free = low < high
    known: dict[tuple[Any, ...], list[Ref]] = {}
    for (_, kind, line), ref in zip(before.groups.simple(), trail.lines):
        known.setdefault(members_of(kind, line, free), []).append(ref)
    kept = remaining(before.rows, step.problem.rows)
    staying = set(kept)
    for k in range(len(before.rows)):
        if k not in staying:
            index, _ = before.rows.row(k)
            kind = GroupKind.EXACTLY_ONE if np.ceil(before.rows.lower[k]) == 1 else GroupKind.AT_MOST_ONE
            known.setdefault(members_of(kind, index, free), []).append(trail.rows[k])
    lines = []
    for _, kind, line in step.problem.groups.simple():
        found = known.get(members_of(kind, line, free))
        if not found:
            return False
        lines.append(found.pop(0))
    trail.rows, trail.lines = [trail.rows[k] for k in kept], lines
    return True


def pairs_merged(trail: Trail, before: Problem, step: Step) -> bool:
    """Pairs that exclude each other as larger sets, and pairs inside larger groups, which then say nothing."""
    simple = list(before.groups.simple())
    two = [kind == GroupKind.AT_MOST_ONE and len(line) == 2 for _, kind, line in simple]
    pairs = {tuple(sorted(line.tolist())): ref for (_, _, line), ref, t in zip(simple, trail.lines, two) if t}
    others = [(set(line.tolist()), ref) for (_, _, line), ref, t in zip(simple, trail.lines, two) if not t]
    lines = [ref for ref, t in zip(trail.lines, two) if not t]
    made = list(step.problem.groups.simple())[len(lines) :]
    larger = list(others)
    for _, _, line in made:
        members = sorted(line.tolist())
        every = [(x, y) for i, x in enumerate(members) for y in members[i + 1 :]]
        if any(pair not in pairs for pair in every):
            return False
        if len(members) == 2:
            lines.append(pairs[every[0]])
            continue
        trail.steps.append({"step": "clique", "members": members, "by": [pairs[pair] for pair in every]})
        lines.append(["clique", trail.cliques])
        larger.append((set(members), ["clique", trail.cliques]))
        trail.cliques += 1
    named = {tuple(ref) for ref in lines}
    low, _ = domain(before.columns)
    holders: dict[int, list[int]] = {}
    for number, (held, _) in enumerate(larger):
        for c in held:
            holders.setdefault(c, []).append(number)
    for (_, _, line), ref, t in zip(simple, trail.lines, two):
        if not t or tuple(ref) in named:
            continue
        x, y = line.tolist()
        twin = pairs[tuple(sorted((x, y)))]
        both = [(larger[n][1], larger[n][0]) for n in holders.get(x, []) if y in larger[n][0]]
        both += [(twin, {x, y})] if twin != ref else []
        if not both:
            return False
        by = both[0]
        # At most one of the set, less the members beside the pair at their least.
        bound = -1 + sum(int(low[c]) for c in by[1] - {x, y})
        high = {"by": [[by[0], "-1"]], "bound": str(bound)}
        trail.steps.append({"step": "drop", "row": ref, "low": None, "high": high})
    trail.lines = lines
    return True
