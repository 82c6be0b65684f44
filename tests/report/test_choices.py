"""Portfolios and selections as text and as HTML."""

from qopt.core.solution import Candidate, Check, Origin, Solution
from qopt.models.families.portfolio import PLUGIN as PORTFOLIO
from qopt.models.families.selection import PLUGIN as SELECTION
from qopt.models.subject import Subject
from qopt.report.exports.csv import Csv
from qopt.report.plans import plan_view
from qopt.report.views import text_view

HOLDINGS = {
    "holdings": [
        {"asset": "world", "lots": 38, "money": 3959.6, "share": 0.19798},
        {"asset": "b<nds", "lots": 7, "money": 700.0, "share": 0.035},
    ],
    "trades": [{"asset": "b<nds", "bought": 7, "sold": 0}, {"asset": "gold", "bought": 0, "sold": 6}],
    "invested": 4659.6,
    "cash": 35.4,
    "costs": 5.0,
    "return": 0.05285,
    "volatility": 0.1,
}
SELECTED = {
    "selected": ["P2", 7],
    "value": 15.5,
    "score": 17,
    "synergy": 0,
    "redundancy": 1.5,
    "spent": {"euro": 50},
    "taken": [{"item": "P2", "adds": 9, "code": "MUST", "reason": "it is to be selected"}],
    "left_out": [
        {"item": f"<{k}>", "code": "BUDGET.euro", "reason": "over budget: adding it needs 20 more euro", "price": 1.5}
        for k in range(30)
    ],
}


def test_holdings_as_text():
    assert text_view(HOLDINGS).split("\n") == [
        "asset  lots   money    share",
        "world    38  3959.6  19.80 %",
        "b<nds     7   700.0   3.50 %",
        "expected return 5.29 %, volatility 10.00 %; 4659.6 invested, 35.4 in cash, 5 for trading",
        "buy 7 b<nds",
        "sell 6 gold",
    ]


def test_a_selection_as_text_tells_why_the_others_are_left_out():
    lines = text_view(SELECTED).split("\n")
    assert lines[:4] == [
        "selected  P2, 7",
        "worth     15.5 (17 score, 1.5 redundancy)",
        "takes     50 euro",
        "without <0>: over budget: adding it needs 20 more euro",
    ]
    assert lines[-1] == "… and 5 more are left out"


def test_html_has_every_line_and_escapes_names():
    page = plan_view(HOLDINGS, None)
    assert page.count("<tr>") == 3 and "b&lt;nds" in page and "b<nds" not in page
    page = plan_view(SELECTED, None)
    assert page.count("<tr>") == 1 + 2 + 1 + 30 and "&lt;29&gt;" in page and "<29>" not in page
    assert "it is to be selected" in page and "as text" in page


def test_nothing_chosen_is_said():
    empty = SELECTED | {"selected": [], "spent": {}, "left_out": []}
    assert text_view(empty).split("\n")[0] == "selected  nothing"
    assert text_view(HOLDINGS | {"holdings": [], "trades": []}).split("\n")[0] == "asset  lots  money  share"


def test_choices_as_tables_of_a_spreadsheet():
    for family, lines in (
        (PORTFOLIO, ["asset,lots,money,share", "bond,3,1500.0,0.15"]),
        (SELECTION, ["item,selected,adds,price,code,reason", "storms,1,9.0,,,"]),
    ):
        instance = family.example()
        values = family.restore(instance, {"holdings": [{"asset": "bond", "lots": 3}], "selected": ["storms", "bread"]})
        found = Solution(Candidate(Origin.EXACT, "test", values), Check(True, (0.0,)), values, {})
        plan = family.interpret(instance, found)
        told = family.tell(instance, plan) if family is SELECTION else plan
        table = Csv().texts(told, Subject(instance=instance))[""].split("\r\n")
        assert table[:2] == lines
    assert table[3] == f"gales,0,,1.0,BUDGET.budget,{told['left_out'][0]['reason']}"
