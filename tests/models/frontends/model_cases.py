"""Random small models of what LP, MPS and QPLIB files can hold."""

from __future__ import annotations

import numpy as np

from qopt.core.names import Labels, NameTable
from qopt.core.polynomial import polynomial_of
from qopt.core.problem import Columns, Kind, Problem, Sense
from qopt.core.rows import GroupKind, Groups, Indicators, PolynomialRow, Rows


def number(rng):
    """Whole, short or long numbers: a third of them with all of a double's digits."""
    whole = float(rng.integers(-6, 7))
    return (whole, whole / 4, float(rng.normal()))[int(rng.integers(0, 3))] or 1.0


def sides(rng):
    """Both sides of a row: an equality, one side or two, of very different sizes at times."""
    low = number(rng) * 10.0 ** int(rng.integers(-3, 4))
    high = low + abs(number(rng))
    return ((low, low), (-np.inf, high), (low, np.inf), (low, high))[int(rng.integers(0, 4))]


def random_model(seed, *, curved=True, conditions=False, domain=4.0):
    """A problem of binaries, integers and reals with linear and quadratic functions, groups and conditions."""
    rng = np.random.default_rng(seed)
    b, i, r = int(rng.integers(3, 6)), int(rng.integers(0, 3)), int(rng.integers(0, 3))
    n = b + i + r
    kind = rng.permutation([Kind.BINARY] * b + [Kind.INTEGER] * i + [Kind.REAL] * r)
    lower, upper = np.zeros(n), np.ones(n)
    for k in np.flatnonzero(kind == Kind.INTEGER):
        lower[k] = rng.integers(-3, 2)
        upper[k] = lower[k] + rng.integers(2, 5)
    for k in np.flatnonzero(kind == Kind.REAL):
        lower[k], upper[k] = ((0.0, np.inf), (-np.inf, np.inf), (-2.5, 1.5), (-np.inf, -0.1))[int(rng.integers(0, 4))]
        if np.isfinite(domain):
            lower[k], upper[k] = max(lower[k], -domain), min(upper[k], domain)

    def function(pairs, constant):
        terms = {(): constant}
        for _ in range(int(rng.integers(1, 5))):
            terms[(int(rng.integers(0, n)),)] = number(rng)
        for _ in range(pairs):
            one, two = sorted(rng.choice(n, 2).tolist())
            if one != two or kind[one] != Kind.BINARY:
                terms[one, two] = number(rng)
        return polynomial_of(n, terms)

    def rows(count, name):
        entries = [np.sort(rng.choice(n, int(rng.integers(1, 4)), replace=False)) for _ in range(count)]
        if not count:
            return Rows()
        low, high = zip(*(sides(rng) for _ in range(count)))
        return Rows(
            np.cumsum([0] + [len(e) for e in entries]),
            np.concatenate(entries),
            np.array([number(rng) for e in entries for _ in e]),
            np.array(low),
            np.array(high),
            NameTable.numbered(name, count),
        )

    groups = Groups()
    binaries = np.flatnonzero(kind == Kind.BINARY)
    if rng.random() < 0.5:
        groups = Groups([GroupKind(int(rng.integers(0, 2)))], [0, 2], binaries[:2], NameTable((Labels("pick"),)))
    quadratic = []
    if curved:
        for k in range(int(rng.integers(0, 3))):
            polynomial = function(3, 0.0)
            if polynomial.degree == 2:
                quadratic.append(PolynomialRow(polynomial, *sides(rng), Labels(f"q{k}")))
    switched = Indicators()
    if conditions:
        one_sided = rows(1, "when")
        one_sided = Rows(
            one_sided.indptr, one_sided.index, one_sided.value, np.array([-np.inf]), np.array([1.5]), one_sided.names
        )
        switched = Indicators([int(binaries[0])], [int(rng.integers(0, 2))], one_sided)
    return Problem.build(
        Columns(kind, lower, upper, NameTable.numbered("x", n)),
        function(3 if curved else 0, number(rng)),
        rows=rows(int(rng.integers(0, 4)), "r"),
        groups=groups,
        polynomial_rows=tuple(quadratic),
        indicators=switched,
        sense=Sense.MAXIMIZE if rng.random() < 0.5 else Sense.MINIMIZE,
        name=f"model-{seed}",
    )
