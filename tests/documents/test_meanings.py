"""What unquoted words mean: YAML 1.2, and identifiers stay text."""

from __future__ import annotations

import json

import pytest

from qopt.core.errors import ModelError
from qopt.models.documents import load_document
from qopt.models.documents.scalars import meaning
from qopt.models.documents.write import to_yaml

TEXT = [
    *("no", "No", "NO", "yes", "on", "On", "off", "y", "n", "12:30", "1:30:00", "007", "0123", "-01", "00", "1_000"),
    *(
        "2026-03-08",
        "2026-03-08T12:00:00",
        "12h",
        "1.2.3",
        "+",
        ".",
        "e3",
        "1e",
        "0b11",
        "0x",
        "1,5",
        "inf",
        "nan",
    ),
    *("Infinity", "NaN", "truely", "nul", "١٢", "x"),
]
NUMBERS = {
    "0": 0,
    "12": 12,
    "-3": -3,
    "+7": 7,
    "0x1F": 31,
    "0o17": 15,
    "2.5": 2.5,
    ".5": 0.5,
    "1.": 1.0,
    "0.10": 0.1,
    "1e3": 1000.0,
    "1E3": 1000.0,
    "-2.5e-3": -0.0025,
    "123456789012345678": 123456789012345678,
}
WORDS = {"": None, "~": None, "null": None, "Null": None, "NULL": None, "true": True, "True": True, "FALSE": False}


@pytest.mark.parametrize("word", TEXT)
def test_text_stays_text(word):
    assert meaning(word) == word and load_document(f"a: {word}\n").data == {"a": word}


@pytest.mark.parametrize("word", NUMBERS)
def test_numbers_are_numbers(word):
    found = load_document(f"a: {word}\n").data["a"]
    assert found == NUMBERS[word] and type(found) is type(NUMBERS[word])


@pytest.mark.parametrize("word", WORDS)
def test_words_with_a_meaning(word):
    assert load_document(f"a: {word}\n").data == {"a": WORDS[word]}


def test_quoted_words_are_text_whatever_they_look_like():
    assert load_document("a: '12'\nb: \"true\"\nc: 'null'\nd: ''\n").data == {
        "a": "12",
        "b": "true",
        "c": "null",
        "d": "",
    }


def test_keys_are_text_as_written():
    text = "no: 1\n12: 2\n007: 3\nnull: 4\ntrue: 5\n1.50: 6\n'<<': 7\n"
    assert list(load_document(text).data) == ["no", "12", "007", "null", "true", "1.50", "<<"]


def test_block_texts_and_remarks():
    text = "a: |\n  one\n  two\nb: >\n  one\n  two\nc: x # remark\nd: x#y\n"
    assert load_document(text).data == {"a": "one\ntwo\n", "b": "one two\n", "c": "x", "d": "x#y"}


def test_json_is_read_as_json_with_tabs_and_all():
    text = '{\t"a": [1, -2.5e3, true, null, "\\u00e9\\n"],\r\n"b": {}}'
    assert load_document(text).data == json.loads(text)


def test_a_byte_order_mark_is_dropped_and_windows_lines_count(tmp_path):
    path = tmp_path / "a.yaml"
    path.write_bytes(b"\xef\xbb\xbfa: 1\r\nb:\r\n  - x\r\n  - y\r\n")
    document = load_document(path)
    assert document.data == {"a": 1, "b": ["x", "y"]}
    place = document.place(("b", 1))
    assert (place.line, place.column) == (4, 5)


def test_every_key_and_value_knows_its_place():
    text = "a: 1\nb:\n  c: [x, {d: y}]\n"
    positions = load_document(text).positions
    places = {
        ("a",): (1, 4, 1, 1),
        ("b", "c"): (3, 6, 3, 3),
        ("b", "c", 0): (3, 7, 3, 7),
        ("b", "c", 1, "d"): (3, 14, 3, 11),
    }
    for path, (line, column, key_line, key_column) in places.items():
        value, key = positions.value(path), positions.key(path)
        assert (value.line, value.column, key.line, key.column) == (line, column, key_line, key_column), path


@pytest.mark.parametrize(
    ("text", "line", "column"),
    [
        ("e: one two\n", 1, 8),
        ("e: 'one two'\n", 1, 9),
        ('e: "one two"\n', 1, 9),
        ("e: one\n  two\n", 2, 3),
        ("e: >-\n  one\n  two\n", 3, 3),
        ("e: |\n  one\n\n    two\n", 4, 5),
        ('{"e": "one two"}', 1, 12),
    ],
)
def test_a_character_inside_a_text_has_a_place(text, line, column):
    document = load_document(text)
    place = document.place(("e",), document.data["e"].index("two"))
    assert (place.line, place.column) == (line, column)


def test_a_quote_inside_quotes_counts_once():
    document = load_document("e: 'x[''a''] + y'\n")
    place = document.place(("e",), document.data["e"].index("y"))
    assert place.column == 16


def test_what_is_written_reads_back():
    data = {
        "qopt": 1,
        "text": [
            "no",
            "plain words",
            "007",
            "12",
            "1e3",
            "true",
            "",
            "a: b",
            "# x",
            "- y",
            "é",
            "a,b",
            "[",
            ".inf",
            "  s",
        ],
        "numbers": [1, -2.5, 1e300, 0.1, 1e-9],
        "deep": {"a": {"b": [1, {"c": None}]}, "x y": {"no": True}},
        "long": [f"element number {k}" for k in range(30)],
    }
    assert load_document(to_yaml(data, {"text": "a remark\non two lines"})).data == data


def test_expansion_is_never_tried():
    bomb = "a: &a [x, x]\n" + "\n".join(
        f"{chr(98 + k)}: &{chr(98 + k)} [*{chr(97 + k)}, *{chr(97 + k)}]" for k in range(20)
    )
    with pytest.raises(ModelError, match="anchors are not accepted"):
        load_document(bomb)
