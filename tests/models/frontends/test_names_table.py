"""Names that arrive one by one become families, and read as they did before."""

import pytest

from qopt.models.frontends._names import table


@pytest.mark.parametrize(
    ("texts", "families"),
    [
        (["x[a,0]", "x[a,1]", "x[b,0]", "x[b,1]"], [("x", (2, 2), (("a", "b"), None))]),
        (["x[0]", "x[1]"], [("x", (2,), (None,))]),
        (["x[1]", "x[2]"], [("x", (2,), (("1", "2"),))]),
        (["x[01]", "x[b c]"], [("x", (2,), (("01", "b c"),))]),
        (["x[a,1]", "x[b,2]", "x[c]"], [("x", (3,), (("a,1", "b,2", "c"),))]),
        (["x[a]", "y", "x[b]"], [("x[a]", (), ()), ("y", (), ()), ("x[b]", (), ())]),
        (["x", "x[a]"], [("x", (), ()), ("x[a]", (), ())]),
        (["d[1].heat", "d[]", "[2]", "d[1"], [(name, (), ()) for name in ("d[1].heat", "d[]", "[2]", "d[1")]),
        ([], []),
    ],
)
def test_families(texts, families):
    made = table(texts)
    assert [(family.name, family.shape, family.axes) for family in made.families] == families
    assert list(made) == texts
