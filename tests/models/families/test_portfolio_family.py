"""Portfolios against plain enumeration: every count of lots of tiny random instances, judged by arithmetic alone."""

from __future__ import annotations

import json
from itertools import product

import numpy as np
import pytest

from qopt.core.errors import ModelError, RecordError
from qopt.core.problem import Sense
from qopt.core.solution import Candidate, Check, Origin, Solution
from qopt.evaluate.check import check
from qopt.models.documents import load_document, validate
from qopt.models.families._portfolio_layout import Layout
from qopt.models.families._portfolio_numbers import covariance, gains
from qopt.models.families.portfolio import PLUGIN, PortfolioInstance


def solution(values):
    values = np.asarray(values, dtype=float)
    return Solution(Candidate(Origin.EXACT, "test", values), Check(True, (0.0,)), values, {})


def drawn(seed: int) -> PortfolioInstance:
    """A tiny instance with every rule now and then."""
    rng = np.random.default_rng(seed)
    n = int(rng.integers(2, 5))
    ids = [f"a{k}" for k in range(n)]
    wide = rng.normal(0, 0.2, (n + 2, n))
    equal = seed % 5 == 4
    assets = [
        {"id": name, "return": round(float(rng.uniform(-0.02, 0.2)), 3), "sector": "xy"[k % 2]}
        for k, name in enumerate(ids)
    ]
    document = {
        "weights": "equal" if equal else "lots",
        "assets": assets,
        "risk": {"covariance": np.round(wide.T @ wide / 3 + 1e-3 * np.eye(n), 4).tolist()},
        "objective": ["utility", "return", "risk"][seed % 3],
        "aversion": float(rng.integers(0, 4)),
        "invest_at_least": float(rng.choice([0.3, 0.5])),
        "budget": float(rng.integers(20, 60)),
    }
    if equal:
        document |= {"names": int(rng.integers(1, n + 1)), "invest_at_least": 0}
    elif rng.random() < 0.6:
        document["names"] = {"min": int(rng.integers(0, 2)), "max": int(rng.integers(1, n + 1))}
    for asset in assets:
        if equal:
            asset["held"] = int(rng.integers(0, 2))
            continue
        asset |= {"price": float(rng.integers(5, 16)), "lot": int(rng.integers(1, 3)), "max": int(rng.integers(1, 4))}
        if rng.random() < 0.5:
            asset["held"] = int(rng.integers(1, 4))
        if rng.random() < 0.3:
            asset["min"] = min(2, asset["max"])
    if rng.random() < 0.7:
        document["trading"] = {"cost": 0.05, "fee": float(rng.integers(0, 2)), "most": float(rng.choice([0.7, 2]))}
    if rng.random() < 0.5:
        document["sectors"] = {"x": {"min": 0.1, "max": 0.6}}
    if rng.random() < 0.4:
        document["min_return"] = 0.03
    if rng.random() < 0.4:
        document["max_volatility"] = 0.12
    return PortfolioInstance.model_validate(document)


def judged(instance: PortfolioInstance, lots) -> tuple[bool, float]:
    """Whether lots keep every rule, and the objective, by arithmetic on the document."""
    budget, matrix = instance.money, instance.risk.covariance
    several = range(len(lots))
    unit = [
        budget / (instance.names.max or 1) if instance.weights == "equal" else a.price * a.lot for a in instance.assets
    ]
    money = [unit[i] * lots[i] for i in several]
    moved = [unit[i] * abs(lots[i] - instance.assets[i].held) for i in several]
    trades = sum(lots[i] != instance.assets[i].held for i in several)
    cost = instance.trading.cost * sum(moved) + instance.trading.fee * trades
    gain = sum(money[i] * instance.assets[i].gain for i in several) - cost
    variance = sum(money[i] * matrix[i][j] * money[j] for i in several for j in several) / budget**2
    held = sum(count > 0 for count in lots)
    rules = [
        instance.weights == "equal" or sum(money) + cost <= budget + 1e-9,
        sum(money) >= instance.invest_at_least * budget - 1e-9,
        instance.names.min <= held,
        instance.names.max is None or held <= instance.names.max,
        all(not lots[i] or lots[i] >= instance.assets[i].min for i in several),
        instance.trading.most is None or sum(moved) <= instance.trading.most * budget + 1e-9,
        instance.min_return is None or gain >= instance.min_return * budget - 1e-9,
        instance.max_volatility is None or variance <= instance.max_volatility**2 + 1e-12,
    ]
    for sector, limit in instance.sectors.items():
        inside = sum(money[i] for i in several if instance.assets[i].sector == sector) / budget
        rules.append(limit.min - 1e-9 <= inside <= limit.max + 1e-9)
    aim = {"utility": gain - instance.aversion * variance * budget, "return": gain, "risk": variance * budget}
    return all(rules), aim[instance.objective]


