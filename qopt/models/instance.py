"""What every family's instance has in common: a checked document with a name and a ``solve:`` section."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Annotated, Any, ClassVar, Literal, Self

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, PrivateAttr, model_validator

from qopt.core.errors import Place


class Strict(BaseModel):
    """A part of a document: unknown keys are errors, values are not coerced silently, objects never change."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False, populate_by_name=True)

    @model_validator(mode="before")
    @classmethod
    def _framed(cls, given: Any) -> Any:
        """Take a pandas DataFrame, or what else has ``to_dict("records")``, where a document has a list of records."""
        if isinstance(given, dict) and any(hasattr(value, "to_dict") for value in given.values()):
            from qopt.models.records import unframed

            return unframed(cls, given)
        return given


_UNITS = {"ms": 0.001, "s": 1.0, "m": 60.0, "min": 60.0, "h": 3600.0}


def _seconds(value: Any) -> Any:
    """``20``, ``"20s"``, ``"1.5m"``, ``"2h"`` -> seconds."""
    if isinstance(value, str):
        text = value.strip().lower()
        for unit in sorted(_UNITS, key=len, reverse=True):
            number = text.removesuffix(unit)
            if number != text:
                try:
                    return float(number) * _UNITS[unit]
                except ValueError:
                    break
        raise ValueError("a duration is a number of seconds or a text such as 20s, 1.5m or 2h")
    return value


def _share(value: Any) -> Any:
    """``0.05``, ``"5%"`` -> share."""
    if isinstance(value, str):
        text = value.strip()
        try:
            return float(text.removesuffix("%")) / (100.0 if text.endswith("%") else 1.0)
        except ValueError:
            raise ValueError("a share is a number from 0 to 1 or a text such as 5%") from None
    return value


Seconds = Annotated[float, BeforeValidator(_seconds), Field(gt=0)]
Share = Annotated[float, BeforeValidator(_share), Field(ge=0, le=1)]
Name = Annotated[str, Field(min_length=1, max_length=200)]


class SolveSection(Strict):
    """The document's ``solve:`` section: the same words as ``qopt.solve`` and the command line, which win over it.

    Parameters
    ----------
    budget
        Seconds from the call to the answer, or a text such as 20s, 1.5m, 2h.
    top
        How many distinct plans to return.
    differ
        Least share of its decisions in which a plan returned differs from each better one, such as 5%.
    sampler, proposer
        Names of backends, auto, or none.
    seed
        Where randomness starts: the same seed and work give the same answer.
    formulation
        How the family writes the problem; auto by default.
    threads
        How many threads to use.
    """

    budget: Seconds | None = None
    top: int | None = Field(default=None, ge=1, le=1000)
    differ: Share | None = None
    sampler: str | list[str] | None = None
    proposer: str | list[str] | None = None
    seed: int | None = Field(default=None, ge=0)
    formulation: str | None = None
    threads: int | None = Field(default=None, ge=1, le=1024)


@dataclass(frozen=True)
class Source:
    """The document that an instance was read from, or None. Where it came from never makes two instances differ."""

    document: Any = field(default=None, compare=False)


class Instance(Strict):
    """The instance of a family, and at the same time its document.

    A subclass sets ``family`` to its module's name and adds the family's own fields; ``problem`` is the discriminator.
    ``notes`` are sentences that the user should see, such as what a reader assumed where its file is silent.

    Parameters
    ----------
    qopt
        Version of the documents' language: 1.
    name
        What to call this problem.
    solve
        How to solve it; the command line wins over this section.
    """

    family: ClassVar[str] = ""

    qopt: Literal[1] = 1
    problem: str = ""
    name: str = "unnamed"
    notes: tuple[str, ...] = ()
    solve: SolveSection = SolveSection()

    _source: Source = PrivateAttr(default=Source())

    def sourced(self, source: Source) -> Self:
        """The same instance, knowing the document it was read from."""
        copy = self.model_copy()
        copy._source = source
        return copy

    @classmethod
    def unfolded(cls, document: Any) -> Any:
        """The document with what it names in files of other kinds in the place of their names; most name none.

        Raises
        ------
        ModelError
            Every such file that cannot be read or does not fit its place.
        """
        return document

    def place(self, *path: str | int, offset: int | None = None, key: bool = False) -> Place:
        """Where a part of the instance stands in its document, for messages; a bare path without a document.

        Parameters
        ----------
        path
            Keys and 0-based positions.
        offset
            A character inside a text value.
        key
            Whether the place of the last key is meant, rather than that of its value.
        """
        document = self._source.document
        return Place(path=path_text(path)) if document is None else document.place(path, offset, key=key)


_BARE = re.compile(r"[^\W\d][\w-]*\Z")


def path_text(path: Sequence[str | int]) -> str:
    """A path as people write it: ``visits[3].windows[0]``; odd keys as ``values["a b"]``."""
    out = ""
    for part in path:
        if isinstance(part, int):
            out += f"[{part}]"
        elif _BARE.match(part):
            out += f".{part}" if out else part
        else:
            out += f"[{json.dumps(part, ensure_ascii=False)}]"
    return out
