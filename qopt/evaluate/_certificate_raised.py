"""What a certificate claims of products that vanish on everything kept, of identities, and of a ceiling.

A rule is *exactly one* when its form is the sum of its bits less 1 and it is a square, *at most one* when it is that,
or the sum of its bits and a window: no two of its bits are set together on anything kept.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from fractions import Fraction
from typing import Any

from qopt.evaluate._certificate_bounds import Bound
from qopt.evaluate._certificate_numbers import Number, Terms, expect, fields, fraction, whole
from qopt.evaluate._certificate_rules import Rule

_RELAXED = ("kind", "unit", "raised", "prices", "shares", "longer", "costs", "least")


def _sums(rule: Rule, shape: str, constant: int) -> bool:
    return rule.shape == shape and rule.constant == constant and all(a == 1 for a in rule.form.values())


def exactly_one(rules: Sequence[Rule], j: Any) -> Rule:
    """The rule of that number, which must be an exactly-one rule."""
    expect(0 <= whole(j) < len(rules), "a rule that there is not")
    rule: Rule = rules[j]
    expect(_sums(rule, "square", -1), f"{rule.name} is no exactly-one rule")
    return rule


def raised(terms: Terms, raw: Any, rules: Sequence[Rule]) -> Terms:
    """The terms plus ``number * step * bit * form`` for every product, pairs inside at-most-one rules left out."""
    if raw is None:
        return terms
    fields(raw, ("step", "products"), "what raises the objective")
    step, out = fraction(raw["step"]), dict(terms)
    seen: set[tuple[int, int]] = set()
    for bit, j, number in raw["products"]:
        rule = exactly_one(rules, j)
        expect(whole(bit) >= 0 and bit not in rule.form, f"{rule.name}: a product with a bit of its own")
        expect((bit, j) not in seen and whole(number) != 0, f"{rule.name}: a product stands twice, or for nothing")
        seen.add((bit, j))
        price = step * number
        value: Number = price.numerator if price.denominator == 1 else price
        out[(bit,)] = out.get((bit,), 0) - value
        for b in rule.form:
            key = (bit, b) if bit < b else (b, bit)
            out[key] = out.get(key, 0) + value
    # One digit per rule, so that two bits of one rule have a digit in common.
    rules_of: dict[int, int] = {}
    for j, rule in enumerate(rules):
        if _sums(rule, "square", -1) or _sums(rule, "window", 0):
            for b in rule.form:
                rules_of[b] = rules_of.get(b, 0) | 1 << j
    kept: Terms = {}
    for bits, v in out.items():
        apart = len(bits) == 2 and rules_of.get(bits[0], 0) & rules_of.get(bits[1], 0)
        if not apart and (v or not bits):
            kept[bits] = v
    return kept


def shared(raw: Any, rules: Sequence[Rule]) -> set[int]:
    """The rules that are never broken alone: sets of squares whose forms, with signs, add up to nothing.

    Every member's weight is at least every member's floor, so that together they are worth ``floor (k**2 + abs(k))``.
    """
    members: set[int] = set()
    for given in raw:
        total: dict[int, int] = {}
        constant = 0
        inside = []
        for j, sign in given:
            expect(0 <= whole(j) < len(rules) and j not in members, "a rule is in two identities, or in none there is")
            rule = rules[j]
            expect(sign in (1, -1) and type(sign) is int, f"{rule.name}: a sign is 1 or -1")
            expect(rule.shape == "square", f"{rule.name} is no square")
            members.add(j)
            inside.append(rule)
            constant += sign * rule.constant
            for b, a in rule.form.items():
                total[b] = total.get(b, 0) + sign * a
        expect(len(inside) > 1 and constant == 0 and not any(total.values()), "an identity does not add up to nothing")
        least = min(rule.weight for rule in inside)
        expect(all(fraction(rule.raw["floor"]) <= least for rule in inside), "a weight of an identity is too small")
    return members


def ceiling(
    raw: Any, objective: Terms, rules: Sequence[Rule], bits: int, same: Callable[[Bound, Any, str], None]
) -> Fraction:
    """What everything kept is at most."""
    if raw is None:
        return Fraction(objective[()]) + sum(max(v, 0) for key, v in objective.items() if key)
    if raw["kind"] == "blocks":
        fields(raw, ("kind", "rules"), "the ceiling")
        return _blocks(objective, [exactly_one(rules, j) for j in raw["rules"]], bits)
    expect(raw["kind"] == "relaxed", "unknown ceiling")
    fields(raw, _RELAXED, "the ceiling")
    terms = raised({key: -v for key, v in objective.items()}, raw["raised"], rules)
    bound = Bound(terms, bits, raw["shares"], raw["longer"], fraction(raw["unit"]))
    expect(len(raw["prices"]) == len(rules), "the ceiling has not one price per rule")
    loss = Fraction(0)
    for rule, text in zip(rules, raw["prices"]):
        price = fraction(text)
        bound.add(rule.form, rule.constant, price, rule.ref)
        loss += max(price, Fraction(0)) if rule.shape == "window" else 0
    same(bound, raw, "the ceiling")
    value = loss - bound.least
    return Fraction(value // 1) if all(v.denominator == 1 for v in objective.values()) else value


def _blocks(objective: Terms, rules: Sequence[Rule], bits: int) -> Fraction:
    """One bit of each rule is set: the dearest of each, and the dearest pair of every two rules."""
    m, group = len(rules), [len(rules)] * bits
    for g, rule in enumerate(rules):
        for b in rule.form:
            expect(group[b] == m, f"{rule.name} shares bits with another group")
            group[b] = g
    # The dearest term between two groups, and how many there are; on the diagonal those of one bit.
    most: list[Number | None] = [None] * (m * m)
    count = [0] * (m * m)
    total: Number = 0
    for key, v in objective.items():
        if len(key) == 2:
            g, h = group[key[0]], group[key[1]]
            if g == h < m:
                continue
            block = g * m + h if g < h else h * m + g
        else:
            g = h = group[key[0]] if len(key) == 1 else m
            block = g * m + g
        if g == m or h == m:
            total += v if v > 0 or not key else 0
            continue
        known = most[block]
        if known is None or v > known:
            most[block] = v
        count[block] += 1
    for block, value in enumerate(most):
        if value is not None:
            g, h = divmod(block, m)
            size = len(rules[g].form) * (len(rules[h].form) if g != h else 1)
            total += value if count[block] == size else max(value, 0)
    return Fraction(total)