def possible(instance: PortfolioInstance):
    """All counts of lots that fit the columns."""
    return product(*(range(1 + int(most)) for most in Layout(instance).most))


@pytest.mark.parametrize("seed", range(40))
def test_rows_objective_and_judge_are_those_of_the_arithmetic(seed):
    instance = drawn(seed)
    problem, layout = PLUGIN.build(instance), Layout(instance)
    assert problem.sense is (Sense.MINIMIZE if instance.objective == "risk" else Sense.MAXIMIZE)
    for lots in possible(instance):
        values = layout.lift(np.array(lots, dtype=float))
        verdict = check(problem, values)
        allowed, objective = judged(instance, lots)
        assert verdict.feasible == allowed, (lots, verdict.violations)
        assert verdict.objective == pytest.approx(objective, rel=1e-9, abs=1e-9)
        plan = json.loads(json.dumps(PLUGIN.interpret(instance, solution(values))))
        assert (PLUGIN.domain_check(instance, plan) == []) == allowed, (lots, PLUGIN.domain_check(instance, plan))
        assert PLUGIN.restore(instance, plan).tolist() == values.tolist()


def test_the_random_instances_have_good_and_bad_portfolios():
    verdicts = [{judged(drawn(seed), lots)[0] for lots in possible(drawn(seed))} for seed in range(40)]
    assert sum(found == {True, False} for found in verdicts) >= 20


@pytest.mark.parametrize("seed", [0, 1, 2, 3, 4, 5, 6, 8, 14, 33, 36, 62])
def test_columns_that_contradict_the_holdings_are_no_feasible_plan(seed):
    """Every point of the columns, where they are few: what the problem allows, the judge allows, and the other way."""
    instance = drawn(seed)
    problem = PLUGIN.build(instance)
    sizes = problem.columns.upper.astype(int) + 1
    for point in product(*map(range, sizes)):
        values = np.array(point, dtype=float)
        plan = PLUGIN.interpret(instance, solution(values))
        assert check(problem, values).feasible == (PLUGIN.domain_check(instance, plan) == []), point


def test_covariance_and_returns_of_each_source_agree():
    """A history, its covariance as a matrix and by names, and one factor per asset are the same risk."""
    rng = np.random.default_rng(3)
    past = np.round(rng.normal(0.01, 0.05, (9, 3)), 4)
    ids = ["p", "q", "r"]
    history = [{"date": f"d{k}"} | dict(zip(ids, line)) for k, line in enumerate(past.tolist())]
    prices = np.vstack([np.full(3, 100.0), 100 * np.cumprod(1 + past, axis=0)]).tolist()
    matrix = np.cov(past.T) * 4
    named = {a: {b: float(matrix[i, j]) for j, b in enumerate(ids) if j >= i} for i, a in enumerate(ids)}
    risks = [
        {"history": history, "periods": 4.0},
        {"history": [dict(zip(ids, line)) for line in prices], "prices": True, "periods": 4.0},
        {"covariance": matrix.tolist()},
        {"covariance": named},
        {"factors": named, "exposures": {name: {name: 1.0} for name in ids}},
    ]
    mean = past.mean(axis=0) * 4
    for risk in risks:
        assets = [{"id": name} for name in ids]
        if "history" not in risk:
            assets = [asset | {"return": float(value)} for asset, value in zip(assets, mean)]
        instance = PortfolioInstance.model_validate({"assets": assets, "budget": 10.0, "risk": risk})
        assert np.allclose(covariance(instance), matrix, rtol=1e-8, atol=1e-12)
        assert np.allclose(gains(instance), mean, rtol=1e-8, atol=1e-12)
        plan = PLUGIN.interpret(instance, solution([1.0, 2.0, 3.0]))
        assert PLUGIN.domain_check(instance, plan) == []


