"""Who begins with what where several threads search one form."""

from types import SimpleNamespace

import pytest

from qopt.engine import strategy


@pytest.mark.parametrize(("beside", "order"), [(0, "bca"), (1, "cab"), (2, "abc"), (3, "bca")])
def test_every_helper_begins_with_another_proposer(monkeypatch, beside, order):
    called = []
    monkeypatch.setattr(strategy.searching, "propose", lambda run, name, *_, **__: called.append(name))
    run = SimpleNamespace(
        over=lambda: len(called) >= 3, search=SimpleNamespace(remaining=lambda: 1.0), settings=SimpleNamespace(seed=1)
    )
    strategy.Strategy.help(SimpleNamespace(run=run, proposers=["a", "b", "c"]), beside)
    assert "".join(called) == order


@pytest.mark.parametrize(("threads", "first"), [(1, "ab"), (2, "a")])
def test_the_first_thread_keeps_to_one_proposer_where_others_help(monkeypatch, threads, first):
    called = []
    monkeypatch.setattr(strategy.searching, "propose", lambda run, name, *_, **__: called.append(name))
    settings = SimpleNamespace(seed=1, deterministic=False, repair=False)
    run = SimpleNamespace(over=lambda: True, search=SimpleNamespace(remaining=lambda: 1.0), settings=settings)
    strategy.Strategy._search_form(SimpleNamespace(run=run, proposers=["a", "b"], samplers=[], threads=threads))
    assert "".join(called) == first
