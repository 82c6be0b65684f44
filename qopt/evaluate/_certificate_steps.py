"""The steps of a presolve, each checked by itself before it is taken: what it says follows from what was known.

A step that narrows (a bound, a side, an equal column) must be implied by the lines that there are, so that nothing
feasible is lost. A step that leaves out or restates (a line that goes, other coefficients) must be implied by what is
left, so that nothing infeasible gets in. Bounds hold by the encoding, which takes no other value, and need no line.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from math import ceil, floor, inf
from typing import Any

from qopt.evaluate._certificate_numbers import Number, Range, expect, fields, fraction, size, whole
from qopt.evaluate._certificate_state import Line, Reference, State, reference

_WIDEST_SUMS = 2**31
"""Coefficient range times terms up to which sums are laid out."""


def retraced(state: State, steps: Any) -> None:
    """Take every step, in order."""
    expect(isinstance(steps, list), "steps are no list")
    for raw in steps:
        kind = raw["step"]
        expect(kind in _KINDS, f"unknown step {kind!r}")
        names, take = _KINDS[kind]
        fields(raw, ("step", *names), f"step {kind}")
        take(state, raw)


def _whole(state: State, raw: Mapping[str, Any]) -> None:
    """A row times a factor, decided columns in its sides, and these rounded inwards: all its activities are whole."""
    ref, factor = reference(raw["row"]), fraction(raw["by"])
    line = state.line(ref)
    expect(factor > 0, f"{state.name(ref)}: a factor must be above 0")
    shift: Number = 0
    terms: dict[int, Number] = {}
    for c, a in line.terms.items():
        box = state.boxes[c]
        if box.low == box.high and box.low is not None:
            shift += a * factor * box.low
        else:
            terms[c] = a * factor
    expect(all(a.denominator == 1 for a in terms.values()), f"{state.name(ref)} times {factor} is not whole")
    lower = None if line.lower is None else ceil(line.lower * factor - shift)
    upper = None if line.upper is None else floor(line.upper * factor - shift)
    state.lines[ref] = Line({c: int(a) for c, a in terms.items()}, lower, upper)


def _bounds(state: State, raw: Mapping[str, Any]) -> None:
    """Columns narrowed to what one line leaves them, the others being where they help it most."""
    ref = reference(raw["row"])
    line = state.line(ref)
    least, most = _ends(state, line)
    made: dict[int, Range] = {}
    for column, low, high in raw["moves"]:
        box = state.boxes[whole(column)]
        a = line.terms.get(column)
        expect(a is not None and column not in made, f"{state.name(ref)} has no such column")
        assert a is not None
        below, above = (box.low, box.high) if a > 0 else (box.high, box.low)
        # What a x may be at most and at least.
        top = None if line.upper is None else _less(line.upper, least, a, below)
        bottom = None if line.lower is None else _less(line.lower, most, a, above)
        first, last = (bottom, top) if a > 0 else (top, bottom)
        new = Range(_inwards(low, box.low, first, a, box, 1), _inwards(high, box.high, last, a, box, -1), box.step)
        expect(
            new != box and (new.low is None or new.high is None or new.low <= new.high), "a bound that moves nothing"
        )
        made[column] = new
    expect(bool(made), "a step without moves")
    for column, new in made.items():
        state.boxes[column] = new


def _ends(state: State, line: Line) -> tuple[tuple[Number, int], tuple[Number, int]]:
    """Least and greatest activity as a finite part and a number of open ends."""
    sums: list[Number] = [0, 0]
    opens = [0, 0]
    for c, a in line.terms.items():
        box = state.boxes[c]
        for which, end in enumerate((box.low, box.high) if a > 0 else (box.high, box.low)):
            if end is None:
                opens[which] += 1
            else:
                sums[which] += a * end
    return (sums[0], opens[0]), (sums[1], opens[1])


def _less(side: Number, total: tuple[Number, int], a: Number, own: int | None) -> Number | None:
    """The side less what all other columns add; None where one of them is open."""
    finite, opens = total
    if own is None:
        return side - finite if opens == 1 else None
    return side - finite + a * own if opens == 0 else None


def _inwards(new: Any, old: int | None, limit: Number | None, a: Number, box: Range, way: int) -> int | None:
    """A new end of a column's values, as far inwards as ``a x`` being at ``limit`` puts it; null leaves it."""
    if new is None:
        return old
    start = box.low if box.low is not None else box.high
    value = whole(new)
    expect(limit is not None and (old is None or (value - old) * way > 0), "a bound that follows from nothing")
    assert limit is not None
    expect(start is None or (value - start) % box.step == 0, "a bound off the grid")
    # The value before it, away from the inside, must be out of reach.
    before = (value - way * box.step) * a
    outside = before < limit if (a > 0) == (way > 0) else before > limit
    itself = value * a < limit if (a > 0) == (way > 0) else value * a > limit
    expect(outside and not itself, "a bound that the row does not say")
    return value


