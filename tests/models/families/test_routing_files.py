"""Matrices and locations that routing documents read from tables."""

from __future__ import annotations

from pathlib import Path

import pytest

from qopt.core.errors import ModelError
from qopt.models.documents import load_document, validate
from qopt.models.families.routing import RoutingInstance

DOCUMENT = """problem: routing
locations: {file: stops.csv, id: stop, lon: lon, lat: lat}
travel:
  matrix: {time: minutes.csv, distance: roads.csv}
profiles:
  bike: {matrix: roads.csv}
visits: [{id: cafe}, {id: 7}]
"""
FILES = {
    "stops.csv": "stop,lon,lat,town\ndepot,-0.1,51.5,London\ncafe,-0.2,51.6,London\n7,-0.3,51.4,Kent\n",
    "minutes.csv": ",7,farm,depot,cafe\ncafe,1,90,2,0\nfarm,91,0,92,93\ndepot,3,94,0,4\n7,0,95,5,6\n",
    "roads.csv": "from,to,km\ndepot,cafe,1.5\ncafe,depot,2.5\ncafe,7,3.5\n7,cafe,4.5\ndepot,7,5.5\n7,depot,6.5\n"
    "farm,7,99\ncafe,cafe,0.5\n",
}
KM = ((0, 1.5, 5.5), (2.5, 0.5, 3.5), (6.5, 4.5, 0))


def read(folder: Path, text: str = DOCUMENT, **files: str) -> RoutingInstance:
    for name, table in (FILES | {f"{key}.csv": table for key, table in files.items()}).items():
        (folder / name).write_text(table)
    (folder / "vans.yaml").write_text(text)
    return validate(load_document(folder / "vans.yaml"), RoutingInstance)


def test_matrices_are_ordered_by_their_names(tmp_path: Path) -> None:
    instance = read(tmp_path)
    assert [place.id for place in instance.locations] == ["depot", "cafe", 7]
    matrix = instance.travel.matrix
    assert matrix.time == ((0, 4, 3), (2, 0, 1), (5, 6, 0))  # type: ignore[union-attr]
    assert matrix.distance == KM and instance.profiles["bike"].matrix == KM  # type: ignore[union-attr]
    assert (instance.locations[1].lon, instance.locations[1].lat) == (-0.2, 51.6)


def test_one_table_of_pairs_has_times_and_distances(tmp_path: Path) -> None:
    pairs = [("depot", "cafe", 3, 30), ("cafe", "depot", 4, 40), ("depot", "7", 5, 50)]
    pairs += [("7", "depot", 6, 60), ("cafe", "7", 7, 70), ("7", "cafe", 8, 80)]
    both = "to;time;from;distance\n" + "".join(f"{b};{time};{a};{far}\n" for a, b, time, far in pairs)
    text = DOCUMENT.replace("minutes.csv", "roads.csv").replace("bike: {matrix", "bike: {matrix: {time")
    instance = read(tmp_path, text.replace("roads.csv}\nvisits", "roads.csv}}\nvisits"), roads=both)
    time = ((0, 3, 5), (4, 0, 7), (6, 8, 0))
    assert instance.travel.matrix.time == time  # type: ignore[union-attr]
    assert instance.travel.matrix.distance == tuple(tuple(10 * t for t in row) for row in time)  # type: ignore[union-attr]
    assert instance.profiles["bike"].matrix.time == time  # type: ignore[union-attr]


def test_matrices_of_sheets(tmp_path: Path) -> None:
    openpyxl = pytest.importorskip("openpyxl")
    book = openpyxl.Workbook()
    for row in (["id", "cafe", "depot", 7], ["depot", 4, 0, 3], [7, 6, 5, 0], ["cafe", 0, 2, 1]):
        book.active.append(row)
    book.save(tmp_path / "minutes.xlsx")
    instance = read(tmp_path, DOCUMENT.replace("minutes.csv", "minutes.xlsx"))
    assert instance.travel.matrix.time == ((0, 4, 3), (2, 0, 1), (5, 6, 0))  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("name", "old", "new", "place", "rule", "suggestion"),
    [
        ("vans.yaml", "time: minutes.csv", "time: minute.csv", ("vans.yaml", 4, 18), "no such table", "minutes.csv?"),
        ("vans.yaml", "lon: lon", "lon: long", ("vans.yaml", 2, 45), "no such column", "did you mean lon?"),
        ("vans.yaml", "lon: lon", "lng: lon", ("vans.yaml", 2, 40), "unknown key", "did you mean lon?"),
        ("vans.yaml", "file: stops", "file: stopps", ("vans.yaml", 2, 19), "no such table", "did you mean stops.csv?"),
        ("vans.yaml", "lat: lat", "lat: 3", ("vans.yaml", 2, 55), "must be text", "quotes"),
        ("vans.yaml", "lon: lon", "lon: town", ("stops.csv", 2, 17), "must be a number", ""),
        ("minutes.csv", "cafe,1", "cafe,soon", ("minutes.csv", 2, 6), "must be a number", "bare digits"),
        ("minutes.csv", "cafe,1", "cafe,-1", ("minutes.csv", 2, 6), "at least 0", ""),
        ("minutes.csv", "cafe,1", "caffe,1", ("minutes.csv", 1, 1), "no row for this location", "caffe?"),
        ("minutes.csv", "depot,cafe", "depott,cafe", ("minutes.csv", 1, 1), "no column for this location", "depott?"),
        ("minutes.csv", "farm,91", "cafe,91", ("minutes.csv", 2, 1), "two rows", "keep one"),
        ("roads.csv", "cafe,7,3.5\n", "", ("roads.csv", 1, 1), "no line for this pair", "add it"),
        ("roads.csv", "farm,7", "cafe,7", ("roads.csv", 8, 1), "a pair stands twice", "keep one"),
        ("roads.csv", "cafe,7,3.5", "cafe,7,far", ("roads.csv", 4, 8), "must be a number", ""),
    ],
)
def test_faults_stand_in_their_files(
    name: str, old: str, new: str, place: tuple[str, int, int], rule: str, suggestion: str, tmp_path: Path
) -> None:
    files = FILES | {"vans.yaml": DOCUMENT}
    assert old in files[name]
    files[name] = files[name].replace(old, new, 1)
    with pytest.raises(ModelError) as caught:
        read(tmp_path, files.pop("vans.yaml"), **{key.removesuffix(".csv"): text for key, text in files.items()})
    found = [(i.place.file.rpartition("/")[2], i.place.line, i.place.column) for i in caught.value.issues]
    assert place in found, str(caught.value)
    issue = caught.value.issues[found.index(place)]
    assert rule in issue.rule and suggestion in issue.suggestion, str(caught.value)


def test_what_is_no_list_of_locations_is_told_once(tmp_path: Path) -> None:
    with pytest.raises(ModelError) as caught:
        read(tmp_path, DOCUMENT.replace("{file: stops.csv, id: stop, lon: lon, lat: lat}", "stops.csv"))
    assert "locations: must be a list" in str(caught.value)
    (tmp_path / "vans.yaml").write_text(DOCUMENT.replace("minutes.csv", "../minutes.csv"))
    with pytest.raises(ModelError, match="must lie in the folder of its document"):
        validate(load_document(tmp_path / "vans.yaml"), RoutingInstance)
