"""What a certificate says of an objective in other words (``raised.py``), and of a ceiling (``ceiling.py``)."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import numpy as np

from qopt.compilers._certificate_exact import Energy, Under, aligned_shares, longer_shares, slim
from qopt.compilers._certificate_frame import form_of
from qopt.compilers.bounds_floor import Shape
from qopt.compilers.ceiling import Blocks, Ceiling
from qopt.compilers.lowered import Rules
from qopt.compilers.penalties.dual import shapes
from qopt.compilers.raised import Products, at_most_one

Raw = dict[str, Any]


def products_raw(products: Products | None) -> Raw | None:
    """Multipliers as the document says them: whole numbers of steps, ``[bit, rule, number]`` each."""
    if products is None:
        return None
    terms = zip(products.bit.tolist(), products.rule.tolist(), products.price.tolist())
    return {"step": str(Fraction(products.step)), "products": [list(term) for term in terms]}


def raised_terms(terms: Energy, products: Products | None, rules: Rules) -> Energy:
    """The same terms with the products added, exactly; pairs inside a rule on at most one of its bits left out."""
    if products is None:
        return terms
    forms, step, out = rules.forms, Fraction(products.step), dict(terms)
    known: dict[int, list[int]] = {}
    for bit, rule, number in zip(products.bit.tolist(), products.rule.tolist(), products.price.tolist()):
        price = slim(number * step)
        if rule not in known:
            known[rule] = [b for b, _ in form_of(forms.matrix, rule)]
        out[(bit,)] = out.get((bit,), 0) - price
        for b in known[rule]:
            key = (bit, b) if bit < b else (b, bit)
            out[key] = out.get(key, 0) + price
    held: dict[int, set[int]] = {}
    for j in np.flatnonzero(at_most_one(forms)).tolist():
        for b, _ in form_of(forms.matrix, j):
            held.setdefault(b, set()).add(j)
    none: set[int] = set()

    def apart(bits: tuple[int, ...]) -> bool:
        return len(bits) == 2 and not held.get(bits[0], none).isdisjoint(held.get(bits[1], none))

    return {bits: v for bits, v in out.items() if not apart(bits) and (v or not bits)}


def ceiling_raw(ceiling: Ceiling, objective: Energy, rules: Rules, bits: int) -> tuple[Raw, Fraction]:
    """A ceiling as the document says it, and its exact value."""
    if isinstance(ceiling, Blocks):
        return {"kind": "blocks", "rules": ceiling.rules.tolist()}, blocks_value(objective, rules, ceiling)
    unit = Fraction(ceiling.unit)
    turned: Energy = {key: -v for key, v in objective.items()}
    terms = raised_terms(turned, ceiling.products, rules)
    forms = [(dict(form_of(rules.forms.matrix, j)), int(rules.forms.constant[j])) for j in range(len(rules.forms))]
    shares, longer = aligned_shares(terms, ceiling.objective, ceiling.shares, unit), longer_shares(terms, unit)
    under = Under(terms, bits, shares, longer, ceiling.prices, forms, unit)
    windows = np.flatnonzero(shapes(rules) == Shape.WINDOW).tolist()
    value = sum((max(under.price[j], Fraction(0)) for j in windows), Fraction(0)) - under.least
    if all(v.denominator == 1 for v in objective.values()):
        value = Fraction(value // 1)
    raw = {
        "kind": "relaxed",
        "unit": str(unit),
        "raised": products_raw(ceiling.products),
        "prices": [str(price) for price in under.price],
        "shares": shares,
        "longer": longer,
        "costs": [str(c) for c in under.cost],
        "least": str(under.least),
    }
    return raw, value


def blocks_value(objective: Energy, rules: Rules, ceiling: Blocks) -> Fraction:
    """The dearest bit of every group and the dearest pair of every two, exactly; what costs nothing costs 0."""
    group = {b: g for g, j in enumerate(ceiling.rules.tolist()) for b, _ in form_of(rules.forms.matrix, j)}
    size = [int(n) for n in np.diff(rules.forms.matrix.indptr)[ceiling.rules]]
    dearest: dict[tuple[int, ...], list[Any]] = {}
    total = Fraction(0)
    for key, v in objective.items():
        where = tuple(sorted(group[b] for b in key if b in group))
        if not key or len(where) < len(key) or len(key) > 2:
            total += max(v, 0) if key else v
        elif len(where) == 1 or where[0] != where[1]:
            dearest.setdefault(where, []).append(v)
    for block, values in dearest.items():
        whole = len(values) == size[block[0]] * (size[block[1]] if len(block) == 2 else 1)
        total += max(values) if whole else max(0, *values)
    return total