def _sides(state: State, raw: Mapping[str, Any]) -> None:
    """Sides of rows moved inwards, as far as multiples of lines imply it or as no sum lies between; all at once."""
    made: list[tuple[Reference, str, int]] = []
    for move in raw["moves"]:
        fields(move, ("row", "end", "at", "by", "bound"), "a side")
        ref, end, at = reference(move["row"]), move["end"], whole(move["at"])
        line = state.line(ref)
        expect(end in ("low", "high"), f"unknown end {end!r}")
        old, way = (line.lower, 1) if end == "low" else (line.upper, -1)
        expect(old is None or way * at > way * old, f"{state.name(ref)}: a side that is not moved inwards")
        if move["by"] == "sums":
            expect(move["bound"] is None, f"{state.name(ref)}: a side by sums rests on no bound")
            _next_sum(state, ref, line, at, way)
        else:
            expect(all(a.denominator == 1 for a in line.terms.values()), f"{state.name(ref)} is not in whole numbers")
            found = state.least({c: way * a for c, a in line.terms.items()}, move["by"])
            expect(str(found) == move["bound"], f"{state.name(ref)}: the bound of a side differs")
            expect(ceil(found) == way * at, f"{state.name(ref)}: a side that the lines do not imply")
        made.append((ref, end, at))
    expect(bool(made), "a step without moves")
    for ref, end, at in made:
        line = state.lines[ref]
        state.lines[ref] = replace(line, lower=at) if end == "low" else replace(line, upper=at)


def _next_sum(state: State, ref: Reference, line: Line, at: int, way: int) -> None:
    """Refuse a side unless it is a sum of the terms, and none lies beyond it and within the old one."""
    boxes = [(a, state.boxes[c]) for c, a in line.terms.items()]
    base, width, sums = 0, 0, 1
    for a, box in boxes:
        expect(a.denominator == 1 and box.low is not None and box.high is not None, f"{state.name(ref)} has no sums")
        assert box.low is not None and box.high is not None
        each, count = abs(int(a)) * box.step, (box.high - box.low) // box.step
        base += int(min(a * box.low, a * box.high))
        width += each * count
        expect(width * len(boxes) <= _WIDEST_SUMS, f"{state.name(ref)} is too wide for its sums")
        part = 1
        while count > 0:
            taken = min(part, count)
            sums |= sums << (each * taken)
            count, part = count - taken, 2 * part
    expect(at - base >= 0 and bool(sums >> (at - base) & 1), f"{state.name(ref)}: the new side is no sum")
    low, high = line.lower, line.upper
    first, last = (-inf if low is None else low, at - 1) if way > 0 else (at + 1, inf if high is None else high)
    start, end = max(first - base, 0), min(last - base, width)
    if start <= end:
        between = (sums >> ceil(start)) & ((1 << (floor(end) - ceil(start) + 1)) - 1)
        expect(not between, f"{state.name(ref)}: a sum lies beyond the new side")


def _literals(state: State, ref: Reference, line: Line) -> tuple[int, Number, Number]:
    """Sign, side and excess of a line of which one side alone can be broken: ``sign * activity <= side``."""
    low, high = state.reach(line.terms)
    expect(low is not None and high is not None, f"{state.name(ref)} has open columns")
    above = line.upper is not None and high > line.upper
    below = line.lower is not None and low < line.lower
    expect(above != below, f"{state.name(ref)} has not one side that can be broken")
    if above:
        assert line.upper is not None
        return 1, line.upper, high - line.upper
    assert line.lower is not None
    return -1, -line.lower, line.lower - low


def _tighten(state: State, raw: Mapping[str, Any]) -> None:
    """Coefficients of binaries cut down to the excess of their row, the side with them.

    A literal whose coefficient is at least the excess keeps the row alone where it is clear; where all such are set,
    both sides of the row lose the same.
    """
    ref = reference(raw["row"])
    line = state.line(ref)
    sign, side, excess = _literals(state, ref, line)
    terms, changed = dict(line.terms), set()
    for column, text in raw["terms"]:
        a, new = line.terms[whole(column)] * sign, fraction(text) * sign
        expect(state.boxes[column] == Range(0, 1, 1) and column not in changed, f"{state.name(ref)}: no free binary")
        expect(a * new > 0 and excess == size(new) < size(a), f"{state.name(ref)}: a coefficient cut too far")
        side -= a - new if a > new else 0
        terms[column] = sign * new
        changed.add(column)
    expect(str(sign * side) == raw["side"], f"{state.name(ref)}: the side of a cut row differs")
    state.lines[ref] = Line(terms, None, side) if sign > 0 else Line(terms, -side, None)