def test_the_example_has_its_story():
    """Of the two that move together only one is held beside gold and bonds."""
    instance = PLUGIN.example()
    best = max(
        (lots for lots in possible(instance) if judged(instance, lots)[0]), key=lambda lots: judged(instance, lots)[1]
    )
    plan = PLUGIN.interpret(instance, solution(Layout(instance).lift(np.array(best, dtype=float))))
    assert plan["sectors"]["tech"] <= 0.6 and len(plan["holdings"]) == 3
    assert [line["asset"] for line in plan["holdings"]] == ["bond", "chips", "gold"]


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"holdings": [{"asset": "rock", "lots": 1}]}, "there is no asset rock"),
        ({"holdings": [{"asset": "gold", "lots": 5}]}, "5 lots of gold are held, at most 4"),
        ({"holdings": [{"asset": "chips", "lots": 12}]}, "what is in tech is 9600, at most 6000"),
        ({"holdings": [{"asset": "bond", "lots": 21}]}, "what is spent is 10500, at most 10000"),
        ({"volatility": 0.5}, "the plan states 0.5 for volatility, it is 0"),
        ({"trades": [{"asset": "gold", "bought": 1, "sold": 0}]}, "gold: 0 held, 1 bought and 0 sold do not make 0"),
    ],
)
def test_the_judge_names_the_broken_rule(change, sentence):
    nothing = {"holdings": [], "trades": [], "invested": 0.0, "costs": 0.0, "return": 0.0, "volatility": 0.0}
    assert PLUGIN.domain_check(PLUGIN.example(), nothing) == []
    assert sentence in PLUGIN.domain_check(PLUGIN.example(), nothing | change)


HEAD = "problem: portfolio\nbudget: 100\n"
ASSETS = "assets: [{id: a, return: 0.1}, {id: b, return: 0.2}]\n"
RISK = "risk: {covariance: [[1, 0], [0, 1]]}\n"


@pytest.mark.parametrize(
    ("text", "line", "column", "rule"),
    [
        (HEAD + "assets: [{id: a, return: 0.1}, {id: a, return: 0.2}]\n" + RISK, 3, 37, "ids must differ"),
        (HEAD + "assets: [{id: a}, {id: b, return: 0.2}]\n" + RISK, 3, 10, "an expected return is needed"),
        (HEAD + "assets: [{id: a, return: 1, max: 1, min: 2}]\nrisk: {covariance: [[1]]}\n", 3, 34, "max is below min"),
        (HEAD + ASSETS + "risk: {}\n", 4, 7, "one of covariance, history and factors"),
        (HEAD + ASSETS + "risk: {covariance: [[1, 0]]}\n", 4, 20, "one line for each of 2 assets"),
        (HEAD + ASSETS + "risk: {covariance: [[1, 0], [0]]}\n", 4, 29, "one number for each of 2 assets"),
        (HEAD + ASSETS + "risk: {covariance: [[1, 0], [0.5, 1]]}\n", 4, 25, "symmetric"),
        (HEAD + ASSETS + "risk: {covariance: [[1, 2], [2, 1]]}\n", 4, 20, "negative variance"),
        (HEAD + ASSETS + "risk: {covariance: {a: {a: 1}}}\n", 4, 20, "every asset needs a line"),
        (HEAD + ASSETS + "risk: {covariance: {a: {a: 1}, b: {c: 1}}}\n", 4, 39, "there is no such asset"),
        (HEAD + ASSETS + "risk: {history: [{a: 1, b: 2}, {a: 1, b: x}]}\n", 4, 42, "every period needs a return of b"),
        (HEAD + ASSETS + "risk: {history: [{a: 1, b: 2}, {a: 1}]}\n", 4, 32, "every period needs a return of b"),
        (HEAD + ASSETS + "risk: {factors: {f: {g: 1}}}\n", 4, 25, "there is no such factor"),
        (HEAD + ASSETS + "risk: {factors: {f: {f: 1}}, exposures: {c: {f: 1}}}\n", 4, 45, "there is no such asset"),
        ("problem: portfolio\n" + ASSETS + RISK, 1, 1, "lots need a budget"),
        (HEAD + "weights: equal\n" + ASSETS + RISK, 1, 1, "equal weights need a number of names"),
        (HEAD + "names: 3\n" + ASSETS + RISK, 3, 8, "more names are needed than the 2 assets"),
        (HEAD + "names: {min: 2, max: 1}\n" + ASSETS + RISK, 3, 8, "more names are needed than max, which is 1"),
        (HEAD + "objective: risk\n" + ASSETS + RISK, 3, 12, "the least risk is to buy nothing"),
        (HEAD + "sectors: {tech: {max: 0.5}}\n" + ASSETS + RISK, 3, 17, "no asset is in this sector"),
        (HEAD + "objectiv: risk\n" + ASSETS + RISK, 3, 1, "unknown key"),
        (HEAD + "objective: profit\n" + ASSETS + RISK, 3, 12, "must be utility, return or risk"),
    ],
)
def test_a_slip_is_told_at_its_place(text, line, column, rule):
    with pytest.raises(ModelError) as caught:
        validate(load_document(text), PortfolioInstance)
    found = [(issue.place.line, issue.place.column, issue.rule) for issue in caught.value.issues]
    assert any((at, where) == (line, column) and rule in told for at, where, told in found), found


