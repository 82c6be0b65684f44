"""Tables in the place of records: in documents from CSV and Excel files, in Python from frames."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from math import nan
from pathlib import Path

import pytest
from pydantic import ValidationError

import qopt
from qopt.core.errors import ModelError
from qopt.core.hashing import problem_hash
from qopt.models.documents import load_document, validate
from qopt.models.families.assignment import AssignmentInstance
from qopt.models.families.facility import FacilityInstance
from qopt.models.families.graph import GraphInstance
from qopt.models.families.knapsack import Item, KnapsackInstance
from qopt.models.families.routing import RoutingInstance
from qopt.models.schema import schema
from qopt.models.sheets import plain

KNAPSACK = "problem: knapsack\nitems: {table: items.csv}\ncapacity: 10\n"
WRITTEN = KnapsackInstance(
    items=(Item(id="tent", value=11, weight=6), Item(id="stove", value=7, weight=3.5, copies=2)), capacity=10
)


class Frame:
    """As much of a DataFrame as is asked for."""

    def __init__(self, *records):
        self.records = list(records)

    def to_dict(self, orient):
        assert orient == "records"
        return self.records


def read(folder: Path, text: str, **tables: str):
    for name, table in tables.items():
        (folder / f"{name}.csv").write_text(table, "utf-8")
    (folder / "document.yaml").write_text(text, "utf-8")
    return qopt.load(folder / "document.yaml")


def issues_of(folder: Path, text: str, **tables: str):
    with pytest.raises(ModelError) as caught:
        read(folder, text, **tables)
    return caught.value.issues


def test_a_table_is_the_list_that_it_stands_for(tmp_path):
    instance = read(tmp_path, KNAPSACK, items="id,value,weight,copies\ntent,11,6,\nstove,7,3.5,2\n")
    assert instance == WRITTEN


def test_renaming_choice_separator_mark_and_decimal_comma(tmp_path):
    text = """problem: knapsack
items:
  table: items.csv
  columns: {id: What, value: Worth, weight: "Weight, kg", copies: How many}
  where: {Season: [summer, 4], Active: true}
  decimal: ","
capacity: 10
"""
    rows = "\ufeffSeason;What;Worth;Weight, kg;How many;Active\nsummer;tent;11,0;6;;true\n4;stove;7;3,5;2;TRUE\n"
    instance = read(tmp_path, text, items=rows + "winter;sledge;9;4;1;true\nsummer;kite;1;1;1;false\n")
    assert instance == WRITTEN


def test_decimal_commas_let_points_group_thousands(tmp_path):
    text = KNAPSACK.replace("items.csv}", "items.csv, decimal: ','}")
    instance = read(tmp_path, text, items="value;weight\n1.250,5;1.000\n")
    assert (instance.items[0].value, instance.items[0].weight) == (1250.5, 1000)


def test_paths_and_brackets_fill_what_is_nested(tmp_path):
    dotted = read(
        tmp_path,
        KNAPSACK.replace("10", "{kg: 5, litres: 6}"),
        items="id,value,weight.kg,weight.litres\na,1,2,\nb,2,,4\n",
    )
    assert [item.weight for item in dotted.items] == [{"kg": 2}, {"litres": 4}]
    text = "problem: facility\nsites: [{id: s}, {id: t}]\ncustomers: {table: c.csv}\n"
    listed = read(tmp_path, text, c="id,cost[0],cost[1]\na,3,4\n")
    bracket = read(tmp_path, text, c='id,cost\na,"[3, 4]"\n')
    assert listed == bracket and listed.customers[0].cost == (3, 4)


def test_words_mean_what_they_mean_in_a_document_but_ids_that_are_text_stay_text(tmp_path):
    instance = read(tmp_path, KNAPSACK, items="id,value,weight\n007,1,1\n12,1e1,1\nno,1,1\n")
    assert instance.ids == ["007", 12, "no"] and instance.items[1].value == 10
    table = "from,to,weight\n1,2,3\n2,x,4\n"
    graph = read(tmp_path, "problem: graph\ntask: max_cut\nedges: {table: e.csv}\n", e=table)
    assert graph == GraphInstance(task="max_cut", edges=((1, 2, 3), (2, "x", 4)))
    text = "problem: assignment\nitems: {table: n.csv}\ncost: {table: c.csv, columns: [p, q]}\n"
    matrix = read(tmp_path, text, n="name\na\n2\n", c="item,p,q\na,1,\nb,3,4\n")
    assert matrix == AssignmentInstance(items=("a", 2), cost=((1, None), (3, 4)))


def test_where_only_text_may_stand_a_number_is_text(tmp_path):
    text = "problem: portfolio\nbudget: 10\nassets: {table: a.csv}\nrisk: {covariance: [[1, 0], [0, 1]]}\n"
    instance = read(tmp_path, text, a="id,return,sector\n1,0.1,7\n2,0.2,1e3\n")
    assert [asset.sector for asset in instance.assets] == ["7", "1e3"]
    assert [asset.id for asset in instance.assets] == [1, 2]


def test_mappings_are_keyed_by_the_first_column(tmp_path):
    capacity = read(
        tmp_path,
        "problem: knapsack\nitems: [{value: 1, weight: {1e3: 2}}]\ncapacity: {table: room.csv}\n",
        room="what,much\n1e3,5\nkg,6\n",
    )
    assert capacity.capacity == {"1e3": 5, "kg": 6}
    with_contracts = """problem: roster
