"""What a family's document may hold: its JSON Schema, and a commented document to start from."""

from __future__ import annotations

import re
from textwrap import fill
from typing import Any

from pydantic import BaseModel

from qopt.core import registry
from qopt.core.errors import UnknownPluginError
from qopt.models.documents.keys import annotations_at, parts_in, parts_of
from qopt.models.documents.write import to_yaml
from qopt.models.table_rows import TablePointer, shape_of


def schema(family: str) -> dict[str, Any]:
    """JSON Schema (2020-12) of a family's document, with a description of every key.

    Raises
    ------
    UnknownPluginError
        No family of that name, or one that has no documents.
    """
    model = _instance_class(family)
    out: dict[str, Any] = model.model_json_schema(by_alias=True)
    _describe(out, model)
    for part in parts_of(model):
        if part.__name__ in out.get("$defs", {}):
            _describe(out["$defs"][part.__name__], part)
    _point_to_tables(out, model)
    properties = out["properties"]
    properties.pop("notes", None)  # sentences of readers, nothing that a person writes
    properties["problem"] = {"const": family, "description": "The kind of problem."}
    out["required"] = ["problem", *(key for key in out.get("required", []) if key != "problem")]
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **out}


def _point_to_tables(out: dict[str, Any], model: type[BaseModel]) -> None:
    """Let a table stand wherever a part of the document may be read from one."""
    definitions = out.setdefault("$defs", {})
    for part in (model, *parts_of(model)):
        described_part = out if part is model else definitions.get(part.__name__, {})
        for key, value in described_part.get("properties", {}).items():
            if shape_of(annotations_at([part], (key,)))[0]:
                rest = {word: value.pop(word) for word in ("default", "description", "title") if word in value}
                described_part["properties"][key] = {"anyOf": [value, {"$ref": "#/$defs/TablePointer"}]} | rest
    definitions["TablePointer"] = TablePointer.model_json_schema()
    _describe(definitions["TablePointer"], TablePointer)


def starter(family: str) -> str:
    """A commented YAML document of the family's example, which loads and solves as it stands.

    Raises
    ------
    UnknownPluginError
        No family of that name, or one that has no documents.
    """
    model = _instance_class(family)
    example = registry.load("families", family).example()
    data = example.model_dump(mode="json", by_alias=True, exclude_defaults=True)
    head = {"qopt": 1, "problem": family, "name": example.name}
    comments = {key: fill(text.replace("``", ""), 108) for key, text in described(model).items()}
    for key in ("qopt", "name", "problem"):
        comments.pop(key, None)
    comments["qopt"] = f"{summary_of(model)}\nLines that begin with # are remarks on the key below them."
    data = head | {key: value for key, value in data.items() if key not in ("qopt", "problem", "name", "notes")}
    data.setdefault("solve", {"budget": "10s", "top": 3})
    return to_yaml(data, comments)


def described(model: type[BaseModel]) -> dict[str, str]:
    """The description of every key: of its field, or from the class's numpydoc section *Parameters*."""
    out: dict[str, str] = {}
    for kind in reversed(model.__mro__):
        lines = (kind.__doc__ or "").splitlines() if issubclass(kind, BaseModel) and kind is not BaseModel else []
        names: list[str] = []
        inside = False
        for line in lines:
            text = line.strip()
            if text == "Parameters":
                inside = True
            elif inside and text and not text.startswith("---"):
                if re.match(r" {4}\S", line):
                    names = [name.strip() for name in text.split(",")]
                elif names:
                    for name in names:
                        out[name] = f"{out.get(name, '')} {text}".strip() if name in out else text
    for name, field in model.model_fields.items():
        key = field.alias or name
        if field.description:
            out[key] = field.description
        elif key not in out and parts_in(field.annotation):
            out[key] = summary_of(parts_in(field.annotation)[0])
    return out


def summary_of(model: type[BaseModel]) -> str:
    """The first line of a class's docstring."""
    return (model.__doc__ or "").strip().split("\n")[0]


def _describe(part: dict[str, Any], model: type[BaseModel]) -> None:
    texts = described(model)
    part["description"] = summary_of(model)
    for key, value in part.get("properties", {}).items():
        if key in texts and "description" not in value:
            value["description"] = texts[key].replace("``", "")


def _instance_class(family: str) -> type[BaseModel]:
    plugin = registry.load("families", family)
    if not hasattr(plugin, "instance"):
        raise UnknownPluginError("family with documents", family, registry.names("families"))
    model: type[BaseModel] = plugin.instance
    return model
