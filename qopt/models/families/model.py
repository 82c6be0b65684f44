"""The generic family: sets, data, decisions, an objective and constraints, written as expressions."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from math import prod
from typing import Any

import numpy as np

from qopt.core.errors import ModelError
from qopt.core.names import Labels
from qopt.core.problem import Problem
from qopt.core.solution import Solution
from qopt.models.families._model_build import build, symbols_of
from qopt.models.families._model_document import ModelDocument
from qopt.models.families._model_judge import Judge


@dataclass(frozen=True)
class Model:
    """The family of problems that no other family describes."""

    name: str = "model"
    instance: type[ModelDocument] = ModelDocument
    formulations: Mapping[str, str] = field(
        default_factory=lambda: {"columns": "the variables as declared, one column each"}
    )

    def build(self, instance: ModelDocument, *, formulation: str = "auto", pool: Any = None) -> Problem:
        """The document as a Problem.

        Raises
        ------
        ModelError
            No such formulation, or faults in expressions, each with its line and column.
        """
        if formulation not in ("auto", *self.formulations):
            raise ModelError(f"model has no formulation {formulation!r}; it has: {', '.join(self.formulations)}")
        return build(instance)

    def interpret(self, instance: ModelDocument, solution: Solution) -> dict[str, Any]:
        """``{"values": {family: [[index…, value], …]}}``: every variable that is not 0."""
        assert solution.values is not None
        out: dict[str, list[list[Any]]] = {}
        for name, found in symbols_of(instance).variables.items():
            labels = Labels(name, found.shape)
            values = solution.values[found.start : found.start + prod(found.shape)]
            whole = instance.variables[name].type != "real"
            out[name] = [
                [*(s.label(int(k)) for s, k in zip(found.over, labels.index(p))), round(v) if whole else v]
                for p, v in zip(np.flatnonzero(values).tolist(), values[np.flatnonzero(values)].tolist())
            ]
        return {"values": out}

    def key(self, plan: Mapping[str, Any]) -> Any:
        """Two plans are the same when every variable has the same value."""
        return tuple(
            (name, tuple(sorted((*map(str, line[:-1]), line[-1]) for line in lines)))
            for name, lines in sorted(plan["values"].items())
        )

    def example(self) -> ModelDocument:
        """Three towns, three possible depots: opening the two cheap ones beats the large one in the middle by 4."""
        return ModelDocument.model_validate(
            {
                "problem": "model",
                "name": "depots",
                "sets": {"sites": ["north", "middle", "south"], "towns": ["york", "leeds", "hull"]},
                "parameters": {
                    "rent": {"over": ["sites"], "values": {"north": 14, "middle": 40, "south": 16}},
                    "room": {"over": ["sites"], "values": {"north": 20, "middle": 60, "south": 35}},
                    "need": {"over": ["towns"], "values": {"york": 12, "leeds": 30, "hull": 7}},
                    "haul": {
                        "over": ["sites", "towns"],
                        "values": {
                            "north": {"york": 3, "leeds": 8, "hull": 6},
                            "middle": {"york": 4, "leeds": 2, "hull": 4},
                            "south": {"york": 9, "leeds": 7, "hull": 5},
                        },
                    },
                },
                "variables": {"open": {"over": ["sites"]}, "use": {"over": ["sites", "towns"]}},
                "objective": {
                    "minimise": {
                        "rent": "sum(rent[s]*open[s] for s in sites)",
                        "haul": "sum(haul[s,t]*use[s,t] for s in sites for t in towns)",
                    }
                },
                "constraints": {
                    "served": {"for": "t in towns", "one_of": "use[s,t] for s in sites"},
                    "fits": {"for": "s in sites", "that": "sum(need[t]*use[s,t] for t in towns) <= room[s]*open[s]"},
                    "few": {
                        "that": "sum(open[s] for s in sites) <= 2",
                        "soft": 25,
                        "why": "the planning office has permits for two",
                    },
                },
            }
        )

    def generate(self, size: int, *, seed: int) -> ModelDocument:
        """A depot problem of about ``size`` variables, with room for one and a half times the demand."""
        rng = np.random.default_rng(seed)
        sites = max(2, round((max(size, 6) / 3) ** 0.5))
        towns = max(2, max(size, 6) // sites - 1)
        need = rng.integers(1, 20, towns).astype(float)
        room = np.ceil(1.5 * need.sum() / sites + rng.integers(0, 10, sites) + need.max())
        where = rng.integers(0, 50, (sites + towns, 2)).astype(float)
        haul = np.rint(np.abs(where[:sites, None] - where[None, sites:]).sum(axis=2))
        data = self.example().model_dump(mode="json", by_alias=True)
        data["name"] = f"depots-{size}-{seed}"
        data["sets"] = {"sites": [f"s{k}" for k in range(sites)], "towns": [f"t{k}" for k in range(towns)]}
        arrays = {"rent": rng.integers(20, 60, sites), "room": room, "need": need, "haul": haul}
        data["parameters"] = {
            name: {"over": data["parameters"][name]["over"], "values": values.tolist()}
            for name, values in arrays.items()
        }
        return ModelDocument.model_validate(data)

    def domain_check(self, instance: ModelDocument, plan: Mapping[str, Any]) -> list[str]:
        """Every hard rule, bound and type that a plan breaks, judged in exact fractions without the compiler."""
        return Judge(instance, plan).broken()


PLUGIN = Model()
