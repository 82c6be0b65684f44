"""Strategy ``auto``: who searches, who proves, and what happens when nothing feasible turns up.

One thread searches (proposers on the form, or samplers on the compiled problem with repair and recombination); a second
one, where there is one, proves (combinatorial bounders, then HiGHS on the whole problem where it fits) and joins the
search when there is nothing left to prove; any further ones search. With one thread, or limited by work, the same
stages run one after another.
Every choice is written into the record with its reason.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from functools import partial

from qopt.core import forms, registry
from qopt.core.problem import Problem
from qopt.engine import proving, searching
from qopt.engine.run import Run

EXACT_COLUMNS, EXACT_NONZEROS = 60_000, 1_500_000
"""Largest problem that HiGHS is asked to solve whole."""
CLOSED_COLUMNS = 3_000
"""Columns of a form's formulation above which HiGHS gets only a little of the time."""
SAMPLE_COLUMNS, SAMPLE_NONZEROS = 300_000, 30_000_000
"""Largest problem that is compiled for a sampler."""
SCALES = (1.0, 0.5, 0.2)
"""Operating scales of the penalties in turn, round by round, where repair follows the sampling."""
UNTIMED = 10.0
"""Seconds a stage may take when the run is limited by work alone."""


class Strategy:
    """The choices for one run, made before the first backend is called."""

    def __init__(self, run: Run) -> None:
        self.run = run
        subject, settings = run.subject, run.settings
        self.form = "" if subject.form is None else forms.name_of(subject.form)
        fitting, best = self._fitting()
        self.proposers = best if settings.proposers is None else [n for n in settings.proposers if n in fitting]
        if settings.proposers:
            for name in settings.proposers:
                if name not in fitting:
                    run.decide(f"proposer {name} is not used: it does not search {self.form or 'a plain problem'}")
        if not self.form:
            self.proposers = []
        self.formulation = subject.choose("sample", settings.formulation)
        self.exact_formulation = subject.choose("exact", settings.formulation)
        if not subject.faithful(self.exact_formulation):
            run.decide(f"{self.exact_formulation} only comes close to the objective: it proposes, and proves nothing")
            self.exact_formulation = subject.choose("exact")
        if not self.form:
            self.exact_formulation = self.formulation
        run.record.formulation = self.formulation
        self.samplers = self._samplers()
        self.may_solve_exactly = not settings.samplers and self._fits(
            self.exact_formulation, EXACT_COLUMNS, EXACT_NONZEROS, "HiGHS is not asked to solve the whole problem"
        )
        if settings.samplers:
            run.decide("samplers were named, so HiGHS repairs and bounds but does not search on its own")
        self.threads = 1 if settings.deterministic else settings.threads
        self.outdone = False  # HiGHS, by a bounder that solved the whole problem before it

    def _fitting(self) -> tuple[list[str], list[str]]:
        """Proposers that search the form, and the best of them: specialists, where they take this one."""
        fitting, special = [], []
        for name in registry.names("proposers"):
            proposer = registry.load("proposers", name)
            if proposer.accepts.form != self.form:
                continue
            refuses = getattr(proposer, "refuses", None)
            if refuses is None:
                fitting.append(name)
            elif not refuses(self.run.subject.form):
                fitting.append(name)
                special.append(name)
        return fitting, special or fitting

    def _fits(self, formulation: str, columns: int, nonzeros: int, otherwise: str) -> bool:
        n, nnz = self.run.subject.size(formulation)
        if n <= columns and nnz <= nonzeros:
            return True
        what = f" as {formulation}" if formulation else ""
        self.run.decide(f"{otherwise}: {n} columns and {nnz} nonzeros{what}, the limits are {columns} and {nonzeros}")
        return False

    def _samplers(self) -> list[str]:
        run, wanted = self.run, self.run.settings.samplers
        if wanted == ():
            return []
        if wanted is None and self.proposers:
            run.decide(f"{', '.join(self.proposers)} searches the {self.form} form; name a sampler to add one")
            return []
        if not self._fits(self.formulation, SAMPLE_COLUMNS, SAMPLE_NONZEROS, "no sampler is used"):
            return []
        if wanted is None:
            run.decide("anneal searches the compiled problem")
            return ["anneal"]
        return list(wanted)

    # -- the two workers -----------------------------------------------------------------------------------------

    def search(self) -> None:
        """Search until the run is over, or until nothing is left to try."""
        if self.proposers:
            self._search_form()
        if self.samplers:
            self._search_samples()

    def _search_form(self) -> None:
        run, seed, settings = self.run, self.run.settings.seed, self.run.settings
        if settings.deterministic:
            for name in self.proposers:
                searching.propose(run, name, None, seed=seed)
            if settings.repair:
                searching.recombine(run, UNTIMED, seed=seed)
            return
        share = 0.75 if not self.samplers else 0.4
        # Where others search beside this one, each begins with a proposer of its own, and stays with it.
        first = self.proposers[:1] if self.threads > 1 else self.proposers
        for k, name in enumerate(first):
            searching.propose(run, name, share * run.search.remaining() / (len(first) - k), seed=seed)
        round_ = 1
        while not run.over() and not self.samplers:
            before = run.incumbent()
            if settings.repair:
                searching.recombine(run, 0.4 * run.search.remaining(), seed=seed + round_)
            if run.over():
                break
            if run.incumbent() == before or run.search.remaining() < 1.0:
                share = 1.0
            else:
                share = 0.6
            for name in self.proposers:
                searching.propose(run, name, share * run.search.remaining(), seed=seed + 1000 * round_)
            round_ += 1

    def _search_samples(self) -> None:
        run, settings = self.run, self.run.settings
        if settings.deterministic:
            for name in self.samplers:
                searching.sample(run, name, self.formulation, None, seed=settings.seed)
            if settings.repair:
                searching.repair(run, self.formulation, UNTIMED, seed=settings.seed)
                searching.recombine(run, UNTIMED, seed=settings.seed)
            return
        round_, idle = 0, 0
        reserve = 0.25 * run.search.remaining() if settings.repair else 0.0
        while not run.over() and idle < 2:
            left = run.search.remaining()
            if run.best is None and settings.repair and round_ > 0 and left < reserve:
                break
            share = {0: 0.2, 1: 0.3}.get(round_, 0.5) * left
            if left < 1.0 or not settings.repair:
                share = left if round_ or left < 1.0 else 0.5 * left
            got, before = 0, len(run.pool)
            scale = SCALES[round_ % len(SCALES)] if settings.repair else 1.0
            seconds, seed = share / len(self.samplers), settings.seed + round_
            for name in self.samplers:
                got += searching.sample(
                    run, name, self.formulation, seconds, seed=seed, threads=max(1, self.threads - 1), scale=scale
                )
            if settings.repair and not run.over():
                got += searching.repair(
                    run, self.formulation, 0.5 * run.search.remaining(), seed=settings.seed + round_
                )
                got += searching.recombine(run, 0.3 * run.search.remaining(), seed=settings.seed + round_)
            idle = 0 if len(run.pool) > before else idle + 1
            if not got:
                break
            if settings.budget.reads is not None:
                break
            round_ += 1

    def prove(self) -> None:
        """Bounds, then the whole problem by HiGHS; then help the search."""
        run, settings = self.run, self.run.settings
        seconds = run.search.remaining()
        quick = min(0.25 * seconds, 20.0)
        self._solvers_of_their_own(0.6)
        for name in registry.names("bounders"):
            bounder = registry.load("bounders", name)
            if getattr(bounder, "offers", False):
                continue
            if self.form and bounder.accepts.form == self.form and not run.over():
                proving.bound(run, name, run.subject.form, min(seconds * 0.6, 60.0) if self.threads > 1 else quick)
            elif not bounder.accepts.form and name != "highs" and not run.over() and not self.form:
                proving.bound(run, name, self._problem(), quick, formulation=self.formulation)
        if self.may_solve_exactly and not run.over():
            left = run.search.remaining()
            share = left if self.threads > 1 and not self.form else self._share_of_exact() * left
            if share == float("inf"):
                share = UNTIMED
            proving.exact(run, self.exact_formulation, share, seed=settings.seed)
        elif settings.samplers and run.bound is None and not run.over() and not self.form:
            proving.bound(run, "highs", self._problem(), min(0.3 * seconds, 20.0), formulation=self.formulation)

    def _share_of_exact(self) -> float:
        """Of the time that is left: what HiGHS will hardly close had better be searched by a second seed."""
        if not self.form:
            return 0.5
        mine = (registry.load("bounders", name) for name in registry.names("bounders"))
        exhausted = any(getattr(b, "exhausts", False) and b.accepts.form == self.form for b in mine)
        columns, _ = self.run.subject.size(self.exact_formulation)
        return 0.5 if columns <= CLOSED_COLUMNS and not exhausted else 0.15

    def _solvers_of_their_own(self, share: float) -> None:
        """Bounders of a whole problem that offer answers too: they come first, for each takes one kind of problem, and
        on that it leaves HiGHS behind. Their rounds end by the clock, so they are no part of a run that must repeat."""
        run = self.run
        if self.form or run.settings.deterministic or not self.may_solve_exactly:
            return
        for name in registry.names("bounders"):
            if getattr(registry.load("bounders", name), "offers", False) and not run.over():
                seconds = min(share * run.search.remaining(), 600.0)
                proving.bound(run, name, self._problem(), seconds, formulation=self.formulation)
                self.outdone = run.proven

    def _problem(self) -> Problem:
        return self.run.subject.problem(self.formulation)

    def _prove_then_help(self) -> None:
        self.prove()
        self.help()

    def help(self, beside: int = 0) -> None:
        """A further search beside the first, from other seeds and beginning with another proposer."""
        run, round_ = self.run, 0
        start = (beside + 1) % max(1, len(self.proposers))
        while not run.over() and self.proposers:
            round_ += 1
            for name in self.proposers[start:] + self.proposers[:start]:
                left, seed = run.search.remaining(), run.settings.seed + 7919 * round_ + 104_729 * beside
                alone = len(self.proposers) == 1 and getattr(registry.load("proposers", name), "steady", False)
                share = 1.0 if alone else 0.6
                searching.propose(run, name, max(share * left, min(left, 1.0)), seed=seed)

    # -- the whole -----------------------------------------------------------------------------------------------

    def execute(self) -> None:
        """Run every stage; returns when the run is over or everything was tried."""
        run = self.run
        if self.threads > 1:
            more = range(1, self.threads - 1) if self.proposers else ()
            self._together(self.search, self._prove_then_help, *(partial(self.help, k) for k in more))
        else:
            first = self.may_solve_exactly and not self.proposers
            if first:
                self._solvers_of_their_own(0.4)
            if first and not run.over() and not run.settings.deterministic:
                proving.exact(run, self.exact_formulation, 0.3 * run.search.remaining(), seed=run.settings.seed)
            self._bounds_alone()
            self.search()
            if not run.over() and (run.settings.deterministic or not first):
                self.prove()
        self._fall_back()
        self._alternatives()

    def _bounds_alone(self) -> None:
        run = self.run
        if run.settings.deterministic:
            return
        for name in registry.names("bounders"):
            if self.form and registry.load("bounders", name).accepts.form == self.form and not run.over():
                proving.bound(run, name, run.subject.form, 0.1 * run.search.remaining())

    def _together(self, first: Callable[[], object], *others: Callable[[], object]) -> None:
        errors: list[BaseException] = []

        def guarded(other: Callable[[], object]) -> None:
            try:
                other()
            except BaseException as error:  # noqa: BLE001  handed to the waiting thread
                errors.append(error)
                self.run.search.cancel("failed")

        beside = [
            threading.Thread(target=guarded, args=(other,), name=f"qopt-beside-{k}", daemon=True)
            for k, other in enumerate(others)
        ]
        for thread in beside:
            thread.start()
        try:
            first()
        finally:
            for thread in beside:
                thread.join()
        if errors:
            raise errors[0]

    def _fall_back(self) -> None:
        run = self.run
        if run.best is not None or run.infeasible or run.unbounded or run.watch.expired() or not run.settings.repair:
            return
        if not run.settings.fallback:
            return
        seconds = None if run.settings.deterministic else run.search.remaining()
        named = [*(run.settings.samplers or ()), *(run.settings.proposers or ())]
        what = f"{', '.join(named)} found nothing feasible" if named else "the search found nothing feasible"
        _, fitting = self._fitting()
        if self.form and fitting:
            run.fall_back(f"{what}; {fitting[0]} searches the {self.form} form instead")
            searching.propose(run, fitting[0], seconds, seed=run.settings.seed)
        elif not self.may_solve_exactly and self._fits(
            self.exact_formulation, EXACT_COLUMNS, EXACT_NONZEROS, "there is no classical fallback"
        ):
            run.fall_back(f"{what}; HiGHS solves the whole problem instead")
            proving.exact(run, self.exact_formulation, seconds or UNTIMED, seed=run.settings.seed)

    def _alternatives(self) -> None:
        """With the best plan proven and time left: the next best ones, in order."""
        run, settings = self.run, self.run.settings
        if not run.proven or settings.deterministic or settings.top < 2 or run.watch.expired():
            return
        left = run.watch.remaining()
        if self.may_solve_exactly and not self.form and not self.outdone:
            proving.vary(run, self.formulation, settings.top, min(left, max(2.0, 0.2 * left)), seed=settings.seed)
        if len(run.entries(feasible=True)) >= settings.top or run.watch.expired():
            return
        share = max(1.0, 0.2 * left) if self.outdone else max(0.5, 0.05 * left)
        seconds = min(run.watch.remaining(), share)
        for name in self.proposers[:1]:
            searching.propose(run, name, seconds, seed=settings.seed, late=True)
        for name in self.samplers[:1]:
            searching.sample(run, name, self.formulation, seconds, seed=settings.seed + 1, late=True)
