"""Conformance of encodings, penalty rules and whole compiles, by trying everything."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from qopt.compilers.compile import compile_problem
from qopt.core import registry
from qopt.core.arrays import Floats
from qopt.core.compiled import Compiled
from qopt.core.names import NameTable
from qopt.core.polynomial import Polynomial, polynomial_of
from qopt.core.problem import Columns, Kind, Problem, Sense
from qopt.core.rows import GroupKind, Rows
from qopt.testing.brute import all_bits, all_points, holds, kept_by_backend, lexicographic


def check_encoding(name: str) -> None:
    """Hold an encoding to its seam on blocks of columns of many ranges.

    Every value has a code, no valid code decodes outside, ``code`` inverts ``values``, bits count from 0, validity is 0
    on valid codes and at least 1 on all others, and from any code a valid one is ``reach * validity`` flips away.

    Raises
    ------
    AssertionError
        The encoding breaks its seam.
    """
    plugin = registry.load("encodings", name)
    blocks = [
        ([0.0], [1.0], [1.0]),
        ([0.0], [5.0], [1.0]),
        ([-3.0], [4.0], [1.0]),
        ([-1.0], [1.0], [2.0]),
        ([0.0], [1.0], [0.25]),
        ([2.0], [2.0], [1.0]),
        ([-2.0, 0.0, 5.0], [0.0, 3.0, 7.0], [1.0, 1.0, 1.0]),
        ([0.0, 0.5], [1.0, 2.0], [0.5, 0.5]),
        ([], [], []),
    ]
    for ends in blocks:
        lower, upper, step = (np.array(part, dtype=np.float64) for part in ends)
        encoded = plugin.encode(lower, upper, resolution=step)
        assert len(encoded.offset) == len(lower) == len(encoded.indptr) - 1, "one entry per column"
        assert len(encoded.bit) == encoded.indptr[-1] and np.array_equal(
            np.unique(encoded.bit), np.arange(encoded.bits)
        )
        grids = [lower[c] + step[c] * np.arange(round((upper[c] - lower[c]) / step[c]) + 1) for c in range(len(lower))]
        wanted = np.stack([g.ravel() for g in np.meshgrid(*grids, indexing="ij")], 1) if grids else np.zeros((1, 0))
        codes = plugin.code(wanted, lower, upper, resolution=step)
        assert codes.shape == (len(wanted), encoded.bits) and np.isin(codes, (0, 1)).all()
        assert np.allclose(encoded.values(codes), wanted, atol=1e-12), "code inverts values"
        assert encoded.valid(codes).all(), "codes of values are valid"
        bits = all_bits(encoded.bits)
        valid = encoded.valid(bits)
        values = encoded.values(bits)[valid]
        assert (values >= lower - 1e-12).all() and (values <= upper + 1e-12).all(), "no valid code decodes outside"
        near = values[:, None, :] - wanted[None, :, :]
        assert (np.abs(near).max(axis=2, initial=0.0).min(axis=1, initial=np.inf) < 1e-9).all(), (
            "values lie on the grid"
        )
        cost = np.zeros(len(bits)) if encoded.validity is None else encoded.validity.evaluate(bits)
        for _, kind, members in encoded.groups.simple():
            count = bits[:, members].sum(axis=1)
            cost = (
                cost
                + np.abs(np.minimum(count - 1, 0) if kind == GroupKind.EXACTLY_ONE else 0)
                + np.maximum(count - 1, 0)
            )
        assert (cost[valid] == 0).all() and (cost[~valid] >= 1).all(), "validity is 0 on valid codes, else >= 1"
        flips = (bits[:, None, :] != bits[valid][None, :, :]).sum(axis=2).min(axis=1)
        assert (flips <= encoded.reach * cost).all(), "a valid code is at most reach * validity flips away"


def check_penalty(name: str) -> None:
    """Hold a penalty rule to what it says it proves, on small problems of several shapes.

    Raises
    ------
    AssertionError
        The order of energies is not what the rule's guarantee says.
    """
    for problem in _small_problems():
        points = all_points(problem)
        values = problem.objectives(points[holds(problem, points)])[:, 0]
        best = values.min() if problem.sense is Sense.MINIMIZE else values.max()
        for guarantee, incumbent in (
            ("total", None),
            ("argmin", None),
            ("argmin", float(best)),
            ("argmin", float(np.median(values))),
            ("top:20%", float(best)),
            ("top:1", float(best)),
        ):
            made = compile_problem(problem, guarantee=guarantee, penalty=name, incumbent=incumbent)
            check_compiled(made, incumbent=incumbent)


def _rows(*lines: tuple[float, dict[int, float], float]) -> Rows:
    """Rows from ``(lower, {column: coefficient}, upper)``."""
    size = np.array([len(terms) for _, terms, _ in lines])
    index = np.array([c for _, terms, _ in lines for c in terms], dtype=np.int32)
    value = np.array([v for _, terms, _ in lines for v in terms.values()], dtype=np.float64)
    lower, upper = (np.array([line[end] for line in lines], dtype=np.float64) for end in (0, 2))
    indptr = np.concatenate([[0], np.cumsum(size)])
    return Rows(indptr, index, value, lower, upper, NameTable.numbered("row", len(lines)))


def _small_problems() -> list[Problem]:
    names = NameTable.numbered
    knapsack = Problem.build(
        Columns.binaries(names("x", 5)),
        polynomial_of(5, {(0,): 5, (1,): 4, (2,): 3, (3,): 7, (4,): 6, (0, 3): -4}),
        rows=_rows((-np.inf, {0: 3, 1: 2, 2: 2, 3: 5, 4: 4}, 8)),
        sense=Sense.MAXIMIZE,
    )
    choose = Problem.build(
        Columns.binaries(names("x", 5)),
        polynomial_of(5, {(k,): -1.0 - k for k in range(5)} | {(0, 4): 2.5}),
        rows=_rows((2, dict.fromkeys(range(5), 1), 2), (-np.inf, {0: 1, 1: 1}, 1)),
    )
    kinds = np.array([Kind.INTEGER, Kind.BINARY, Kind.SPIN], np.int8)
    mixed = Problem.build(
        Columns(kinds, np.array([-2.0, 0, -1]), np.array([3.0, 1, 1]), names("z", 3)),
        polynomial_of(3, {(0,): 1.5, (0, 1): -2, (0, 2): 1, (): 4}),
        rows=_rows((-np.inf, {0: 1, 1: -4}, 1), (-3, {0: 2, 2: 1}, np.inf)),
    )
    return [knapsack, choose, mixed]


@dataclass(frozen=True)
class Order:
    """What was found in all bit strings of a compile.

    Parameters
    ----------
    feasible, infeasible
        Energies of bit strings by what they decode to, strings that the backend never visits left out.
    """

    feasible: Floats
    infeasible: Floats


def check_compiled(compiled: Compiled, *, incumbent: float | None = None) -> Order:
    """Try every bit string of a compile (at most 18 bits) and every point of its problem.

    Every feasible point encodes to bits that decode to it, at an energy equal to its objective (one level); as far up
    as ``compiled.guarantee`` reaches, no other bits of that point lie below, and nothing infeasible lies among the
    answers. A compile that cut off what is above a limit has to keep all of this for the points up to the limit.

    Raises
    ------
    AssertionError
        Something of this does not hold.
    """
    problem = compiled.problem
    sign = problem.sense.sign
    bits = all_bits(compiled.num_bits)
    bits = bits[kept_by_backend(compiled, bits)]
    energy = energies(compiled.polynomial, bits)
    values, valid = compiled.decode(bits)
    good = valid & holds(problem, values)
    _check_multilinear(compiled.polynomial)
    tolerance = 1e-9 * max(1.0, float(np.abs(energy).max(initial=0.0)))
    points = all_points(problem)
    points = points[holds(problem, points)]
    codes = compiled.encode(points)
    assert codes is not None and codes.shape == (len(points), compiled.num_bits)
    again, fine = compiled.decode(codes)
    assert fine.all(), "codes of points are valid"
    own = energies(compiled.polynomial, codes)
    levels = sign * problem.objectives(points)
    rank = lexicographic(levels)
    limit = float(compiled.stats.get("cut", {}).get("limit", np.inf))
    sound = np.isclose(again, points, atol=1e-9).all(axis=1) & (own <= limit + tolerance)
    if np.isfinite(limit):
        assert sound.any(), "the answers that are wanted were cut off"
        assert rank[~sound].min(initial=len(rank)) > rank[sound].max(), "a cut lost an answer below its limit"
    assert sound.all() or np.isfinite(limit), "decode inverts encode"
    assert kept_by_backend(compiled, codes[sound]).all(), "a feasible point encodes to bits the backend keeps"
    points, own, levels, rank = points[sound], own[sound], levels[sound], rank[sound]
    if levels.shape[1] == 1:
        assert np.allclose(own, levels[:, 0], rtol=0, atol=tolerance), "energy of a feasible point is its objective"
    assert (np.diff(own[np.argsort(rank, kind="stable")]) >= -tolerance).all(), "energies follow the levels"
    least = {tuple(np.rint(point * 1e6).astype(int)): e for point, e in zip(points, own)}
    keys = np.rint(values[good] * 1e6).astype(int)
    floor = np.array([least.get(tuple(key), limit) for key in keys.tolist()])
    order = Order(energy[good], energy[~good])
    if len(points) == 0 or compiled.guarantee == "none":
        return order
    level, _, amount = compiled.guarantee.partition(":")
    if level == "top":
        assert incumbent is not None
        share = float(amount.rstrip("%"))
        wanted = sign * incumbent + (share / 100 * abs(incumbent) if amount.endswith("%") else share)
        worst = own[own <= wanted + tolerance].max()
    else:
        worst = own.max() if level == "total" else own.min()
    assert (energy[good] >= np.minimum(floor, worst) - tolerance).all(), "other bits of a point lie below its own"
    if len(order.infeasible):
        assert order.infeasible.min() > worst + tolerance, f"{level}: something infeasible lies among the answers"
    lowest = energy <= own.min() + tolerance
    assert good[lowest].all(), "the minimiser decodes to something infeasible"
    assert np.isclose(energy.min(), own.min(), rtol=0, atol=tolerance)
    return order


def _check_multilinear(p: Polynomial) -> None:
    """Pairs of two different bits, each once and in order; products of distinct bits in order."""
    assert (p.row < p.col).all(), "a pair of one bit, or the wrong way round"
    assert (np.diff(p.row.astype(np.int64) * p.n + p.col) > 0).all(), "a pair stands twice or out of order"
    for t in range(len(p.products)):
        assert len(p.products.term(t)) > 2 and (np.diff(p.products.term(t)) > 0).all(), "a product that is none"


def energies(polynomial: Polynomial, bits: np.ndarray[Any, Any]) -> Floats:
    """Energies of many bit strings of few bits, by dense algebra."""
    b = bits.astype(np.float64)
    q = np.zeros((polynomial.n, polynomial.n))
    q[polynomial.row, polynomial.col] = polynomial.value
    total = b @ polynomial.linear + np.einsum("ij,ij->i", b @ q, b) + polynomial.offset
    for t in range(len(polynomial.products)):
        total += polynomial.products.coefficient[t] * b[:, polynomial.products.term(t)].prod(axis=1)
    return total