def test_a_covariance_and_a_history_may_be_tables(tmp_path):
    (tmp_path / "c.csv").write_text(",a,b\na,1,0.5\nb,0.5,1\n".replace(",a,b", "name,a,b"))
    (tmp_path / "h.csv").write_text("day,a,b\n1,0.1,0.2\n2,x,0.1\n")
    named = validate(
        load_document(HEAD + ASSETS + "risk: {covariance: {table: c.csv}}\n", base_dir=tmp_path), PortfolioInstance
    )
    assert covariance(named).tolist() == [[1, 0.5], [0.5, 1]]
    with pytest.raises(ModelError, match=r"h\.csv:3:3: a: every period needs a return of a"):
        validate(
            load_document(HEAD + ASSETS + "risk: {history: {table: h.csv}}\n", base_dir=tmp_path), PortfolioInstance
        )


def test_nothing_is_shown_as_bought_and_sold_at_once():
    document = {
        "assets": [{"id": "a", "return": 0.1, "price": 1.0, "held": 3}],
        "risk": {"covariance": [[0.01]]},
        "budget": 10.0,
        "trading": {"cost": 0.1},
    }
    instance = PortfolioInstance.model_validate(document)
    washed = PLUGIN.interpret(instance, solution([1.0, 4.0]))
    assert washed["trades"] == [{"asset": "a", "bought": 4, "sold": 2}] and washed["costs"] == pytest.approx(0.6)
    told = PLUGIN.tell(instance, washed)
    assert told["trades"] == [{"asset": "a", "bought": 2, "sold": 0}] and told["costs"] == pytest.approx(0.2)
    assert PLUGIN.domain_check(instance, washed) == PLUGIN.domain_check(instance, told) == []
    assert PLUGIN.key(washed) == PLUGIN.key(told)


def test_names_with_dots_are_names(tmp_path):
    (tmp_path / "h.csv").write_text("day,BRK.B,S&P 500\n1,0.1,0.2\n2,0.2,0.1\n")
    text = "problem: portfolio\nbudget: 9\nassets: [{id: BRK.B}, {id: S&P 500}]\nrisk: {history: {table: h.csv}}\n"
    instance = validate(load_document(text, base_dir=tmp_path), PortfolioInstance)
    assert np.allclose(gains(instance), [0.15, 0.15])


def test_plans_that_cannot_be_read_are_refused():
    with pytest.raises(RecordError, match="names no asset"):
        PLUGIN.restore(PLUGIN.example(), {"holdings": [{"asset": "rock", "lots": 1}]})
    with pytest.raises(RecordError, match="no list"):
        PLUGIN.restore(PLUGIN.example(), {})
    with pytest.raises(ModelError, match="it has: holdings"):
        PLUGIN.build(PLUGIN.example(), formulation="weights")
