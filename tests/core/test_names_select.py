"""Names of a selection are the same texts, and families taken whole stay families."""

import pytest

from qopt.core.names import Labels, NameTable

TABLE = NameTable((Labels("a", (2, 3)), Labels("b"), Labels("c", (3,), (("x", "y", "z"),))))


@pytest.mark.parametrize("chosen", [range(10), [0, 1, 2, 3, 4, 5], [1, 3, 6, 7, 9], [9, 8, 0, 6, 6], []])
def test_selected_names_are_the_names_of_the_selected(chosen):
    assert list(TABLE.select(list(chosen))) == [TABLE[k] for k in chosen]


def test_a_family_taken_whole_is_kept_and_one_taken_in_part_keeps_its_name():
    assert TABLE.select(range(6)).families == TABLE.families[:1]
    assert [family.name for family in TABLE.select([1, 3, 6, 7, 9]).families] == ["a", "b", "c"]
