"""The text of a file, or the reason why there is none."""

from __future__ import annotations

import pytest

from qopt.core.errors import ModelError
from qopt.models import source
from qopt.models.source import decoded, member_of, read_bytes, text_of


def refusal(call, *arguments, **options):
    with pytest.raises(ModelError) as caught:
        call(*arguments, **options)
    (issue,) = caught.value.issues
    return issue


def test_a_path_is_read_and_a_string_is_the_text(tmp_path):
    """With its file name, or without one; a byte order mark is dropped."""
    path = tmp_path / "a.txt"
    path.write_bytes(b"\xef\xbb\xbf1 2\r\n")
    assert text_of(path) == ("1 2\r\n", str(path))
    assert text_of("1 2") == ("1 2", "")


def test_missing_files_suggest_a_near_name(tmp_path):
    """The nearest name in the folder, or that there is no such folder."""
    (tmp_path / "nug12.txt").write_text("1")
    issue = refusal(read_bytes, tmp_path / "nug21.txt")
    assert issue.rule == "there is no such file" and "nug12.txt?" in issue.suggestion
    assert "no directory" in refusal(read_bytes, tmp_path / "none" / "x.txt").suggestion
    assert refusal(read_bytes, tmp_path / "completely-else.json").suggestion == ""


def test_what_is_no_text_is_refused(tmp_path):
    """A directory, an empty or blank file, a path with a NUL, a binary file."""
    assert "this is a directory" in refusal(read_bytes, tmp_path).rule
    path = tmp_path / "a.txt"
    for data in (b"", b" \n\t\r\n"):
        path.write_bytes(data)
        assert refusal(read_bytes, path).rule == "the file is empty"
    assert "no path" in refusal(read_bytes, tmp_path / "a\0b").rule
    issue = refusal(decoded, b"PK\x03\x00\x01", "a.zip")
    assert "binary" in issue.rule and issue.value == "a zero byte at byte 3"


def test_huge_files_are_refused_unread(tmp_path, monkeypatch):
    """The size is judged before the file is read."""
    path = tmp_path / "a.txt"
    path.write_text("12345")
    monkeypatch.setattr(source, "LIMIT", 4)
    issue = refusal(read_bytes, path)
    assert issue.rule == "a file may hold at most 4 bytes" and issue.value == "5"


@pytest.mark.parametrize(
    ("data", "byte", "line", "column"),
    [
        (b"caf\xe9", 3, 1, 4),
        (b"a\nb\n12\xff3\n", 6, 3, 3),
        (b"\xef\xbb\xbfa\nbc\xfe", 7, 2, 3),
        (b"ok \xe2\x82", 3, 1, 4),
    ],
)
def test_bytes_that_are_not_utf8_are_named(data, byte, line, column):
    """Position of the first bad byte in the file, and its line and column."""
    issue = refusal(decoded, data, "f.txt")
    assert issue.rule == "the file is not UTF-8"
    assert issue.value == f"byte 0x{data[byte]:02x} at byte {byte}"
    assert (issue.place.file, issue.place.line, issue.place.column) == ("f.txt", line, column)


def test_latin1_is_taken_only_where_it_is_allowed():
    """Old formats hold names in Latin-1; UTF-8 comes first all the same."""
    assert decoded(b"caf\xe9", "f", latin1=True) == "café"
    assert decoded("café".encode(), "f", latin1=True) == "café"
    assert "binary" in refusal(decoded, b"caf\xe9\0", "f", latin1=True).rule


def test_member_numbers():
    """1-based; optional only where there is one."""
    assert member_of(["a"], None, "f") == 0
    assert member_of(["a", "b"], "2", "f") == member_of(["a", "b"], 2, "f") == 1
    assert "the file holds 2 problems: a; b" in refusal(member_of, ["a", "b"], None, "f").rule
    assert refusal(member_of, ["a"], "2", "f").rule == "member must be a number from 1 to 1: a"
    many = [str(k) for k in range(30)]
    assert refusal(member_of, many, None, "f").rule.endswith("18; 19; …")
