"""From canonical JSON back to a Problem."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from typing import Any

import numpy as np

from qopt.core.arrays import Floats, Indices
from qopt.core.errors import Issue, ModelError, Place
from qopt.core.names import Labels, NameTable
from qopt.core.polynomial import Polynomial, Products
from qopt.core.problem import Columns, Kind, Level, Part, Problem, Sense
from qopt.core.rows import GroupKind, Groups, Indicators, Norm, PolynomialRow, Rows
from qopt.models.frontends._numbers import place_of
from qopt.models.frontends.problem import KEYS, VERSION


class ProblemParser:
    """From JSON to a Problem; what does not fit is refused with the part it stands in."""

    def __init__(self, text: str, file: str) -> None:
        self.text, self.file = text, file
        try:
            self.data: Any = json.loads(text)
        except json.JSONDecodeError as error:
            place = place_of(text, error.pos, file)
            raise ModelError(Issue(f"the JSON is broken: {error.msg}", place=place)) from error
        except RecursionError as error:
            raise ModelError(Issue("the JSON is nested too deeply", place=Place(file, 1, 1))) from error

    def problem(self) -> Problem:
        """The problem.

        Raises
        ------
        ModelError
            The part that is wrong, at its line.
        """
        data = self.data
        if not isinstance(data, dict) or sorted(data) != sorted(KEYS):
            rule = f"a problem has the keys {', '.join(KEYS)} and no others"
            raise ModelError(Issue(rule, place=Place(self.file, 1, 1)))
        made: dict[str, Any] = {}
        steps: dict[str, Any] = {
            "qopt_problem": _version,
            "name": str,
            "sense": Sense,
            "columns": _columns_of,
            "levels": lambda levels: tuple(_level_of(level, len(made["columns"])) for level in levels),
            "rows": _rows_of,
            "groups": _groups_of,
            "polynomial_rows": lambda rows: tuple(_curved_of(row, len(made["columns"])) for row in rows),
            "indicators": _indicators_of,
        }
        key = "qopt_problem"
        try:
            for key, step in steps.items():
                made[key] = step(data[key])
            key = "levels"
            return Problem(**{name: part for name, part in made.items() if name != "qopt_problem"})
        except (ValueError, TypeError, LookupError, AttributeError, OverflowError) as error:
            found = re.search(rf'"{key}"\s*:', self.text)
            place = place_of(self.text, found.start() if found else 0, self.file)
            what = f"there is no {error}" if isinstance(error, KeyError) else str(error)
            raise ModelError(Issue(f"{key} cannot be read: {what}", place=place)) from error


def _version(version: Any) -> int:
    if version != VERSION:
        raise ValueError(f"version {version!r} is not {VERSION}")
    return VERSION


def _whole(values: Any) -> Indices:
    """Whole numbers, none of them rounded on the way."""
    array = np.array(values)
    if array.size and array.dtype.kind != "i":
        raise ValueError("an index or a count is no whole number")
    return array.astype(np.int32)


def _finite(values: Any) -> Floats:
    array = np.array(values, dtype=np.float64)
    if not np.isfinite(array).all():
        raise ValueError("a coefficient is no finite number")
    return array


def _side(values: Sequence[Any], open_side: float) -> np.ndarray[Any, Any]:
    return np.array([open_side if value is None else value for value in values], dtype=np.float64)


def _names_of(families: Sequence[Any]) -> NameTable:
    return NameTable(
        tuple(
            Labels(
                str(family["name"]),
                tuple(int(size) for size in family.get("shape", ())),
                tuple(None if axis is None else tuple(map(str, axis)) for axis in family.get("axes", ())),
                why=str(family.get("why", "")),
            )
            for family in families
        )
    )


def _columns_of(part: Any) -> Columns:
    return Columns(
        np.array([Kind[kind.upper()] for kind in part["kind"]], dtype=np.int8),
        _side(part["lower"], -np.inf),
        _side(part["upper"], np.inf),
        _names_of(part["names"]),
        None if part["resolution"] is None else np.array(part["resolution"], dtype=np.float64),
    )


def _polynomial_of(part: Any, n: int) -> Polynomial:
    linear = np.zeros(n)
    index, value = _whole(part["linear"][0]), _finite(part["linear"][1])
    if len(index) and not 0 <= index.min() <= index.max() < n:
        raise ValueError(f"a linear term names a column outside 0..{n - 1}")
    linear[index] = value
    products = Products.from_terms({tuple(columns): float(_finite(value)) for columns, value in part["products"]})
    if len(products) and not 0 <= products.index.min() <= products.index.max() < n:
        raise ValueError(f"a product names a column outside 0..{n - 1}")
    row, col, pair = part["quadratic"]
    offset = float(_finite(part["offset"]))
    return Polynomial.from_pairs(linear, _whole(row), _whole(col), _finite(pair), products=products, offset=offset)


def _level_of(level: Any, n: int) -> Level:
    return Level(tuple(Part(str(name), _polynomial_of(polynomial, n)) for name, polynomial in level))


def _rows_of(part: Any) -> Rows:
    names = _names_of(part["names"])
    soft: dict[str, Any] = {}
    if "price" in part:
        soft = {
            "price": _side(part["price"], np.nan),
            "norm": np.array([Norm[kind.upper()] for kind in part["norm"]], dtype=np.int8),
            "level": _whole(part["level"]),
        }
    indptr = np.concatenate([[0], np.cumsum(_whole(part["size"]), dtype=np.int64)])
    lower, upper = _side(part["lower"], -np.inf), _side(part["upper"], np.inf)
    return Rows(indptr, _whole(part["index"]), _finite(part["value"]), lower, upper, names, **soft)


def _groups_of(part: Any) -> Groups:
    members = part["members"]
    return Groups(
        np.array([GroupKind[kind.upper()] for kind in part["kind"]], dtype=np.int8),
        np.concatenate([[0], np.cumsum([len(group) for group in members], dtype=np.int64)]),
        _whole([column for group in members for column in group]),
        _names_of(part["names"]),
    )


def _indicators_of(part: Any) -> Indicators:
    return Indicators(_whole(part["column"]), _whole(part["active"]).astype(np.int8), _rows_of(part["rows"]))


def _curved_of(row: Any, n: int) -> PolynomialRow:
    return PolynomialRow(
        _polynomial_of(row["polynomial"], n),
        -np.inf if row["lower"] is None else float(row["lower"]),
        np.inf if row["upper"] is None else float(row["upper"]),
        Labels(str(row["name"]), why=str(row["why"])),
        None if row["price"] is None else float(row["price"]),
        Norm[row["norm"].upper()],
        int(row["level"]),
    )
