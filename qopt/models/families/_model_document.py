"""The document of the generic family: sets, parameters, variables, objective, constraints."""

from __future__ import annotations

import keyword
import unicodedata
from typing import Annotated, Any, ClassVar, Literal

from pydantic import BeforeValidator, Field, StringConstraints, ValidationInfo, field_validator, model_validator

from qopt.core.errors import Issue, ModelError, Place
from qopt.models.documents.limits import DEFAULT
from qopt.models.documents.nodes import KEY
from qopt.models.families._model_parameters import filled
from qopt.models.families._model_sets import members
from qopt.models.families._model_values import Grid
from qopt.models.formulas.parse import FUNCTIONS
from qopt.models.formulas.symbols import IndexSet
from qopt.models.instance import Instance, Strict, path_text
from qopt.models.tables import Tables


def _element(value: Any) -> Any:
    if isinstance(value, bool) or value is None or isinstance(value, float):
        raise ValueError("an element is text or a whole number; put it in quotes")
    return str(value) if isinstance(value, int) else value


def _number(value: Any) -> Any:
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise ValueError("must be a number")
    if isinstance(value, int) and abs(value) > 2**53:
        raise ValueError("a whole number above 2**53 is not exact")
    return value


Number = Annotated[float, BeforeValidator(_number)]
Element = Annotated[str, BeforeValidator(_element), Field(min_length=1, max_length=200)]
Expression = Annotated[str, StringConstraints(min_length=1)]
Quantity = Annotated[Number | str, Field(union_mode="left_to_right")]
"""A number, or an expression of data."""


class Range(Strict):
    """The whole numbers from the first to the last, both included."""

    range: tuple[int, int]


class ColumnOf(Strict):
    """The cells of a column of a CSV table, in the order of its rows."""

    file: str
    column: str


class Parameter(Strict):
    """Data over sets.

    Parameters
    ----------
    over
        The sets it is declared over; none for a single number.
    values
        A number, nested lists in the order of the sets, or nested mappings from elements to numbers.
    default
        What counts where no value is given. Without it every value must be given.
    file
        A CSV table, instead of ``values``.
    row, column
        Over two sets: the columns of the table that hold the elements of the first and of the second set; without
        ``column`` the header holds the elements of the second. Over one set, ``column`` holds the values and ``row``
        the elements (default: the column that the set was read from, or the column of the set's name).
    index
        Over any number of sets: the columns that hold the elements, one per set.
    value
        The column that holds the values.
    """

    over: tuple[str, ...] = ()
    values: Grid | None = None
    default: Number | None = None
    file: str | None = None
    row: str | None = None
    column: str | None = None
    index: tuple[str, ...] | None = None
    value: str | None = None


class Variable(Strict):
    """A family of decisions, one per combination of elements.

    Parameters
    ----------
    over
        The sets it is declared over; none for a single decision.
    type
        ``binary`` (0 or 1), ``spin`` (-1 or 1), ``integer`` or ``real``.
    lower, upper
        Bounds, included: numbers or expressions of data, in which a parameter over the same sets stands without an
        index. Default: 0, and no upper bound.
    resolution
        For a real variable that becomes bits: the step between its values.
    """

    over: tuple[str, ...] = ()
    type: Literal["binary", "spin", "integer", "real"] = "binary"
    lower: Quantity | None = None
    upper: Quantity | None = None
    resolution: Annotated[float, Field(gt=0)] | None = None

    @model_validator(mode="after")
    def _consistent(self) -> Variable:
        issues = []
        if self.type == "spin" and (self.lower is not None or self.upper is not None):
            issues.append(Issue("a spin is -1 or 1 and takes no bounds", suggestion="use integer"))
        if self.resolution is not None and self.type != "real":
            place = Place(path="resolution")
            issues.append(Issue("only a real variable has a resolution", place=place, suggestion="delete it"))
        for side in ("lower", "upper"):
            bound = getattr(self, side)
            if self.type == "binary" and isinstance(bound, float) and bound not in (0, 1):
                place = Place(path=side)
                issues.append(Issue("a binary variable is 0 or 1", place=place, suggestion="use type: integer"))
        low = 0.0 if self.lower is None else self.lower
        if isinstance(low, float) and isinstance(self.upper, float) and low > self.upper:
            rule = f"the upper bound is below the lower bound {low:g}"
            suggestion = "swap them" if self.lower is not None else "give the lower bound too; it is 0 by default"
            issues.append(Issue(rule, place=Place(path="upper"), suggestion=suggestion))
        if issues:
            raise ModelError(issues)
        return self