def _count(state: State, raw: Mapping[str, Any]) -> None:
    """A row over binaries that says how many literals may be set: so many largest fit, one more smallest do not."""
    ref, at = reference(raw["row"]), whole(raw["at"])
    line = state.line(ref)
    sign, side, _ = _literals(state, ref, line)
    expect(all(state.boxes[c] == Range(0, 1, 1) for c in line.terms), f"{state.name(ref)}: no free binaries")
    sizes = sorted(size(a) for a in line.terms.values())
    clear = [c for c, a in line.terms.items() if a * sign < 0]
    room = side + sum(size(line.terms[c]) for c in clear)
    expect(0 <= at < len(sizes), f"{state.name(ref)}: no such count")
    expect(sum(sizes[len(sizes) - at :]) <= room < sum(sizes[: at + 1]), f"{state.name(ref)} says no such count")
    terms: dict[int, Number] = {c: 1 if a > 0 else -1 for c, a in line.terms.items()}
    new = at - len(clear)
    state.lines[ref] = Line(terms, None, new) if sign > 0 else Line(terms, -new, None)


def _drop(state: State, raw: Mapping[str, Any]) -> None:
    """A line that multiples of other lines imply, side by side."""
    ref = reference(raw["row"])
    line = state.line(ref)
    for name, side, way in (("low", line.lower, 1), ("high", line.upper, -1)):
        by = raw[name]
        if side is None:
            expect(by is None, f"{state.name(ref)} has no such side")
            continue
        fields(by, ("by", "bound"), "a side that follows")
        expect(all(reference(given) != ref for given, _ in by["by"]), f"{state.name(ref)} cannot follow from itself")
        found = state.least({c: way * a for c, a in line.terms.items()}, by["by"])
        expect(by["bound"] == str(found), f"{state.name(ref)}: the bound of a side differs")
        expect(found >= way * side, f"{state.name(ref)} does not follow from other lines")
    state.dropped.add(ref)


def _equal(state: State, raw: Mapping[str, Any]) -> None:
    """Binaries that equal another or its complement: literals on one circle of implications are all the same."""
    made: dict[int, tuple[int, int, int]] = {}
    for circle in raw["circles"]:
        fields(circle, ("source", "walk", "columns"), "a circle of equal columns")
        source = whole(circle["source"])
        seen = _circled(state, source, circle["walk"])
        for column, value in circle["columns"]:
            expect(value in (0, 1) and (column, value) in seen, "a column is not on its circle")
            expect(column != source and column not in made, "a column cannot equal two")
            made[column] = (source, 1, 0) if value else (source, -1, 1)
    expect(bool(made) and not made.keys() & {source for source, _, _ in made.values()}, "no column, or one twice")
    for c, (of, factor, shift) in list(state.copies.items()):
        if of in made:
            source, scale, offset = made[of]
            state.copies[c] = (source, factor * scale, shift + factor * offset)
    state.copies |= made
    for column in made:
        state.boxes[column] = Range(0, 0, 1)
    for ref, line in list(state.lines.items()):
        state.lines[ref] = state.in_sources(line)


def _circled(state: State, source: int, walk: Any) -> set[tuple[int, int]]:
    """The literals on a walk ``[[reference, column, value], …]`` from ``source = 1`` back to it."""
    here, seen = (source, 1), {(source, 1)}
    for given, column, value in walk:
        line = state.line(reference(given))
        for c in (here[0], whole(column)):
            expect(state.boxes[c] == Range(0, 1, 1) and bool(state.problem.columns.binary[c]), f"{c} is no free binary")
        low, high = state.reach(line.terms, {here[0]: here[1], column: 1 - whole(value)})
        above = line.upper is not None and low is not None and low > line.upper
        below = line.lower is not None and high is not None and high < line.lower
        expect(column != here[0] and value in (0, 1) and (above or below), "no implication that the line makes")
        here = (column, value)
        seen.add(here)
    expect(here == (source, 1), "a circle of implications does not close")
    return seen


def _clique(state: State, raw: Mapping[str, Any]) -> None:
    """A new line: at most one of some binaries, because lines exclude every two of them."""
    members = [whole(c) for c in raw["members"]]
    expect(members == sorted(set(members)) and len(members) > 1, "members of a set stand in no order")
    expect(all(state.boxes[c] == Range(0, 1, 1) for c in members), "a set of other than free binaries")
    pairs = [(x, y) for i, x in enumerate(members) for y in members[i + 1 :]]
    expect(len(raw["by"]) == len(pairs), "there is not one line per pair")
    for (x, y), given in zip(pairs, raw["by"]):
        line = state.line(reference(given))
        low, _ = state.reach(line.terms, {x: 1, y: 1})
        excluded = line.upper is not None and low is not None and low > line.upper
        expect(excluded, f"{state.name(reference(given))} does not exclude a pair")
    state.lines["clique", state.cliques] = Line(dict.fromkeys(members, 1), None, 1)
    state.cliques += 1


_KINDS: dict[str, tuple[tuple[str, ...], Callable[[State, Mapping[str, Any]], None]]] = {
    "whole": (("row", "by"), _whole),
    "bounds": (("row", "moves"), _bounds),
    "sides": (("moves",), _sides),
    "tighten": (("row", "terms", "side"), _tighten),
    "count": (("row", "at"), _count),
    "drop": (("row", "low", "high"), _drop),
    "equal": (("circles",), _equal),
    "clique": (("members", "by"), _clique),
}
