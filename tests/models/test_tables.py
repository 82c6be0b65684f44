"""CSV tables: what is read, and where a broken cell stands."""

from __future__ import annotations

import pytest

from qopt.core.errors import ModelError
from qopt.models.documents import Limits
from qopt.models.tables import Tables, parse_csv


def test_cells_are_stripped_and_empty_lines_skipped():
    table = parse_csv('site, cost\n"north, old", 3\n\n  south ,4.5\n', "x.csv")
    assert table.header == ("site", "cost")
    assert table.rows == [["north, old", "3"], ["south", "4.5"]] and table.lines == [2, 4]
    assert table.numbers(1).tolist() == [3, 4.5]


@pytest.mark.parametrize("separator", [",", ";", "\t"])
def test_separators_are_seen_in_the_header(separator):
    table = parse_csv(separator.join("ab") + "\n" + separator.join("12") + "\n", "x.csv")
    assert table.header == ("a", "b") and table.rows == [["1", "2"]]


@pytest.mark.parametrize("cell", ["", "x", "1e999", "nan", "inf", "1_000", "1,5", "0x10", "--3", "٣"])
def test_a_cell_that_is_no_number_is_refused_at_its_place(cell):
    text = f'a;b;c\n"x;y";1;2\nz; {cell} ;2\n'
    table = parse_csv(text, "x.csv")
    with pytest.raises(ModelError) as caught:
        table.numbers(1)
    (issue,) = caught.value.issues
    assert (issue.place.file, issue.place.line, issue.place.column) == ("x.csv", 3, 4 if cell else 5)


def test_a_place_counts_quoted_separators_as_text():
    table = parse_csv('a,b,c\n"x,y",1,?\n', "x.csv")
    assert (table.place(0, 2).line, table.place(0, 2).column) == (2, 9)


@pytest.mark.parametrize(
    ("text", "rule", "line"),
    [
        ("a,b\n1\n", "the header has 2 columns, this row has 1", 2),
        ("a,b\n1,2,3\n", "this row has 3", 2),
        ("a,a\n1,2\n", "two columns have one name", 1),
        ("a,\n1,2\n", "a column has no name", 1),
        ('a,b\n"1,2\n', "cannot be read", 2),
    ],
)
def test_a_broken_table_is_refused(text, rule, line):
    with pytest.raises(ModelError) as caught:
        parse_csv(text, "x.csv")
    assert rule in caught.value.issues[0].rule and caught.value.issues[0].place.line == line


def test_files_stay_in_the_folder_of_the_document(tmp_path):
    inner = tmp_path / "inner"
    inner.mkdir()
    (tmp_path / "secret.csv").write_text("a\n1\n")
    (inner / "link.csv").symlink_to(tmp_path / "secret.csv")
    for name in ("../secret.csv", str(tmp_path / "secret.csv"), "link.csv"):
        with pytest.raises(ModelError, match="must lie in the folder"):
            Tables(inner).table(name)
    assert Tables(inner, Limits(tables_anywhere=True)).table("../secret.csv").rows == [["1"]]


def test_tables_that_cannot_be_read_are_refused(tmp_path):
    (tmp_path / "sites.csv").write_text("a\n1\n")
    (tmp_path / "latin1.csv").write_bytes(b"a\ncaf\xe9\n")
    for name, rule in [
        ("site.csv", "did you mean sites.csv"),
        ("nul\0.csv", "no file name"),
        (".", "no such table file"),
        ("latin1.csv", "latin1.csv:2:4"),
    ]:
        with pytest.raises(ModelError, match=rule):
            Tables(tmp_path).table(name)
    with pytest.raises(ModelError, match="4 bytes, at most 3"):
        Tables(tmp_path, Limits(table_bytes=3)).table("sites.csv")
    with pytest.raises(ModelError, match="no folder"):
        Tables(None).table("sites.csv")


def test_a_table_is_read_once(tmp_path):
    (tmp_path / "a.csv").write_text("a\n1\n")
    tables = Tables(tmp_path)
    first = tables.table("a.csv")
    (tmp_path / "a.csv").unlink()
    assert tables.table("a.csv") is first