class Objective(Strict):
    """One level of the objective: one expression, or several by name, which are added up.

    Parameters
    ----------
    minimise, minimize, maximise, maximize
        Exactly one of them.
    name
        What to call a single expression; default: ``objective``, or ``level K`` in a list.
    """

    minimise: Expression | dict[str, Expression] | None = None
    minimize: Expression | dict[str, Expression] | None = None
    maximise: Expression | dict[str, Expression] | None = None
    maximize: Expression | dict[str, Expression] | None = None
    name: str | None = None

    @model_validator(mode="after")
    def _one(self) -> Objective:
        if len(self.given) != 1:
            rule = "an objective has exactly one of minimise and maximise"
            raise ModelError(Issue(rule, suggestion="for several levels write a list"))
        return self

    @property
    def given(self) -> list[str]:
        """The directions that are given: exactly one once it is checked."""
        words = ("minimise", "minimize", "maximise", "maximize")
        return [word for word in words if getattr(self, word) is not None]

    @property
    def maximised(self) -> bool:
        """Whether more is better."""
        return self.given[0].startswith("max")

    def parts(self, name: str) -> list[tuple[str, str, tuple[str, ...]]]:
        """Name, expression and path of every part."""
        found = getattr(self, self.given[0])
        if isinstance(found, dict):
            return [(key, text, (self.given[0], key)) for key, text in found.items()]
        return [(self.name or name, found, (self.given[0],))]


class Constraint(Strict):
    """A rule, or one for every combination of elements.

    Parameters
    ----------
    for
        Its loops: ``t in towns, s in sites if distance[s,t] < 50``.
    that
        What holds: ``left <= right``, ``==``, ``>=``, or ``low <= middle <= high``.
    one_of, at_most_one_of
        Instead of ``that``: binary variables of which exactly one, or at most one, is 1: ``use[s,t] for s in sites``.
    soft
        Makes it a wish: the price of one unit of violation (a number, or data of the loops). A price makes the
        objective worse.
    norm
        How a price grows with the violation: ``linear``, ``quadratic``, or ``occurrence`` (once, however large).
    level
        The level of the objective, from 1, that the price belongs to.
    why
        The reason, which explanations print.
    """

    for_: Expression | None = Field(default=None, alias="for")
    that: Expression | None = None
    one_of: Expression | None = None
    at_most_one_of: Expression | None = None
    soft: Quantity | None = None
    norm: Literal["linear", "quadratic", "occurrence"] = "linear"
    level: Annotated[int, Field(ge=1)] = 1
    why: str = ""

    @model_validator(mode="after")
    def _one(self) -> Constraint:
        if len(self.given) != 1:
            rule = "a constraint has exactly one of that, one_of and at_most_one_of"
            raise ModelError(Issue(rule, suggestion="write 'that: left <= right'"))
        issues = []
        for key in ("norm", "level"):
            if self.soft is None and key in self.model_fields_set and getattr(self, key) not in ("linear", 1):
                rule = f"{key} is of soft constraints alone"
                issues.append(Issue(rule, place=Place(path=key), suggestion="give a price: soft: …"))
        if isinstance(self.soft, float) and self.soft < 0:
            issues.append(Issue("a price must be at least 0", place=Place(path="soft"), suggestion="drop the sign"))
        if issues:
            raise ModelError(issues)
        return self

    @property
    def given(self) -> list[str]:
        """Which kind of rule: exactly one once it is checked."""
        return [word for word in ("that", "one_of", "at_most_one_of") if getattr(self, word) is not None]


