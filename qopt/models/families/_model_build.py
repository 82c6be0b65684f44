"""A generic model's document -> Problem: every expression compiled, every fault at its character."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from math import prod
from typing import Any

import numpy as np

from qopt.core.arrays import Floats
from qopt.core.errors import Issue, ModelError
from qopt.core.names import Labels, NameTable
from qopt.core.polynomial import Polynomial
from qopt.core.problem import Columns, Kind, Level, Part, Problem, Sense
from qopt.core.rows import GroupKind, Groups, Norm, PolynomialRow, Rows
from qopt.models.documents.limits import DEFAULT, Limits
from qopt.models.families._model_document import Constraint, ModelDocument, Parameter, Variable, index_sets
from qopt.models.formulas.compile import Compiler
from qopt.models.formulas.faults import FormulaFault
from qopt.models.formulas.frame import Element, Frame
from qopt.models.formulas.lower import LinearRows, polynomial, rows
from qopt.models.formulas.parse import choice, expression, loops
from qopt.models.formulas.symbols import IndexSet, Symbols, Table, Variables
from qopt.models.formulas.terms import Terms, collected

_KINDS = {"binary": Kind.BINARY, "spin": Kind.SPIN, "integer": Kind.INTEGER, "real": Kind.REAL}
_RANGES = {"binary": (0.0, 1.0), "spin": (-1.0, 1.0), "integer": (0.0, np.inf), "real": (0.0, np.inf)}


def build(document: ModelDocument) -> Problem:
    """The document as a Problem.

    Raises
    ------
    ModelError
        Every fault of every expression, in reading order.
    """
    return _Builder(document).problem()


def symbols_of(document: ModelDocument) -> Symbols:
    """What the names of a document stand for; columns are numbered in the order of declaration."""
    sets = index_sets(document.sets)
    tables = {
        name: Table(name, tuple(sets[s] for s in given.over), given.values.raw)  # type: ignore[union-attr]
        if isinstance(given, Parameter)
        else Table(name, (), np.asarray(given))
        for name, given in document.parameters.items()
    }
    variables: dict[str, Variables] = {}
    kinds = []
    start = 0
    for name, given in document.variables.items():
        found = Variables(name, tuple(sets[s] for s in given.over), start)
        variables[name] = found
        kinds.append(np.full(prod(found.shape), _KINDS[given.type], dtype=np.int8))
        start += prod(found.shape)
    return Symbols(sets, tables, variables, np.concatenate(kinds))


class _Builder:
    """Compiles one document and keeps its issues until all are found."""

    def __init__(self, document: ModelDocument) -> None:
        self.document = document
        source = document._source.document
        self.limits: Limits = DEFAULT if source is None else source.limits
        self.issues: list[Issue] = []
        self._refuse_many_columns()
        self.symbols = symbols_of(document)
        self.kind = self.symbols.kind
        self.compiler = Compiler(self.symbols, self.limits)
        self.linear: list[LinearRows] = []
        self.curved: list[PolynomialRow] = []
        self.groups: list[tuple[Labels, GroupKind, Any, Any]] = []

    def problem(self) -> Problem:
        """Compile everything, then raise or return."""
        columns = self._columns()
        levels, sense = self._levels()
        for name, given in self.document.constraints.items():
            short = isinstance(given, str)
            rule = Constraint(that=given) if isinstance(given, str) else given
            self._constraint(name, rule, ("constraints", name), short=short)
        if self.issues:
            raise ModelError(sorted(self.issues, key=lambda issue: (issue.place.line, issue.place.column)))
        assert columns is not None
        return Problem(
            columns,
            levels,
            _joined(self.linear),
            _joined_groups(self.groups),
            tuple(self.curved),
            sense=sense,
            name=self.document.name,
        )

    @contextmanager
    def _at(self, *path: str | int) -> Iterator[None]:
        """Faults of the expression at ``path`` become issues; compiling goes on behind it."""
        try:
            yield
        except FormulaFault as fault:
            place = self.document.place(*path, offset=fault.offset)
            self.issues.append(Issue(fault.rule, fault.value, place, fault.suggestion))

    def _issue(self, path: Sequence[str | int], rule: str, value: str = "", suggestion: str = "") -> None:
        self.issues.append(Issue(rule, value, self.document.place(*path), suggestion))

    # columns -----------------------------------------------------------------------------------------------------

    def _refuse_many_columns(self) -> None:
        sets = index_sets(self.document.sets)
        total = 0
        for name, given in self.document.variables.items():
            total += prod(len(sets[s]) for s in given.over)
            if total > self.limits.terms:
                rule = f"the variables are {total:,} up to here, at most {self.limits.terms:,} are accepted"
                place = self.document.place("variables", name)
                raise ModelError(Issue(rule, place=place, suggestion="use smaller sets"))

    def _columns(self) -> Columns | None:
        lower, upper, steps, families = [], [], [], []
        for name, given in self.document.variables.items():
            found = self.symbols.variables[name]
            low, high = self._bounds(name, given, found)
            lower.append(low)
            upper.append(high)
            steps.append(np.full(len(low), given.resolution or 0.0))
            axes = tuple(s.axis for s in found.over)
            families.append(Labels(name, found.shape, axes, self.document.place("variables", name, key=True)))
        if self.issues:
            return None
        resolution = np.concatenate(steps)
        names = NameTable(tuple(families))
        return Columns(
            self.kind,
            np.concatenate(lower),
            np.concatenate(upper),
            names,
            resolution if resolution.any() else None,
        )

    def _bounds(self, name: str, given: Variable, found: Variables) -> tuple[Floats, Floats]:
        """Lower and upper bounds of a family, shape (columns,); whole for whole-numbered variables."""
        size = prod(found.shape)
        frame = _whole_frame(found)
        sides = []
        for side, usual in zip(("lower", "upper"), _RANGES[given.type]):
            bound = getattr(given, side)
            value = np.full(size, usual if bound is None or isinstance(bound, str) else bound)
            if isinstance(bound, str):
                with self._at("variables", name, side):
                    value = self.compiler.data(expression(bound, self.limits), frame)
            sides.append(value)
        low, high = sides
        if given.type in ("binary", "integer"):
            low, high = np.ceil(low - 1e-9), np.floor(high + 1e-9)
        if given.type == "binary" and (np.any(low < 0) or np.any(high > 1)):
            side = "lower" if np.any(low < 0) else "upper"
            self._issue(("variables", name, side), "a binary variable is 0 or 1", "", "use type: integer")
        wrong = np.flatnonzero(low > high)
        if len(wrong) and not self.issues:
            k = int(wrong[0])
            member = Labels(name, found.shape, tuple(s.axis for s in found.over)).text(k)
            side = "upper" if given.upper is not None else "lower"
            rule = f"the bounds of {member} leave nothing: lower {low[k]:g}, upper {high[k]:g}"
            self._issue(("variables", name, side), rule, "", "check the data of the bounds")
        return low, high

    # objective ---------------------------------------------------------------------------------------------------

    def _levels(self) -> tuple[tuple[Level, ...], Sense]:
        given = self.document.levels()
        if not given:
            return (Level((Part("objective", Polynomial.zero(len(self.kind))),)),), Sense.MINIMIZE
        listed = isinstance(self.document.objective, tuple)
        levels, seen = [], set()
        for k, level in enumerate(given):
            path: tuple[str | int, ...] = ("objective", k) if listed else ("objective",)
            if level.maximised != given[0].maximised:
                rule = f"every level goes the same way, the first is to {given[0].given[0]}"
                suggestion = f"write {given[0].given[0]}: -(…)"
                self._issue((*path, level.given[0]), rule, level.given[0], suggestion)
            parts = []
            for name, text, below in level.parts(f"level {k + 1}" if len(given) > 1 else "objective"):
                if name in seen:
                    self._issue((*path, *below), "two parts of the objective have one name", name, "rename one")
                seen.add(name)
                with self._at(*path, *below):
                    terms = self.compiler.terms(expression(text, self.limits), Frame())
                    parts.append(Part(name, polynomial(terms, self.kind)))
            levels.append(Level(tuple(parts)))
        return tuple(levels), Sense.MAXIMIZE if given[0].maximised else Sense.MINIMIZE

    # constraints -------------------------------------------------------------------------------------------------

    def _constraint(self, name: str, rule: Constraint, path: tuple[str | int, ...], *, short: bool) -> None:
        frame: Frame | None = Frame()
        if rule.for_ is not None:
            frame = None
            with self._at(*path, "for"):
                frame = self.compiler.frame(loops(rule.for_, self.limits))
        levels = max(len(self.document.levels()), 1)
        if rule.level > levels:
            self._issue((*path, "level"), f"the objective has {levels} levels", str(rule.level), "give one of them")
        if frame is None:
            return
        price = None
        if rule.soft is not None:
            with self._at(*path, "soft"):
                price = self._price(rule.soft, frame)
        kind = rule.given[0]
        labels = self._labels(name, rule, frame, path)
        with self._at(*path, *(() if short else (kind,))):
            text = getattr(rule, kind)
            if kind == "that":
                terms, lower, upper = self.compiler.rule(expression(text, self.limits), frame)
            else:
                terms = self._choice(text, frame)
                lower = np.full(frame.points, 1.0 if kind == "one_of" else -np.inf)
                upper = np.ones(frame.points)
                if price is None and self._as_group(terms, kind, labels):
                    return
            norm, level = Norm[rule.norm.upper()], rule.level - 1
            norm = Norm.OCCURRENCE if rule.norm == "occurrence" else norm
            linear, curved = rows(terms, lower, upper, self.kind, labels, price=price, norm=norm, level=level)
            if len(curved) * len(self.kind) > 10 * self.limits.terms:
                most = f"{len(curved):,} rules with products over {len(self.kind):,} variables are too many"
                raise FormulaFault(most, suggestion="put the products into the objective, or use linear rules")
            self.linear += [linear] if linear is not None else []
            self.curved += curved

    def _price(self, soft: float | str, frame: Frame) -> Floats:
        if isinstance(soft, float):
            return np.full(frame.points, soft)
        formula = expression(soft, self.limits)
        price = self.compiler.data(formula, frame)
        if np.any(price < 0):
            raise formula.fault(formula.tree, "a price must be at least 0", f"{price.min():g}", "drop the sign")
        return price

    def _choice(self, text: str, frame: Frame) -> Terms:
        """The sum of the variables of ``use[s,t] for s in sites`` at every point."""
        formula = choice(text, self.limits)
        terms = self.compiler.chosen(formula, frame)
        constant, by_degree = collected(terms, self.kind)
        plain = set(by_degree) <= {1} and not constant.any()
        if plain and 1 in by_degree:
            one = by_degree[1]
            plain = bool(np.all(one.coefficient == 1) and np.all(self.kind[one.columns] == Kind.BINARY))
        if not plain:
            raise formula.fault(formula.tree, "must list binary variables, each once", suggestion="use that: instead")
        return terms

    def _as_group(self, terms: Terms, kind: str, labels: Labels) -> bool:
        """Keep a choice as a group; not when one of its sets is empty, which a row says better."""
        _, by_degree = collected(terms, self.kind)
        counts = np.bincount(by_degree[1].point, minlength=terms.points) if by_degree else np.zeros(1)
        if not np.all(counts):
            return False
        group = GroupKind.EXACTLY_ONE if kind == "one_of" else GroupKind.AT_MOST_ONE
        self.groups.append((labels, group, counts, by_degree[1].columns[:, 0]))
        return True

    def _labels(self, name: str, rule: Constraint, frame: Frame, path: tuple[str | int, ...]) -> Labels:
        place = self.document.place(*path, key=True)
        elements = list(frame.elements.values())
        if not elements:
            return Labels(name, (), (), place, rule.why)
        if prod(len(e.of) for e in elements) == frame.points:
            axes = tuple(e.of.axis for e in elements)
            return Labels(name, tuple(len(e.of) for e in elements), axes, place, rule.why)
        texts = [[str(e.of.label(k)) for k in e.position.tolist()] for e in elements]
        return Labels(name, (frame.points,), (tuple(",".join(parts) for parts in zip(*texts)),), place, rule.why)


def _whole_frame(found: Variables) -> Frame:
    """A point per column of a family, in which data over its sets stand without an index."""
    if not found.over:
        return Frame()
    positions = np.unravel_index(np.arange(prod(found.shape)), found.shape)
    once: list[tuple[IndexSet, Any]] = [
        (s, p) for s, p in zip(found.over, positions) if sum(other is s for other in found.over) == 1
    ]
    return Frame(prod(found.shape), by_set={s.name: Element(s, p) for s, p in once})


def _joined(families: list[LinearRows]) -> Rows:
    """All linear rows, one family behind the other."""
    if not families:
        return Rows()
    lengths = np.concatenate([np.diff(f.indptr) for f in families])
    soft = any(f.price is not None for f in families)

    def column(values: Any, dtype: Any) -> Any:
        return np.concatenate([np.full(len(f.lower), values(f), dtype=dtype) for f in families]) if soft else None

    prices = [np.full(len(f.lower), np.nan) if f.price is None else f.price for f in families]
    return Rows(
        np.concatenate([[0], np.cumsum(lengths)]),
        np.concatenate([f.index for f in families]),
        np.concatenate([f.value for f in families]),
        np.concatenate([f.lower for f in families]),
        np.concatenate([f.upper for f in families]),
        NameTable(tuple(f.labels for f in families)),
        np.concatenate(prices) if soft else None,
        column(lambda f: f.norm, np.int8),
        column(lambda f: f.level, np.int32),
    )


def _joined_groups(families: list[tuple[Labels, GroupKind, Any, Any]]) -> Groups:
    if not families:
        return Groups()
    counts = np.concatenate([counts for _, _, counts, _ in families])
    kind = np.concatenate([np.full(len(counts), kind, dtype=np.int8) for _, kind, counts, _ in families])
    indptr = np.concatenate([[0], np.cumsum(counts)])
    index = np.concatenate([index for _, _, _, index in families])
    return Groups(kind, indptr, index, NameTable(tuple(labels for labels, _, _, _ in families)))
