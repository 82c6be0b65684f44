"""The plan of now in a shop document: what is done today, and what of it must stay."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import Field, ValidationInfo, model_validator
from pydantic import Strict as Exact

from qopt.models.clock import Moment
from qopt.models.families._shop_parts import Amount, Id, Price
from qopt.models.instance import Name, Strict


class Pinned(Strict):
    """What must stay: tasks named JOB.TASK, all that begin before a time, and what runs at ``plan.now``."""

    tasks: tuple[Name, ...] = ()
    before: Moment | None = None
    running: Annotated[bool, Exact()] = False


class Planned(Strict):
    """One task of the plan of now."""

    job: Id
    task: Id
    machine: Id | None = None
    uses: dict[Name, Amount] | None = None
    start: Moment


class Plan(Strict):
    """The plan of now, for changing it.

    Parameters
    ----------
    from
        A file with a plan of this problem, or what ``qopt solve --json`` wrote. It is read with the document.
    tasks
        The same plan in the document itself.
    now
        Nothing starts before, but for what did; and what has ended by then stays as it was.
    pinned
        What must stay.
    change_cost
        The price of doing one task at another time or in another way; added to the first level, unless the objective
        names ``changes``.
    """

    source: Annotated[str | None, Field(alias="from")] = None
    tasks: tuple[Planned, ...] = ()
    now: Moment | None = None
    pinned: Pinned = Pinned()
    change_cost: Price = 0.0

    @model_validator(mode="before")
    @classmethod
    def _from_file(cls, given: Any, info: ValidationInfo) -> Any:
        from qopt.models.families._shop_files import with_plan

        return with_plan(given, info)