class ModelDocument(Instance):
    """A problem in terms of sets, data, decisions, an objective and constraints.

    Tables are read when the document is: afterwards the instance holds every number itself.

    Parameters
    ----------
    sets
        What things there are: a list of names, ``{range: [first, last]}``, or ``{file: x.csv, column: name}``.
    parameters
        Data: a number, or ``{over: [sets], values: …}``, with ``file:`` for a CSV table and ``default:`` for the rest.
    variables
        What is decided, over sets: ``binary``, ``spin``, ``integer`` or ``real``, with ``lower:`` and ``upper:``.
    objective
        ``minimise:`` or ``maximise:`` an expression, or several by name; a list for levels, the first matters most.
    constraints
        What must hold: ``for:`` loops, ``that:`` a comparison, or ``one_of:`` some binary variables. ``soft:`` gives it
        a price instead, ``why:`` its reason.
    """

    family: ClassVar[str] = "model"

    problem: Literal["model"] = "model"
    sets: dict[str, tuple[Element, ...] | Range | ColumnOf] = Field(default_factory=dict)
    parameters: dict[str, Number | Parameter] = Field(default_factory=dict)
    variables: Annotated[dict[str, Variable], Field(min_length=1)]
    objective: Objective | tuple[Objective, ...] | None = None
    constraints: dict[str, Expression | Constraint] = Field(default_factory=dict)

    @field_validator("sets", mode="after")
    @classmethod
    def _read_sets(cls, sets: dict[str, Any], info: ValidationInfo) -> dict[str, Any]:
        return members(_named(sets), _tables(info))

    @field_validator("parameters", mode="after")
    @classmethod
    def _read_parameters(cls, parameters: dict[str, Any], info: ValidationInfo) -> dict[str, Any]:
        if "sets" not in info.data:
            return parameters  # the sets are refused; without them nothing can be said of the data
        return filled(_named(parameters), index_sets(info.data["sets"]), _tables(info))

    @field_validator("variables", mode="after")
    @classmethod
    def _over_sets(cls, variables: dict[str, Variable], info: ValidationInfo) -> dict[str, Variable]:
        known = info.data.get("sets")
        issues = []
        for name, variable in _named(variables).items():
            for k, over in enumerate(variable.over):
                if known is not None and over not in known:
                    issues.append(unknown_set(over, known, (name, "over", k)))
        if issues:
            raise ModelError(issues)
        return variables

    @model_validator(mode="after")
    def _names_once(self) -> ModelDocument:
        seen: dict[str, str] = {}
        issues = []
        for kind in ("sets", "parameters", "variables"):
            for name in getattr(self, kind):
                if name in seen:
                    rule = f"{name} is declared twice, first under {seen[name]}"
                    place = Place(path=path_text((kind, name)) + KEY)
                    issues.append(Issue(rule, name, place, "give it another name"))
                seen.setdefault(name, kind)
        if issues:
            raise ModelError(issues)
        return self

    def levels(self) -> tuple[Objective, ...]:
        """The levels of the objective, in order."""
        if self.objective is None:
            return ()
        return self.objective if isinstance(self.objective, tuple) else (self.objective,)


def index_sets(sets: dict[str, Any]) -> dict[str, IndexSet]:
    """The sets as the compiler takes them."""
    return {
        name: IndexSet(name, start=given.range[0], count=given.range[1] - given.range[0] + 1)
        if isinstance(given, Range)
        else IndexSet(name, given)
        for name, given in sets.items()
    }


def unknown_set(name: str, known: Any, path: tuple[str | int, ...]) -> Issue:
    """The issue of a set that is not declared."""
    from qopt.models.documents.issues import closest

    return Issue("no such set", name, Place(path=path_text(path)), closest(name, known) or "declare it under sets:")


def _tables(info: ValidationInfo) -> Tables:
    """The tables of the document that is validated; none for an instance made in Python."""
    context = info.context or {}
    document = context.get("document")
    if document is None:
        return Tables(None, DEFAULT)
    if "tables" not in context:
        context["tables"] = Tables(document.base_dir, document.limits)
    tables: Tables = context["tables"]
    return tables


def _named(declared: dict[str, Any]) -> dict[str, Any]:
    """The same, when every name can stand in an expression.

    Raises
    ------
    ModelError
        Names that are no identifiers, or words of the language.
    """
    issues = []
    for name in declared:
        plain = name.isidentifier() and unicodedata.normalize("NFKC", name) == name
        if not plain or keyword.iskeyword(name) or name in FUNCTIONS:
            rule = "a name is letters, digits and _, and no word of the expressions"
            place = Place(path=path_text((name,)) + KEY)
            issues.append(Issue(rule, name, place, "choose another name"))
    if issues:
        raise ModelError(issues)
    return declared