horizon: {days: 3}
shifts: [{id: D, minutes: 480}]
contracts: {table: contracts.csv}
staff: {table: staff.csv}
cover: [{shift: D, need: 1}]
"""
    roster = read(
        tmp_path,
        with_contracts,
        contracts="name,minutes.max,run_of_work.max\nfull,2400,4\nhalf,1200,\n",
        staff='id,contract,skills\n1,full,"[""7"", till]"\n2,half,\n',
    )
    assert set(roster.contracts) == {"full", "half"} and roster.contracts["half"].run_of_work.max is None


def test_visits_of_a_dispatcher(tmp_path):
    text = """problem: routing
locations: {table: orders.csv, columns: {id: Customer, x: X, y: Y}}
travel: {euclidean: {}}
fleet: [{capacity: 20, start: depot, end: depot}]
visits: {table: orders.csv, columns: {id: Customer, deliver: Qty, windows: Open}, where: {Kind: customer}}
"""
    orders = 'Customer,Kind,X,Y,Qty,Open\ndepot,depot,0,0,,\na,customer,1,2,3,"[[8, 12]]"\nb,customer,5,2,9,\n'
    instance = read(tmp_path, text, orders=orders)
    assert isinstance(instance, RoutingInstance)
    assert len(instance.locations) == 3 and [visit.id for visit in instance.visits] == ["a", "b"]
    assert instance.visits[0].windows == ((8, 12),) and instance.visits[1].windows == ()


FAULTS = {
    "a cell of the wrong kind": ("id,value,weight\na,1,2\nb, x ,3\n", 3, 4, "value", "must be a number", '"x"'),
    "a decimal comma": ('id;value;weight\na;"1,5";2\n', 2, 3, "value", "must be a number", '"1,5"'),
    "an empty cell": ("id,value,weight\na,1,2\nb,,3\n", 3, 3, "value", "the key value is missing", ""),
    "a column that lacks": ("id,weight\na,2\nb,2\n", 1, 1, "", "the key value is missing", ""),
    "a column too many": ("id,value,wieght\na,1,2\n", 1, 10, "wieght", "a column that is no key here", "wieght"),
    "out of bounds": ("id,value,weight,copies\na,1,2,0\n", 2, 7, "copies", "must be at least 1", "0"),
    "a rule of the family": ("id,value,weight\na,1,2\na,1,3\n", 3, 1, "id", "an id may occur once", '"a"'),
    "infinite": ("id,value,weight\na,1,1e999\n", 2, 5, "weight", "must be finite", "1e999"),
    "a broken list": ("id,value,weight\na,1,[1 2\nb,1,[1:\n", 2, 5, "weight", "a finite number", '"[1 2"'),
}


@pytest.mark.parametrize("name", FAULTS)
def test_a_fault_stands_at_file_row_and_column(name, tmp_path):
    table, line, column, path, rule, value = FAULTS[name]
    issue, *more = issues_of(tmp_path, KNAPSACK, items=table)
    assert (issue.place.file, issue.place.line, issue.place.column) == ("items.csv", line, column), issue
    assert issue.place.path.startswith(path) and rule in issue.rule and issue.value == value, issue
    assert len(more) <= 1, "one slip is not told once for every row"
    assert str(issue).startswith(f"items.csv:{line}:{column}: ")


def test_suggestions_say_what_to_do_in_a_table(tmp_path):
    (comma,) = issues_of(tmp_path, KNAPSACK, items='id;value;weight\na;"1,5";2\n')
    assert "decimal" in comma.suggestion
    (empty,) = issues_of(tmp_path, KNAPSACK, items="id,value,weight\na,,2\n")
    assert empty.suggestion == "fill the cell"
    (near,) = issues_of(tmp_path, KNAPSACK, items="id,valeu,weight\na,1,2\n")
    assert near.suggestion == "did you mean value?"
    (far,) = issues_of(tmp_path, KNAPSACK, items="id,value,weight,Season\na,1,2,x\n")
    assert far.suggestion.startswith("name the columns to take under 'columns:'")


@pytest.mark.parametrize(
    ("pointer", "column", "rule"),
    [
        ("{table: itms.csv}", 16, "no such table file"),
        ("{table: items.csv, columns: {id: id, valeu: value}}", 45, "unknown key"),
        ("{table: items.csv, columns: {id: id, value: worth}}", 52, "no such column"),
        ("{table: items.csv, columns: [id, worth]}", 41, "no such column"),
        ("{table: items.csv, where: {day: 3}}", 35, "no such column"),
        ("{table: items.csv, wher: {day: 3}}", 27, "unknown key"),
        ("{table: items.csv, sheet: two}", 34, "only Excel files have sheets"),
        ("{table: items.csv, decimal: ';'}", 36, "must be"),
    ],
)
def test_a_slip_in_the_pointer_stands_in_the_document(pointer, column, rule, tmp_path):
    text = f"problem: knapsack\nitems: {pointer}\ncapacity: 10\n"
    (issue,) = issues_of(tmp_path, text, items="id,value,weight\na,1,2\n")
    assert (Path(issue.place.file).name, issue.place.line) == ("document.yaml", 2), issue
    assert issue.place.column == column and rule in issue.rule, issue


def test_a_pointer_where_no_table_fits_is_refused_like_any_other_value(tmp_path):
    (issue,) = issues_of(
        tmp_path, "problem: knapsack\nname: {table: items.csv}\nitems: []\ncapacity: 1\n", items="a\n1\n"
    )
    assert issue.rule == "must be text"
    with pytest.raises(ModelError, match="no folder to look for tables in"):
        validate(load_document(KNAPSACK), KnapsackInstance)


def test_all_faults_of_several_tables_are_told_at_once(tmp_path):
    text = "problem: facility\nsites: {table: s.csv}\ncustomers: {table: c.csv}\nsplit: 3\n"
    found = issues_of(tmp_path, text, s="id,open_cost\na,x\n", c='id,demand,cost\nb,y,"[1]"\n')
    assert [Path(issue.place.file).name for issue in found] == ["document.yaml", "c.csv", "s.csv"]


def test_a_thousand_faults_are_not_all_told(tmp_path):
    found = issues_of(tmp_path, KNAPSACK, items="id,value,weight\n" + "".join(f"{k},x,1\n" for k in range(1000)))
    assert len(found) == 100


def test_another_table_is_another_problem(tmp_path):
    def hashed(table: str) -> str:
        instance = read(tmp_path, KNAPSACK, items=table)
        return problem_hash(qopt.models.subject.as_subject(instance).problem())

    first = hashed("id,value,weight\na,1,2\n")
    assert hashed("weight;id;value\n2;a;1\n") == first != hashed("id,value,weight\na,1,3\n")


def test_places_of_an_instance_are_cells(tmp_path):
    instance = read(tmp_path, KNAPSACK, items="id,value,weight\na,1,2\nb,3,4\n")
    place = instance.place("items", 1, "value")
    assert (place.file, place.line, place.column, place.path) == ("items.csv", 3, 3, "value")


# Excel ------------------------------------------------------------------------------------------------------------


def workbook(path: Path, **sheets):
    openpyxl = pytest.importorskip("openpyxl")
    book = openpyxl.Workbook()
    book.remove(book.active)
    for name, rows in sheets.items():
        sheet = book.create_sheet(name)
        for row in rows:
            sheet.append(row)
    book.save(path)


def test_a_sheet_is_a_table(tmp_path):
    rows = [["What", "Worth", "kg", "", "n"], ["tent", 11, 6.0, "x", None], [], ["stove", "7", 3.5, None, 2.0]]
    workbook(tmp_path / "b.xlsx", other=[["a"]], gear=[[], *rows])
    pointer = "{table: b.xlsx, sheet: gear, columns: {id: What, value: Worth, weight: kg, copies: n}}"
    assert read(tmp_path, KNAPSACK.replace("{table: items.csv}", pointer)) == WRITTEN


def test_a_fault_in_a_sheet_stands_at_its_row_and_column(tmp_path):
    workbook(tmp_path / "b.xlsx", gear=[[], ["id", "value", "weight"], ["a", 1, "x"]])
    (issue,) = issues_of(tmp_path, KNAPSACK.replace("items.csv", "b.xlsx"))
    assert (issue.place.file, issue.place.line, issue.place.column) == ("b.xlsx!gear", 3, 3)
    assert issue.place.path == "weight"
    for pointer, rule in [("b.xlsx, sheet: gaer", "no such sheet"), ("c.xlsx", "no such table file")]:
        (issue,) = issues_of(tmp_path, KNAPSACK.replace("items.csv", pointer))
        assert rule in issue.rule and issue.place.line == 2
    (tmp_path / "d.xlsx").write_text("id,value\n")
    (issue,) = issues_of(tmp_path, KNAPSACK.replace("items.csv", "d.xlsx"))
    assert "no Excel file" in issue.rule and issue.place.line == 2


def test_excel_without_openpyxl_says_what_to_install(tmp_path, monkeypatch):
    (tmp_path / "b.xlsx").write_bytes(b"x")
    monkeypatch.setattr("qopt.models.sheets.find_spec", lambda name: None)
    (issue,) = issues_of(tmp_path, KNAPSACK.replace("items.csv", "b.xlsx"))
    assert "openpyxl, which is not installed" in issue.rule and "qopt[tables]" in issue.suggestion
    assert issue.place.line == 2


def test_dates_times_and_missing_values_become_words_of_documents():
    assert plain(datetime(2026, 3, 8)) == "2026-03-08" and plain(date(2026, 3, 8)) == "2026-03-08"
    assert plain(datetime(2026, 3, 8, 7, 30)) == "2026-03-08T07:30:00"
    assert plain(time(7, 30)) == "07:30" and plain(timedelta(minutes=5)) == "300s"
    assert plain(nan) is None and plain("  ") is None and plain(3.0) == 3 and plain(0.5) == 0.5


# frames -----------------------------------------------------------------------------------------------------------


def test_a_frame_stands_for_records():
    frame = Frame(
        {"id": "tent", "value": 11.0, "weight": 6, "copies": nan},
        {"id": "stove", "value": 7, "weight": 3.5, "copies": 2.0},
    )
    assert KnapsackInstance(items=frame, capacity=10) == WRITTEN
    assert KnapsackInstance.model_validate({"items": frame, "capacity": 10}) == WRITTEN
    facility = FacilityInstance(sites=Frame({"id": "s"}), customers=Frame({"id": "a", "cost[0]": 2}))
    assert facility.customers[0].cost == (2,)


def test_a_frame_with_a_strange_column_is_refused():
    with pytest.raises(ValidationError, match="a column that is no key here, got worth"):
        KnapsackInstance(items=Frame({"id": "a", "worth": 1}), capacity=1)


def test_pandas_frames_are_frames():
    pandas = pytest.importorskip("pandas")
    frame = pandas.DataFrame(
        {"id": ["tent", "stove"], "value": [11, 7], "weight": [6, 3.5], "copies": [float("nan"), 2]}
    )
    assert KnapsackInstance(items=frame, capacity=10) == WRITTEN


def test_a_schema_knows_tables():
    found = schema("knapsack")
    assert {"$ref": "#/$defs/TablePointer"} in found["properties"]["items"]["anyOf"]
    assert "description" in found["properties"]["items"]


def test_a_file_with_our_names_says_in_short_what_a_table_does(tmp_path):
    text = KNAPSACK.replace("{table: items.csv}", "{file: items.csv, id: What, value: Worth, weight: kg}")
    rows = "What,Worth,kg,copies\ntent,11,6,1\nstove,7,3.5,2\n"
    short = read(tmp_path, text, items=rows)
    long = KNAPSACK.replace("items.csv}", "items.csv, columns: {id: What, value: Worth, weight: kg}}")
    assert short == read(tmp_path, long, items=rows)
    assert [item.id for item in short.items] == ["tent", "stove"]
    chosen = read(tmp_path, text.replace("kg}", "kg, where: {copies: 2}}"), items=rows)
    assert [item.id for item in chosen.items] == ["stove"]
    plain_names = read(tmp_path, KNAPSACK.replace("table:", "file:"), items="id,value,weight\na,1,2\n")
    assert plain_names.items[0].weight == 2
    [issue] = issues_of(tmp_path, text.replace("What", "Wat"), items=rows)
    assert issue.place.path == "items.id" and (issue.place.line, issue.place.column) == (2, 30)
    assert issue.suggestion == "did you mean What?"
