"""One run: the pool of judged answers, the best bound, the record, and the two watches everything runs under."""

from __future__ import annotations

import threading
import uuid
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from qopt.core import forms
from qopt.core.arrays import Floats
from qopt.core.clock import now
from qopt.core.errors import QoptError
from qopt.core.problem import Problem
from qopt.core.record import Call, RunRecord
from qopt.core.result import Bound, better_bound, closes
from qopt.core.solution import Candidate, Check, Origin, Solution
from qopt.core.watch import Watch
from qopt.engine.environment import environment
from qopt.engine.settings import Settings
from qopt.evaluate.check import check, rounded
from qopt.evaluate.rank import comparable
from qopt.models.subject import Subject

Progress = Callable[[dict[str, Any]], None]
RAW = (Origin.SAMPLED, Origin.PROPOSED)


@dataclass(eq=False)
class Entry:
    """One distinct judged answer of the pool."""

    candidate: Candidate
    check: Check
    formulation: str
    seen: int = 1


class Run:
    """Everything a strategy works with. Thread-safe: searches offer from their own threads.

    Attributes
    ----------
    watch
        For the whole run: the user's stop and the deadline.
    search
        For the searches: also stopped once the answer is proven optimal or the target is reached.
    pool
        Distinct judged answers by key, feasible or not.
    bound
        Best proven bound on the whole problem.
    """

    def __init__(self, subject: Subject, settings: Settings, *, began: float, progress: Progress | None) -> None:
        self.subject = subject
        self.settings = settings
        self.began = began
        self.progress = progress
        seconds = settings.budget.seconds
        # Ranking and interpreting come after the search: keep a little time for them.
        deadline = None if seconds is None else began + seconds - min(0.25, 0.03 * seconds)
        clock, threads = now, settings.threads
        self.watch = Watch(clock=clock, deadline=deadline, threads=threads, on_bound=self.take_bound)
        self.search = Watch(clock=clock, deadline=deadline, threads=threads, on_bound=self.take_bound)
        self.pool: dict[Any, Entry] = {}
        self.unlowered: list[tuple[str, Candidate]] = []
        self.bound: Bound | None = None
        self.best: Entry | None = None
        self.infeasible = False
        self.unbounded = False
        self.proven = False
        self.timed = False
        self.compiled: dict[tuple[str, str, float], Any] = {}
        """``engine.compiling.Made`` by sampler, formulation and scale."""
        self.refusals: list[QoptError] = []
        self.failures: list[QoptError] = []
        self._lock = threading.RLock()
        self.record = RunRecord(
            run_id=uuid.uuid4().hex[:12],
            problem=subject.name,
            family=subject.family_name,
            settings=settings.to_dict(),
            environment=environment(),
            started=datetime.now(UTC).isoformat(timespec="seconds"),
            seed=settings.seed,
            warnings=list(subject.notes),
        )

    # -- what searches report ------------------------------------------------------------------------------------

    def listen(
        self,
        formulation: str,
        *,
        within: float | None = None,
        threads: int | None = None,
        late: bool = False,
        offers: bool = True,
    ) -> Watch:
        """A watch for one search whose candidates' values are columns of ``formulation``.

        Parameters
        ----------
        late
            Go on after the best answer is proven: a search for alternatives.
        offers
            Whether answers are taken; a bounder's are not, so that nobody's work is mistaken for another's.
        """
        deadline = self.search.deadline
        if within is not None:
            own = now() + within
            deadline = own if deadline is None else min(deadline, own)

        def heard(candidate: Candidate, objective: float | None, backend: str) -> None:
            if candidate.origin in RAW:
                with self._lock:
                    self.record.funnel.sampled += 1
            self.take(candidate, formulation)

        return Watch(
            clock=now,
            deadline=deadline,
            threads=threads or self.settings.threads,
            on_offer=heard if offers else None,
            on_bound=self.take_bound,
            stop=self.watch.stop if late else self.search.stop,
        )

    def take(self, candidate: Candidate, formulation: str, problem: Problem | None = None) -> Entry | None:
        """Judge a candidate and put it into the pool; None when it cannot be put in the form's terms."""
        if candidate.values is not None and self.subject.form is not None:
            proposal = self.subject.lower(candidate.values, formulation)
            if proposal is None:
                with self._lock:
                    self.unlowered.append((formulation, candidate))
                return None
            candidate = Candidate(candidate.origin, candidate.backend, proposal=proposal, parent=candidate)
        if candidate.proposal is not None:
            key: Any = candidate.proposal.key()
            verdict = forms.evaluate(self.subject.form, candidate.proposal)
        else:
            assert candidate.values is not None
            problem = problem or self.subject.problem(formulation)
            values = rounded(problem, candidate.values) + 0.0
            candidate = Candidate(candidate.origin, candidate.backend, values, parent=candidate.parent)
            key = values.tobytes()
            with self._lock:
                known = self.pool.get(key)
            verdict = known.check if known is not None else check(problem, values)
        return self._enter(key, Entry(candidate, verdict, formulation))

    def _enter(self, key: Any, entry: Entry) -> Entry:
        with self._lock:
            known = self.pool.get(key)
            if known is not None:
                known.seen += 1
                return known
            self.pool[key] = entry
            if entry.check.feasible and (self.best is None or self._levels(entry) < self._levels(self.best)):
                self.best = entry
                objective = entry.check.objective
                event = {
                    "seconds": round(now() - self.began, 4),
                    "objective": objective,
                    "backend": entry.candidate.backend,
                    "origin": entry.candidate.origin.value,
                }
                self.record.incumbents.append(event)
                self._tell({"kind": "incumbent", **event})
                self._settle()
            return entry

    def take_bound(self, bound: Bound) -> None:
        """Keep the bound when it is tighter than what is known."""
        with self._lock:
            better = better_bound(self.bound, bound, self.subject.sense)
            if better is not self.bound:
                self.bound = better
                event = {
                    "seconds": round(now() - self.began, 4),
                    "bound": bound.value,
                    "proof": bound.proof,
                    "source": bound.source,
                }
                self.record.bounds.append(event)
                self._tell({"kind": "bound", **event})
                self._settle()

    def prove(self) -> None:
        """Every level of the best answer was proven optimal by an exact solver."""
        with self._lock:
            self.proven = True
            self.search.cancel("optimal")

    def _settle(self) -> None:
        """Stop the searches when the best answer is proven, or good enough."""
        if self.best is None:
            return
        objective, bound = self.best.check.objective, self.bound
        if len(self.best.check.levels) == 1:
            self.proven |= closes(objective, None if bound is None else bound.value, integral=self.subject.integral)
        if self.proven:
            self.search.cancel("optimal")
        target = self.settings.budget.target
        if target is not None and self.subject.sense.sign * (objective - target) <= 0:
            self.search.cancel("target")

    # -- what a strategy asks ------------------------------------------------------------------------------------

    def _levels(self, entry: Entry) -> tuple[float, ...]:
        return comparable(entry.check.levels, self.subject.sense)

    def entries(self, *, feasible: bool | None = None, formulation: str | None = None) -> list[Entry]:
        """Pool entries, best first."""
        with self._lock:
            chosen = [
                entry
                for entry in self.pool.values()
                if (feasible is None or entry.check.feasible == feasible)
                and (formulation is None or entry.formulation == formulation)
            ]
        return sorted(chosen, key=lambda e: (not e.check.feasible, e.check.total_violation, self._levels(e)))

    def incumbent(self) -> float | None:
        """Objective of the best feasible answer."""
        return None if self.best is None else self.best.check.objective

    def values_of(self, entry: Entry, formulation: str) -> Floats | None:
        """An entry as columns of a formulation, or None."""
        if entry.candidate.values is not None:
            return entry.candidate.values
        return self.subject.lift(entry.candidate.proposal, formulation)

    def decide(self, sentence: str) -> None:
        """Write a decision and its reason into the record."""
        with self._lock:
            if sentence not in self.record.decisions:
                self.record.decisions.append(sentence)
                self._tell({"kind": "decision", "text": sentence})

    def warn(self, sentence: str) -> None:
        """Write a warning into the record."""
        with self._lock:
            if sentence not in self.record.warnings:
                self.record.warnings.append(sentence)

    def fall_back(self, sentence: str) -> None:
        """Write down that a backend was replaced, and why."""
        with self._lock:
            self.record.fallbacks.append(sentence)
            self._tell({"kind": "fallback", "text": sentence})

    def called(self, call: Call) -> None:
        """Write a backend call into the record."""
        with self._lock:
            self.record.calls.append(call)
            stage = self.record.seconds
            stage[call.role] = round(stage.get(call.role, 0.0) + call.seconds, 4)

    def interrupt(self) -> None:
        """The user wants the best so far, now."""
        self.watch.cancel("interrupt")
        self.search.cancel("interrupt")

    def ended(self, watch: Watch) -> str:
        """How a stage under this watch ended, for the record.

        A stage that the clock cut off makes a run that should be limited by work depend on the machine.
        """
        if watch.stop[0]:
            return "cancelled"
        if not watch.expired():
            return "done"
        self.timed = True
        return "seconds"

    def over(self) -> bool:
        """Whether the searches must end."""
        return self.search.expired()

    def _tell(self, event: dict[str, Any]) -> None:
        if self.progress is not None:
            self.progress(event)

    # -- the end -------------------------------------------------------------------------------------------------

    def solutions(self, differ: float) -> list[Solution]:
        """Pool entries as solutions with their plans: the best few hundred, and where plans are to differ as many
        more from all over the rest, since those next to the best one are mostly like it."""
        entries, most = self.entries(), max(200, 10 * self.settings.top)
        rest = entries[most:] if differ > 0 else []
        chosen = [*entries[:most], *rest[:: -(-len(rest) // most) or 1]]
        return [self._solution(entry) for entry in self._spread(chosen)]

    def _spread(self, entries: Sequence[Entry]) -> Iterable[Entry]:
        found = any(entry.check.feasible for entry in entries)
        return (entry for entry in entries if entry.check.feasible or not found)

    def _solution(self, entry: Entry) -> Solution:
        problem = None
        if entry.candidate.values is not None:
            problem = self.subject.problem(entry.formulation)
        made = self.subject.solution(entry.candidate, entry.check, problem)
        return Solution(
            made.candidate, made.check, made.values, made.plan, made.key, seen=entry.seen, labels=made.labels
        )

    def count(self) -> None:
        """Fill in the funnel from the pool."""
        funnel = self.record.funnel
        sign = self.subject.sense.sign
        with self._lock:
            entries = list(self.pool.values())
        raw = [e for e in entries if e.candidate.origin in RAW]
        good = [e for e in entries if e.check.feasible]
        funnel.distinct = len(raw) + len(self.unlowered)
        funnel.decoded = len(raw)
        funnel.feasible_before_repair = sum(e.check.feasible for e in raw)
        funnel.feasible_after_repair = len(good)
        before = [sign * e.check.objective for e in raw if e.check.feasible]
        funnel.best_before_repair = sign * min(before) if before else None
        funnel.best_after_repair = sign * min(sign * e.check.objective for e in good) if good else None
        for entry in good:
            key = f"{entry.candidate.origin.value}:{entry.candidate.backend}"
            line = funnel.by_origin.setdefault(key, {"plans": 0, "best": entry.check.objective})
            line["plans"] += 1
            line["best"] = sign * min(sign * line["best"], sign * entry.check.objective)
